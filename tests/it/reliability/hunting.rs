use super::{Row, rows};
use crate::defender::hunting_only;
use chrono::TimeDelta;
use tenant_sim::{Action, Fault, Service, Tenant};

/// The calls that a load of the small world by advanced hunting alone makes when nothing is wrong. Each log is asked by
/// itself where it ends, and three tables which columns they have.
const USUAL: u64 = 28;

const FORBIDDEN: &str = "Missing application roles. API required roles: ThreatHunting.Read.All, application roles: User.Read.All,Team.ReadBasic.All";

/// A load by advanced hunting alone.
fn row(what: &'static str) -> Row {
    Row::new(what).setup(hunting_only)
}

/// A fault of every call that names this, or of the calls for the ends of logs.
fn fault(words: &str, action: Action) -> Fault {
    Fault::on(
        Service::Graph,
        &format!("runHuntingQuery\n.*{words}"),
        action,
    )
}

fn once(words: &'static str, action: Action) -> impl Fn(&Tenant) -> Vec<Fault> + 'static {
    move |_| vec![fault(words, action.clone())]
}

fn always(words: &'static str, action: Action) -> impl Fn(&Tenant) -> Vec<Fault> + 'static {
    move |_| vec![fault(words, action.clone()).always()]
}

fn refused(words: &str) -> Action {
    Action::refused(400, "BadRequest", words)
}

fn quota(time: &str) -> Action {
    let words = format!(
        "You have exceeded processing resources allocated to this tenant. You can run queries again in {time}."
    );
    Action::refused(429, "TooManyRequests", &words)
}

rows! {
    nothing_is_wrong: row("Nothing: the logs are asked for in advanced hunting alone.")
        .sends("hunting", USUAL..=USUAL);

    an_absent_table: row("Advanced hunting does not know the table UrlClickEvents, and does later: the licence or the right to it was missing (400).")
        .script(|tenant| {
            tenant.hide_table("UrlClickEvents");
            Vec::new()
        })
        .gap("seeds", "hunting", "table absent: UrlClickEvents; advanced hunting does not know it; see whether Defender's licence for it or the right to it is missing, or whether a workspace that has it can be connected", 1)
        .heals();

    an_absent_side_of_a_join: row("Advanced hunting does not know the table MessageUrlInfo, and does later.")
        .script(|tenant| {
            tenant.hide_table("MessageUrlInfo");
            Vec::new()
        })
        .gap("seeds", "hunting", "table absent: MessageUrlInfo; advanced hunting does not know it; …", 1)
        .heals();

    an_absent_column: row("Advanced hunting does not know a column (400), and does later.")
        .script(always("SmartScreenUrlWarning", refused("'where' operator: Failed to resolve scalar expression named 'RemoteUrl'. Fix semantic errors in your query.")))
        .gap("seeds", "hunting", "smartscreen: HTTP 400: BadRequest: 'where' operator: Failed to resolve scalar expression named 'RemoteUrl'. Fix semantic errors in your query.", 1)
        .heals();

    a_query_that_is_wrong: row("Advanced hunting refuses a query of linktrail as wrong (400).")
        .script(always("AlertEvidence", refused("Query could not be parsed at '|' on line [7,20]. Fix syntax errors in your query.")))
        .gap("alerts", "hunting", "kql/alerts_defender.kql line 10 column 20: BadRequest: Query could not be parsed at '|' on line [7,20]. Fix syntax errors in your query.", 1)
        .sends("hunting", USUAL..=USUAL);

    too_large: row("An answer over more than 20 days is too large (400).")
        .script(|_| vec![fault("UrlClickEvents.*Workload =~", refused("Query execution has exceeded the allowed result size. Optimize your query by limiting the number of results and try again")).longer_than(TimeDelta::days(20)).always()])
        .sends("hunting", USUAL + 2..=USUAL + 2);

    too_heavy: row("A query over more than 20 days takes too much (400): it is asked once more, and then in halves.")
        .script(|_| vec![fault("UrlClickEvents.*Workload =~", refused("Query execution has exceeded the allowed limits. Optimize your query and try again.")).longer_than(TimeDelta::days(20)).always()])
        .sends("hunting", USUAL + 3..=USUAL + 3);

    no_reason_once: row("Advanced hunting fails without a reason, once (504, UnknownError).")
        .script(once("AlertEvidence", Action::refused(504, "UnknownError", "")))
        .sends("hunting", USUAL + 1..=USUAL + 1);

    no_reason: row("The search of the proxy log fails without a reason, however short the time (500, UnknownError).")
        .script(always("CommonSecurityLog", Action::refused(500, "UnknownError", "")))
        .gap("hosts", "hunting", "proxy_hosts: too heavy for the service (UnknownError); read in full: nothing", 1)
        .sends("hunting", USUAL + 5..=USUAL + 5)
        .heals();

    a_server_error_once: row("Advanced hunting fails once (503).")
        .script(once("DeviceNetworkEvents", Action::status(503)))
        .sends("hunting", USUAL + 1..=USUAL + 1);

    too_many_calls_once: row("Advanced hunting refuses a call as one too many (429), without saying for how long.")
        .script(once("UrlClickEvents", Action::refused(429, "TooManyRequests", "Too many requests.")))
        .sends("hunting", USUAL + 1..=USUAL + 1);

    too_many_calls: row("Advanced hunting asks to wait for an hour (429).")
        .script(always("AlertEvidence", Action::retry_after(429, "3600")))
        .gap("alerts", "hunting", "alerts_defender: too many requests (the service asks to wait for 3600 seconds); run again later", 1)
        .sends("hunting", USUAL..=USUAL)
        .heals();

    resources_back_soon: row("The resources of the tenant are used up for two seconds (429): they are waited for.")
        .script(once("AlertEvidence", quota("2 seconds")))
        .sends("hunting", USUAL + 1..=USUAL + 1);

    resources_used_up: row("The resources of the tenant are used up for 40 minutes (429).")
        .script(always("AlertEvidence", quota("40 minutes")))
        .gap("alerts", "hunting", "alerts_defender: too many requests (the resources of the tenant are used up; the service asks to wait for 40 minutes); run again later", 1)
        .sends("hunting", USUAL..=USUAL)
        .heals();

    no_permission: row("The application lacks ThreatHunting.Read.All (403), and has it later.")
        .script(always("", Action::refused(403, "Forbidden", FORBIDDEN)))
        .gap("seeds", "hunting", "log_ends: no access to advanced hunting (HTTP 403: Forbidden: Missing application roles. API required roles: ThreatHunting.Read.All, application roles: User.Read.All,Team.ReadBasic.All); grant ThreatHunting.Read.All with the consent of an administrator; a person who is signed in also needs a role such as Security Reader", 1)
        .gap("seeds", "hunting", "message_urls: no access to advanced hunting (HTTP 403: …", 1)
        .gap("seeds", "hunting", "reported: no access to advanced hunting (HTTP 403: …", 1)
        .gap("seeds", "hunting", "smartscreen: no access to advanced hunting (HTTP 403: …", 1)
        .gap("seeds", "hunting", "url_clicks: no access to advanced hunting (HTTP 403: …", 1)
        .sends("hunting", 13..=13)
        .heals();

    an_expired_token: row("Advanced hunting says once that the token is no longer valid (401).")
        .script(once("AlertEvidence", Action::ExpiredToken))
        .sends("hunting", USUAL + 1..=USUAL + 1);

    nowhere: row("There is no advanced hunting (404).")
        .script(always("AlertEvidence", Action::status(404)))
        .gap("alerts", "hunting", "alerts_defender: there is no advanced hunting here (HTTP 404); check [tenant] cloud and [endpoints] graph, and that the tenant has Microsoft Defender XDR", 1)
        .heals();

    a_page_instead_of_an_answer: row("A proxy answers a call with a page (HTML, 200).")
        .script(always("SmartScreenUrlWarning", Action::Html))
        .gap("seeds", "hunting", "smartscreen: the answer is not what advanced hunting sends (…)", 1)
        .heals();

    half_an_answer: row("An answer ends in its middle, as if it were whole.")
        .script(always("AlertEvidence", Action::HalfJson))
        .gap("alerts", "hunting", "alerts_defender: the answer is not what advanced hunting sends (…)", 1)
        .heals();

    the_ends_are_not_known: row("Where the logs end cannot be asked (503).")
        .script(always("log_end", Action::retry_after(503, "3600")))
        .gap("seeds", "hunting", "log_ends: HTTP 503", 1)
        .heals();

    kept_for_thirty_days: row("Advanced hunting keeps a log for a shorter time than the window.")
        .script(|tenant| {
            tenant.begin_log("DeviceEvents", tenant.world().from() + TimeDelta::days(10));
            Vec::new()
        })
        .note("seeds", "hunting", "DeviceEvents begins at 2026-10-11T00:00:00Z, and is asked for events from 2026-10-01T00:00:00Z on; earlier ones are missing; advanced hunting keeps its tables for 30 days", 1);
}

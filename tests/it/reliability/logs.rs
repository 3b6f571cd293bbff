use super::{Row, rows};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::sync::LazyLock;
use tenant_sim::{Action, Detail, Fault, Service, World};

/// A load of the small world asks Log Analytics ten times when nothing is wrong: once for the ends of the logs, twice for
/// SmartScreen, and seven times for clicks, known threats, messages, hosts (three) and alerts.
const USUAL: u64 = 16;

/// A fault of every query that reads this table, or of the query `log_ends`.
fn fault(table: &str, action: Action) -> Fault {
    Fault::on(Service::LogAnalytics, table, action)
}

fn always(
    table: &'static str,
    action: Action,
) -> impl Fn(&tenant_sim::Tenant) -> Vec<Fault> + 'static {
    move |_| vec![fault(table, action.clone()).always()]
}

/// A table that was never ingested, and is connected before the second load.
fn absent(what: &'static str, table: &'static str) -> Row {
    Row::new(what)
        .script(move |tenant| {
            tenant.remove_table(table);
            Vec::new()
        })
        .heals()
}

fn partial(code: &'static str, message: &'static str, severity: u8) -> Action {
    Action::Partial(vec![Detail {
        code,
        message,
        severity,
    }])
}

const TOO_LARGE: &str = "Query result set has exceeded the internal data size limit 64000000 (E_QUERY_RESULT_SET_TOO_LARGE)";
const RUNAWAY: &str = "Query execution lacks memory resources to complete (80DA0001): Partial query failure: E_RUNAWAY_QUERY";

fn answer(status: u16, body: &str) -> Action {
    Action::Answer {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_owned(),
    }
}

/// The small world with a window that ends now, as that of an investigation that has just begun.
fn recent() -> World {
    static NOW: LazyLock<DateTime<Utc>> =
        LazyLock::new(|| Utc::now().duration_trunc(TimeDelta::hours(1)).unwrap());
    World::small_at(7, *NOW)
}

rows! {
    nothing: Row::new("Nothing.")
        .sends("log_analytics", USUAL..=USUAL);

    a_server_error_once: Row::new("Log Analytics fails once (503).")
        .script(|_| vec![fault("OfficeActivity", Action::status(503))])
        .sends("log_analytics", USUAL + 1..=USUAL + 1);

    no_device_events: absent("The table DeviceEvents is absent, and connected later.", "DeviceEvents")
        .gap("seeds", "log_analytics", "table absent: DeviceEvents; connect its data source to the workspace", 1);

    no_clicks: absent("The table UrlClickEvents is absent, and connected later.", "UrlClickEvents")
        .gap("seeds", "log_analytics", "table absent: UrlClickEvents; connect its data source to the workspace", 1);

    no_message_events: absent("The table MessageEvents is absent, and connected later.", "MessageEvents")
        .gap("seeds", "log_analytics", "table absent: MessageEvents; connect its data source to the workspace", 1);

    no_message_urls: absent("The table MessageUrlInfo is absent, and connected later.", "MessageUrlInfo")
        .gap("seeds", "log_analytics", "table absent: MessageUrlInfo; connect its data source to the workspace", 1);

    no_audit_log: Row::new("The tables OfficeActivity and CloudAppEvents are absent, and connected later.")
        .script(|tenant| {
            tenant.remove_table("OfficeActivity");
            tenant.remove_table("CloudAppEvents");
            Vec::new()
        })
        .heals()
        .gap("seeds", "log_analytics", "table absent: CloudAppEvents; connect its data source to the workspace", 1)
        .gap("messages", "log_analytics", "table absent: OfficeActivity and CloudAppEvents; connect its data source to the workspace", 1);

    no_removals: absent("The table MessagePostDeliveryEvents is absent, and connected later.", "MessagePostDeliveryEvents")
        .gap("spread", "log_analytics", "table absent: MessagePostDeliveryEvents; connect its data source to the workspace", 1);

    no_reports: absent("The table CloudAppEvents is absent, and connected later.", "CloudAppEvents")
        .gap("seeds", "log_analytics", "table absent: CloudAppEvents; connect its data source to the workspace", 1);

    no_proxy_log: absent("The table CommonSecurityLog is absent, and connected later.", "CommonSecurityLog")
        .gap("hosts", "log_analytics", "table absent: CommonSecurityLog; connect its data source to the workspace", 1);

    no_addresses: absent("The table DeviceNetworkInfo is absent, and connected later.", "DeviceNetworkInfo")
        .gap("hosts", "log_analytics", "table absent: DeviceNetworkInfo; connect its data source to the workspace", 1);

    no_network_events: absent("The table DeviceNetworkEvents is absent, and connected later.", "DeviceNetworkEvents")
        .gap("hosts", "log_analytics", "table absent: DeviceNetworkEvents; connect its data source to the workspace", 1);

    no_alerts: absent("The table SecurityAlert is absent, and connected later.", "SecurityAlert")
        .gap("alerts", "log_analytics", "table absent: SecurityAlert; connect its data source to the workspace", 1);

    no_table_at_all: Row::new("Every table is absent, and all are connected later.")
        .script(|tenant| {
            for table in ["CloudAppEvents", "CommonSecurityLog", "DeviceEvents", "DeviceNetworkEvents", "DeviceNetworkInfo",
                "MessageEvents", "MessagePostDeliveryEvents", "MessageUrlInfo", "OfficeActivity", "SecurityAlert", "UrlClickEvents"] {
                tenant.remove_table(table);
            }
            Vec::new()
        })
        .gap("seeds", "log_analytics", "table absent: DeviceEvents; connect its data source to the workspace", 1)
        .gap("seeds", "log_analytics", "table absent: UrlClickEvents; connect its data source to the workspace", 1)
        .gap("seeds", "log_analytics", "table absent: MessageEvents; connect its data source to the workspace", 1)
        .heals();

    a_warning: Row::new("The service warns that it left a column out of its answer (PartialError, severity Warning).")
        .script(always("OfficeActivity", partial("-2133196790",
            "'extend' operator: Failed to resolve scalar expression named 'x'", 3)))
        .gap("messages", "log_analytics", "link_messages: the service gave a part of the rows only (-2133196790: 'extend' operator: Failed to resolve scalar expression named 'x')", 1)
        .sends("log_analytics", USUAL..=USUAL)
        .heals();

    an_information: Row::new("The service adds an information to its answer (PartialError, severity Informational).")
        .script(always("OfficeActivity", partial("1", "The query was slow", 4)))
        .sends("log_analytics", USUAL..=USUAL);

    a_partial_error_without_details: Row::new("The service says that an answer is not whole, and not why (PartialError).")
        .script(always("OfficeActivity", Action::Partial(Vec::new())))
        .gap("messages", "log_analytics", "link_messages: the service gave a part of the rows only (PartialError: There were some errors when processing your query.)", 1)
        .sends("log_analytics", USUAL..=USUAL)
        .heals();

    a_partial_error_of_the_engine: Row::new("A part of the data cannot be read (PartialError), in words that would change a terminal.")
        .script(always("OfficeActivity", partial("0x80131500", "A shard\u{202e} is\u{1b}[31m lost", 2)))
        .gap("messages", "log_analytics", "link_messages: the service gave a part of the rows only (0x80131500: A shard is[31m lost)", 1)
        .sends("log_analytics", USUAL..=USUAL)
        .heals();

    too_large: Row::new("An answer is too large for the service, however short the time (E_QUERY_RESULT_SET_TOO_LARGE).")
        .script(always("OfficeActivity", partial("-2133196797", TOO_LARGE, 2)))
        .gap("messages", "log_analytics", "link_messages: more than 63 answers can hold (-2133196797: … (E_QUERY_RESULT_SET_TOO_LARGE)); read in full: nothing; the rows that came are kept", 1)
        .sends("log_analytics", USUAL + 62..=USUAL + 62);

    too_heavy_where_the_budget_ends: Row::new("An answer over more than a day is too large, and what 64 queries come to then takes too long (504).")
        .script(|_| vec![
            fault("OfficeActivity", partial("-2133196797", TOO_LARGE, 2)).longer_than(TimeDelta::days(1)).always(),
            fault("OfficeActivity", Action::status(504)).always(),
        ])
        .gap("messages", "log_analytics", "link_messages: …64 queries were not enough…", 1)
        .sends("log_analytics", USUAL + 62..=USUAL + 62)
        .heals();

    too_much_memory: Row::new("A query over more than eight days takes too much memory (E_RUNAWAY_QUERY).")
        .script(|_| vec![fault("OfficeActivity", partial("80DA0001", RUNAWAY, 2)).longer_than(TimeDelta::days(8)).always()])
        .sends("log_analytics", USUAL + 6..=USUAL + 6);

    too_heavy_once: Row::new("A query takes too long, once (504).")
        .script(|_| vec![fault("OfficeActivity", Action::status(504))])
        .sends("log_analytics", USUAL + 2..=USUAL + 2);

    too_heavy_by_its_time: Row::new("A query over more than 20 days takes too long (504).")
        .script(|_| vec![fault("UrlClickEvents", Action::status(504)).longer_than(TimeDelta::days(20)).always()])
        .sends("log_analytics", USUAL + 4..=USUAL + 4);

    too_heavy_proxy_log: Row::new("The search of the proxy log takes too long, however short the time (504).")
        .script(always("CommonSecurityLog", Action::status(504)))
        .gap("hosts", "log_analytics", "proxy_hosts: too heavy for the service (Scripted504: scripted); read in full: nothing", 1)
        .sends("log_analytics", USUAL + 2..=USUAL + 2)
        .heals();

    too_heavy_warnings: Row::new("The search for SmartScreen's warnings takes too long, however short the time (504).")
        .script(always("SmartScreenUrlWarning", Action::status(504)))
        .gap("seeds", "log_analytics", "smartscreen: too heavy for the service (Scripted504: scripted); read in full: nothing", 1)
        .sends("log_analytics", USUAL + 1..=USUAL + 1)
        .heals();

    too_heavy_in_one_half: Row::new("A query over the first half of the time takes too long twice (504).")
        .script(|_| vec![
            fault("UrlClickEvents\n.*Workload =~", Action::status(504)),
            fault(r"slice_from = datetime\(2026-10-01T00:00:00Z.*UrlClickEvents(.|\n)*Workload =~", Action::status(504)).always(),
        ])
        .gap("seeds", "log_analytics", "url_clicks: too heavy for the service (Scripted504: scripted); read in full: 2026-10-16T00:00:00Z to 2026-10-31T00:00:00Z", 1)
        .heals();

    a_query_that_is_wrong: Row::new("The service refuses a query of linktrail as wrong (400).")
        .script(always("SecurityAlert", answer(400, r#"{"error":{"code":"BadArgumentError","innererror":{"code":"SemanticError","innererror":{"code":"SEM0001","message":"wrong type","line":7,"pos":3}}}}"#)))
        .gap("alerts", "log_analytics", "kql/alerts.kql line 10 column 3: SEM0001: wrong type", 1)
        .sends("log_analytics", USUAL..=USUAL)
        .heals();

    a_column_that_is_absent: Row::new("The service does not know a column of a table (400), and knows it later.")
        .script(always("SecurityAlert", answer(400, r#"{"error":{"code":"BadArgumentError","innererror":{"code":"SemanticError","innererror":{"code":"SEM0100","message":"'where' operator: Failed to resolve column named 'Tactics'"}}}}"#)))
        .gap("alerts", "log_analytics", "alerts: HTTP 400: SEM0100: 'where' operator: Failed to resolve column named 'Tactics'", 1)
        .sends("log_analytics", USUAL..=USUAL)
        .heals();

    a_page_instead_of_an_answer: Row::new("A proxy answers a query with a page (HTML, 200).")
        .script(always("OfficeActivity", Action::Html))
        .gap("messages", "log_analytics", "link_messages: the answer is not what Log Analytics sends (…)", 1)
        .heals();

    half_an_answer: Row::new("Half of an answer arrives as if it were whole (200).")
        .script(always("OfficeActivity", Action::HalfJson))
        .gap("messages", "log_analytics", "link_messages: the answer is not what Log Analytics sends (…)", 1)
        .heals();

    an_empty_answer: Row::new("The service answers a query with nothing (200).")
        .script(always("OfficeActivity", answer(200, "")))
        .gap("messages", "log_analytics", "link_messages: an empty answer; the service did not understand the request", 1)
        .heals();

    no_data: Row::new("The service says that the workspace holds no data (204).")
        .script(always("POST", answer(204, "")))
        .gap("seeds", "log_analytics", "the workspace holds no data at all (HTTP 204); check [sentinel] workspace_id, and connect data sources", 1)
        .heals();

    an_error_instead_of_a_table: Row::new("The service answers a query with an error and status 200.")
        .script(always("OfficeActivity", answer(200, r#"{"error":{"code":"EngineError","message":"out of order"}}"#)))
        .gap("messages", "log_analytics", "link_messages: EngineError: out of order", 1)
        .heals();

    no_access: Row::new("The application may not read the workspace (403), and may later.")
        .script(always("POST", answer(403, r#"{"error":{"code":"InsufficientAccessError","message":"insufficient access"}}"#)))
        .gap("seeds", "log_analytics", "log_ends: no access to the workspace (HTTP 403: InsufficientAccessError: insufficient access); the application needs Log Analytics Reader on it", 1)
        .gap("seeds", "log_analytics", "message_urls: no access to the workspace (HTTP 403: …", 1)
        .gap("seeds", "log_analytics", "reported: no access to the workspace (HTTP 403: …", 1)
        .gap("seeds", "log_analytics", "smartscreen: no access to the workspace (HTTP 403: …", 1)
        .gap("seeds", "log_analytics", "url_clicks: no access to the workspace (HTTP 403: …", 1)
        .sends("log_analytics", 4..=4)
        .heals();

    no_workspace: Row::new("There is no such workspace (404).")
        .script(always("OfficeActivity", Action::status(404)))
        .gap("messages", "log_analytics", "link_messages: there is no such workspace; check [sentinel] workspace_id", 1)
        .heals();

    throttled: Row::new("The service asks to wait for an hour (429), and is not asked again.")
        .script(always("OfficeActivity", Action::retry_after(429, "3600")))
        .gap("messages", "log_analytics", "link_messages: too many requests (the service asks to wait for 3600 seconds); run again later", 1)
        .gap("spread", "log_analytics", "messages_on: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("spread", "log_analytics", "post_delivery: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("chats", "log_analytics", "messages_on: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("hosts", "log_analytics", "post_delivery: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("hosts", "log_analytics", "proxy_hosts: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("hosts", "log_analytics", "defender_hosts: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("hosts", "log_analytics", "clicks_on: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .gap("alerts", "log_analytics", "alerts: no answer: given up: the service asked to wait 60 minutes, and no more than 15 are waited in all; run the same command again later", 1)
        .sends("log_analytics", USUAL - 8..=USUAL - 8)
        .heals();

    the_ends_are_not_known: Row::new("Where the logs end cannot be asked (503).")
        .script(always("log_ends", Action::retry_after(503, "3600")))
        .gap("seeds", "log_analytics", "log_ends: HTTP 503", 1)
        .heals();

    a_log_that_lags: Row::new("The audit log lacks the last 20 days so far, and the case is gone on with when they have arrived.")
        .world(recent)
        .script(|tenant| {
            tenant.end_log("OfficeActivity", tenant.world().anchor - TimeDelta::days(20));
            Vec::new()
        })
        .note("messages", "log_analytics", "OfficeActivity ends at …, and is asked for events up to …; later ones may not have arrived", 1)
        .heals();

    a_log_that_ended: Row::new("A log ended ten days before the window did.")
        .script(|tenant| {
            tenant.end_log("UrlClickEvents", tenant.world().anchor - TimeDelta::days(10));
            Vec::new()
        })
        .note("seeds", "log_analytics", "UrlClickEvents ends at 2026-10-20T23:59:59Z, and is asked for events up to 2026-10-31T00:00:00Z; later ones may not have arrived", 1);

    a_log_that_begins_late: Row::new("A log was connected ten days after the window began.")
        .script(|tenant| {
            tenant.begin_log("DeviceEvents", tenant.world().from() + TimeDelta::days(10));
            Vec::new()
        })
        .note("seeds", "log_analytics", "DeviceEvents begins at 2026-10-11T00:00:00Z, and is asked for events from 2026-10-01T00:00:00Z on; earlier ones are missing", 1);

    a_log_that_begins_in_time: Row::new("The proxy log was connected after the window began, and before the seven days for which it is asked.")
        .script(|tenant| {
            tenant.begin_log("CommonSecurityLog", tenant.world().anchor - TimeDelta::days(8));
            Vec::new()
        });

    a_log_without_events: Row::new("A table is there and holds no event.")
        .script(|tenant| {
            tenant.end_log("SecurityAlert", tenant.world().from() - TimeDelta::days(30));
            Vec::new()
        })
        .note("alerts", "log_analytics", "SecurityAlert holds no event from 2026-09-24T00:00:00Z to …", 1);
}

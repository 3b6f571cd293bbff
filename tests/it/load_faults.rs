//! Services that throttle, fail, break off, lie or forbid: what can be had is had, and what cannot is a gap.

use std::path::Path;

use crate::run::{Lab, gaps};
use chrono::TimeDelta;
use serde_json::Value;
use tenant_sim::{Action, Exchange, Fault, Options, Query, RetryAfter, Service, World};

fn lab(options: Options) -> Lab {
    Lab::new(World::small(), options)
}

/// The summary that the world gives when nothing is missing.
fn whole() -> Value {
    let world = World::small();
    world.truth(&Query::of(&world)).summary.to_json()
}

fn assert_whole(result: &Value) {
    for (name, value) in whole().as_object().expect("an object") {
        assert_eq!(&result["summary"][name], value, "{name}");
    }
}

/// Loads under these faults; everything comes all the same.
fn survives(options: Options, faults: Vec<Fault>) -> Value {
    let lab = lab(options);
    lab.tenant.script(faults);
    let result = lab.loaded(&lab.case("case"), &[], 0);
    assert_whole(&result);
    result
}

#[test]
fn throttled_by_the_published_limits() {
    for retry_after in [RetryAfter::Always, RetryAfter::Never] {
        let options = Options {
            throttle: Some(1.0),
            retry_after,
            ..Options::default()
        };
        survives(options, Vec::new());
    }
}

#[test]
fn a_long_pause_is_said_once_and_waited_for() {
    let lab = lab(Options::default());
    let chats = "GET /v1.0/chats/[^/]*/messages";
    let asked = Action::retry_after(429, "11");
    lab.tenant
        .script([Fault::on(Service::Graph, chats, asked).times(2)]);
    let ran = lab.load(&lab.case("case"), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_whole(&ran.json());
    let said = ran.stderr.matches("Microsoft Graph asks to wait 11 s");
    assert_eq!(said.count(), 1, "{ran:#?}");
}

#[test]
fn what_an_envelope_answered_is_on_disk_before_the_load_waits_for_the_rest() {
    let lab = lab(Options::default());
    let world = World::small();
    // One part of the envelope asks to wait for a minute. The envelope itself names no host.
    let user = &world.users[1].id;
    let teams = format!("GET /v1.0/users/{user}/joinedTeams");
    let waits = Action::retry_after(503, "60");
    lab.tenant
        .script([Fault::on(Service::Graph, &teams, waits).always()]);
    let case = lab.case("case");
    let mut load = crate::run::start(&mut lab.load_command(&case, &[]));
    let asked = || {
        let requests = lab.tenant.requests_to(Service::Graph);
        let mut requests = requests.iter().map(|exchange| format!("{exchange:?}"));
        requests.any(|exchange| exchange.contains(&format!("{user}/joinedTeams")))
    };
    for _ in 0..600 {
        if asked() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(asked(), "the teams of the user were never asked for");
    // Records are on disk after five seconds at the latest, and the pause lasts a minute.
    std::thread::sleep(std::time::Duration::from_secs(15));
    assert!(load.try_wait().unwrap().is_none(), "it does not wait");
    load.kill().unwrap();
    load.wait().unwrap();
    let records = crate::run::journal::records(&case);
    let answered = records
        .values()
        .filter(|record| record.to_string().contains("/joinedTeams"));
    assert_eq!(answered.count(), 4, "the other users' teams");
}

#[test]
fn refused_for_a_while() {
    let result = survives(
        Options::default(),
        vec![
            Fault::on(
                Service::Graph,
                "getAllMessages",
                Action::retry_after(429, "1"),
            ),
            Fault::on(Service::Graph, "/chats/", Action::status(503)).times(2),
            Fault::on(Service::Graph, r"POST /v1\.0/\$batch", Action::status(502)),
            Fault::on(
                Service::LogAnalytics,
                "OfficeActivity",
                Action::retry_after(429, "1"),
            ),
            Fault::on(Service::LogAnalytics, "SecurityAlert", Action::status(500)),
            Fault::on(Service::Otx, "GET", Action::status(504)).times(2),
            Fault::on(Service::XForce, "GET", Action::retry_after(429, "1")),
        ],
    );
    for source in ["graph", "log_analytics", "otx", "xforce"] {
        assert!(
            result["requests"][source]["retried"].as_u64() >= Some(1),
            "{source}: {result:#}"
        );
    }
}

#[test]
fn broken_off_in_the_middle() {
    survives(
        Options::default(),
        vec![
            Fault::on(Service::Graph, "getAllMessages", Action::Cut(40)),
            Fault::on(Service::Graph, "/joinedTeams", Action::Drop),
            Fault::on(Service::LogAnalytics, "DeviceEvents", Action::Cut(10)),
            Fault::on(Service::LogAnalytics, "UrlClickEvents", Action::Drop),
            Fault::on(Service::Otx, "GET", Action::Drop),
            Fault::on(Service::XForce, "GET", Action::Cut(3)),
        ],
    );
}

#[test]
fn tokens_that_expire_are_renewed() {
    let lab = lab(Options::default());
    lab.tenant.script([
        Fault::on(Service::Graph, "getAllMessages", Action::ExpiredToken),
        Fault::on(
            Service::LogAnalytics,
            "OfficeActivity",
            Action::ExpiredToken,
        ),
    ]);
    let result = lab.loaded(&lab.case("case"), &[], 0);
    assert_whole(&result);
    assert!(
        result["requests"]["login"]["sent"].as_u64() >= Some(4),
        "{result:#}"
    );
}

/// Loads under one lasting fault: exit 3, and one gap of that text; the rest is there.
fn gap(fault: Fault, stage: &str, text: &str) -> (Lab, Value) {
    let lab = lab(Options::default());
    lab.tenant.script([fault]);
    let result = lab.loaded(&lab.case("case"), &[], 3);
    let found = gaps(&result, "gaps");
    assert!(
        found
            .iter()
            .any(|gap| gap.starts_with(stage) && gap.contains(text)),
        "{text}: {found:#?}"
    );
    assert!(result["nodes"]["User"].as_u64() > Some(0), "{result:#}");
    (lab, result)
}

#[test]
fn a_next_page_elsewhere_is_never_asked_for() {
    let elsewhere = Action::NextLink("https://127.0.0.1:1/steal".to_owned());
    let (lab, _) = gap(
        Fault::on(Service::Graph, "getAllMessages", elsewhere).always(),
        "messages",
        "at another place than Graph",
    );
    assert!(
        lab.tenant
            .requests()
            .iter()
            .all(|exchange| !exchange.target.contains("steal"))
    );
}

#[test]
fn pages_that_go_round_come_to_an_end() {
    gap(
        Fault::on(Service::Graph, "getAllMessages", Action::NextLinkLoop).always(),
        "messages",
        "go round in a circle",
    );
}

/// A few empty pages are normal for a filtered list; `Options::ragged_pages` gives some in every load.
#[test]
fn empty_pages_come_to_an_end() {
    // The teams of one user, since that list may be asked for most often in a second.
    let world = World::small();
    let mut users = world.users.iter();
    let adele = users.find(|user| user.upn == "adele.vance@contoso.com");
    let list = format!("/users/{}/joinedTeams", adele.expect("a user").id);
    let (lab, _) = gap(
        Fault::on(Service::Graph, &list, Action::EmptyPage).always(),
        "teams",
        "joined teams: 200 empty pages in a row, with no end in sight; what was read so far is kept",
    );
    let requests = lab.tenant.requests();
    let pages = requests.iter().filter(|asked| asked.target.contains(&list));
    assert_eq!(pages.count(), 200);
}

#[test]
fn what_is_no_json_is_a_gap_and_no_verdict() {
    let (_, result) = gap(
        Fault::on(Service::Otx, "GET", Action::Html).always(),
        "intel",
        "",
    );
    let found = gaps(&result, "gaps");
    assert!(found.iter().all(|gap| gap.contains(" otx ")), "{found:#?}");
    for (fault, text) in [
        (
            Fault::on(Service::Graph, "getAllMessages", Action::Html),
            "not what Graph sends",
        ),
        (
            Fault::on(Service::LogAnalytics, "OfficeActivity", Action::HalfJson),
            "not what Log Analytics sends",
        ),
    ] {
        let (lab, _) = gap(fault.always(), "messages", text);
        // Somebody in between answered. When the service itself does, it is asked again.
        lab.tenant.clear_script();
        assert_whole(&lab.loaded(&lab.case("case"), &[], 0));
    }
}

#[test]
fn a_throttled_part_of_a_batch_waits_as_long_as_it_is_told() {
    let lab = lab(Options::default());
    let users = r"^GET /v1\.0/users/[^/]*\?";
    lab.tenant.script([Fault::on(
        Service::Graph,
        users,
        Action::retry_after(429, "2"),
    )]);
    assert_whole(&lab.loaded(&lab.case("case"), &[], 0));
    let requests = lab.tenant.requests();
    let refused = requests
        .iter()
        .find(|exchange| exchange.fault)
        .expect("a fault");
    assert!(refused.in_batch && refused.status == 429, "{refused:?}");
    let same = |exchange: &&Exchange| !exchange.fault && exchange.target == refused.target;
    let again = requests.iter().find(same).expect("a second request");
    assert!(again.at - refused.at >= TimeDelta::seconds(2), "{again:?}");
}

#[test]
fn a_pause_longer_than_anybody_waits_is_a_gap() {
    let longest = Action::retry_after(503, "10000000000000000000");
    gap(
        Fault::on(Service::Otx, "GET", longest.clone()).always(),
        "intel",
        "otx",
    );
    gap(
        Fault::on(Service::Graph, "joinedTeams", longest).always(),
        "teams",
        "joined teams: HTTP 503",
    );
}

#[test]
fn a_query_that_takes_too_long_is_halved_and_not_repeated() {
    let lab = lab(Options::default());
    let slow = Fault::on(Service::LogAnalytics, "OfficeActivity", Action::status(504));
    lab.tenant.script([slow]);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 0);
    assert_whole(&result);
    assert_eq!(
        result["requests"]["log_analytics"]["retried"], 0,
        "{result:#}"
    );
    let listed = |exchange: &Exchange| exchange.query.as_deref() == Some("link_messages");
    let halves = lab
        .tenant
        .requests()
        .iter()
        .filter(|exchange| listed(exchange))
        .count();
    assert_eq!(halves, 2);
    // What came of it is on record, the long query too.
    lab.tenant.clear_requests();
    assert_whole(&lab.loaded(&case, &[], 0));
    assert_eq!(lab.tenant.requests().len(), 0);
}

#[test]
fn an_alert_whose_entities_are_cut_is_a_gap() {
    let mut world = World::small();
    for alert in &mut world.tables.alerts {
        alert.entities.pop();
    }
    let lab = Lab::new(world, Options::default());
    let result = lab.loaded(&lab.case("case"), &[], 3);
    let found = gaps(&result, "gaps");
    let cut = "the entities of an alert are no JSON";
    assert!(
        found
            .iter()
            .any(|gap| gap.starts_with("alerts log_analytics") && gap.contains(cut)),
        "{found:#?}"
    );
    assert_eq!(result["nodes"]["Alert"].as_u64().unwrap_or_default(), 0);
}

/// Nothing but an answer is ever clean, whoever is silent.
#[test]
fn a_silent_provider_makes_nothing_clean() {
    let lab = lab(Options::default());
    // What Defender says stands in the logs.
    lab.edit_config(|config| config.replacen("\"defender\", ", "", 1));
    lab.tenant.script([
        Fault::on(Service::Otx, "GET", Action::status(403)).always(),
        Fault::on(Service::XForce, "GET", Action::status(401)).always(),
    ]);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    assert_eq!(result["summary"]["risky_urls"], 0);
    for line in nodes(&case, "Verdict") {
        assert_eq!(line["properties"]["state"], "unavailable", "{line}");
    }
    for line in nodes(&case, "Url") {
        assert_eq!(line["properties"]["severity"], "unknown", "{line}");
    }

    // The keys are mended, the same command runs again, and only what failed is asked for.
    lab.tenant.clear_script();
    lab.tenant.clear_requests();
    let result = lab.loaded(&case, &[], 0);
    assert_whole(&result);
    let again = lab.tenant.requests();
    assert!(
        again
            .iter()
            .any(|exchange| exchange.service == Service::Otx)
    );
    assert!(
        again
            .iter()
            .all(|exchange| !exchange.target.contains("getAllMessages")),
        "messages are on record"
    );
}

fn nodes(case: &Path, label: &str) -> Vec<Value> {
    let text = String::from_utf8(crate::run::graph::lines(case)).expect("UTF-8");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["label"] == label).collect()
}

#[test]
fn a_permission_that_is_missing_is_named() {
    for permission in [
        "User.Read.All",
        "Team.ReadBasic.All",
        "Channel.ReadBasic.All",
        "ChannelMessage.Read.All",
        "Chat.Read.All",
    ] {
        let lab = lab(Options {
            withheld: vec![permission],
            ..Options::default()
        });
        let result = lab.loaded(&lab.case("case"), &[], 3);
        let found = gaps(&result, "gaps");
        assert!(
            found.iter().any(|gap| gap.contains(permission)),
            "{permission}: {found:#?}"
        );
    }
}

#[test]
fn a_workspace_that_may_not_be_read_or_is_empty() {
    let closed = lab(Options {
        no_workspace_access: true,
        ..Options::default()
    });
    let result = closed.loaded(&closed.case("case"), &[], 3);
    assert!(
        gaps(&result, "gaps")
            .iter()
            .any(|gap| gap.contains("Log Analytics Reader")),
        "{result:#}"
    );

    let empty = lab(Options {
        empty_workspace: true,
        ..Options::default()
    });
    let result = empty.loaded(&empty.case("case"), &[], 3);
    assert!(
        gaps(&result, "gaps")[0].contains("the workspace holds no data at all (HTTP 204)"),
        "{result:#}"
    );
    assert_eq!(
        result["summary"]["sentence"],
        "0 malicious URL(s) sent by 0 user(s) in 0 message(s), across 0 channel(s) and 0 chat(s)"
    );
    let (from, to) = (World::small().from(), World::small().anchor);
    let mut text = empty.binary();
    text.args(["load", "--no-neo4j", "--from", &from.to_rfc3339()]);
    let ran = crate::run::run(text.args(["--to", &to.to_rfc3339()]));
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let said = "and 0 chat(s)\nThat is what could be read, and no proof that there is nothing: see what is missing above.\n";
    assert!(ran.stdout.contains(said), "{ran:#?}");
}

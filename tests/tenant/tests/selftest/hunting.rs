//! Advanced hunting's part.

use crate::visitor::{Answer, Visitor, rendered};
use serde_json::{Value, json};
use std::time::Duration;
use tenant_sim::{Options, RetryAfter, Tenant, World};

const FROM: &str = "2026-10-01T00:00:00Z";
const TO: &str = "2026-10-31T00:00:00Z";
const SPAN: &str = "2026-10-01T00:00:00Z/2026-10-31T00:00:00Z";
const LURE_HOST: &str = "login.micros0ft-verify.example";

fn results(answer: &Value) -> &Vec<Value> {
    answer["results"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:#}"))
}

/// A query with its time bound on the column that Defender's tables have.
fn for_defender(name: &str, lists: &[(&str, &[&str])]) -> String {
    rendered(name, FROM, TO, lists)
        .replace(" | extend ThreadType = \"\", ThreadName = \"\"", "")
        .replace(
            "| where TimeGenerated >= slice_from and TimeGenerated < slice_to\n",
            "| where Timestamp >= slice_from and Timestamp < slice_to | extend TimeGenerated = Timestamp\n",
        )
        .replace(
            "| where TimeGenerated >= window_from and TimeGenerated < window_to\n",
            "| where Timestamp >= window_from and Timestamp < window_to | extend TimeGenerated = Timestamp\n",
        )
}

fn refused(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.0, status, "{answer:?}");
    let message = answer.1["error"]["message"].as_str().expect("a message");
    assert!(message.contains(words), "{message}");
}

#[tokio::test]
async fn values_are_in_the_form_of_the_service() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let (status, answer) = visitor.hunt(&for_defender("url_clicks", &[]), SPAN).await;
    assert_eq!((status, results(&answer).len()), (200, 4), "{answer:#}");
    assert_eq!(
        answer["schema"][0],
        json!({"name": "time", "type": "DateTime"})
    );
    assert_eq!(
        answer["schema"][7],
        json!({"name": "clicked_through", "type": "SByte"})
    );
    let first = &results(&answer)[0];
    assert_eq!(first["clicked_through@odata.type"], "#SByte");
    assert!(first["clicked_through"].is_number(), "{first:#}");
    assert!(first["threat_types"].is_string());
    // A log without an event has no time: an empty object.
    let end = "let slice_from = datetime(2025-01-01T00:00:00Z);\nlet slice_to = datetime(2025-02-01T00:00:00Z);\n\nDeviceEvents\n| where Timestamp >= slice_from and Timestamp < slice_to | extend TimeGenerated = Timestamp\n| summarize oldest = min(TimeGenerated), newest = max(TimeGenerated)\n| extend ['log'] = \"DeviceEvents\"\n| project ['log'], oldest, newest\n";
    tenant.begin_log("DeviceEvents", tenant.world().from());
    let (_, answer) = visitor
        .hunt(end, "2025-01-01T00:00:00Z/2025-02-01T00:00:00Z")
        .await;
    assert_eq!(
        results(&answer),
        &[json!({"log": "DeviceEvents", "oldest": {}, "newest": {}})]
    );
    let needles: [(&str, &[&str]); 1] = [("needles", &[LURE_HOST])];
    let (_, answer) = visitor
        .hunt(&for_defender("defender_hosts", &needles), SPAN)
        .await;
    assert_eq!(results(&answer)[0]["events@odata.type"], "#Int64");
    tenant.assert_clean();
}

#[tokio::test]
async fn its_own_tables_say_of_alerts_and_messages_what_those_of_the_workspace_say() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let needles: [(&str, &[&str]); 1] = [("needles", &[LURE_HOST])];
    let (_, answer) = visitor
        .hunt(&for_defender("alerts_defender", &needles), SPAN)
        .await;
    let ids: std::collections::BTreeSet<&str> = results(&answer)
        .iter()
        .map(|row| row["alert_id"].as_str().unwrap())
        .collect();
    // One by Defender's own id, and one that names only a sibling of the url; the closed one no longer names it.
    assert_eq!(
        ids.into_iter().collect::<Vec<_>>(),
        [
            "da638972227677560813_-961444813",
            "dac0ffee00-0000-4000-8000-00000000a004"
        ]
    );
    let of_url = |row: &&Value| row["fields"].as_str().unwrap().contains("\"Url\"");
    assert!(results(&answer).iter().any(|row| of_url(&row)));
    let teams: Vec<String> = tenant
        .world()
        .teams
        .iter()
        .map(|team| team.id.clone())
        .collect();
    let teams: Vec<&str> = teams.iter().map(String::as_str).collect();
    let teams: [(&str, &[&str]); 1] = [("teams", &teams)];
    let (_, answer) = visitor
        .hunt(&for_defender("link_messages_cloud", &teams), SPAN)
        .await;
    assert_eq!(results(&answer).len(), 25);
    tenant.assert_clean();
}

#[tokio::test]
async fn a_table_has_its_own_column_of_the_time_and_no_other() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let plain = rendered("url_clicks", FROM, TO, &[]);
    let answer = visitor.hunt(&plain, SPAN).await;
    refused(
        &answer,
        400,
        "Failed to resolve scalar expression named 'TimeGenerated'",
    );
    let teams: [(&str, &[&str]); 1] = [("teams", &["x"])];
    let answer = visitor
        .hunt(&for_defender("link_messages", &teams), SPAN)
        .await;
    refused(
        &answer,
        400,
        "Failed to resolve scalar expression named 'Timestamp'",
    );
    let nothing =
        for_defender("url_clicks", &[]).replace(" | extend TimeGenerated = Timestamp", "");
    refused(&visitor.hunt(&nothing, SPAN).await, 400, "'TimeGenerated'");
    // One column of MessageUrlInfo is not there, and what is not there cannot be named.
    // MessageEvents spells a column in another way there.
    let urls = for_defender("message_urls", &[]);
    refused(&visitor.hunt(&urls, SPAN).await, 400, "'MessageSubject'");
    let of_window = "window_from and Timestamp < window_to | extend TimeGenerated = Timestamp";
    let named = |text: &str, table: &str, more: &str| {
        let mut text = text.to_owned();
        for indent in ["", "    "] {
            let read = format!("{table}\n{indent}| where Timestamp >= {of_window}");
            text = text.replace(&read, &format!("{read}, {more}"));
        }
        text
    };
    let urls = named(&urls, "MessageEvents", "MessageSubject = Subject");
    refused(&visitor.hunt(&urls, SPAN).await, 400, "'ThreatTypes'");
    let empty = named(&urls, "MessageUrlInfo", "ThreatTypes = \"\"");
    let (status, answer) = visitor.hunt(&empty, SPAN).await;
    assert_eq!(status, 200, "{answer:#}");
    // Of two known threats one is known by the url alone.
    assert_eq!(results(&answer).len(), 1);
    let wrong = empty.replace("ThreatTypes = \"\"", "ThreatTypes = ThreadTypes");
    refused(&visitor.hunt(&wrong, SPAN).await, 400, "'ThreadTypes'");
    assert_eq!(tenant.violations().len(), 6, "{:?}", tenant.violations());
}

#[tokio::test]
async fn columns_are_told_and_absent_tables_are_not() {
    let mut options = Options::default();
    options.hunting.absent = vec!["DeviceEvents"];
    options.hunting.connected_workspace = false;
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let columns = |answer: &Value| -> Vec<String> {
        let schema = answer["schema"].as_array().unwrap().iter();
        schema
            .map(|column| column["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, answer) = visitor.hunt("MessageEvents\n| take 0", SPAN).await;
    let found = columns(&answer);
    assert!(
        found.contains(&"ThreadSubType".to_owned()) && !found.contains(&"ThreadSubtype".to_owned())
    );
    let (_, answer) = visitor.kql("MessageEvents\n| take 0", SPAN).await;
    let found = answer["tables"][0]["columns"].to_string();
    assert!(
        found.contains("ThreadSubtype") && !found.contains("ThreadSubType"),
        "{found}"
    );
    for table in ["DeviceEvents", "OfficeActivity", "NoSuchTable"] {
        let answer = visitor.hunt(&format!("{table}\n| take 0"), SPAN).await;
        refused(
            &answer,
            400,
            &format!("Failed to resolve table or column expression named '{table}'"),
        );
    }
    tenant.assert_clean();
}

#[tokio::test]
async fn whoever_lacks_the_permission_is_told_which() {
    let options = Options {
        withheld: vec!["ThreatHunting.Read.All"],
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let answer = visitor.hunt(&for_defender("url_clicks", &[]), SPAN).await;
    refused(
        &answer,
        403,
        "API required roles: ThreatHunting.Read.All, application roles: User.Read.All",
    );
}

#[tokio::test]
async fn a_minute_has_45_calls_and_the_tenant_its_resources() {
    let options = Options {
        throttle: Some(1.0),
        retry_after: RetryAfter::Never,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    tenant.stop_clock();
    let visitor = Visitor::of(&tenant);
    let columns = || visitor.hunt("AlertInfo\n| take 0", SPAN);
    for _ in 0..45 {
        assert_eq!(columns().await.0, 200);
    }
    refused(&columns().await, 429, "Too many requests");
    tenant.pass(Duration::from_secs(59));
    refused(&columns().await, 429, "Too many requests");
    tenant.pass(Duration::from_secs(1));
    assert_eq!(columns().await.0, 200);
    tenant.use_up_resources(Duration::from_secs(600));
    refused(
        &columns().await,
        429,
        "exceeded processing resources allocated to this tenant. You can run queries again in 10 minutes.",
    );
    tenant.pass(Duration::from_secs(601));
    assert_eq!(columns().await.0, 200);
}

#[tokio::test]
async fn rows_beyond_the_hundred_thousandth_are_cut_without_a_word() {
    let mut world = World::small();
    let click = world
        .tables
        .clicks
        .iter()
        .find(|click| click.action == "ClickBlocked");
    let click = click.expect("a blocked click").clone();
    world.tables.clicks = (0..100_001)
        .map(|number| {
            let mut click = click.clone();
            click.report = number.to_string();
            click
        })
        .collect();
    let tenant = Tenant::start(world, Options::default());
    let visitor = Visitor::of(&tenant);
    let (status, answer) = visitor.hunt(&for_defender("url_clicks", &[]), SPAN).await;
    assert_eq!((status, results(&answer).len()), (200, 100_000));
    assert_eq!(answer.as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn what_no_careful_client_sends_is_held_against_it() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let text = for_defender("url_clicks", &[]);
    for (text, span) in [
        ("search *", SPAN),
        (text.as_str(), "P30D"),
        // The shorter of the two would win.
        (text.as_str(), "2026-10-02T00:00:00Z/2026-10-31T00:00:00Z"),
        (rendered("log_ends", FROM, TO, &[]).as_str(), SPAN),
    ] {
        let before = tenant.violations().len();
        visitor.hunt(text, span).await;
        assert_eq!(tenant.violations().len(), before + 1, "{text} {span}");
    }
}

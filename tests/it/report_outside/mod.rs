//! The report of messages from outside: who received and reported them, what was taken away, and where links led.

mod graph;

use linktrail::model::Window;
use linktrail::report::{About, Report};
use serde_json::{Value, json};

fn model() -> Value {
    let graph = graph::graph();
    let from = graph::start();
    let about = About {
        id: graph.case().to_owned(),
        version: "0.0.0".to_owned(),
        created: from,
        window: Window { from, to: from },
    };
    let report = Report {
        about: &about,
        graph: &graph,
        gaps: &[],
        notes: &[],
        record: &|_| Ok(None),
        quotes: true,
    };
    report.model().unwrap()
}

fn table<'m>(model: &'m Value, name: &str) -> &'m Value {
    let mut tables = model["tables"].as_array().unwrap().iter();
    tables.find(|table| table["name"] == name).unwrap()
}

/// The cells of some columns of a table, row by row.
fn cells(table: &Value, names: &[&str]) -> Vec<Vec<Value>> {
    let columns = table["columns"].as_array().unwrap();
    let at = |name: &&str| columns.iter().position(|column| column == name).unwrap();
    let at: Vec<usize> = names.iter().map(at).collect();
    let rows = table["rows"].as_array().unwrap().iter();
    rows.map(|row| at.iter().map(|at| row[*at].clone()).collect())
        .collect()
}

#[test]
fn the_figures_and_tables_say_whom_it_reached_and_what_was_taken_away() {
    let model = model();
    let reach = json!({"recipients": 9, "reporters": 2, "removed": 1});
    assert_eq!(model["reach"], reach);
    let summary = cells(
        table(&model, "summary"),
        &["recipients", "reporters", "removed"],
    );
    assert_eq!(summary, [[json!(9), json!(2), json!(1)]]);
    let messages = cells(
        table(&model, "risky-messages"),
        &["recipients", "delivery", "removed"],
    );
    let standing = [json!(1), json!("Teams"), Value::Null];
    let removed = [json!(4), json!("Quarantine"), json!("2026-11-02T09:52:00Z")];
    assert_eq!(messages[..5], [&standing; 5].map(|row| row.to_vec()));
    assert_eq!(messages[5..], [removed]);
    let senders = cells(
        table(&model, "risky-users"),
        &["user", "type", "recipients"],
    );
    assert_eq!(
        senders,
        [
            [json!("Help Desk"), json!("external"), json!(5)],
            [json!("bruno@contoso.com"), json!("member"), json!(4)],
        ]
    );
}

#[test]
fn the_timeline_has_reports_removals_and_redirects_and_says_who_received() {
    let model = model();
    let events = model["timeline"].as_array().unwrap();
    // Time since the first message, kind, whether it is malicious, who, what, and the place or how.
    let from = graph::start().timestamp_millis();
    let of = |kind: &str| -> Vec<Value> {
        let events = events.iter().filter(|event| event[2] == kind);
        let minute = |event: &Value| (event[0].as_i64().unwrap() - from) / 60_000;
        events
            .map(|event| json!([minute(event), event[3], event[4], event[5], event[7]]))
            .collect()
    };
    let lure = "hxxps://login[.]contoso-helpdesk[.]example/verify";
    assert_eq!(
        of("report"),
        [
            json!([14, true, "chiara@contoso.com", lure, "graded Phish"]),
            json!([41, true, "greta@contoso.com", lure, null]),
        ]
    );
    assert_eq!(
        of("removal"),
        [json!([52, true, "bruno@contoso.com", lure, "Phish ZAP"])]
    );
    let short = "hxxps://sho[.]rt[.]example/hd";
    assert_eq!(
        of("redirect"),
        [
            json!([
                9,
                true,
                lure,
                "hxxps://rmm-tool[.]example/quick.exe",
                "2 clicks"
            ]),
            json!([9, true, short, lure, "1 click"]),
        ]
    );
    assert_eq!(
        of("message").last(),
        Some(&json!([
            30,
            true,
            "bruno@contoso.com",
            lure,
            "Chat: Month end, received by 4"
        ]))
    );
}

#[test]
fn the_picture_joins_recipients_reporters_and_redirects_and_marks_who_is_from_outside() {
    let model = model();
    let nodes = model["network"]["nodes"].as_array().unwrap();
    let caption = |id: &Value| {
        let mut nodes = nodes.iter();
        nodes.find(|node| node["id"] == *id).unwrap()["caption"].clone()
    };
    let edges = model["network"]["edges"].as_array().unwrap();
    let of = |kind: &str| -> Vec<Value> {
        let edges = edges.iter().filter(|edge| edge["kind"] == kind);
        edges
            .map(|edge| json!([caption(&edge["from"]), caption(&edge["to"]), edge["weight"]]))
            .collect()
    };
    let lure = "hxxps://login[.]contoso-helpdesk[.]example/verify";
    assert_eq!(of("received").len(), 9);
    assert!(of("received").contains(&json!([lure, "ines@contoso.com", 1])));
    assert_eq!(
        of("reported"),
        [
            json!(["chiara@contoso.com", lure, 1]),
            json!(["greta@contoso.com", lure, 1]),
        ]
    );
    assert_eq!(
        of("clicked"),
        [
            json!(["bruno@contoso.com", lure, 1]),
            json!(["daan@contoso.com", lure, 1]),
        ]
    );
    assert_eq!(
        of("redirects_to"),
        [
            json!([lure, "hxxps://rmm-tool[.]example/quick.exe", 2]),
            json!(["hxxps://sho[.]rt[.]example/hd", lure, 1]),
        ]
    );
    let marked = |mark: &str| -> Vec<&Value> {
        let nodes = nodes.iter().filter(|node| node[mark] == true);
        nodes.map(|node| &node["caption"]).collect()
    };
    assert_eq!(marked("outside"), ["Help Desk"]);
    assert_eq!(
        marked("risky"),
        [
            lure,
            "hxxps://rmm-tool[.]example/quick.exe",
            "bruno@contoso.com",
            "Help Desk",
        ]
    );
}

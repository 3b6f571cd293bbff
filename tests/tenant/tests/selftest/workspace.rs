//! Log Analytics' part.

use crate::visitor::{LOG_ANALYTICS, Visitor, rendered};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenant_sim::{Action, Detail, Fault, Options, Query, Service, Tenant, World};

const FROM: &str = "2026-10-01T00:00:00Z";
const TO: &str = "2026-10-31T00:00:00Z";
const SPAN: &str = "2026-10-01T00:00:00Z/2026-10-31T00:00:00Z";
const LURE_HOST: &str = "login.micros0ft-verify.example";

fn rows(answer: &Value) -> &Vec<Value> {
    answer["tables"][0]["rows"].as_array().unwrap()
}

fn columns(answer: &Value) -> Vec<&str> {
    let columns = answer["tables"][0]["columns"].as_array().unwrap();
    columns
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn every_query_of_the_repository_is_answered() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let team_ids: Vec<String> = tenant
        .world()
        .teams
        .iter()
        .map(|t| t.id.to_uppercase())
        .collect();
    let teams: Vec<&str> = team_ids.iter().map(String::as_str).collect();
    let needles = [LURE_HOST, "203.0.113.66", "evil-share.example"];
    let devices = tenant.world().devices.iter().map(|d| d.id.to_uppercase());
    let devices: Vec<String> = devices.collect();
    let devices: Vec<&str> = devices.iter().map(String::as_str).collect();
    let expected = [
        ("log_ends", 11),
        // Five that belong to an opening of Teams, and two that do not.
        ("smartscreen", 7),
        ("smartscreen_opens", 6),
        // Two of Carla's, two of Erin's; then everybody's on the lure, Hana's and the one from mail too.
        ("url_clicks", 4),
        ("clicks_on", 4),
        ("message_urls", 2),
        // Three messages of the lure, of which one has another url beside it.
        ("messages_on", 4),
        ("post_delivery", 0),
        ("reported", 0),
        // 23 messages, of which two have an edit or update beside them; one was written too early.
        ("link_messages", 25),
        // Over the whole month: laptop 5 with the look-alike, kiosk 2, server 1, and the early one.
        ("proxy_hosts", 9),
        // Four on the hosts, and the look-alike that holds one of them behind a hyphen.
        ("defender_hosts", 5),
        // The newest row of four alerts names a needle; that of the sibling path too.
        ("alerts", 3),
    ];
    for (name, count) in expected {
        let (status, answer) = visitor
            .query(
                name,
                &[
                    ("needles", &needles),
                    ("teams", &teams),
                    ("devices", &devices),
                    ("messages", &["x"]),
                ],
            )
            .await;
        assert_eq!(
            (status, rows(&answer).len()),
            (200, count),
            "{name}: {answer:#}"
        );
    }
    let asked: BTreeSet<String> = tenant
        .requests()
        .into_iter()
        .filter_map(|e| e.query)
        .collect();
    assert_eq!(asked.len(), expected.len());
    tenant.assert_clean();
}

#[tokio::test]
async fn columns_and_types_are_those_agreed() {
    let mut options = Options::default();
    options.hunting.streamed = vec!["AlertEvidence", "AlertInfo"];
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let folder = format!("{}/../../kql", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix("// columns: "))
            .unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let names = ["needles", "teams", "devices", "messages"];
        let lists = names.map(|name| (name, ["x"]));
        let lists: Vec<(&str, &[&str])> = lists.iter().map(|(n, x)| (*n, &x[..])).collect();
        let (_, answer) = visitor.query(name, &lists).await;
        assert_eq!(
            columns(&answer),
            line.split(", ").collect::<Vec<_>>(),
            "{name}"
        );
    }
    let (_, answer) = visitor.query("smartscreen", &[]).await;
    let time = rows(&answer)[0][1].as_str().unwrap();
    assert!(
        time.starts_with("2026-10-") && time.ends_with('Z') && time.len() > 24,
        "{time}"
    );
    let (_, answer) = visitor
        .query("clicks_on", &[("needles", &["ipfs-gateway.example"])])
        .await;
    assert!(
        rows(&answer).iter().all(|r| r[7].is_boolean()),
        "null became false"
    );
    let (_, answer) = visitor.query("alerts", &[("needles", &[LURE_HOST])]).await;
    assert!(
        rows(&answer).iter().all(|r| r[9].is_string()),
        "entities are text"
    );
}

#[tokio::test]
async fn slices_add_up_to_the_whole() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let whole = rows(&visitor.query("smartscreen", &[]).await.1).len();
    let text = rendered("smartscreen", FROM, TO, &[]);
    let mut sum = 0;
    // The cut lies between Adele's openings and the warning that belongs to them.
    for (from, to) in [(FROM, "2026-10-04T09:51:00Z"), ("2026-10-04T09:51:00Z", TO)] {
        let sliced = text
            .replace(
                &format!("let slice_from = datetime({FROM})"),
                &format!("let slice_from = datetime({from})"),
            )
            .replace(
                &format!("let slice_to = datetime({TO})"),
                &format!("let slice_to = datetime({to})"),
            );
        sum += rows(&visitor.kql(&sliced, SPAN).await.1).len();
    }
    assert_eq!(sum, whole);
    tenant.assert_clean();
    // A time span that does not hold the window loses rows, and is told of.
    let (status, _) = visitor
        .kql(&text, "2026-10-04T00:00:00Z/2026-10-05T00:00:00Z")
        .await;
    assert_eq!((status, tenant.violations().len()), (200, 1));
}

#[tokio::test]
async fn anything_else_is_a_syntax_error() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let good = rendered(
        "clicks_on",
        FROM,
        TO,
        &[("needles", &["a.example", "q\"\\\u{202e}\n"])],
    );
    assert_eq!(visitor.kql(&good, SPAN).await.0, 200);
    tenant.assert_clean();
    let many: Vec<String> = (0..501).map(|n| format!("h{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let bad = [
        good.replace("distinct", "take 5 | distinct"),
        good.replace("let slice_to", "let slice_until"),
        good.replace(
            "let slice_from = datetime(2026-10-01T00:00:00Z)",
            "let slice_from = ago(30d)",
        ),
        good.replace("datetime(2026-10-01T00:00:00Z)", "datetime(2026-10-01)"),
        good.replace("a.example", "a.example\"]); drop //"),
        good.replace("a.example", "a\\/b"),
        good.replace("a.example", "\\u0041"),
        format!("// comment\n{good}"),
        "DeviceEvents | take 1".to_owned(),
        rendered("clicks_on", FROM, TO, &[("needles", &many)]),
        rendered("clicks_on", FROM, TO, &[("needles", &[])]),
    ];
    for text in bad {
        tenant.clear_requests();
        let (status, error) = visitor.kql(&text, SPAN).await;
        let code = &error["error"]["innererror"]["innererror"]["code"];
        assert_eq!(
            (status, code, tenant.violations().len()),
            (400, &json!("SYN0002"), 1),
            "{text}"
        );
    }
}

#[tokio::test]
async fn absent_tables_and_partial_answers() {
    let options = Options {
        absent_tables: vec!["MessageEvents"],
        max_rows: Some(4),
        numeric_bools: true,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let (status, error) = visitor.query("message_urls", &[]).await;
    let inner = &error["error"]["innererror"]["innererror"];
    assert_eq!((status, &inner["code"]), (400, &json!("SEM0100")));
    assert!(
        inner["message"]
            .as_str()
            .unwrap()
            .contains("'MessageEvents'")
    );
    let (status, partial) = visitor.query("smartscreen", &[]).await;
    assert_eq!(
        (status, rows(&partial).len(), &partial["error"]["code"]),
        (200, 4, &json!("PartialError"))
    );
    let (_, clicks) = visitor.query("url_clicks", &[]).await;
    assert!(clicks["error"].is_null() && rows(&clicks).iter().any(|r| r[7] == 1));
    tenant.assert_clean();
}

#[tokio::test]
async fn requests_out_of_order_are_refused() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let url = format!(
        "{}/v1/workspaces/{}/query",
        tenant.endpoint(Service::LogAnalytics),
        world.workspace_id
    );
    let token = visitor.token(LOG_ANALYTICS).await;
    let text = rendered("url_clicks", FROM, TO, &[]);
    let body = json!({"query": text, "timespan": SPAN});
    let post = || {
        visitor
            .http
            .post(&url)
            .bearer_auth(&token)
            .header("prefer", "wait=600,include-statistics=true")
    };
    let send = async |request: reqwest::RequestBuilder| {
        tenant.clear_requests();
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            answer.text().await.unwrap(),
            tenant.violations().len(),
        )
    };
    let (status, _, violations) = send(post().json(&body)).await;
    assert_eq!((status, violations), (200, 0));
    let (status, answer, violations) = send(post().body(body.to_string())).await;
    assert_eq!(
        (status, answer.as_str(), violations),
        (200, "", 1),
        "no content type: nothing at all"
    );
    let no_prefer = visitor.http.post(&url).bearer_auth(&token).json(&body);
    assert_eq!(send(no_prefer).await.0, 400);
    assert_eq!(send(post().json(&json!({"query": text}))).await.0, 400);
    assert_eq!(
        send(post().json(&json!({"query": text, "timespan": "P30D"})))
            .await
            .0,
        400
    );
    let graph = visitor.token(crate::visitor::GRAPH).await;
    let wrong = visitor.http.post(&url).bearer_auth(graph).json(&body);
    let (status, answer, violations) = send(wrong).await;
    assert_eq!((status, violations), (403, 1));
    assert!(answer.contains("InvalidAuthenticationTokenAudience"));
    let (status, _, violations) = send(visitor.http.post(&url).json(&body)).await;
    assert_eq!((status, violations), (401, 1));
    let elsewhere = url.replace(&world.workspace_id, "00000000-0000-4000-8000-000000000000");
    let (status, _, violations) =
        send(visitor.http.post(elsewhere).bearer_auth(&token).json(&body)).await;
    assert_eq!((status, violations), (404, 0));
}

#[tokio::test]
async fn logs_end_and_begin_by_script() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let ends = async |log: &str| {
        let (_, answer) = visitor.query("log_ends", &[]).await;
        let row = rows(&answer).iter().find(|row| row[0] == log).cloned();
        (row, answer["error"].clone())
    };
    let whole = json!(["OfficeActivity", FROM, "2026-10-30T23:59:59Z"]);
    assert_eq!(ends("OfficeActivity").await, (Some(whole), Value::Null));
    let teams = tenant.world().teams.iter().map(|t| t.id.clone());
    let teams: Vec<String> = teams.collect();
    let teams: Vec<&str> = teams.iter().map(String::as_str).collect();
    let listed = async || {
        let (_, answer) = visitor.query("link_messages", &[("teams", &teams)]).await;
        rows(&answer).len()
    };
    let all = listed().await;
    let (begin, end) = (
        tenant.world().from() + chrono::TimeDelta::days(5),
        tenant.world().anchor - chrono::TimeDelta::days(5),
    );
    tenant.begin_log("OfficeActivity", begin);
    tenant.end_log("OfficeActivity", end);
    let cut = json!([
        "OfficeActivity",
        "2026-10-06T00:00:00Z",
        "2026-10-25T23:59:59Z"
    ]);
    assert_eq!(ends("OfficeActivity").await.0, Some(cut));
    assert!(listed().await < all);
    tenant.remove_table("OfficeActivity");
    let (row, error) = ends("OfficeActivity").await;
    assert_eq!(row, None);
    assert_eq!(error["details"][0]["innererror"]["severityName"], "Warning");
    assert_eq!(ends("DeviceEvents").await.0.unwrap()[1], FROM);
    tenant.clear_script();
    assert_eq!(listed().await, all);
    tenant.assert_clean();
}

#[tokio::test]
async fn what_is_heavy_by_its_time_and_what_is_partial() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let month = chrono::TimeDelta::days(29);
    let heavy = |span| {
        let action = Action::status(504);
        Fault::on(Service::LogAnalytics, "UrlClickEvents", action).longer_than(span)
    };
    tenant.script([heavy(month + month).always(), heavy(month)]);
    assert_eq!(visitor.query("log_ends", &[]).await.0, 200);
    assert_eq!(visitor.query("url_clicks", &[]).await.0, 504);
    let warning = Detail {
        code: "1",
        message: "m",
        severity: 3,
    };
    tenant.script([Fault::on(
        Service::LogAnalytics,
        "UrlClickEvents",
        Action::Partial(vec![warning]),
    )]);
    let (status, answer) = visitor.query("url_clicks", &[]).await;
    assert_eq!((status, rows(&answer).len()), (200, 4));
    let inner = &answer["error"]["details"][0]["innererror"];
    assert_eq!(
        (&inner["code"], &inner["severityName"]),
        (&json!("1"), &json!("Warning"))
    );
    tenant.assert_clean();
}

#[tokio::test]
async fn workspaces_without_data_or_access() {
    let text = rendered("url_clicks", FROM, TO, &[]);
    let empty = Options {
        empty_workspace: true,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), empty);
    assert_eq!(
        Visitor::of(&tenant).kql(&text, SPAN).await,
        (204, Value::Null)
    );
    let closed = Options {
        no_workspace_access: true,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), closed);
    let (status, error) = Visitor::of(&tenant).kql(&text, SPAN).await;
    assert_eq!(
        (status, &error["error"]["code"]),
        (403, &json!("InsufficientAccessError"))
    );
}

#[tokio::test]
async fn rows_and_truth_agree() {
    // The rows come from raw columns and the truth from facts: what can be counted in both is equal.
    for world in [World::small(), World::demo(), World::scaled(800, 21)] {
        let truth = world.truth(&Query::of(&world));
        let tenant = Tenant::start(world, Options::default());
        let visitor = Visitor::of(&tenant);
        let (_, warnings) = visitor.query("smartscreen", &[]).await;
        let devices = rows(&warnings).iter().map(|r| r[2].as_str().unwrap());
        let devices: Vec<&str> = devices.collect::<BTreeSet<_>>().into_iter().collect();
        let (_, opens) = visitor
            .query("smartscreen_opens", &[("devices", &devices)])
            .await;
        // The urls of these worlds are not wrapped.
        let subject = |r: &Value| (r[2].as_str().unwrap().to_lowercase(), r[4].clone());
        let of_kind = |kind: &str| {
            let (these, others) = match kind {
                "warning" => (rows(&warnings), rows(&opens)),
                _ => (rows(&opens), rows(&warnings)),
            };
            let others: Vec<_> = others.iter().map(subject).collect();
            let web = |r: &&Value| r[4].as_str().unwrap().starts_with("http");
            let these = these.iter().filter(web);
            these.filter(|r| others.contains(&subject(r))).count() as u64
        };
        let sum = |kind: &'static str| {
            truth
                .of_kind(kind)
                .filter_map(|(_, f)| f.count)
                .sum::<u64>()
        };
        assert_eq!(
            of_kind("warning"),
            sum("WARNED_ABOUT"),
            "{}",
            tenant.world().name
        );
        assert_eq!(of_kind("open"), sum("OPENED"), "{}", tenant.world().name);

        let hosts: BTreeSet<String> = truth.entities.urls.iter().map(|u| host(u)).collect();
        let needles: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let (_, answer) = visitor.query("clicks_on", &[("needles", &needles)]).await;
        let risky = |r: &&Value| truth.entities.urls.iter().any(|u| r[1] == u.as_str());
        let clicked = truth
            .of_kind("CLICKED")
            .filter(|(k, _)| truth.entities.urls.contains(&k.to.1));
        let expected: u64 = clicked.filter_map(|(_, f)| f.count).sum();
        assert_eq!(rows(&answer).iter().filter(risky).count() as u64, expected);

        let teams: Vec<&str> = truth.read_teams.iter().map(String::as_str).collect();
        let (_, answer) = visitor.query("link_messages", &[("teams", &teams)]).await;
        let listed: BTreeSet<String> = rows(&answer)
            .iter()
            .map(|r| format!("{}/{}", r[2].as_str().unwrap(), r[3].as_str().unwrap()))
            .collect();
        let channels = truth.ids("Channel");
        let is_bare = |m: &String| {
            let sources = &truth.nodes[&("Message", m.clone())]["sources"];
            channels.contains(m.split('/').next().unwrap()) && sources.is_null()
        };
        let bare: Vec<String> = truth.ids("Message").into_iter().filter(is_bare).collect();
        assert!(bare.iter().all(|m| !listed.contains(m)));
        let roots: BTreeSet<String> = truth
            .of_kind("REPLY_TO")
            .map(|(k, _)| k.to.1.clone())
            .collect();
        assert!(listed.is_subset(&truth.ids("Message")));
        assert!(bare.into_iter().all(|m| roots.contains(&m)));
        tenant.assert_clean();
    }
}

fn host(url: &str) -> String {
    url::Url::parse(url).unwrap().host_str().unwrap().to_owned()
}

//! Faults by script.

use crate::visitor::{GRAPH, Visitor, rendered};
use std::time::{Duration, Instant};
use tenant_sim::{Action, Fault, Options, Service, Tenant, World};

const USER: &str = "/users/adele.vance@contoso.com";

async fn one(action: Action) -> (Tenant, Result<reqwest::Response, reqwest::Error>) {
    let tenant = Tenant::start(World::small(), Options::default());
    let patience = match action {
        Action::Hang => Duration::from_secs(1),
        _ => Duration::from_secs(120),
    };
    tenant.script([Fault::on(Service::Graph, "GET /v1.0/users/", action)]);
    let answer = {
        let visitor = Visitor::of(&tenant);
        let request = visitor.graph_request(USER).await;
        request.timeout(patience).send().await
    };
    (tenant, answer)
}

#[tokio::test]
async fn an_answer_at_the_nth_request() {
    let tenant = Tenant::start(World::small(), Options::default());
    let fault = Fault::on(Service::Graph, "^GET /v1.0/users/", Action::status(503));
    tenant.script([fault.at(2).times(2)]);
    let visitor = Visitor::of(&tenant);
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(visitor.graph(USER).await.0);
    }
    assert_eq!(statuses, [200, 503, 503, 200, 200]);
    assert_eq!(tenant.requests().iter().filter(|e| e.fault).count(), 2);
    tenant.script([Fault::on(Service::Graph, "/users/", Action::retry_after(429, "7")).always()]);
    let request = visitor.graph_request(USER).await;
    assert_eq!(request.send().await.unwrap().headers()["retry-after"], "7");
    tenant.clear_script();
    assert_eq!(visitor.graph(USER).await.0, 200);
}

#[tokio::test]
async fn a_query_is_found_by_its_text() {
    let tenant = Tenant::start(World::small(), Options::default());
    let fault = Fault::on(
        Service::LogAnalytics,
        "Workload =~ .{0,2}Teams",
        Action::status(500),
    );
    tenant.script([fault]);
    let visitor = Visitor::of(&tenant);
    assert_eq!(visitor.query("smartscreen", &[]).await.0, 200);
    assert_eq!(visitor.query("url_clicks", &[]).await.0, 500);
    assert_eq!(visitor.query("url_clicks", &[]).await.0, 200);
}

#[tokio::test]
async fn connections_break() {
    let (tenant, answer) = one(Action::Drop).await;
    assert!(answer.is_err());
    assert_eq!(tenant.requests_to(Service::Graph)[0].status, 0);
    let (_tenant, answer) = one(Action::Cut(20)).await;
    assert!(answer.unwrap().bytes().await.is_err());
    let (_tenant, answer) = one(Action::WrongLength(30)).await;
    assert!(answer.unwrap().bytes().await.is_err());
    let (_tenant, answer) = one(Action::WrongLength(-30)).await;
    let short = match answer {
        Ok(answer) => answer.json::<serde_json::Value>().await.is_err(),
        Err(_) => true,
    };
    assert!(short, "a body that ends too early");
}

#[tokio::test]
async fn answers_come_late_or_never() {
    let start = Instant::now();
    let (_tenant, answer) = one(Action::Delay(Duration::from_millis(400))).await;
    assert_eq!(answer.unwrap().status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(400));
    let (tenant, answer) = one(Action::Hang).await;
    assert!(answer.unwrap_err().is_timeout());
    drop(tenant);
}

#[tokio::test]
async fn bodies_are_not_what_they_say() {
    let (_tenant, answer) = one(Action::Html).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("<html>"));
    let (_tenant, answer) = one(Action::HalfJson).await;
    let text = answer.unwrap().text().await.unwrap();
    assert!(text.starts_with('{') && serde_json::from_str::<serde_json::Value>(&text).is_err());
}

#[tokio::test]
async fn links_lead_round_or_away() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let path = format!("{USER}/joinedTeams");
    tenant.script([Fault::on(Service::Graph, "joinedTeams", Action::NextLinkLoop).times(3)]);
    let (_, first) = visitor.graph(&path).await;
    let next = first["@odata.nextLink"].as_str().unwrap().to_owned();
    assert!(next.ends_with("/joinedTeams"));
    let (_, second) = visitor.graph(&next).await;
    assert_eq!(first, second);
    tenant.clear_script();
    let away = Action::NextLink("https://elsewhere.example/v1.0/users".into());
    tenant.script([Fault::on(Service::Graph, "joinedTeams", away)]);
    let (_, page) = visitor.graph(&path).await;
    assert_eq!(
        page["@odata.nextLink"],
        "https://elsewhere.example/v1.0/users"
    );
}

#[tokio::test]
async fn empty_pages_go_on_with_a_link_of_their_own() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    tenant.script([Fault::on(Service::Graph, "joinedTeams", Action::EmptyPage).times(3)]);
    let mut path = format!("{USER}/joinedTeams");
    let mut links = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let (status, page) = visitor.graph(&path).await;
        assert_eq!(status, 200);
        assert_eq!(page["value"], serde_json::json!([]));
        path = page["@odata.nextLink"].as_str().unwrap().to_owned();
        links.insert(path.clone());
    }
    assert_eq!(links.len(), 3, "{links:?}");
}

#[tokio::test]
async fn a_token_expires_once() {
    let tenant = Tenant::start(World::small(), Options::default());
    tenant.script([Fault::on(Service::Graph, "/users/", Action::ExpiredToken)]);
    let visitor = Visitor::of(&tenant);
    assert_eq!(visitor.graph(USER).await.0, 401);
    assert_eq!(visitor.graph(USER).await.0, 200);
    tenant.assert_clean();
}

#[tokio::test]
async fn parts_of_a_batch_fail_for_themselves() {
    let tenant = Tenant::start(World::small(), Options::default());
    tenant.script([
        Fault::on(Service::Graph, "brent", Action::status(504)),
        Fault::on(Service::Graph, "carla", Action::Drop),
    ]);
    let visitor = Visitor::of(&tenant);
    let urls = ["brent", "carla"].map(|n| format!("/users/{n}@contoso.com"));
    // The whole request matches both patterns by its body: its first fault closes the connection.
    assert!(!visitor.token(GRAPH).await.is_empty());
    let url = format!("{}/v1.0/$batch", tenant.endpoint(Service::Graph));
    let parts: Vec<_> = urls
        .iter()
        .enumerate()
        .map(|(n, u)| serde_json::json!({"id": n.to_string(), "method": "GET", "url": u}))
        .collect();
    let body = serde_json::json!({ "requests": parts });
    let token = visitor.token(GRAPH).await;
    let send = || {
        visitor
            .http
            .post(&url)
            .bearer_auth(&token)
            .json(&body)
            .send()
    };
    assert_eq!(
        send().await.unwrap().status(),
        504,
        "the first rule matches the envelope"
    );
    let (status, _) = visitor.batch(&urls).await;
    assert_eq!(status, 200);
    tenant.clear_script();
    tenant.script([Fault::on(Service::Graph, "^GET .*brent", Action::status(504)).always()]);
    let (status, answer) = visitor.batch(&urls).await;
    let statuses: Vec<u64> = answer["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["status"].as_u64().unwrap())
        .collect();
    assert_eq!((status, statuses), (200, vec![504, 200]));
}

#[tokio::test]
async fn a_dropped_tenant_answers_nobody() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let text = rendered(
        "url_clicks",
        "2026-10-01T00:00:00Z",
        "2026-10-31T00:00:00Z",
        &[],
    );
    assert!(text.starts_with("let slice_from"));
    let url = tenant.endpoint(Service::Otx).to_owned();
    let http = visitor.http.clone();
    assert!(http.get(&url).send().await.is_ok());
    drop(tenant);
    // Its tasks end by and by.
    let start = Instant::now();
    while http.get(&url).send().await.is_ok() {
        assert!(start.elapsed() < Duration::from_secs(120));
    }
}

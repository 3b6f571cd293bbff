//! Limits.

use crate::visitor::{GRAPH, Visitor, rendered};
use futures::stream::{FuturesUnordered, StreamExt};
use std::time::Duration;
use tenant_sim::world::body::encode;
use tenant_sim::{Options, RetryAfter, Service, Tenant, World};

/// A tenant whose clock only a test moves.
fn tenant(scale: f64, retry_after: RetryAfter) -> Tenant {
    let options = Options {
        throttle: Some(scale),
        retry_after,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    tenant.stop_clock();
    tenant
}

/// A path in a channel, which allows one request a second.
fn channel_path(world: &World) -> String {
    let channel = &world.channels[0];
    let team = &world.teams[channel.team].id;
    format!(
        "/teams/{team}/channels/{}/messages?$top=50",
        encode(&channel.id)
    )
}

#[tokio::test]
async fn a_channel_allows_one_request_a_second() {
    let tenant = tenant(1.0, RetryAfter::Always);
    let visitor = Visitor::of(&tenant);
    let path = channel_path(tenant.world());
    let url = format!("{}/v1.0{path}", tenant.endpoint(Service::Graph));
    let token = visitor.token(GRAPH).await;
    let ask = || visitor.http.get(&url).bearer_auth(&token).send();
    assert_eq!(ask().await.unwrap().status(), 200);
    let refused = ask().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    tenant.pass(Duration::from_secs(1));
    assert_eq!(ask().await.unwrap().status(), 200);
    // Another channel of another team has a bucket of its own.
    let other = tenant.world().channels.last().unwrap();
    let team = &tenant.world().teams[other.team].id;
    let path = format!(
        "/teams/{team}/channels/{}/messages?$top=50",
        encode(&other.id)
    );
    assert_eq!(visitor.graph(&path).await.0, 200);
    tenant.assert_clean();
}

#[tokio::test]
async fn the_scale_shortens_the_wait() {
    let tenant = tenant(10.0, RetryAfter::Never);
    let visitor = Visitor::of(&tenant);
    let url = format!(
        "{}/v1.0{}",
        tenant.endpoint(Service::Graph),
        channel_path(tenant.world())
    );
    let token = visitor.token(GRAPH).await;
    let ask = || visitor.http.get(&url).bearer_auth(&token).send();
    // Eleven at once, the rest at ten a second.
    for _ in 0..11 {
        assert_eq!(ask().await.unwrap().status(), 200);
    }
    for _ in 0..3 {
        let refused = ask().await.unwrap();
        assert_eq!(refused.status(), 429);
        assert!(!refused.headers().contains_key("retry-after"));
        tenant.pass(Duration::from_millis(100));
        assert_eq!(ask().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn parts_of_a_batch_count_each() {
    let tenant = tenant(1.0, RetryAfter::Always);
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let (channel, team) = (&world.channels[0], &world.teams[world.channels[0].team].id);
    let url = format!("/teams/{team}/channels/{}/messages/1", encode(&channel.id));
    let (status, answer) = visitor.batch(&vec![url; 3]).await;
    assert_eq!(status, 200);
    let parts = answer["responses"].as_array().unwrap();
    let statuses: Vec<u64> = parts
        .iter()
        .map(|p| p["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [404, 429, 429]);
    assert_eq!(parts[1]["headers"]["Retry-After"], "1");
}

#[tokio::test]
async fn five_queries_at_a_time() {
    let tenant = tenant(1.0, RetryAfter::Sometimes);
    let visitor = Visitor::of(&tenant);
    let text = rendered(
        "url_clicks",
        "2026-10-01T00:00:00Z",
        "2026-10-31T00:00:00Z",
        &[],
    );
    let span = "2026-10-01T00:00:00Z/2026-10-31T00:00:00Z";
    tenant.hold_queries(true);
    let mut answers: FuturesUnordered<_> = (0..8).map(|_| visitor.kql(&text, span)).collect();
    for _ in 0..3 {
        assert_eq!(answers.next().await.unwrap().0, 429);
    }
    tenant.hold_queries(false);
    for _ in 0..5 {
        assert_eq!(answers.next().await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn two_hundred_queries_in_half_a_minute() {
    let tenant = tenant(1.0, RetryAfter::Sometimes);
    let visitor = Visitor::of(&tenant);
    let text = rendered(
        "url_clicks",
        "2026-10-01T00:00:00Z",
        "2026-10-31T00:00:00Z",
        &[],
    );
    let span = "2026-10-01T00:00:00Z/2026-10-31T00:00:00Z";
    for _ in 0..200 {
        assert_eq!(visitor.kql(&text, span).await.0, 200);
    }
    assert_eq!(visitor.kql(&text, span).await.0, 429);
    tenant.pass(Duration::from_secs(31));
    assert_eq!(visitor.kql(&text, span).await.0, 200);
}

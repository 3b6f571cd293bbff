//! Limits.

use crate::tenant::visitor::{GRAPH, Visitor, rendered};
use crate::tenant::world::body::encode;
use crate::tenant::{Options, RetryAfter, Service, Tenant, World};
use std::time::{Duration, Instant};

fn tenant(scale: f64, retry_after: RetryAfter) -> Tenant {
    let options = Options {
        throttle: Some(scale),
        retry_after,
        ..Options::default()
    };
    Tenant::start(World::small(), options)
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
    tokio::time::sleep(Duration::from_millis(1050)).await;
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
    let (start, mut refused) = (Instant::now(), 0);
    let mut served = 0;
    while served < 30 {
        let answer = visitor
            .http
            .get(&url)
            .bearer_auth(&token)
            .send()
            .await
            .unwrap();
        match answer.status().as_u16() {
            200 => served += 1,
            429 => {
                assert!(!answer.headers().contains_key("retry-after"));
                refused += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => panic!("{other}"),
        }
    }
    // Eleven at once, the rest at ten a second.
    let took = start.elapsed();
    assert!(
        refused > 0 && took > Duration::from_millis(1800),
        "{took:?}"
    );
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
    let options = Options {
        throttle: Some(1.0),
        query_millis: 300,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let text = rendered(
        "url_clicks",
        "2026-10-01T00:00:00Z",
        "2026-10-31T00:00:00Z",
        &[],
    );
    let span = "2026-10-01T00:00:00Z/2026-10-31T00:00:00Z";
    let all = futures::future::join_all((0..8).map(|_| visitor.kql(&text, span))).await;
    let served = all.iter().filter(|(status, _)| *status == 200).count();
    let refused = all.iter().filter(|(status, _)| *status == 429).count();
    assert_eq!((served, refused), (5, 3));
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
}

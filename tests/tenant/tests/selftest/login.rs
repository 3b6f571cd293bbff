//! Entra's part.

use crate::visitor::{GRAPH, LOG_ANALYTICS, Visitor};
use tenant_sim::{Options, Service, Tenant, World};

#[tokio::test]
async fn gives_tokens_to_those_who_know_the_secret() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    for resource in [GRAPH, LOG_ANALYTICS] {
        let (status, answer) = visitor.sign_in(resource, &[]).await;
        assert_eq!((status, &answer["expires_in"]), (200, &3599.into()));
    }
    let code = |answer: &serde_json::Value| answer["error_codes"][0].as_u64().unwrap();
    let (status, answer) = visitor.sign_in(GRAPH, &[("client_secret", "guess")]).await;
    assert_eq!((status, code(&answer)), (401, 7_000_215));
    assert!(
        answer["error_description"]
            .as_str()
            .unwrap()
            .starts_with("AADSTS7000215: Invalid client secret")
    );
    let (status, answer) = visitor
        .sign_in(GRAPH, &[("client_id", "someone-else")])
        .await;
    assert_eq!((status, code(&answer)), (400, 700_016));
    tenant.assert_clean();
}

#[tokio::test]
async fn refuses_what_no_client_should_ask() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    for (changed, status) in [
        (("scope", "https://graph.microsoft.com"), 400),
        (("scope", "https://127.0.0.1:1/.default"), 400),
        (("grant_type", "password"), 400),
        (("audience", "x"), 400),
    ] {
        tenant.clear_requests();
        let (got, _) = visitor.sign_in(GRAPH, &[changed]).await;
        assert_eq!((got, tenant.violations().len()), (status, 1), "{changed:?}");
    }
    let url = format!(
        "{}/somewhere/oauth2/v2.0/token",
        tenant.endpoint(Service::Login)
    );
    let answer = visitor
        .http
        .post(url)
        .form(&[("client_id", "x")])
        .send()
        .await
        .unwrap();
    let (status, answer) = Visitor::read(answer).await;
    assert_eq!(
        (status, answer["error_codes"][0].as_u64()),
        (400, Some(90002))
    );
}

#[tokio::test]
async fn a_stranger_does_not_trust_the_certificate() {
    let tenant = Tenant::start(World::small(), Options::default());
    let plain = reqwest::Client::new();
    assert!(
        plain
            .get(tenant.endpoint(Service::Graph))
            .send()
            .await
            .is_err()
    );
    let by_name = tenant
        .endpoint(Service::Graph)
        .replace("127.0.0.1", "localhost");
    let answer = Visitor::of(&tenant).http.get(by_name).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
#[should_panic(expected = "no such path in Graph")]
async fn violations_fail_a_test() {
    let tenant = Tenant::start(World::small(), Options::default());
    Visitor::of(&tenant).graph("/me").await;
    tenant.assert_clean();
}

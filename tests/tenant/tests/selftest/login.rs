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

/// The code of an error of Entra.
fn code(answer: &serde_json::Value) -> u64 {
    answer["error_codes"][0].as_u64().unwrap_or_default()
}

/// Asks Entra with these fields.
async fn post(
    visitor: &Visitor<'_>,
    endpoint: &str,
    form: &[(&str, &str)],
) -> crate::visitor::Answer {
    let tenant = visitor.tenant;
    let login = tenant.endpoint(Service::Login);
    let url = format!(
        "{login}/{}/oauth2/v2.0/{endpoint}",
        tenant.world().tenant_id
    );
    Visitor::read(visitor.http.post(url).form(form).send().await.unwrap()).await
}

#[tokio::test]
async fn device_codes_and_refresh_tokens_are_good_once_and_asked_for_slowly() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let client = ("client_id", tenant.world().client_id.as_str());
    let scope = (
        "scope",
        "https://graph.microsoft.com/.default offline_access",
    );
    let (status, given) = post(&visitor, "devicecode", &[client, scope]).await;
    assert_eq!((status, &given["interval"]), (200, &1.into()));
    let device_code = given["device_code"].as_str().unwrap();
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let poll = [client, grant, ("device_code", device_code)];
    let (status, answer) = post(&visitor, "token", &poll).await;
    assert_eq!((status, code(&answer)), (400, 70016));
    // That was too soon.
    assert_eq!(tenant.violations().len(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (status, answer) = post(&visitor, "token", &poll).await;
    assert_eq!(status, 200, "{answer}");
    let first = answer["refresh_token"].as_str().unwrap();
    let refresh = |token| {
        [
            client,
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            scope,
        ]
    };
    let (status, answer) = post(&visitor, "token", &refresh(first)).await;
    assert_eq!(status, 200, "{answer}");
    let (status, _) = post(&visitor, "token", &refresh(first)).await;
    assert_eq!(status, 400);
    let (status, _) = post(&visitor, "token", &poll).await;
    assert_eq!(status, 400);
    assert_eq!(tenant.violations().len(), 3);
}

#[tokio::test]
async fn a_persons_token_opens_the_persons_own_alone() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let token = tenant.issue(GRAPH, tenant_sim::Holder::Person);
    let get = async |path: &str| {
        let url = format!("{}/v1.0{path}", tenant.endpoint(Service::Graph));
        let answer = visitor.http.get(url).bearer_auth(&token).send().await;
        Visitor::read(answer.unwrap()).await
    };
    let people = &tenant.world().users;
    let mut people = people
        .iter()
        .filter(|u| u.in_directory() && !u.upn.contains("#EXT#"));
    let (own, other) = (people.next().unwrap(), people.next().unwrap());
    for (path, who, wanted) in [
        ("joinedTeams", own, 200),
        ("chats", own, 200),
        ("joinedTeams", other, 403),
        ("chats", other, 403),
    ] {
        let (status, answer) = get(&format!("/users/{}/{path}", who.id)).await;
        assert_eq!(status, wanted, "{path}: {answer}");
    }
    // `User.Read` opens the account of the person, and no other one.
    let (status, answer) = get(&format!("/users/{}", own.id)).await;
    assert_eq!((status, &answer["id"]), (200, &own.id.as_str().into()));
    let (status, answer) = get(&format!("/users/{}", other.id)).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (403, &"Authorization_RequestDenied".into())
    );
    let chat = tenant.world().chats.iter().find(|chat| {
        let is_own = |ix: &usize| tenant.world().users[*ix].id == own.id;
        !chat.members.iter().any(is_own)
    });
    let (status, _) = get(&format!("/chats/{}", chat.unwrap().id)).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn instance_metadata_wants_its_header() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let url = format!(
        "{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={GRAPH}",
        tenant.endpoint(Service::InstanceMetadata)
    );
    let bare = visitor.http.get(&url).send().await.unwrap();
    let (status, answer) = Visitor::read(bare).await;
    assert_eq!((status, &answer["error"]), (400, &"bad_request_102".into()));
    let right = visitor
        .http
        .get(&url)
        .header("Metadata", "true")
        .send()
        .await;
    let (status, answer) = Visitor::read(right.unwrap()).await;
    assert_eq!((status, answer["expires_in"].as_str()), (200, Some("3599")));
    tenant.assert_clean();
}

use std::time::{Duration, Instant};

use linktrail::http::{IdentityService, SignInMethod};
use linktrail::journal::Audience;
use tenant_sim::{Action, Fault, IDENTITY_HEADER, Options, Service, Tenant};

use super::{Room, tenant};

const ID: &str = "dddd0000-0000-4000-8000-000000000007";

fn on_a_machine(tenant: &Tenant, client_id: Option<&str>) -> SignInMethod {
    let address = tenant.endpoint(Service::InstanceMetadata);
    SignInMethod::ManagedIdentity {
        client_id: client_id.map(str::to_owned),
        service: IdentityService::InstanceMetadata(address.parse().unwrap()),
    }
}

fn in_an_app(tenant: &Tenant, client_id: Option<&str>, header: &str) -> SignInMethod {
    let address = tenant.endpoint(Service::AppService);
    SignInMethod::ManagedIdentity {
        client_id: client_id.map(str::to_owned),
        service: IdentityService::AppService {
            endpoint: format!("{address}/msi/token").parse().unwrap(),
            header: header.to_owned().into(),
        },
    }
}

#[tokio::test]
async fn identities_of_a_machine_and_of_an_app_give_tokens() {
    let tenant = tenant(Options {
        user_identities: vec![ID],
        ..Options::default()
    });
    for (method, service, requests) in [
        (on_a_machine(&tenant, None), Service::InstanceMetadata, 3),
        (
            on_a_machine(&tenant, Some(ID)),
            Service::InstanceMetadata,
            3,
        ),
        (
            in_an_app(&tenant, None, IDENTITY_HEADER),
            Service::AppService,
            2,
        ),
        (
            in_an_app(&tenant, Some(ID), IDENTITY_HEADER),
            Service::AppService,
            2,
        ),
    ] {
        tenant.clear_requests();
        let room = Room::new(&tenant, method);
        for audience in [Audience::Graph, Audience::LogAnalytics, Audience::Graph] {
            assert!(!room.enter(audience).await.is_empty());
        }
        // Instance metadata is looked for once.
        assert_eq!(tenant.received(service), requests);
        assert_eq!(tenant.received(Service::Login), 0);
        assert_eq!(room.sent(), requests as u64);
        tenant.assert_clean();
    }
}

#[tokio::test]
async fn off_azure_it_ends_within_seconds() {
    let tenant = tenant(Options::default());
    // Nobody listens on the one port, and on the other one nobody answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [silent, held.local_addr().unwrap().port()] {
        let method = SignInMethod::ManagedIdentity {
            client_id: None,
            service: IdentityService::InstanceMetadata(
                format!("http://127.0.0.1:{port}").parse().unwrap(),
            ),
        };
        let begun = Instant::now();
        let text = Room::new(&tenant, method).refusal(Audience::Graph).await;
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
        assert!(
            text.starts_with(&format!("sign-in by managed identity failed: nobody answers at http://127.0.0.1:{port} within a second; method = \"managed-identity\" works on virtual machines")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_identity_that_is_not_there_is_said_with_its_key() {
    let tenant = tenant(Options {
        system_identity: false,
        ..Options::default()
    });
    let none = "no managed identity is assigned, or several are; assign one, or say with [auth] managed_identity_client_id which of them is meant (Identity not found)";
    let other = format!(
        "the managed identity {ID} is not assigned; check [auth] managed_identity_client_id"
    );
    for (method, wanted) in [
        (on_a_machine(&tenant, None), none),
        (on_a_machine(&tenant, Some(ID)), other.as_str()),
        (
            in_an_app(&tenant, None, IDENTITY_HEADER),
            "no managed identity is assigned, or several are",
        ),
        (
            in_an_app(&tenant, Some(ID), IDENTITY_HEADER),
            other.as_str(),
        ),
        (
            in_an_app(&tenant, None, "other"),
            "it does not accept IDENTITY_HEADER; start the app anew",
        ),
    ] {
        let text = Room::new(&tenant, method).refusal(Audience::Graph).await;
        assert!(text.contains(wanted), "{text}");
    }
}

#[tokio::test]
async fn a_resource_that_the_tenant_lacks_points_to_the_cloud() {
    let tenant = tenant(Options::default());
    let room = Room::with(&tenant, on_a_machine(&tenant, None), |sign_in| {
        sign_in.graph_audience = "https://graph.microsoft.us";
    });
    let text = room.refusal(Audience::Graph).await;
    assert!(
        text.contains("the tenant has no such service; check [tenant] cloud (AADSTS50001:"),
        "{text}"
    );
    // The other audience is not touched by that.
    assert_eq!(room.enter(Audience::LogAnalytics).await, ["Data.Read"]);
}

#[tokio::test]
async fn a_token_of_another_tenant_is_refused() {
    let tenant = tenant(Options::default());
    let own = tenant.world().tenant_id.clone();
    for method in [
        on_a_machine(&tenant, None),
        in_an_app(&tenant, None, IDENTITY_HEADER),
    ] {
        let other = "9b1f6c1e-2d2f-4f0e-9a44-0c7b1c7f5a10";
        let room = Room::with(&tenant, method.clone(), |sign_in| {
            sign_in.tenant = other.to_owned();
        });
        let text = room.refusal(Audience::Graph).await;
        let wanted = format!(
            "sign-in by managed identity failed: it is signed in to the tenant {own}, and [tenant] id is {other}; check [tenant] id, or choose an identity of that tenant under [auth]"
        );
        assert_eq!(text, wanted);
        // A name of a tenant cannot be compared with an id.
        let room = Room::with(&tenant, method, |sign_in| {
            sign_in.tenant = "contoso.com".to_owned();
        });
        assert!(!room.enter(Audience::Graph).await.is_empty());
    }
}

#[tokio::test]
async fn passing_trouble_is_waited_for_and_lasting_trouble_is_not_for_ever() {
    for status in [404, 410, 429, 500, 503] {
        let tenant = tenant(Options::default());
        let trouble = Action::page(status, "text/html", "");
        let pattern = "api-version";
        tenant.script([Fault::on(Service::InstanceMetadata, pattern, trouble.clone()).times(2)]);
        let room = Room::with(&tenant, on_a_machine(&tenant, None), |sign_in| {
            sign_in.patience = Duration::from_secs(30);
        });
        assert!(!room.enter(Audience::Graph).await.is_empty(), "{status}");
        assert_eq!(tenant.received(Service::InstanceMetadata), 4, "{status}");

        tenant.script([Fault::on(Service::InstanceMetadata, pattern, trouble).always()]);
        let room = Room::with(&tenant, on_a_machine(&tenant, None), |sign_in| {
            sign_in.patience = Duration::from_secs(1);
        });
        let begun = Instant::now();
        let text = room.refusal(Audience::Graph).await;
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        assert!(
            text.contains(&format!(
                "status {status}; run the same command again when it answers"
            )),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_metadata_is_said() {
    let page = |body: &str| Action::page(200, "text/html", body);
    let header = r#"{"error":"bad_request_102","error_description":"Required metadata header not specified"}"#;
    for (action, wanted) in [
        (
            page("<html>"),
            "it answers something else than JSON; is this machine on Azure, and no proxy between?",
        ),
        (Action::page(302, "text/html", ""), "status 302"),
        (
            Action::page(400, "application/json", header),
            "the header Metadata was lost; is a proxy between",
        ),
        (
            page(r#"{"token_type":"Bearer"}"#),
            "the answer holds no token",
        ),
        (
            page(r#"{"access_token":"x"}"#),
            "the answer does not say when the token expires",
        ),
        (
            page(r#"{"access_token":"x","expires_on":"1"}"#),
            "has expired; check the clock of this machine",
        ),
    ] {
        let tenant = tenant(Options::default());
        tenant.script([Fault::on(Service::InstanceMetadata, "api-version", action).always()]);
        let room = Room::with(&tenant, on_a_machine(&tenant, None), |sign_in| {
            sign_in.patience = Duration::ZERO;
        });
        let text = room.refusal(Audience::Graph).await;
        assert!(text.contains(wanted), "{text}");
    }
}

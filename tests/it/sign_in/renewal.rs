//! A token is renewed before it expires, whatever the way to sign in.

use std::time::Duration;

use linktrail::http::{IdentityService, SignInMethod};
use linktrail::journal::Audience;
use tenant_sim::{Action, DeviceCodes, Fault, Options, Service, Tenant};

use super::azure_cli::Az;
use super::{
    Room, SUBJECT, asked, client_certificate, client_secret, device_code, registered, tenant,
    workload_identity,
};

/// Tokens that are fresh for a second: they are renewed five minutes before they expire.
fn short_lived() -> Tenant {
    tenant(Options {
        token_lifetime: 302,
        federated_subject: Some(SUBJECT),
        device_codes: DeviceCodes {
            pending: 0,
            ..DeviceCodes::default()
        },
        ..registered()
    })
}

fn managed_identity(tenant: &Tenant) -> SignInMethod {
    let address = tenant.endpoint(Service::InstanceMetadata);
    SignInMethod::ManagedIdentity {
        client_id: None,
        service: IdentityService::InstanceMetadata(address.parse().unwrap()),
    }
}

#[tokio::test]
async fn every_token_is_renewed_before_it_expires() {
    let tenant = short_lived();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, tenant.federated_token(SUBJECT, 3600)).unwrap();
    let az = Az::of(&tenant, 302);
    for (method, first) in [
        // The Azure CLI gives what it got at the beginning.
        (az.method(), 1),
        (client_secret(&tenant), 1),
        (client_certificate(&tenant), 1),
        (workload_identity(&tenant, file), 1),
        // Instance metadata is looked for first.
        (managed_identity(&tenant), 2),
        // A code, and the question whether it was entered.
        (device_code(&tenant), 2),
    ] {
        let shown = format!("{method:?}");
        let room = Room::new(&tenant, method);
        room.enter(Audience::Graph).await;
        room.enter(Audience::Graph).await;
        assert_eq!(room.sent(), first, "{shown}");
        tokio::time::sleep(Duration::from_millis(2500)).await;
        room.enter(Audience::Graph).await;
        assert_eq!(room.sent(), first + 1, "{shown}");
    }
    assert_eq!(asked(&tenant, "/devicecode"), 1);
    assert_eq!(asked(&tenant, "grant_type=refresh_token"), 1);
    tenant.assert_clean();
}

#[tokio::test]
async fn a_renewal_that_fails_disturbs_nobody_while_the_token_is_good() {
    let tenant = short_lived();
    for (method, action) in [
        (client_secret(&tenant), Action::status(503)),
        (
            client_certificate(&tenant),
            Action::aadsts(400, 53003, "Blocked."),
        ),
        (device_code(&tenant), Action::Drop),
        (device_code(&tenant), Action::aadsts(400, 700_082, "Over.")),
    ] {
        tenant.clear_script();
        let room = Room::new(&tenant, method);
        room.enter(Audience::Graph).await;
        let (sent, codes) = (room.sent(), asked(&tenant, "/devicecode"));
        tokio::time::sleep(Duration::from_millis(2500)).await;
        tenant.script([Fault::on(Service::Login, "", action).always()]);
        for _ in 0..3 {
            room.enter(Audience::Graph).await;
        }
        assert_eq!(room.sent(), sent + 1);
        // No person is asked before it is necessary.
        assert_eq!(asked(&tenant, "/devicecode"), codes);
    }
}

#[tokio::test]
async fn refresh_tokens_are_replaced_by_newer_ones() {
    let tenant = short_lived();
    let room = Room::new(&tenant, device_code(&tenant));
    for _ in 0..3 {
        room.enter(Audience::Graph).await;
        room.enter(Audience::LogAnalytics).await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
    }
    assert_eq!(asked(&tenant, "/devicecode"), 1);
    assert_eq!(asked(&tenant, "grant_type=refresh_token"), 5);
    // The tenant counts the use of a replaced one as a violation.
    tenant.assert_clean();
}

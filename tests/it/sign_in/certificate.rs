use linktrail::http::SignInMethod;
use linktrail::journal::Audience;
use tenant_sim::{Options, Registered, Service};

use super::{Room, asked, client_certificate, fixture, registered, tenant};

#[tokio::test]
async fn the_assertion_is_accepted_and_each_is_used_once() {
    let tenant = tenant(registered());
    let room = Room::new(&tenant, client_certificate(&tenant));
    for audience in [Audience::Graph, Audience::LogAnalytics, Audience::Graph] {
        assert!(!room.enter(audience).await.is_empty());
    }
    assert_eq!(room.sent(), 2);
    assert_eq!(asked(&tenant, "client_secret"), 0);
    tenant.assert_clean();
}

#[tokio::test]
async fn the_assertion_is_for_entra_whatever_address_is_configured() {
    let tenant = tenant(registered());
    let method = client_certificate(&tenant);
    // An authority of another cloud is in the assertion, and Entra refuses that.
    let room = Room::with(&tenant, method, |sign_in| {
        sign_in.authority = "https://login.microsoftonline.us";
    });
    let text = room.refusal(Audience::Graph).await;
    assert!(text.contains("AADSTS50027"), "{text}");
    let violations = tenant.violations();
    assert!(
        violations[0].contains("login.microsoftonline.us"),
        "{violations:?}"
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_registered_is_refused() {
    let tenant = tenant(Options::default());
    let room = Room::new(&tenant, client_certificate(&tenant));
    for _ in 0..2 {
        let text = room.refusal(Audience::Graph).await;
        assert!(
            text.starts_with("sign-in to Entra failed: the certificate is not registered at the application; upload it under Certificates & secrets"),
            "{text}"
        );
        assert!(
            text.contains("ljlyDtl4q0__O9Qon_hAwJ7SrNcMYc68IXCwSLbTMZw"),
            "{text}"
        );
    }
    assert_eq!(room.sent(), 1);
    tenant.assert_clean();
}

#[tokio::test]
async fn the_simulated_entra_verifies_signatures() {
    let tenant = tenant(Options {
        certificates: vec![Registered {
            certificate: fixture("rsa.crt.pem"),
            public_key: another_public_key(),
        }],
        ..Options::default()
    });
    let room = Room::new(&tenant, client_certificate(&tenant));
    let text = room.refusal(Audience::Graph).await;
    assert!(text.contains("AADSTS700027"), "{text}");
    assert_eq!(tenant.violations().len(), 1);
}

/// A public key that is no key of the certificate.
fn another_public_key() -> String {
    fixture("other.pub.pem")
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_said() {
    let tenant = tenant(Options {
        clock_ahead: 3600,
        ..registered()
    });
    let room = Room::new(&tenant, client_certificate(&tenant));
    let text = room.refusal(Audience::Graph).await;
    assert!(
        text.contains("the assertion is outside its time; check the clock of this machine; this machine says 20"),
        "{text}"
    );
    assert!(text.contains("AADSTS700024"), "{text}");
}

#[tokio::test]
async fn what_entra_says_about_an_application_has_its_advice() {
    use tenant_sim::{Action, Fault};
    for (status, code, advice) in [
        (400, 700_016, "there is no such application in the tenant"),
        (400, 7_000_112, "the application is disabled in the tenant"),
        (401, 700_025, "use method = \"device-code\""),
        (401, 700_030, "Entra cannot use the certificate"),
        (
            400,
            90002,
            "there is no such tenant; check [tenant] id and cloud",
        ),
        (400, 53003, "ask for an exception for the application"),
        (
            400,
            500_011,
            "the tenant has no such service; check [tenant] cloud",
        ),
        (
            400,
            650_057,
            "the application is not registered for this service",
        ),
        (400, 65001, "an administrator does so under API permissions"),
    ] {
        let tenant = tenant(registered());
        let answer = Action::aadsts(status, code, "Words of Entra.");
        tenant.script([Fault::on(Service::Login, "token", answer).always()]);
        let room = Room::new(&tenant, client_certificate(&tenant));
        let text = room.refusal(Audience::Graph).await;
        assert!(text.contains(advice), "{code}: {text}");
        let words = format!("(AADSTS{code}: Words of Entra.)");
        assert!(text.ends_with(&words), "{text}");
        assert_eq!(room.sent(), 1);
    }
}

#[tokio::test]
async fn an_unknown_application_is_said_with_its_key() {
    let tenant = tenant(registered());
    let SignInMethod::ClientCertificate { certificate, .. } = client_certificate(&tenant) else {
        unreachable!();
    };
    let method = SignInMethod::ClientCertificate {
        client_id: "somebody".to_owned(),
        certificate,
    };
    let text = Room::new(&tenant, method).refusal(Audience::Graph).await;
    assert!(
        text.contains("check [auth] client_id and [tenant] id"),
        "{text}"
    );
}

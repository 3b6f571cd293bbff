use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use linktrail::journal::Audience;
use tenant_sim::{Action, DeviceCodes, Fault, Options, Service, Tenant, World};

use super::{FOR_GRAPH, FOR_LOGS, Room, asked, device_code, tenant};
use crate::run::Lab;

fn people(device_codes: DeviceCodes) -> Tenant {
    tenant(Options {
        device_codes,
        ..Options::default()
    })
}

/// How often the code was asked about.
fn polls(tenant: &Tenant) -> usize {
    asked(tenant, "device_code%3Agrant").max(asked(tenant, "grant-type%3Adevice_code"))
}

#[tokio::test]
async fn one_code_serves_both_audiences_and_all_who_wait() {
    let tenant = people(DeviceCodes::default());
    let room = Room::new(&tenant, device_code(&tenant));
    let audiences = [Audience::Graph, Audience::LogAnalytics];
    let all = (0..10).map(|n| room.client().permissions(audiences[n % 2]));
    let all = futures::future::join_all(all).await;
    for permissions in all {
        let permissions = permissions.unwrap();
        assert!(permissions.is_delegated());
        assert_eq!(permissions.user(), Some(upn(&tenant).as_str()));
    }
    assert_eq!(asked(&tenant, "/devicecode"), 1);
    assert_eq!(asked(&tenant, "grant_type=refresh_token"), 1);
    // One answer was "pending".
    assert_eq!(polls(&tenant), 2);
    tenant.assert_clean();
}

fn upn(tenant: &Tenant) -> String {
    let people = &tenant.world().users;
    let first = people
        .iter()
        .find(|user| user.in_directory() && !user.upn.contains("#EXT#"))
        .unwrap();
    first.upn.clone()
}

#[tokio::test]
async fn slow_down_is_obeyed_and_a_broken_connection_doubles_the_pause() {
    let tenant = people(DeviceCodes {
        pending: 0,
        slow_down_at: Some(1),
        ..DeviceCodes::default()
    });
    let room = Room::new(&tenant, device_code(&tenant));
    let begun = Instant::now();
    room.enter(Audience::Graph).await;
    // A second, and then a second and five.
    assert!(
        begun.elapsed() >= Duration::from_secs(7),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(polls(&tenant), 2);
    tenant.assert_clean();

    for trouble in [Action::Drop, Action::status(503), Action::Html] {
        let tenant = people(DeviceCodes {
            pending: 0,
            ..DeviceCodes::default()
        });
        let poll = "grant-type%3Adevice_code";
        tenant.script([Fault::on(Service::Login, poll, trouble)]);
        let room = Room::new(&tenant, device_code(&tenant));
        let begun = Instant::now();
        room.enter(Audience::Graph).await;
        assert!(
            begun.elapsed() >= Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(asked(&tenant, "/devicecode"), 1);
    }
}

#[tokio::test]
async fn what_a_person_or_the_tenant_refuses_ends_it_for_every_audience() {
    for (word, code, wanted) in [
        (
            "authorization_declined",
            70000,
            "the sign-in was declined in the browser; run the same command again, and accept",
        ),
        (
            "access_denied",
            65004,
            "the sign-in was declined in the browser",
        ),
        (
            "expired_token",
            70019,
            "nobody signed in within 15 minutes, for which the code was good; run the same command again. When the browser showed that it is blocked",
        ),
        (
            "invalid_grant",
            53003,
            "conditional access forbids it, and many tenants forbid device codes altogether; use method = \"azure-cli\"",
        ),
        (
            "invalid_grant",
            53000,
            "conditional access wants a device or an app that a device code cannot show",
        ),
        (
            "interaction_required",
            50076,
            "the tenant wants multi-factor authentication; run the same command again",
        ),
        ("bad_verification_code", 70018, "AADSTS70018"),
    ] {
        let tenant = people(DeviceCodes {
            refused: Some((word, code)),
            pending: 0,
            ..DeviceCodes::default()
        });
        let room = Room::new(&tenant, device_code(&tenant));
        for audience in [Audience::Graph, Audience::LogAnalytics] {
            let text = room.refusal(audience).await;
            assert!(text.starts_with("sign-in to Entra failed: "), "{text}");
            assert!(text.contains(wanted), "{word}: {text}");
        }
        // Nobody is shown a second code.
        assert_eq!(asked(&tenant, "/devicecode"), 1, "{word}");
        tenant.assert_clean();
    }
}

#[tokio::test]
async fn a_code_that_nobody_enters_ends_with_its_time() {
    let tenant = people(DeviceCodes {
        pending: 100,
        expires_in: 3,
        ..DeviceCodes::default()
    });
    let room = Room::new(&tenant, device_code(&tenant));
    let begun = Instant::now();
    let text = room.refusal(Audience::Graph).await;
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    assert!(text.contains("nobody signed in within 3 s,"), "{text}");
    tenant.assert_clean();
}

#[tokio::test]
async fn an_application_that_is_not_made_for_it_is_said() {
    let tenant = people(DeviceCodes {
        public_client: false,
        ..DeviceCodes::default()
    });
    let text = Room::new(&tenant, device_code(&tenant))
        .refusal(Audience::Graph)
        .await;
    assert!(
        text.contains("the application does not allow device codes; set \"Allow public client flows\" to Yes under Authentication of its app registration (AADSTS7000218"),
        "{text}"
    );
    let method = linktrail::http::SignInMethod::DeviceCode {
        client_id: "somebody".to_owned(),
    };
    let text = Room::new(&tenant, method).refusal(Audience::Graph).await;
    assert!(
        text.contains("check [auth] client_id and [tenant] id"),
        "{text}"
    );
}

#[tokio::test]
async fn a_service_that_the_tenant_lacks_leaves_the_other_one() {
    let tenant = people(DeviceCodes::default());
    let no_resource = Action::aadsts(400, 500_011, "No such resource.");
    tenant.script([Fault::on(Service::Login, FOR_GRAPH, no_resource).always()]);
    let room = Room::new(&tenant, device_code(&tenant));
    let text = room.refusal(Audience::Graph).await;
    assert!(text.contains("the tenant has no such service"), "{text}");
    assert_eq!(room.enter(Audience::LogAnalytics).await, ["Data.Read"]);
}

#[tokio::test]
async fn an_answer_without_a_code_is_none() {
    for (body, wanted) in [
        (
            r#"{"user_code":"A","device_code":"B","verification_uri":"http://evil.example/"}"#,
            "Entra names no address",
        ),
        (
            r#"{"user_code":"A","device_code":"B","verification_uri":"https://a@evil.example/"}"#,
            "Entra names no address",
        ),
        (
            r#"{"user_code":"","device_code":"B","verification_uri":"https://x.example/"}"#,
            "Entra answers without a code",
        ),
        (r#"{"user_code":"A"}"#, "Entra answers without a code"),
    ] {
        let tenant = people(DeviceCodes::default());
        let answer = Action::page(200, "application/json", body);
        tenant.script([Fault::on(Service::Login, "devicecode", answer).always()]);
        let text = Room::new(&tenant, device_code(&tenant))
            .refusal(Audience::Graph)
            .await;
        assert!(text.contains(wanted), "{text}");
        assert_eq!(asked(&tenant, "/devicecode"), 1);
    }
}

#[tokio::test]
async fn a_session_that_is_over_asks_the_person_again() {
    for code in [700_082, 50173, 70043, 50078] {
        let tenant = tenant(Options {
            device_codes: DeviceCodes {
                pending: 0,
                ..DeviceCodes::default()
            },
            ..Options::default()
        });
        let room = Room::new(&tenant, device_code(&tenant));
        room.enter(Audience::Graph).await;
        tenant.end_sessions(code);
        room.enter(Audience::LogAnalytics).await;
        assert_eq!(asked(&tenant, "/devicecode"), 2, "{code}");
        tenant.assert_clean();
    }
}

/// A tenant whose tokens are fresh for a second and good for five minutes.
fn short_lived(pending: usize) -> Tenant {
    tenant(Options {
        token_lifetime: 302,
        device_codes: DeviceCodes {
            pending,
            ..DeviceCodes::default()
        },
        ..Options::default()
    })
}

#[tokio::test]
async fn what_one_service_refuses_does_not_end_the_session_for_the_other() {
    let tenant = short_lived(0);
    let room = Room::new(&tenant, device_code(&tenant));
    room.enter(Audience::Graph).await;
    // Log Analytics wants the person anew, who declines.
    let again = Action::aadsts(400, 50076, "Use multi-factor authentication.");
    let declined = Action::aadsts(400, 65004, "Declined.");
    let poll = "grant-type%3Adevice_code";
    tenant.script([
        Fault::on(Service::Login, FOR_LOGS, again).times(1),
        Fault::on(Service::Login, poll, declined).always(),
    ]);
    let text = room.refusal(Audience::LogAnalytics).await;
    assert!(text.contains("Declined."), "{text}");
    assert_eq!(asked(&tenant, "/devicecode"), 2);
    tenant.clear_script();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let sent = room.sent();
    room.enter(Audience::Graph).await;
    // The token was renewed, and is fresh again.
    room.enter(Audience::Graph).await;
    assert_eq!(room.sent(), sent + 1);
    assert_eq!(asked(&tenant, "grant_type=refresh_token"), 2);
    assert_eq!(asked(&tenant, "/devicecode"), 2);
    tenant.assert_clean();
}

#[tokio::test]
async fn whoever_has_a_good_token_does_not_wait_for_a_person() {
    let tenant = short_lived(2);
    let room = Room::new(&tenant, device_code(&tenant));
    room.enter(Audience::Graph).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    tenant.end_sessions(700_082);
    let prompted = room.enter(Audience::LogAnalytics);
    let renewed = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begun = Instant::now();
        room.enter(Audience::Graph).await;
        begun.elapsed()
    };
    let begun = Instant::now();
    let (_, took) = tokio::join!(prompted, renewed);
    assert!(took < Duration::from_secs(1), "{took:?}");
    // The person took longer.
    let whole = begun.elapsed();
    assert!(whole >= Duration::from_secs(3), "{whole:?}");
    tenant.assert_clean();
}

/// A load that waits for a code.
fn waiting(lab: &Lab) -> (Child, BufReader<std::process::ChildStderr>, String) {
    lab.edit_config(|config| config.replace("client-secret", "device-code"));
    let mut command = lab.load_command(&lab.case("case"), &[]);
    let mut child = command
        .env_remove("LINKTRAIL_CLIENT_SECRET")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut read = String::new();
    while !read.contains("yourself.") {
        assert_ne!(stderr.read_line(&mut read).unwrap(), 0, "{read}");
    }
    (child, stderr, read)
}

#[test]
fn the_code_stands_on_stderr_with_what_it_is_for_and_ctrl_c_is_heard() {
    let options = Options {
        device_codes: DeviceCodes {
            pending: 1000,
            ..DeviceCodes::default()
        },
        ..Options::default()
    };
    let lab = Lab::new(World::small(), options);
    let (mut child, _stderr, read) = waiting(&lab);
    let world = lab.tenant.world();
    for part in [
        "To sign in, open https://microsoft.com/devicelogin in a browser and enter the code ABCD"
            .to_owned(),
        format!("application  {}", world.client_id),
        format!("tenant       {}", world.tenant_id),
        "asks for     https://".to_owned(),
        "The code is good for 15 minutes. Enter it only if you started linktrail yourself."
            .to_owned(),
    ] {
        assert!(read.contains(&part), "{part}: {read}");
    }
    let pid = rustix::process::Pid::from_child(&child);
    let begun = Instant::now();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

//! No secret is seen anywhere: not in the case, not in the log at `-vv`, not in an error, not among arguments.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tenant_sim::{Action, Fault, Service};

use super::asked;
use super::whole::{METHODS, Setup, complete};
use crate::run::{Ran, files, run};

/// Everything that a case folder holds, unpacked.
fn whole(folder: &Path) -> String {
    let mut text = String::new();
    for file in files(folder) {
        let bytes = std::fs::read(&file).unwrap();
        let bytes = match file.extension().is_some_and(|end| end == "zst") {
            true => zstd::stream::decode_all(bytes.as_slice()).unwrap(),
            false => bytes,
        };
        text.push_str(&file.to_string_lossy());
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    text
}

/// The secrets that came about during the run: tokens, refresh tokens, device codes, assertions.
fn made(setup: &Setup) -> Vec<String> {
    let mut secrets = Vec::new();
    let services = [
        Service::Login,
        Service::InstanceMetadata,
        Service::AppService,
    ];
    let exchanges = services.map(|service| setup.lab.tenant.requests_to(service));
    for exchange in exchanges.into_iter().flatten() {
        let answer: Value = serde_json::from_str(&exchange.answer).unwrap_or_default();
        for name in ["access_token", "refresh_token", "device_code"] {
            secrets.extend(answer[name].as_str().map(str::to_owned));
        }
        for pair in exchange.body.split('&') {
            if let Some((name, value)) = pair.split_once('=')
                && ["client_assertion", "refresh_token", "device_code"].contains(&name)
            {
                secrets.push(tenant_sim::decode(value, true).unwrap());
            }
        }
    }
    secrets
}

/// The arguments of a process, as everybody on the machine can see them. For a moment there are none.
fn arguments(pid: u32) -> String {
    let begun = Instant::now();
    loop {
        let found = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
        if !found.is_empty() || begun.elapsed() > Duration::from_secs(5) {
            return found;
        }
    }
}

fn assert_nowhere(way: &str, secrets: &[String], place: &str, text: &str) {
    for secret in secrets {
        assert!(
            secret.len() > 8,
            "{way}: {secret:?} would be found by chance"
        );
        assert!(!text.contains(secret), "{way}: {secret} is in {place}");
        // The middle part of a JWT, and its signature.
        for part in secret.split('.').filter(|part| part.len() > 16) {
            // Every token has the same header.
            let is_header = part.starts_with("eyJ") && secret.starts_with(part);
            assert!(
                is_header || !text.contains(part),
                "{way}: {part} is in {place}"
            );
        }
    }
}

#[test]
fn no_secret_is_seen_in_a_load() {
    for way in METHODS {
        let setup = Setup::new(way);
        let mut child = setup
            .command(&["-vv"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let own = arguments(child.id());
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut output = String::new();
        stdout.read_to_string(&mut output).unwrap();
        let errors = errors.join().unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(complete(way)), "{way}: {errors}");
        // There is something to look through.
        assert!(
            errors.contains("graph") && own.contains("load"),
            "{way}: {errors}"
        );

        let mut secrets = setup.secrets.clone();
        let before = secrets.len();
        secrets.extend(made(&setup));
        assert!(way == "azure-cli" || secrets.len() > before, "{way}");
        let case = whole(&setup.lab.case("case"));
        for (place, text) in [
            ("the arguments", &own),
            ("stdout", &output),
            ("stderr", &errors),
            ("the case", &case),
        ] {
            assert_nowhere(way, &secrets, place, text);
        }
        if way == "azure-cli" {
            let az = &setup.az;
            assert!(
                az.wrote("parent").contains("linktrail"),
                "{}",
                az.wrote("parent")
            );
            let seen = az.wrote("own") + &az.wrote("parent") + &az.wrote("env");
            assert_nowhere(way, &secrets, "the process of az", &seen);
            assert!(
                !az.wrote("env").contains("LINKTRAIL_"),
                "{}",
                az.wrote("env")
            );
        }
        if way == "device-code" {
            assert!(errors.contains("enter the code ABCD"), "{errors}");
        }
    }
}

/// A service that repeats in its error what it was sent.
fn repeating(secrets: &[String]) -> Action {
    let text = format!("You sent {} to us.", secrets.join(" and "));
    let body = serde_json::json!({
        "error": "invalid_request", "error_description": text, "message": text,
    });
    Action::page(400, "application/json", &body.to_string())
}

#[test]
fn no_secret_is_seen_in_an_error() {
    for way in METHODS {
        let setup = Setup::new(way);
        let (service, pattern) = match way {
            "managed-identity" => (Service::InstanceMetadata, "api-version"),
            "app-service" => (Service::AppService, ""),
            _ => (Service::Login, "token"),
        };
        // The key of a certificate and its password are not sent.
        let sent = match way {
            "client-certificate" => &[],
            _ => setup.secrets.as_slice(),
        };
        let action = repeating(sent);
        setup
            .lab
            .tenant
            .script([Fault::on(service, pattern, action).always()]);
        if way == "azure-cli" {
            setup.az.write("graph.json", "");
            setup.az.write("logs.json", &setup.secrets.join(" "));
        }
        let ran: Ran = run(&mut setup.command(&["-vv"]));
        assert_eq!(ran.code, Some(1), "{way}: {ran:#?}");
        let mut secrets = setup.secrets.clone();
        secrets.extend(made(&setup));
        assert_nowhere(way, &secrets, "stderr", &ran.stderr);
        assert_nowhere(way, &secrets, "stdout", &ran.stdout);
        assert_nowhere(way, &secrets, "the case", &whole(&setup.lab.case("case")));
        assert!(ran.stderr.contains("failed: "), "{way}: {ran:#?}");
    }
}

#[test]
fn a_device_code_that_entra_repeats_is_not_seen() {
    let setup = Setup::new("device-code");
    // The code is not known before, so the whole request is repeated by a name that its text has.
    let text = "MARKED-device-code-0 MARKED-device-code-1 MARKED-device-code-2";
    let action = Action::aadsts(400, 50199, text);
    let poll = "grant-type%3Adevice_code";
    setup
        .lab
        .tenant
        .script([Fault::on(Service::Login, poll, action).always()]);
    let begun = Instant::now();
    let ran = run(&mut setup.command(&["-vv"]));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    let code = &made(&setup)[0];
    assert!(text.contains(code.as_str()), "{code}");
    assert!(
        ran.stderr.contains("AADSTS50199") && !ran.stderr.contains(code),
        "{ran:#?}"
    );
    assert_eq!(asked(&setup.lab.tenant, "/devicecode"), 1);
}

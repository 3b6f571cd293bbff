//! The providers of threat intelligence: their keys, quotas and addresses.

use serde_json::json;
use tenant_sim::{Action, Fault, Service};

use super::{check, found, lab, line, wrong};
use crate::run::{Lab, run};

/// A provider, its service, and the variables of its key.
const PROVIDERS: [(&str, Service, &[&str]); 4] = [
    ("otx", Service::Otx, &["LINKTRAIL_OTX_KEY"]),
    (
        "xforce",
        Service::XForce,
        &["LINKTRAIL_XFORCE_KEY", "LINKTRAIL_XFORCE_PASSWORD"],
    ),
    ("urlhaus", Service::UrlHaus, &["LINKTRAIL_URLHAUS_KEY"]),
    (
        "virustotal",
        Service::VirusTotal,
        &["LINKTRAIL_VIRUSTOTAL_KEY"],
    ),
];

fn lab_with_all() -> Lab {
    let lab = lab();
    let all = "[\"defender\", \"otx\", \"xforce\", \"urlhaus\", \"virustotal\"]";
    lab.edit_config(|config| config.replace("[\"defender\", \"otx\", \"xforce\"]", all));
    lab
}

#[test]
fn keys_and_quotas_are_told_as_the_services_tell_them() {
    let lab = lab_with_all();
    let (lines, code) = check(&lab);
    assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
    line(&lines, "provider otx").says("ok", "the key of invented.analyst", "");
    line(&lines, "provider xforce").says("ok", "the key is good; 212 of 5000 a month used", "");
    line(&lines, "provider urlhaus").says("ok", "the key is good", "");
    line(&lines, "provider virustotal").says("ok", "12 of 500 a day used", "");
    lab.tenant.assert_clean();
}

#[test]
fn a_wrong_key_is_missing() {
    for (name, _, variables) in PROVIDERS {
        for variable in variables {
            let lab = lab_with_all();
            let mut command = lab.binary();
            command
                .env(variable, "wrong")
                .args(["check", "--format", "json"]);
            let (lines, code) = found(&run(&mut command));
            let what = format!("provider {name}");
            assert_eq!(wrong(&lines), [(what.as_str(), "missing")], "{lines:#?}");
            assert_eq!(code, 3);
            line(&lines, &what).says("missing", "status 40", variable);
        }
    }
}

#[test]
fn a_quota_that_is_used_up() {
    for (name, service, _) in PROVIDERS {
        let lab = lab_with_all();
        lab.tenant
            .script([Fault::on(service, "", Action::retry_after(429, "3600")).always()]);
        let (lines, code) = check(&lab);
        let what = format!("provider {name}");
        assert_eq!(wrong(&lines), [(what.as_str(), "failed")], "{lines:#?}");
        assert_eq!(code, 3);
        line(&lines, &what).says(
            "failed",
            "too many requests",
            "wait until the quota begins anew",
        );
    }
    let lab = lab_with_all();
    let quotas = json!({"data": {"id": "x", "attributes": {"quotas": {"api_requests_daily": {"allowed": 500, "used": 500}}}}});
    let action = Action::page(200, "application/json", &quotas.to_string());
    lab.tenant
        .script([Fault::on(Service::VirusTotal, "users/current", action).always()]);
    let (lines, _) = check(&lab);
    line(&lines, "provider virustotal").says(
        "failed",
        "500 of 500 requests a day are used up",
        "take `virustotal` out",
    );
}

#[test]
fn a_wrong_address() {
    for (name, service, _) in PROVIDERS {
        // Nothing listens on port 1.
        let lab = lab_with_all();
        let address = lab.tenant.endpoint(service).to_owned();
        lab.edit_config(|config| config.replace(&address, "https://127.0.0.1:1"));
        let (lines, code) = check(&lab);
        let what = format!("provider {name}");
        assert_eq!(wrong(&lines), [(what.as_str(), "failed")], "{lines:#?}");
        assert_eq!(code, 3);
        line(&lines, &what).says("failed", "cannot connect", &format!("[endpoints] {name}"));
    }
}

/// Whoever answers in the place of a provider is not the provider.
#[test]
fn a_page_is_no_answer() {
    for (name, service, _) in PROVIDERS {
        let lab = lab_with_all();
        lab.tenant
            .script([Fault::on(service, "", Action::Html).always()]);
        let (lines, _) = check(&lab);
        line(&lines, &format!("provider {name}")).says("failed", "instead of JSON", "");
    }
    for (name, service, _) in PROVIDERS {
        let lab = lab_with_all();
        let action = Action::page(404, "text/html", "<html>");
        lab.tenant.script([Fault::on(service, "", action).always()]);
        let (lines, _) = check(&lab);
        line(&lines, &format!("provider {name}")).says("failed", "is the address right", "");
    }
}

/// Some subscriptions of X-Force do not offer the call about the key, and others may not: then a look-up tells.
#[test]
fn a_service_without_a_call_about_the_key_is_asked_about_a_url() {
    for (name, service, call) in [
        ("otx", Service::Otx, "users/me"),
        ("xforce", Service::XForce, "all-subscriptions"),
        ("virustotal", Service::VirusTotal, "users/current"),
    ] {
        let lab = lab_with_all();
        let action = Action::page(404, "application/json", "{\"error\":\"Not found.\"}");
        lab.tenant
            .script([Fault::on(service, call, action).always()]);
        let (lines, code) = check(&lab);
        assert_eq!(code, 0, "{lines:#?}");
        // A look-up of OTX succeeds with a wrong key too.
        let (state, words) = match name {
            "otx" => ("skipped", "it does not tell whether the key is good"),
            _ => ("ok", "the key is good"),
        };
        line(&lines, &format!("provider {name}")).says(state, words, "");
        assert_eq!(lab.tenant.received(service), 2);
    }
}

/// What is sent to a provider with a quota is counted, and that is said. When it is used up nothing is sent.
#[test]
fn a_request_of_a_check_is_counted() {
    let lab = lab();
    lab.edit_config(|config| {
        config.replace(
            "[\"defender\", \"otx\", \"xforce\"]",
            "[\"virustotal\"]\nlimits = [\"virustotal 2/day\"]",
        )
    });
    for left in [1, 0] {
        let (lines, code) = check(&lab);
        assert_eq!(code, 0, "{lines:#?}");
        let counted = format!("linktrail counts {left} left of 2 a day, after 1 for this check");
        line(&lines, "provider virustotal").says("ok", &counted, "");
    }
    let (lines, code) = check(&lab);
    assert_eq!(code, 3);
    line(&lines, "provider virustotal").says(
        "failed",
        "by linktrail's count all 2 requests of this day (UTC) are used up; nothing was sent",
        "",
    );
    assert_eq!(lab.tenant.received(Service::VirusTotal), 2);
}

#[test]
fn lists_are_read() {
    let lab = lab();
    std::fs::write(lab.folder().join("good.txt"), "https://evil.example/a\n").unwrap();
    std::fs::write(
        lab.folder().join("bad.csv"),
        "url\nhttps://evil.example/a\n:::\n",
    )
    .unwrap();
    let with = |names: &str| {
        lab.edit_config(|config| {
            let start = config.find("providers = ").unwrap();
            let end = config.find("patience = ").unwrap();
            format!(
                "{}providers = [\"file\"]\nfile = {names}\n{}",
                &config[..start],
                &config[end..]
            )
        });
        check(&lab)
    };
    let (lines, code) = with("[\"good.txt\"]");
    assert_eq!(code, 0, "{lines:#?}");
    line(&lines, "provider file").says("ok", "1 list", "");
    let (lines, code) = with("[\"good.txt\", \"bad.csv\"]");
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "provider file").says("failed", "bad.csv", "mend these lines");
}

#[test]
fn a_hostile_name_is_cleaned() {
    let lab = lab();
    let action = Action::page(
        200,
        "application/json",
        "{\"username\":\"\\u001b[31mroot\\u202e\\n\"}",
    );
    lab.tenant
        .script([Fault::on(Service::Otx, "users/me", action).always()]);
    let (lines, _) = check(&lab);
    line(&lines, "provider otx").says("ok", "the key of [31mroot", "");
}

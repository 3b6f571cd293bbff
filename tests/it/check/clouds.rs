//! What differs between Microsoft's clouds, said before a load.

use tenant_sim::{Cloud, Options, Service};

use super::{check, lab_with, line, wrong};

#[test]
fn what_a_cloud_does_not_serve_is_said_and_is_no_gap() {
    for (cloud, what) in [
        (Cloud::Usgov, "cloud usgov"),
        (Cloud::UsgovDod, "cloud usgov-dod"),
    ] {
        let lab = lab_with(Options {
            cloud,
            ..Options::default()
        });
        let (lines, code) = check(&lab);
        assert_eq!(
            (wrong(&lines), code),
            (vec![(what, "absent")], 0),
            "{lines:#?}"
        );
        for text in ["shared channels", "$orderby", "chats of meetings"] {
            line(&lines, what).says("absent", text, "");
        }
        lab.tenant.assert_clean();
    }
    for (cloud, note) in [
        (Cloud::Public, ""),
        (Cloud::Gcc, "of GCC, where chats are read unsorted"),
    ] {
        let lab = lab_with(Options {
            cloud,
            ..Options::default()
        });
        let (lines, code) = check(&lab);
        assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
        line(&lines, "sign-in tenant").says("ok", note, "");
    }
}

#[test]
fn a_tenant_of_another_cloud_than_the_configured_one() {
    let lab = lab_with(Options {
        cloud: Cloud::Usgov,
        ..Options::default()
    });
    lab.edit_config(|config| config.replacen("cloud = \"usgov\"", "cloud = \"public\"", 1));
    let (lines, code) = check(&lab);
    assert_eq!(code, 1, "{lines:#?}");
    line(&lines, "sign-in tenant").says(
        "failed",
        "its Graph is graph.microsoft.us, and the configuration's is graph.microsoft.com",
        "set [tenant] cloud to usgov",
    );
}

/// A cloud without a Teams API is one clear refusal, and nobody is asked.
#[test]
fn china_is_refused() {
    let lab = lab_with(Options::default());
    lab.edit_config(|config| config.replacen("cloud = \"public\"", "cloud = \"china\"", 1));
    let (lines, code) = check(&lab);
    assert_eq!(code, 2, "{lines:#?}");
    line(&lines, "configuration").says("failed", "Microsoft Graph has no Teams API there", "");
    line(&lines, "sign-in graph").says("skipped", "", "");
    assert_eq!(lab.tenant.received(Service::Login), 0);
}

#[test]
fn domains_that_are_missing_are_an_error_as_of_a_load() {
    let lab = lab_with(Options::default());
    lab.edit_config(|config| {
        let lines = config
            .lines()
            .filter(|line| !line.starts_with("internal_domains"));
        lines.map(|line| format!("{line}\n")).collect()
    });
    let (lines, code) = check(&lab);
    assert_eq!(code, 2, "{lines:#?}");
    line(&lines, "configuration").says("failed", "set internal_domains = ", "");
    line(&lines, "permission Chat.Read.All").says("ok", "", "");
}

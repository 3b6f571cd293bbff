//! Sign-in to Entra.

use tenant_sim::{Action, Fault, Holder, Options, Service, World};

use super::{check, lab, line, wrong};
use crate::sign_in::whole::{METHODS, Setup, complete, options};

const OF_OTHERS: &str = "permission of other people";

/// Entra refuses the tokens for a resource whose name holds this text.
fn refuse(resource: &str, number: u32, words: &str) -> Fault {
    let action = Action::aadsts(400, number, words);
    Fault::on(Service::Login, &format!("token\n.*{resource}"), action).always()
}

#[test]
fn one_audience_is_refused() {
    let lab = lab();
    lab.tenant.script([refuse(
        "loganalytics",
        650_052,
        "The app needs access to a service.",
    )]);
    let (lines, code) = check(&lab);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "sign-in log analytics").says(
        "failed",
        "AADSTS650052",
        "az ad sp create --id ca7f3f0b-7d91-482c-8e09-c5d840d0eac5",
    );
    line(&lines, "table DeviceEvents").says("skipped", "there is no token for it", "");
    line(&lines, "permission Chat.Read.All").says("ok", "", "");
    let other = super::lab();
    other.tenant.script([refuse(
        "graph",
        500_011,
        "The resource principal was not found.",
    )]);
    let (lines, code) = check(&other);
    assert_eq!(code, 3, "{lines:#?}");
    line(&lines, "sign-in graph").says("failed", "AADSTS500011", "");
    line(&lines, "permission Chat.Read.All").says("skipped", "there is no token for it", "");
    line(&lines, "table DeviceEvents").says("ok", "", "");
}

#[test]
fn both_audiences_are_refused() {
    let lab = lab();
    lab.edit_config(|config| {
        config
            .replace("[intel]", "[intel]\npatience = \"1s\"")
            .replacen("patience = \"5s\"\n", "", 1)
    });
    let ran = crate::run::run(
        lab.binary()
            .env("LINKTRAIL_CLIENT_SECRET", "of-another-application")
            .args(["check", "--format", "json"]),
    );
    let (lines, code) = super::found(&ran);
    assert_eq!(code, 1, "{lines:#?}");
    for what in ["sign-in graph", "sign-in log analytics"] {
        line(&lines, what).says("failed", "the client secret is wrong", "");
    }
    // Who can be asked without signing in is asked all the same.
    line(&lines, "sign-in tenant").says("ok", "", "");
    line(&lines, "provider otx").says("ok", "", "");
    line(&lines, "clock").says("ok", "", "");
}

#[test]
fn a_tenant_that_does_not_exist() {
    let lab = lab();
    let id = lab.tenant.world().tenant_id.clone();
    lab.edit_config(|config| config.replace(&id, "00000000-0000-4000-8000-00000000dead"));
    let (lines, code) = check(&lab);
    assert_eq!(code, 1, "{lines:#?}");
    line(&lines, "sign-in tenant").says(
        "failed",
        "Entra does not know 00000000-0000-4000-8000-00000000dead (HTTP 400 AADSTS90002",
        "check [tenant] id",
    );
}

#[test]
fn a_tenant_of_another_cloud() {
    let lab = lab();
    let body = r#"{"token_endpoint":"https://login.microsoftonline.us/x/oauth2/v2.0/token","msgraph_host":"graph.microsoft.us"}"#;
    let action = Action::page(200, "application/json", body);
    lab.tenant
        .script([Fault::on(Service::Login, "openid-configuration", action).always()]);
    let (lines, code) = check(&lab);
    assert_eq!(code, 1, "{lines:#?}");
    line(&lines, "sign-in tenant").says("failed", "belongs to another cloud: its Graph is graph.microsoft.us, and the configuration's is graph.microsoft.com", "set [tenant] cloud to usgov");
}

#[test]
fn entra_does_not_answer() {
    for action in [Action::Hang, Action::Drop, Action::Html] {
        let lab = lab();
        lab.tenant
            .script([Fault::on(Service::Login, "", action).always()]);
        let begun = std::time::Instant::now();
        let (lines, code) = check(&lab);
        assert!(begun.elapsed().as_secs() < 20);
        assert_eq!(code, 1, "{lines:#?}");
        line(&lines, "sign-in graph").says("failed", "", "");
        assert_eq!(line(&lines, "sign-in tenant").state, "failed");
    }
}

/// Entra says that an assertion is outside its time, as it does when the clock is wrong.
#[test]
fn an_assertion_outside_its_time_leads_to_the_clock() {
    let lab = lab();
    lab.tenant.script([refuse(
        "",
        700_024,
        "Client assertion is not within its valid time range.",
    )]);
    let (lines, code) = check(&lab);
    assert_eq!(code, 1, "{lines:#?}");
    line(&lines, "sign-in graph").says(
        "failed",
        "AADSTS700024",
        "the clock is wrong, or the token file is stale",
    );
    line(&lines, "clock").says("ok", "right to within a minute", "");
}

/// A token is fetched anew for every check.
#[test]
fn no_token_outlives_a_check() {
    let lab = lab();
    for tokens in [2, 4] {
        let (lines, _) = check(&lab);
        assert_eq!(wrong(&lines), []);
        let asked = lab.tenant.requests_to(Service::Login);
        let asked = asked
            .iter()
            .filter(|asked| asked.target.ends_with("/token"));
        assert_eq!(asked.count(), tokens);
    }
}

/// Whoever signs in, and in whatever way: the line says it, and advice is for that way.
#[test]
fn every_way_to_sign_in_is_tried() {
    for (way, words, advice) in [
        (
            "client-secret",
            "client secret, as the application ",
            "az ad app permission add",
        ),
        (
            "client-certificate",
            "client certificate, as the application ",
            "az ad app permission add",
        ),
        (
            "workload-identity",
            "workload identity, as the application ",
            "az ad app permission add",
        ),
        (
            "managed-identity",
            "managed identity, as the application ",
            "to the managed identity",
        ),
        (
            "app-service",
            "managed identity, as the application ",
            "to the managed identity",
        ),
        (
            "azure-cli",
            "Azure CLI, as ",
            "nobody can give the Azure CLI more",
        ),
        (
            "device-code",
            "device code, as ",
            "add the delegated permission Chat.Read to the application",
        ),
    ] {
        assert!(METHODS.contains(&way));
        let setup = Setup::new(way);
        super::fill_logs(&setup.lab, &super::TABLES);
        let ran = crate::run::run(&mut setup.other(&["check", "--format", "json"]));
        let (lines, code) = super::found(&ran);
        // The load of a person always has a gap.
        assert_eq!(code, complete(way), "{way}: {lines:#?}");
        for what in ["sign-in graph", "sign-in log analytics"] {
            line(&lines, what).says("ok", words, "");
            line(&lines, what).says("ok", "the token is good for", "");
        }
        line(&lines, "permission User.Read.All").says("ok", "", "");
        line(&lines, "table DeviceEvents").says("ok", "", "");
        let shown = format!("{}{}", ran.stdout, ran.stderr);
        for secret in &setup.secrets {
            assert!(!shown.contains(secret), "{way}: {shown}");
        }

        // Graph refuses what every token of the application names, and what no person's token does.
        let refused = Action::refused(403, "UnknownError", "");
        let chats = Fault::on(Service::Graph, "/chats/", refused);
        setup.lab.tenant.script([chats.always()]);
        let ran = crate::run::run(&mut setup.other(&["check", "--format", "json"]));
        let (lines, code) = super::found(&ran);
        let chats = line(&lines, "permission Chat.Read.All");
        assert_eq!(code, 3, "{way}: {lines:#?}");
        match chats.state.as_str() {
            "failed" => chats.says(
                "failed",
                "the token holds it, and Graph refuses all the same",
                "nothing is left to grant",
            ),
            _ => chats.says("missing", "the token does not hold it", advice),
        }
    }
}

/// The command that grants a permission names the application that signs in, and one that is signed in to the Azure CLI is
/// no person.
#[test]
fn the_application_that_signs_in_is_granted_what_is_missing() {
    for way in ["workload-identity", "azure-cli"] {
        let options = Options {
            withheld: vec!["Chat.Read.All"],
            ..options()
        };
        let setup = Setup::of(way, World::small(), options, Holder::Application);
        super::fill_logs(&setup.lab, &super::TABLES);
        let ran = crate::run::run(&mut setup.other(&["check", "--format", "json"]));
        let (lines, code) = super::found(&ran);
        assert_eq!(code, 3, "{way}: {lines:#?}");
        let client_id = match way {
            "azure-cli" => "CLIENT_ID",
            _ => &setup.lab.tenant.world().client_id,
        };
        line(&lines, "permission Chat.Read.All").says(
            "missing",
            "",
            &format!("grant the application Chat.Read.All in Microsoft Graph, with an administrator's consent: az ad app permission add --id {client_id} "),
        );
    }
}

/// What a person is never given is a gap of the load, so it is one of the check; whoever knows of it names it.
#[test]
fn a_person_is_told_what_only_an_application_is_given() {
    let scopes = [
        "User.ReadBasic.All",
        "Team.ReadBasic.All",
        "Channel.ReadBasic.All",
        "ChannelMessage.Read.All",
        "Chat.Read",
    ];
    let options = Options {
        scopes: scopes.to_vec(),
        ..options()
    };
    let setup = Setup::of("device-code", World::small(), options, Holder::Person);
    super::fill_logs(&setup.lab, &super::TABLES);
    let check = || {
        super::found(&crate::run::run(
            &mut setup.other(&["check", "--format", "json"]),
        ))
    };
    let (lines, code) = check();
    assert_eq!(wrong(&lines), [(OF_OTHERS, "missing")], "{lines:#?}");
    assert_eq!(code, 3);
    line(&lines, OF_OTHERS).says(
        "missing",
        "the teams and chats of other people are not read, and messages are not exported",
        "sign in as an application, as docs/sign-in.md shows",
    );
    setup
        .lab
        .edit_config(|config| format!("{config}\n[gaps]\naccepted = [\"graph\"]\n"));
    let (lines, code) = check();
    line(&lines, OF_OTHERS).says("missing", "accepted by [gaps] accepted", "");
    assert_eq!(code, 0, "{lines:#?}");
}

//! The permissions in Microsoft Graph.

use tenant_sim::{Action, Fault, Options, PERMISSIONS, Service};

use super::{check, lab, lab_with, line, wrong};

/// The application permissions by id, from Microsoft's list.
const IDS: [(&str, &str); 5] = [
    ("User.Read.All", "df021288-bdef-4463-88db-98f22de89214"),
    ("Team.ReadBasic.All", "2280dda6-0bfd-44ee-a2f4-cb867cfc4c1e"),
    (
        "Channel.ReadBasic.All",
        "59a6b24b-4225-4393-8165-ebaec5f55d7a",
    ),
    (
        "ChannelMessage.Read.All",
        "7b2449af-6ccd-4f4d-9f78-e550c193f0d1",
    ),
    ("Chat.Read.All", "6b7d71aa-70aa-4810-a8d9-5d9fb2830017"),
];

#[test]
fn each_permission_that_is_missing_is_named_with_the_command_that_grants_it() {
    for (name, id) in IDS {
        assert!(PERMISSIONS.contains(&name));
        let lab = lab_with(Options {
            withheld: vec![name],
            ..Options::default()
        });
        let (lines, code) = check(&lab);
        let what = format!("permission {name}");
        assert_eq!(wrong(&lines), [(what.as_str(), "missing")], "{lines:#?}");
        assert_eq!(code, 3, "a load would have gaps");
        let client = &lab.tenant.world().client_id;
        let grant = format!(
            "az ad app permission add --id {client} --api 00000003-0000-0000-c000-000000000000 --api-permissions {id}=Role && az ad app permission admin-consent --id {client}"
        );
        line(&lines, &what).says("missing", "without it:", &grant);
        lab.tenant.assert_clean();
    }
}

#[test]
fn who_can_do_without_chats_is_told_how() {
    let lab = lab_with(Options {
        withheld: vec!["Chat.Read.All"],
        ..Options::default()
    });
    let (lines, _) = check(&lab);
    line(&lines, "permission Chat.Read.All").says(
        "missing",
        "`load --chats-of none` reads no chats and does without it",
        "grant the application Chat.Read.All",
    );
}

#[test]
fn what_is_known_to_be_missing_is_no_gap() {
    let lab = lab_with(Options {
        withheld: vec!["Team.ReadBasic.All"],
        ..Options::default()
    });
    lab.edit_config(|config| format!("{config}\n[gaps]\naccepted = [\"graph\"]\n"));
    let (lines, code) = check(&lab);
    assert_eq!(code, 0, "{lines:#?}");
    line(&lines, "permission Team.ReadBasic.All").says("missing", "accepted by [gaps]", "");
}

/// As in a load, only what is not permitted or not licensed can be accepted: a refusal without a reason, and a failure, cannot.
#[test]
fn what_a_load_does_not_accept_a_check_does_not() {
    for (status, code, message, expected) in [
        (403, "UnknownError", "", 3),
        (503, "ServiceUnavailable", "x", 3),
        (402, "PaymentRequired", "Evaluation capacity.", 0),
        (
            403,
            "Forbidden",
            "Missing role permissions on the request. API requires one of 'ChannelMessage.Read.All'. Roles on the request 'x'.",
            0,
        ),
    ] {
        let lab = lab();
        let body = serde_json::json!({"error": {"code": code, "message": message}});
        let action = Action::page(status, "application/json", &body.to_string());
        let fault = Fault::on(Service::Graph, "/channels/.*/messages", action);
        lab.tenant.script([fault.always()]);
        lab.edit_config(|config| format!("{config}\n[gaps]\naccepted = [\"graph\"]\n"));
        let (lines, exit) = check(&lab);
        assert_eq!(exit, expected, "{code}: {lines:#?}");
    }
}

/// A token that does not show its claims, and an answer that says nothing: neither is a permission.
#[test]
fn what_nobody_tells_is_not_called_good() {
    let lab = lab_with(Options {
        opaque_tokens: true,
        ..Options::default()
    });
    let body = serde_json::json!({"error": {"code": "BadRequest", "message": "x"}});
    let action = Action::page(400, "application/json", &body.to_string());
    lab.tenant
        .script([Fault::on(Service::Graph, "/chats/", action).always()]);
    let (lines, _) = check(&lab);
    line(&lines, "permission Chat.Read.All").says("skipped", "the token does not show", "");
    line(&lines, "permission User.Read.All").says("ok", "", "");
}

/// Where Graph names no missing permission, nothing is to be granted.
#[test]
fn a_refusal_for_another_reason_is_no_missing_permission() {
    for (status, code, message) in [
        (
            403,
            "Forbidden",
            "Failed to get license information for the user. Ensure user has a valid Office365 license assigned to them.",
        ),
        (
            403,
            "AccessDenied",
            "Exception in GetUserAppDefinitionsAsync",
        ),
        (
            402,
            "PaymentRequired",
            "Evaluation capacity has been exceeded.",
        ),
        (
            401,
            "InvalidAuthenticationToken",
            "Lifetime validation failed, the token is expired.",
        ),
    ] {
        let lab = lab();
        let body = serde_json::json!({"error": {"code": code, "message": message}});
        let action = Action::page(status, "application/json", &body.to_string());
        let fault = Fault::on(Service::Graph, "/channels/.*/messages", action);
        lab.tenant.script([fault.always()]);
        let (lines, exit) = check(&lab);
        assert_eq!(exit, 3, "{lines:#?}");
        let line = line(&lines, "permission ChannelMessage.Read.All");
        line.says("failed", code, "");
        let fix = line.fix.clone().unwrap_or_default();
        assert!(!fix.contains("az ad app"), "{line:#?}");
    }
}

#[test]
fn who_answers_in_the_place_of_graph_is_not_graph() {
    for action in [
        Action::Html,
        Action::page(404, "text/html", "<html>"),
        Action::status(503),
    ] {
        let lab = lab();
        lab.tenant
            .script([Fault::on(Service::Graph, "", action.clone()).always()]);
        let (lines, code) = check(&lab);
        assert_eq!(code, 3, "{lines:#?}");
        for name in PERMISSIONS {
            let line = line(&lines, &format!("permission {name}"));
            assert_eq!(line.state, "failed", "{action:?} {line:#?}");
        }
    }
}

/// One failure that passes is not told.
#[test]
fn a_service_that_stumbles_once_is_asked_again() {
    let lab = lab();
    let stumble = |action| Fault::on(Service::Graph, "/v1.0/teams/", action);
    lab.tenant
        .script([stumble(Action::status(503)), stumble(Action::Drop).at(2)]);
    let (lines, code) = check(&lab);
    assert_eq!((wrong(&lines), code), (vec![], 0), "{lines:#?}");
}

#[test]
fn a_tenant_that_gives_nothing_cannot_be_loaded() {
    let lab = lab_with(Options {
        withheld: PERMISSIONS.to_vec(),
        no_workspace_access: true,
        ..Options::default()
    });
    lab.tenant.clear_script();
    let (lines, code) = check(&lab);
    assert_eq!(code, 1, "{lines:#?}");
}

#[test]
fn a_hostile_text_of_graph_is_cleaned() {
    let lab = lab();
    let body = "{\"error\":{\"code\":\"Forbidden\",\"message\":\"\\u001b[2J\\u202e\\nAccess is blocked \\\"x\\\"\"}}";
    let action = Action::page(403, "application/json", body);
    lab.tenant
        .script([Fault::on(Service::Graph, "", action).always()]);
    // `json` looks for harmful characters.
    let (lines, _) = check(&lab);
    line(&lines, "permission Chat.Read.All").says("failed", "[2J Access is blocked 'x'", "");
    let text = crate::run::run(lab.binary().args(["check", "--color", "never"]));
    let is_unsafe = |c: char| c != '\n' && linktrail::terminal::is_unsafe(c);
    assert!(!text.stdout.contains(is_unsafe), "{text:#?}");
}

use std::fs;
use std::path::PathBuf;

use linktrail::journal::Audience;
use tempfile::TempDir;
use tenant_sim::{Options, Tenant};

use super::{Room, SUBJECT, asked, tenant, workload_identity};

fn trusting() -> Tenant {
    tenant(Options {
        federated_subject: Some(SUBJECT),
        ..Options::default()
    })
}

/// A file with this text.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[tokio::test]
async fn the_file_is_read_again_for_every_token() {
    let tenant = trusting();
    let first = tenant.federated_token(SUBJECT, 3600);
    let (_folder, path) = file(&format!("{first}\n"));
    let room = Room::new(&tenant, workload_identity(&tenant, path.clone()));
    assert!(!room.enter(Audience::Graph).await.is_empty());
    let second = tenant.federated_token(SUBJECT, 3600);
    fs::write(&path, &second).unwrap();
    assert_eq!(room.enter(Audience::LogAnalytics).await, ["Data.Read"]);
    assert_eq!((asked(&tenant, &first), asked(&tenant, &second)), (1, 1));
    tenant.assert_clean();
}

#[tokio::test]
async fn a_token_that_does_not_fit_is_refused_with_what_to_compare() {
    let tenant = trusting();
    for (token, wanted) in [
        (
            tenant.federated_token("system:serviceaccount:ns:other", 3600),
            "no federated credential of the application fits the token; compare issuer, subject and audience under Certificates & secrets, Federated credentials (AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:ns:other'.)",
        ),
        (
            tenant.federated_token(SUBJECT, -1),
            "check what renews the file in AZURE_FEDERATED_TOKEN_FILE",
        ),
        (
            "eyJhbGciOiJub25lIn0.e30.x".to_owned(),
            "Entra cannot use the federated token; check what writes the file in AZURE_FEDERATED_TOKEN_FILE",
        ),
    ] {
        let (_folder, path) = file(&token);
        let room = Room::new(&tenant, workload_identity(&tenant, path));
        let text = room.refusal(Audience::Graph).await;
        assert!(text.contains(wanted), "{text}");
        assert!(!text.contains(&token), "{text}");
    }
}

#[tokio::test]
async fn a_file_without_a_token_is_said_without_what_it_holds() {
    let tenant = trusting();
    for (content, wanted) in [
        (" \n", "which is empty; check what writes the token into it"),
        ("two words", "which holds something else than a token"),
        ("caf\u{e9}", "which holds something else than a token"),
        (&"x".repeat(70_000), "which is too long for a token"),
    ] {
        let (_folder, path) = file(content);
        let room = Room::new(&tenant, workload_identity(&tenant, path.clone()));
        let text = room.refusal(Audience::Graph).await;
        assert!(text.contains(wanted), "{text}");
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(!text.contains("two words") && text.len() < 300, "{text}");
    }
    let (folder, path) = file("");
    let pipe = folder.path().join("pipe");
    super::pipe(&pipe);
    let room = Room::new(&tenant, workload_identity(&tenant, pipe));
    let text = room.refusal(Audience::Graph).await;
    let wanted = "/pipe, which cannot be read: it is no regular file";
    assert!(text.ends_with(wanted), "{text}");
    fs::write(&path, b"\xff\xfe").unwrap();
    let room = Room::new(&tenant, workload_identity(&tenant, path));
    let text = room.refusal(Audience::Graph).await;
    assert!(
        text.ends_with("which holds something else than a token"),
        "{text}"
    );
    let nowhere = PathBuf::from("/nowhere/token");
    let room = Room::new(&tenant, workload_identity(&tenant, nowhere));
    let text = room.refusal(Audience::Graph).await;
    assert!(
        text.starts_with("sign-in to Entra failed: AZURE_FEDERATED_TOKEN_FILE names /nowhere/token, which cannot be read: "),
        "{text}"
    );
    assert_eq!(asked(&tenant, "token"), 0);
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use linktrail::http::SignInMethod;
use linktrail::journal::Audience;
use serde_json::json;
use tempfile::TempDir;
use tenant_sim::{Holder, Options, Tenant};

use super::{GRAPH, LOGS, Room, tenant};

/// An Azure CLI, whose runs are counted.
pub(crate) struct Az {
    folder: TempDir,
}

impl Az {
    /// One that answers with this shell script.
    pub(crate) fn saying(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let here = folder.path().display();
        let text = format!(
            "#!/bin/sh\necho \"$@\" >>{here}/runs\npwd >{here}/pwd\nenv >{here}/env\ntr '\\0' ' ' </proc/$$/cmdline >{here}/own\ntr '\\0' ' ' </proc/$PPID/cmdline >{here}/parent\ncd {here}\n{script}\n"
        );
        let path = folder.path().join("az");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// One in which a person is signed in, with tokens that expire in so many seconds.
    pub(crate) fn of(tenant: &Tenant, seconds: i64) -> Self {
        Self::with(tenant, seconds, Holder::Person)
    }

    /// One in which an application or a person is signed in.
    pub(crate) fn with(tenant: &Tenant, seconds: i64, holder: Holder) -> Self {
        let az = Self::saying("case \"$*\" in *graph*) cat graph.json;; *) cat logs.json;; esac");
        for (name, resource) in [("graph", GRAPH), ("logs", LOGS)] {
            let token = tenant.issue(resource, holder);
            az.write(&format!("{name}.json"), &answer(tenant, &token, seconds));
        }
        az
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What was written into a file beside it.
    pub(crate) fn wrote(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// The arguments of each run.
    pub(crate) fn runs(&self) -> Vec<String> {
        self.wrote("runs").lines().map(str::to_owned).collect()
    }

    pub(crate) fn method(&self) -> SignInMethod {
        self.within(Duration::from_secs(20))
    }

    fn within(&self, time: Duration) -> SignInMethod {
        SignInMethod::AzureCli {
            program: self.folder.path().join("az"),
            withheld: vec!["CARGO_MANIFEST_DIR".into()],
            time,
        }
    }
}

/// What the Azure CLI prints.
fn answer(tenant: &Tenant, token: &str, seconds: i64) -> String {
    let expires = chrono::Local::now() + chrono::TimeDelta::seconds(seconds);
    json!({
        "accessToken": token,
        "expiresOn": expires.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
        "expires_on": expires.timestamp(),
        "subscription": "dddd0000-0000-4000-8000-000000000001",
        "tenant": tenant.world().tenant_id,
        "tokenType": "Bearer",
    })
    .to_string()
}

#[tokio::test]
async fn az_runs_once_for_each_audience_and_never_sees_a_token() {
    let tenant = tenant(Options::default());
    let az = Az::of(&tenant, 3600);
    let room = Room::new(&tenant, az.method());
    let graph = room.client().permissions(Audience::Graph).await.unwrap();
    assert!(graph.is_delegated() && graph.has("Chat.Read"));
    for audience in [Audience::LogAnalytics, Audience::Graph] {
        assert!(!room.enter(audience).await.is_empty());
    }
    let id = &tenant.world().tenant_id;
    let run = |resource: &str| {
        format!("account get-access-token -o json --scope {resource}/.default --tenant {id}")
    };
    assert_eq!(az.runs(), [run(GRAPH), run(LOGS)]);
    // Not where modules for Python could lie, and not with what is not for it.
    assert_eq!(az.wrote("pwd").trim(), az.folder().display().to_string());
    assert!(!az.wrote("env").contains("CARGO_MANIFEST_DIR"));
    assert_eq!(tenant.requests().len(), 0);
}

#[tokio::test]
async fn many_who_wait_start_az_once() {
    let tenant = tenant(Options::default());
    let az = Az::of(&tenant, 3600);
    let room = Room::new(&tenant, az.method());
    let all = (0..20).map(|_| room.client().permissions(Audience::Graph));
    let all = futures::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(az.runs().len(), 1);
}

#[tokio::test]
async fn a_token_that_soon_expires_is_not_asked_for_with_every_request() {
    let tenant = tenant(Options::default());
    // The Azure CLI gives what it has until five minutes before the end.
    let az = Az::of(&tenant, 200);
    let room = Room::new(&tenant, az.method());
    for _ in 0..5 {
        room.enter(Audience::Graph).await;
    }
    assert_eq!(az.runs().len(), 1);
}

#[tokio::test]
async fn an_old_azure_cli_says_local_time() {
    let tenant = tenant(Options::default());
    let az = Az::of(&tenant, 3600);
    let mut old: serde_json::Value = serde_json::from_str(&az.wrote("graph.json")).unwrap();
    old.as_object_mut().unwrap().remove("expires_on");
    az.write("graph.json", &old.to_string());
    let room = Room::new(&tenant, az.method());
    assert!(!room.enter(Audience::Graph).await.is_empty());
    room.enter(Audience::Graph).await;
    assert_eq!(az.runs().len(), 1);
}

#[tokio::test]
async fn who_is_signed_in_as_a_managed_identity_may_not_name_the_tenant() {
    let tenant = tenant(Options::default());
    let az = Az::saying(
        "case \"$*\" in *--tenant*) echo \"ERROR: Tenant shouldn't be specified for managed identity account\" >&2; exit 1;; esac; cat graph.json",
    );
    let token = tenant.issue(GRAPH, Holder::Application);
    az.write("graph.json", &answer(&tenant, &token, 3600));
    let room = Room::new(&tenant, az.method());
    assert!(!room.enter(Audience::Graph).await.is_empty());
    assert_eq!(az.runs().len(), 2);
}

#[tokio::test]
async fn each_failure_of_az_says_what_to_do() {
    let tenant = tenant(Options::default());
    let id = &tenant.world().tenant_id;
    let login = format!("run: az login --tenant {id}");
    let elsewhere =
        answer(&tenant, "eyJ0.MARKED.x", 3600).replace(id, "dddd0000-0000-4000-8000-000000000002");
    let expired = answer(&tenant, "eyJ0.MARKED.x", -1);
    for (script, wanted) in [
        ("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", format!("nobody is signed in to it for this tenant; {login} (Please run 'az login' to setup account.)")),
        ("printf 'WARNING: x\\nERROR: \\033[31mAADSTS700082: The refresh token has expired due to inactivity. Trace ID: 7\\nTo re-authenticate, please run:\\naz login --scope https://graph.microsoft.com/.default\\n' >&2; exit 1", format!("the sign-in of the Azure CLI is over; {login} ([31mAADSTS700082: The refresh token has expired due to inactivity.)")),
        ("echo 'ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks.' >&2; exit 1", format!("the sign-in of the Azure CLI is over; {login}")),
        ("echo 'ERROR: AADSTS50076: you must use multi-factor authentication' >&2; exit 1", format!("the tenant wants multi-factor authentication; {login} --scope https://graph.microsoft.com/.default")),
        ("echo 'ERROR: AADSTS65002: Consent between first party application and resource must be configured via preauthorization' >&2; exit 1", "the Azure CLI may not ask for this service; use method = \"device-code\"".to_owned()),
        ("echo 'ERROR: AADSTS53003: Access has been blocked by Conditional Access policies.' >&2; exit 1", "conditional access forbids it; run az login where it is allowed".to_owned()),
        ("echo 'az: line 2: python3: not found' >&2; exit 127", "az cannot start what it needs; install the Azure CLI anew".to_owned()),
        ("echo 'ERROR: something eyJhbGciOi.J9.x else' >&2; exit 3", "az ended with exit status: 3: something *** else".to_owned()),
        ("exit 4", "az ended with exit status: 4 and said nothing; run this yourself, and see why: az account get-access-token --scope https://graph.microsoft.com/.default".to_owned()),
        ("kill -9 $$", "az ended with signal: 9".to_owned()),
        ("echo 'not JSON eyJ0.MARKED.x'", "az printed something else than JSON; update the Azure CLI".to_owned()),
        ("echo '{}'", "az printed an answer of no use (the answer holds no token)".to_owned()),
        ("echo '{\"accessToken\":\"eyJ0.MARKED.x\"}'", "the answer does not say when the token expires".to_owned()),
        (&format!("echo '{expired}'"), "has expired; check the clock of this machine".to_owned()),
        (&format!("echo '{elsewhere}'"), format!("it is signed in to the tenant dddd0000-0000-4000-8000-000000000002, and [tenant] id is {id}; {login}")),
    ] {
        let az = Az::saying(script);
        let room = Room::new(&tenant, az.method());
        for _ in 0..2 {
            let text = room.refusal(Audience::Graph).await;
            assert!(text.starts_with("sign-in by the Azure CLI failed: "), "{text}");
            assert!(text.contains(&wanted), "{wanted}:\n{text}");
            assert!(!text.contains("MARKED") && !text.contains('\u{1b}'), "{text}");
        }
        assert_eq!(az.runs().len(), 1, "{script}");
    }
}

#[tokio::test]
async fn a_network_that_fails_is_waited_for() {
    let tenant = tenant(Options::default());
    let az = Az::saying(
        "if [ -e failed ]; then cat graph.json; else touch failed; echo 'ERROR: HTTPSConnectionPool: Max retries exceeded with url: /x (Failed to establish a new connection)' >&2; exit 1; fi",
    );
    let token = tenant.issue(GRAPH, Holder::Person);
    az.write("graph.json", &answer(&tenant, &token, 3600));
    let room = Room::new(&tenant, az.method());
    assert!(!room.enter(Audience::Graph).await.is_empty());
    assert_eq!(az.runs().len(), 2);
}

#[tokio::test]
async fn az_that_hangs_is_stopped_with_what_it_started() {
    let tenant = tenant(Options::default());
    let az = Az::saying("sleep 600 & echo $! >child; wait");
    let room = Room::new(&tenant, az.within(Duration::from_secs(1)));
    let begun = Instant::now();
    let text = room.refusal(Audience::Graph).await;
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        text.contains("az did not end within 1 s and was stopped; run this yourself"),
        "{text}"
    );
    let child = PathBuf::from(format!("/proc/{}/stat", az.wrote("child").trim()));
    let is_gone = || {
        let state = fs::read_to_string(&child).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    };
    while !is_gone() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it still runs");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_output_without_end_is_not_kept() {
    let tenant = tenant(Options::default());
    let az = Az::saying("head -c 50000000 /dev/zero; exit 0");
    let text = Room::new(&tenant, az.method())
        .refusal(Audience::Graph)
        .await;
    assert!(
        text.contains("az printed something else than JSON"),
        "{text}"
    );
}

#[tokio::test]
async fn a_program_that_is_gone_is_said() {
    let tenant = tenant(Options::default());
    let method = SignInMethod::AzureCli {
        program: "/nowhere/az".into(),
        withheld: Vec::new(),
        time: Duration::from_secs(5),
    };
    let text = Room::new(&tenant, method).refusal(Audience::Graph).await;
    assert!(text.contains("/nowhere/az cannot be started: "), "{text}");
}

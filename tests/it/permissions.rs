//! The files of `docs/permissions`: manifests, scripts and the page agree with each other and with what linktrail asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use linktrail::source::logs::{Place, Query};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const LOGS: &str = "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5";

/// The permissions that the page lists: id by name, in its order.
fn listed() -> Vec<(String, String)> {
    let page = read("docs/permissions.md");
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells.get(2)?.strip_prefix('`')?.strip_suffix('`')?;
        let id = cells.get(3)?.strip_prefix('`')?.strip_suffix('`')?;
        (id.len() == 36).then(|| (name.to_owned(), id.to_owned()))
    });
    rows.collect()
}

fn manifest(left_out: &[&str]) -> Value {
    let role = |(_, id): &(String, String)| json!({"id": id, "type": "Role"});
    let listed = listed();
    let wanted = listed
        .iter()
        .filter(|(name, _)| !left_out.contains(&name.as_str()));
    let (logs, graph): (Vec<_>, Vec<_>) = wanted.partition(|(name, _)| name == "Data.Read");
    let of = |app: &str, access: Vec<&(String, String)>| {
        let access: Vec<Value> = access.into_iter().map(role).collect();
        (!access.is_empty()).then(|| json!({"resourceAppId": app, "resourceAccess": access}))
    };
    let resources = [of(GRAPH, graph), of(LOGS, logs)];
    json!({"requiredResourceAccess": resources.into_iter().flatten().collect::<Vec<_>>()})
}

#[test]
fn the_manifests_list_what_the_page_lists_and_no_more() {
    assert_eq!(listed().len(), 7);
    for (file, left_out) in [
        ("manifest", &["ThreatHunting.Read.All"][..]),
        (
            "manifest-without-chats",
            &["ThreatHunting.Read.All", "Chat.Read.All"],
        ),
        ("manifest-with-hunting", &[]),
        ("manifest-hunting-alone", &["Data.Read"]),
    ] {
        let text = read(&format!("docs/permissions/{file}.json"));
        let found: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(found, manifest(left_out), "{file}");
    }
    let shown = format!("```json\n{}```", read("docs/permissions/manifest.json"));
    assert!(
        read("docs/permissions.md").contains(&shown),
        "the page shows the manifest"
    );
}

/// What a gap tells an administrator to grant is what the page lists.
#[test]
fn the_page_lists_every_permission_that_a_gap_names() {
    let source = read("src/source/msgraph/problem.rs");
    let named: BTreeSet<&str> = source
        .split("permission: \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(named.len() >= 5, "{named:?}");
    let listed: BTreeMap<String, String> = listed().into_iter().collect();
    for name in named {
        assert!(
            listed.contains_key(name),
            "docs/permissions.md lacks {name}"
        );
    }
}

#[test]
fn the_scripts_grant_what_the_page_lists_by_the_same_ids() {
    let listed: BTreeSet<(String, String)> = listed().into_iter().collect();
    for (script, between) in [("grant.sh", " "), ("grant.ps1", "=")] {
        let text = read(&format!("docs/permissions/{script}"));
        let found: BTreeSet<(String, String)> = text
            .lines()
            .filter_map(|line| {
                let (before, id) = line.rsplit_once(between)?;
                let plain = |text: &str| {
                    let ends = |c: char| !c.is_ascii_alphanumeric();
                    text.trim_matches(ends).to_owned()
                };
                let id = plain(id);
                let name = before.trim_end().rsplit([' ', '[', '=', '{']).next()?;
                let name = plain(name);
                (id.len() == 36 && name.contains(".Read")).then_some((name, id))
            })
            .collect();
        assert_eq!(found, listed, "{script}");
    }
}

/// The tables that are read in a workspace. Advanced hunting has no rights for single tables, and the ends of logs are
/// asked of the same tables as all else.
fn tables() -> BTreeSet<&'static str> {
    let of_workspace =
        |query: &Query| *query != Query::LogEnds && query.places().contains(&Place::Workspace);
    let asked = Query::ALL.into_iter().filter(of_workspace);
    asked.flat_map(Query::tables).collect()
}

#[test]
fn the_tables_of_the_scripts_and_the_page_are_those_that_are_read() {
    let asked = tables();
    let hint = "a table that a query of kql/ names belongs into docs/permissions.md, grant.sh and grant.ps1";
    let in_script = |script: &str, start: &str| {
        let text = read(&format!("docs/permissions/{script}"));
        let (_, list) = text.split_once(start).expect("the list");
        let (list, _) = list.split_once("\n)").expect("its end");
        let names = list.split_whitespace();
        let names: Vec<String> = names
            .map(|name| name.trim_matches('\'').to_owned())
            .collect();
        assert!(names.is_sorted(), "{script}: {names:?}");
        names
    };
    let asked_of: Vec<&str> = asked.iter().copied().collect();
    assert_eq!(in_script("grant.sh", "\ntables=(\n"), asked_of, "{hint}");
    assert_eq!(
        in_script("grant.ps1", "\n$tableNames = @(\n"),
        asked_of,
        "{hint}"
    );
    let page = read("docs/permissions.md");
    let (_, table) = page.split_once("## Tables").expect("the section");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let cells: String = rows.filter_map(|row| row.split('|').next()).collect();
    let condition = page
        .lines()
        .find(|line| line.contains(":StringEquals {'"))
        .expect("the condition");
    for name in &asked {
        let is_in_table = cells.split([' ', ',']).any(|word| word == *name);
        assert!(
            is_in_table && condition.contains(&format!("'{name}'")),
            "{name}: {hint}"
        );
    }
}

#[test]
fn the_test_that_the_page_names_is_there() {
    let name = "a_hunt_that_writes_is_refused_here_and_by_the_server";
    assert!(read("docs/permissions.md").contains(&format!("`{name}`")));
    assert!(read("tests/neo4j/hunts/refusals.rs").contains(&format!("async fn {name}()")));
}

#[cfg(unix)]
mod script {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Stdio};

    use tempfile::TempDir;

    use super::*;
    use crate::run::Ran;

    const TENANT: &str = "9b1f6c1e-2d2f-4f0e-9a44-0c7b1c7f5a10";
    const APP: &str = "4d5c6f0a-5f0b-4b8e-8a39-6f4d8f6e2b71";
    const WORKSPACE: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w";

    /// A directory in a folder: each thing that is made is a file, and every call is a line of `calls`.
    struct Directory(TempDir);

    impl Directory {
        fn new() -> Self {
            let folder = TempDir::new().expect("a folder");
            let az = folder.path().join("az");
            fs::copy(root().join("tests/fixtures/permissions/az"), &az).expect("the simulated az");
            fs::set_permissions(&az, fs::Permissions::from_mode(0o700)).expect("its mode");
            Self(folder)
        }

        fn holds(self, file: &str, text: &str) -> Self {
            fs::write(self.0.path().join(file), text).expect("written");
            self
        }

        /// Runs the script, with this typed at its question.
        fn run(&self, arguments: &[&str], typed: &str) -> Ran {
            let mut child = Command::new("bash")
                .arg(root().join("docs/permissions/grant.sh"))
                .args(arguments)
                .env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", self.0.path().display()))
                .env("DIRECTORY", self.0.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("bash");
            let mut stdin = child.stdin.take().expect("stdin");
            // The script may end without reading.
            let _ = stdin.write_all(typed.as_bytes());
            drop(stdin);
            child.wait_with_output().expect("it ends").into()
        }

        /// The calls so far that change something, and forgets all.
        fn changes(&self) -> Vec<String> {
            let file = self.0.path().join("calls");
            let calls = fs::read_to_string(&file).unwrap_or_default();
            let _ = fs::remove_file(&file);
            let changes = [" create ", " add ", " POST ", " update ", " delete "];
            let calls = calls
                .lines()
                .filter(|call| changes.iter().any(|change| call.contains(change)));
            calls.map(str::to_owned).collect()
        }
    }

    fn granted(principal: &str, resource: &str, id: &str) -> String {
        format!(
            "rest --method POST --resource https://graph.microsoft.com/ --url https://graph.microsoft.com/v1.0/servicePrincipals/{principal}/appRoleAssignments --body {{\"principalId\":\"{principal}\",\"resourceId\":\"{resource}\",\"appRoleId\":\"{id}\"}} --output none"
        )
    }

    /// The calls that list and grant these permissions of a resource.
    fn listed_and_granted(names: &[&str], app: &str, resource: &str) -> Vec<String> {
        let ids: BTreeMap<String, String> = listed().into_iter().collect();
        let calls = names.iter().flat_map(|name| {
            let id = &ids[*name];
            [
                format!("ad app permission add --id {APP} --api {app} --api-permissions {id}=Role --output none"),
                granted("sp-of-app", resource, id),
            ]
        });
        calls.collect()
    }

    const OF_GRAPH: [&str; 5] = [
        "User.Read.All",
        "Team.ReadBasic.All",
        "Channel.ReadBasic.All",
        "ChannelMessage.Read.All",
        "Chat.Read.All",
    ];

    #[test]
    fn an_application_is_made_and_given_its_rights_in_order() {
        let directory = Directory::new();
        let arguments = ["--app-name", "linktrail", "--workspace", WORKSPACE];
        let ran = directory.run(&arguments, "yes\n");
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let mut wanted = vec![
            "ad app create --display-name linktrail --sign-in-audience AzureADMyOrg --query appId --output tsv".to_owned(),
            format!("ad sp create --id {APP} --query id --output tsv"),
        ];
        wanted.extend(listed_and_granted(&OF_GRAPH, GRAPH, "sp-of-graph"));
        // Log Analytics has no service principal in this directory yet.
        wanted.push(format!("ad sp create --id {LOGS} --query id --output tsv"));
        wanted.extend(listed_and_granted(&["Data.Read"], LOGS, "sp-of-logs"));
        wanted.push(format!("role assignment create --assignee-object-id sp-of-app --assignee-principal-type ServicePrincipal --role Log Analytics Reader --scope {WORKSPACE} --output none"));
        assert_eq!(directory.changes(), wanted);

        // What the page shows is what was said.
        assert!(
            read("docs/permissions.md").contains(ran.stdout.trim_end()),
            "{}",
            ran.stdout
        );

        // Everything is there, so that nothing is done again.
        let again = directory.run(&arguments, "yes\n");
        assert_eq!(again.code, Some(0), "{again:#?}");
        assert_eq!(directory.changes(), [""; 0]);
        assert_eq!(
            again.stdout.matches(": granted before").count(),
            6,
            "{again:#?}"
        );
        assert!(
            again
                .stdout
                .contains("Log Analytics Reader: assigned before"),
            "{again:#?}"
        );
        assert!(
            again
                .stdout
                .contains(&format!("for the application {APP}, \"linktrail\""))
        );
    }

    #[test]
    fn only_what_is_missing_is_added() {
        let ids: BTreeMap<String, String> = listed().into_iter().collect();
        let directory = Directory::new()
            .holds("app", APP)
            .holds("sp-of-app", "")
            .holds(
                &format!("listed-{GRAPH}"),
                &format!("{}\n", ids["User.Read.All"].to_uppercase()),
            )
            .holds(
                "granted-sp-of-graph",
                &format!("{}\n", ids["Team.ReadBasic.All"]),
            );
        let arguments = [
            "--app-id",
            APP,
            "--without-chats",
            "--without-sentinel",
            "--with-hunting",
            "--yes",
        ];
        let ran = directory.run(&arguments, "");
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let names = [
            "User.Read.All",
            "Team.ReadBasic.All",
            "Channel.ReadBasic.All",
            "ChannelMessage.Read.All",
            "ThreatHunting.Read.All",
        ];
        let mut wanted = listed_and_granted(&names, GRAPH, "sp-of-graph");
        wanted.remove(3);
        wanted.remove(0);
        assert_eq!(directory.changes(), wanted);
    }

    #[test]
    fn a_managed_identity_gets_assignments_alone_and_the_tables_a_condition() {
        let directory = Directory::new();
        let arguments = [
            "--managed-identity",
            "sp-of-identity",
            "--workspace",
            WORKSPACE,
            "--tables",
            "--yes",
        ];
        let ran = directory.run(&arguments, "");
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let changes = directory.changes();
        let granted =
            |n: usize| changes[n].contains("/servicePrincipals/sp-of-identity/appRoleAssignments");
        assert!((0..5).all(granted), "{changes:#?}");
        assert!(
            changes[5].starts_with("ad sp create --id") && granted(6),
            "{changes:#?}"
        );
        let tables = tables();
        let tables: Vec<String> = tables.iter().map(|name| format!("'{name}'")).collect();
        let condition = format!(
            "((!(ActionMatches{{'Microsoft.OperationalInsights/workspaces/tables/data/read'}})) OR (@Resource[Microsoft.OperationalInsights/workspaces/tables:name] ForAnyOfAnyValues:StringEquals {{{}}}))",
            tables.join(", ")
        );
        assert_eq!(
            changes[7..],
            [format!(
                "role assignment create --assignee-object-id sp-of-identity --assignee-principal-type ServicePrincipal --role Log Analytics Data Reader --scope {WORKSPACE} --condition {condition} --condition-version 2.0 --output none"
            )]
        );
        assert!(!ran.stdout.contains("client_id"), "{ran:#?}");
        let again = directory.run(&arguments, "");
        assert!(
            again
                .stdout
                .contains("Log Analytics Data Reader: assigned before\n"),
            "{again:#?}"
        );
        let directory = directory.holds("role-condition", "another");
        let other = directory.run(&arguments, "");
        assert!(
            other
                .stdout
                .contains("assigned before under another condition, which stays"),
            "{other:#?}"
        );
        assert!(other.stdout.contains(&condition), "{other:#?}");
        assert_eq!(directory.changes(), [""; 0]);
    }

    #[test]
    fn nothing_is_done_without_a_yes() {
        let directory = Directory::new();
        let arguments = [
            "--app-name",
            "it's \"ours\"; $(touch x)",
            "--workspace",
            WORKSPACE,
        ];
        for typed in ["", "\n", "y\n", "no\n", "YES\n"] {
            let ran = directory.run(&arguments, typed);
            assert_eq!(ran.code, Some(1), "{ran:#?}");
            assert!(ran.stdout.ends_with("Nothing was done.\n"), "{ran:#?}");
            assert_eq!(directory.changes(), [""; 0]);
        }
        let plan = directory.run(&[&arguments[..], &["--plan"]].concat(), "");
        assert_eq!(plan.code, Some(0), "{plan:#?}");
        assert_eq!(directory.changes(), [""; 0]);
        let asked = "ad app list --filter displayName eq 'it''s \"ours\"; $(touch x)' --query";
        directory.run(&[&arguments[..], &["--plan"]].concat(), "");
        let calls = fs::read_to_string(directory.0.path().join("calls")).expect("calls");
        assert!(calls.contains(asked), "{calls}");
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        let directory = Directory::new();
        for (arguments, text) in [
            (
                &[][..],
                "name one of --app-name, --app-id and --managed-identity",
            ),
            (&["--app-name", "a", "--app-id", "b"], "name one of"),
            (&["--app-name"], "--app-name needs a value"),
            (&["--app-name", "--yes"], "--app-name needs a value"),
            (
                &["--app-name", "a", "--tables"],
                "--tables needs --workspace",
            ),
            (
                &["--app-name", "a", "--workspace", "w", "--without-sentinel"],
                "exclude each other",
            ),
            (&["--app", "a"], "there is no option --app"),
            (
                &["--app-name", "twice", "--yes"],
                "several applications are called \"twice\"",
            ),
        ] {
            let ran = directory.run(arguments, "yes\n");
            assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:#?}");
            assert!(ran.stderr.contains(text), "{arguments:?}: {ran:#?}");
            assert_eq!(directory.changes(), [""; 0]);
        }
        let help = directory.run(&["--help"], "");
        assert_eq!(help.code, Some(0), "{help:#?}");
        assert!(
            help.stdout.contains("--managed-identity OBJECT_ID") && !help.stdout.contains("set -e")
        );
        let away = directory.holds("signed-out", "");
        let ran = away.run(&["--app-name", "linktrail"], "yes\n");
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(
            ran.stderr
                .contains("sign in first: az login --tenant TENANT"),
            "{ran:#?}"
        );
    }

    /// A step that fails ends the script, and the same command goes on where it was.
    #[test]
    fn what_fails_ends_the_script_and_is_taken_up_again() {
        let directory = Directory::new().holds("fail", "appRoleId");
        let ran = directory.run(&["--app-name", "linktrail", "--yes"], "");
        assert_ne!(ran.code, Some(0), "{ran:#?}");
        assert!(!ran.stdout.contains(": granted"), "{ran:#?}");
        let made = directory.changes().len();
        fs::remove_file(directory.0.path().join("fail")).expect("mended");
        let ran = directory.run(&["--app-name", "linktrail", "--yes"], "");
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let again = directory.changes();
        assert!(
            !again.iter().any(|call| call.starts_with("ad app create")),
            "{again:#?}"
        );
        assert!(made >= 3 && again.len() >= 10, "{again:#?}");
        assert!(ran.stdout.contains(TENANT));
    }
}

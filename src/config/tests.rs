use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::error::Problems;
use super::reading::{self, Sections};
use crate::model::Store;

/// Writes a file with this text, which exists as long as the returned folder.
fn written(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linktrail.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn environment(variables: &[(&str, &str)]) -> impl Iterator<Item = (OsString, OsString)> {
    let owned: Vec<_> = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    owned.into_iter()
}

/// The sections from both, and the problems without the name of the folder.
fn read(text: &str, variables: &[(&str, &str)]) -> (Sections, Vec<String>) {
    let (folder, path) = written(text);
    let mut problems = Problems::default();
    let sections = Sections::read(Some(path), environment(variables), &mut problems);
    (sections, without(&folder, problems))
}

fn without(folder: &TempDir, problems: Problems) -> Vec<String> {
    let folder = format!("{}/", folder.path().display());
    match problems.into_result(Some(())) {
        Ok(()) => Vec::new(),
        Err(error) => {
            let problems = error.problems().iter();
            problems.map(|line| line.replace(&folder, "")).collect()
        }
    }
}

#[test]
fn what_is_not_set_has_its_default() {
    let (sections, problems) = read("[tenant]\nid = \" t \"\n[neo4j]\nuri = \" \"", &[]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(sections.tenant.id.as_deref(), Some("t"));
    assert_eq!(sections.neo4j.uri, None);
    assert_eq!(sections.neo4j.user, "neo4j");
    assert_eq!(sections.intel.providers, ["defender", "otx", "xforce"]);
    assert!(sections.intel.cache_age.is_zero());
    assert_eq!(sections.messages.store, Store::Preview);
    assert_eq!(
        sections.tenant.cloud.services().graph,
        "https://graph.microsoft.com"
    );
}

#[test]
fn an_empty_text_in_the_place_of_a_list_or_a_flag_is_an_error() {
    let file = "[tenant]\ninternal_domains = \"\"\ncloud = \"\"\n[intel]\nproviders = \" \"\nsend_query = \"\"\nnever_send = \"\"";
    let (_, problems) = read(file, &[("LINKTRAIL_INTEL_FILE", "")]);
    assert_eq!(
        problems,
        [
            "linktrail.toml: [tenant] internal_domains must be a list of texts, such as [\"a\", \"b\"]",
            "linktrail.toml: [intel] never_send must be a list of texts, such as [\"a\", \"b\"]",
            "linktrail.toml: [intel] providers must be a list of texts, such as [\"a\", \"b\"]",
            "linktrail.toml: [intel] send_query must be true or false",
        ]
    );
}

#[test]
fn a_variable_takes_the_place_of_the_file_unless_it_is_empty() {
    let file = "[tenant]\nid = \"file\"\ncloud = \"china\"\n[intel]\nproviders = [\"otx\"]\n[auth]\nmethod = \"client-secret\"";
    let (sections, problems) = read(
        file,
        &[
            ("LINKTRAIL_TENANT_ID", "variable"),
            ("LINKTRAIL_TENANT_CLOUD", ""),
            ("LINKTRAIL_INTEL_PROVIDERS", "xforce, urlhaus,xforce"),
            ("LINKTRAIL_INTEL_SEND_QUERY", "1"),
            ("LINKTRAIL_ENDPOINTS_OTX", "http://127.0.0.1:1/x"),
            // These are not settings: a variable of another program, and secrets.
            ("LINKTRAIL_CACHE_DIR", "x"),
            ("LINKTRAIL_OTX_KEY", "x"),
            ("LINKTRAIL_NEO4J_PASSWORD_FILE", "x"),
        ],
    );
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(sections.tenant.id.as_deref(), Some("variable"));
    assert_eq!(
        sections.tenant.cloud.services().graph,
        "https://microsoftgraph.chinacloudapi.cn"
    );
    assert_eq!(sections.intel.providers, ["xforce", "urlhaus"]);
    assert!(sections.intel.send_query);
    assert_eq!(
        sections.provider_endpoints["otx"].0.as_str(),
        "http://127.0.0.1:1/x"
    );
    assert_eq!(
        sections.auth.method,
        Some(crate::http::SignInKind::ClientSecret)
    );
}

#[test]
fn an_empty_list_is_not_a_missing_one() {
    let domains = |text: &str, variables: &[(&str, &str)]| {
        let (sections, problems) = read(text, variables);
        assert!(problems.is_empty(), "{problems:?}");
        sections.tenant.internal_domains
    };
    let none = Some(Vec::new());
    let variable = "LINKTRAIL_TENANT_INTERNAL_DOMAINS";
    assert_eq!(domains("", &[]), None);
    assert_eq!(domains("", &[(variable, "")]), None);
    assert_eq!(domains("[tenant]\ninternal_domains = []", &[]), none);
    assert_eq!(domains("", &[(variable, " [] ")]), none);
    let file = "[tenant]\ninternal_domains = [\"contoso.com\"]";
    assert_eq!(domains(file, &[(variable, "[]")]), none);
    assert_eq!(
        domains(file, &[(variable, "")]),
        Some(vec!["contoso.com".to_owned()])
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let file = r#"
        [tenant]
        cloud = "moon"
        internal_domains = ["contoso.com", "https://a.example/x", "b/c"]
        [auth]
        method = "device-cod"
        client_secret = "hunter2"
        client_certificate_password = "hunter2"
        client_certificate_file = "cert.pem"
        [sentinell]
        [sentinel]
        workspace_idd = "w"
        [neo4j]
        uri = 7
        [intel]
        providers = ["oxt"]
        never_send = ["https://partner.example/"]
        limits = ["virustotal 5/week"]
        cache_age = "soon"
        otx_key = "hunter2"
        [risk]
        signals = ["smartscren"]
        protected_domains = ["com"]
        [messages]
        store = "all"
        [endpoints]
        graph = "ftp://graph.example"
        otx = "http://192.0.2.1"
        instance_metadata = "http://192.0.2.1"
        virustotl = "https://x.example"
    "#;
    let variables = [
        ("LINKTRAIL_NEO4J_URL", "bolt://x"),
        ("LINKTRAIL_INTEL_SEND_QUERY", "yes"),
    ];
    let (sections, problems) = read(file, &variables);
    assert!(!problems.join("\n").contains("hunter2"));
    insta::assert_snapshot!(problems.join("\n"));
    // A setting with an error is not reported as missing too.
    assert!(sections.is_rejected("sentinel", "workspace_id"));
    assert!(sections.is_rejected("auth", "method"));
    assert!(!sections.is_rejected("auth", "client_id"));
}

#[test]
fn a_file_that_cannot_be_parsed_is_told_by_its_line_and_shows_none_of_it() {
    for (text, line) in [
        ("[auth]\nclient_secret hunter2\n", 2),
        ("[auth]\nclient_secret = hunter2\n", 2),
        ("[auth]\nclient_secret = \"hunter2\n", 2),
        ("[auth]\n\n[auth\n", 3),
    ] {
        let (sections, problems) = read(text, &[("LINKTRAIL_MESSAGES_STORE", "all")]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        let start = format!("linktrail.toml line {line}: ");
        assert!(problems[0].starts_with(&start), "{problems:?}");
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
        assert_eq!(
            problems[1],
            "LINKTRAIL_MESSAGES_STORE is `all`; it can be preview, none or full"
        );
        assert!(sections.is_rejected("tenant", "id"));
    }
}

#[test]
fn lists_and_the_provider_that_reads_them_are_set_together() {
    let (_, problems) = read("[intel]\nproviders = [\"file\"]", &[]);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("[intel] file names no list"));
    let (_, problems) = read("[intel]\nfile = [\"a.csv\"]", &[]);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("does not name `file`"));
    let both = "[intel]\nfile = [\"a.csv\"]\nproviders = [\"file\"]";
    assert!(read(both, &[]).1.is_empty());
}

#[test]
fn neo4j_alone_is_read_whatever_stands_beside_it() {
    let (folder, path) = written("[moon]\n[tenant]\ncloud = 3\n[neo4j]\nuri = \"bolt://x\"");
    let mut problems = Problems::default();
    let others = environment(&[("LINKTRAIL_TENANT_CLOUD", "moon")]);
    let section = reading::read_neo4j(Some(path.clone()), others, &mut problems);
    assert_eq!(section.uri.as_deref(), Some("bolt://x"));
    assert!(problems.is_empty());

    let wrong = environment(&[("LINKTRAIL_NEO4J_URL", "x")]);
    reading::read_neo4j(Some(path), wrong, &mut problems);
    assert_eq!(
        without(&folder, problems),
        ["LINKTRAIL_NEO4J_URL: [neo4j] has no key `url`; did you mean `uri`?"]
    );
}

//! Bad input: one clear line that says what to do, the right exit code, nothing lost, no secret told.

use std::process::Command;

use crate::run::{self, Lab, binary, files};
use tenant_sim::{Options, World};

fn lab() -> Lab {
    Lab::new(World::small(), Options::default())
}

/// Runs `load` and gives its complaint.
fn refused(lab: &Lab, code: i32) -> String {
    let ran = lab.load(&lab.case("case"), &[]);
    assert_eq!(ran.code, Some(code), "{ran:#?}");
    assert!(ran.stdout.is_empty(), "{ran:#?}");
    ran.complaint()
}

#[test]
fn settings_that_are_missing_wrong_or_unknown() {
    let changes: [(&str, &str, &str); 20] = [
        (
            "workspace_id",
            "workspace_idd",
            "[sentinel] has no key `workspace_idd`; did you mean `workspace_id`?",
        ),
        (
            "[sentinel]",
            "[sentinell]",
            "there is no section [sentinell]; did you mean `sentinel`?",
        ),
        (
            "cloud = \"public\"",
            "cloud = \"moon\"",
            "[tenant] cloud is `moon`; it can be public, usgov, usgov-dod or china",
        ),
        (
            "cloud = \"public\"",
            "cloud = 3",
            "[tenant] cloud must be a text in quotes",
        ),
        (
            "method = \"client-secret\"\nclient_id = ",
            "# ",
            "the way to sign in is missing",
        ),
        (
            "method = \"client-secret\"",
            "method = \"device-cod\"",
            "[auth] method is `device-cod`; it can be client-secret, client-certificate, workload-identity, managed-identity, azure-cli or device-code",
        ),
        (
            "client_id = ",
            "client_certificate_file = \"cert.pem\"\nclient_id = ",
            "[auth] client_certificate_file belongs to method = \"client-certificate\", and the method is \"client-secret\"; take the key out, or choose its method",
        ),
        (
            "client_id = ",
            "client_secret = \"x\"\nclient_id = ",
            "[auth] client_secret is a secret and does not belong in a configuration",
        ),
        (
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            "providers = [\"oxt\"]",
            "[intel] providers names `oxt`; it can hold defender, otx, xforce, sentinel, urlhaus, virustotal, file",
        ),
        (
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            "providers = [\"file\"]",
            "[intel] file names no list",
        ),
        (
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            "never_send = [\"*.partner.example\", \"https://partner.example/\"]",
            "[intel] never_send holds `https://partner.example/`, which has a scheme; leave it out, since any will do; write it as",
        ),
        (
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            "limits = [\"virustotal 5/week\"]",
            "[intel] limits holds `virustotal 5/week`, which is not a limit of a provider; write it as `virustotal 1000/minute`",
        ),
        (
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            "cache_age = \"soon\"",
            "[intel] cache_age is `soon`: `soon` is not a length of time",
        ),
        (
            "providers = [\"defender\", \"otx\", \"xforce\"]",
            "virustotal_key = \"x\"",
            "[intel] virustotal_key is a secret and does not belong in a configuration; use LINKTRAIL_VIRUSTOTAL_KEY",
        ),
        (
            "[endpoints]",
            "[endpoints]\nvirustotl = \"x\"",
            "[endpoints] has no key `virustotl`; did you mean `virustotal`?",
        ),
        ("graph = \"https", "graph = \"ftp", "use https"),
        (
            "graph = \"https://127.0.0.1",
            "graph = \"http://192.0.2.1",
            "plain http is only allowed on loopback",
        ),
        (
            "graph = \"https://",
            "graph = \"https://user:pass@",
            "holds a user or a password",
        ),
        (
            "internal_domains = [",
            "internal_domains = [\"https://contoso.com/x\", ",
            "is neither a domain nor an address",
        ),
        ("[tenant]", "[tenant", "line 1"),
    ];
    for (from, to, text) in changes {
        let lab = lab();
        lab.edit_config(|config| {
            assert!(config.contains(from), "{from}: {config}");
            config.replacen(from, to, 1)
        });
        let complaint = refused(&lab, 2);
        assert!(complaint.contains(text), "{text}: {complaint}");
        assert!(complaint.contains("linktrail.toml"), "{complaint}");
        assert!(!lab.case("case").exists(), "no case was made");
        assert!(lab.tenant.requests().is_empty(), "nothing was asked");
    }
}

#[test]
fn required_settings_and_secrets_are_asked_for_by_name() {
    let lab = lab();
    for (variable, text) in [
        ("LINKTRAIL_CLIENT_SECRET", "set LINKTRAIL_CLIENT_SECRET"),
        (
            "LINKTRAIL_OTX_KEY",
            "set LINKTRAIL_OTX_KEY, or take `otx` out",
        ),
        ("LINKTRAIL_XFORCE_PASSWORD", "set LINKTRAIL_XFORCE_PASSWORD"),
    ] {
        let ran = run::run(
            lab.load_command(&lab.case("case"), &[])
                .env_remove(variable),
        );
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.complaint().contains(text), "{ran:#?}");
    }
    let mut bare = binary(lab.folder());
    std::fs::remove_file(lab.config()).expect("remove it");
    let ran = run::run(bare.args(["load", "--no-neo4j"]));
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    let problems: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        problems,
        [
            "error: the configuration has 7 errors:",
            "  - the tenant's id is missing: set id under [tenant] in linktrail.toml, or LINKTRAIL_TENANT_ID",
            "  - nothing says where the logs are: set workspace_id under [sentinel] in linktrail.toml, or LINKTRAIL_SENTINEL_WORKSPACE_ID, to the id of the Sentinel workspace; or set hunting = true under [defender], or LINKTRAIL_DEFENDER_HUNTING, to ask Microsoft Defender; or both",
            "  - provider otx needs a key: set LINKTRAIL_OTX_KEY, or take `otx` out of [intel] providers",
            "  - provider xforce needs a key: set LINKTRAIL_XFORCE_KEY, or take `xforce` out of [intel] providers",
            "  - provider xforce needs a key: set LINKTRAIL_XFORCE_PASSWORD, or take `xforce` out of [intel] providers",
            "  - the way to sign in is missing: set method under [auth] in linktrail.toml, or LINKTRAIL_AUTH_METHOD, to one of \"client-secret\", \"client-certificate\", \"workload-identity\", \"managed-identity\", \"azure-cli\", \"device-code\"; it is never guessed",
            "  - the tenant's own domains are missing, about which no outside provider is asked, and [intel] providers has otx, xforce: set internal_domains = [\"contoso.com\", \"contoso.onmicrosoft.com\"], with your own, under [tenant] in linktrail.toml, or LINKTRAIL_TENANT_INTERNAL_DOMAINS; [] says that there are none",
        ]
    );
    let ran = run::run(binary(lab.folder()).args(["load", "--config", "nowhere.toml"]));
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(
        ran.complaint().contains("cannot read nowhere.toml"),
        "{ran:#?}"
    );
    let ran = run::run(
        binary(lab.folder())
            .args(["schema", "apply"])
            .env("LINKTRAIL_NEO4J_URL", "bolt://x"),
    );
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.complaint().contains("did you mean `uri`?"), "{ran:#?}");
}

#[test]
fn wrong_values_missing_secrets_and_missing_files_are_told_together() {
    let lab = lab();
    lab.edit_config(|config| {
        config
            .replacen("cloud = \"public\"", "cloud = \"moon\"", 1)
            .replacen(
                "[\"defender\", \"otx\", \"xforce\"]",
                "[\"otx\", \"file\"]\nfile = [\"no.csv\"]",
                1,
            )
    });
    let case = lab.case("case");
    let mut load = lab.binary();
    load.args(["load", "--case"]).arg(&case);
    load.env_remove("LINKTRAIL_OTX_KEY")
        .env("LINKTRAIL_CLIENT_SECRET", "")
        .env("LINKTRAIL_CLIENT_SECRET_FILE", "no-secret")
        .env("LINKTRAIL_MESSAGES_STORE", "all")
        .env("LINKTRAIL_ENDPOINTS_CA_FILE", "no-ca.pem")
        .env("LINKTRAIL_NEO4J_URI", "bolt://127.0.0.1:1");
    let ran = run::run(&mut load);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    let problems: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(
        problems,
        [
            "error: the configuration has 7 errors:",
            "  - linktrail.toml: [tenant] cloud is `moon`; it can be public, usgov, usgov-dod or china",
            "  - LINKTRAIL_MESSAGES_STORE is `all`; it can be preview, none or full",
            "  - provider otx needs a key: set LINKTRAIL_OTX_KEY, or take `otx` out of [intel] providers",
            "  - [intel] file: cannot read the list no.csv: No such file or directory (os error 2)",
            "  - [endpoints] ca_file: cannot read no-ca.pem: No such file or directory (os error 2)",
            "  - cannot read the file for LINKTRAIL_CLIENT_SECRET, no-secret: No such file or directory (os error 2)",
            "  - Neo4j needs a password: set LINKTRAIL_NEO4J_PASSWORD, or LINKTRAIL_NEO4J_PASSWORD_FILE to a file that holds it",
        ]
    );
    assert!(ran.stdout.is_empty() && !case.exists(), "{ran:#?}");
}

/// Whatever else a command needs: a value that cannot be what it is, is an error wherever the file is read.
#[test]
fn a_wrong_value_is_told_by_every_command_that_reads_the_configuration() {
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::write(
        folder.path().join("linktrail.toml"),
        "[tenant]\ncloud = \"moon\"\n",
    )
    .expect("a configuration");
    for arguments in [
        &["hunt", "run", "summary"][..],
        &["hunt", "lint"],
        &["schema", "apply"],
        &["case", "prune", "X"],
        &["case", "push", "X"],
    ] {
        let ran = run::run(binary(folder.path()).args(arguments));
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert_eq!(
            ran.complaint(),
            "error: linktrail.toml: [tenant] cloud is `moon`; it can be public, usgov, usgov-dod or china"
        );
    }
}

#[test]
fn a_demo_and_a_replay_read_neo4j_alone_and_leave_it_out_when_it_cannot_be_read() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let case = folder.path().join("case");
    let load = |how: &str, variables: &[(&str, &str)], more: &[&str]| {
        let mut command = binary(folder.path());
        command.args(["load", how, "--case"]).arg(&case).args(more);
        run::run(command.envs(variables.iter().copied()))
    };
    let config = folder.path().join("linktrail.toml");
    for how in ["--demo", "--replay"] {
        // What is wrong beside [neo4j] is not looked at.
        std::fs::write(&config, "[moon]\n[tenant]\ncloud = \"moon\"\n").expect("a configuration");
        let ran = load(how, &[("LINKTRAIL_TENANT_CLOUD", "moon")], &[]);
        assert_eq!(ran.code, Some(3), "{ran:#?}");
        assert_eq!(
            ran.stderr,
            format!("case {}\n", case.display()),
            "nothing is wrong"
        );
        // [neo4j] is read: an address where nobody listens is found out before anything else.
        let address = ("LINKTRAIL_NEO4J_URI", "bolt://127.0.0.1:1");
        let password = ("LINKTRAIL_NEO4J_PASSWORD", "x");
        let ran = load(how, &[address, password], &[]);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(
            ran.complaint().contains("cannot connect to Neo4j"),
            "{ran:#?}"
        );
        // What cannot be read is told, and Neo4j left out.
        for (text, variable, told) in [
            (
                "",
                address,
                "Neo4j is left out: Neo4j needs a password: set LINKTRAIL_NEO4J_PASSWORD",
            ),
            (
                "[neo4j]\nurl = \"bolt://x\"\n",
                password,
                "Neo4j is left out: linktrail.toml: [neo4j] has no key `url`; did you mean `uri`?",
            ),
            (
                "[neo4j\n",
                password,
                "Neo4j is left out: linktrail.toml line 1: ",
            ),
        ] {
            std::fs::write(&config, text).expect("a configuration");
            let ran = load(how, &[variable], &[]);
            assert_eq!(ran.code, Some(3), "{ran:#?}");
            assert!(ran.complaint().starts_with(told), "{told}: {ran:#?}");
            assert!(ran.stdout.contains("Neo4j: not written to"), "{ran:#?}");
            // With --no-neo4j nothing is read at all.
            let ran = load(how, &[variable], &["--no-neo4j"]);
            assert_eq!(ran.code, Some(3), "{ran:#?}");
            assert_eq!(ran.stderr, format!("case {}\n", case.display()));
        }
    }
}

/// `case verify` once wrote the number of records that it found into case.json, and was content the next time.
#[test]
fn what_verify_finds_it_finds_again_and_commands_that_read_leave_the_case_as_it_was() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let case = folder.path().join("case");
    let linktrail = |arguments: &[&str]| {
        let mut command = binary(folder.path());
        run::run(command.args(arguments).current_dir(folder.path()))
    };
    let loaded = linktrail(&["load", "--demo", "--no-neo4j", "--case", "case"]);
    assert_eq!(loaded.code, Some(3), "{loaded:#?}");
    let manifest = case.join("case.json");
    let text = std::fs::read_to_string(&manifest).expect("case.json");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let records = value["records"].as_u64().expect("a number");
    value["records"] = (records + 1).into();
    std::fs::write(&manifest, value.to_string()).expect("write it");
    let contents = || -> Vec<_> {
        let read = |file| (std::fs::read(&file).expect("a file"), file);
        files(&case).into_iter().map(read).collect()
    };
    let before = contents();
    for _ in 0..2 {
        let ran = linktrail(&["case", "verify", "case"]);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let told = format!("case.json counts {} record(s)", records + 1);
        assert!(ran.stdout.contains(&told), "{ran:#?}");
    }
    let evidence = linktrail(&["evidence", "--case", "case", "https://nowhere.example/"]);
    assert_eq!(evidence.code, Some(2), "{evidence:#?}");
    for arguments in [
        &["report", "--case", "case", "--out", "report.html"][..],
        &[
            "export", "--case", "case", "--format", "jsonl", "--out", "graph",
        ],
    ] {
        let ran = linktrail(arguments);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    assert!(contents() == before, "the case has changed");
}

#[test]
fn a_wrong_client_secret_is_told_and_stands_nowhere() {
    let lab = lab();
    let case = lab.case("case");
    let wrong = "Wr0ng~secret-that-nobody-may-see";
    let ran = run::run(
        lab.load_command(&case, &["-vv"])
            .env("LINKTRAIL_CLIENT_SECRET", wrong),
    );
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(
        ran.stderr
            .contains("the client secret is wrong; check LINKTRAIL_CLIENT_SECRET"),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains(wrong) && !ran.stdout.contains(wrong));
    for file in files(&case) {
        let bytes = std::fs::read(&file).expect("a file");
        assert!(
            memchr::memmem::find(&bytes, wrong.as_bytes()).is_none(),
            "{}",
            file.display()
        );
    }
    // With the right one the same case goes on.
    lab.loaded(&case, &[], 0);
}

#[test]
fn no_secret_reaches_the_case_or_the_log() {
    let lab = lab();
    let case = lab.case("case");
    let ran = lab.load(&case, &["-vv"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let mut kept = ran.stdout.into_bytes();
    kept.extend(ran.stderr.into_bytes());
    for file in files(&case) {
        let bytes = std::fs::read(&file).expect("a file");
        // The journal is compressed: what stands in it is looked for as it reads.
        let plain = if file.extension().is_some_and(|end| end == "zst") {
            zstd::decode_all(&bytes[..]).expect("frames")
        } else {
            bytes
        };
        kept.extend(plain);
    }
    for (name, secret) in lab.tenant.env() {
        assert!(
            memchr::memmem::find(&kept, secret.as_bytes()).is_none(),
            "{name}"
        );
    }
    for word in ["bearer", "authorization", "x-otx-api-key", "access_token"] {
        let lower = kept.to_ascii_lowercase();
        assert!(
            memchr::memmem::find(&lower, word.as_bytes()).is_none(),
            "{word}"
        );
    }
    #[cfg(unix)]
    for file in files(&case) {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &file.metadata().expect("a file").permissions(),
        );
        assert_eq!(mode & 0o077, 0, "{} is readable by others", file.display());
    }
}

#[test]
fn neo4j_that_is_not_there_is_told_before_the_first_request() {
    let lab = lab();
    for (uri, code, text) in [
        ("bolt://127.0.0.1:1", 1, "cannot connect to Neo4j"),
        ("http://127.0.0.1:7474", 1, "write it as bolt://HOST:7687"),
        (
            "bolt://db.invalid:7687",
            2,
            "bolt://db.invalid:7687 would carry the password and the graph to another machine in plain text; write bolt+s://",
        ),
        (
            "neo4j://192.0.2.1",
            2,
            "or set plaintext = true under [neo4j]",
        ),
        ("bolt+s://db.invalid:7687", 1, "cannot connect to Neo4j"),
    ] {
        let load = lab.load_command(&lab.case("case"), &[]);
        let arguments: Vec<_> = load
            .get_args()
            .filter(|argument| *argument != "--no-neo4j")
            .map(ToOwned::to_owned)
            .collect();
        let mut command = lab.binary();
        command
            .args(arguments)
            .env("LINKTRAIL_NEO4J_URI", uri)
            .env("LINKTRAIL_NEO4J_PASSWORD", "a-password-of-note");
        let ran = run::run(&mut command);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        assert!(ran.complaint().contains(text), "{ran:#?}");
        assert!(!ran.stderr.contains("a-password-of-note"));
    }
    assert!(lab.tenant.requests().is_empty(), "nothing was asked");
    for (said, code, text) in [
        ("", 2, "in plain text"),
        ("false", 2, "in plain text"),
        ("true", 1, "cannot connect to Neo4j"),
    ] {
        let mut command = binary(lab.folder());
        command
            .args(["schema", "apply"])
            .env("LINKTRAIL_NEO4J_URI", "bolt://db.invalid:7687")
            .env("LINKTRAIL_NEO4J_PASSWORD", "a-password-of-note")
            .env("LINKTRAIL_NEO4J_PLAINTEXT", said);
        let ran = run::run(&mut command);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        assert!(ran.complaint().contains(text), "{ran:#?}");
    }
    let ran = run::run(binary(lab.folder()).args(["hunt", "run", "summary"]));
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.complaint().contains("this needs Neo4j"), "{ran:#?}");
}

#[test]
fn wrong_usage_of_every_command() {
    let lab = lab();
    let cases: [(&[&str], &str); 9] = [
        (&["load", "--replay"], "--case"),
        (&["load", "--since", "yesterday"], "is not a length of time"),
        (
            &[
                "load",
                "--from",
                "2026-10-02",
                "--to",
                "2026-10-01",
                "--no-neo4j",
            ],
            "--from is not before --to",
        ),
        (
            &["load", "--url", "not a url", "--no-neo4j"],
            "is not a web url",
        ),
        (&["hunt", "show", "sumary"], "summary"),
        (
            &["hunt", "run", "summary", "-p", "case"],
            "write -p name=value",
        ),
        (&["case", "list", "nowhere"], "there is no folder nowhere"),
        (&["case", "prune", "X"], "this needs Neo4j"),
        (&["frobnicate"], "frobnicate"),
    ];
    for (arguments, text) in cases {
        let ran = run::run(lab.binary().args(arguments));
        assert_eq!(ran.code, Some(2), "{arguments:?} {ran:#?}");
        assert!(ran.stderr.contains(text), "{arguments:?} {ran:#?}");
        assert!(ran.stdout.is_empty(), "{arguments:?} {ran:#?}");
    }
    let ran = run::run(lab.binary().args(["case", "verify", "nowhere"]));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.complaint().contains("holds no case"), "{ran:#?}");
}

#[test]
fn what_outsiders_wrote_is_cleaned_for_a_terminal_and_kept_in_the_graph() {
    let lab = lab();
    let case = lab.case("case");
    let load = lab.load_command(&case, &[]);
    let arguments: Vec<_> = load
        .get_args()
        .filter(|argument| *argument != "--format" && *argument != "json")
        .map(ToOwned::to_owned)
        .collect();
    let mut command = lab.binary();
    let ran = run::run(command.args(arguments));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let unsafe_in = |text: &str| {
        text.chars()
            .find(|c| *c != '\n' && linktrail::terminal::is_unsafe(*c))
    };
    assert_eq!(unsafe_in(&ran.stdout), None);
    let graph = String::from_utf8(crate::run::graph::lines(&case)).expect("UTF-8");
    let hostile = graph.lines().filter(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line["properties"]["name"]
            .as_str()
            .is_some_and(|name| unsafe_in(name).is_some() || name.contains('\n'))
    });
    assert!(
        hostile.count() > 0,
        "the world has hostile names, and the graph keeps them"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let lab = lab();
    let mut list = binary(lab.folder());
    list.args(["hunt", "list"]);
    let program = list.get_program().to_owned();
    let status = Command::new("bash")
        .args(["-c", "set -o pipefail; for i in 1 2 3; do \"$0\" completions bash | true || exit 1; done; \"$0\" hunt list | head -1"])
        .arg(program)
        .current_dir(lab.folder())
        .output()
        .expect("bash runs");
    assert!(status.status.success(), "{status:?}");
    assert!(status.stderr.is_empty(), "{status:?}");
}

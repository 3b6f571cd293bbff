//! What a configuration lacks, and what it has too much, is said at once, with the file or the variable.

use std::path::Path;
use std::process::Command;

use tenant_sim::{Options, World};

use super::{PASSWORD, fixture};
use crate::run::{Lab, run};

/// A room whose `[auth]` holds these lines.
fn lab(auth: &str) -> Lab {
    let lab = Lab::new(World::small(), Options::default());
    lab.edit_config(|config| {
        let (before, after) = config.split_once("[auth]\n").unwrap();
        let (_, after) = after.split_once("\n\n").unwrap();
        format!("{before}[auth]\n{auth}\n\n{after}")
    });
    lab
}

/// What a load complains about, without the name of the folder.
fn complaints(lab: &Lab, change: impl FnOnce(&mut Command)) -> Vec<String> {
    let mut command = lab.load_command(&lab.case("case"), &[]);
    command.env_remove("LINKTRAIL_CLIENT_SECRET");
    change(&mut command);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(!ran.stderr.contains(PASSWORD), "{ran:#?}");
    assert_eq!(lab.tenant.requests().len(), 0);
    let folder = format!("{}/", lab.folder().display());
    let lines = ran.stderr.lines().map(|line| line.replace(&folder, ""));
    let heads = |line: &String| !line.contains("the configuration has ");
    let lines = lines.filter(heads);
    lines
        .map(|line| {
            let line = line.trim_start().trim_start_matches("- ");
            line.trim_start_matches("error: ").to_owned()
        })
        .collect()
}

#[test]
fn what_a_method_lacks_is_said_at_once() {
    for (auth, wanted) in [
        (
            "method = \"client-secret\"",
            vec![
                "the application (client) id is missing: set client_id under [auth] in linktrail.toml, or LINKTRAIL_AUTH_CLIENT_ID",
                "the application's secret is missing: set LINKTRAIL_CLIENT_SECRET, or client_secret_file under [auth] in linktrail.toml",
            ],
        ),
        (
            "method = \"client-certificate\"",
            vec![
                "the application (client) id is missing: set client_id under [auth] in linktrail.toml, or LINKTRAIL_AUTH_CLIENT_ID",
                "the application's certificate is missing: set client_certificate_file under [auth] in linktrail.toml, or LINKTRAIL_AUTH_CLIENT_CERTIFICATE_FILE, to a PEM file with the certificate and its private key",
            ],
        ),
        (
            "method = \"workload-identity\"",
            vec![
                "the application (client) id is missing: set client_id under [auth] in linktrail.toml, or LINKTRAIL_AUTH_CLIENT_ID, or AZURE_CLIENT_ID",
                "the federated token is missing: set AZURE_FEDERATED_TOKEN_FILE to the file that holds it, as the platform of a workload identity does",
            ],
        ),
        (
            "method = \"device-code\"",
            vec![
                "the application (client) id is missing: set client_id under [auth] in linktrail.toml, or LINKTRAIL_AUTH_CLIENT_ID",
            ],
        ),
        (
            "method = \"azure-cli\"",
            vec![
                "method = \"azure-cli\" needs the Azure CLI, and there is no az in PATH; install it, and sign in with az login",
            ],
        ),
    ] {
        let lab = lab(auth);
        assert_eq!(complaints(&lab, |_| {}), wanted, "{auth}");
    }
}

#[test]
fn az_in_the_working_folder_is_not_run() {
    use std::os::unix::fs::PermissionsExt;
    let lab = lab("method = \"azure-cli\"");
    let az = lab.folder().join("az");
    std::fs::write(&az, "#!/bin/sh\ntouch ran\n").unwrap();
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    for path in ["", ".", ":/nowhere", "/nowhere:."] {
        let told = complaints(&lab, |command| {
            command.env("PATH", path);
        });
        assert!(told[0].contains("there is no az in PATH"), "{told:?}");
    }
    // A file that cannot be run is no program.
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = complaints(&lab, |command| {
        command.env("PATH", lab.folder());
    });
    assert!(told[0].contains("there is no az in PATH"), "{told:?}");
    assert!(!lab.folder().join("ran").exists());
}

#[test]
fn a_key_of_another_method_is_an_error() {
    let keys = "client_id = \"c\"\nclient_secret_file = \"s\"\nclient_certificate_file = \"c.pem\"\nmanaged_identity_client_id = \"m\"";
    let of = |key: &str, methods: &str, method: &str| {
        format!(
            "linktrail.toml: [auth] {key} belongs to method = {methods}, and the method is \"{method}\"; take the key out, or choose its method"
        )
    };
    let ids = "\"client-secret\", \"client-certificate\", \"workload-identity\", \"device-code\"";
    let all = |method: &str| {
        vec![
            of("client_id", ids, method),
            of("client_secret_file", "\"client-secret\"", method),
            of("client_certificate_file", "\"client-certificate\"", method),
            of("managed_identity_client_id", "\"managed-identity\"", method),
        ]
    };
    for (method, without) in [
        ("managed-identity", 3),
        ("azure-cli", 9),
        ("device-code", 0),
        ("workload-identity", 0),
    ] {
        let lab = lab(&format!("method = \"{method}\"\n{keys}"));
        let mut wanted = all(method);
        if without < wanted.len() {
            wanted.remove(without);
        }
        let told = complaints(&lab, |command| {
            command
                .env("PATH", "/bin")
                .env("AZURE_FEDERATED_TOKEN_FILE", "t");
        });
        let told: Vec<&String> = told
            .iter()
            .filter(|line| line.contains("belongs to"))
            .collect();
        assert_eq!(told, wanted.iter().collect::<Vec<_>>(), "{method}");
    }
    let lab = lab("method = \"azure-cli\"");
    let told = complaints(&lab, |command| {
        command.env("LINKTRAIL_AUTH_CLIENT_ID", "c").env(
            "LINKTRAIL_ENDPOINTS_INSTANCE_METADATA",
            "http://127.0.0.1:1",
        );
    });
    assert!(
        told[0].starts_with("LINKTRAIL_AUTH_CLIENT_ID belongs to method = "),
        "{told:?}"
    );
    assert!(
        told[1].starts_with(
            "LINKTRAIL_ENDPOINTS_INSTANCE_METADATA belongs to method = \"managed-identity\""
        ),
        "{told:?}"
    );
    assert_eq!(told.len(), 3);
}

#[test]
fn a_certificate_of_no_use_is_said_with_its_file() {
    let auth =
        "method = \"client-certificate\"\nclient_id = \"c\"\nclient_certificate_file = \"own.pem\"";
    let lab = lab(auth);
    let told = complaints(&lab, |_| {});
    assert!(
        told[0].starts_with(
            "linktrail.toml: [auth] client_certificate_file: own.pem cannot be read: "
        ),
        "{told:?}"
    );
    let write = |text: &str| std::fs::write(lab.folder().join("own.pem"), text).unwrap();
    write(&fixture("pkcs12-aes256.pem"));
    assert_eq!(
        complaints(&lab, |_| {}),
        [
            "linktrail.toml: [auth] client_certificate_file: own.pem holds an encrypted private key; set LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD to its password"
        ]
    );
    let told = complaints(&lab, |command| {
        command.env("LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD", "guess");
    });
    assert_eq!(
        told,
        [
            "linktrail.toml: [auth] client_certificate_file: own.pem holds an encrypted private key, and LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD is not its password"
        ]
    );
    write(&fixture("rsa.crt.pem"));
    let told = complaints(&lab, |_| {});
    assert!(told[0].contains("own.pem holds no private key"), "{told:?}");
    // A password does not belong into the file.
    lab.edit_config(|config| {
        config.replace(
            "client_id = \"c\"",
            &format!("client_id = \"c\"\nclient_certificate_password = \"{PASSWORD}\""),
        )
    });
    let told = complaints(&lab, |_| {});
    assert!(
        told.iter().any(|line| line.contains("client_certificate_password is a secret and does not belong in a configuration; use LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD")),
        "{told:?}"
    );
}

#[test]
fn a_certificate_is_no_pipe_and_no_endless_file() {
    let auth =
        "method = \"client-certificate\"\nclient_id = \"c\"\nclient_certificate_file = \"own.pem\"";
    let lab = lab(auth);
    let path = lab.folder().join("own.pem");
    super::pipe(&path);
    let told = complaints(&lab, |_| {});
    assert_eq!(
        told,
        [
            "linktrail.toml: [auth] client_certificate_file: own.pem cannot be read: it is no regular file"
        ]
    );
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, vec![b'x'; 1024 * 1024 + 1]).unwrap();
    let told = complaints(&lab, |_| {});
    assert_eq!(
        told,
        [
            "linktrail.toml: [auth] client_certificate_file: own.pem cannot be read: it is longer than 1048576 bytes"
        ]
    );
}

#[test]
fn nobody_enters_a_code_for_the_sake_of_an_error() {
    let lab = lab("method = \"device-code\"\nclient_id = \"c\"");
    lab.edit_config(|config| config.replacen("internal_domains = ", "# ", 1));
    let told = complaints(&lab, |_| {});
    let start = "the tenant's own domains are missing, about which no outside provider is asked";
    assert!(told[0].starts_with(start), "{told:?}");
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_password_from_a_file_opens_the_certificate() {
    let auth =
        "method = \"client-certificate\"\nclient_id = \"c\"\nclient_certificate_file = \"own.pem\"";
    let lab = lab(auth);
    let write = |name: &str, text: &str| std::fs::write(lab.folder().join(name), text).unwrap();
    write("own.pem", &fixture("pkcs12-aes256.pem"));
    write("password", &format!("{PASSWORD}\n"));
    let mut command = lab.load_command(&lab.case("case"), &[]);
    command.env("LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD_FILE", "password");
    let ran = run(&mut command);
    // Entra does not know the application.
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("AADSTS700016"), "{ran:#?}");
}

#[test]
fn identities_of_other_places_are_refused_before_anything_is_asked() {
    let lab = lab("method = \"managed-identity\"");
    let header = ("IDENTITY_HEADER", "MARKED-header");
    for (variables, wanted) in [
        (
            vec![
                ("IDENTITY_ENDPOINT", "http://localhost:40342/x"),
                ("IMDS_ENDPOINT", "http://localhost:40342"),
            ],
            "the managed identity of Azure Arc cannot be used",
        ),
        (
            vec![
                ("IDENTITY_ENDPOINT", "https://localhost:2377/x"),
                header,
                ("IDENTITY_SERVER_THUMBPRINT", "x"),
            ],
            "the managed identity of Service Fabric cannot be used",
        ),
        (
            vec![("IDENTITY_ENDPOINT", "http://localhost:1/x")],
            "IDENTITY_ENDPOINT is set and IDENTITY_HEADER is not; App Service sets both",
        ),
        (
            vec![("IDENTITY_ENDPOINT", "http://evil.example/x"), header],
            "IDENTITY_ENDPOINT is `http://evil.example/x`; it can be an https address, or an http address of this machine or its network",
        ),
        (
            vec![("IDENTITY_ENDPOINT", "file:///etc/passwd"), header],
            "IDENTITY_ENDPOINT is `file:///etc/passwd`",
        ),
        (
            vec![
                ("IDENTITY_ENDPOINT", "http://127.0.0.1:1/x"),
                ("IDENTITY_HEADER", "MARKED\nheader"),
            ],
            "IDENTITY_HEADER holds what no header can hold",
        ),
        (
            vec![("LINKTRAIL_ENDPOINTS_INSTANCE_METADATA", "http://192.0.2.1")],
            "LINKTRAIL_ENDPOINTS_INSTANCE_METADATA is `http://192.0.2.1`; it can be http://169.254.169.254 or an http address on loopback",
        ),
        (
            vec![("LINKTRAIL_ENDPOINTS_INSTANCE_METADATA", "https://127.0.0.1")],
            "LINKTRAIL_ENDPOINTS_INSTANCE_METADATA is `https://127.0.0.1`",
        ),
    ] {
        let told = complaints(&lab, |command| {
            command.envs(variables.clone());
        });
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(wanted), "{told:?}");
        assert!(!told[0].contains("MARKED"), "{told:?}");
    }
    assert!(!Path::new(&lab.case("case")).exists());
}

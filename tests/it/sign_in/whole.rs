//! A whole load with every way to sign in gives what one with a client secret gives.

use std::process::Command;

use serde_json::Value;
use tenant_sim::{
    Action, DeviceCodes, Fault, Holder, IDENTITY_HEADER, Options, PERMISSIONS, Service, World,
};

use super::azure_cli::Az;
use super::{PASSWORD, SUBJECT, fixture, registered};
use crate::run::{Lab, Ran, run};

/// A tenant in which every way to sign in works, and every token allows everything.
pub(crate) fn options() -> Options {
    Options {
        federated_subject: Some(SUBJECT),
        scopes: PERMISSIONS.to_vec(),
        person_sees_all: true,
        device_codes: DeviceCodes {
            pending: 0,
            ..DeviceCodes::default()
        },
        mark: "MARKED",
        ..registered()
    }
}

/// The ways to sign in.
pub(crate) const METHODS: [&str; 7] = [
    "client-secret",
    "client-certificate",
    "workload-identity",
    "managed-identity",
    "app-service",
    "azure-cli",
    "device-code",
];

/// A tenant with linktrail set up for one way to sign in.
pub(crate) struct Setup {
    pub(crate) lab: Lab,
    pub(super) az: Az,
    variables: Vec<(&'static str, String)>,
    /// What must not be seen anywhere.
    pub(crate) secrets: Vec<String>,
}

impl Setup {
    pub(crate) fn new(way: &str) -> Self {
        Self::of(way, World::small(), options(), Holder::Application)
    }

    /// In another tenant, where the Azure CLI is signed in for this holder.
    pub(crate) fn of(way: &str, world: World, options: Options, holder: Holder) -> Self {
        let lab = Lab::new(world, options);
        let az = Az::with(&lab.tenant, 3600, holder);
        let (tenant, world) = (&lab.tenant, lab.tenant.world().clone());
        let mut secrets = Vec::new();
        let mut variables = Vec::new();
        let mut keys = format!("client_id = \"{}\"", world.client_id);
        let mut endpoints = String::new();
        match way {
            "client-secret" => {
                variables.push(("LINKTRAIL_CLIENT_SECRET", world.client_secret.clone()));
                secrets.push(world.client_secret.clone());
            }
            "client-certificate" => {
                let file = fixture("pkcs12-aes256.pem");
                std::fs::write(lab.folder().join("own.pem"), &file).unwrap();
                keys.push_str("\nclient_certificate_file = \"own.pem\"");
                variables.push(("LINKTRAIL_CLIENT_CERTIFICATE_PASSWORD", PASSWORD.to_owned()));
                secrets.push(PASSWORD.to_owned());
                // Lines of the key, as it is in the file and without its encryption.
                for text in [file, fixture("rsa.key.pem")] {
                    let key = text.split("-----").nth(2).unwrap();
                    secrets.extend(key.lines().filter(|l| l.len() == 64).map(str::to_owned));
                }
            }
            "workload-identity" => {
                let token = tenant.federated_token(SUBJECT, 3600);
                let path = lab.folder().join("federated");
                std::fs::write(&path, &token).unwrap();
                let path = path.display().to_string();
                variables.push(("AZURE_FEDERATED_TOKEN_FILE", path));
                variables.push(("AZURE_CLIENT_ID", world.client_id.clone()));
                keys.clear();
                secrets.push(token);
            }
            "managed-identity" => {
                keys.clear();
                let address = tenant.endpoint(Service::InstanceMetadata);
                endpoints = format!("instance_metadata = \"{address}\"\n");
            }
            "app-service" => {
                keys.clear();
                let address = tenant.endpoint(Service::AppService);
                variables.push(("IDENTITY_ENDPOINT", format!("{address}/msi/token")));
                variables.push(("IDENTITY_HEADER", IDENTITY_HEADER.to_owned()));
                secrets.push(IDENTITY_HEADER.to_owned());
            }
            "azure-cli" => {
                keys.clear();
                let path = format!("{}:/usr/bin:/bin", az.folder().display());
                variables.push(("PATH", path));
                for name in ["graph.json", "logs.json"] {
                    let answer: Value = serde_json::from_str(&az.wrote(name)).unwrap();
                    secrets.push(answer["accessToken"].as_str().unwrap().to_owned());
                }
            }
            _ => {}
        }
        let method = match way {
            "app-service" => "managed-identity",
            way => way,
        };
        lab.edit_config(|config| {
            let (before, after) = config.split_once("[auth]\n").unwrap();
            let (_, after) = after.split_once("\n\n").unwrap();
            let auth = format!("[auth]\nmethod = \"{method}\"\n{keys}");
            format!("{before}{auth}\n\n{after}")
                .replace("[endpoints]\n", &format!("[endpoints]\n{endpoints}"))
        });
        Self {
            lab,
            az,
            variables,
            secrets,
        }
    }

    /// Another command than `load`.
    pub(crate) fn other(&self, arguments: &[&str]) -> Command {
        let mut command = self.lab.binary();
        command
            .env_remove("LINKTRAIL_CLIENT_SECRET")
            .envs(self.variables.clone())
            .args(arguments);
        command
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.lab.load_command(&self.lab.case("case"), arguments);
        command
            .env_remove("LINKTRAIL_CLIENT_SECRET")
            .envs(self.variables.clone());
        command
    }

    pub(super) fn load(&self, arguments: &[&str]) -> Ran {
        run(&mut self.command(arguments))
    }
}

/// The exit code of a load. A person is not asked for what is an application's alone, and that is a gap.
pub(crate) fn complete(way: &str) -> i32 {
    match way {
        "device-code" => 3,
        _ => 0,
    }
}

#[test]
fn every_way_to_sign_in_gives_the_same_load() {
    let mut first: Option<Value> = None;
    for way in METHODS {
        // A person may not ask for all that an application may: `person.rs`.
        if way == "device-code" {
            continue;
        }
        let setup = Setup::new(way);
        // In the middle of it the service refuses a token once.
        setup.lab.tenant.script([Fault::on(
            Service::Graph,
            "/joinedTeams",
            Action::ExpiredToken,
        )]);
        let ran = setup.load(&[]);
        assert_eq!(ran.code, Some(complete(way)), "{way}: {ran:#?}");
        let mut result = ran.json();
        let sent = result["requests"]["login"]["sent"].as_u64().unwrap();
        let wanted = match way {
            // Instance metadata is looked for first.
            "managed-identity" => 4,
            _ => 3,
        };
        assert_eq!(sent, wanted, "{way}");
        setup.lab.tenant.assert_clean();
        for key in ["case", "requests"] {
            result.as_object_mut().unwrap().remove(key);
        }
        match &first {
            None => first = Some(result),
            Some(first) => assert_eq!(first, &result, "{way}"),
        }
    }
}

//! Runs the binary against a simulated tenant and reads back what it made.

pub(crate) mod demo_case;
pub(crate) mod equal;
pub(crate) mod graph;
pub(crate) mod hostile;
pub(crate) mod journal;
pub(crate) mod page;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use tenant_sim::{Options, Tenant, World};

/// A tenant, a folder to work in, and a configuration that fits both.
pub(crate) struct Lab {
    pub(crate) tenant: Tenant,
    folder: TempDir,
}

impl Lab {
    pub(crate) fn new(world: World, options: Options) -> Self {
        Self::with(world, options, "")
    }

    /// With more tables at the end of the configuration.
    pub(crate) fn with(world: World, options: Options, extra: &str) -> Self {
        let tenant = Tenant::start(world, options);
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(
            folder.path().join("linktrail.toml"),
            tenant.config_toml(extra),
        )
        .expect("write the configuration");
        Self { tenant, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("linktrail.toml")
    }

    /// Rewrites the configuration.
    pub(crate) fn edit_config(&self, change: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(self.config()).expect("read the configuration");
        std::fs::write(self.config(), change(text)).expect("write the configuration");
    }

    /// A folder for a case of that name.
    pub(crate) fn case(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The binary, with the tenant's secrets and nothing else of the environment.
    pub(crate) fn binary(&self) -> Command {
        let mut command = binary(self.folder());
        command.envs(self.tenant.env());
        command
    }

    /// `load` into a case folder over the world's own window, without Neo4j, answering in JSON.
    pub(crate) fn load_command(&self, case: &Path, arguments: &[&str]) -> Command {
        let world = self.tenant.world();
        let mut command = self.binary();
        command
            .args(["load", "--no-neo4j", "--format", "json", "--case"])
            .arg(case)
            .args(["--from", &world.from().to_rfc3339()])
            .args(["--to", &world.anchor.to_rfc3339()])
            .args(arguments);
        command
    }

    pub(crate) fn load(&self, case: &Path, arguments: &[&str]) -> Ran {
        run(&mut self.load_command(case, arguments))
    }

    /// Loads, and insists that it ends with this code.
    pub(crate) fn loaded(&self, case: &Path, arguments: &[&str], code: i32) -> Value {
        let ran = self.load(case, arguments);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        ran.json()
    }

    /// Configuration and tenant go; the case folders stay, as long as the returned folder does.
    pub(crate) fn close(self) -> TempDir {
        let Self { tenant, folder } = self;
        drop(tenant);
        std::fs::remove_file(folder.path().join("linktrail.toml")).expect("remove it");
        folder
    }
}

/// The binary in a folder, with an empty environment.
pub(crate) fn binary(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("linktrail"));
    command
        .env_clear()
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// The words of a replay that answers in JSON, before the folder of its case.
pub(crate) const REPLAY: [&str; 6] = [
    "load",
    "--replay",
    "--no-neo4j",
    "--format",
    "json",
    "--case",
];

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; none after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What stands on stdout, which holds nothing that a terminal could take for more than text.
    pub(crate) fn json(&self) -> Value {
        let is_unsafe = |c: char| c != '\n' && linktrail::terminal::is_unsafe(c);
        assert!(!self.stdout.contains(is_unsafe), "{self:#?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The one line on stderr that says what is wrong; more than one is a failure.
    pub(crate) fn complaint(&self) -> String {
        let lines: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| !line.starts_with("case "))
            .collect();
        assert_eq!(lines.len(), 1, "one line: {self:#?}");
        lines[0].to_owned()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    command.output().expect("the binary runs").into()
}

/// Starts the binary and leaves it running.
pub(crate) fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// Files under a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(folder).expect("read the folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Gaps (or notes) as `stage source affected: reason`.
pub(crate) fn gaps(result: &Value, list: &str) -> Vec<String> {
    let text = |gap: &Value| {
        format!(
            "{} {} {}: {}",
            gap["stage"].as_str().expect("a stage"),
            gap["source"].as_str().expect("a source"),
            gap["affected"],
            gap["reason"].as_str().expect("a reason")
        )
    };
    let listed = result[list].as_array().expect("a list");
    for gap in listed {
        let source = gap["source"].as_str().expect("a source");
        assert!(
            result["requests"].get(source).is_some(),
            "`{source}` is no key of requests: {result:#}"
        );
    }
    listed.iter().map(text).collect()
}

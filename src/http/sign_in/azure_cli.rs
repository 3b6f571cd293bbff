//! Sign-in by whoever is signed in to the Azure CLI: `az account get-access-token`.
//!
//! `az` runs without a shell. No token is ever among its arguments, and none of its output is shown but its errors.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Local, NaiveDateTime, TimeZone, Utc};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::advice::{Asking, advice};
use super::entra::{self, Issued, Trouble};

/// The most that is read of the output and of the errors of `az`, in bytes.
const LONGEST_OUTPUT: u64 = 1024 * 1024;

/// Asks the Azure CLI.
#[derive(Debug)]
pub(super) struct AzureCli {
    program: PathBuf,
    withheld: Vec<OsString>,
    time: Duration,
}

/// What `az` gave back.
struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl AzureCli {
    pub(super) fn new(program: PathBuf, withheld: Vec<OsString>, time: Duration) -> Self {
        Self {
            program,
            withheld,
            time,
        }
    }

    /// Asks once for a token.
    pub(super) async fn token(
        &self,
        asking: Asking<'_>,
        sent: &AtomicU64,
    ) -> Result<Issued, Trouble> {
        let mut output = self.run(asking, true, sent).await?;
        // Who is signed in as a managed identity has one tenant only, and may not name it.
        if !output.status.success()
            && text(&output.stderr).contains("Tenant shouldn't be specified")
        {
            output = self.run(asking, false, sent).await?;
        }
        if !output.status.success() {
            return Err(failure(&output, asking));
        }
        read(&output.stdout, asking, Utc::now())
    }

    async fn run(
        &self,
        asking: Asking<'_>,
        names_tenant: bool,
        sent: &AtomicU64,
    ) -> Result<Output, Trouble> {
        let mut command = Command::new(&self.program);
        command
            .args(["account", "get-access-token", "-o", "json"])
            .args(["--scope", asking.scope])
            // `az` is a program in Python, which would look for its modules in the working folder.
            .current_dir(self.program.parent().unwrap_or(Path::new("/")))
            .env("AZURE_CORE_ONLY_SHOW_ERRORS", "true")
            .env("AZURE_CORE_NO_COLOR", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if names_tenant {
            command.args(["--tenant", asking.tenant]);
        }
        for variable in &self.withheld {
            command.env_remove(variable);
        }
        // `az` is a script that starts others, which must end with it.
        #[cfg(unix)]
        command.process_group(0);
        sent.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(program = %self.program.display(), scope = asking.scope, "az");
        let child = command.spawn().map_err(|error| {
            Trouble::refused(format!(
                "{} cannot be started: {error}",
                crate::terminal::clean(&self.program.to_string_lossy())
            ))
        })?;
        let mut running = Running(child);
        match tokio::time::timeout(self.time, running.output()).await {
            Ok(output) => output.map_err(|error| Trouble::refused(error.to_string())),
            Err(_) => Err(Trouble::refused(format!(
                "az did not end within {} and was stopped; run this yourself, and see what it waits for: {}",
                crate::http::words::length(self.time),
                by_hand(asking)
            ))),
        }
    }
}

/// A running `az`, which is stopped with all that it started when nobody waits for it any more.
struct Running(Child);

impl Running {
    async fn output(&mut self) -> std::io::Result<Output> {
        let (stdout, stderr) = (self.0.stdout.take(), self.0.stderr.take());
        let (stdout, stderr, status) = tokio::try_join!(all(stdout), all(stderr), self.0.wait())?;
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.id()
            && let Some(group) = i32::try_from(id)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            // It fails when all of them have ended already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

async fn all(from: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    if let Some(mut from) = from {
        (&mut from)
            .take(LONGEST_OUTPUT)
            .read_to_end(&mut read)
            .await?;
        // What is beyond is read too, so that az does not wait for a reader.
        tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    }
    Ok(read)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The command as somebody types it. It names nothing secret.
fn by_hand(asking: Asking<'_>) -> String {
    format!(
        "az account get-access-token --scope {} --tenant {} --query expiresOn",
        asking.scope, asking.tenant
    )
}

/// What it means that `az` failed.
fn failure(output: &Output, asking: Asking<'_>) -> Trouble {
    let stderr = text(&output.stderr);
    let errors: Vec<&str> = stderr
        .lines()
        .filter(|line| line.trim_start().starts_with("ERROR:"))
        .collect();
    // What follows an error on lines of its own is how to sign in again, which stands in the advice.
    let shown = match errors.is_empty() {
        true => entra::words(&stderr),
        false => entra::words(&errors.join(" ").replace("ERROR:", "")),
    };
    let code = entra::code_in(&stderr);
    let known = code.and_then(|code| advice(code, asking));
    let why = match known {
        Some(advice) => format!("{advice} ({shown})"),
        None if is_unreachable(&stderr) => {
            return Trouble::away(format!("it cannot reach Entra: {shown}"));
        }
        None if stderr.contains("Please run 'az login'") || stderr.contains("az login --") => {
            format!(
                "nobody is signed in to it for this tenant; run: az login --tenant {} ({shown})",
                asking.tenant
            )
        }
        None if output.status.code() == Some(127) => {
            format!("az cannot start what it needs; install the Azure CLI anew ({shown})")
        }
        None if shown.is_empty() => format!(
            "az ended with {} and said nothing; run this yourself, and see why: {}",
            output.status,
            by_hand(asking)
        ),
        None => format!("az ended with {}: {shown}", output.status),
    };
    Trouble::refused(why)
}

/// The words of Python's HTTP client when there is no network.
fn is_unreachable(stderr: &str) -> bool {
    [
        "Failed to establish a new connection",
        "Max retries exceeded",
        "Connection aborted",
        "Name or service not known",
        "Temporary failure in name resolution",
    ]
    .iter()
    .any(|words| stderr.contains(words))
}

/// The token in the output of `az`, none of which is ever shown.
fn read(stdout: &[u8], asking: Asking<'_>, now: DateTime<Utc>) -> Result<Issued, Trouble> {
    let body: Value = serde_json::from_slice(stdout).unwrap_or_default();
    let strange = |what: &str| {
        Trouble::refused(format!(
            "az printed {what}; update the Azure CLI, and see what this prints: {}",
            by_hand(asking)
        ))
    };
    if !body.is_object() {
        return Err(strange("something else than JSON"));
    }
    // Not every token says of which tenant it is.
    let tenant = body["tenant"].as_str().unwrap_or_default();
    if let Some(why) = entra::other_tenant(asking.by, tenant, asking.tenant) {
        return Err(Trouble::refused(why));
    }
    let expires = entra::number(&body["expires_on"])
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .or_else(|| local(body["expiresOn"].as_str()?));
    let token = serde_json::json!({
        "access_token": body["accessToken"],
        "expires_on": expires.map(|time| time.timestamp()),
    });
    entra::issued(&token, now).map_err(|what| strange(&format!("an answer of no use ({what})")))
}

/// The time as versions of the Azure CLI before 2.54 write it: in the time zone of this machine.
fn local(text: &str) -> Option<DateTime<Utc>> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    Some(Local.from_local_datetime(&time).earliest()?.to_utc())
}

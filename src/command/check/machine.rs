//! This machine: its clock, and the folder of the cases. Nothing is written to find out.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use super::ask::shown;
use super::finding::{Check, Command, Fix, State, Topic, Weight};
use crate::http::length;
use crate::terminal::path_word;

/// An answer can take some seconds to come, and its time is in whole seconds.
const USUAL: TimeDelta = TimeDelta::seconds(60);
/// A load needs more than this: a case of 100,000 messages takes about 100 MB, its report and exports several times that.
const LITTLE: u64 = 2 << 30;
/// With less than this, nearly every load would end early.
const TOO_LITTLE: u64 = 50 << 20;

/// The clock, by how much it is behind the services that answered; `None` when nobody told the time.
pub(super) fn clock(behind: Option<TimeDelta>) -> Check {
    const NAME: &str = "clock";
    let Some(behind) = behind else {
        return Check::skipped(Topic::Machine, NAME, "no service told the time");
    };
    let off = length(behind.abs().to_std().unwrap_or_default());
    if behind.abs() < USUAL {
        return Check::ok(Topic::Machine, NAME, "right to within a minute");
    }
    let (side, without) = match behind > TimeDelta::zero() {
        true => (
            "behind",
            "the newest events are left out, since a load ends its window now; Entra refuses certificates and federated tokens beyond five minutes (AADSTS700024)",
        ),
        false => (
            "ahead of",
            "a load asks for events that are yet to come, and notes them as late; Entra refuses certificates and federated tokens beyond five minutes (AADSTS700024)",
        ),
    };
    Check::gap(
        Topic::Machine,
        NAME,
        State::Failed,
        format!("{off} {side} the services"),
    )
    .without(without)
    .fix(Fix::say(
        "set the clock, best by NTP (`timedatectl set-ntp true` on Linux)",
    ))
}

/// The folder that loads without `--case` make their cases in.
pub(super) fn case_folder() -> Check {
    let cases = Path::new("cases");
    let full = std::path::absolute(cases).unwrap_or_else(|_| cases.to_owned());
    let check = folder(cases, &full);
    match check.state {
        State::Failed => check
            .without("a load ends before its first request, unless `--case` names another folder")
            .weighing(Weight::Stop),
        _ => check,
    }
}

fn folder(cases: &Path, full: &Path) -> Check {
    const NAME: &str = "case folder";
    let path = shown(&full.to_string_lossy());
    let failed = |why: &str, fix: Option<Fix>| {
        Check::gap(
            Topic::Machine,
            NAME,
            State::Failed,
            format!("{path}: {why}"),
        )
        .fix(fix)
    };
    let is_there = match std::fs::symlink_metadata(cases) {
        Ok(_) if cases.is_dir() => true,
        Ok(_) => {
            let fix = Fix::say("move it away, or name a folder with --case");
            return failed("that is no folder", fix);
        }
        Err(_) => false,
    };
    // The folder in which the first new one is made.
    let above = match is_there {
        true => cases.to_owned(),
        false => PathBuf::from("."),
    };
    if let Err(why) = can_write(&above) {
        let fix =
            Fix::say("make it writable, run linktrail elsewhere, or name a folder with --case");
        return failed(&format!("it cannot be written ({why})"), fix);
    }
    let space = free_space(&above);
    if let Some(space) = space.filter(|space| *space < TOO_LITTLE) {
        let why = format!("only {} are free", bytes(space));
        return failed(
            &why,
            Fix::say("free some space, or name a folder on another disk with --case"),
        );
    }
    let mut detail = match is_there {
        true => path,
        false => format!("{path}, which the first load makes"),
    };
    detail.push_str(&match space {
        Some(space) => format!("; {} free", bytes(space)),
        None => "; how much is free is not known on this system".to_owned(),
    });
    let check = Check::ok(Topic::Machine, NAME, &*detail);
    if let Some(mode) = is_there.then(|| open_to_others(cases)).flatten() {
        let word = path_word(&cases.to_string_lossy()).unwrap_or_else(|| "DIR".to_owned());
        return Check {
            detail: format!("{detail}; others on this machine see its names (mode {mode:04o})"),
            ..check
        }
        .fix(Fix::run(
            "close it to others; the cases in it are closed in any case",
            Command::Line(format!("chmod 700 {word}")),
        ));
    }
    match space {
        Some(space) if space < LITTLE => check.fix(Fix::say(
            "free some space before a large load; a case of 100,000 messages with its exports takes about 1 GB",
        )),
        _ => check,
    }
}

/// A size for people.
fn bytes(size: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with few digits")]
    let mega = size as f64 / 1e6;
    match mega {
        ..1e3 => format!("{mega:.0} MB"),
        ..1e6 => format!("{:.0} GB", mega / 1e3),
        _ => format!("{:.1} TB", mega / 1e6),
    }
}

/// Whether this user may make files in the folder, as the system says without trying.
#[cfg(unix)]
fn can_write(folder: &Path) -> Result<(), String> {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| std::io::Error::from(error).to_string())
}

#[cfg(not(unix))]
fn can_write(folder: &Path) -> Result<(), String> {
    match std::fs::metadata(folder) {
        Ok(found) if found.permissions().readonly() => Err("it is read-only".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The bytes that this user may still write there.
#[cfg(unix)]
fn free_space(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn free_space(_folder: &Path) -> Option<u64> {
    None
}

/// The mode of a folder that is open to others than its owner.
#[cfg(unix)]
fn open_to_others(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(folder).ok()?.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_folder: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_right_to_within_a_minute() {
        let state = |seconds| clock(Some(TimeDelta::seconds(seconds))).state;
        for (seconds, expected) in [
            (0, State::Ok),
            (59, State::Ok),
            (-59, State::Ok),
            (61, State::Failed),
            (-3600, State::Failed),
        ] {
            assert_eq!(state(seconds), expected, "{seconds}");
        }
        assert_eq!(clock(None).state, State::Skipped);
        let text = |seconds| clock(Some(TimeDelta::seconds(seconds))).detail;
        assert_eq!(text(600), "10 minutes behind the services");
        assert_eq!(text(-7200), "2 hours ahead of the services");
    }

    #[test]
    fn sizes_are_told_in_a_fitting_unit() {
        for (size, text) in [
            (0, "0 MB"),
            (50 << 20, "52 MB"),
            (48_200_000_000, "48 GB"),
            (2_500_000_000_000, "2.5 TB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let cases = folder.path().join("cases");
        std::fs::write(&cases, "x").unwrap();
        let check = super::folder(&cases, &cases);
        assert_eq!(check.state, State::Failed);
        assert!(check.detail.contains("that is no folder"), "{check:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_open_to_others_can_be_closed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let cases = folder.path().join("cases");
        std::fs::create_dir(&cases).unwrap();
        for (mode, is_open) in [(0o700, false), (0o755, true)] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&cases, mode).unwrap();
            let check = super::folder(&cases, &cases);
            assert_eq!(check.state, State::Ok);
            assert_eq!(check.detail.contains("mode"), is_open, "{check:?}");
        }
    }
}

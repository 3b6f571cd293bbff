//! Opens the case for commands that read a complete case.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::exit::{Failure, UsageError};
use super::output;
use crate::case::{Case, StoredCase};
use crate::journal::RecordLookup;
use crate::terminal::clean;

/// A case with a complete generation.
pub(super) struct CompleteCase {
    stored: StoredCase,
    /// The records of that generation.
    pub(super) records: RecordLookup,
}

impl Deref for CompleteCase {
    type Target = StoredCase;

    fn deref(&self) -> &StoredCase {
        &self.stored
    }
}

/// Opens the case in `dir`, or else the newest complete one under ./cases. A case that is not complete is an error.
pub(super) fn open(dir: Option<&Path>) -> Result<CompleteCase, Failure> {
    let dir = match dir {
        Some(dir) => dir.to_owned(),
        None => {
            let newest = newest(Path::new("cases")).ok_or_else(|| {
                UsageError(
                    "there is no complete case under ./cases; name one with --case".to_owned(),
                )
            })?;
            output::eprint_line(&format!("case {}", clean(&newest.to_string_lossy())));
            newest
        }
    };
    let stored = StoredCase::open(&dir)?;
    if stored.manifest().last_complete().is_none() {
        return Err(UsageError(format!(
            "the case in {} is not complete; run its load again first",
            dir.display()
        ))
        .into());
    }
    let records = stored.records()?;
    Ok(CompleteCase { stored, records })
}

fn newest(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| Case::exists(path))
        .filter_map(|path| Some((Case::read_manifest(&path).ok()?, path)))
        .filter(|(manifest, _)| manifest.last_complete().is_some())
        .max_by_key(|(manifest, _)| manifest.created)
        .map(|(_, path)| path)
}

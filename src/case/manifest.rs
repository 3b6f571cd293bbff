//! `case.json`: the options of a case, the progress of its stages, and its last complete generation.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use ulid::Ulid;

use super::error::{CaseError, io_error};
use crate::model::{Scope, Stage, StoredGap, Window};

/// The version of the folder's layout that this version of linktrail writes. It reads earlier ones too.
pub const FORMAT: u64 = 2;

/// The contents of `case.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the folder's layout; see [`FORMAT`].
    pub format: u64,
    /// The id of the case, a ULID.
    pub id: String,
    /// The version of linktrail that created the case.
    pub version: String,
    /// The time at which the case was created. The pipeline uses it as the current time.
    pub created: DateTime<Utc>,
    /// The time range under investigation.
    pub window: Window,
    /// The options of `load` and the settings that determine the graph.
    pub options: Scope,
    /// The progress of each stage. Stages that only another version of linktrail knows are left out.
    #[serde(deserialize_with = "known_stages")]
    pub stages: BTreeMap<Stage, StageState>,
    /// True when every stage ran to its end, with or without gaps. It stays true while a newer load is under way.
    pub complete: bool,
    /// The number of records in the journal when this was written.
    pub records: u64,
    /// The last complete generation; `None` before the first one, and in cases of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Generation>,
    /// The gaps of the last complete generation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<StoredGap>,
    /// The notes of the last complete generation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<StoredGap>,
}

/// What a load that came to its end has made: the first records of the journal, and the graph that they give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// Counted from 1.
    pub number: u64,
    /// The number of records that it consists of.
    pub records: u64,
    /// The chain of the last of these records; `None` when that is of format 1, which has none.
    pub head: Option<String>,
}

impl Manifest {
    /// Reads only `case.json`.
    ///
    /// # Errors
    /// When the folder is not a case, or has another format.
    pub(super) fn read(dir: &Path) -> Result<Self, CaseError> {
        let path = dir.join("case.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CaseError::NotACase {
                    path: dir.to_owned(),
                });
            }
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        let unreadable = |reason: String| CaseError::Manifest {
            path: dir.to_owned(),
            reason,
        };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        let format = value
            .get("format")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        if !(1..=FORMAT).contains(&format) {
            return Err(CaseError::Format {
                path: dir.to_owned(),
                found: format,
                newest: FORMAT,
            });
        }
        let manifest: Self =
            serde_json::from_value(value).map_err(|error| unreadable(error.to_string()))?;
        match manifest.problem() {
            None => Ok(manifest),
            Some(problem) => Err(unreadable(problem)),
        }
    }

    /// The last complete generation; `None` before the first one.
    pub fn last_complete(&self) -> Option<Generation> {
        match &self.generation {
            None if self.complete => Some(Generation {
                number: 1,
                records: self.records,
                head: None,
            }),
            generation => generation.clone(),
        }
    }

    /// Why this cannot be the description of a case; `None` when it can.
    fn problem(&self) -> Option<String> {
        // The id is part of every record and of the graph, where one must not begin or imitate another.
        let canonical = Ulid::from_string(&self.id).is_ok_and(|id| id.to_string() == self.id);
        (!canonical).then(|| format!("its id `{}` is not a ULID", self.id))
    }
}

/// The progress of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageState {
    /// The stage ran to its end.
    Done,
    /// The stage has not run to its end.
    Pending,
}

fn known_stages<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Stage, StageState>, D::Error> {
    let all = BTreeMap::<String, StageState>::deserialize(deserializer)?;
    let known = |(name, state): (String, StageState)| {
        let stage = Stage::ALL.into_iter().find(|stage| stage.as_str() == name);
        Some((stage?, state))
    };
    Ok(all.into_iter().filter_map(known).collect())
}

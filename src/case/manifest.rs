//! `case.json`: the options of a case, and the progress of its stages.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{Scope, Stage, Window};

/// The version of the folder's layout that this version of linktrail writes and reads.
pub const FORMAT: u64 = 1;

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
    /// The progress of each stage.
    pub stages: BTreeMap<Stage, StageState>,
    /// True when every stage ran to its end, with or without gaps.
    pub complete: bool,
    /// The number of records in the journal.
    pub records: u64,
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

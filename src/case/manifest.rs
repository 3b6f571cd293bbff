//! `case.json`: what was asked for, and how far the case has come.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{Scope, Stage, Window};

/// Version of the folder's layout that this linktrail writes and reads.
pub const FORMAT: u64 = 1;

/// The contents of `case.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the folder's layout; see [`FORMAT`].
    pub format: u64,
    /// ULID.
    pub id: String,
    /// Version of linktrail that made the case.
    pub version: String,
    /// When the case was made; the pipeline takes this for "now".
    pub created: DateTime<Utc>,
    /// The time under investigation.
    pub window: Window,
    /// What shapes the graph: the options of `load` and the relevant settings.
    pub options: Scope,
    /// How far each stage has come.
    pub stages: BTreeMap<Stage, StageState>,
    /// Every stage ran to its end, gaps or not.
    pub complete: bool,
    /// Records in the journal.
    pub records: u64,
}

/// State of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageState {
    /// It ran to its end.
    Done,
    /// It has not run to its end yet.
    Pending,
}

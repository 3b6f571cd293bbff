//! What could not be had. A gap is never silent: it is in the result, in the graph and in the exit code.

use std::collections::BTreeMap;

use serde::Serialize;

/// Something that could not be had (a gap), or that no permission could have given (a note).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Stage that wanted it.
    pub stage: &'static str,
    /// Source that did not give it; a key of `requests`.
    pub source: &'static str,
    /// Why, and what to do.
    pub reason: String,
    /// How many things (users, teams, urls, …) it concerns.
    pub affected: u64,
}

/// Gaps or notes, those with the same reason counted together.
#[derive(Debug, Clone, Default)]
pub struct Gaps(BTreeMap<(&'static str, &'static str, String), u64>);

impl Gaps {
    /// Adds one.
    pub fn add(
        &mut self,
        stage: &'static str,
        source: &'static str,
        reason: impl ToString,
        affected: u64,
    ) {
        *self
            .0
            .entry((stage, source, reason.to_string()))
            .or_default() += affected;
    }

    /// All of them, sorted by stage, source and reason.
    pub fn list(&self) -> Vec<Gap> {
        let gap =
            |((stage, source, reason), affected): (&(&'static str, &'static str, String), &u64)| {
                Gap {
                    stage,
                    source,
                    reason: reason.clone(),
                    affected: *affected,
                }
            };
        self.0.iter().map(gap).collect()
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} ({}): {}; {} affected",
            self.stage, self.source, self.reason, self.affected
        )
    }
}

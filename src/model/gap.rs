//! Gaps and notes: what is missing from the graph. A gap is never silent: it is in the result, in the graph and in the
//! exit code.

use std::collections::BTreeMap;

use serde::Serialize;

use super::source::Source;
use super::stage::Stage;

/// Something that is missing: a gap if it could have been read, a note if no permission could have provided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The stage that needed it.
    pub stage: Stage,
    /// The source that did not provide it; a key of `requests`.
    pub source: Source,
    /// The reason, and what to do about it.
    pub reason: String,
    /// The number of things (users, teams, urls, …) that are affected.
    pub affected: u64,
}

/// Gaps or notes. Those with the same stage, source and reason are counted together.
#[derive(Debug, Clone, Default)]
pub struct Gaps(BTreeMap<(Stage, Source, String), u64>);

impl Gaps {
    /// Adds a gap or a note.
    pub fn add(&mut self, stage: Stage, source: Source, reason: impl ToString, affected: u64) {
        *self
            .0
            .entry((stage, source, reason.to_string()))
            .or_default() += affected;
    }

    /// All of them, sorted by the name of the stage, the source and the reason.
    pub fn list(&self) -> Vec<Gap> {
        let gap = |((stage, source, reason), affected): (&(Stage, Source, String), &u64)| Gap {
            stage: *stage,
            source: *source,
            reason: reason.clone(),
            affected: *affected,
        };
        let mut gaps: Vec<Gap> = self.0.iter().map(gap).collect();
        gaps.sort_by_key(|gap| gap.stage.as_str());
        gaps
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

impl Gap {
    /// The stage in a text that [`Display`](std::fmt::Display) wrote, which is how the graph stores gaps; `None` for
    /// any other text.
    pub fn stage_in(text: &str) -> Option<Stage> {
        let name = text.split(|c: char| !c.is_ascii_alphabetic()).next()?;
        Stage::ALL.into_iter().find(|stage| stage.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_is_read_back_from_the_text_of_a_gap() {
        for stage in Stage::ALL {
            let mut gaps = Gaps::default();
            gaps.add(stage, Source::LogAnalytics, "hosts: table absent", 2);
            let text = gaps.list()[0].to_string();
            assert_eq!(Gap::stage_in(&text), Some(stage), "{text}");
        }
        for text in ["", "(graph)", "hostsfile (graph): x", "unknown (graph): x"] {
            assert_eq!(Gap::stage_in(text), None, "{text}");
        }
    }
}

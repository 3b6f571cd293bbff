//! Gaps and notes: what is missing from the graph. A gap is never silent: it is in the result, in the graph and in the
//! exit code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

/// A gap or a note as a case holds it. The names are texts, since another version of linktrail may know more of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredGap {
    /// The name of the stage.
    pub stage: String,
    /// The name of the source.
    pub source: String,
    /// The reason, and what to do about it.
    pub reason: String,
    /// The number of things that are affected.
    pub affected: u64,
}

impl StoredGap {
    /// Parses a text that [`Display`](std::fmt::Display) wrote, which is how the graph stores gaps; `None` for any
    /// other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (stage, rest) = text.split_once(" (")?;
        let (source, rest) = rest.split_once("): ")?;
        let (reason, affected) = rest.strip_suffix(" affected")?.rsplit_once("; ")?;
        Some(Self {
            stage: stage.to_owned(),
            source: source.to_owned(),
            reason: reason.to_owned(),
            affected: affected.parse().ok()?,
        })
    }
}

impl From<&Gap> for StoredGap {
    fn from(gap: &Gap) -> Self {
        Self {
            stage: gap.stage.to_string(),
            source: gap.source.to_string(),
            reason: gap.reason.clone(),
            affected: gap.affected,
        }
    }
}

impl std::fmt::Display for StoredGap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            stage,
            source,
            reason,
            affected,
        } = self;
        write!(f, "{stage} ({source}): {reason}; {affected} affected")
    }
}

/// Gaps or notes. Those with the same stage, source and reason are counted together.
#[derive(Debug, Clone, Default)]
pub struct Gaps(BTreeMap<(Stage, Source, String), u64>);

impl Gaps {
    /// Adds a gap or a note; none where it affects nothing.
    pub fn add(&mut self, stage: Stage, source: Source, reason: impl ToString, affected: u64) {
        if affected == 0 {
            return;
        }
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
        StoredGap::from(self).fmt(f)
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
    fn what_affects_nothing_is_no_gap() {
        let mut gaps = Gaps::default();
        gaps.add(Stage::Hosts, Source::LogAnalytics, "nothing", 0);
        assert!(gaps.list().is_empty());
        gaps.add(Stage::Hosts, Source::LogAnalytics, "some", 2);
        gaps.add(Stage::Hosts, Source::LogAnalytics, "some", 0);
        gaps.add(Stage::Hosts, Source::LogAnalytics, "some", 1);
        let affected: Vec<u64> = gaps.list().iter().map(|gap| gap.affected).collect();
        assert_eq!(affected, [3]);
    }

    #[test]
    fn the_stage_is_read_back_from_the_text_of_a_gap() {
        for stage in Stage::ALL {
            let mut gaps = Gaps::default();
            gaps.add(stage, Source::LogAnalytics, "hosts: table absent", 2);
            let text = gaps.list()[0].to_string();
            assert_eq!(Gap::stage_in(&text), Some(stage), "{text}");
            let stored = StoredGap::from(&gaps.list()[0]);
            assert_eq!(StoredGap::parse(&text), Some(stored), "{text}");
        }
        for text in ["", "(graph)", "hostsfile (graph): x", "unknown (graph): x"] {
            assert_eq!(Gap::stage_in(text), None, "{text}");
            assert_eq!(StoredGap::parse(text), None, "{text}");
        }
    }
}

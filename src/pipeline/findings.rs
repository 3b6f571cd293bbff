//! The findings of the stages: the graph, and what is missing from it.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use crate::graph::Graph;
use crate::model::{ChatsOf, Cloud, Gap, Gaps, Source, Stage};
use crate::source::{logs, msgraph};

/// The old and the new table of indicators.
const EITHER: [&str; 2] = ["ThreatIntelIndicators", "ThreatIntelligenceIndicator"];

/// The result of an investigation, which may have stopped early.
#[derive(Debug)]
pub struct Outcome {
    /// The graph. It includes the risk if the investigation is complete.
    pub graph: Graph,
    /// The gaps: what is missing and could have been read.
    pub gaps: Vec<Gap>,
    /// The notes: what is missing and no permission could have provided.
    pub notes: Vec<Gap>,
}

/// The graph, the gaps and the notes, to which every stage adds.
pub(super) struct Findings {
    pub(super) graph: Graph,
    pub(super) gaps: Gaps,
    pub(super) notes: Gaps,
    /// The tables and sources whose absence is known.
    accepted: Vec<String>,
    /// What the person who is signed in cannot have, with its number, and the first stage that would have asked for it.
    out_of_reach: BTreeMap<msgraph::Problem, u64>,
    out_of_reach_from: Option<Stage>,
    /// Where each log begins and ends, as the node of the case holds it.
    pub(super) log_ends: Vec<String>,
    /// The absences that are reported, each by the first stage that wants the table.
    absent: BTreeSet<logs::Problem>,
    /// The logs that are not in the workspace but in advanced hunting.
    pub(super) hunted: BTreeSet<&'static str>,
}

impl Findings {
    /// Starts without findings, for the case with this id, where the absence of these tables and sources is known.
    pub(super) fn new(case: &str, accepted: &[String]) -> Self {
        Self {
            accepted: accepted.to_vec(),
            graph: Graph::new(case),
            gaps: Gaps::default(),
            notes: Gaps::default(),
            out_of_reach: BTreeMap::new(),
            out_of_reach_from: None,
            log_ends: Vec::new(),
            absent: BTreeSet::new(),
            hunted: BTreeSet::new(),
        }
    }

    /// Adds what the cloud of the tenant does not serve, each as a note.
    pub(super) fn note_lacks(&mut self, cloud: Cloud, chats_of: ChatsOf) {
        let concerns = |stage| stage != Stage::Chats || chats_of != ChatsOf::None;
        for lack in cloud.lacks().iter().filter(|lack| concerns(lack.stage)) {
            self.notes.add(lack.stage, msgraph::SOURCE, lack.what, 1);
        }
    }

    /// Adds a gap for each failed query. An absent table, or a workspace without data, is one gap of the load, however
    /// many queries and stages use it; otherwise each query counts.
    pub(super) fn add_log_problems(
        &mut self,
        stage: Stage,
        problems: impl IntoIterator<Item = logs::Problem>,
    ) {
        for problem in problems {
            let is_repeated = problem.is_absence() && !self.absent.insert(problem.clone());
            if !is_repeated {
                let absence = problem.absence();
                self.add(stage, problem.source(), &problem, absence.as_deref(), 1);
            }
        }
    }

    /// Adds a note for each column that a table lacks where it was asked.
    pub(super) fn note_lacking(&mut self, stage: Stage, rows: &logs::Rows) {
        for (table, column) in &rows.lacks {
            let (query, place) = (rows.query.name(), rows.place.as_str());
            let reason = format!(
                "{query}: {table} has no column {column} in {place}; what it would say is not known"
            );
            self.notes.add(stage, rows.place.source(), reason, 1);
        }
    }

    /// Adds a gap, or a note if it is an absence that the configuration accepts. `absence` is the name by which it can
    /// be accepted besides that of the source, or several with ` and ` between them, which must all be accepted: what
    /// one of them stands for is else missing unseen. Of the two tables of indicators one is enough, since one tenant
    /// has only one of them. `None` for a gap that cannot be accepted.
    pub(super) fn add(
        &mut self,
        stage: Stage,
        source: Source,
        reason: impl ToString,
        absence: Option<&str>,
        affected: u64,
    ) {
        let is_accepted = absence.is_some_and(|names| {
            let accepts = |name: &str| self.accepted.iter().any(|accepted| accepted == name);
            let is_of_either =
                |name: &str| EITHER.contains(&name) && EITHER.into_iter().any(accepts);
            let mut names = names.split(" and ");
            accepts(source.as_str()) || names.all(|name| accepts(name) || is_of_either(name))
        });
        match is_accepted {
            true => {
                let reason = format!("{}; [gaps] accepted names it", reason.to_string());
                self.notes.add(stage, source, reason, affected);
            }
            false => self.gaps.add(stage, source, reason, affected),
        }
    }

    /// Adds the rows of Defender's tables that do not tell which message they are about.
    pub(super) fn add_unknown_messages(&mut self, context: &Context, stage: Stage, count: u64) {
        let reason = "rows of MessageEvents that name no message were left out; if they stay so, the log was changed on its way to the workspace";
        let source = context.logs.first().source();
        self.gaps.add(stage, source, reason, count);
    }

    /// Adds the entries of lists of Microsoft Graph that have no id: nothing else tells what they are.
    pub(super) fn add_nameless(&mut self, stage: Stage, what: &str, count: u64) {
        let reason = format!(
            "{what}: Graph lists some without an id, and they were left out; run the same command again later"
        );
        self.gaps.add(stage, msgraph::SOURCE, reason, count);
    }

    /// Adds a failed request to Microsoft Graph: as a note if the object does not exist or belongs to another tenant,
    /// since no permission could have returned it, otherwise as a gap. All that is out of reach is one gap of the
    /// investigation.
    pub(super) fn add_msgraph_problem(&mut self, stage: Stage, problem: msgraph::Problem) {
        match problem {
            problem if problem.is_out_of_reach() => self.add_out_of_reach(stage, problem, 1),
            msgraph::Problem::NotFound { .. } | msgraph::Problem::Foreign { .. } => {
                self.notes.add(stage, msgraph::SOURCE, problem, 1);
            }
            problem => self.add(stage, msgraph::SOURCE, &problem, problem.absence(), 1),
        }
    }

    /// Adds what the person who is signed in cannot have, if it is anything.
    pub(super) fn add_out_of_reach(&mut self, stage: Stage, problem: msgraph::Problem, count: u64) {
        if count == 0 {
            return;
        }
        *self.out_of_reach.entry(problem).or_default() += count;
        self.out_of_reach_from.get_or_insert(stage);
    }

    /// Adds the gap of all that the person who is signed in cannot have, one for each source.
    fn settle_out_of_reach(&mut self) {
        let Some(stage) = self.out_of_reach_from.take() else {
            return;
        };
        let mut sources: BTreeMap<Source, (Vec<String>, u64)> = BTreeMap::new();
        for (problem, count) in std::mem::take(&mut self.out_of_reach) {
            let (what, all) = sources.entry(problem.source()).or_default();
            what.push(format!("{}: {count}", problem.in_short()));
            *all += count;
        }
        for (source, (what, count)) in sources {
            let reason = format!(
                "signed in as a person, who cannot have these, so they were not asked for ({}); sign in as an application to have them",
                what.join("; ")
            );
            self.add(stage, source, reason, Some(""), count);
        }
    }
}

impl From<Findings> for Outcome {
    fn from(mut findings: Findings) -> Self {
        findings.settle_out_of_reach();
        Self {
            graph: findings.graph,
            gaps: findings.gaps.list(),
            notes: findings.notes.list(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_in_full_is_accepted() {
        let both = "OfficeActivity and CloudAppEvents";
        for (accepted, absence, is_gap) in [
            (&["OfficeActivity"][..], both, true),
            (&["CloudAppEvents"], both, true),
            (&["OfficeActivity", "CloudAppEvents"], both, false),
            (&["log_analytics"], both, false),
            (&["hunting"], both, true),
            (&["DeviceEvents"], "DeviceEvents", false),
            (&[], "", true),
            (
                &["ThreatIntelIndicators"],
                "ThreatIntelIndicators and ThreatIntelligenceIndicator",
                false,
            ),
        ] {
            let accepted: Vec<String> = accepted.iter().map(|&name| name.to_owned()).collect();
            let mut findings = Findings::new("case", &accepted);
            let source = Source::LogAnalytics;
            findings.add(Stage::Seeds, source, "absent", Some(absence), 1);
            let outcome = Outcome::from(findings);
            let counts = (outcome.gaps.len(), outcome.notes.len());
            let expected = if is_gap { (1, 0) } else { (0, 1) };
            assert_eq!(counts, expected, "{accepted:?} {absence}");
        }
    }
}

//! The findings of the stages: the graph, and what is missing from it.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::model::{Gap, Gaps, Source, Stage};
use crate::source::{logs, msgraph};

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
    /// Where each log begins and ends, as the node of the case holds it.
    pub(super) log_ends: Vec<String>,
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
            log_ends: Vec::new(),
            hunted: BTreeSet::new(),
        }
    }

    /// Adds a gap for each failed query. An absent table, or a workspace without data, is one gap however many queries use
    /// it; otherwise each query counts.
    pub(super) fn add_log_problems(
        &mut self,
        stage: Stage,
        problems: impl IntoIterator<Item = logs::Problem>,
    ) {
        let mut absent = BTreeSet::new();
        for problem in problems {
            let is_repeated = problem.is_absence() && !absent.insert(problem.clone());
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

    /// Adds a gap, or a note if it is an absence that the configuration accepts. `absence` is the name by which it can be
    /// accepted besides that of the source, or several with ` and ` between them; `None` for a gap that cannot be.
    pub(super) fn add(
        &mut self,
        stage: Stage,
        source: Source,
        reason: impl ToString,
        absence: Option<&str>,
        affected: u64,
    ) {
        let is_accepted = absence.is_some_and(|names| {
            let mut names = names.split(" and ").chain([source.as_str()]);
            names.any(|name| self.accepted.iter().any(|accepted| accepted == name))
        });
        match is_accepted {
            true => {
                let reason = format!("{}; [gaps] accepted names it", reason.to_string());
                self.notes.add(stage, source, reason, affected);
            }
            false => self.gaps.add(stage, source, reason, affected),
        }
    }

    /// Adds a failed request to Microsoft Graph: as a note if the object does not exist or belongs to another tenant, since
    /// no permission could have returned it, otherwise as a gap.
    pub(super) fn add_msgraph_problem(&mut self, stage: Stage, problem: msgraph::Problem) {
        match problem {
            msgraph::Problem::NotFound { .. } | msgraph::Problem::Foreign { .. } => {
                self.notes.add(stage, msgraph::SOURCE, problem, 1);
            }
            problem => self.add(stage, msgraph::SOURCE, &problem, problem.absence(), 1),
        }
    }
}

impl From<Findings> for Outcome {
    fn from(findings: Findings) -> Self {
        Self {
            graph: findings.graph,
            gaps: findings.gaps.list(),
            notes: findings.notes.list(),
        }
    }
}

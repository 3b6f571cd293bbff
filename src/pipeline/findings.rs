//! The findings of the stages: the graph, and what is missing from it.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::model::{Gap, Gaps, Stage};
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
    /// Where each log begins and ends, as the node of the case holds it.
    pub(super) log_ends: Vec<String>,
}

impl Findings {
    /// Starts without findings, for the case with this id.
    pub(super) fn new(case: &str) -> Self {
        Self {
            graph: Graph::new(case),
            gaps: Gaps::default(),
            notes: Gaps::default(),
            log_ends: Vec::new(),
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
            let is_absence = matches!(
                problem,
                logs::Problem::TableAbsent(_) | logs::Problem::NoData
            );
            let is_repeated = is_absence && !absent.insert(problem.clone());
            if !is_repeated {
                self.gaps.add(stage, logs::SOURCE, problem, 1);
            }
        }
    }

    /// Adds a failed request to Microsoft Graph: as a note if the object does not exist, since no permission could have
    /// returned it, otherwise as a gap.
    pub(super) fn add_msgraph_problem(&mut self, stage: Stage, problem: msgraph::Problem) {
        let to = match problem {
            msgraph::Problem::NotFound { .. } => &mut self.notes,
            _ => &mut self.gaps,
        };
        to.add(stage, msgraph::SOURCE, problem, 1);
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

//! The result of a load that stops early: one JSON object, or text for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::plan_text::render_plan;
use super::result;
use crate::case::{Case, StageState};
use crate::command::suggested::SuggestedCommand;
use crate::http::Counts;
use crate::model::{Gap, Source, Stage};
use crate::pipeline::{Outcome, Plan};
use crate::terminal::harmless;

/// The result of a load that stops early.
pub(super) enum Partial {
    /// The result of `--plan`.
    Plan(Box<Plan>),
    /// The result of `--until`.
    Until(Box<Outcome>),
}

impl Partial {
    pub(super) fn gaps(&self) -> &[Gap] {
        match self {
            Self::Plan(plan) => &plan.gaps,
            Self::Until(outcome) => &outcome.gaps,
        }
    }

    fn notes(&self) -> &[Gap] {
        match self {
            Self::Plan(plan) => &plan.notes,
            Self::Until(outcome) => &outcome.notes,
        }
    }
}

pub(super) fn json(
    case: &Case,
    partial: &Partial,
    mut requests: BTreeMap<Source, Counts>,
    next: SuggestedCommand,
) -> serde_json::Result<String> {
    for source in [Source::Login, Source::Graph, Source::LogAnalytics] {
        requests.entry(source).or_default();
    }
    for gap in partial.gaps().iter().chain(partial.notes()) {
        requests.entry(gap.source).or_default();
    }
    let mut result = match partial {
        Partial::Plan(plan) => serde_json::to_value(plan)?,
        Partial::Until(outcome) => json!({"gaps": outcome.gaps, "notes": outcome.notes}),
    };
    result["case"] = json!({"id": case.id(), "path": case.dir().to_string_lossy(), "window": case.manifest().window});
    result["stages"] = serde_json::to_value(&case.manifest().stages)?;
    result["requests"] = serde_json::to_value(requests)?;
    result["next"] = Value::from(next.line);
    serde_json::to_string_pretty(&result).map(|text| harmless(&text) + "\n")
}

pub(super) fn text(
    case: &Case,
    partial: &Partial,
    next: &SuggestedCommand,
) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    match partial {
        Partial::Plan(plan) => render_plan(&mut text, plan)?,
        Partial::Until(_) => {
            let stages = &case.manifest().stages;
            let is_done = |stage: &Stage| stages.get(stage) == Some(&StageState::Done);
            let stages: Vec<_> = Stage::ALL
                .into_iter()
                .filter(is_done)
                .map(Stage::as_str)
                .collect();
            writeln!(
                text,
                "Stages done: {}. The case is not complete, and Neo4j was not written to.\n",
                stages.join(", ")
            )?;
        }
    }
    result::gaps(&mut text, result::NOTES, partial.notes());
    result::gaps(
        &mut text,
        "INCOMPLETE so far: the following is missing (gaps)",
        partial.gaps(),
    );
    writeln!(text, "Case {} goes on with: {next}", case.id())?;
    Ok(text)
}

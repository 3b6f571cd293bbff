//! `linktrail evidence`: shows the records that prove a node or an edge.

mod answer;
mod json;
mod text;

use super::exit::{Exit, Failure};
use super::{complete_case, output, stored};
use crate::cli::{Evidence, EvidenceFormat, Global};
use crate::evidence::{self, Found, Resolver};
use answer::Answer;

pub(super) fn run(global: &Global, arguments: Evidence) -> Result<Exit, Failure> {
    let case = complete_case::open(arguments.case.as_deref())?;
    let graph = stored::read(global, &case)?.graph;
    let (element, numbers) = match evidence::find(&graph, &arguments.id)? {
        Found::Element(element) => (Some(element), element.records(&graph)),
        Found::Record(number) => (None, vec![number]),
    };
    let facts = element.and_then(|element| element.facts(&graph));
    let count = facts.map_or(1, |facts| facts.evidence.count());
    let answer = Answer {
        case: &case,
        graph: &graph,
        resolver: &Resolver::of(&graph),
        element,
        count,
        numbers,
    };
    let shown = match arguments.format {
        EvidenceFormat::Json => json::render(&answer)?,
        EvidenceFormat::Text => text::render(&answer, arguments.whole)?,
    };
    output::print(&shown)?;
    Ok(Exit::Complete)
}

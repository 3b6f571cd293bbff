//! `linktrail evidence`: from a node or an edge to the records it came from.

mod json;
mod text;

use super::load::{self, Mode};
use super::{Exit, UsageError, case, output};
use crate::case::Case;
use crate::cli::{Evidence, EvidenceFormat, Global};
use crate::evidence::{self, Element, Found, Matcher, ParsedRecord, Parts, Resolver};
use crate::graph::Graph;
use crate::journal::Record;
use crate::model::RecordNumber;

/// A record, and which parts of it mention the element asked for; none when a record itself was asked for.
struct Proof {
    record: Record,
    parts: Option<Parts>,
}

/// What was asked for, ready to be shown.
struct Answer<'a> {
    case: &'a Case,
    graph: &'a Graph,
    resolver: &'a Resolver<'a>,
    /// None when a record was asked for.
    element: Option<Element>,
    /// All records, in their order.
    numbers: Vec<RecordNumber>,
}

pub(super) async fn run(global: &Global, arguments: Evidence) -> anyhow::Result<Exit> {
    let mut case = case::complete(arguments.case.as_deref())?;
    let graph = load::investigate(global, &mut case, Mode::Replay)
        .await?
        .graph;
    let (element, numbers) = match evidence::find(&graph, &arguments.id)? {
        Found::Element(element) => (Some(element), element.records(&graph)),
        Found::Record(number) => (None, vec![number]),
    };
    let answer = Answer {
        case: &case,
        graph: &graph,
        resolver: &Resolver::of(&graph),
        element,
        numbers,
    };
    let shown = match arguments.format {
        EvidenceFormat::Json => json::answer(&answer)?,
        EvidenceFormat::Text => text::answer(&answer, arguments.whole)?,
    };
    output::print(&shown)?;
    Ok(Exit::Complete)
}

impl Answer<'_> {
    /// A record with the parts that mention the element.
    fn proof(&self, number: RecordNumber) -> anyhow::Result<Proof> {
        let record = self.case.journal().get(number)?.ok_or_else(|| {
            UsageError(format!(
                "the case has no record {}/{number}; its records are 1 to {}",
                self.case.id(),
                self.case.journal().records()
            ))
        })?;
        let parts = self
            .element
            .map(|element| Matcher::new(self.resolver, element).parts(&ParsedRecord::of(&record)));
        Ok(Proof { record, parts })
    }

    fn proofs(&self) -> impl Iterator<Item = anyhow::Result<Proof>> {
        self.numbers.iter().map(|number| self.proof(*number))
    }
}

//! `linktrail evidence`: shows the records that prove a node or an edge.

mod answer;
mod json;
mod stored;
mod text;

use super::exit::{Exit, Failure};
use super::{complete_case, output};
use crate::cli::{Evidence, EvidenceFormat, Global};
use crate::evidence::{self, Dossier, Resolver};
use answer::Answer;

pub(super) fn run(global: &Global, arguments: Evidence) -> Result<Exit, Failure> {
    let case = complete_case::open(arguments.case.as_deref())?;
    let dossier = match evidence::record(case.id(), &arguments.id)? {
        // A record stands for itself, and the graph is not needed.
        Some(number) => Dossier::of_record(case.id(), number),
        None => stored::dossier(global, &case, &arguments.id)?,
    };
    let answer = Answer {
        case: &case,
        dossier: &dossier,
        resolver: &Resolver::of(&dossier.graph),
    };
    if let Some(first) = dossier.records.first() {
        // An error about it comes before anything is printed.
        answer.record(*first)?;
    }
    output::stream(|out| match arguments.format {
        EvidenceFormat::Json => json::render(&answer, out),
        EvidenceFormat::Text => text::render(&answer, arguments.whole, out),
    })?;
    Ok(Exit::Complete)
}

//! What the page's script gets.

use std::collections::BTreeMap;

use serde::Serialize;

use super::evidence::{Evidence, Thing};
use super::json::shown;
use super::network::Network;
use super::tables::{self, Table};
use super::timeline::{Event, Timeline};
use super::view::{Places, View};
use super::{About, RecordLine, Report, ReportError, records};
use crate::graph::summary::{Summary, summarise};
use crate::model::Gap;
use crate::model::RecordNumber;

#[derive(Debug, Serialize)]
pub(super) struct Model<'a> {
    pub(super) case: &'a About,
    pub(super) summary: Summary,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<Gap>,
    tables: Vec<Table>,
    timeline: Vec<Event>,
    /// Events without a time, which no timeline can show.
    undated: usize,
    network: Network,
    things: Vec<Thing>,
    records: BTreeMap<RecordNumber, RecordLine>,
}

impl<'a> Model<'a> {
    pub(super) fn new(report: &Report<'a>) -> Result<Self, ReportError> {
        let (summary, _) = summarise(report.graph);
        let places = Places::of(report.graph);
        let view = View {
            graph: report.graph,
            summary: &summary,
            places: &places,
        };
        let mut evidence = Evidence::new(view);
        let tables = tables::all(view, &mut evidence)?;
        let Timeline { events, undated } = Timeline::new(view, &mut evidence);
        let network = Network::new(view, &mut evidence);
        let mut things = evidence.into_things();
        let records = records::read(report, &mut things)?;
        Ok(Self {
            case: report.about,
            summary,
            gaps: report.gaps.iter().map(broken).collect(),
            notes: report.notes.iter().map(broken).collect(),
            tables,
            timeline: events,
            undated,
            network,
            things,
            records,
        })
    }
}

fn broken(gap: &Gap) -> Gap {
    Gap {
        reason: shown(&gap.reason),
        ..gap.clone()
    }
}

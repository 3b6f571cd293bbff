//! The data that the page's script receives.

use std::collections::BTreeMap;

use serde::Serialize;

use super::elements::{ElementDetails, Elements};
use super::error::ReportError;
use super::input::{About, Report};
use super::json::shown;
use super::listing::{Bounds, Listing, Unlisted};
use super::network::Network;
use super::reach::Reach;
use super::records::{self, RecordLine};
use super::tables::{self, Table};
use super::timeline::{self, Event};
use super::view::{Places, View};
use crate::graph::summary::{Summary, summarise};
use crate::model::{RecordNumber, StoredGap};

#[derive(Debug, Serialize)]
pub(super) struct Model<'a> {
    pub(super) case: &'a About,
    pub(super) summary: Summary,
    pub(super) reach: Reach,
    pub(super) gaps: Vec<StoredGap>,
    pub(super) notes: Vec<StoredGap>,
    tables: Vec<Table>,
    timeline: Vec<Event>,
    /// The number of events without a time, which a timeline cannot show.
    undated: usize,
    /// The events that are counted and not listed; absent when all are listed.
    #[serde(skip_serializing_if = "Unlisted::is_empty")]
    unlisted: Unlisted,
    network: Network,
    #[serde(rename = "things")]
    elements: Vec<ElementDetails>,
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
        let listing = Listing::of(view, Bounds::default());
        let mut elements = Elements::new(view, &listing);
        let tables = tables::all(view, &listing, &mut elements)?;
        let timeline = timeline::timeline(view, &listing, &mut elements);
        let network = Network::new(view, &mut elements);
        let mut elements = elements.into_details();
        let records = records::read(report, &mut elements)?;
        Ok(Self {
            case: report.about,
            reach: Reach::of(view),
            summary,
            gaps: report.gaps.iter().map(broken).collect(),
            notes: report.notes.iter().map(broken).collect(),
            tables,
            timeline,
            undated: listing.undated,
            unlisted: listing.unlisted,
            network,
            elements,
            records,
        })
    }
}

fn broken(gap: &StoredGap) -> StoredGap {
    StoredGap {
        stage: shown(&gap.stage),
        source: shown(&gap.source),
        reason: shown(&gap.reason),
        affected: gap.affected,
    }
}

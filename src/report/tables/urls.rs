//! The table of malicious urls: who sent them where, and where they were seen.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::{By, Cell, ColumnKind, Row, TableSpec};
use crate::graph::schema::{url, verdict};
use crate::graph::{EdgeType, NodeRef};
use crate::model::State;
use crate::report::elements::{Elements, Ref};
use crate::report::view::View;

pub(super) const BY_SENDER: TableSpec = TableSpec {
    hunt: "malicious-urls-by-sender",
    kinds: &[
        ColumnKind::Text,
        ColumnKind::Url,
        ColumnKind::Severity,
        ColumnKind::List,
        ColumnKind::Number,
    ],
    more: &[],
    order: &[By::Up(0), By::Up(1), By::Up(2), By::Up(3), By::Up(4)],
    rows: by_sender,
};

pub(super) const SUSPICIOUS: TableSpec = TableSpec {
    hunt: "suspicious-urls",
    kinds: &[
        ColumnKind::Url,
        ColumnKind::Severity,
        ColumnKind::List,
        ColumnKind::Number,
        ColumnKind::Number,
        ColumnKind::Time,
        ColumnKind::Time,
    ],
    more: &[],
    order: &[
        By::Down(3),
        By::Down(4),
        By::Up(0),
        By::Up(1),
        By::Up(2),
        By::Up(5),
        By::Up(6),
    ],
    rows: suspicious,
};

/// The messages with one url from one sender.
#[derive(Default)]
struct Sent {
    places: BTreeSet<String>,
    messages: Vec<NodeRef>,
}

fn by_sender(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for url in view.risky_urls() {
        // Keyed by id, since the numbers of nodes can differ between runs.
        let mut of_url: BTreeMap<Option<&str>, (Option<NodeRef>, Sent)> = BTreeMap::new();
        for message in view.graph.sources(url, EdgeType::Contains) {
            for sender in view.senders(message) {
                let id = sender.map(|sender| view.id(sender));
                let (_, sent) = of_url
                    .entry(id)
                    .or_insert_with(|| (sender, Sent::default()));
                sent.places
                    .extend(view.place_of(message).map(str::to_owned));
                sent.messages.push(message);
            }
        }
        for (sender, sent) in of_url.into_values() {
            let mut refs: Vec<Ref> = sender
                .and_then(|sender| elements.node(sender))
                .into_iter()
                .collect();
            refs.extend(elements.node(url));
            refs.extend(verdicts(view, elements, url));
            for message in &sent.messages {
                refs.extend(elements.node(*message));
                refs.extend(elements.edge(*message, EdgeType::Contains, url));
            }
            rows.push(Row {
                cells: vec![
                    Cell::or_absent(sender, |sender| Cell::text(view.shown(sender))),
                    Cell::text(view.id(url)),
                    severity(view, url),
                    Cell::List(sent.places.into_iter().collect()),
                    Cell::number(sent.messages.len()),
                ],
                refs,
            });
        }
    }
    rows
}

fn suspicious(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let graph = view.graph;
    let mut rows = Vec::new();
    for url in view.risky_urls() {
        let facts = view.facts(url);
        let mut providers: Vec<String> = graph
            .targets(url, EdgeType::HasVerdict)
            .into_iter()
            .map(|verdict| view.facts(verdict))
            .filter(|verdict| verdict.get(verdict::STATE) == Some(State::Hit))
            .filter_map(|verdict| {
                let (provider, severity) = (
                    verdict.get(verdict::PROVIDER)?,
                    verdict.get(verdict::SEVERITY)?,
                );
                Some(format!("{provider}:{severity}"))
            })
            .collect();
        providers.sort();
        let messages = graph.sources(url, EdgeType::Contains);
        let senders: BTreeSet<NodeRef> = messages
            .iter()
            .flat_map(|message| graph.sources(*message, EdgeType::Sent))
            .collect();
        let seen = [EdgeType::WarnedAbout, EdgeType::ConnectedTo];
        let hosts: BTreeSet<NodeRef> = seen
            .iter()
            .flat_map(|kind| graph.sources(url, *kind))
            .collect();
        let mut refs: Vec<Ref> = elements.node(url).into_iter().collect();
        refs.extend(verdicts(view, elements, url));
        for message in messages {
            refs.extend(elements.edge(message, EdgeType::Contains, url));
        }
        for kind in [
            EdgeType::WarnedAbout,
            EdgeType::ConnectedTo,
            EdgeType::Opened,
            EdgeType::Clicked,
        ] {
            for from in graph.sources(url, kind) {
                refs.extend(elements.edge(from, kind, url));
            }
        }
        rows.push(Row {
            cells: vec![
                Cell::text(view.id(url)),
                severity(view, url),
                Cell::List(providers),
                Cell::number(senders.len()),
                Cell::number(hosts.len()),
                Cell::time(facts.first_seen),
                Cell::time(facts.last_seen),
            ],
            refs,
        });
    }
    rows
}

fn severity(view: View<'_>, url: NodeRef) -> Cell {
    let severity = view.facts(url).get(url::SEVERITY);
    Cell::or_absent(severity, |severity| Cell::text(severity.as_str()))
}

fn verdicts(view: View<'_>, elements: &mut Elements<'_>, url: NodeRef) -> Vec<Ref> {
    let verdicts = view.graph.targets(url, EdgeType::HasVerdict);
    verdicts
        .into_iter()
        .filter_map(|verdict| elements.node(verdict))
        .collect()
}

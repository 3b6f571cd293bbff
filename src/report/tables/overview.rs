//! The tables of the sentence and of the entities that are worth a closer look.

use std::collections::BTreeMap;

use super::spec::{By, Cell, ColumnKind, Row, TableSpec};
use crate::graph::{EdgeType, Label};
use crate::report::elements::{Elements, Ref};
use crate::report::reach::Reach;
use crate::report::view::View;

pub(super) const SUMMARY: TableSpec = TableSpec {
    hunt: "summary",
    kinds: &[
        ColumnKind::Number,
        ColumnKind::Number,
        ColumnKind::Number,
        ColumnKind::Number,
        ColumnKind::Number,
        ColumnKind::Text,
    ],
    more: &[
        (
            "recipients",
            ColumnKind::Number,
            "recipients counts the people who received a malicious message in a chat, as Defender says.",
        ),
        (
            "reporters",
            ColumnKind::Number,
            "reporters counts the people who reported one.",
        ),
        (
            "removed",
            ColumnKind::Number,
            "removed counts the malicious messages that were taken away.",
        ),
    ],
    order: &[
        By::Up(0),
        By::Up(1),
        By::Up(2),
        By::Up(3),
        By::Up(4),
        By::Up(5),
    ],
    rows: summary,
};

pub(super) const ENTITIES: TableSpec = TableSpec {
    hunt: "entities",
    kinds: &[ColumnKind::Text, ColumnKind::Text],
    more: &[],
    order: &[By::Up(0), By::Up(1)],
    rows: entities,
};

fn summary(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut urls = Vec::new();
    for (_, risky) in view.messages_with(|url| view.risky(url)) {
        urls.extend(risky.iter().filter_map(|url| elements.node(*url)));
    }
    urls.sort_unstable();
    urls.dedup();
    let known = view.summary;
    let mut cells: Vec<Cell> = [
        known.risky_urls,
        known.risky_senders,
        known.risky_messages,
        known.channels,
        known.chats,
    ]
    .map(Cell::number)
    .into();
    cells.push(Cell::text(&known.sentence));
    let reach = Reach::of(view);
    cells.extend([reach.recipients, reach.reporters, reach.removed].map(Cell::number));
    vec![Row { cells, refs: urls }]
}

fn entities(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let graph = view.graph;
    let mut found: BTreeMap<(&str, String), Vec<Ref>> = BTreeMap::new();
    let mut add = |kind, node| {
        let known = found.entry((kind, view.shown(node).to_owned()));
        known.or_default().extend(elements.node(node));
    };
    for (message, _) in view.messages_with(|url| view.risky(url)) {
        for sender in view.senders(message).into_iter().flatten() {
            add("user", sender);
        }
    }
    for host in graph.labelled(Label::Host) {
        let connected = graph.targets(host, EdgeType::ConnectedTo);
        if !graph.targets(host, EdgeType::WarnedAbout).is_empty()
            || connected.into_iter().any(|url| view.risky(url))
        {
            add("host", host);
        }
    }
    for url in view.risky_urls() {
        add("url", url);
    }
    found
        .into_iter()
        .map(|((kind, entity), mut refs)| {
            refs.sort_unstable();
            refs.dedup();
            Row {
                cells: vec![Cell::text(kind), Cell::Text(entity)],
                refs,
            }
        })
        .collect()
}

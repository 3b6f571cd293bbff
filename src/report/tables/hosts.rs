//! The tables of users who opened a malicious url, and of hosts that connected to it.

use super::spec::{By, Cell, ColumnKind, Row, TableSpec};
use crate::graph::schema::{clicked, connected_to, warned_about};
use crate::graph::{EdgeType, Label, NodeRef};
use crate::report::elements::Elements;
use crate::report::view::View;

pub(super) const THAT_ACCESSED: TableSpec = TableSpec {
    hunt: "hosts-that-accessed",
    kinds: &[
        ColumnKind::Text,
        ColumnKind::Url,
        ColumnKind::Text,
        ColumnKind::Time,
        ColumnKind::Time,
        ColumnKind::Number,
    ],
    more: &[],
    order: &[
        By::Up(0),
        By::Up(1),
        By::Up(2),
        By::Up(3),
        By::Up(4),
        By::Up(5),
    ],
    rows: that_accessed,
};

pub(super) const WHO_OPENED: TableSpec = TableSpec {
    hunt: "who-opened",
    kinds: &[
        ColumnKind::Text,
        ColumnKind::Text,
        ColumnKind::Url,
        ColumnKind::Time,
        ColumnKind::Text,
    ],
    more: &[],
    order: &[By::Up(3), By::Up(0), By::Up(2), By::Up(4), By::Up(1)],
    rows: who_opened,
};

fn that_accessed(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for host in view.graph.labelled(Label::Host) {
        for (kind, how, count) in [
            (EdgeType::WarnedAbout, "warned", warned_about::COUNT),
            (EdgeType::ConnectedTo, "connected", connected_to::COUNT),
        ] {
            for url in view.graph.targets(host, kind) {
                if kind == EdgeType::ConnectedTo && !view.risky(url) {
                    continue;
                }
                let Some(seen) = view.graph.edge(host, kind, url) else {
                    continue;
                };
                let about = [host, url].into_iter();
                let mut refs: Vec<_> = about.filter_map(|node| elements.node(node)).collect();
                refs.extend(elements.edge(host, kind, url));
                rows.push(Row {
                    cells: vec![
                        Cell::text(view.shown(host)),
                        Cell::text(view.id(url)),
                        Cell::text(how),
                        Cell::time(seen.facts.first_seen),
                        Cell::time(seen.facts.last_seen),
                        Cell::or_absent(seen.facts.get(count), Cell::Number),
                    ],
                    refs,
                });
            }
        }
    }
    rows
}

fn who_opened(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for url in view.risky_urls() {
        for kind in [EdgeType::Opened, EdgeType::Clicked] {
            for user in view.graph.sources(url, kind) {
                let Some(did) = view.graph.edge(user, kind, url) else {
                    continue;
                };
                let actions = match (kind, did.facts.get(clicked::ACTIONS)) {
                    (EdgeType::Opened, _) => vec!["opened"],
                    (_, None) => vec!["clicked"],
                    (_, Some(actions)) => actions,
                };
                for host in hosts(view, user, url) {
                    let about = [user, url].into_iter();
                    let mut refs: Vec<_> = about.filter_map(|node| elements.node(node)).collect();
                    refs.extend(elements.edge(user, kind, url));
                    if let Some(host) = host {
                        refs.extend(elements.node(host));
                        refs.extend(elements.edge(user, EdgeType::Used, host));
                        for seen in [EdgeType::WarnedAbout, EdgeType::ConnectedTo] {
                            refs.extend(elements.edge(host, seen, url));
                        }
                    }
                    for action in &actions {
                        rows.push(Row {
                            cells: vec![
                                Cell::text(view.shown(user)),
                                Cell::or_absent(host, |host| Cell::text(view.shown(host))),
                                Cell::text(view.id(url)),
                                Cell::time(did.facts.first_seen),
                                Cell::text(*action),
                            ],
                            refs: refs.clone(),
                        });
                    }
                }
            }
        }
    }
    rows
}

/// The hosts that the user used and that connected to the url or were warned about it; a single `None` when there are
/// none.
fn hosts(view: View<'_>, user: NodeRef, url: NodeRef) -> Vec<Option<NodeRef>> {
    let seen = |host: &NodeRef| {
        [EdgeType::WarnedAbout, EdgeType::ConnectedTo]
            .iter()
            .any(|kind| view.graph.edge(*host, *kind, url).is_some())
    };
    let mut hosts: Vec<_> = view.graph.targets(user, EdgeType::Used);
    hosts.retain(seen);
    if hosts.is_empty() {
        return vec![None];
    }
    hosts.into_iter().map(Some).collect()
}

//! Alerts that name a url.

use super::spec::{By, Cell, ColumnKind, Row, TableSpec};
use crate::graph::schema::alert;
use crate::graph::{EdgeType, Label};
use crate::report::elements::Elements;
use crate::report::view::View;

pub(super) const TIMELINE: TableSpec = TableSpec {
    hunt: "alert-timeline",
    kinds: &[
        ColumnKind::Time,
        ColumnKind::Text,
        ColumnKind::Severity,
        ColumnKind::Url,
    ],
    more: &[],
    order: &[By::Up(0), By::Up(1), By::Up(3), By::Up(2)],
    rows: timeline,
};

fn timeline(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for alert in view.graph.labelled(Label::Alert) {
        let facts = view.facts(alert);
        for url in view.graph.targets(alert, EdgeType::Mentions) {
            if view.label(url) != Label::Url {
                continue;
            }
            let about = [alert, url].into_iter();
            let mut refs: Vec<_> = about.filter_map(|node| elements.node(node)).collect();
            refs.extend(elements.edge(alert, EdgeType::Mentions, url));
            rows.push(Row {
                cells: vec![
                    Cell::time(facts.get(alert::TIME).or(facts.first_seen)),
                    Cell::text(view.shown(alert)),
                    Cell::or_absent(facts.get(alert::SEVERITY), Cell::text),
                    Cell::text(view.id(url)),
                ],
                refs,
            });
        }
    }
    rows
}

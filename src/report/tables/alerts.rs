//! Alerts that name a url.

use super::{By, Cell, Kind, Piece, Row};
use crate::graph::{EdgeType, Label};
use crate::report::evidence::Evidence;
use crate::report::view::{View, moment};

pub(super) const TIMELINE: Piece = Piece {
    hunt: "alert-timeline",
    kinds: &[Kind::Time, Kind::Text, Kind::Severity, Kind::Url],
    order: &[By::Up(0), By::Up(1), By::Up(3), By::Up(2)],
    rows: timeline,
};

fn timeline(view: View<'_>, evidence: &mut Evidence<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for alert in view.graph.labelled(Label::Alert) {
        let facts = view.facts(alert);
        for url in view.graph.targets(alert, EdgeType::Mentions) {
            if view.label(url) != Label::Url {
                continue;
            }
            let mut refs = vec![evidence.node(alert), evidence.node(url)];
            refs.extend(evidence.edge(alert, EdgeType::Mentions, url));
            rows.push(Row {
                cells: vec![
                    Cell::time(moment(facts, "time").or(facts.first_seen)),
                    Cell::text(view.shown(alert)),
                    Cell::or_absent(facts.text("severity"), Cell::text),
                    Cell::text(view.id(url)),
                ],
                refs,
            });
        }
    }
    rows
}

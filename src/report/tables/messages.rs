//! Messages with links.

use super::spec::{By, Cell, ColumnKind, Row, TableSpec};
use crate::graph::schema::message;
use crate::graph::{EdgeType, NodeRef};
use crate::report::elements::{Elements, Ref};
use crate::report::listing::Listing;
use crate::report::reach;
use crate::report::view::View;

pub(super) const RISKY: TableSpec = TableSpec {
    hunt: "risky-messages",
    kinds: &[
        ColumnKind::Time,
        ColumnKind::Text,
        ColumnKind::Text,
        ColumnKind::Urls,
        ColumnKind::Text,
        ColumnKind::Text,
    ],
    more: &[
        (
            "recipients",
            ColumnKind::Number,
            "recipients counts those who received it in a chat, as Defender says.",
        ),
        (
            "delivery",
            ColumnKind::Text,
            "delivery is where it was last known to be.",
        ),
        (
            "removed",
            ColumnKind::Time,
            "removed is when it was taken out after delivery, or deleted.",
        ),
    ],
    order: &[
        By::Up(0),
        By::Up(5),
        By::Up(1),
        By::Up(2),
        By::Up(3),
        By::Up(4),
    ],
    rows: risky,
};

/// The rows of the timeline hunt without its limit, for all messages that the report lists.
pub(super) const TIMELINE: TableSpec = TableSpec {
    hunt: "message-timeline",
    kinds: &[
        ColumnKind::Time,
        ColumnKind::Flag,
        ColumnKind::Text,
        ColumnKind::Text,
        ColumnKind::Url,
    ],
    more: &[],
    order: &[By::Up(0), By::Up(4), By::Up(2), By::Up(3), By::Up(1)],
    rows: timeline,
};

/// The number of messages that the table of this hunt lacks.
pub(super) fn unlisted(hunt: &str, listing: &Listing) -> usize {
    if hunt == RISKY.hunt {
        listing.unlisted.risky_rows
    } else if hunt == TIMELINE.hunt {
        listing.unlisted.rows
    } else {
        0
    }
}

fn risky(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (message, urls) in view.messages_with(|url| view.risky(url)) {
        if !elements.lists(message) {
            continue;
        }
        let place = view.place_of(message);
        for sender in view.senders(message) {
            let mut refs: Vec<Ref> = elements.node(message).into_iter().collect();
            refs.extend(sender_of(elements, sender, message));
            for url in &urls {
                refs.extend(elements.node(*url));
                refs.extend(elements.edge(message, EdgeType::Contains, *url));
            }
            let ids = urls.iter().map(|url| view.id(*url).to_owned()).collect();
            rows.push(Row {
                cells: vec![
                    Cell::time(view.sent(message, sender)),
                    Cell::or_absent(sender, |sender| Cell::text(view.shown(sender))),
                    Cell::or_absent(place, Cell::text),
                    Cell::List(ids),
                    Cell::or_absent(view.facts(message).get(message::PREVIEW), Cell::text),
                    Cell::text(view.id(message)),
                    Cell::or_absent(reach::recipients(view, message), Cell::Number),
                    Cell::or_absent(view.facts(message).get(message::DELIVERY), Cell::text),
                    Cell::time(reach::removed_at(view, message)),
                ],
                refs,
            });
        }
    }
    rows
}

/// References to the sender of a message and to the SENT edge.
fn sender_of(
    elements: &mut Elements<'_>,
    sender: Option<NodeRef>,
    message: NodeRef,
) -> impl Iterator<Item = Ref> {
    let node = sender.and_then(|sender| elements.node(sender));
    let edge = sender.and_then(|sender| elements.edge(sender, EdgeType::Sent, message));
    node.into_iter().chain(edge)
}

fn timeline(view: View<'_>, elements: &mut Elements<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (message, urls) in view.messages_with(|_| true) {
        let created = view.facts(message).get(message::CREATED);
        if created.is_none() || !elements.lists(message) {
            continue;
        }
        let place = view.place_of(message);
        for sender in view.senders(message) {
            for url in &urls {
                let about = [Some(message), Some(*url), sender];
                let about = about.into_iter().flatten();
                let refs = about.filter_map(|node| elements.node(node)).collect();
                rows.push(Row {
                    cells: vec![
                        Cell::time(created),
                        Cell::Flag(view.risky(*url)),
                        Cell::or_absent(sender, |sender| Cell::text(view.shown(sender))),
                        Cell::or_absent(place, Cell::text),
                        Cell::text(view.id(*url)),
                    ],
                    refs,
                });
            }
        }
    }
    rows
}

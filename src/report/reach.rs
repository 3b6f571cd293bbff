//! Whom malicious messages reached, who reported them, and which were taken away again.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::view::View;
use crate::graph::schema::{message, user};
use crate::graph::{EdgeType, Label, NodeRef};
use crate::model::UserKind;

/// Where Defender says that a message is while people can read it.
const IN_TEAMS: &str = "Teams";

/// The figures about malicious messages.
#[derive(Debug, Default, Serialize)]
pub(super) struct Reach {
    /// People whom Defender names among the recipients of one.
    pub(super) recipients: usize,
    /// People who reported one.
    pub(super) reporters: usize,
    /// Those that were taken away.
    pub(super) removed: usize,
}

impl Reach {
    pub(super) fn of(view: View<'_>) -> Self {
        let risky = view.graph.labelled(Label::Message).into_iter();
        let risky: Vec<NodeRef> = risky
            .filter(|message| view.facts(*message).is(message::RISKY))
            .collect();
        let people = |kind| {
            let people: BTreeSet<NodeRef> = risky
                .iter()
                .flat_map(|message| view.graph.sources(*message, kind))
                .collect();
            people.len()
        };
        Self {
            recipients: people(EdgeType::Received),
            reporters: people(EdgeType::Reported),
            removed: risky
                .iter()
                .filter(|message| is_removed(view, **message))
                .count(),
        }
    }
}

/// The number of people who received a message, as Defender says; `None` when it says nothing.
pub(super) fn recipients(view: View<'_>, message: NodeRef) -> Option<i64> {
    let named = view.graph.sources(message, EdgeType::Received).len();
    let named = i64::try_from(named).unwrap_or(i64::MAX);
    let counted = view.facts(message).get(message::RECIPIENTS);
    counted.max((named > 0).then_some(named))
}

/// True when a message was taken out after delivery, deleted, or never arrived in Teams.
pub(super) fn is_removed(view: View<'_>, message: NodeRef) -> bool {
    let delivery = view.facts(message).get(message::DELIVERY);
    removed_at(view, message).is_some()
        || delivery.is_some_and(|place| !place.eq_ignore_ascii_case(IN_TEAMS))
}

/// When a message was taken out or deleted.
pub(super) fn removed_at(view: View<'_>, message: NodeRef) -> Option<DateTime<Utc>> {
    let facts = view.facts(message);
    facts
        .get(message::ZAPPED)
        .or_else(|| facts.get(message::DELETED))
}

/// True when a user belongs to no tenant that the directory knows.
pub(super) fn is_outside(view: View<'_>, user: NodeRef) -> bool {
    let kind = view.facts(user).get(user::TYPE);
    matches!(kind, Some(UserKind::External | UserKind::Anonymous))
}

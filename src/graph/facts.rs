//! What is known of a node or an edge: its properties, its times and its evidence.

use chrono::{DateTime, Utc};

use super::evidence::Evidence;
use super::packed::Packed;
use super::property::{Field, Holds, Property};
use super::value::{Observed, ValueRef};
use crate::model::RecordNumber;

/// When something happened, and which journal record proves it. Either may be unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// The time of the event, not of the load.
    pub at: Option<DateTime<Utc>>,
    /// The time of the last event, for a record that counts several events.
    pub until: Option<DateTime<Utc>>,
    /// The number of the journal record that proves it.
    pub record: Option<RecordNumber>,
}

impl Seen {
    /// Evidence of a single event, at a time that may be unknown.
    pub fn at(record: RecordNumber, at: Option<DateTime<Utc>>) -> Self {
        Self {
            at,
            until: at,
            record: Some(record),
        }
    }

    /// Evidence of several events, with the times of the first and the last.
    pub fn between(
        record: RecordNumber,
        first: Option<DateTime<Utc>>,
        last: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            at: first,
            until: last,
            record: Some(record),
        }
    }

    /// Evidence without a time.
    pub fn in_record(record: RecordNumber) -> Self {
        Self {
            record: Some(record),
            ..Self::default()
        }
    }
}

/// The properties of a node or an edge, and its evidence.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The properties that the schema declares for this label or type, without the common ones.
    properties: Packed,
    /// The time of the earliest evidence.
    pub first_seen: Option<DateTime<Utc>>,
    /// The time of the latest evidence.
    pub last_seen: Option<DateTime<Utc>>,
    /// The journal records that prove it. Only the first of them are stored as a property.
    pub evidence: Evidence,
}

impl Facts {
    pub(super) fn see(&mut self, seen: Seen) {
        let times = [seen.at, seen.until, self.first_seen, self.last_seen];
        self.first_seen = times.into_iter().flatten().min();
        self.last_seen = times.into_iter().flatten().max();
        if let Some(record) = seen.record {
            self.evidence.add(record);
        }
    }

    /// Merges properties of a table of the schema.
    pub(super) fn absorb(&mut self, table: u8, observed: Observed) {
        self.properties.merge(table, observed);
    }

    pub(super) fn join(&mut self, table: u8, mut other: Self) {
        let properties = std::mem::take(&mut other.properties);
        self.absorb(table, properties.into_observed());
        self.join_evidence(&other);
    }

    /// Takes over times and records alone.
    pub(super) fn join_evidence(&mut self, other: &Self) {
        self.see(Seen {
            at: other.first_seen,
            until: other.last_seen,
            record: None,
        });
        self.evidence.extend(&other.evidence);
    }

    /// The value of a property, in the type that the schema declares; `None` when it is absent.
    pub fn get<T: Holds>(&self, field: Field<T>) -> Option<T::Read<'_>> {
        let value = self.properties.get(field);
        value.and_then(T::read)
    }

    /// True when the flag is present and true.
    pub fn is<T>(&self, flag: Field<T>) -> bool
    where
        T: for<'v> Holds<Read<'v> = bool>,
    {
        self.get(flag) == Some(true)
    }

    /// True when the property is present.
    pub fn has<T>(&self, field: Field<T>) -> bool {
        let value = self.properties.get(field);
        value.is_some()
    }

    /// All properties that are kept but the common ones, in the order of the schema. [`Written`](super::Written) has
    /// those too that follow from a key.
    pub(super) fn declared(&self) -> impl Iterator<Item = (&'static Property, ValueRef<'_>)> {
        self.properties.iter()
    }
}

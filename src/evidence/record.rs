//! A record, parsed once to be compared with many elements of the graph.

use std::cell::OnceCell;

use serde::Serialize;
use serde_json::Value;

use super::body::Body;
use super::index::Index;
use super::mentions::{Mentions, RequestContext};
use crate::intel::file::Lists;
use crate::journal::Record;

/// A part of a record's body.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its place, from 1.
    pub at: usize,
    /// The part: a row by its columns, an item of a list, a line of text, or the whole answer.
    pub part: Value,
}

/// Which parts of a record mention an element.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parts {
    /// What the body is made of: `rows`, `items of value`, `lines` or `answer`.
    pub unit: &'static str,
    /// How many of them it has.
    pub of: usize,
    /// Those that mention it.
    pub found: Vec<Part>,
    /// What else is to be known of them; always there when none is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// A record, parsed.
pub struct ParsedRecord<'r> {
    pub(super) record: &'r Record,
    pub(super) body: Body,
    /// What the request itself names.
    pub(super) subject: Mentions,
    /// What each part of the body names.
    pub(super) mentions: Vec<Mentions>,
    pub(super) index: Index,
    /// The record as a list of indicators, parsed when the first verdict asks for it; none when it is no list.
    pub(super) list: OnceCell<Option<Lists>>,
}

impl<'r> ParsedRecord<'r> {
    /// Parses a record. Whatever its body holds, it is parsed as far as that goes.
    pub fn of(record: &'r Record) -> Self {
        let body = Body::read(record);
        let context = RequestContext::of(record);
        let mentions: Vec<_> = body
            .parts
            .iter()
            .map(|part| context.mentions(part))
            .collect();
        Self {
            record,
            subject: context.subject,
            index: Index::of(&mentions),
            mentions,
            body,
            list: OnceCell::new(),
        }
    }

    /// The parts at these places, but no more of them than `most`.
    pub(super) fn parts_at(
        &self,
        places: Vec<usize>,
        note: Option<&'static str>,
        most: usize,
    ) -> Parts {
        let part = |at: usize| {
            let part = self.body.parts.get(at)?.clone();
            Some(Part { at: at + 1, part })
        };
        Parts {
            unit: self.body.unit,
            of: self.body.parts.len(),
            found: places.into_iter().filter_map(part).take(most).collect(),
            note,
        }
    }
}

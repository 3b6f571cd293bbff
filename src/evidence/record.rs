//! A record, parsed once for comparison with many elements of the graph.

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
    /// The position in the body, from 1.
    pub at: usize,
    /// The part: a row by its columns, an item of a list, a line of text, or the whole answer.
    pub part: Value,
}

/// The parts of a record that mention an element.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parts {
    /// What the parts are called: `rows`, `items of value`, `lines` or `answer`.
    pub unit: &'static str,
    /// The number of parts in the body.
    pub of: usize,
    /// The parts that mention the element.
    pub found: Vec<Part>,
    /// A remark on the parts; always present when none mentions the element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// A record, parsed.
pub struct ParsedRecord<'r> {
    pub(super) record: &'r Record,
    pub(super) body: Body<'r>,
    /// What the request itself mentions.
    pub(super) subject: Mentions,
    /// What each part of the body mentions.
    pub(super) mentions: Vec<Mentions>,
    pub(super) index: Index,
    /// The record as a list of indicators, parsed when the first verdict needs it; `None` when it is not a list.
    pub(super) list: OnceCell<Option<Lists>>,
}

impl<'r> ParsedRecord<'r> {
    /// Parses a record. A body that cannot be parsed completely is parsed as far as possible.
    pub fn of(record: &'r Record) -> Self {
        let body = Body::read(record);
        let context = RequestContext::of(record);
        let parts = body.parts();
        let mentions: Vec<_> = parts.map(|part| context.mentions(&part)).collect();
        Self {
            record,
            subject: context.subject,
            index: Index::of(&mentions),
            mentions,
            body,
            list: OnceCell::new(),
        }
    }

    /// The parts at these positions, at most `most` of them.
    pub(super) fn parts_at(
        &self,
        places: Vec<usize>,
        note: Option<&'static str>,
        most: usize,
    ) -> Parts {
        let part = |at: usize| {
            let part = self.body.part(at)?;
            Some(Part { at: at + 1, part })
        };
        Parts {
            unit: self.body.unit,
            of: self.body.len(),
            found: places.into_iter().filter_map(part).take(most).collect(),
            note,
        }
    }
}

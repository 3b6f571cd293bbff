//! The parts of a record that mention an element.

use serde::Serialize;
use serde_json::Value;

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

//! The values of properties, and the limit on their length.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::model::digest::hex;
use crate::model::format_time;

/// The value of a property. An absent property has no value; it is never stored as an empty text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, never empty.
    Text(String),
    /// A whole number, such as a count of events.
    Integer(i64),
    /// A figure of a provider, never NaN or infinite.
    Number(f64),
    /// A flag.
    Boolean(bool),
    /// The time of an event, in UTC.
    Time(DateTime<Utc>),
    /// Texts, either sorted and distinct or in a meaningful order, as the schema declares.
    List(Vec<String>),
}

/// The value of a property that a graph holds, without a copy of its texts.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueRef<'v> {
    /// Text, never empty.
    Text(&'v str),
    /// A whole number, such as a count of events.
    Integer(i64),
    /// A figure of a provider, never NaN or infinite.
    Number(f64),
    /// A flag.
    Boolean(bool),
    /// The time of an event, in UTC.
    Time(DateTime<Utc>),
    /// Texts, either sorted and distinct or in a meaningful order, as the schema declares.
    List(Vec<&'v str>),
}

impl ValueRef<'_> {
    /// The value with copies of its texts.
    pub fn to_owned(&self) -> Value {
        match self {
            Self::Text(text) => Value::Text((*text).to_owned()),
            Self::Integer(number) => Value::Integer(*number),
            Self::Number(number) => Value::Number(*number),
            Self::Boolean(flag) => Value::Boolean(*flag),
            Self::Time(at) => Value::Time(*at),
            Self::List(items) => Value::List(items.iter().map(|item| (*item).to_owned()).collect()),
        }
    }
}

/// Properties by their position in a table of the schema, as an observation gives them.
pub(super) type Observed = Vec<(u8, Value)>;

/// Properties by name, in the spelling of the schema.
pub type Properties = BTreeMap<&'static str, Value>;

/// The highest number of bytes in an id or an indexed text. A range index of Neo4j 5 takes values up to 8,167 bytes,
/// and a single longer value would fail the whole transaction. Urls in messages can be longer.
pub const INDEX_LIMIT: usize = 8_000;

impl Value {
    /// Values that are never stored: an empty text or list, NaN and the infinities.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Number(number) => !number.is_finite(),
            Self::Integer(_) | Self::Boolean(_) | Self::Time(_) => false,
        }
    }

    /// The value as JSON, as [`Serialize`] writes it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Writes the value as JSON, with times in RFC 3339 with `Z`.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Integer(number) => number.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Boolean(flag) => flag.serialize(serializer),
            Self::Time(at) => format_time(*at).serialize(serializer),
            Self::List(items) => items.serialize(serializer),
        }
    }
}

/// The text between the start of a truncated text and its digest.
const CUT: &str = "…sha256:";

/// True for a url that [`indexable`] truncated. No complete url holds that character unencoded.
pub fn is_cut_url(id: &str) -> bool {
    id.contains(CUT)
}

/// The text, truncated to what an index can hold. A text over [`INDEX_LIMIT`] keeps its start, followed by the SHA-256
/// of the whole text, which distinguishes it from others with the same start.
pub fn indexable(text: String) -> String {
    if text.len() <= INDEX_LIMIT {
        return text;
    }
    let digest = Sha256::digest(text.as_bytes());
    let suffix = format!("{CUT}{}", hex(&digest));
    let end = text.floor_char_boundary(INDEX_LIMIT - suffix.len());
    format!("{}{suffix}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_over_the_limit_of_an_index_stay_apart() {
        assert_eq!(indexable("short".into()), "short");
        let whole = "x".repeat(INDEX_LIMIT);
        assert_eq!(indexable(whole.clone()), whole);

        let long = "é".repeat(INDEX_LIMIT);
        let cut = indexable(long.clone());
        assert!(cut.len() <= INDEX_LIMIT);
        assert!(cut.starts_with("éé"));
        assert_eq!(cut, indexable(long.clone()), "the same every time");
        assert_eq!(cut, indexable(cut.clone()), "and once is enough");
        assert_ne!(cut, indexable(long + "!"), "the part cut off counts");
    }
}

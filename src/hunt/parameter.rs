//! The parameters of a hunt, and their values as they are typed on the command line.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use neo4rs::{BoltNull, BoltType};

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A time in RFC 3339, or a date, which stands for its midnight in UTC.
    Datetime,
    /// A list of texts, as a JSON array or separated by commas.
    List,
    /// The type of a parameter that is used without being declared. The value is read as JSON if possible, otherwise as
    /// text. A header cannot name this type.
    Any,
}

/// A parameter that a hunt declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The name without `$`.
    pub name: String,
    /// The type of its values.
    pub kind: ParameterType,
    /// Whether the hunt cannot run without it.
    pub required: bool,
    /// The value when none is given. Without a default it is null.
    pub default: Option<Argument>,
    /// A value for the documentation, as an analyst would type it.
    pub example: Option<String>,
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    missing_docs,
    reason = "the variants are named after the types of values"
)]
pub enum Argument {
    Null,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Time(DateTime<FixedOffset>),
    List(Vec<String>),
}

impl ParameterType {
    /// Every type that a header can name.
    pub const ALL: [Self; 5] = [
        Self::String,
        Self::Integer,
        Self::Boolean,
        Self::Datetime,
        Self::List,
    ];

    /// Its spelling in a header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Datetime => "datetime",
            Self::List => "list",
            Self::Any => "value",
        }
    }

    /// The type with this spelling.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What a value has to look like, for messages.
    pub fn expected(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Datetime => "a time such as 2026-10-01T08:00:00Z, or a date",
            Self::List => r#"texts separated by commas, or a JSON array such as ["a", "b"]"#,
            Self::Any => "a value",
        }
    }

    /// Reads a value of this type; `None` when the text is not one.
    pub fn parse_value(self, text: &str) -> Option<Argument> {
        match self {
            Self::String => Some(Argument::Text(text.to_owned())),
            Self::Integer => text.trim().parse().ok().map(Argument::Integer),
            Self::Boolean => text.trim().parse().ok().map(Argument::Boolean),
            Self::Datetime => parse_time(text.trim()).map(Argument::Time),
            Self::List => parse_list(text).map(Argument::List),
            Self::Any => Some(infer(text)),
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Argument {
    pub(super) fn into_bolt(self) -> BoltType {
        match self {
            Self::Null => BoltType::Null(BoltNull),
            Self::Text(text) => text.into(),
            Self::Integer(n) => n.into(),
            Self::Boolean(value) => value.into(),
            Self::Time(at) => at.into(),
            Self::List(items) => items.into(),
        }
    }
}

fn infer(text: &str) -> Argument {
    let as_it_is = || Argument::Text(text.to_owned());
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Null) => Argument::Null,
        Ok(serde_json::Value::Bool(value)) => Argument::Boolean(value),
        Ok(serde_json::Value::Number(n)) => n.as_i64().map_or_else(as_it_is, Argument::Integer),
        Ok(serde_json::Value::String(value)) => Argument::Text(value),
        Ok(serde_json::Value::Array(_)) => parse_list(text).map_or_else(as_it_is, Argument::List),
        _ => as_it_is(),
    }
}

fn parse_time(text: &str) -> Option<DateTime<FixedOffset>> {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc().fixed_offset();
    DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(|| text.parse().ok().map(midnight))
}

fn parse_list(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    Some(items.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_their_type_says() {
        use ParameterType::{Boolean, Datetime, Integer, List, String};
        let time = |text| DateTime::parse_from_rfc3339(text).unwrap();
        let list = |items: &[&str]| Argument::List(items.iter().map(|i| (*i).to_owned()).collect());
        assert_eq!(
            String.parse_value("17"),
            Some(Argument::Text("17".to_owned()))
        );
        assert_eq!(Integer.parse_value(" -17"), Some(Argument::Integer(-17)));
        assert_eq!(Boolean.parse_value("true"), Some(Argument::Boolean(true)));
        assert_eq!(
            Datetime.parse_value("2026-10-01T08:00:00+02:00"),
            Some(Argument::Time(time("2026-10-01T08:00:00+02:00")))
        );
        assert_eq!(
            Datetime.parse_value("2026-10-01"),
            Some(Argument::Time(time("2026-10-01T00:00:00Z")))
        );
        assert_eq!(
            List.parse_value(r#"["a,b", "c"]"#),
            Some(list(&["a,b", "c"]))
        );
        assert_eq!(List.parse_value("a, b,"), Some(list(&["a", "b"])));
        for (kind, bad) in [
            (Integer, "1.5"),
            (Integer, "many"),
            (Boolean, "yes"),
            (Datetime, "yesterday"),
            (Datetime, "2026-02-30"),
            (List, "[1, 2]"),
            (List, "[\"a\""),
        ] {
            assert_eq!(kind.parse_value(bad), None, "{kind} {bad}");
        }
    }

    #[test]
    fn an_undeclared_value_is_json_or_text() {
        assert_eq!(infer("5"), Argument::Integer(5));
        assert_eq!(infer("\"5\""), Argument::Text("5".to_owned()));
        assert_eq!(infer("true"), Argument::Boolean(true));
        assert_eq!(infer("null"), Argument::Null);
        assert_eq!(infer("[\"a\"]"), Argument::List(vec!["a".to_owned()]));
        for text in ["evil.example", "1.5", "{\"a\": 1}", "[1]", ""] {
            assert_eq!(infer(text), Argument::Text(text.to_owned()));
        }
    }
}

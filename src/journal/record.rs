//! A record: one line of JSON, with the chain that ties it to the record before it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::exchange::{Answer, Exchange, Method, NoAnswer};
use crate::model::digest::hex;
use crate::model::{RecordId, RecordNumber};

/// The longest line of a record, in bytes. The largest answer of a service is 1 GiB, and JSON escapes some of it.
pub(super) const LONGEST_LINE: usize = 2 << 30;

/// What stands between the other keys of a record and its chain.
const BEFORE_CHAIN: &[u8] = br#","chain":""#;
/// What stands behind the chain.
const AFTER_CHAIN: &[u8] = br#""}"#;
/// The length of a chain: a SHA-256 in hexadecimal digits.
const CHAIN: usize = 64;

/// A record, in the form in which the journal stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The [`RecordId`] as text; the numbers of a journal begin with 1.
    pub id: String,
    /// The time at which the answer was received.
    pub at: DateTime<Utc>,
    /// The service: `graph`, `log_analytics`, `otx`, …
    pub source: String,
    /// GET or POST.
    pub method: Method,
    /// The url of the request.
    pub url: String,
    /// The body of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The HTTP status; absent without a complete response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The response headers that the journal keeps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body of the response, or the reason why there is none.
    pub body: String,
    /// The SHA-256 of the chain before it and of the other keys, in lower-case hexadecimal digits; absent in cases of
    /// format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

impl Record {
    /// The number of the record; `None` when the id is not a [`RecordId`].
    pub fn number(&self) -> Option<RecordNumber> {
        RecordId::parse(&self.id).map(|id| id.number)
    }

    pub(super) fn exchange(self, number: RecordNumber) -> Exchange {
        let answer = match self.status {
            Some(status) => Answer::Response {
                status,
                headers: self.headers,
                body: self.body,
            },
            None => Answer::Nothing(NoAnswer::parse(self.body)),
        };
        Exchange {
            record: number,
            at: self.at,
            answer,
        }
    }

    /// The line that the journal stores, chained to the record before it. Sets `chain`.
    pub(super) fn line(&mut self, before: Option<&str>) -> serde_json::Result<Vec<u8>> {
        self.chain = None;
        let mut line = serde_json::to_vec(self)?;
        line.pop();
        let chain = chain(before, &line);
        line.extend_from_slice(BEFORE_CHAIN);
        line.extend_from_slice(chain.as_bytes());
        line.extend_from_slice(AFTER_CHAIN);
        line.push(b'\n');
        self.chain = Some(chain);
        Ok(line)
    }
}

/// The chain of a record: SHA-256 of the chain before it, and of its line without its own chain.
fn chain(before: Option<&str>, rest: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(before.unwrap_or_default());
    hash.update(rest);
    hex(&hash.finalize())
}

/// What opening a journal needs to know of a record, read without copying the answer.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    pub(super) at: DateTime<Utc>,
    #[serde(borrow)]
    pub(super) source: Cow<'a, str>,
    pub(super) method: Method,
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
    #[serde(default)]
    pub(super) request: Option<Cow<'a, str>>,
    #[serde(default, rename = "status")]
    _status: Option<u16>,
    #[serde(default, rename = "headers")]
    _headers: BTreeMap<String, AnyText>,
    #[serde(rename = "body")]
    _body: AnyText,
    #[serde(default)]
    chain: Option<Cow<'a, str>>,
    /// The line without its chain.
    #[serde(skip)]
    rest: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads a line. The error says what is wrong with it.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, String> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let mut head: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if let Some(chain) = &head.chain {
            let rest = line
                .strip_suffix(AFTER_CHAIN)
                .and_then(|line| line.strip_suffix(chain.as_bytes()))
                .and_then(|line| line.strip_suffix(BEFORE_CHAIN))
                .filter(|_| chain.len() == CHAIN);
            head.rest = rest.ok_or("its chain is not its last key")?;
        }
        Ok(head)
    }

    /// The case and the number in its id; `None` when the id is not a [`RecordId`].
    pub(super) fn id(&self) -> Option<RecordId> {
        RecordId::parse(&self.id)
    }

    /// The chain; `None` in records of format 1.
    pub(super) fn chain(&self) -> Option<&str> {
        self.chain.as_deref()
    }

    /// True when the chain is the one of this record behind a record with the chain `before`.
    pub(super) fn follows(&self, before: Option<&str>) -> bool {
        match self.chain() {
            Some(found) => found == chain(before, self.rest),
            None => before.is_none(),
        }
    }
}

/// Any JSON string, read and dropped.
struct AnyText;

impl<'de> Deserialize<'de> for AnyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = AnyText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<AnyText, E> {
                Ok(AnyText)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64) -> Record {
        Record {
            id: format!("CASE/{number}"),
            at: DateTime::UNIX_EPOCH,
            source: "otx".to_owned(),
            method: Method::Get,
            url: "https://otx.example/".to_owned(),
            request: None,
            status: Some(200),
            headers: BTreeMap::new(),
            body: r#"a "quoted",chain":"x"} body"#.to_owned(),
            chain: None,
        }
    }

    /// The definition, by hand: other programs check the chain by it.
    #[test]
    fn the_chain_is_what_the_documentation_says() {
        let mut first = record(1);
        let line = first.line(None).unwrap();
        let text = std::str::from_utf8(&line).unwrap();
        let end = text.rfind(r#","chain":"#).unwrap();
        assert_eq!(
            first.chain.as_deref(),
            Some(hex(&Sha256::digest(&line[..end])).as_str())
        );
        let head = first.chain.unwrap();
        let mut second = record(2);
        let line = second.line(Some(&head)).unwrap();
        let text = std::str::from_utf8(&line).unwrap();
        let end = text.rfind(r#","chain":"#).unwrap();
        let hashed = format!("{head}{}", &text[..end]);
        assert_eq!(second.chain, Some(hex(&Sha256::digest(hashed.as_bytes()))));
        assert!(text.ends_with("\"}\n"));

        let parsed = Head::parse(&line).unwrap();
        assert!(parsed.follows(Some(&head)));
        assert!(!parsed.follows(None) && !parsed.follows(Some(&head[1..])));
        assert_eq!(parsed.id().unwrap().number, 2);
        let whole: Record = serde_json::from_slice(&line).unwrap();
        assert_eq!(whole, second);
    }

    #[test]
    fn a_chain_is_the_last_key_or_the_line_is_no_record() {
        let mut record = record(1);
        let line = String::from_utf8(record.line(None).unwrap()).unwrap();
        assert!(Head::parse(line.as_bytes()).is_ok());
        let spaced = line.replace(r#","chain":""#, r#", "chain":""#);
        assert!(Head::parse(spaced.as_bytes()).is_err());
        let short = r#"{"id":"CASE/1","at":"1970-01-01T00:00:00Z","source":"otx","method":"GET","url":"u","body":"b","chain":"ab"}"#;
        assert!(Head::parse(short.as_bytes()).is_err());
        let unchained = short.replace(r#","chain":"ab""#, "");
        let head = Head::parse(unchained.as_bytes()).unwrap();
        assert!(head.follows(None) && !head.follows(Some("ab")));
        for wrong in ["", "{}", "[]", &unchained.replace(r#""b""#, "7")] {
            assert!(Head::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}

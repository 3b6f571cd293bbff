//! Why rows of a query are missing.

use std::fmt;

use chrono::{DateTime, Utc};

use super::place::Place;
use super::query::Query;
use crate::model::{Source, format_time};

/// A reason why rows are missing, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The place that did not give them.
    pub place: Place,
    /// The reason.
    pub why: Why,
}

/// A reason why rows are missing. The words of the service are cleaned and shortened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Why {
    #[error("{0}")]
    TableAbsent(Absence),
    #[error(
        "the workspace holds no data at all (HTTP 204); check [sentinel] workspace_id, and connect data sources"
    )]
    NoData,
    #[error("{query}: no access to {} (HTTP {status}{words}); {}", place.as_str(), needs(*place))]
    Forbidden {
        query: &'static str,
        place: Place,
        status: u16,
        words: String,
    },
    #[error("{query}: {}", nowhere(*place))]
    Nowhere { query: &'static str, place: Place },
    #[error("{query}: too many requests{asked}; run again later")]
    Busy { query: &'static str, asked: String },
    #[error("kql/{query}.kql line {line} column {column}: {words}")]
    Query {
        query: &'static str,
        line: usize,
        column: usize,
        words: String,
    },
    #[error("{query}: the service gave a part of the rows only ({words})")]
    Partial { query: &'static str, words: String },
    #[error(
        "{query}: more than {queries} answers can hold ({words}); read in full: {read}; the rows that came are kept"
    )]
    TooLarge {
        query: &'static str,
        queries: usize,
        words: String,
        read: String,
    },
    #[error("{query}: too heavy for the service ({words}); read in full: {read}")]
    TooHeavy {
        query: &'static str,
        words: String,
        read: String,
    },
    #[error("{query}: {words}; read in full: {read}; run again to go on")]
    OutOfTime {
        query: &'static str,
        words: String,
        read: String,
    },
    #[error(
        "{log} ends at {} in the workspace and at {} in advanced hunting; what is between them was not read; see to the connector of the workspace, or make a case without [sentinel]",
        format_time(*workspace), format_time(*hunting)
    )]
    Stopped {
        log: &'static str,
        workspace: DateTime<Utc>,
        hunting: DateTime<Utc>,
    },
    #[error("{query}: {words}")]
    Failed { query: &'static str, words: String },
}

/// Tables that are absent wherever they were looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Absence(Vec<(&'static str, Place)>);

impl Absence {
    /// One table that is absent at one place.
    pub fn of(table: &'static str, place: Place) -> Self {
        Self(vec![(table, place)])
    }

    /// Adds what was looked for after this.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The tables in the order in which they were looked for, with ` and ` between them.
    pub fn tables(&self) -> String {
        let mut tables: Vec<&str> = Vec::new();
        for (table, _) in &self.0 {
            if !tables.contains(table) {
                tables.push(table);
            }
        }
        tables.join(" and ")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A table that the workspace lacks and another one that advanced hunting lacks, where one query reads both.
    fn apart(&self) -> Option<(&'static str, &'static str)> {
        let at = |place: Place| self.0.iter().filter(move |(_, at)| *at == place);
        let joined = |first: &str, second: &str| {
            let mut queries = Query::ALL.iter().filter(|query| **query != Query::LogEnds);
            queries.any(|query| {
                let reads = |table: &str| query.tables().any(|read| read == table);
                reads(first) && reads(second)
            })
        };
        at(Place::Workspace).find_map(|(first, _)| {
            let mut others = at(Place::Hunting).map(|(second, _)| *second);
            let second = others.find(|second| second != first && joined(first, second))?;
            Some((*first, second))
        })
    }

    fn is_at(&self, place: Place) -> bool {
        self.0.iter().any(|(_, at)| *at == place)
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((first, second)) = self.apart() {
            return write!(
                f,
                "table absent: {}; the workspace lacks {first}, advanced hunting lacks {second}, and one query cannot read both; connect the data source of {first} to the workspace, or connect the workspace to Microsoft Defender if it has {second}",
                self.tables()
            );
        }
        let advice = match (self.is_at(Place::Workspace), self.is_at(Place::Hunting)) {
            (true, true) => {
                "neither the workspace nor advanced hunting has it; connect its data source to the workspace, or see whether Defender's licence for it or the right to it is missing"
            }
            (false, true) => {
                "advanced hunting does not know it; see whether Defender's licence for it or the right to it is missing, or whether a workspace that has it can be connected"
            }
            _ => "connect its data source to the workspace",
        };
        write!(f, "table absent: {}; {advice}", self.tables())
    }
}

/// What the application has to be given to be let in.
fn needs(place: Place) -> &'static str {
    match place {
        Place::Workspace => "the application needs Log Analytics Reader on it",
        Place::Hunting => {
            "grant ThreatHunting.Read.All with the consent of an administrator; a person who is signed in also needs a role such as Security Reader"
        }
    }
}

/// What it means that the address is not there.
fn nowhere(place: Place) -> &'static str {
    match place {
        Place::Workspace => "there is no such workspace; check [sentinel] workspace_id",
        Place::Hunting => {
            "there is no advanced hunting here (HTTP 404); check [tenant] cloud and [endpoints] graph, and that the tenant has Microsoft Defender XDR"
        }
    }
}

impl Problem {
    /// A query that failed in these words.
    pub(super) fn failed(place: Place, query: Query, words: String) -> Self {
        let query = query.name();
        let why = Why::Failed { query, words };
        Self { place, why }
    }

    /// The source of the gap.
    pub fn source(&self) -> Source {
        self.place.source()
    }

    /// What is absent, if `[gaps] accepted` can name it: the table, or the place by the name of its source. `None` for
    /// what went wrong.
    pub fn absence(&self) -> Option<String> {
        match &self.why {
            Why::TableAbsent(absence) => Some(absence.tables()),
            Why::Forbidden { status: 403, .. } => Some(self.source().to_string()),
            _ => None,
        }
    }

    /// True when a table, or all of them, is not at the place.
    pub fn is_absence(&self) -> bool {
        matches!(self.why, Why::TableAbsent(_) | Why::NoData)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_table_says_where_it_was_looked_for() {
        let both = |first: &'static str, second: &'static str| {
            let mut absence = Absence::of(first, Place::Workspace);
            absence.extend(&Absence::of(second, Place::Hunting));
            absence
        };
        for (absence, text) in [
            (
                Absence::of("X", Place::Workspace),
                "table absent: X; connect its data source to the workspace",
            ),
            (
                both("X", "X"),
                "table absent: X; neither the workspace nor advanced hunting has it; connect",
            ),
            // One stands in for the other.
            (
                both("SecurityAlert", "AlertInfo"),
                "table absent: SecurityAlert and AlertInfo; neither",
            ),
            // One query reads both.
            (
                both("MessageEvents", "MessageUrlInfo"),
                "table absent: MessageEvents and MessageUrlInfo; the workspace lacks MessageEvents, advanced hunting lacks MessageUrlInfo, and one query cannot read both; connect the data source of MessageEvents",
            ),
            (
                Absence::of("X", Place::Hunting),
                "table absent: X; advanced hunting does not know it; see whether Defender's licence for it or the right",
            ),
        ] {
            let told = absence.to_string();
            assert!(told.starts_with(text), "{told}");
        }
    }
}

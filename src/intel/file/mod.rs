//! Lists of one's own: CSV, text with one indicator a line, STIX 2.1 bundles or events of MISP. Nothing is sent.

mod csv_list;
mod document;
pub(super) mod indicator;
mod misp;
mod stix;
mod text;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};
use url::Url;

use super::{Ask, Provider, Reading, Setup, SetupError, Severity, Spec};
use crate::journal::Exchange;
use document::Node;
use indicator::{Key, keys_of};

/// Largest list that is read, in bytes.
pub const LARGEST: u64 = 64 * 1024 * 1024;
/// How many places a summary names.
const NAMED: usize = 3;

pub(super) const SPEC: Spec = Spec {
    name: "file",
    endpoint: None,
    secrets: &[],
    rates: &[],
    build,
};

/// A list as it was read: what stands in a case must not depend on what the file says later, so its text is kept
/// apart from the reading of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its path as the configuration spells it. The extension says what it is.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It cannot be read.
    #[error("cannot read the list {name}: {source}")]
    Unreadable {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It is larger than [`LARGEST`].
    #[error("the list {name} is larger than {} MiB; split it", LARGEST / 1024 / 1024)]
    TooLarge {
        /// Its name.
        name: String,
    },
    /// Something in it is not what it should be.
    #[error("{name}, line {line}: {problem}")]
    Malformed {
        /// Its name.
        name: String,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

impl List {
    /// Reads a list from disk.
    pub fn open(path: &Path) -> Result<Self, ListError> {
        let name = path.display().to_string();
        let bytes = read(path).map_err(|source| ListError::Unreadable {
            name: name.clone(),
            source,
        })?;
        if bytes.len() as u64 > LARGEST {
            return Err(ListError::TooLarge { name });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                Err(ListError::Malformed {
                    name,
                    line: 1 + memchr::memchr_iter(b'\n', good).count(),
                    problem: "not UTF-8; save the file as UTF-8".to_owned(),
                })
            }
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One line of a list that names something a url can match.
#[derive(Debug, PartialEq)]
struct Entry {
    line: usize,
    key: Key,
    tags: Vec<String>,
}

/// Something is wrong in that line.
#[derive(Debug, PartialEq)]
struct Problem {
    line: usize,
    what: String,
}

/// What a list holds.
#[derive(Debug, Default, PartialEq)]
struct Entries {
    /// What a url can match.
    listed: Vec<Entry>,
    /// How many others there are that no url can match: hashes, mail addresses, patterns of files.
    others: usize,
}

/// Lines of a list that name a url, from 1, as the provider reads them; none of a list that cannot be read. `since` is
/// the start of the time under investigation.
pub fn lines_about(list: &List, url: &Url, since: DateTime<Utc>) -> Vec<usize> {
    Lists::new(std::slice::from_ref(list), since)
        .map(|lists| lists.lines(url))
        .unwrap_or_default()
}

struct Lists {
    names: Vec<String>,
    places: HashMap<Key, Vec<Place>>,
    total: usize,
    others: usize,
}

struct Place {
    list: usize,
    line: usize,
    tags: Vec<String>,
}

fn build(setup: &Setup) -> Result<Box<dyn Provider>, SetupError> {
    Ok(Box::new(Lists::new(&setup.lists, setup.since)?))
}

impl Lists {
    fn new(lists: &[List], since: DateTime<Utc>) -> Result<Self, ListError> {
        let mut all = Self {
            names: lists.iter().map(|list| list.name.clone()).collect(),
            places: HashMap::new(),
            total: 0,
            others: 0,
        };
        for (index, list) in lists.iter().enumerate() {
            let entries = entries(list, since).map_err(|problem| ListError::Malformed {
                name: list.name.clone(),
                line: problem.line,
                problem: problem.what,
            })?;
            all.total += entries.listed.len();
            all.others += entries.others;
            for Entry { line, key, tags } in entries.listed {
                let places = all.places.entry(key).or_default();
                places.push(Place {
                    list: index,
                    line,
                    tags,
                });
            }
        }
        Ok(all)
    }

    /// Lines of a list that name the url, from 1.
    fn lines(&self, url: &Url) -> Vec<usize> {
        let places = keys_of(url)
            .into_iter()
            .filter_map(|key| self.places.get(&key));
        let mut lines: Vec<usize> = places.flatten().map(|place| place.line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    fn look_up(&self, url: &Url) -> Reading {
        let found: Vec<(&Key, &Place)> = keys_of(url)
            .iter()
            .filter_map(|key| self.places.get_key_value(key))
            .flat_map(|(key, places)| places.iter().map(move |place| (key, place)))
            .collect();
        if found.is_empty() {
            return Reading::not_found(&self.nowhere());
        }
        let named: Vec<String> = found
            .iter()
            .take(NAMED)
            .map(|(key, place)| format!("{} line {} ({key})", self.names[place.list], place.line))
            .collect();
        let more = match found.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let tags = found
            .iter()
            .flat_map(|(_, place)| place.tags.iter().map(String::as_str));
        Reading::rated(
            Severity::High,
            &format!("listed in {}{more}", named.join(", ")),
        )
        .tags(tags)
    }

    fn nowhere(&self) -> String {
        let others = match self.others {
            0 => String::new(),
            others => format!(" ({others} more are of a kind that no url can match)"),
        };
        let names: BTreeSet<&str> = self.names.iter().map(String::as_str).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        format!("not among the {} entries{others} of {names}", self.total)
    }
}

impl Provider for Lists {
    fn name(&self) -> &'static str {
        SPEC.name
    }

    fn local(&self) -> bool {
        true
    }

    fn ask(&self, asked: &str) -> Ask {
        Ask::Local(match Url::parse(asked) {
            Ok(url) => self.look_up(&url),
            Err(error) => Reading::unavailable(&format!("not a url: {error}")),
        })
    }

    fn read(&self, url: &Url, _exchange: &Exchange) -> Reading {
        // Lists are looked up, not asked: there is no exchange that could say more.
        self.look_up(url)
    }
}

fn entries(list: &List, since: DateTime<Utc>) -> Result<Entries, Problem> {
    let text = list.text.trim_start_matches('\u{feff}');
    let extension = Path::new(&list.name)
        .extension()
        .and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv" | "tsv") => csv_list::entries(text),
        Some("json" | "stix" | "stix2") => json(text, since),
        Some("txt" | "text" | "list" | "lst") => text::entries(text),
        _ if text.trim_start().starts_with('{') => json(text, since),
        _ => text::entries(text),
    }
}

fn json(text: &str, since: DateTime<Utc>) -> Result<Entries, Problem> {
    match serde_json::from_str::<Node>(text) {
        Ok(node) if misp::is_misp(&node) => misp::entries(text, &node),
        _ => stix::entries(text, since),
    }
}

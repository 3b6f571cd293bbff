//! A list file, and the lookup of urls in lists.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};
use url::Url;

use super::document::Node;
use super::entry::{BadEntry, Entries, Entry};
use super::indicator::{Key, keys_of};
use super::{csv_list, misp, stix, text};
use crate::intel::verdict::{Severity, Verdict};

/// The largest list that is read, in bytes.
pub const LARGEST: u64 = 64 * 1024 * 1024;
/// The highest number of positions that a summary names.
const NAMED: usize = 3;

/// A list as it was read from disk. Its text is recorded in the journal before it is parsed, so that a replay does not
/// depend on later changes to the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The path as the configuration spells it. Its extension decides the format.
    pub name: String,
    /// The contents of the file.
    pub text: String,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum ListError {
    #[error("cannot read the list {name}: {source}")]
    Unreadable { name: String, source: io::Error },
    #[error("the list {name} is larger than {} MiB; split it", LARGEST / 1024 / 1024)]
    TooLarge { name: String },
    #[error("{name}, line {line}: {problem}")]
    Malformed {
        name: String,
        line: usize,
        problem: String,
    },
}

impl List {
    /// Reads a list from disk, at most [`LARGEST`] bytes.
    pub fn open(path: &Path) -> Result<Self, ListError> {
        let name = path.display().to_string();
        let bytes = read_file(path).map_err(|source| ListError::Unreadable {
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

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Parsed lists, in which urls can be looked up.
#[derive(Debug)]
pub struct Lists {
    names: Vec<String>,
    places: HashMap<Key, Vec<Place>>,
    total: usize,
    others: usize,
}

#[derive(Debug)]
struct Place {
    list: usize,
    line: usize,
    tags: Vec<String>,
}

impl Lists {
    /// Parses lists. Entries that expired before `since`, the start of the window, are left out.
    ///
    /// # Errors
    /// When an entry cannot be parsed.
    pub fn new(lists: &[List], since: DateTime<Utc>) -> Result<Self, ListError> {
        let mut all = Self {
            names: lists.iter().map(|list| list.name.clone()).collect(),
            places: HashMap::new(),
            total: 0,
            others: 0,
        };
        for (index, list) in lists.iter().enumerate() {
            all.add(index, &list.name, &list.text, since)?;
        }
        Ok(all)
    }

    /// Parses one list without copying its text. See [`Lists::new`].
    ///
    /// # Errors
    /// When an entry cannot be parsed.
    pub fn of_text(name: &str, text: &str, since: DateTime<Utc>) -> Result<Self, ListError> {
        let mut one = Self {
            names: vec![name.to_owned()],
            places: HashMap::new(),
            total: 0,
            others: 0,
        };
        one.add(0, name, text, since)?;
        Ok(one)
    }

    fn add(
        &mut self,
        index: usize,
        name: &str,
        text: &str,
        since: DateTime<Utc>,
    ) -> Result<(), ListError> {
        let entries = entries(name, text, since).map_err(|problem| ListError::Malformed {
            name: name.to_owned(),
            line: problem.line,
            problem: problem.what,
        })?;
        self.total += entries.listed.len();
        self.others += entries.others;
        for Entry { line, key, tags } in entries.listed {
            let places = self.places.entry(key).or_default();
            places.push(Place {
                list: index,
                line,
                tags,
            });
        }
        Ok(())
    }

    /// The numbers of the lines that match the url, from 1.
    pub fn lines_about(&self, url: &Url) -> Vec<usize> {
        let places = keys_of(url)
            .into_iter()
            .filter_map(|key| self.places.get(&key));
        let mut lines: Vec<usize> = places.flatten().map(|place| place.line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The verdict on a url: listed, or not found.
    pub fn look_up(&self, url: &Url) -> Verdict {
        let found: Vec<(&Key, &Place)> = keys_of(url)
            .iter()
            .filter_map(|key| self.places.get_key_value(key))
            .flat_map(|(key, places)| places.iter().map(move |place| (key, place)))
            .collect();
        if found.is_empty() {
            return Verdict::not_found(&self.nowhere());
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
        Verdict::rated(
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

fn entries(name: &str, text: &str, since: DateTime<Utc>) -> Result<Entries, BadEntry> {
    let text = text.trim_start_matches('\u{feff}');
    let extension = Path::new(name)
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

fn json(text: &str, since: DateTime<Utc>) -> Result<Entries, BadEntry> {
    match serde_json::from_str::<Node>(text) {
        Ok(node) if misp::is_misp(&node) => misp::entries(text, &node),
        _ => stix::entries(text, since),
    }
}

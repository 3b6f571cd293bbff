//! A list file, and the lookup of urls in lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};
use url::Url;

use super::document;
use super::entry::{BadEntry, Entries, Entry};
use super::indicator::{Key, keys_of};
use super::{csv_list, misp, objects, stix, text};
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
        if let Some(text) = utf16(&bytes) {
            return Ok(Self { name, text });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                name,
                text: with_line_feeds(text),
            }),
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

/// The text of a file in UTF-16 with its mark, as Windows PowerShell writes it; `None` for any other file.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (mark, rest) = bytes.split_at_checked(2)?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<u16> = rest
        .chunks_exact(2)
        .map(|two| unit([two[0], two[1]]))
        .collect();
    String::from_utf16(&units).ok().map(with_line_feeds)
}

/// The text with line feeds where it has the line ends of old Macs, so that whoever shows a line finds the same one.
fn with_line_feeds(text: String) -> String {
    let alone = |(at, _): (usize, &str)| text.as_bytes().get(at + 1) != Some(&b'\n');
    match text.match_indices('\r').any(alone) {
        true => text.replace("\r\n", "\n").replace('\r', "\n"),
        false => text,
    }
}

/// Parsed lists, in which urls can be looked up.
#[derive(Debug)]
pub struct Lists {
    names: Vec<String>,
    places: HashMap<Key, Vec<Place>>,
    others: BTreeMap<String, usize>,
    problems: Vec<ListProblem>,
}

/// Something in a list that is not used, although the list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListProblem {
    /// What is wrong, with the name of the list, in the same words each time the list is read.
    pub reason: String,
    /// How many lines it is about.
    pub affected: usize,
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
    /// When a list has lines and none of them can be read. Single lines that cannot be read are in [`Lists::problems`].
    pub fn new(lists: &[List], since: DateTime<Utc>) -> Result<Self, ListError> {
        let mut all = Self::empty(lists.iter().map(|list| list.name.clone()).collect());
        for (index, list) in lists.iter().enumerate() {
            all.add(index, &list.name, &list.text, since)?;
        }
        Ok(all)
    }

    /// Parses one list without copying its text. See [`Lists::new`].
    ///
    /// # Errors
    /// When the list has lines and none of them can be read.
    pub fn of_text(name: &str, text: &str, since: DateTime<Utc>) -> Result<Self, ListError> {
        let mut one = Self::empty(vec![name.to_owned()]);
        one.add(0, name, text, since)?;
        Ok(one)
    }

    fn empty(names: Vec<String>) -> Self {
        Self {
            names,
            places: HashMap::new(),
            others: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// What of the lists is not used: lines that cannot be read, and lists without any entry. A load makes gaps of them.
    pub fn problems(&self) -> &[ListProblem] {
        &self.problems
    }

    fn add(
        &mut self,
        index: usize,
        name: &str,
        text: &str,
        since: DateTime<Utc>,
    ) -> Result<(), ListError> {
        let malformed = |problem: BadEntry| ListError::Malformed {
            name: name.to_owned(),
            line: problem.line,
            problem: problem.what,
        };
        let mut entries = entries(name, text, since).map_err(malformed)?;
        let others: usize = entries.others.values().sum();
        if entries.listed.is_empty() && others == 0 && entries.bad_count > 0 {
            return Err(malformed(entries.bad.swap_remove(0)));
        }
        if let Some(first) = entries.bad.first() {
            let (line, what) = (first.line, &first.what);
            self.problems.push(ListProblem {
                reason: format!(
                    "{name} has lines that are no indicators; the first is line {line}: {what}"
                ),
                affected: entries.bad_count,
            });
        }
        if entries.listed.is_empty() {
            let left_out = match others {
                0 => String::new(),
                _ => format!(" ({})", named(&entries.others)),
            };
            self.problems.push(ListProblem {
                reason: format!("{name} has no entry that a url can match{left_out}"),
                affected: 1,
            });
        }
        for (kind, count) in entries.others {
            *self.others.entry(kind).or_default() += count;
        }
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

    /// The positions of the lists that name the url, from 0, in the order in which the lists were given.
    pub fn lists_about(&self, url: &Url) -> Vec<usize> {
        let places = keys_of(url)
            .into_iter()
            .filter_map(|key| self.places.get(&key));
        let mut lists: Vec<usize> = places.flatten().map(|place| place.list).collect();
        lists.sort_unstable();
        lists.dedup();
        lists
    }

    /// The verdict on a url that a list names; `None` for any other, since a list says nothing about what it does not
    /// name.
    pub fn look_up(&self, url: &Url) -> Option<Verdict> {
        let found: Vec<(&Key, &Place)> = keys_of(url)
            .iter()
            .filter_map(|key| self.places.get_key_value(key))
            .flat_map(|(key, places)| places.iter().map(move |place| (key, place)))
            .collect();
        if found.is_empty() {
            return None;
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
        let listed = Verdict::rated(
            Severity::High,
            &format!("listed in {}{more}", named.join(", ")),
        );
        Some(listed.tags(tags))
    }

    /// The entries that no url can match, such as hashes, and what is revoked or expired; `None` when there are none. A
    /// load makes a note of them.
    pub fn left_out(&self) -> Option<ListProblem> {
        let affected = self.others.values().sum();
        let names: BTreeSet<&str> = self.names.iter().map(String::as_str).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        (affected > 0).then(|| ListProblem {
            reason: format!(
                "entries of {names} that cannot match a url are left out: {}",
                named(&self.others)
            ),
            affected,
        })
    }
}

/// Kinds with their numbers, the most frequent first.
fn named(kinds: &BTreeMap<String, usize>) -> String {
    let mut kinds: Vec<(&String, &usize)> = kinds.iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
    let shown: Vec<String> = kinds
        .iter()
        .take(NAMED)
        .map(|(kind, count)| format!("{count} × {kind}"))
        .collect();
    match kinds.len() > NAMED {
        true => format!("{} and others", shown.join(", ")),
        false => shown.join(", "),
    }
}

fn entries(name: &str, text: &str, since: DateTime<Utc>) -> Result<Entries, BadEntry> {
    let text = text.trim_start_matches('\u{feff}');
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv" | "tsv") => Ok(csv_list::entries(text, since)),
        Some("json" | "jsonl" | "ndjson" | "stix" | "stix2") => json(text, since),
        Some("txt" | "text" | "list" | "lst") => Ok(text::entries(text)),
        _ if text.trim_start().starts_with(['{', '[']) => json(text, since),
        _ => Ok(text::entries(text)),
    }
}

fn json(text: &str, since: DateTime<Utc>) -> Result<Entries, BadEntry> {
    let node = document::read(text).map_err(|error| BadEntry {
        line: error.line().max(1),
        what: format!("not JSON: {error}"),
    })?;
    if misp::is_misp(&node) {
        return Ok(misp::entries(text, &node));
    }
    if stix::is_stix(&node) {
        return Ok(stix::entries(text, &node, since));
    }
    objects::entries(text, &node, since).ok_or_else(|| BadEntry {
        line: 1,
        what: "not a STIX 2.1 bundle, no event of MISP, and no object in it has a member such as `url`, `indicator` or \
               `ioc_value`"
            .to_owned(),
    })
}

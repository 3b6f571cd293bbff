//! Recognises a query: a `let` prelude of literals, a blank line, and a body that is byte for byte
//! that of one of the repository's `kql/*.kql`, but for the column of the time and columns that are named anew where a table
//! is read. Beside them there are two small ones about a table: its columns, and its oldest and newest event. Anything else is
//! a syntax error here.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// `datetime(…)`.
    Moment(DateTime<Utc>),
    /// `dynamic([…])` of strings.
    Texts(Vec<String>),
}

/// A query that was recognised.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The file's name without its ending; `columns` for `take 0`, and `log_end` for the ends of one log.
    pub name: String,
    /// The table of these two.
    pub table: Option<String>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Literal>,
    /// How it reads its tables.
    pub reads: Vec<Read>,
}

impl Known {
    /// A moment among the parameters.
    pub(crate) fn moment(&self, name: &str) -> Option<DateTime<Utc>> {
        match self.parameters.get(name) {
            Some(Literal::Moment(time)) => Some(*time),
            _ => None,
        }
    }

    /// A list among the parameters.
    pub(crate) fn texts(&self, name: &str) -> &[String] {
        match self.parameters.get(name) {
            Some(Literal::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// The columns of a table that it names as empty.
    pub(crate) fn emptied(&self, table: &str) -> Vec<String> {
        let reads = self.reads.iter().filter(|read| read.table == table);
        let named = reads.flat_map(|read| &read.named);
        named
            .filter(|(_, value)| value == "\"\"")
            .map(|(name, _)| name.clone())
            .collect()
    }
}

/// Why a query was refused: what, line and position (from 1 and 0).
#[derive(Clone, Debug)]
pub(crate) struct Syntax {
    /// What is wrong.
    pub message: String,
    /// Line.
    pub line: usize,
    /// Position within it.
    pub pos: usize,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../kql")
}

/// A query split into prelude lines and body.
fn split(text: &str) -> Option<(Vec<&str>, &str)> {
    let (prelude, body) = text.split_once("\n\n")?;
    Some((prelude.split('\n').collect(), body))
}

/// The queries of the repository: name, parameter names in order, body.
fn files() -> Vec<(String, Vec<String>, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "kql") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let rest: Vec<&str> = text
            .split_inclusive('\n')
            .skip_while(|l| l.starts_with("//"))
            .collect();
        let rest = rest.concat();
        if let Some((prelude, body)) = split(&rest) {
            let names = prelude
                .iter()
                .filter_map(|l| Some(literal_line(l)?.0.to_owned()))
                .collect();
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            found.push((name, names, body.to_owned()));
        }
    }
    found
}

/// `let name = literal;` taken apart.
fn literal_line(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("let ")?
        .strip_suffix(';')?
        .split_once(" = ")
}

fn literal(text: &str) -> Result<Literal, String> {
    if let Some(time) = text
        .strip_prefix("datetime(")
        .and_then(|t| t.strip_suffix(')'))
    {
        let parsed = DateTime::parse_from_rfc3339(time).map_err(|e| e.to_string())?;
        if !time.ends_with('Z') {
            return Err("datetime is not in UTC".into());
        }
        return Ok(Literal::Moment(parsed.with_timezone(&Utc)));
    }
    let json = text
        .strip_prefix("dynamic(")
        .and_then(|t| t.strip_suffix(')'))
        .ok_or("neither datetime nor dynamic")?;
    let mut chars = json.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            continue;
        }
        match chars.next() {
            Some('"' | '\\') => {}
            Some('u') => {
                let code: String = chars.by_ref().take(4).collect();
                let value = u32::from_str_radix(&code, 16).map_err(|e| e.to_string())?;
                if value >= 0x20 && !(0x7f..=0x9f).contains(&value) {
                    return Err(format!("\\u{code} need not be escaped"));
                }
            }
            other => return Err(format!("escape {other:?} in a literal")),
        }
    }
    let texts: Vec<String> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    if texts.is_empty() || texts.len() > 500 || json.len() > 64 * 1024 {
        return Err(format!(
            "{} values in {} bytes in one query",
            texts.len(),
            json.len()
        ));
    }
    Ok(Literal::Texts(texts))
}

/// How a query reads a table: by which column of the time, and with which columns under other names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    /// The table.
    pub table: String,
    /// The column on which its time is bound.
    pub time: String,
    /// Columns that are named behind the bound, and what they are: another column, or `""`.
    pub named: Vec<(String, String)>,
}

/// Takes out of a body what a client may change of it: the column of the time, and columns that have another name.
fn reads(body: &str) -> (String, Vec<Read>) {
    let mut plain = String::with_capacity(body.len());
    let mut found = Vec::new();
    let mut before = "";
    for line in body.split_inclusive('\n') {
        let table = before.split_whitespace().next_back().unwrap_or_default();
        match bound(table, line) {
            Some((read, rest)) => {
                found.push(read);
                plain.push_str(&rest);
            }
            None => plain.push_str(line),
        }
        before = line;
    }
    (plain, found)
}

/// The bound on the time of a table, and the line as the files have it.
fn bound(table: &str, line: &str) -> Option<(Read, String)> {
    let is_name = |c: char| c.is_ascii_alphanumeric();
    if table.is_empty() || !table.chars().all(is_name) {
        return None;
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    let (condition, named) = match line.trim().split_once(" | extend ") {
        Some((condition, named)) => (condition, named),
        None => (line.trim(), ""),
    };
    let words: Vec<&str> = condition.split(' ').collect();
    let ["|", "where", time, ">=", from, "and", again, "<", to] = words.as_slice() else {
        return None;
    };
    if time != again {
        return None;
    }
    let pair = |text: &str| {
        let (name, value) = text.split_once(" = ")?;
        Some((name.to_owned(), value.to_owned()))
    };
    let named = named.split(", ").filter(|text| !text.is_empty());
    let read = Read {
        table: table.to_owned(),
        time: (*time).to_owned(),
        named: named.map(pair).collect::<Option<_>>()?,
    };
    let plain = format!("{indent}| where TimeGenerated >= {from} and TimeGenerated < {to}\n");
    Some((read, plain))
}

/// The one log of a query for its ends, which is that part of `log_ends`.
fn end_of(body: &str) -> Option<&str> {
    let (table, rest) = body.split_once('\n')?;
    let expected = format!(
        "| where TimeGenerated >= slice_from and TimeGenerated < slice_to\n\
         | summarize oldest = min(TimeGenerated), newest = max(TimeGenerated)\n\
         | extend ['log'] = \"{table}\"\n\
         | project ['log'], oldest, newest\n"
    );
    (rest == expected).then_some(table)
}

/// Recognises a query.
pub(crate) fn recognise(text: &str) -> Result<Known, Syntax> {
    let fail = |message: String, line: usize| Syntax {
        message,
        line,
        pos: 0,
    };
    if let Some(table) = text.strip_suffix("\n| take 0") {
        return Ok(Known {
            name: "columns".to_owned(),
            table: Some(table.to_owned()),
            parameters: BTreeMap::new(),
            reads: Vec::new(),
        });
    }
    let (prelude, body) =
        split(text).ok_or_else(|| fail("no blank line behind the prelude".into(), 1))?;
    let (body, reads) = reads(body);
    let mut parameters = Vec::new();
    for (n, line) in prelude.iter().enumerate() {
        let (name, value) =
            literal_line(line).ok_or_else(|| fail(format!("not a let line: {line}"), n + 1))?;
        let value = literal(value).map_err(|why| fail(why, n + 1))?;
        parameters.push((name.to_owned(), value));
    }
    let names: Vec<String> = parameters.iter().map(|(name, _)| name.clone()).collect();
    if let Some(table) = end_of(&body) {
        if names != ["slice_from", "slice_to"] {
            return Err(fail(format!("an end takes a slice, not {names:?}"), 1));
        }
        return Ok(Known {
            name: "log_end".to_owned(),
            table: Some(table.to_owned()),
            parameters: parameters.into_iter().collect(),
            reads,
        });
    }
    let found = files()
        .into_iter()
        .find(|(_, _, known)| known.trim_end() == body.trim_end());
    let Some((name, expected, _)) = found else {
        return Err(fail("no kql file has this body".into(), prelude.len() + 2));
    };
    if names != expected {
        return Err(fail(format!("{name} takes {expected:?}, not {names:?}"), 1));
    }
    Ok(Known {
        name,
        table: None,
        parameters: parameters.into_iter().collect(),
        reads,
    })
}

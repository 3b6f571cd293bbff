//! Recognises a query: a `let` prelude of literals, a blank line, and a body that is byte for byte
//! that of one of the repository's `kql/*.kql`. Anything else is a syntax error here.

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
    /// The file's name without its ending.
    pub name: String,
    /// Parameters by name.
    pub parameters: BTreeMap<String, Literal>,
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

/// Recognises a query.
pub(crate) fn recognise(text: &str) -> Result<Known, Syntax> {
    let fail = |message: String, line: usize| Syntax {
        message,
        line,
        pos: 0,
    };
    let (prelude, body) =
        split(text).ok_or_else(|| fail("no blank line behind the prelude".into(), 1))?;
    let mut parameters = Vec::new();
    for (n, line) in prelude.iter().enumerate() {
        let (name, value) =
            literal_line(line).ok_or_else(|| fail(format!("not a let line: {line}"), n + 1))?;
        let value = literal(value).map_err(|why| fail(why, n + 1))?;
        parameters.push((name.to_owned(), value));
    }
    let names: Vec<String> = parameters.iter().map(|(name, _)| name.clone()).collect();
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
        parameters: parameters.into_iter().collect(),
    })
}

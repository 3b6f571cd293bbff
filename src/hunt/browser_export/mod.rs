//! Exports the hunts to Neo4j Browser: every hunt as a favourite, a style, and a guide for `:play`.
//!
//! Neo4j Browser makes a favourite of every `Folder/name.cypher` in a zip file that is dropped on it, and names it
//! after the first line. It shows the answer of a favourite only when that is a single statement, so a favourite of its
//! own sets the parameters of all hunts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

use super::parameter::Argument;
use super::{CASE, Group, Hunt, HuntError, Parameter, library, render};

const STYLE: &str = include_str!("../../../cypher/browser/linktrail.grass");
const GUIDE: &str = include_str!("../../../cypher/browser/guide.template.html");
const MARK: &str = include_str!("../../../cypher/browser/mark-risky.cypher");
const UNMARK: &str = include_str!("../../../cypher/browser/unmark-risky.cypher");

/// The names of the exported files, in the order in which they are used.
const HUNTS_FILE: &str = "linktrail-hunts.zip";
const STYLE_FILE: &str = "linktrail.grass";
const GUIDE_FILE: &str = "guide.html";

/// The width of the comment that describes a favourite, in columns.
const COMMENT_WIDTH: usize = 100;

/// Why the export failed.
#[derive(Debug, thiserror::Error)]
pub enum BrowserExportError {
    /// A hunt of the library is malformed.
    #[error(transparent)]
    Hunt(#[from] HuntError),
    /// The template of the guide names a hunt that does not exist.
    #[error("the guide asks for `{0}`, which does not exist")]
    Guide(String),
    /// The zip file could not be written.
    #[error("cannot make the zip file: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// A file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file or folder that was to be written.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// A file of the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFile {
    /// The name, without a folder.
    pub name: &'static str,
    /// The content. The same hunts always give the same bytes.
    pub content: Vec<u8>,
}

/// The files of the export. With a case, every hunt is narrowed to it.
///
/// # Errors
/// Fails when a hunt or the template of the guide is malformed. The case makes no difference.
pub fn files(case: Option<&str>) -> Result<Vec<ExportFile>, BrowserExportError> {
    let hunts = library()?;
    let file = |name, content: Vec<u8>| ExportFile { name, content };
    Ok(vec![
        file(HUNTS_FILE, archive(&hunts, case)?),
        file(STYLE_FILE, STYLE.as_bytes().to_vec()),
        file(GUIDE_FILE, guide(&hunts, case)?.into_bytes()),
    ])
}

/// Writes the files into a folder, which is created if it does not exist. Other files in it are not touched.
///
/// # Errors
/// Fails when the folder or a file cannot be written.
pub fn write(folder: &Path, files: &[ExportFile]) -> Result<(), BrowserExportError> {
    let failed = |path: &Path, source| BrowserExportError::Write {
        path: path.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    for file in files {
        let path = folder.join(file.name);
        std::fs::write(&path, &file.content).map_err(|source| failed(&path, source))?;
    }
    Ok(())
}

/// The text that tells the user how to use the files in `folder`.
pub fn advice(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "{hunts}   the hunts, as favourites\n\
         {style}   colours and captions\n\
         {guide}   the way through an incident\n\
         \n\
         In Neo4j Browser:\n\
         1. Drop {HUNTS_FILE} on the page. The hunts are then under the star on the left, in Local scripts.\n\
         2. Drop {STYLE_FILE} on the page.\n\
         3. In Local scripts, linktrail start, run \"1 Set the parameters\"; a click puts it into the editor, where you can\n   \
            change what the hunts look for.\n\
         4. There, \"2 Mark what is malicious\" adds labels: malicious urls are then drawn large and in vermilion, and their\n   \
            messages and senders get a border of that colour; messages that were taken away are pale, people from outside\n   \
            hollow. Number 3 removes the labels.\n\
         5. A Neo4j of scripts/neo4j or docker-compose.yml serves the guide: its status names the address for\n   \
            :play http://127.0.0.1:…/guide.html\n   \
            With another Neo4j open {GUIDE_FILE} beside Neo4j Browser, or see docs/neo4j-browser.md.\n",
        hunts = path(HUNTS_FILE),
        style = path(STYLE_FILE),
        guide = path(GUIDE_FILE),
    )
}

/// The zip file with a folder for each group of hunts. It does not depend on the time at which it is made.
fn archive(hunts: &[Hunt], case: Option<&str>) -> Result<Vec<u8>, BrowserExportError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let mut add = |name: String, text: &str| -> Result<(), BrowserExportError> {
        zip.start_file(name, options)?;
        zip.write_all(text.as_bytes())
            .map_err(zip::result::ZipError::from)?;
        Ok(())
    };
    for (name, text) in [
        ("parameters", parameters(hunts, case).as_str()),
        ("mark-risky", MARK),
        ("unmark-risky", UNMARK),
    ] {
        add(format!("linktrail start/{name}.cypher"), text)?;
    }
    for hunt in hunts {
        let name = format!("linktrail {}/{}.cypher", folder(hunt.group), hunt.name);
        add(name, &favourite(hunt))?;
    }
    Ok(zip.finish()?.into_inner())
}

fn folder(group: Group) -> &'static str {
    group.as_str()
}

/// The favourite that sets every parameter of every hunt: to the case, to its default, or to its example if it is
/// required.
fn parameters(hunts: &[Hunt], case: Option<&str>) -> String {
    let mut values = BTreeMap::new();
    for parameter in hunts.iter().flat_map(|hunt| &hunt.parameters) {
        let value = value(parameter);
        let known = values
            .entry(parameter.name.as_str())
            .or_insert(value.clone());
        // Neo4j Browser has one value for all hunts, so the larger of two limits is taken, which cuts neither.
        if let (Argument::Integer(known), Argument::Integer(other)) = (known, value) {
            *known = (*known).max(other);
        }
    }
    let narrowed = case.map_or(Argument::Null, |case| Argument::Text(case.to_owned()));
    let mut text = String::from(
        "// 1 Set the parameters\n\
         // Every hunt reads its values from here: change what you look for, and run it again. Neo4j Browser forgets them\n\
         // when its page is loaded again. case narrows every hunt to one case; null looks at all of them.\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, ":param {CASE} => {};", literal(&narrowed));
    for (name, value) in values {
        let _ = writeln!(text, ":param {name} => {};", literal(&value));
    }
    text
}

/// A hunt as a favourite: its name, its description, its statement. The list of favourites shows some thirty characters
/// of the first line, so the name comes before the title.
fn favourite(hunt: &Hunt) -> String {
    let mut text = format!("// {}: {}\n", hunt.name, hunt.title);
    for line in render::wrapped(&hunt.description, COMMENT_WIDTH) {
        let _ = writeln!(text, "// {line}");
    }
    for parameter in &hunt.parameters {
        let shown = parameter
            .example
            .as_ref()
            .and_then(|text| parameter.kind.parse_value(text));
        let shown = literal(&shown.unwrap_or_else(|| value(parameter)));
        let _ = writeln!(text, "// :param {} => {shown}", parameter.name);
    }
    let _ = writeln!(text, "// In a terminal: linktrail hunt run {}", hunt.name);
    text.push_str(body(hunt));
    text.push_str(";\n");
    text
}

/// The statement without the header.
fn body(hunt: &Hunt) -> &str {
    let mut rest = hunt.statement();
    while rest.starts_with("//") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.trim()
}

/// The value of a parameter until the analyst changes it: its default, or its example if it is required.
fn value(parameter: &Parameter) -> Argument {
    let example = || {
        parameter
            .example
            .as_ref()
            .and_then(|text| parameter.kind.parse_value(text))
    };
    match &parameter.default {
        Some(value) => value.clone(),
        None if parameter.required => example().unwrap_or(Argument::Null),
        None => Argument::Null,
    }
}

/// A value as a literal of Cypher.
fn literal(value: &Argument) -> String {
    match value {
        Argument::Null => "null".to_owned(),
        Argument::Text(text) => quoted(text),
        Argument::Integer(n) => n.to_string(),
        Argument::Boolean(value) => value.to_string(),
        Argument::Time(at) => format!("datetime({})", quoted(&at.to_rfc3339())),
        Argument::List(items) => {
            let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// The guide, with links in the place of `{{run NAME}}`, `{{parameters}}` and `{{mark}}`.
fn guide(hunts: &[Hunt], case: Option<&str>) -> Result<String, BrowserExportError> {
    let mut text = String::new();
    let mut rest = GUIDE;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let (asked, after) = after.split_once("}}").ok_or_else(|| {
            BrowserExportError::Guide(after.lines().next().unwrap_or_default().to_owned())
        })?;
        let (caption, statement) = match asked.split_once(' ') {
            None if asked == "parameters" => ("set the parameters", parameters(hunts, case)),
            None if asked == "mark" => ("mark what is malicious", MARK.to_owned()),
            Some(("run", name)) => {
                let hunt = hunts.iter().find(|hunt| hunt.name == name);
                let hunt = hunt.ok_or_else(|| BrowserExportError::Guide(asked.to_owned()))?;
                (name, favourite(hunt))
            }
            _ => return Err(BrowserExportError::Guide(asked.to_owned())),
        };
        // A click makes Neo4j Browser put the value of this attribute into its editor.
        let _ = write!(
            text,
            "<a data-populate=\"{}\">{caption}</a>",
            escaped(statement.trim_end())
        );
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The text escaped for the value of an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A plain line break would work too, but makes the source of the page hard to read.
            '\n' => escaped.push_str("&#10;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;

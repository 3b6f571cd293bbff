//! A hunt, and the two places that hunts come from: the library inside the binary, and files of the analyst's own.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::error::HuntError;
use super::header::{self, HeaderError, Returns};
use super::parameter::Parameter;
use crate::model::suggest;

static LIBRARY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cypher/hunts");

/// The parameter that every hunt takes without declaring it: the id of the case to look at, or null for all cases.
pub const CASE: &str = "case";

/// The kind of question that a hunt asks. Lists are in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// What happened in the case.
    Summary,
    /// What is connected with one user, url, host, domain or alert.
    Pivot,
    /// What is missing from the graph.
    Health,
    /// A file of the analyst's own.
    Own,
}

impl Group {
    /// The groups of the library, in the order of lists.
    pub const LIBRARY: [Self; 3] = [Self::Summary, Self::Pivot, Self::Health];

    /// The name of its folder under `cypher/hunts/`, and in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Pivot => "pivot",
            Self::Health => "health",
            Self::Own => "own",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A hunt: the text of its file, and what its header says.
#[derive(Debug, Clone, PartialEq)]
pub struct Hunt {
    /// The name by which it is called.
    pub name: String,
    /// The question in a few words. Empty without a header.
    pub title: String,
    /// What the answer means. Empty without a header.
    pub description: String,
    /// The declared parameters, without [`CASE`].
    pub parameters: Vec<Parameter>,
    /// Whether the answer is a table or a graph.
    pub returns: Returns,
    /// The columns of the answer, in order. Empty without a header.
    pub columns: Vec<String>,
    /// The columns after them, which hold paths for Neo4j Browser to draw beside the table. They are no part of the
    /// answer anywhere else.
    pub drawn: Vec<String>,
    /// The cell of the original notebook that it answers.
    pub notebook: Option<String>,
    /// The words that `hunt list --tag` finds it by.
    pub tags: Vec<String>,
    /// The MITRE ATT&CK techniques that it looks for.
    pub techniques: Vec<String>,
    /// The group that it is listed in.
    pub group: Group,
    /// The path of its file, as it appears in messages.
    pub file: String,
    /// Whether the file starts with a header.
    pub declared: bool,
    /// The whole text of the file.
    pub text: String,
}

impl Hunt {
    /// Reads a hunt from the text of its file. `file` is the path that appears in messages.
    ///
    /// # Errors
    /// Fails when the header is malformed. A file without a header is not an error.
    pub fn parse(file: &str, group: Group, text: &str) -> Result<Self, HeaderError> {
        let header = header::parse(file, text)?;
        let declared = header.is_some();
        let header = header.unwrap_or_else(|| header::Header {
            name: stem(file).to_owned(),
            title: String::new(),
            description: String::new(),
            parameters: Vec::new(),
            returns: Returns::Table,
            columns: Vec::new(),
            drawn: Vec::new(),
            notebook: None,
            tags: Vec::new(),
            techniques: Vec::new(),
        });
        Ok(Self {
            name: header.name,
            title: header.title,
            description: header.description,
            parameters: header.parameters,
            returns: header.returns,
            columns: header.columns,
            drawn: header.drawn,
            notebook: header.notebook,
            tags: header.tags,
            techniques: header.techniques,
            group,
            file: file.to_owned(),
            declared,
            text: text.to_owned(),
        })
    }

    /// All columns that the statement returns: those of the answer, then those that are only drawn.
    pub(super) fn returned(&self) -> Vec<String> {
        self.columns.iter().chain(&self.drawn).cloned().collect()
    }

    /// The statement as it is sent. It includes the header, so that line numbers in the server's messages are those of
    /// the file.
    pub fn statement(&self) -> &str {
        self.text.trim_end().trim_end_matches(';')
    }
}

/// Every hunt of the library, by group and name.
///
/// # Errors
/// Fails when the header of a file is malformed.
pub fn library() -> Result<Vec<Hunt>, HuntError> {
    let mut hunts = Vec::new();
    for group in Group::LIBRARY {
        let files = LIBRARY.get_dir(group.as_str()).map(Dir::files);
        for file in files.into_iter().flatten() {
            let path = format!("cypher/hunts/{}", file.path().display());
            let text = file.contents_utf8().ok_or_else(|| HeaderError {
                file: path.clone(),
                line: 1,
                problem: "not UTF-8".to_owned(),
            })?;
            hunts.push(Hunt::parse(&path, group, text)?);
        }
    }
    hunts.sort_by(|a, b| (a.group, &a.name).cmp(&(b.group, &b.name)));
    Ok(hunts)
}

/// The hunts of the library that have all of these tags; all hunts if no tag is given.
///
/// # Errors
/// Fails when a tag is not used by any hunt, or when the header of a file is malformed.
pub fn tagged(tags: &[String]) -> Result<Vec<Hunt>, HuntError> {
    let mut library = library()?;
    let known: BTreeSet<String> = library.iter().flat_map(|hunt| hunt.tags.clone()).collect();
    if let Some(tag) = tags.iter().find(|tag| !known.contains(*tag)) {
        return Err(HuntError::UnknownTag {
            tag: tag.clone(),
            nearest: suggest::nearest(tag, known.iter().map(String::as_str)).map(str::to_owned),
            known: known.into_iter().collect(),
        });
    }
    library.retain(|hunt| tags.iter().all(|tag| hunt.tags.contains(tag)));
    Ok(library)
}

/// The hunt of the library with this name, or the hunt in the file at this path.
///
/// # Errors
/// Fails when there is neither, when the file cannot be read, and when its header is malformed.
pub fn find(name_or_path: &str) -> Result<Hunt, HuntError> {
    let library = library()?;
    if let Some(hunt) = library.iter().find(|hunt| hunt.name == name_or_path) {
        return Ok(hunt.clone());
    }
    let path = Path::new(name_or_path);
    let means_file = path.components().count() > 1
        || path
            .extension()
            .is_some_and(|extension| extension == "cypher")
        || path.is_file();
    if !means_file {
        let names = library.iter().map(|hunt| hunt.name.as_str());
        let close = suggest::close(name_or_path, names);
        return Err(HuntError::Unknown {
            name: name_or_path.to_owned(),
            close: close.into_iter().map(str::to_owned).collect(),
        });
    }
    read_file(name_or_path)
}

/// The hunt in the file at this path.
///
/// # Errors
/// Fails when the file cannot be read, and when its header is malformed.
pub fn read_file(path: &str) -> Result<Hunt, HuntError> {
    let text = std::fs::read_to_string(path).map_err(|source| HuntError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    // Editors on Windows put a byte order mark before the header.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(Hunt::parse(path, Group::Own, text)?)
}

/// The name of a file without folder and extension.
pub(super) fn stem(file: &str) -> &str {
    let path = Path::new(file);
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or(file)
}

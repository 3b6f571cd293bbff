//! Reads the header of a hunt, which is the comment at the start of its file.
//!
//! ```text
//! // name: url-blast-radius
//! // title: Everyone and everything a url reached
//! // description: …
//! //   a line indented further goes on with the one above
//! // parameters: url string required example https://login.example/; depth integer optional default 2
//! // returns: table
//! // columns: user, message, at, place, opened, host
//! // drawn: picture, a column of paths that only Neo4j Browser shows
//! // notebook: the cell it answers, if any
//! // tags: sender, url
//! // mitre: T1566.003
//! ```

use std::fmt;

use super::parameter::{Parameter, ParameterType};
use crate::model::suggest;

/// The form of a hunt's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Rows of values.
    Table,
    /// Nodes, edges and paths, for drawing.
    Graph,
}

impl Returns {
    /// Its spelling in a header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Graph => "graph",
        }
    }
}

impl fmt::Display for Returns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A parsed header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) returns: Returns,
    pub(super) columns: Vec<String>,
    pub(super) drawn: Vec<String>,
    pub(super) notebook: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) techniques: Vec<String>,
}

/// What is wrong with a header, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
#[allow(missing_docs, reason = "the name says it")]
pub struct HeaderError {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong and how to correct it.
    pub problem: String,
}

const KEYS: &[&str] = &[
    "name",
    "title",
    "description",
    "parameters",
    "returns",
    "columns",
    "drawn",
    "notebook",
    "tags",
    "mitre",
];

/// A comment with one of these keys is a header. The file of an analyst may start with any other comment.
const IDENTIFYING_KEYS: &[&str] = &["name", "returns", "columns"];

struct Field<'a> {
    key: &'a str,
    value: String,
    line: usize,
}

/// Reads the header of a file; `None` when the file has no header.
pub(super) fn parse(file: &str, text: &str) -> Result<Option<Header>, HeaderError> {
    let wrong = |line: usize, problem: String| HeaderError {
        file: file.to_owned(),
        line,
        problem,
    };
    let comments = text
        .lines()
        .map_while(|line| line.trim_end().strip_prefix("//"));
    let has_header = comments
        .clone()
        .filter_map(|line| line.split_once(':'))
        .any(|(key, _)| IDENTIFYING_KEYS.contains(&key.trim()));
    if !has_header {
        return Ok(None);
    }

    let mut fields: Vec<Field<'_>> = Vec::new();
    for (line, comment) in (1..).zip(comments) {
        let continued = comment.starts_with("  ") || comment.starts_with('\t');
        match (fields.last_mut(), comment.split_once(':')) {
            _ if comment.trim().is_empty() => {}
            (Some(field), _) if continued => {
                field.value.push(' ');
                field.value.push_str(comment.trim());
            }
            (_, Some((key, value))) => {
                let key = key.trim();
                if !KEYS.contains(&key) {
                    let problem = suggest::nearest(key, KEYS.iter().copied()).map_or_else(
                        || format!("unknown key `{key}`; the keys are {}", KEYS.join(", ")),
                        |nearest| format!("unknown key `{key}`; did you mean `{nearest}`?"),
                    );
                    return Err(wrong(line, problem));
                }
                if fields.iter().any(|field| field.key == key) {
                    return Err(wrong(line, format!("`{key}` is given twice")));
                }
                fields.push(Field {
                    key,
                    value: value.trim().to_owned(),
                    line,
                });
            }
            (_, None) => {
                let problem = "not of the form `key: value`; put a blank line between header and other comments";
                return Err(wrong(line, problem.to_owned()));
            }
        }
    }
    if let Some(field) = fields.iter().find(|field| field.value.is_empty()) {
        return Err(wrong(field.line, format!("`{}` is empty", field.key)));
    }

    let field = |key: &str| fields.iter().find(|field| field.key == key);
    let optional = |key: &str| field(key).map(|field| field.value.clone());
    let required =
        |key: &str| field(key).ok_or_else(|| wrong(1, format!("the header has no `{key}`")));
    let list = |key: &str| {
        field(key)
            .map(|field| names(&field.value))
            .unwrap_or_default()
    };

    let returns = required("returns")?;
    let returns = match returns.value.as_str() {
        "table" => Returns::Table,
        "graph" => Returns::Graph,
        other => {
            let problem = format!("`returns` is table or graph, not `{other}`");
            return Err(wrong(returns.line, problem));
        }
    };
    let columns = required("columns")?;
    let mut names = names(&columns.value);
    let shown = names.len();
    names.extend(list("drawn"));
    if let Some(twice) = first_duplicate(&names) {
        return Err(wrong(
            columns.line,
            format!("column `{twice}` is named twice"),
        ));
    }
    let drawn = names.split_off(shown);
    let parameters = match field("parameters") {
        None => Vec::new(),
        Some(field) if field.value == "none" => Vec::new(),
        Some(field) => parameters(&field.value).map_err(|problem| wrong(field.line, problem))?,
    };
    Ok(Some(Header {
        name: required("name")?.value.clone(),
        title: required("title")?.value.clone(),
        description: required("description")?.value.clone(),
        parameters,
        returns,
        columns: names,
        drawn,
        notebook: optional("notebook"),
        tags: list("tags"),
        techniques: list("mitre"),
    }))
}

fn names(value: &str) -> Vec<String> {
    let names = value
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn first_duplicate(names: &[String]) -> Option<&String> {
    names
        .iter()
        .enumerate()
        .find(|(at, name)| names[..*at].contains(name))
        .map(|(_, name)| name)
}

/// `name type required|optional [default value] [example value]`, several separated by semicolons.
fn parameters(value: &str) -> Result<Vec<Parameter>, String> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for part in value
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let parameter = parameter(part)?;
        if parameters.iter().any(|other| other.name == parameter.name) {
            return Err(format!("parameter `{}` is named twice", parameter.name));
        }
        parameters.push(parameter);
    }
    Ok(parameters)
}

fn parameter(part: &str) -> Result<Parameter, String> {
    let mut words = part.split_whitespace();
    let (Some(name), Some(kind), Some(need)) = (words.next(), words.next(), words.next()) else {
        return Err(format!(
            "parameter `{part}` is not of the form `name type required|optional`"
        ));
    };
    let kind = ParameterType::parse(kind).ok_or_else(|| {
        let types = ParameterType::ALL.map(ParameterType::as_str).join(", ");
        format!("parameter `{name}` has the unknown type `{kind}`; the types are {types}")
    })?;
    let required = match need {
        "required" => true,
        "optional" => false,
        other => {
            return Err(format!(
                "parameter `{name}` is required or optional, not `{other}`"
            ));
        }
    };
    let rest: Vec<&str> = words.collect();
    let (default, example) = default_and_example(name, &rest)?;
    let typed = |what: &str, value: &str| {
        kind.parse_value(value).ok_or_else(|| {
            format!(
                "the {what} of `{name}`, `{value}`, is not {}",
                kind.expected()
            )
        })
    };
    if let Some(example) = &example {
        typed("example", example)?;
    }
    let default = default.map(|value| typed("default", &value)).transpose()?;
    if required && default.is_some() {
        return Err(format!(
            "parameter `{name}` has a default: then it is optional"
        ));
    }
    Ok(Parameter {
        name: name.to_owned(),
        kind,
        required,
        default,
        example,
    })
}

/// The words after `default` and after `example`. Both are optional, and each extends up to the other or to the end.
fn default_and_example(
    name: &str,
    words: &[&str],
) -> Result<(Option<String>, Option<String>), String> {
    let mut found: [Option<Vec<&str>>; 2] = [None, None];
    let mut current = None;
    for word in words {
        let keyword = ["default", "example"]
            .iter()
            .position(|keyword| keyword == word);
        match (keyword, current) {
            (Some(at), _) if found[at].is_none() => {
                found[at] = Some(Vec::new());
                current = Some(at);
            }
            (_, Some(at)) => found[at].get_or_insert_default().push(word),
            (_, None) => {
                return Err(format!(
                    "`{word}` behind parameter `{name}`: only `default value` and `example value` may follow"
                ));
            }
        }
    }
    for (words, keyword) in found.iter().zip(["default", "example"]) {
        if words.as_ref().is_some_and(Vec::is_empty) {
            return Err(format!("parameter `{name}` has an empty {keyword}"));
        }
    }
    let [default, example] = found.map(|words| words.map(|words| words.join(" ")));
    Ok((default, example))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parameter::Argument;
    use super::*;

    const GOOD: &str = "// name: x\n// title: T\n// description: one\n//   two: three\n\
        // parameters: url string required example https://a.example/?b=c d; depth integer optional default 2 example 3\n\
        // returns: graph\n// columns: a, b\n// drawn: c\n// notebook: cell\n// tags: t, u\n// mitre: T1566.003\n\nRETURN 1";

    #[test]
    fn every_field_is_read() {
        let header = parse("x.cypher", GOOD).unwrap().unwrap();
        assert_eq!(header.description, "one two: three");
        assert_eq!(header.columns, ["a", "b"]);
        assert_eq!(header.drawn, ["c"]);
        assert_eq!(header.returns, Returns::Graph);
        assert_eq!(header.tags, ["t", "u"]);
        assert_eq!(header.techniques, ["T1566.003"]);
        assert_eq!(header.notebook.as_deref(), Some("cell"));
        let [url, depth] = header.parameters.as_slice() else {
            panic!("{:?}", header.parameters)
        };
        assert_eq!(url.example.as_deref(), Some("https://a.example/?b=c d"));
        assert!(url.required && url.default.is_none());
        assert_eq!(depth.default, Some(Argument::Integer(2)));
        assert!(!depth.required && depth.kind == ParameterType::Integer);
    }

    #[test]
    fn a_file_may_open_with_other_words() {
        for text in [
            "RETURN 1",
            "// note: my own\nRETURN 1",
            "\n// name: x\nRETURN 1",
            "",
        ] {
            assert_eq!(parse("x.cypher", text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let line = |n: usize, with: &str| {
            let mut lines: Vec<&str> = GOOD.lines().collect();
            lines[n - 1] = with;
            lines.join("\n")
        };
        for (text, at, problem) in [
            (line(2, "// titel: T"), 2, "did you mean `title`?"),
            (line(2, "// qqq: T"), 2, "the keys are name, title"),
            (line(2, "// name: y"), 2, "`name` is given twice"),
            (line(2, "// title:"), 2, "`title` is empty"),
            (line(2, "// just words"), 2, "not of the form `key: value`"),
            (line(2, "//"), 1, "the header has no `title`"),
            (line(1, "//"), 1, "the header has no `name`"),
            (line(6, "//"), 1, "the header has no `returns`"),
            (line(7, "//"), 1, "the header has no `columns`"),
            (
                line(6, "// returns: picture"),
                6,
                "table or graph, not `picture`",
            ),
            (
                line(7, "// columns: a, b, a"),
                7,
                "column `a` is named twice",
            ),
            (
                line(5, "// parameters: url string"),
                5,
                "not of the form `name type required|optional`",
            ),
            (
                line(5, "// parameters: url text required"),
                5,
                "unknown type `text`; the types are string",
            ),
            (
                line(5, "// parameters: url string maybe"),
                5,
                "required or optional, not `maybe`",
            ),
            (
                line(5, "// parameters: n integer optional default two"),
                5,
                "is not a whole number",
            ),
            (
                line(5, "// parameters: n integer optional example two"),
                5,
                "is not a whole number",
            ),
            (
                line(5, "// parameters: n integer optional 2"),
                5,
                "only `default value`",
            ),
            (
                line(5, "// parameters: n integer optional default"),
                5,
                "has an empty default",
            ),
            (
                line(5, "// parameters: n integer required default 2"),
                5,
                "then it is optional",
            ),
            (
                line(5, "// parameters: n integer optional; n string optional"),
                5,
                "named twice",
            ),
        ] {
            let error = parse("a/x.cypher", &text).unwrap_err();
            assert_eq!(
                (error.file.as_str(), error.line),
                ("a/x.cypher", at),
                "{error}"
            );
            assert!(error.problem.contains(problem), "{error}");
        }
        let error = parse("a/x.cypher", &line(2, "// titel: T")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a/x.cypher:2: unknown key `titel`; did you mean `title`?"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(// (name|columns|parameters|returns): ?)?(\\PC|\n)*") {
            let _ = parse("x", &text);
        }
    }
}

//! Checks hunts against their headers, against the schema of the graph and against each other.

mod case;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use neo4rs::Query;

use super::header::{HeaderError, Returns};
use super::library::stem;
use super::run::query_rows;
use super::shape::{PropertyRead, Shape};
use super::{CASE, Group, Hunt, HuntError};
use crate::graph::schema::{COMMON, EDGES, NODES, Property};
use crate::graph::{EdgeType, Label};
use crate::model::suggest;

/// Components of times and durations. They are read like properties, as in `message.created.hour`, but are none.
const COMPONENTS: &[&str] = &["hour", "seconds"];

/// A rule that hunts have to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The header is complete and well-formed.
    Header,
    /// A hunt has the name of its file, and no other hunt has it.
    Name,
    /// The statement is valid.
    Syntax,
    /// The statement only reads, and reads only the graph.
    ReadOnly,
    /// Labels, types and properties exist in the schema.
    Schema,
    /// Parameters are declared and used, and `$case` is used.
    Parameters,
    /// What cases say of a node is asked of the case that is given. Only for hunts that are part of linktrail.
    Case,
    /// The columns are those of the header, in the same order.
    Columns,
    /// The order of the rows is fully determined.
    Order,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Name => "name",
            Self::Syntax => "syntax",
            Self::ReadOnly => "read-only",
            Self::Schema => "schema",
            Self::Parameters => "parameters",
            Self::Case => "case",
            Self::Columns => "columns",
            Self::Order => "order",
        })
    }
}

/// A violation of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file of the hunt.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The rule that is violated.
    pub rule: Rule,
    /// What is wrong and how to correct it.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.file, self.line, self.rule, self.message
        )
    }
}

/// Checks hunts without a server. The findings are sorted by file and line.
pub fn lint(hunts: &[Hunt]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for hunt in hunts {
        let mut check = Check {
            hunt,
            findings: &mut findings,
        };
        check.header();
        check.name();
        if let Some(other) = names.insert(&hunt.name, &hunt.file) {
            let message = format!("{other} is called `{}` as well", hunt.name);
            check.report(check.line_of("name"), Rule::Name, message);
        }
        match Shape::parse(hunt.statement()) {
            Ok(shape) => check.shape(&shape),
            Err(unreadable) => {
                check.report(unreadable.place.line, Rule::Syntax, unreadable.problem);
            }
        }
    }
    findings.sort();
    findings
}

impl From<HeaderError> for Finding {
    fn from(error: HeaderError) -> Self {
        Self {
            file: error.file,
            line: error.line,
            rule: Rule::Header,
            message: error.problem,
        }
    }
}

/// Lets the server plan a hunt without running it, and compares the columns that it would return with the header.
///
/// # Errors
/// Fails when Neo4j cannot be reached.
pub async fn verify(
    graph: &neo4rs::Graph,
    database: &str,
    hunt: &Hunt,
    limit: Duration,
) -> Result<Vec<Finding>, HuntError> {
    let explain = async |statement: String| {
        let query = Query::new(statement);
        let columns = Some(Vec::new());
        match query_rows(
            graph, database, &hunt.name, &hunt.file, query, columns, limit,
        )
        .await
        {
            Ok(_) => Ok(None),
            Err(HuntError::Statement { message, .. }) => Ok(Some(message)),
            Err(error) => Err(error),
        }
    };
    let mut findings = Vec::new();
    let mut check = Check {
        hunt,
        findings: &mut findings,
    };
    // Both sides of a UNION must have the same columns: so the server itself compares them.
    let names = hunt.returned();
    let declared = names
        .iter()
        .map(|name| format!("null AS `{}`", name.replace('`', "``")));
    let declared = declared.collect::<Vec<_>>().join(", ");
    let alone = format!("EXPLAIN {}", hunt.statement());
    let compared = format!("{alone}\nUNION ALL\nRETURN {declared}");
    let first = if hunt.declared {
        compared
    } else {
        alone.clone()
    };
    if let Some(refused) = explain(first).await? {
        match explain(alone).await? {
            Some(message) => check.report(1, Rule::Syntax, message),
            None => {
                let message = format!("the server returns other columns: {refused}");
                check.report(check.line_of("columns"), Rule::Columns, message);
            }
        }
    }
    Ok(findings)
}

struct Check<'a> {
    hunt: &'a Hunt,
    findings: &'a mut Vec<Finding>,
}

impl Check<'_> {
    fn report(&mut self, line: usize, rule: Rule, message: impl Into<String>) {
        self.findings.push(Finding {
            file: self.hunt.file.clone(),
            line,
            rule,
            message: message.into(),
        });
    }

    /// The line of a key in the header, or 1.
    fn line_of(&self, key: &str) -> usize {
        let is_key = |line: &str| {
            line.strip_prefix("//")
                .and_then(|line| line.split_once(':'))
                .is_some_and(|(found, _)| found.trim() == key)
        };
        self.hunt
            .text
            .lines()
            .position(is_key)
            .map_or(1, |at| at + 1)
    }

    fn header(&mut self) {
        let hunt = self.hunt;
        if !hunt.declared {
            self.report(
                1,
                Rule::Header,
                "has no header; `// name: …` is its first line",
            );
            return;
        }
        if hunt.title.ends_with('.') {
            self.report(
                self.line_of("title"),
                Rule::Header,
                "a title has no full stop",
            );
        }
        if !hunt.description.ends_with('.') {
            let message = "a description is one or more sentences";
            self.report(self.line_of("description"), Rule::Header, message);
        }
        for parameter in &hunt.parameters {
            if parameter.required && parameter.example.is_none() {
                let message = format!("the required parameter `{}` has no example", parameter.name);
                self.report(self.line_of("parameters"), Rule::Header, message);
            }
        }
        if hunt.tags.is_empty() {
            let message = "has no tags: words to find it by, in lower case";
            self.report(1, Rule::Header, message);
        }
        for tag in hunt.tags.iter().filter(|tag| !is_kebab(tag)) {
            let message =
                format!("the tag `{tag}` holds more than lower-case letters, digits and hyphens");
            self.report(self.line_of("tags"), Rule::Header, message);
        }
        for technique in hunt.techniques.iter().filter(|name| !is_technique(name)) {
            let message = format!(
                "`{technique}` is no technique of MITRE ATT&CK; they are written T1566 or T1566.002"
            );
            self.report(self.line_of("mitre"), Rule::Header, message);
        }
    }

    fn name(&mut self) {
        let (name, file) = (&self.hunt.name, stem(&self.hunt.file));
        if name != file {
            let message = format!("is called `{name}`, but its file is called `{file}`");
            self.report(self.line_of("name"), Rule::Name, message);
        }
        if !is_kebab(name) {
            let message =
                format!("`{name}` holds more than lower-case letters, digits and hyphens");
            self.report(self.line_of("name"), Rule::Name, message);
        }
    }

    fn shape(&mut self, shape: &Shape) {
        for found in &shape.forbidden {
            let message = format!("{}: a hunt only reads, and only the graph", found.what);
            self.report(found.line, Rule::ReadOnly, message);
        }
        self.schema(shape);
        self.parameters(shape);
        self.case(shape);
        self.returned(shape);
    }

    fn schema(&mut self, shape: &Shape) {
        for label in &shape.labels {
            // A predicate on the type of an edge, `r:SENT`, is written like a label.
            if Label::parse(&label.name).is_none() && EdgeType::parse(&label.name).is_none() {
                let known = NODES.iter().map(|spec| spec.label.as_str());
                self.report(
                    label.line,
                    Rule::Schema,
                    unknown("label", &label.name, known),
                );
            }
        }
        for edge in &shape.types {
            if EdgeType::parse(&edge.name).is_none() {
                let known = EDGES.iter().map(|spec| spec.kind.as_str());
                self.report(edge.line, Rule::Schema, unknown("type", &edge.name, known));
            }
        }
        for read in &shape.reads {
            let on = owners(shape, read);
            let known = properties(&on);
            let name = read.property.name.as_str();
            let own =
                on.is_empty() && (shape.own_keys.contains(name) || COMPONENTS.contains(&name));
            if !known.contains(name) && !own {
                let mut message = unknown("property", name, known.iter().copied());
                if !on.is_empty() {
                    message.push_str(" (of ");
                    message.push_str(&on.iter().cloned().collect::<Vec<_>>().join(", "));
                    message.push(')');
                }
                self.report(read.property.line, Rule::Schema, message);
            }
        }
    }

    fn parameters(&mut self, shape: &Shape) {
        let declared: Vec<&str> = self
            .hunt
            .parameters
            .iter()
            .map(|p| p.name.as_str())
            .collect();
        for used in &shape.parameters {
            if used.name != CASE && !declared.contains(&used.name.as_str()) {
                let message = format!("`${}` is not declared", used.name);
                self.report(used.line, Rule::Parameters, message);
            }
        }
        for name in declared.into_iter().chain([CASE]) {
            if shape.parameters.iter().all(|used| used.name != name) {
                let message = format!("`${name}` is not used");
                self.report(self.line_of("parameters"), Rule::Parameters, message);
            }
        }
    }

    fn case(&mut self, shape: &Shape) {
        if self.hunt.group == Group::Own {
            return;
        }
        // What cannot be read was reported before.
        for found in case::careless(self.hunt.statement(), shape).unwrap_or_default() {
            self.report(found.line, Rule::Case, found.message);
        }
    }

    fn returned(&mut self, shape: &Shape) {
        let Some(returns) = &shape.returns else {
            self.report(1, Rule::Columns, "returns nothing");
            return;
        };
        if let Some(line) = shape.union {
            let message =
                "rows of a UNION have no order; put it into CALL () { … } and order what comes out";
            self.report(line, Rule::Order, message);
        }
        match &returns.columns {
            None => {
                let message = "`RETURN *` leaves open what is returned";
                self.report(returns.line, Rule::Columns, message);
            }
            Some(columns) if *columns != self.hunt.returned() => {
                let message = format!(
                    "the header declares {}, and the statement returns {}",
                    self.hunt.returned().join(", "),
                    columns.join(", ")
                );
                self.report(self.line_of("columns"), Rule::Columns, message);
            }
            Some(_) => {}
        }
        if !returns.ordered {
            self.report(returns.line, Rule::Order, "has no ORDER BY");
        } else if self.hunt.returns == Returns::Table {
            let columns = self.hunt.columns.iter();
            let missing: Vec<&str> = columns
                .filter(|name| !returns.ordered_by.contains(name))
                .map(String::as_str)
                .collect();
            if !missing.is_empty() {
                let message = format!(
                    "rows that differ only in {} have no fixed order; name every column in ORDER BY",
                    missing.join(", ")
                );
                self.report(returns.line, Rule::Order, message);
            }
        }
    }
}

fn is_kebab(name: &str) -> bool {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.chars().all(kebab)
}

/// True for `T` with four digits and, for a sub-technique, a dot and three more.
fn is_technique(name: &str) -> bool {
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let Some(number) = name.strip_prefix('T') else {
        return false;
    };
    match number.split_once('.') {
        None => digits(number, 4),
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
    }
}

/// The labels and types that the owner of a property can have; empty when they are not known.
fn owners(shape: &Shape, read: &PropertyRead) -> BTreeSet<String> {
    let by_variable = read
        .owner
        .as_ref()
        .and_then(|name| shape.variables.get(name));
    by_variable
        .into_iter()
        .flatten()
        .chain(&read.labels)
        .cloned()
        .collect()
}

/// The properties of these labels and types, or of all when there are none.
fn properties(on: &BTreeSet<String>) -> BTreeSet<&'static str> {
    let wanted = |name: &str| on.is_empty() || on.contains(name);
    let nodes = NODES.iter().filter(|spec| wanted(spec.label.as_str()));
    let edges = EDGES.iter().filter(|spec| wanted(spec.kind.as_str()));
    let names = |p: &'static Property| std::iter::once(p.name).chain(p.by_case);
    let on_nodes = nodes.flat_map(|spec| spec.properties.iter().flat_map(names).chain(["id"]));
    let on_edges = edges.flat_map(|spec| spec.properties.iter().flat_map(names));
    on_nodes
        .chain(on_edges)
        .chain(COMMON.iter().map(|p| p.name))
        .collect()
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match suggest::nearest(name, known) {
        Some(nearest) => format!("the graph has no {what} `{name}`; did you mean `{nearest}`?"),
        None => format!("the graph has no {what} `{name}`"),
    }
}

#[cfg(test)]
mod tests;

//! CSV files for `neo4j-admin database import full`: one file for each label, and one for each combination of type,
//! start label and end label.
//!
//! The header format is described in Neo4j's operations manual, "Import", "CSV header format". Values are not escaped
//! against spreadsheet formulas, so that an import produces the same graph as a load. Do not open these files in a
//! spreadsheet.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use csv::{Writer, WriterBuilder};

use super::plain::plain;
use crate::graph::schema::{EDGES, NODES, Property, ValueKind};
use crate::graph::value::Value;
use crate::graph::{Graph, Properties, Written};
use crate::model::fs::{create_private_file, make_private_dir};

/// Possible delimiters between the values of a list, each with its name in the options of neo4j-admin.
const DELIMITERS: &[(char, &str)] = &[
    (';', ";"),
    ('|', "|"),
    ('\u{1f}', "U+001F"),
    ('\u{1e}', "U+001E"),
    ('\u{e000}', "U+E000"),
    ('\u{f8ff}', "U+F8FF"),
];

/// Writes `nodes/`, `edges/` and a `README` with the import command.
///
/// # Errors
/// When a file cannot be written, or when every possible delimiter occurs in the lists.
pub fn write(graph: &Graph, folder: &Path) -> io::Result<()> {
    let (delimiter, name) = delimiter(graph).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the lists of this graph hold every character that could part their values; export it as jsonl",
        )
    })?;
    make_private_dir(&folder.join("nodes"))?;
    make_private_dir(&folder.join("edges"))?;
    let mut files = Vec::new();
    let nodes = graph.nodes();
    for spec in NODES {
        let mut rows = nodes
            .iter()
            .filter(|node| node.label == spec.label)
            .peekable();
        if rows.peek().is_none() {
            continue;
        }
        let file = format!("nodes/{}.csv", spec.label);
        let properties: Vec<&Property> = spec.all_properties().collect();
        let mut out = open(&folder.join(&file))?;
        out.write_record(
            std::iter::once(format!("id:ID({})", spec.label)).chain(header(&properties)),
        )?;
        for node in rows {
            let stored = graph.stored(*node);
            out.write_record(std::iter::once(node.id.clone()).chain(cells(
                &properties,
                &stored,
                delimiter,
            )))?;
        }
        out.flush()?;
        files.push(format!("--nodes={}={file}", spec.label));
    }
    let edges: Vec<_> = graph.edges().collect();
    for spec in EDGES {
        for (from, to) in spec.joins {
            let mut rows = edges
                .iter()
                .filter(|(a, edge, b)| (edge.kind, a.label, b.label) == (spec.kind, *from, *to))
                .peekable();
            if rows.peek().is_none() {
                continue;
            }
            let file = format!("edges/{}-{from}-{to}.csv", spec.kind);
            let properties: Vec<&Property> = spec.all_properties().collect();
            let mut out = open(&folder.join(&file))?;
            out.write_record(
                [format!(":START_ID({from})"), format!(":END_ID({to})")]
                    .into_iter()
                    .chain(header(&properties)),
            )?;
            for (a, edge, b) in rows {
                let stored = graph.stored((*a, *edge, *b));
                out.write_record([a.id.clone(), b.id.clone()].into_iter().chain(cells(
                    &properties,
                    &stored,
                    delimiter,
                )))?;
            }
            out.flush()?;
            files.push(format!("--relationships={}={file}", spec.kind));
        }
    }
    let mut out = create_private_file(&folder.join("README"))?;
    out.write_all(readme(graph, name, &files).as_bytes())
}

fn open(file: &Path) -> io::Result<Writer<BufWriter<File>>> {
    Ok(WriterBuilder::new().from_writer(BufWriter::new(create_private_file(file)?)))
}

/// The first delimiter that does not occur in any list.
fn delimiter(graph: &Graph) -> Option<(char, &'static str)> {
    let mut free: BTreeMap<char, &str> = DELIMITERS.iter().copied().collect();
    let nodes = graph.nodes().into_iter().map(Written::from);
    let edges = graph.edges().map(Written::from);
    for element in nodes.chain(edges) {
        for value in graph.stored(element).values() {
            if let Value::List(items) = value {
                free.retain(|delimiter, _| !items.iter().any(|item| item.contains(*delimiter)));
            }
        }
    }
    DELIMITERS
        .iter()
        .copied()
        .find(|(delimiter, _)| free.contains_key(delimiter))
}

fn header(properties: &[&Property]) -> impl Iterator<Item = String> {
    properties.iter().map(|property| {
        let kind = match property.kind {
            ValueKind::Text => "string",
            ValueKind::Integer => "long",
            ValueKind::Number => "double",
            ValueKind::Boolean => "boolean",
            ValueKind::Time => "datetime",
            ValueKind::Set | ValueKind::Sequence => "string[]",
        };
        format!("{}:{kind}", property.name)
    })
}

fn cells(
    properties: &[&Property],
    stored: &Properties,
    delimiter: char,
) -> impl Iterator<Item = String> {
    properties
        .iter()
        .map(move |property| match stored.get(property.name) {
            // An empty cell stands for an absent property.
            None => String::new(),
            Some(Value::List(items)) => items.join(delimiter.to_string().as_str()),
            Some(value) => plain(value),
        })
}

fn readme(graph: &Graph, delimiter: &str, files: &[String]) -> String {
    format!(
        "The graph of linktrail case {}, for Neo4j 5.\n\
         \n\
         Stop the server, go into this folder, and run the command below. It replaces the database neo4j.\n\
         Start the server again and make the constraints with: linktrail schema apply\n\
         \n\
         neo4j-admin database import full neo4j --overwrite-destination --id-type=string --multiline-fields=true \\\n  \
         --array-delimiter='{delimiter}' \\\n  {}\n\
         \n\
         The values stand as they came, from senders that are not to be trusted: do not open these files in a\n\
         spreadsheet, which would take some of them for formulas. `linktrail hunt run NAME --format csv` is made for that.\n",
        graph.case(),
        files.join(" \\\n  ")
    )
}

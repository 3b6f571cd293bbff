//! `linktrail export`: writes the graph of a case in the format of another program.

use std::fs;
use std::io;
use std::path::Path;

use super::exit::{Context, Exit, Failure, UsageError};
use super::signals::Stop;
use super::{complete_case, output, stored};
use crate::cli::{Export, ExportFormat, Global};
use crate::graph::jsonl;
use crate::graph::value::INDEX_LIMIT;
use crate::model::fs::write_whole;
use crate::sink::{csv, graphml, opengraph, stix};
use crate::terminal;

pub(super) fn run(global: &Global, arguments: Export, stop: &Stop) -> Result<Exit, Failure> {
    let case = complete_case::open(arguments.case.as_deref())?;
    let out = arguments.out.as_path();
    if arguments.format == ExportFormat::Csv {
        must_be_free(out)?;
    }
    let graph = &stored::read(global, &case)?.graph;
    let created = case.manifest().created;
    match arguments.format {
        ExportFormat::Graphml => write_whole(out, |file| graphml::write(graph, stop.writer(file))),
        ExportFormat::Csv => csv::write(graph, out),
        ExportFormat::Opengraph => {
            write_whole(out, |file| opengraph::write(graph, stop.writer(file)))
        }
        ExportFormat::Jsonl => write_whole(out, |file| jsonl::write(graph, stop.writer(file))),
        ExportFormat::Stix => {
            write_whole(out, |file| stix::write(graph, created, stop.writer(file)))
        }
    }
    .context(|| format!("cannot write {}", out.display()))?;
    let left_out = match arguments.format {
        ExportFormat::Stix => stix::left_out(graph),
        _ => 0,
    };
    if left_out > 0 {
        output::eprint_line(&format!(
            "{left_out} risky url(s) of more than {INDEX_LIMIT} bytes are left out: the graph holds only their beginning; the journal has them whole"
        ));
    }
    let mut text = format!(
        "{}: {} node(s), {} edge(s)\n",
        terminal::clean(&out.display().to_string()),
        graph.node_count(),
        graph.edge_count()
    );
    if arguments.format == ExportFormat::Csv {
        let readme = fs::read_to_string(out.join("README"))?;
        text.push('\n');
        text.push_str(&readme);
    }
    output::print(&text)?;
    Ok(Exit::Complete)
}

/// Rejects a folder that is not empty: files of an earlier export would be imported together with the new ones.
fn must_be_free(folder: &Path) -> Result<(), Failure> {
    let mut entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.context(|| format!("--out {} is not a folder", folder.display()))?,
    };
    if entries.next().is_none() {
        return Ok(());
    }
    Err(UsageError(format!(
        "--out {} is not empty; name a new folder",
        folder.display()
    ))
    .into())
}

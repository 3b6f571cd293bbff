//! `linktrail case verify`: checks every record of a case, and that its graph is the one that the records give.

use std::fmt::Write as _;
use std::path::Path;

use crate::case::{Case, CaseFile, Generation};
use crate::cli::Global;
use crate::command::exit::{Exit, Failure};
use crate::command::{output, replay, stored};
use crate::journal::{self, Findings};
use crate::terminal::clean;

/// Reads every record, rebuilds the graph from them, and compares it with the stored one. Nothing is written.
pub(super) async fn run(global: &Global, dir: &Path) -> Result<Exit, Failure> {
    let mut report = check(dir)?;
    add_graph(global, dir, &mut report).await?;
    output::print(&report.text()?)?;
    Ok(if report.wrong.is_empty() {
        Exit::Complete
    } else {
        Exit::Failed
    })
}

/// What is known of a case after its records were read.
pub(super) struct Report {
    findings: Findings,
    last: Option<Generation>,
    /// Everything that is wrong; empty when nothing is.
    pub(super) wrong: Vec<String>,
}

/// Checks the records of a case, their chain and their number.
pub(super) fn check(dir: &Path) -> Result<Report, Failure> {
    let manifest = Case::read_manifest(dir)?;
    let last = manifest.last_complete();
    let expected = last.as_ref().map_or(manifest.records, |last| last.records);
    let findings = journal::verify(&dir.join("journal"), &manifest.id, expected)?;
    let mut wrong = findings.wrong.clone();
    let counted = manifest.records.max(expected);
    if findings.records < counted {
        wrong.push(format!(
            "case.json counts {counted} record(s), but the journal holds {}",
            findings.records
        ));
    }
    if let Some(named) = last.as_ref().and_then(|last| last.head.as_ref())
        && findings.head.as_ref() != Some(named)
    {
        let found = findings.head.as_deref().unwrap_or("none");
        wrong.push(format!(
            "case.json names the head {}, but that of record {expected} is {found}: records or case.json were replaced",
            clean(named)
        ));
    }
    Ok(Report {
        findings,
        last,
        wrong,
    })
}

/// Checks the stored graph of a complete case whose records are whole.
pub(super) async fn add_graph(
    global: &Global,
    dir: &Path,
    report: &mut Report,
) -> Result<(), Failure> {
    if report.wrong.is_empty() && report.last.is_some() {
        report.wrong.extend(check_graph(global, dir).await?);
    }
    Ok(())
}

/// What is wrong with the stored graph; `None` when it is the one that the records give.
async fn check_graph(global: &Global, dir: &Path) -> Result<Option<String>, Failure> {
    let case = Case::read(dir)?;
    let graph = match replay::run(global, &case).await {
        Ok(outcome) => outcome.graph,
        Err(failure) => {
            return Ok(Some(format!(
                "the graph cannot be rebuilt (the case was made by linktrail {}): {}",
                clean(&case.manifest().version),
                failure.message
            )));
        }
    };
    let again = "`load --replay` writes it again";
    let name = CaseFile::Graph.name();
    let Some(file) = case.file(CaseFile::Graph) else {
        return Ok(Some(format!("{name} is missing; {again}")));
    };
    Ok(match stored::equals(&graph, file) {
        Ok(true) => None,
        Ok(false) => Some(format!(
            "{name} is not the graph that the journal gives; {again}"
        )),
        Err(error) => Some(format!("{name} cannot be read: {error}; {again}")),
    })
}

impl Report {
    /// The result for people: what is there, the head, and everything that is wrong.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let Self {
            findings,
            last,
            wrong,
        } = self;
        let mut text = String::new();
        let state = match last {
            Some(_) => "complete",
            None => "not complete: run its load again",
        };
        writeln!(text, "{} record(s) whole, case {state}", findings.records)?;
        if let Some(last) = last {
            let newer = findings.records.saturating_sub(last.records);
            if newer > 0 {
                writeln!(
                    text,
                    "{newer} record(s) are of a newer load, which did not end yet; it goes on when it is run again"
                )?;
            }
            writeln!(
                text,
                "generation {}: {} record(s)",
                last.number, last.records
            )?;
        }
        let head = match last {
            Some(_) => &findings.head,
            None => &findings.newest_head,
        };
        match head {
            Some(head) => writeln!(text, "head {head}")?,
            None => writeln!(text, "head none: records of format 1 have no chain")?,
        }
        if let Some(tail) = &findings.tail {
            writeln!(
                text,
                "{} byte(s) at the end of {} are no whole record: a load is writing them, or a crash left them",
                tail.bytes,
                clean(&tail.path.display().to_string())
            )?;
        }
        for problem in wrong {
            writeln!(text, "{}", clean(problem))?;
        }
        Ok(text)
    }
}

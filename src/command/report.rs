//! `linktrail report`: writes a case as one HTML file.

use std::fs;
use std::io;

use super::exit::{Context, Exit, Failure, UsageError};
use super::signals::Stop;
use super::{complete_case, output, stored};
use crate::cli::{Global, Report as Arguments};
use crate::model::Store;
use crate::model::fs::write_whole;
use crate::report::{About, Report, ReportError};
use crate::terminal;

pub(super) fn run(global: &Global, arguments: Arguments, stop: &Stop) -> Result<Exit, Failure> {
    let case = complete_case::open(arguments.case.as_deref())?;
    let in_case = arguments.out.is_none();
    let out = arguments
        .out
        .unwrap_or_else(|| case.dir().join("report.html"));
    if out.is_dir() {
        return Err(UsageError(format!(
            "--out {} is a folder; name a file, such as report.html in it",
            out.display()
        ))
        .into());
    }
    let stored = stored::read(global, &case)?;
    let about = About::from(case.manifest());
    let report = Report {
        about: &about,
        graph: &stored.graph,
        gaps: &stored.gaps,
        notes: &stored.notes,
        record: &|number| case.records.get(number),
        quotes: case.manifest().options.settings.store != Store::None,
    };
    let mut made = Ok(());
    // The file contains names and quoted messages, so only its owner may read it.
    let written = write_whole(&out, |file| match report.write(&mut stop.writer(file)) {
        Err(ReportError::Io(error)) => Err(error),
        other => {
            made = other;
            Ok(())
        }
    });
    made?;
    if let Err(error) = &written
        && in_case
        && matches!(
            error.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        )
    {
        return Err(UsageError(format!(
            "the report cannot be written into the case: {}: {error}; name a file with --out",
            out.display()
        ))
        .into());
    }
    written.context(|| {
        format!(
            "cannot write {}; name a file in a folder that you may write to with --out",
            out.display()
        )
    })?;
    let size = fs::metadata(&out)?.len();
    output::print(&format!(
        "{}: {size} bytes\n",
        terminal::clean(&out.display().to_string())
    ))?;
    Ok(Exit::Complete)
}

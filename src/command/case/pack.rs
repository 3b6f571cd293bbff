//! `linktrail case pack` and `linktrail case unpack`: a case as one file, and back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::verify::{self, Report};
use crate::case::{self, Case, PACKED};
use crate::cli::Global;
use crate::command::exit::{Context, Exit, Failure, UsageError};
use crate::command::output;
use crate::command::signals::{Signals, Stop};
use crate::model::fs::{make_private_dir, sync_folder, write_whole};
use crate::terminal::clean;

/// Writes a case as one file.
pub(super) fn pack(dir: &Path, out: Option<&Path>, stop: &Stop) -> Result<Exit, Failure> {
    let case = Case::read(dir)?;
    let out = out.map_or_else(
        || PathBuf::from(format!("{}{PACKED}", case.id())),
        Path::to_owned,
    );
    let mut packed = Ok(());
    let written = write_whole(&out, |file| {
        packed = case.pack(&mut stop.writer(file));
        packed
            .as_ref()
            .map_err(|error| io::Error::other(error.to_string()))
            .copied()
    });
    packed?;
    written.context(|| format!("cannot write {}", out.display()))?;
    output::print(&format!(
        "{}: {} record(s), {} bytes\n",
        clean(&out.display().to_string()),
        case.journal().records(),
        fs::metadata(&out)?.len()
    ))?;
    Ok(Exit::Complete)
}

/// Unpacks a case into a new folder, after everything in it was checked.
pub(super) async fn unpack(
    global: &Global,
    file: &Path,
    out: Option<&Path>,
) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let packed = File::open(file).context(|| format!("cannot read {}", file.display()))?;
    if let Some(out) = out {
        must_be_free(out)?;
    }
    let beside = match out {
        Some(out) => parent(out).to_owned(),
        None => PathBuf::from("cases"),
    };
    make_private_dir(&beside).context(|| format!("cannot make {}", beside.display()))?;
    // Only what was checked gets its name. The folder is removed when anything is wrong.
    let folder = tempfile::Builder::new()
        .prefix(".unpacking.")
        .tempdir_in(&beside)
        .context(|| format!("cannot write in {}", beside.display()))?;
    // The temporary folder itself may be open to others.
    let unpacked = folder.path().join("case");
    make_private_dir(&unpacked)?;
    let work = {
        let (global, runtime) = (global.clone(), Handle::current());
        let (file, folder) = (file.to_owned(), unpacked.clone());
        spawn_blocking(move || runtime.block_on(check(&global, &file, &packed, &folder)))
    };
    let (id, report) = tokio::select! {
        biased;
        checked = work => match checked {
            Ok(checked) => checked?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        },
        () = signals.next() => {
            output::eprint_line("interrupted; nothing was unpacked");
            return Ok(Exit::Interrupted);
        }
    };
    let out = out.map_or_else(|| beside.join(&id), Path::to_owned);
    must_be_free(&out)?;
    fs::rename(&unpacked, &out).context(|| format!("cannot write {}", out.display()))?;
    sync_folder(&beside)?;
    let mut text = report.text()?;
    let shown = clean(&out.display().to_string()).into_owned();
    text.push_str(&match report.wrong.is_empty() {
        true => format!("{shown}: unpacked and whole\n"),
        false => {
            format!("{shown}: unpacked; its records are whole, its graph is not what they give\n")
        }
    });
    output::print(&text)?;
    Ok(match report.wrong.is_empty() {
        true => Exit::Complete,
        false => Exit::Failed,
    })
}

/// Unpacks a case into an empty folder and checks it. Returns its id, and what is known of it.
async fn check(
    global: &Global,
    file: &Path,
    packed: &File,
    folder: &Path,
) -> Result<(String, Report), Failure> {
    let id = case::unpack(packed, folder)
        .context(|| format!("nothing was unpacked from {}", file.display()))?;
    let mut report = verify::check(folder)?;
    if !report.wrong.is_empty() {
        output::eprint_line(report.text()?.trim_end());
        return Err(io::Error::other(format!(
            "nothing was unpacked from {}: its records are not whole, or not those that were packed; ask for the file again",
            file.display()
        ))
        .into());
    }
    verify::add_graph(global, folder, &mut report).await?;
    Ok((id, report))
}

/// The folder that a path is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Refuses a folder in which something is.
fn must_be_free(out: &Path) -> Result<(), Failure> {
    let free = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    match free {
        true => Ok(()),
        false => Err(UsageError(format!(
            "{} is there already; name a new folder with --out",
            out.display()
        ))
        .into()),
    }
}

//! Files and folders that only their owner can read, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// What to do about an input or output error, for the end of a message; empty when nothing special is known.
pub fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; nothing recorded so far is lost: free some space and run the same command again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder that you may write to with --case"
        }
        _ => "",
    }
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// When it cannot be written, or `fill` fails.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let part = path.with_extension("part");
    let attempt = || -> io::Result<()> {
        let mut out = io::BufWriter::new(private_file(&part)?);
        fill(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    attempt().inspect_err(|_| {
        // What is left of the attempt is of no use; that it cannot be removed either changes nothing.
        let _ = fs::remove_file(&part);
    })
}

/// Makes a folder that only its owner can enter, with the folders above it. One that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Opens an empty file that only its owner can read, in the place of what was there.
///
/// # Errors
/// When it cannot be opened.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

//! Files and folders that only their owner can access. Files are written atomically.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// The ending of a file's name while the file is being written. The name starts with a dot and the final name.
const UNFINISHED: &str = ".part";

/// Advice on an I/O error for the end of an error message; empty when there is none.
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

/// Writes a file atomically, readable only by its owner, and waits until it would survive a power failure. An existing
/// file is replaced; a symbolic link is replaced and not followed.
///
/// # Errors
/// When it cannot be written, or `fill` fails. An existing file is then unchanged.
pub fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (folder, file) = fill_beside(path, fill)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder)
}

/// Like [`write_whole`], for data that can be recreated: it does not wait for the disk, so a power failure can lose the
/// file.
///
/// # Errors
/// Those of [`write_whole`].
pub fn write_whole_unsynced(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (_, file) = fill_beside(path, fill)?;
    file.persist(path)?;
    Ok(())
}

/// Writes a file with a temporary name in the same folder. It is removed unless it is persisted.
fn fill_beside(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<(&Path, NamedTempFile)> {
    let folder = folder_of(path).ok_or(io::ErrorKind::InvalidInput)?;
    let prefix = unfinished_prefix(path).ok_or(io::ErrorKind::InvalidInput)?;
    // The name is random. The file is created here, since tempfile's own errors would contain that name.
    let file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(UNFINISHED)
        .make_in(folder, create_private_file)?;
    let mut out = io::BufWriter::new(file);
    fill(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((folder, file))
}

/// The folder of a file; `None` when the path names no file.
fn folder_of(path: &Path) -> Option<&Path> {
    match path.parent()? {
        folder if folder.as_os_str().is_empty() => Some(Path::new(".")),
        folder => Some(folder),
    }
}

fn unfinished_prefix(path: &Path) -> Option<OsString> {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name()?);
    prefix.push(".");
    Some(prefix)
}

/// True when a file of this name is a leftover of a process that died while it wrote `path`.
pub fn is_leftover(name: &str, path: &Path) -> bool {
    let prefix = unfinished_prefix(path);
    prefix
        .as_ref()
        .and_then(|prefix| prefix.to_str())
        .is_some_and(|prefix| name.starts_with(prefix) && name.ends_with(UNFINISHED))
}

/// Removes the leftovers of processes that died while they wrote `path`. Only the holder of a lock may call this, since
/// a file that another process is writing looks the same.
pub fn remove_leftovers(path: &Path) {
    let entries = folder_of(path).and_then(|folder| fs::read_dir(folder).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| is_leftover(name, path)) {
            // A leftover that cannot be removed only takes up space.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the names of a folder's files survive a power failure.
///
/// # Errors
/// When the disk reports an error.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let synced = match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        // A folder can be writable without being readable.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    };
    match synced {
        // Some file systems do not support this for folders.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Windows has no such call; its file system journal keeps the order of changes.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, missing_docs, reason = "as elsewhere")]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a folder that only its owner can access, including the folders above it. An existing folder is left
/// unchanged.
///
/// # Errors
/// When it cannot be created.
pub fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Creates a file that only its owner can access, for reading and writing.
///
/// # Errors
/// When the file exists, or cannot be created.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    private_options()
        .create_new(true)
        .read(true)
        .write(true)
        .open(path)
}

/// Opens the file for a lock. Its contents have no meaning and are left unchanged.
///
/// # Errors
/// When it cannot be opened.
pub fn open_lock_file(path: &Path) -> io::Result<File> {
    private_options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
}

fn private_options() -> fs::OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "has no mode to set"))]
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_cannot_be_filled_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.json");
        write_whole(&path, |out| out.write_all(b"one")).unwrap();
        write_whole(&path, |out| {
            out.write_all(b"two")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["case.json"]);
        write_whole_unsynced(&path, |out| out.write_all(b"three")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
    }

    #[test]
    fn an_error_is_the_systems_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/case.json");
        let error = write_whole(&path, |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains("part"), "{error}");
    }

    #[test]
    fn what_a_dead_process_left_is_known_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case.json");
        let (_, file) = fill_beside(&path, |out| out.write_all(b"half")).unwrap();
        file.keep().unwrap();
        fs::write(folder.path().join(".graph.jsonl.x.part"), "").unwrap();
        let found = names(folder.path());
        let leftover = |name: &&String| is_leftover(name, &path);
        assert_eq!((found.len(), found.iter().filter(leftover).count()), (2, 1));
        remove_leftovers(&path);
        assert_eq!(names(folder.path()), [".graph.jsonl.x.part"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_and_links_are_not_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "kept").unwrap();
        let path = folder.path().join("case.json");
        symlink(&elsewhere, &path).unwrap();
        write_whole(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "kept");
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        let lock = folder.path().join("case.lock");
        open_lock_file(&lock).unwrap();
        let segment = folder.path().join("1.jsonl.zst");
        create_private_file(&segment).unwrap();
        create_private_file(&segment).unwrap_err();
        assert_eq!((mode(&lock), mode(&segment)), (0o600, 0o600));
        let dir = folder.path().join("a/b");
        make_private_dir(&dir).unwrap();
        assert_eq!((mode(&dir), mode(dir.parent().unwrap())), (0o700, 0o700));
    }
}

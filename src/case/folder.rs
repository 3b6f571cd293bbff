//! The folder of a case as a whole: which files in it are the case's own, and their removal.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{CaseError, io_error, lock};
use super::files::{self, LOCK, MANIFEST};
use super::manifest::Manifest;

/// The files of a case by their paths within its folder, sorted; only those that linktrail makes.
///
/// # Errors
/// When the folder cannot be read.
pub fn own_files(dir: &Path) -> Result<Vec<PathBuf>, CaseError> {
    let journal = dir.join("journal");
    let mut own: Vec<PathBuf> = names(dir, files::is_own)?
        .into_iter()
        .map(PathBuf::from)
        .collect();
    let segments = match fs::symlink_metadata(&journal) {
        Ok(data) if data.is_dir() => names(&journal, files::is_of_journal)?,
        _ => Vec::new(),
    };
    own.extend(
        segments
            .into_iter()
            .map(|name| Path::new("journal").join(name)),
    );
    own.sort();
    Ok(own)
}

/// The names of the plain files in a folder that linktrail makes.
fn names(dir: &Path, is_own: fn(&str) -> bool) -> Result<Vec<String>, CaseError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error("read", dir))? {
        let entry = entry.map_err(io_error("read", dir))?;
        let is_file = entry.file_type().map_err(io_error("read", dir))?.is_file();
        if let Ok(name) = entry.file_name().into_string()
            && is_file
            && is_own(&name)
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// A case that is about to be deleted. No load can go on with it meanwhile.
#[derive(Debug)]
pub struct Deletion {
    dir: PathBuf,
    lock: File,
}

impl Deletion {
    /// Locks the case.
    ///
    /// # Errors
    /// When the folder is not a case, or another process uses it.
    pub fn begin(dir: &Path) -> Result<Self, CaseError> {
        Manifest::read(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            lock: lock(dir)?,
        })
    }

    /// Deletes the files of the case, and its folder if nothing else is in it. Returns whether the folder is gone.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn finish(self) -> Result<bool, CaseError> {
        let Self { dir, lock } = self;
        let remove = |path: PathBuf| fs::remove_file(&path).map_err(io_error("delete", &path));
        // case.json comes first: what is left after a crash is then no case that lacks something.
        remove(dir.join(MANIFEST))?;
        for file in own_files(&dir)? {
            if file != Path::new(LOCK) {
                remove(dir.join(file))?;
            }
        }
        drop(lock);
        remove(dir.join(LOCK))?;
        let gone = |path: &Path| match fs::remove_dir(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(io_error("delete", path)(error)),
        };
        Ok(gone(&dir.join("journal"))? && gone(&dir)?)
    }
}

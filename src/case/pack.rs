//! A case as one file: a tar in zstd. The same case gives the same bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use tar::{Builder, EntryType, Header};
use ulid::Ulid;

use super::error::{CaseError, io_error};
use super::files::{CaseFile, GRAPH_OF_FORMAT_1, MANIFEST, is_segment};
use super::{Case, Manifest};
use crate::journal::Journal;
use crate::model::fs::{create_private_file, make_private_dir};

/// The ending of the file's name.
pub const PACKED: &str = ".linktrail.tar.zst";

/// The folder of the segments.
const JOURNAL: &str = "journal";
/// The largest case that is unpacked, in multiples of the packed file. Almost everything in it is compressed already.
const LARGEST: u64 = 100;
/// What is unpacked in any case, in bytes.
const ALWAYS: u64 = 64 << 20;

impl Case {
    /// Writes the last complete generation of the case: its description, its graph, and the records that it consists
    /// of. A report, a lock, and what crashes or a newer load have left are not part of it.
    ///
    /// # Errors
    /// When the case cannot be read, is open for a load, or lacks records, or when `out` cannot be written.
    pub fn pack(&self, out: &mut dyn Write) -> Result<(), CaseError> {
        let manifest_path = self.dir.join(MANIFEST);
        let text = fs::read(&manifest_path).map_err(io_error("pack", &manifest_path))?;
        if Manifest::read(&self.dir)? != self.manifest {
            let changed = io::Error::other("a load has just ended; run the command again");
            return Err(io_error("pack", &manifest_path)(changed));
        }
        let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
        let mut sources: BTreeMap<String, File> = BTreeMap::new();
        for kind in CaseFile::ALL {
            if let Some(stored) = self.file(kind) {
                let file = stored.raw().map_err(io_error("pack", &stored.path))?;
                let size = file
                    .metadata()
                    .map_err(io_error("pack", &stored.path))?
                    .len();
                let name = match stored.is_of_format_1() {
                    true => GRAPH_OF_FORMAT_1.to_owned(),
                    false => kind.name(),
                };
                sizes.insert(name.clone(), size);
                sources.insert(name, file);
            }
        }
        let Journal::Reader(journal) = &**self.journal() else {
            return Err(CaseError::InUse {
                path: self.dir.clone(),
            });
        };
        let made_of_others = self.manifest.last_complete().is_some_and(|last| {
            let head = last.head.as_deref();
            journal.records() < last.records || head.is_some() && head != journal.head()
        });
        if made_of_others {
            return Err(CaseError::NotWhole {
                path: self.dir.clone(),
            });
        }
        for (path, size) in journal.extents() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{JOURNAL}/{name}");
            sizes.insert(name.clone(), size);
            sources.insert(name, File::open(path).map_err(io_error("pack", path))?);
        }
        let mut pack = || -> io::Result<()> {
            let mut tar = Builder::new(zstd::stream::Encoder::new(&mut *out, 3)?);
            let id = &self.manifest.id;
            let time = u64::try_from(self.manifest.created.timestamp()).unwrap_or(0);
            let mut add = |name: &str, size: u64, from: &mut dyn Read| {
                let mut header = Header::new_ustar();
                let is_folder = name.is_empty() || name.ends_with('/');
                header.set_entry_type(match is_folder {
                    true => EntryType::Directory,
                    false => EntryType::Regular,
                });
                header.set_mode(if is_folder { 0o700 } else { 0o600 });
                header.set_uid(0);
                header.set_gid(0);
                header.set_mtime(time);
                header.set_size(size);
                header.set_path(format!("{id}/{name}"))?;
                header.set_cksum();
                tar.append(&header, from)
            };
            add("", 0, &mut io::empty())?;
            add(MANIFEST, text.len() as u64, &mut &text[..])?;
            let mut folder = false;
            for (name, file) in &mut sources {
                if name.starts_with(JOURNAL) && !std::mem::replace(&mut folder, true) {
                    add(&format!("{JOURNAL}/"), 0, &mut io::empty())?;
                }
                let size = sizes.get(name).copied().unwrap_or_default();
                add(name, size, &mut file.take(size))?;
            }
            tar.into_inner()?.finish()?.flush()
        };
        pack().map_err(io_error("pack", &self.dir))
    }
}

/// Why a file cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum UnpackError {
    #[error("this is no packed case: {0}; ask for the file again")]
    Foreign(String),
    #[error(
        "cannot write what is unpacked: {error}{}",
        crate::model::fs::advice(error)
    )]
    Write { error: io::Error },
}

fn written(error: io::Error) -> UnpackError {
    UnpackError::Write { error }
}

fn foreign(reason: impl ToString) -> UnpackError {
    UnpackError::Foreign(reason.to_string())
}

/// Unpacks the case in `packed` into the empty folder `dir`, and returns its id. Only plain files with the names of a
/// case are taken, nothing is overwritten, and what the file says of modes, owners and times does not matter.
///
/// # Errors
/// When the file is no packed case, holds anything else, or the folder cannot be written.
pub fn unpack(packed: &File, dir: &Path) -> Result<String, UnpackError> {
    let size = packed.metadata().map_err(foreign)?.len();
    let limit = size.saturating_mul(LARGEST).saturating_add(ALWAYS);
    let unpacked = zstd::stream::Decoder::new(packed).map_err(foreign)?;
    let mut archive = tar::Archive::new(unpacked.take(limit));
    make_private_dir(&dir.join(JOURNAL)).map_err(written)?;
    let mut id = None;
    // Raw: a name that is longer than a header can hold is none of a case, and would be read into memory.
    for entry in archive.entries().map_err(foreign)?.raw(true) {
        let mut entry = entry.map_err(foreign)?;
        let kind = entry.header().entry_type();
        let path = entry.path_bytes().into_owned();
        let name = String::from_utf8(path).map_err(|_| foreign("a name is not UTF-8"))?;
        let refused = || foreign(format!("it holds `{name}`"));
        let (folder, name_in_case) = name.split_once('/').ok_or_else(refused)?;
        let is_id = Ulid::from_string(folder).is_ok_and(|ulid| ulid.to_string() == folder);
        if !is_id || id.get_or_insert_with(|| folder.to_owned()) != folder {
            return Err(refused());
        }
        match (kind, name_in_case) {
            (EntryType::Directory, "" | "journal/") => {}
            (EntryType::Regular, name_in_case) if is_packed(name_in_case) => {
                let mut file = match create_private_file(&dir.join(name_in_case)) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(foreign(format!("it holds `{name}` twice")));
                    }
                    file => file.map_err(written)?,
                };
                let size = entry.size();
                let mut left = size;
                let mut buffer = vec![0; 1 << 16];
                while left > 0 {
                    let read = entry.read(&mut buffer).map_err(foreign)?;
                    if read == 0 {
                        return Err(foreign(format!(
                            "`{name}` ends too early, or the file unpacks to more than {limit} bytes"
                        )));
                    }
                    file.write_all(&buffer[..read]).map_err(written)?;
                    left = left.saturating_sub(read as u64);
                }
                file.sync_all().map_err(written)?;
            }
            _ => return Err(refused()),
        }
    }
    let id = id.ok_or_else(|| foreign("it is empty"))?;
    let manifest = Manifest::read(dir).map_err(foreign)?;
    if manifest.id != id {
        return Err(foreign("its folder has the name of another case"));
    }
    Ok(id)
}

/// True when a packed case can hold a file of this name.
fn is_packed(name: &str) -> bool {
    let segment = name
        .strip_prefix(JOURNAL)
        .and_then(|name| name.strip_prefix('/'));
    match segment {
        Some(segment) => is_segment(segment),
        None => {
            [MANIFEST, GRAPH_OF_FORMAT_1].contains(&name)
                || CaseFile::ALL.iter().any(|kind| kind.name() == name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01M89YJZQ2FD4SS77V3CRC6ZX1";

    /// A packed file with these entries; of a link the text is its target.
    fn packed(entries: &[(EntryType, &str, &[u8])]) -> File {
        let mut tar = Builder::new(Vec::new());
        for (kind, name, data) in entries {
            let mut header = Header::new_ustar();
            // Not by `set_path`, which refuses what a hostile file holds.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o777);
            header.set_size(data.len() as u64);
            if kind.is_symlink() || kind.is_hard_link() {
                header.set_size(0);
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            let data = if header.size().unwrap() == 0 {
                &[]
            } else {
                *data
            };
            tar.append(&header, data).unwrap();
        }
        let mut file = tempfile::tempfile().unwrap();
        let bytes = zstd::encode_all(&tar.into_inner().unwrap()[..], 3).unwrap();
        file.write_all(&bytes).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        file
    }

    fn refused(entries: &[(EntryType, &str, &[u8])], because: &str) {
        let around = tempfile::tempdir().unwrap();
        let dir = around.path().join("case");
        make_private_dir(&dir).unwrap();
        let error = unpack(&packed(entries), &dir).unwrap_err().to_string();
        assert!(error.contains(because), "{because}: {error}");
        let names = fs::read_dir(around.path()).unwrap().count();
        assert_eq!(names, 1, "something was written beside: {because}");
        let written = walk(&dir);
        assert!(
            written.iter().all(|name| is_packed(name)),
            "{because}: {written:?}"
        );
    }

    fn walk(dir: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => names.extend(
                    walk(&entry.path())
                        .iter()
                        .map(|file| format!("{name}/{file}")),
                ),
                false => names.push(name),
            }
        }
        names
    }

    #[test]
    fn nothing_but_the_files_of_a_case_is_unpacked() {
        use EntryType as T;
        let file = |name: &str| format!("{ID}/{name}");
        let manifest = file("case.json");
        for name in [
            "../evil".to_owned(),
            "/etc/evil".to_owned(),
            file("../evil"),
            file("journal/../../evil"),
            file("journal/../case.json"),
            file("/case.json"),
            file("./case.json"),
            file("journal/evil"),
            file("journal/000001.jsonl.zst/evil"),
            file("journal/evil.jsonl.zst"),
            file("case.lock"),
            file("report.html"),
            file("case.json\u{0}"),
            "evil/case.json".to_owned(),
            "case.json".to_owned(),
        ] {
            let because = match name.trim_end_matches('\0') == manifest {
                true => continue,
                false => "it holds `",
            };
            refused(&[(T::Regular, &name, b"x")], because);
        }
        for kind in [
            T::Symlink,
            T::Link,
            T::Char,
            T::Block,
            T::Fifo,
            T::GNULongName,
            T::XHeader,
            T::Continuous,
        ] {
            refused(&[(kind, &manifest, b"x")], "it holds `");
            refused(&[(kind, &file("journal/"), b"x")], "it holds `");
        }
        let other = "01M89YJZQ2FD4SS77V3CRC6ZX2/case.json";
        refused(
            &[(T::Regular, &manifest, b"x"), (T::Regular, other, b"x")],
            "it holds `01M89YJZQ2FD4SS77V3CRC6ZX2/",
        );
        refused(
            &[(T::Regular, &manifest, b"x"), (T::Regular, &manifest, b"y")],
            "twice",
        );
        refused(&[], "it is empty");
        refused(&[(T::Regular, &manifest, b"{}")], "made by another version");
    }

    /// Two hundred million zeros are ten thousand bytes when they are packed.
    #[test]
    fn a_small_file_does_not_fill_the_disk() {
        let zeros = vec![0; 200 << 20];
        refused(
            &[(EntryType::Regular, &format!("{ID}/graph.index"), &zeros)],
            "unpacks to more than",
        );
    }
}

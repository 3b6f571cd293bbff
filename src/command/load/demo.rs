//! The incident that is included in linktrail as a recorded case.

use std::io;
use std::path::Path;

use include_dir::{Dir, include_dir};

use crate::case::Case;
use crate::command::exit::{Context, Failure, UsageError};
use crate::model::fs::{make_private_dir, write_whole};

static DEMO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// Opens the case of the demo in a folder, by default `cases/demo`, and copies it there before if necessary.
pub(super) fn open(dir: Option<&Path>) -> Result<Case, Failure> {
    let dir = dir.unwrap_or(Path::new("cases/demo"));
    if Case::exists(dir) {
        let id = Case::read_manifest(dir)?.id;
        if !DEMO
            .get_file("case.json")
            .is_some_and(|file| file.contents_utf8().is_some_and(|text| text.contains(&id)))
        {
            return Err(UsageError(format!(
                "{} holds another case; name another folder with --case",
                dir.display()
            ))
            .into());
        }
    } else {
        copy(dir).context(|| format!("cannot copy the demo to {}", dir.display()))?;
    }
    Ok(Case::replay(dir)?)
}

/// Copies the recorded case. `case.json` is copied last, since only a folder with that file counts as a case.
fn copy(dir: &Path) -> io::Result<()> {
    make_private_dir(&dir.join("journal"))?;
    let segments = DEMO
        .get_dir("journal")
        .map(Dir::files)
        .into_iter()
        .flatten();
    for file in segments.chain(DEMO.get_file("case.json")) {
        write_whole(&dir.join(file.path()), |out| out.write_all(file.contents()))?;
    }
    Ok(())
}

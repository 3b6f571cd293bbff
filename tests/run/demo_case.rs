//! The demo, loaded into a folder by the binary.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The binary in a folder, without a database.
pub(crate) fn linktrail(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("linktrail").unwrap();
    command.current_dir(dir).env_remove("LINKTRAIL_NEO4J_URI");
    command
}

/// Loads the demo into `cases/demo`, and gives the folder of the case.
pub(crate) fn demo(dir: &Path) -> PathBuf {
    let case = dir.join("cases/demo");
    linktrail(dir)
        .args(["load", "--demo", "--no-neo4j", "--case", "cases/demo"])
        .assert()
        .code(3);
    case
}

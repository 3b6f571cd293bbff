//! The folders of a user: those of the XDG Base Directory Specification, or on Windows the known folders.

use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

/// The folder in which the configuration is looked for.
pub(super) fn config_folder() -> Option<PathBuf> {
    folder(|folders| folders.config_dir())
}

/// The folder for data that can be recreated.
pub fn cache_folder() -> Option<PathBuf> {
    folder(|folders| folders.cache_dir())
}

/// The folder for state that has to outlast a run.
pub fn state_folder() -> Option<PathBuf> {
    // Windows does not have separate folders for state and data.
    folder(|folders| folders.state_dir().unwrap_or_else(|| folders.data_dir()))
}

/// The folder of linktrail below a folder of the user; `None` without a home folder.
fn folder(base: impl Fn(&dyn BaseStrategy) -> PathBuf) -> Option<PathBuf> {
    let folders = choose_base_strategy().ok()?;
    Some(base(&folders).join("linktrail"))
}

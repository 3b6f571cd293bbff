//! Where a user's files are: by the XDG Base Directory Specification, on Windows in the folders that it has for them.

use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

/// Where the configuration is looked for.
pub(super) fn config_folder() -> Option<PathBuf> {
    folder(|folders| folders.config_dir())
}

/// Where is kept what can be made again.
pub fn cache_folder() -> Option<PathBuf> {
    folder(|folders| folders.cache_dir())
}

/// Where is kept what has to outlast a run.
pub fn state_folder() -> Option<PathBuf> {
    // Windows has no folder for state apart from data.
    folder(|folders| folders.state_dir().unwrap_or_else(|| folders.data_dir()))
}

/// linktrail's own folder below one of the user's; none for a user who has no home.
fn folder(base: impl Fn(&dyn BaseStrategy) -> PathBuf) -> Option<PathBuf> {
    let folders = choose_base_strategy().ok()?;
    Some(base(&folders).join("linktrail"))
}

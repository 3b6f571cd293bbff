//! The folders of a user: those of the XDG Base Directory Specification, or on Windows the known folders.

use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

/// The folder in which the configuration is looked for.
pub(super) fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", |folders| folders.config_dir())
}

/// The folder for data that can be recreated.
pub fn cache_folder() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", |folders| folders.cache_dir())
}

/// The folder for state that has to outlast a run.
pub fn state_folder() -> Option<PathBuf> {
    // Windows does not have separate folders for state and data.
    folder("XDG_STATE_HOME", |folders| {
        folders.state_dir().unwrap_or_else(|| folders.data_dir())
    })
}

/// The folder of linktrail below a folder of the user. The variable is looked at first, since it counts even where there
/// is no home folder, as in a container. `None` with neither.
fn folder(variable: &str, base: impl Fn(&dyn BaseStrategy) -> PathBuf) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let folder = match named.filter(|folder| cfg!(unix) && folder.is_absolute()) {
        Some(folder) => folder,
        None => base(&choose_base_strategy().ok()?),
    };
    Some(folder.join("linktrail"))
}

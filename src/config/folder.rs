//! Where a user's files are, by the XDG Base Directory Specification.

use std::path::PathBuf;

/// Where the configuration is looked for.
pub(super) fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// Where what can be made again is kept.
pub fn cache_folder() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache")
}

/// Where what has to outlast a run is kept.
pub fn state_folder() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

/// linktrail's own folder below the one that a variable names, or below the user's home. The specification wants a
/// path that is not absolute to be ignored.
fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let base = named
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(below_home)));
    base.map(|base| base.join("linktrail"))
}

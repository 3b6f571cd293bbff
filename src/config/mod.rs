//! The configuration: a file and the environment become one checked [`Config`]. Nothing below reads either.
//!
//! `document` holds what was written, `sections` says what can be set, and `reading` turns the one into the other.
//! [`Config::read`] checks every value that is set, whatever command asks for it, and [`Config::read_for_load`] also
//! that nothing is missing. Both tell everything that is wrong at once.

mod cloud;
mod document;
mod error;
mod folders;
mod load;
mod neo4j;
mod reading;
mod secret;
mod sections;
#[cfg(test)]
mod tests;
mod value;

use std::path::{Path, PathBuf};

use crate::model::Settings;
use crate::sink::neo4j::Settings as Neo4jSettings;
use error::Problems;
use reading::Sections;

pub use error::ConfigError;
pub use folders::{cache_folder, state_folder};
pub use load::{LoadConfig, Neo4jUse};

/// Everything that the file and the environment say, checked.
#[derive(Debug)]
pub struct Config(Sections);

impl Config {
    /// Reads the file and the environment, and checks every value. The file is the one named, else `./linktrail.toml`,
    /// else the one in the user's configuration folder.
    ///
    /// # Errors
    /// When the file cannot be read, a section or a key is not known, or a value cannot be what it is.
    pub fn read(named: Option<&Path>) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let sections = Sections::read(file(named), std::env::vars_os(), &mut problems);
        problems.into_result(Some(Self(sections)))
    }

    /// Reads what a load needs: as [`Config::read`], and nothing may be missing. A load that goes on with a case asks
    /// those whom the case was made to ask, so the keys and lists of other providers are not needed.
    ///
    /// # Errors
    /// As [`Config::read`], and when a setting, a secret or a file is missing.
    pub fn read_for_load(
        named: Option<&Path>,
        case: Option<&Settings>,
        neo4j: Neo4jUse,
    ) -> Result<LoadConfig, ConfigError> {
        let mut problems = Problems::default();
        let sections = Sections::read(file(named), std::env::vars_os(), &mut problems);
        let load = load::check(&sections, case, neo4j, &mut problems);
        problems.into_result(load)
    }

    /// Reads `[neo4j]` and nothing else: where the graph goes, or none when no `[neo4j] uri` is set.
    ///
    /// # Errors
    /// When the file or the section cannot be read, or the password is missing.
    pub fn read_neo4j(named: Option<&Path>) -> Result<Option<Neo4jSettings>, ConfigError> {
        let mut problems = Problems::default();
        let section = reading::read_neo4j(file(named), std::env::vars_os(), &mut problems);
        let settings = neo4j::settings(&section, &mut problems);
        problems.into_result(Some(settings))
    }

    /// Where the graph goes; none when no `[neo4j] uri` is set.
    ///
    /// # Errors
    /// When the password is missing.
    pub fn neo4j(&self) -> Result<Option<Neo4jSettings>, ConfigError> {
        let mut problems = Problems::default();
        let settings = neo4j::settings(&self.0.neo4j, &mut problems);
        problems.into_result(Some(settings))
    }

    /// Where the graph goes, for a command that cannot do without.
    ///
    /// # Errors
    /// When it is not configured.
    pub fn required_neo4j(&self) -> Result<Neo4jSettings, ConfigError> {
        self.neo4j()?.ok_or_else(|| {
            ConfigError::one(format!(
                "this needs Neo4j: set uri under [neo4j] in {}, or LINKTRAIL_NEO4J_URI",
                self.0.file_name()
            ))
        })
    }
}

fn file(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(document::default_file)
}

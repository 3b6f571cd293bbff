//! The configuration: reads a file and the environment into one checked [`Config`]. Nothing else reads either.
//!
//! `document` holds the settings as they were written, `sections` defines the settings, and `reading` converts the one
//! to the other. [`Config::read`] checks every value, whatever command needs it, and [`Config::read_for_load`] also
//! checks that nothing is missing. Both report all errors at once. [`Config::read_for_check`] also gives what is right of a
//! configuration that is not.

mod auth;
mod check;
mod cloud;
mod document;
mod domains;
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
use std::time::Duration;

use crate::model::Settings;
use crate::sink::neo4j::Settings as Neo4jSettings;
use error::Problems;
use reading::Sections;

pub use check::CheckConfig;
pub use domains::MissingDomains;
pub use error::ConfigError;
pub use folders::{cache_folder, state_folder};
pub use load::{LoadConfig, Neo4jUse};

/// All settings of the file and the environment, checked.
#[derive(Debug)]
pub struct Config(Sections);

impl Config {
    /// Reads the file and the environment, and checks every value. The file is `named`, or else `./linktrail.toml`, or
    /// else the one in the user's configuration folder.
    ///
    /// # Errors
    /// When the file cannot be read, a section or a key is unknown, or a value is not valid.
    pub fn read(named: Option<&Path>) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let sections = Sections::read(file(named), std::env::vars_os(), &mut problems);
        auth::check_keys(&sections, &mut problems);
        problems.into_result(Some(Self(sections)))
    }

    /// Reads the configuration of a load: like [`Config::read`], but nothing may be missing. A load that resumes a case
    /// asks the providers that the case was created with, so the keys and lists of other providers are not needed, and it
    /// has the internal domains of that time.
    ///
    /// # Errors
    /// Those of [`Config::read`], and when a setting, a secret or a file is missing.
    pub fn read_for_load(
        named: Option<&Path>,
        case: Option<&Settings>,
        neo4j: Neo4jUse,
    ) -> Result<LoadConfig, ConfigError> {
        let mut problems = Problems::default();
        let sections = Sections::read(file(named), std::env::vars_os(), &mut problems);
        auth::check_keys(&sections, &mut problems);
        let load = load::check(&sections, case, neo4j, &mut problems);
        match (load, load::missing_domains(&sections, case)) {
            (Some(load), Some(missing)) if problems.is_empty() => {
                Err(ConfigError::without_domains(load.without_domains(missing)))
            }
            (load, missing) => {
                if let Some(missing) = missing {
                    problems.add(missing.to_string());
                }
                problems.into_result(load)
            }
        }
    }

    /// Reads what `linktrail check` can try, and everything that is wrong: what [`Config::read_for_load`] would say.
    /// Entra is waited for no longer than `patience`.
    pub fn read_for_check(named: Option<&Path>, patience: Duration) -> CheckConfig {
        let mut problems = Problems::default();
        let sections = Sections::read(file(named), std::env::vars_os(), &mut problems);
        check::collect(&sections, patience, problems)
    }

    /// Reads only `[neo4j]`; `None` when `[neo4j] uri` is not set.
    ///
    /// # Errors
    /// When the file or the section cannot be read, or the password is missing.
    pub fn read_neo4j(named: Option<&Path>) -> Result<Option<Neo4jSettings>, ConfigError> {
        let mut problems = Problems::default();
        let section = reading::read_neo4j(file(named), std::env::vars_os(), &mut problems);
        let settings = neo4j::settings(&section, &mut problems);
        problems.into_result(Some(settings))
    }

    /// The database for the graph; `None` when `[neo4j] uri` is not set.
    ///
    /// # Errors
    /// When the password is missing.
    pub fn neo4j(&self) -> Result<Option<Neo4jSettings>, ConfigError> {
        let mut problems = Problems::default();
        let settings = neo4j::settings(&self.0.neo4j, &mut problems);
        problems.into_result(Some(settings))
    }

    /// The database for the graph, for a command that requires it.
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

//! The settings of the file and the environment as text, each with the place that it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::Problems;
use super::secret;
use super::value::Value;
use crate::model::suggest;

/// Where a setting was written. Every error message names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    File(PathBuf),
    Variable(String),
}

/// A value, with the place where it was written.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

/// Settings by section and key, without types.
#[derive(Debug, Default)]
pub(super) struct Document {
    sections: BTreeMap<String, BTreeMap<String, Setting>>,
    /// Sections that could not be read completely. Their missing settings are not reported, since they may be in the
    /// unread part.
    pub(super) rejected_sections: BTreeSet<&'static str>,
}

/// Whether unknown sections of the file are an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Refused,
    PassedOver,
}

impl Document {
    /// Reads the file, if there is one, and overrides it with the variables of the environment. Only the sections in
    /// `sections` are read; `others` decides whether any other section in the file is an error.
    pub(super) fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        sections: &'static [&'static str],
        others: Others,
        problems: &mut Problems,
    ) -> Self {
        let mut document = Self::default();
        match file.map(|path| (path, read_toml(path))) {
            None => {}
            Some((path, Ok(table))) => {
                document.add_file(path, table, sections, others, problems);
            }
            // No setting can be reported as missing from a file that could not be read.
            Some((_, Err(problem))) => {
                problems.add(problem);
                document.rejected_sections.extend(sections);
            }
        }
        document.add_environment(environment, sections, problems);
        document
    }

    /// Removes and returns the settings of a section.
    pub(super) fn take(&mut self, section: &str) -> BTreeMap<String, Setting> {
        self.sections.remove(section).unwrap_or_default()
    }

    /// Removes and returns one setting of a section.
    pub(super) fn take_key(&mut self, section: &str, key: &str) -> Option<Setting> {
        self.sections.get_mut(section)?.remove(key)
    }

    fn add_file(
        &mut self,
        path: &Path,
        table: toml::Table,
        sections: &'static [&'static str],
        others: Others,
        problems: &mut Problems,
    ) {
        let name = path.display();
        for (section, settings) in table {
            if !sections.contains(&section.as_str()) {
                if others == Others::Refused {
                    problems.add(format!(
                        "{name}: there is no section [{section}]{}",
                        did_you_mean(&section, sections)
                    ));
                    // The setting that was probably meant is not reported as missing too.
                    let meant = suggest::nearest(&section, sections.iter().copied());
                    self.rejected_sections.extend(meant);
                }
                continue;
            }
            let toml::Value::Table(settings) = settings else {
                problems.add(format!(
                    "{name}: {section} must be a section: write [{section}] on a line of its own"
                ));
                let own = sections.iter().find(|known| **known == section);
                self.rejected_sections.extend(own);
                continue;
            };
            for (key, value) in settings {
                let setting = Setting {
                    origin: Origin::File(path.to_owned()),
                    value: Value::Toml(value),
                };
                self.put(&section, key, setting, problems);
            }
        }
    }

    /// Adds the variables `LINKTRAIL_<SECTION>_<KEY>`. An empty variable counts as not set, and one that does not name
    /// a section is not a setting, since other programs may use the prefix.
    fn add_environment(
        &mut self,
        environment: impl Iterator<Item = (OsString, OsString)>,
        sections: &[&str],
        problems: &mut Problems,
    ) {
        for (variable, value) in environment {
            let Some(variable) = variable.to_str() else {
                continue;
            };
            let Some((section, key)) = variable
                .strip_prefix("LINKTRAIL_")
                .and_then(|rest| rest.split_once('_'))
            else {
                continue;
            };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            if secret::is_secret(variable) || !sections.contains(&section.as_str()) {
                continue;
            }
            let Some(value) = value.to_str() else {
                problems.add(format!("{variable} is not UTF-8"));
                continue;
            };
            let setting = Setting {
                origin: Origin::Variable(variable.to_owned()),
                value: Value::Variable(value.to_owned()),
            };
            self.put(&section, key, setting, problems);
        }
    }

    fn put(&mut self, section: &str, key: String, setting: Setting, problems: &mut Problems) {
        if let Some(place) = secret::place_of(section, &key) {
            problems.add(format!(
                "{}: [{section}] {key} is a secret and does not belong in a configuration; use {place}",
                setting.origin
            ));
            return;
        }
        let settings = self.sections.entry(section.to_owned()).or_default();
        // An empty text counts as not set and overrides nothing, but its key is still checked.
        if setting.value.is_empty() && settings.contains_key(&key) {
            return;
        }
        settings.insert(key, setting);
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

impl Origin {
    /// Describes a setting and the place where it was written, for the start of an error message.
    pub(super) fn setting(&self, section: &str, key: &str) -> String {
        match self {
            Self::File(path) => format!("{}: [{section}] {key}", path.display()),
            Self::Variable(name) => name.clone(),
        }
    }
}

/// The default file: in the working folder, or else in the user's configuration folder.
pub(super) fn default_file() -> Option<PathBuf> {
    let here = PathBuf::from("linktrail.toml");
    let users = super::folders::config_folder().map(|folder| folder.join("linktrail.toml"));
    [Some(here), users]
        .into_iter()
        .flatten()
        .find(|path| path.exists())
}

/// The name of the environment variable for a setting.
pub(super) fn variable(section: &str, key: &str) -> String {
    format!(
        "LINKTRAIL_{}_{}",
        section.to_uppercase(),
        key.to_uppercase()
    )
}

/// The end of an error message about an unknown name: the most similar known name, or else all of them.
pub(super) fn did_you_mean(name: &str, known: &[&str]) -> String {
    match suggest::nearest(name, known.iter().copied()) {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => format!("; there is {}", known.join(", ")),
    }
}

fn read_toml(path: &Path) -> Result<toml::Table, String> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    text.parse().map_err(|error: toml::de::Error| {
        // The parser's own message would show the line, which may contain a secret.
        let line = error.span().map_or(0, |span| {
            text[..span.start.min(text.len())].lines().count().max(1)
        });
        format!("{name} line {line}: {}", error.message())
    })
}

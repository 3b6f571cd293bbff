//! Opens the case that a load works on: a new one, a resumed one, a replay or the demo.

use std::path::Path;

use ulid::Ulid;

use super::{demo, domains};
use crate::case::{Case, FORMAT, Manifest, StageState};
use crate::cli::{Global, Load, ScopeArgs};
use crate::command::exit::{Failure, UsageError};
use crate::command::output;
use crate::command::services::Answers;
use crate::config::{Config, Neo4jUse};
use crate::intel::{Analyst, Named};
use crate::link::{self, MessageAddress};
use crate::model::{Options, Scope, Settings, Stage};
use crate::sink::neo4j::{self, Connection};
use crate::terminal::clean;

/// An open case, with everything that is needed to continue it.
pub(super) struct Opened {
    pub(super) case: Case,
    pub(super) answers: Answers,
    /// The database for its graph; `None` when the graph is not written to Neo4j.
    pub(super) neo4j: Option<Connection>,
}

/// Opens the case that the arguments name, or creates one. The configuration and Neo4j are checked before the folder is
/// created, so that an error about Neo4j is reported before the first request and not after the last. What the file of
/// certificates and the lists of indicators hold is only read afterwards.
pub(super) async fn open(
    global: &Global,
    arguments: &Load,
    neo4j: Neo4jUse,
) -> Result<Opened, Failure> {
    let typed = &arguments.scope;
    if arguments.demo {
        if *typed != ScopeArgs::default() {
            return Err(UsageError(
                "--demo replays a recorded case, so no option can change what it is about"
                    .to_owned(),
            )
            .into());
        }
        let neo4j = connect(neo4j_alone(global, neo4j).as_ref()).await?;
        return Ok(Opened {
            case: demo::open(arguments.case.as_deref())?,
            answers: Answers::Journal,
            neo4j,
        });
    }
    match &arguments.case {
        Some(dir) if arguments.replay => {
            check_options(&Case::read_manifest(dir)?, dir, typed)?;
            let neo4j = connect(neo4j_alone(global, neo4j).as_ref()).await?;
            Ok(Opened {
                case: Case::replay(dir)?,
                answers: Answers::Journal,
                neo4j,
            })
        }
        Some(dir) if Case::exists(dir) => {
            let manifest = Case::read_manifest(dir)?;
            check_options(&manifest, dir, typed)?;
            let made_with = &manifest.options.settings;
            let config = Config::read_for_load(global.config.as_deref(), Some(made_with), neo4j)?;
            if let Some(key) = config.settings.forbids(made_with) {
                // The resumed case would ask the providers that it was created with, by the privacy rules of that time.
                return Err(UsageError(format!(
                    "{key} in the configuration does not allow what the case in {} was made with; start a new case, or read this one with --replay",
                    clean(&dir.to_string_lossy())
                ))
                .into());
            }
            if config.settings != *made_with {
                tracing::warn!(
                    "the configuration has changed since the case was made; the case goes on with what it was made with"
                );
            }
            let neo4j = connect(config.neo4j.as_ref()).await?;
            Ok(Opened {
                case: Case::open(dir)?,
                answers: Answers::Network(Box::new(config)),
                neo4j,
            })
        }
        dir => {
            let options = new_options(typed)?;
            let config = match Config::read_for_load(global.config.as_deref(), None, neo4j) {
                Ok(config) => config,
                Err(error) => return Err(domains::failure(error).await),
            };
            let neo4j = connect(config.neo4j.as_ref()).await?;
            Ok(Opened {
                case: create(dir.as_deref(), options, config.settings.clone())?,
                answers: Answers::Network(Box::new(config)),
                neo4j,
            })
        }
    }
}

/// The settings of `[neo4j]`, for a load that needs no other configuration. If they are not valid, the load runs
/// without Neo4j and reports that.
fn neo4j_alone(global: &Global, neo4j: Neo4jUse) -> Option<neo4j::Settings> {
    if neo4j == Neo4jUse::LeftOut {
        return None;
    }
    match Config::read_neo4j(global.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => {
            for problem in error.problems() {
                output::eprint_line(&format!("Neo4j is left out: {}", clean(problem)));
            }
            None
        }
    }
}

async fn connect(settings: Option<&neo4j::Settings>) -> Result<Option<Connection>, Failure> {
    Ok(match settings {
        Some(settings) => Some(Connection::open(settings).await?),
        None => None,
    })
}

/// Refuses other options than those that a case was started with.
fn check_options(manifest: &Manifest, dir: &Path, typed: &ScopeArgs) -> Result<(), UsageError> {
    if *typed != ScopeArgs::default() && Options::from(typed) != manifest.options.options {
        return Err(UsageError(format!(
            "the case in {} was started with other options; leave them out to go on with those, or start a new case",
            dir.display()
        )));
    }
    Ok(())
}

/// The options of a new case, from the command line.
fn new_options(typed: &ScopeArgs) -> Result<Options, UsageError> {
    let options = Options::from(typed);
    let named = [
        ("--url", &options.urls),
        ("--malicious", &options.malicious),
    ];
    for (option, urls) in named {
        if let Some(url) = urls.iter().find(|url| link::canonical(url).is_none()) {
            let url = clean(url);
            return Err(UsageError(format!("{option} `{url}` is not a web url")));
        }
    }
    for text in &options.messages {
        let shown = clean(text);
        let Some(address) = MessageAddress::parse(text) else {
            return Err(UsageError(format!(
                "--message `{shown}` is neither a link to a Teams message nor THREAD/ID"
            )));
        };
        if address.is_in_channel() && address.team.is_none() && options.teams.is_empty() {
            return Err(UsageError(format!(
                "--message `{shown}` is in a channel and does not say of which team; give the link that Teams copies, or name the team with --team"
            )));
        }
    }
    if let Some(text) = options
        .benign
        .iter()
        .find(|text| Named::parse(text).is_none())
    {
        let text = clean(text);
        return Err(UsageError(format!(
            "--benign `{text}` is neither a web url nor a host"
        )));
    }
    if let Some(url) = Analyst::new(&options.malicious, &options.benign).contradiction() {
        let url = clean(url.as_str());
        return Err(UsageError(format!(
            "--malicious and --benign both name `{url}`; leave one of them out"
        )));
    }
    if let (Some(from), Some(to)) = (options.from, options.to)
        && from >= to
    {
        return Err(UsageError("--from is not before --to".to_owned()));
    }
    Ok(options)
}

fn create(dir: Option<&Path>, options: Options, settings: Settings) -> Result<Case, Failure> {
    let case = Case::create(dir, |created| Manifest {
        format: FORMAT,
        id: Ulid::generate().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created,
        window: options.window(created),
        options: Scope { options, settings },
        stages: Stage::ALL.map(|stage| (stage, StageState::Pending)).into(),
        complete: false,
        records: 0,
        generation: None,
        gaps: Vec::new(),
        notes: Vec::new(),
    })?;
    Ok(case)
}

//! `linktrail load`: configuration, case, pipeline, graph, Neo4j, result.

mod demo;
mod result;
mod stop;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use ulid::Ulid;

use super::{Exit, UsageError, output, typed};
use crate::case::{Case, CaseError, FORMAT, Manifest, StageState};
use crate::cli::{Global, Load, LoadFormat, ScopeArgs};
use crate::config::{Config, cache_folder, state_folder};
use crate::graph::{Graph, jsonl};
use crate::http::{Client, Counts, Network};
use crate::intel::{self, AnswerCache, List, Privacy, QuotaStore, Quotas, Setup};
use crate::model::{Gap, Options, Scope, Settings, Source, Stage};
use crate::pipeline::{self, Intel, Progress};
use crate::sink::neo4j::{Connection, Counters as Loaded, Neo4jError};
use crate::terminal;

/// Where answers come from.
pub(super) enum Mode {
    /// The journal first, this configuration's network second.
    Live(Config),
    /// The journal alone.
    Replay,
}

/// What a run of the pipeline gave.
pub(super) struct Outcome {
    pub(super) graph: Graph,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<Gap>,
    pub(super) requests: BTreeMap<Source, Counts>,
}

pub(super) async fn run(global: &Global, arguments: Load) -> anyhow::Result<Exit> {
    tokio::select! {
        // First, so that an interruption is heard before anything is made.
        biased;
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            output::complain("interrupted; run the same command with the same --case to go on");
            Ok(Exit::Interrupted)
        }
        exit = load(global, arguments) => exit,
    }
}

async fn load(global: &Global, arguments: Load) -> anyhow::Result<Exit> {
    if arguments.plan || arguments.until.is_some() {
        return stop::run(global, &arguments).await;
    }
    let config = Config::read(global.config.as_deref())?;
    let neo4j = if arguments.no_neo4j {
        None
    } else {
        config.neo4j()?
    };
    // Whatever is wrong with Neo4j is better known before the first request than after the last.
    let connection = match &neo4j {
        Some(settings) => Some(Connection::open(settings).await?),
        None => None,
    };
    let (mut case, mode) = open(&arguments, config)?;
    tracing::info!(case = %case.dir().display(), "case");
    output::complain(&format!(
        "case {}",
        terminal::clean(&case.dir().to_string_lossy())
    ));
    let outcome = investigate(global, &mut case, mode).await?;
    case.write("graph.jsonl", |out| jsonl::write(&outcome.graph, out))?;
    if !case.manifest().complete {
        case.note(|manifest| manifest.complete = true)?;
    }
    let loaded = match &connection {
        None => None,
        Some(connection) => {
            let loaded = push(global, connection, &outcome.graph).await.with_context(|| {
                let again = typed::command(global, "case push").path("DIR", case.dir());
                format!("the case is complete, but its graph is not all in Neo4j; when this is solved, run {again}")
            })?;
            Some(loaded)
        }
    };
    let text = match arguments.format {
        LoadFormat::Json => result::json(&case, &outcome)?,
        LoadFormat::Text => result::text(global, &case, &outcome, loaded.as_ref()),
    };
    output::print(&text)?;
    Ok(if outcome.gaps.is_empty() {
        Exit::Complete
    } else {
        Exit::Gaps
    })
}

/// The case to work on, and where its answers come from.
fn open(arguments: &Load, config: Config) -> anyhow::Result<(Case, Mode)> {
    let typed = &arguments.scope;
    if arguments.demo {
        if *typed != ScopeArgs::default() {
            return Err(UsageError(
                "--demo replays a recorded case, so no option can change what it is about"
                    .to_owned(),
            )
            .into());
        }
        return Ok((demo::open(arguments.case.as_deref())?, Mode::Replay));
    }
    match &arguments.case {
        Some(dir) if Case::exists(dir) || arguments.replay => {
            let case = Case::open(dir)?;
            same_options(typed, &case)?;
            if arguments.replay {
                return Ok((case, Mode::Replay));
            }
            let settings = config.settings()?;
            if let Some(key) = settings.forbids(&case.manifest().options.settings) {
                // The case would ask whom it was made to ask, by the rules that it was made with.
                return Err(UsageError(format!(
                    "{key} in the configuration does not allow what the case in {} was made with; start a new case, or read this one with --replay",
                    terminal::clean(&dir.to_string_lossy())
                ))
                .into());
            }
            if settings != case.manifest().options.settings {
                tracing::warn!(
                    "the configuration has changed since the case was made; the case goes on with what it was made with"
                );
            }
            Ok((case, Mode::Live(config)))
        }
        dir => {
            let settings = config.settings()?;
            // Everything that a load will need is asked for before a folder is made.
            config.sign_in()?;
            config.intel_secrets(&settings.providers)?;
            lists(&settings)?;
            let case = create(dir.as_ref(), typed, settings)?;
            Ok((case, Mode::Live(config)))
        }
    }
}

fn create(dir: Option<&PathBuf>, typed: &ScopeArgs, settings: Settings) -> anyhow::Result<Case> {
    let options = Options::from(typed);
    for url in &options.urls {
        if crate::link::canonical(url).is_none() {
            return Err(UsageError(format!("--url `{url}` is no web url")).into());
        }
    }
    if let (Some(from), Some(to)) = (options.from, options.to)
        && from >= to
    {
        return Err(UsageError("--from is not before --to".to_owned()).into());
    }
    Ok(Case::create(dir.map(PathBuf::as_path), |created| {
        Manifest {
            format: FORMAT,
            id: Ulid::generate().to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created,
            window: options.window(created),
            options: Scope { options, settings },
            stages: Stage::ALL.map(|stage| (stage, StageState::Pending)).into(),
            complete: false,
            records: 0,
        }
    })?)
}

fn same_options(typed: &ScopeArgs, case: &Case) -> Result<(), UsageError> {
    if *typed == ScopeArgs::default() || Options::from(typed) == case.manifest().options.options {
        return Ok(());
    }
    Err(UsageError(format!(
        "the case in {} was started with other options; leave them out to go on with those, or start a new case",
        case.dir().display()
    )))
}

/// Runs the pipeline on a case.
pub(super) async fn investigate(
    global: &Global,
    case: &mut Case,
    mode: Mode,
) -> anyhow::Result<Outcome> {
    let (client, intel) = prepare(case, mode)?;
    let manifest = case.manifest().clone();
    let bar = output::progress(global);
    let progress = Progress {
        started: &mut |stage| bar.set_message(numbered(stage)),
        ended: &mut |stage| done(case, stage),
    };
    let outcome = pipeline::run(&manifest, Arc::clone(&client), intel, progress).await;
    bar.finish_and_clear();
    let outcome = outcome?;
    Ok(Outcome {
        graph: outcome.graph,
        gaps: outcome.gaps,
        notes: outcome.notes,
        requests: client.counts(),
    })
}

/// A stage as the progress shows it.
fn numbered(stage: Stage) -> String {
    format!("{}/{} {stage}", stage.number(), Stage::ALL.len())
}

/// Notes in the case that a stage has come to its end.
fn done(case: &mut Case, stage: Stage) -> Result<(), CaseError> {
    case.note(|manifest| {
        manifest.stages.insert(stage, StageState::Done);
    })
}

/// Who is asked, and how: the sources by the client, the providers by what they are built from.
fn prepare(case: &Case, mode: Mode) -> anyhow::Result<(Arc<Client>, Intel)> {
    let settings = case.manifest().options.settings.clone();
    let mut setup = Setup {
        endpoints: settings.endpoints.intel.clone(),
        since: case.manifest().window.from,
        ..Setup::default()
    };
    let mut texts = None;
    let (mut quotas, mut cache) = (Quotas::default(), None);
    let network = match mode {
        Mode::Replay => None,
        Mode::Live(config) => {
            setup.secrets = config.intel_secrets(&settings.providers)?;
            setup.limits = config.intel_limits()?;
            quotas = Quotas::new(&setup, QuotaStore::new(quota_file()));
            cache = answer_cache(&config)?;
            texts = Some(lists(&settings)?);
            Some(Network::new(
                config.ca_file().as_deref(),
                Some(config.sign_in()?),
            )?)
        }
    };
    let client = Arc::new(Client::new(Arc::clone(case.journal()), network));
    let mut records = Vec::new();
    for (at, name) in wanted_lists(&settings).enumerate() {
        let text = texts
            .as_ref()
            .and_then(|texts| texts.get(at))
            .map(|list: &List| list.text.clone());
        let kept = client.keep(Source::File, name, text)?;
        records.push(kept.record);
        setup.lists.push(List {
            name: name.clone(),
            text: kept.body().to_owned(),
        });
    }
    let mut providers = Vec::new();
    for spec in settings
        .providers
        .iter()
        .filter_map(|name| intel::spec(name))
    {
        providers.push((spec.build)(&setup)?);
    }
    let intel = Intel {
        providers,
        privacy: Privacy::of(&settings)?,
        quotas,
        cache,
        lists: records,
    };
    Ok((client, intel))
}

/// Where this user's requests are counted.
fn quota_file() -> Option<PathBuf> {
    state_folder().map(|folder| folder.join("quotas.json"))
}

/// The answers that this user's earlier cases kept, if they may be used.
fn answer_cache(config: &Config) -> Result<Option<AnswerCache>, crate::config::ConfigError> {
    let age = config.cache_age()?;
    let verdicts = cache_folder().filter(|_| age > chrono::TimeDelta::zero());
    Ok(verdicts.map(|folder| AnswerCache::open(folder.join("verdicts"), age)))
}

fn wanted_lists(settings: &Settings) -> impl Iterator<Item = &String> {
    let wanted = settings.providers.iter().any(|name| name == "file");
    settings.files.iter().filter(move |_| wanted)
}

fn lists(settings: &Settings) -> Result<Vec<List>, crate::config::ConfigError> {
    let open = |name: &String| {
        List::open(Path::new(name))
            .map_err(|error| crate::config::ConfigError(format!("[intel] file: {error}")))
    };
    wanted_lists(settings).map(open).collect()
}

/// Writes a graph to Neo4j, constraints first.
pub(super) async fn push(
    global: &Global,
    connection: &Connection,
    graph: &Graph,
) -> Result<Loaded, Neo4jError> {
    connection.apply_schema().await?;
    let bar = output::progress(global);
    let counters = connection
        .load(graph, &|done, all| {
            bar.set_message(format!("Neo4j {done}/{all}"))
        })
        .await;
    bar.finish_and_clear();
    counters
}

/// What a push did, in words.
pub(super) fn pushed(counters: &Loaded) -> String {
    format!(
        "Neo4j: {} node(s) and edge(s) written, {} node(s) and {} edge(s) of them new",
        counters.rows, counters.nodes_created, counters.relationships_created
    )
}

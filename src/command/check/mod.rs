//! `linktrail check`: tries everything that a load needs, and says how to mend what is missing.
//!
//! A file a topic asks, and gives [`Check`]s; `finding` says what a check is, `needs` what a load needs, and `render` shows the
//! result. All topics are tried side by side, each question with a time limit, so that a service that hangs holds up
//! nothing. There is no case: what is received is kept in memory, and nothing is written but the count of a request to a
//! provider that has a quota.

mod ask;
mod finding;
mod graph;
mod machine;
mod needs;
mod neo4j;
mod places;
mod providers;
mod render;
mod sign_in;
mod tables;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::exit::{Exit, Failure};
use super::output;
use super::signals::Signals;
use crate::cli::{self, CheckFormat, Global};
use crate::command::services::without_case;
use crate::config::{CheckConfig, Config};
use crate::http::Client;
use crate::journal::Audience;
use ask::NOT_COMPLETE;
use finding::{Check, State, Topic, Weight, worst};
use places::Told;
use sign_in::SignedIn;
use tables::Places;

/// Why no log is looked at.
const NOT_COMPLETE_LOGS: &str = "[sentinel] or [defender] is not complete";
/// Why a service is not asked after its sign-in failed.
const NO_TOKEN: &str = "there is no token for it";

/// Runs the checks and prints them.
pub(super) async fn run(global: &Global, arguments: &cli::Check) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let config = Config::read_for_check(global.config.as_deref(), ask::PATIENCE);
    let bar = output::progress(global);
    bar.set_message("checking");
    let checks = tokio::select! {
        biased;
        () = signals.next() => None,
        checks = checks(&config) => Some(checks),
    };
    bar.finish_and_clear();
    let Some(checks) = checks else {
        output::eprint_line("interrupted; nothing was written");
        return Ok(Exit::Interrupted);
    };
    let client_id = config.client_id.as_deref();
    let text = match arguments.format {
        CheckFormat::Json => render::json(&checks, client_id)?,
        CheckFormat::Text => {
            let with_colour = global.color.decide(io::stdout().is_terminal());
            render::text(&checks, client_id, with_colour)?
        }
    };
    output::print(&text)?;
    Ok(match worst(&checks) {
        Weight::Fine => Exit::Complete,
        Weight::Gap => Exit::Gaps,
        Weight::Stop => Exit::Failed,
        Weight::Configuration => Exit::Usage,
    })
}

/// Everything that is checked, in the order of the result.
async fn checks(config: &CheckConfig) -> Vec<Check> {
    let now = Utc::now();
    let mut checks = configuration(config);
    let client = match without_case(config.ca_file.as_deref(), config.sign_in.clone()) {
        Ok(client) => Some(client),
        // A file that cannot be opened is told already.
        Err(_) if !config.problems.is_empty() => None,
        Err(error) => {
            checks = vec![wrong(&error.to_string())];
            None
        }
    };
    let (microsoft, intel, neo4j) = tokio::join!(
        microsoft(config, client.as_ref(), now),
        providers::providers(config, client.as_ref(), now),
        neo4j::database(config),
    );
    checks.extend(microsoft.checks);
    checks.extend(intel);
    checks.extend(neo4j);
    checks.push(microsoft.clock);
    checks.push(machine::case_folder());
    checks
}

/// What is wrong with the configuration, or that nothing is.
fn configuration(config: &CheckConfig) -> Vec<Check> {
    match config.problems.is_empty() {
        true => {
            let read = ask::shown(&config.file);
            let mut checks = vec![Check::ok(Topic::Configuration, "configuration", read)];
            checks.extend(cloud(config));
            checks
        }
        false => config
            .problems
            .iter()
            .map(|problem| wrong(problem))
            .collect(),
    }
}

/// What the cloud of the tenant does not serve, which no permission mends; a load notes it.
fn cloud(config: &CheckConfig) -> Option<Check> {
    let lacks: Vec<&str> = config.cloud.lacks().iter().map(|lack| lack.what).collect();
    let name = format!("cloud {}", config.cloud.as_str());
    (!lacks.is_empty()).then(|| {
        Check::gap(Topic::Configuration, name, State::Absent, lacks.join(". "))
            .weighing(Weight::Fine)
    })
}

/// An error of the configuration. Its text says what to do.
fn wrong(problem: &str) -> Check {
    Check::gap(
        Topic::Configuration,
        "configuration",
        State::Failed,
        ask::shown(problem),
    )
    .weighing(Weight::Configuration)
}

/// What Microsoft's services gave.
struct Microsoft {
    checks: Vec<Check>,
    clock: Check,
}

/// Signs in, asks for what only each permission opens, and looks at the logs.
async fn microsoft(
    config: &CheckConfig,
    client: Option<&Arc<Client>>,
    now: DateTime<Utc>,
) -> Microsoft {
    let (Some(client), Some(graph)) = (client, config.graph.as_ref()) else {
        return not_asked(config, now);
    };
    let workspace = config.workspace.as_ref();
    let asked_at = workspace.map(|(endpoint, id)| (endpoint, id.as_str()));
    let hunted_at = config.hunting.then_some(graph);
    let no_token = || NO_TOKEN.to_owned();
    let of_graph = async {
        let signed_in = sign_in(config, client, Audience::Graph, now).await;
        let token = match signed_in.permissions {
            Ok(token) => token,
            Err(_) => {
                let told = hunted_at.map(|_| Told::NotAsked(no_token()));
                let permissions = graph::skipped(NO_TOKEN);
                return (signed_in.check, None, permissions, Vec::new(), told);
            }
        };
        let told = async {
            match hunted_at {
                Some(graph) => Some(places::hunting(client, graph, now).await),
                None => None,
            }
        };
        let permissions = graph::permissions(config, client, graph, &token);
        let ((permissions, exchanges), told) = tokio::join!(permissions, told);
        (signed_in.check, Some(token), permissions, exchanges, told)
    };
    let of_workspace = async {
        let Some(asked_at) = asked_at else {
            // That nothing says where the logs are is an error of the configuration.
            let why = || Told::NotAsked(NOT_COMPLETE_LOGS.to_owned());
            return (None, None, (!config.hunting).then(why));
        };
        let signed_in = sign_in(config, client, Audience::LogAnalytics, now).await;
        let told = match &signed_in.permissions {
            Ok(_) => places::workspace(client, asked_at, now).await,
            Err(_) => Told::NotAsked(no_token()),
        };
        let token = signed_in.permissions.ok();
        (Some(signed_in.check), token, Some(told))
    };
    let tenant = sign_in::tenant(config, client);
    let (tenant, graph, logs) = tokio::join!(tenant, of_graph, of_workspace);
    let (tenant, answered) = tenant;
    let (signed_in, token, permissions, exchanges, hunting) = graph;
    let (signed_in_to_logs, log_token, workspace) = logs;
    // After the sign-ins, since a person may take long for one.
    let indicators = match tables::reads_indicators(config) && config.sign_in.is_some() {
        true => Some(places::indicators(client, asked_at, hunted_at, now).await),
        false => None,
    };
    let behind = sign_in::behind(answered.iter().chain(&exchanges));
    let mut checks = vec![tenant, signed_in];
    checks.extend(signed_in_to_logs);
    checks.extend(permissions);
    let places = Places { workspace, hunting };
    let tokens = tables::Tokens {
        graph: token.as_ref(),
        logs: log_token.as_ref(),
    };
    checks.extend(tables::judge(config, &tokens, &places, now));
    checks.extend(indicators.map(|found| tables::of_indicators(config, found)));
    Microsoft {
        checks,
        clock: machine::clock(behind),
    }
}

/// The checks of Microsoft's services where the configuration does not say enough to ask them.
fn not_asked(config: &CheckConfig, now: DateTime<Utc>) -> Microsoft {
    let told = || Told::NotAsked(NOT_COMPLETE.to_owned());
    let places = Places {
        workspace: Some(told()),
        hunting: config.hunting.then(told),
    };
    let signed_in = Check::skipped(Topic::SignIn, "graph", NOT_COMPLETE);
    let mut checks = vec![signed_in];
    checks.extend(graph::skipped(NOT_COMPLETE));
    checks.extend(tables::judge(
        config,
        &tables::Tokens::default(),
        &places,
        now,
    ));
    Microsoft {
        checks,
        clock: machine::clock(None),
    }
}

/// Signs in, where the configuration says how.
async fn sign_in(
    config: &CheckConfig,
    client: &Client,
    audience: Audience,
    now: DateTime<Utc>,
) -> SignedIn {
    if config.sign_in.is_some() {
        return sign_in::sign_in(config, client, audience, now).await;
    }
    SignedIn {
        check: Check::skipped(Topic::SignIn, sign_in::name(audience), NOT_COMPLETE),
        permissions: Err(NOT_COMPLETE.to_owned()),
    }
}

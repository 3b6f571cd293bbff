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
use crate::config::{CheckConfig, Config};
use crate::http::Client;
use crate::journal::Audience;
use finding::{Check, State, Topic, Weight, worst};
use sign_in::SignedIn;

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
    let client = match ask::client(config.ca_file.as_deref(), config.sign_in.clone()) {
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
        true => vec![Check::ok(
            Topic::Configuration,
            "configuration",
            ask::shown(&config.file),
        )],
        false => config
            .problems
            .iter()
            .map(|problem| wrong(problem))
            .collect(),
    }
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

/// Signs in, and asks for what only each permission opens and for each table.
async fn microsoft(
    config: &CheckConfig,
    client: Option<&Arc<Client>>,
    now: DateTime<Utc>,
) -> Microsoft {
    let (Some(client), Some(graph)) = (client, config.graph.as_ref()) else {
        let why = "[tenant], [auth] or [endpoints] is not complete";
        let mut checks = vec![Check::skipped(Topic::SignIn, "graph", why)];
        checks.extend(graph::skipped(why));
        checks.extend(tables::skipped(config, why));
        return Microsoft {
            checks,
            clock: machine::clock(None),
        };
    };
    let of_graph = async {
        let signed_in = sign_in(config, client, Audience::Graph, now).await;
        let (permissions, exchanges) = match &signed_in.permissions {
            Ok(token) => graph::permissions(config, client, graph, token).await,
            Err(_) => (graph::skipped("there is no token for it"), Vec::new()),
        };
        (signed_in.check, permissions, exchanges)
    };
    let of_logs = async {
        if config.workspace.is_none() {
            let why = "[sentinel] workspace_id is not set";
            return (None, tables::skipped(config, why));
        }
        let signed_in = sign_in(config, client, Audience::LogAnalytics, now).await;
        let tables = match &signed_in.permissions {
            Ok(_) => tables::workspace(config, client, now).await,
            Err(_) => tables::skipped(config, "there is no token for it"),
        };
        (Some(signed_in.check), tables)
    };
    let (tenant, graph, logs) = tokio::join!(sign_in::tenant(config, client), of_graph, of_logs);
    let (tenant, answered) = tenant;
    let (signed_in, permissions, exchanges) = graph;
    let (signed_in_to_logs, tables) = logs;
    let behind = sign_in::behind(answered.iter().chain(&exchanges));
    let mut checks = vec![tenant, signed_in];
    checks.extend(signed_in_to_logs);
    checks.extend(permissions);
    checks.extend(tables);
    Microsoft {
        checks,
        clock: machine::clock(behind),
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
    let why = "[tenant] or [auth] is not complete";
    SignedIn {
        check: Check::skipped(Topic::SignIn, sign_in::name(audience), why),
        permissions: Err(why.to_owned()),
    }
}

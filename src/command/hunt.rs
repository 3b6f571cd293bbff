//! `linktrail hunt`.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Exit, UsageError, output};
use crate::cli::{Global, Hunt};
use crate::config::Config;
use crate::hunt::{self, Parameters};
use crate::sink::neo4j::Connection;
use crate::terminal;

/// Longest time that a hunt may take.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn run(global: &Global, command: Hunt) -> anyhow::Result<Exit> {
    match command {
        Hunt::List => list(),
        Hunt::Show { name } => {
            let hunt = hunt::find(&name)?;
            output::print(hunt.text.as_str())?;
            Ok(Exit::Complete)
        }
        Hunt::Run {
            name,
            parameter,
            format,
        } => {
            let hunt = hunt::find(&name)?;
            let parameters = parameters(&parameter)?;
            let settings = Config::read(global)?.required_neo4j()?;
            let connection = Connection::open(&settings).await?;
            let table = hunt::run(
                connection.graph(),
                &settings.database,
                &hunt,
                &parameters,
                LIMIT,
            )
            .await?;
            let mut text = Vec::new();
            hunt::render(&table, format, &mut text, width())?;
            output::print(&String::from_utf8(text)?)?;
            Ok(Exit::Complete)
        }
        Hunt::Lint => lint(global).await,
    }
}

fn list() -> anyhow::Result<Exit> {
    let hunts = hunt::library()?;
    let widest = hunts
        .iter()
        .map(|hunt| hunt.name.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    let mut group = None;
    for hunt in &hunts {
        if group != Some(hunt.group) {
            let gap = if group.is_some() { "\n" } else { "" };
            writeln!(text, "{gap}{}", hunt.group.as_str())?;
            group = Some(hunt.group);
        }
        let required: Vec<_> = hunt
            .parameters
            .iter()
            .filter(|p| p.required)
            .map(|p| format!(" -p {}=…", p.name))
            .collect();
        writeln!(
            text,
            "  {:widest$}  {}{}",
            hunt.name,
            hunt.title,
            required.concat()
        )?;
    }
    output::print(&text)?;
    Ok(Exit::Complete)
}

async fn lint(global: &Global) -> anyhow::Result<Exit> {
    let hunts = hunt::library()?;
    let mut findings = hunt::lint(&hunts);
    // What only a server can tell is checked when there is one.
    let server = Config::read(global)?.neo4j()?;
    if let Some(settings) = &server {
        let connection = Connection::open(settings).await?;
        for hunt in &hunts {
            findings
                .extend(hunt::verify(connection.graph(), &settings.database, hunt, LIMIT).await?);
        }
    }
    let mut text = String::new();
    for finding in &findings {
        writeln!(text, "{}", terminal::clean(&finding.to_string()))?;
    }
    let how = if server.is_some() {
        ""
    } else {
        " (without a server: set [neo4j] uri to have Neo4j check them too)"
    };
    writeln!(
        text,
        "{} hunt(s), {} finding(s){how}",
        hunts.len(),
        findings.len()
    )?;
    output::print(&text)?;
    Ok(if findings.is_empty() {
        Exit::Complete
    } else {
        Exit::Failed
    })
}

fn parameters(typed: &[String]) -> Result<Parameters, UsageError> {
    let mut parameters = Parameters::new();
    for pair in typed {
        let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(UsageError(format!(
                "`-p {pair}` is no parameter; write -p name=value"
            )));
        };
        if parameters
            .insert(name.to_owned(), value.to_owned())
            .is_some()
        {
            return Err(UsageError(format!("parameter `{name}` is given twice")));
        }
    }
    Ok(parameters)
}

/// Columns of the terminal, if there is one.
fn width() -> Option<u16> {
    comfy_table::Table::new().width()
}

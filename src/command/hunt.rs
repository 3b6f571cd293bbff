//! `linktrail hunt`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::time::Duration;

use chrono::Utc;

use super::{Exit, UsageError, explain, is_usage, output};
use crate::cli::{Global, Hunt};
use crate::config::Config;
use crate::hunt::{self, Argument, CASE, Format, HuntError, Parameters, ResultTable};
use crate::sink::neo4j::{Connection, Settings};
use crate::terminal;

/// Longest time that a hunt may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Columns that titles get in a list, however narrow the terminal is.
const LEAST_TITLE: usize = 20;

pub(super) async fn run(global: &Global, command: Hunt) -> anyhow::Result<Exit> {
    match command {
        Hunt::List { tag } => list(&tag),
        Hunt::Show { name } => {
            let hunt = hunt::find(&name)?;
            output::print(hunt.text.as_str())?;
            Ok(Exit::Complete)
        }
        Hunt::Run {
            name,
            parameter,
            format,
            watch,
            diff,
        } => {
            let hunt = hunt::find(&name)?;
            let parameters = parameters(&parameter)?;
            if diff.is_some() && !parameters.contains_key(CASE) {
                let problem = "--diff compares two cases: give the one as -p case=ID and the other as --diff ID";
                return Err(UsageError(problem.to_owned()).into());
            }
            let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
            let asking = Asking {
                connection: Connection::open(&settings).await?,
                settings,
                hunt,
                parameters,
                format,
            };
            match (watch, diff) {
                (Some(seconds), _) => asking.watch(global, Duration::from_secs(seconds)).await,
                (None, Some(other)) => asking.compare(other).await,
                (None, None) => asking.once().await,
            }
        }
        Hunt::Lint => lint(global).await,
    }
}

/// A hunt, with all that it takes to run it.
struct Asking {
    connection: Connection,
    settings: Settings,
    hunt: hunt::Hunt,
    parameters: Parameters,
    format: Format,
}

impl Asking {
    async fn answer(&self, parameters: &Parameters) -> Result<ResultTable, HuntError> {
        let (graph, database) = (self.connection.graph(), &self.settings.database);
        hunt::run(graph, database, &self.hunt, parameters, LIMIT).await
    }

    async fn once(&self) -> anyhow::Result<Exit> {
        let table = self.answer(&self.parameters).await?;
        output::print(&self.text(&table)?)?;
        self.remark(&table, &self.parameters).await;
        Ok(Exit::Complete)
    }

    async fn compare(&self, other: String) -> anyhow::Result<Exit> {
        let mut others = self.parameters.clone();
        let one = others.insert(CASE.to_owned(), other.clone());
        let one = one.unwrap_or_default();
        let (these, those) = (
            self.answer(&self.parameters).await?,
            self.answer(&others).await?,
        );
        let difference = hunt::compare((&one, &these), (&other, &those));
        output::print(&self.text(&difference)?)?;
        self.remark(&these, &self.parameters).await;
        self.remark(&those, &others).await;
        if difference.rows.is_empty() {
            let rows = these.rows.len();
            output::complain(&format!(
                "Both cases give the same answer, of {rows} row(s)."
            ));
        }
        Ok(Exit::Complete)
    }

    /// Runs the hunt until it is interrupted. On a terminal each answer takes the place of the one before; elsewhere
    /// an answer is written when it differs from the one before.
    async fn watch(&self, global: &Global, pause: Duration) -> anyhow::Result<Exit> {
        tokio::select! {
            // One listener for all rounds, so that what comes while an answer is written is heard too.
            biased;
            _ = tokio::signal::ctrl_c() => Ok(Exit::Complete),
            ended = self.rounds(global, pause) => ended,
        }
    }

    /// Runs the hunt again and again; ends when it cannot be run at all.
    async fn rounds(&self, global: &Global, pause: Duration) -> anyhow::Result<Exit> {
        let clear = io::stdout().is_terminal();
        let mut before = None;
        loop {
            match self.answer(&self.parameters).await {
                Ok(table) => {
                    let text = self.text(&table)?;
                    if clear {
                        output::print("\u{1b}[2J\u{1b}[H")?;
                    }
                    if !global.quiet {
                        output::complain(&format!(
                            "{} at {} UTC, every {} s, {} row(s); Ctrl-C ends it",
                            self.hunt.name,
                            Utc::now().format("%H:%M:%S"),
                            pause.as_secs(),
                            table.rows.len()
                        ));
                    }
                    if clear || before.as_ref() != Some(&text) {
                        output::print(&text)?;
                        self.remark(&table, &self.parameters).await;
                    }
                    before = Some(text);
                }
                // Neo4j may be back for the next round; a hunt that is wrong stays wrong.
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    if before.is_none() || is_usage(&error) {
                        return Err(error);
                    }
                    output::complain(&format!("error: {}", terminal::clean(&explain(&error))));
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn text(&self, table: &ResultTable) -> anyhow::Result<String> {
        let mut text = Vec::new();
        hunt::render(table, self.format, &mut text, width())?;
        Ok(String::from_utf8(text)?)
    }

    /// What an answer does not say itself: that there may be more of it, or why there is none.
    async fn remark(&self, table: &ResultTable, parameters: &Parameters) {
        if let Some(limit) =
            limit(&self.hunt, parameters).filter(|limit| table.rows.len() >= *limit)
        {
            output::complain(&format!(
                "Cut at limit={limit}; there may be more: -p limit=N shows as many."
            ));
        }
        let empty = table.rows.is_empty();
        let (graph, database) = (self.connection.graph(), &self.settings.database);
        let lines =
            hunt::explain_empty(graph, database, &self.hunt, parameters, empty, LIMIT).await;
        let lines = match lines {
            Ok(lines) => lines,
            Err(error) => vec![format!(
                "whether something was not collected is not known: {error}"
            )],
        };
        if empty && !lines.is_empty() {
            output::complain("The answer is empty, and this may be why:");
        }
        for line in lines {
            output::complain(&format!("  {}", terminal::clean(&line)));
        }
    }
}

/// The parameter `limit` of a hunt that has one.
fn limit(hunt: &hunt::Hunt, parameters: &Parameters) -> Option<usize> {
    let declared = hunt.parameters.iter().find(|p| p.name == "limit")?;
    let value = match parameters.get("limit") {
        Some(typed) => declared.kind.parse_value(typed),
        None => declared.default.clone(),
    };
    match value {
        Some(Argument::Integer(limit)) => usize::try_from(limit).ok(),
        _ => None,
    }
}

fn list(tags: &[String]) -> anyhow::Result<Exit> {
    let hunts = hunt::tagged(tags)?;
    let widest = hunts.iter().map(|hunt| hunt.name.len()).max();
    let widest = widest.unwrap_or_default();
    let indent = widest + 4;
    let room = width().map_or(usize::MAX, |width| {
        usize::from(width).saturating_sub(indent).max(LEAST_TITLE)
    });
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
        let title = format!("{}{}", hunt.title, required.concat());
        let mut name = hunt.name.as_str();
        for line in hunt::render::wrapped(&title, room) {
            writeln!(text, "  {name:widest$}  {line}")?;
            name = "";
        }
    }
    if tags.is_empty() {
        let tags: std::collections::BTreeSet<&str> = hunts
            .iter()
            .flat_map(|hunt| hunt.tags.iter().map(String::as_str))
            .collect();
        let tags: Vec<&str> = tags.into_iter().collect();
        let line = format!("Tags: {} (hunt list --tag TAG)", tags.join(", "));
        let room = width().map_or(usize::MAX, usize::from);
        writeln!(text, "\n{}", hunt::render::wrapped(&line, room).join("\n"))?;
    }
    output::print(&text)?;
    Ok(Exit::Complete)
}
async fn lint(global: &Global) -> anyhow::Result<Exit> {
    let hunts = hunt::library()?;
    let mut findings = hunt::lint(&hunts);
    // What only a server can tell is checked when there is one.
    let server = Config::read(global.config.as_deref())?.neo4j()?;
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

/// Columns of the terminal, if stdout is one; not every terminal tells how many it has.
fn width() -> Option<u16> {
    let told = || comfy_table::Table::new().width().filter(|width| *width > 0);
    io::stdout().is_terminal().then(|| told().unwrap_or(80))
}

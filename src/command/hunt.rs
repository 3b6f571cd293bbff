//! `linktrail hunt`: lists, shows, runs and checks the saved hunts.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::time::Duration;

use chrono::Utc;

use super::exit::{Exit, Failure, UsageError};
use super::output;
use super::signals::Signals;
use crate::cli::{Global, Hunt};
use crate::config::Config;
use crate::hunt::{self, Argument, CASE, Finding, Format, HuntError, Parameters, ResultTable};
use crate::sink::neo4j::{Connection, Settings};
use crate::terminal;

/// The time limit of a hunt.
const LIMIT: Duration = Duration::from_secs(60);

/// The minimal width of the titles in a list, in columns, however narrow the terminal is.
const MIN_TITLE_WIDTH: usize = 20;

pub(super) async fn run(global: &Global, command: Hunt) -> Result<Exit, Failure> {
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
            // Before Neo4j is looked for, so that nothing of such a hunt leaves this machine.
            hunt::check_reads_only(&hunt)?;
            let parameters = parameters(&parameter)?;
            if diff.is_some() && !parameters.contains_key(CASE) {
                let problem = "--diff compares two cases: give the one as -p case=ID and the other as --diff ID";
                return Err(UsageError(problem.to_owned()).into());
            }
            let settings = Config::read(global.config.as_deref())?.required_neo4j()?;
            let run = HuntRun {
                connection: Connection::open(&settings).await?,
                settings,
                hunt,
                parameters,
                format,
            };
            match (watch, diff) {
                (Some(seconds), _) => run.watch(global, Duration::from_secs(seconds)).await,
                (None, Some(other)) => run.compare(other).await,
                (None, None) => run.once().await,
            }
        }
        Hunt::Lint { files } => lint(global, &files).await,
    }
}

/// A hunt with its parameters, its database, and the format of its result.
struct HuntRun {
    connection: Connection,
    settings: Settings,
    hunt: hunt::Hunt,
    parameters: Parameters,
    format: Format,
}

impl HuntRun {
    async fn answer(&self, parameters: &Parameters) -> Result<ResultTable, HuntError> {
        let (graph, database) = (self.connection.graph(), &self.settings.database);
        hunt::run(graph, database, &self.hunt, parameters, LIMIT).await
    }

    async fn once(&self) -> Result<Exit, Failure> {
        let table = self.answer(&self.parameters).await?;
        output::print(&self.text(&table)?)?;
        self.print_remarks(&table, &self.parameters).await;
        Ok(Exit::Complete)
    }

    async fn compare(&self, other: String) -> Result<Exit, Failure> {
        let mut other_parameters = self.parameters.clone();
        let case = other_parameters.insert(CASE.to_owned(), other.clone());
        let case = case.unwrap_or_default();
        let (table, other_table) = (
            self.answer(&self.parameters).await?,
            self.answer(&other_parameters).await?,
        );
        let difference = hunt::compare((&case, &table), (&other, &other_table));
        output::print(&self.text(&difference)?)?;
        self.print_remarks(&table, &self.parameters).await;
        self.print_remarks(&other_table, &other_parameters).await;
        if difference.rows.is_empty() {
            let rows = table.rows.len();
            output::eprint_line(&format!(
                "Both cases give the same answer, of {rows} row(s)."
            ));
        }
        Ok(Exit::Complete)
    }

    /// Runs the hunt repeatedly until it is interrupted. On a terminal each result replaces the one before. Elsewhere a
    /// result is written only when it differs from the one before.
    async fn watch(&self, global: &Global, pause: Duration) -> Result<Exit, Failure> {
        // A single listener for all rounds, so that a signal is noticed even while a result is written.
        let mut signals = Signals::listen()?;
        tokio::select! {
            biased;
            () = signals.next() => Ok(Exit::Complete),
            ended = self.rounds(global, pause) => ended,
        }
    }

    /// Runs the hunt repeatedly. It only ends with an error: any error in the first round, and later only one that
    /// would occur again.
    async fn rounds(&self, global: &Global, pause: Duration) -> Result<Exit, Failure> {
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
                        output::eprint_line(&format!(
                            "{} at {} UTC, every {} s, {} row(s); Ctrl-C ends it",
                            self.hunt.name,
                            Utc::now().format("%H:%M:%S"),
                            pause.as_secs(),
                            table.rows.len()
                        ));
                    }
                    if clear || before.as_ref() != Some(&text) {
                        output::print(&text)?;
                        self.print_remarks(&table, &self.parameters).await;
                    }
                    before = Some(text);
                }
                // Neo4j may be available again in the next round, but a hunt that is not valid stays so.
                Err(error) => {
                    let failure = Failure::from(error);
                    if before.is_none() || failure.exit == Exit::Usage {
                        return Err(failure);
                    }
                    output::eprint_line(&format!("error: {}", failure.message));
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn text(&self, table: &ResultTable) -> Result<String, Failure> {
        let mut text = Vec::new();
        hunt::render(table, self.format, &mut text, width())?;
        Ok(String::from_utf8(text)?)
    }

    /// Writes remarks on stderr that the result does not contain: that there may be more rows, or why there are none.
    async fn print_remarks(&self, table: &ResultTable, parameters: &Parameters) {
        if let Some(limit) =
            limit(&self.hunt, parameters).filter(|limit| table.rows.len() >= *limit)
        {
            output::eprint_line(&format!(
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
                "whether something was not collected cannot be told: {error}"
            )],
        };
        if empty && !lines.is_empty() {
            output::eprint_line("The answer is empty, and this may be why:");
        }
        for line in lines {
            output::eprint_line(&format!("  {}", terminal::clean(&line)));
        }
    }
}

/// The value of the parameter `limit`; `None` for a hunt without it.
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

fn list(tags: &[String]) -> Result<Exit, Failure> {
    let hunts = hunt::tagged(tags)?;
    let widest = hunts.iter().map(|hunt| hunt.name.len()).max();
    let widest = widest.unwrap_or_default();
    let indent = widest + 4;
    let room = width().map_or(usize::MAX, |width| {
        usize::from(width)
            .saturating_sub(indent)
            .max(MIN_TITLE_WIDTH)
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

async fn lint(global: &Global, files: &[String]) -> Result<Exit, Failure> {
    let mut headers = Vec::new();
    let hunts = if files.is_empty() {
        hunt::library()?
    } else {
        let mut hunts = Vec::new();
        for file in files {
            match hunt::read_file(file) {
                Ok(hunt) => hunts.push(hunt),
                Err(HuntError::Header(error)) => headers.push(Finding::from(error)),
                Err(error) => return Err(error.into()),
            }
        }
        hunts
    };
    let checked = hunts.len() + headers.len();
    let mut findings = hunt::lint(&hunts);
    // Only Neo4j can detect some errors, so the hunts are checked there too if it is configured.
    let server = Config::read(global.config.as_deref())?.neo4j()?;
    if let Some(settings) = &server {
        let connection = Connection::open(settings).await?;
        for hunt in &hunts {
            // What does more than read is not sent, not even to be planned.
            if hunt::check_reads_only(hunt).is_ok() {
                let (graph, database) = (connection.graph(), &settings.database);
                findings.extend(hunt::verify(graph, database, hunt, LIMIT).await?);
            }
        }
    }
    findings.extend(headers);
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
        checked,
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
                "`-p {pair}` is not a parameter; write -p name=value"
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

/// The width of the terminal in columns, 80 if it is unknown; `None` when stdout is not a terminal.
fn width() -> Option<u16> {
    let reported = || comfy_table::Table::new().width().filter(|width| *width > 0);
    io::stdout().is_terminal().then(|| reported().unwrap_or(80))
}

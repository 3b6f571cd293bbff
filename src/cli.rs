//! The command line, as clap reads it. Only the form of arguments is checked here; what they mean is up to
//! [`crate::command`].

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::model::{Channels, ChatsOf, Options, PivotOn, Stage, duration, sorted};

/// Follows malicious links shared in Microsoft Teams and loads the investigation into Neo4j.
#[derive(Debug, Parser)]
#[command(
    name = "linktrail",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Options of every subcommand.
    #[command(flatten)]
    pub global: Global,
    /// The subcommand, with its own options.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every subcommand.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Read this configuration file instead of ./linktrail.toml or the one in the user's configuration folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Log more to stderr; repeat (-vv) to log every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Log only errors to stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    pub color: When,
    /// When to show progress
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    pub progress: When,
    /// Format of the log on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// When to use what suits a terminal and not a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// When stderr is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl When {
    /// Decides, given whether stderr is a terminal.
    pub fn decide(self, terminal: bool) -> bool {
        match self {
            Self::Auto => terminal,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect a case, or continue one, and load its graph into Neo4j
    Load(Box<Load>),
    /// List, show, run and check the saved Cypher hunts
    #[command(subcommand)]
    Hunt(Hunt),
    /// Write the hunts, a style and a guide for Neo4j Browser
    Browser(Browser),
    /// List, check, pack and delete the cases on disk, write one to Neo4j again, or take one out of it
    #[command(subcommand)]
    Case(Case),
    /// Write a case as one HTML file that needs no network
    Report(Report),
    /// Write the graph of a case as files for other programs
    Export(Export),
    /// Show the raw records behind a node or an edge of a case
    Evidence(Evidence),
    /// Print the constraints and indexes of the graph, or create them in Neo4j
    #[command(subcommand)]
    Schema(Schema),
    /// Try what a load needs, and say how to mend what is missing
    ///
    /// Tries the sign-in, every permission, every table, every provider, Neo4j and this machine, side by side and within
    /// seconds, and says of each what a load lacks without it and what to do. Makes no case and writes nothing; a request
    /// to a provider that counts against a quota is counted.
    ///
    /// Exits with 0 when all is well, 3 when a load would have gaps, 1 when nothing could be loaded, and 2 when the
    /// configuration is wrong.
    Check(Check),
    /// Print a completion script for a shell
    Completions {
        /// The shell to complete for
        shell: Shell,
    },
}

/// Arguments of `load`.
#[derive(Debug, Args)]
pub struct Load {
    /// Folder of the case; an existing case is continued [default: ./cases/ID]
    #[arg(long, value_name = "DIR")]
    pub case: Option<PathBuf>,
    /// Rebuild the graph from the records of the case, without a request
    #[arg(long, requires = "case")]
    pub replay: bool,
    /// Load the recorded incident that ships with linktrail; needs no tenant and no secrets
    #[arg(long, conflicts_with = "replay")]
    pub demo: bool,
    /// Print what would be read, and what would be sent to whom, and stop; no provider is asked
    #[arg(long, conflicts_with_all = ["replay", "demo", "until"])]
    pub plan: bool,
    /// Stop after this stage; run the same command without --until to continue
    #[arg(long, value_name = "STAGE", conflicts_with_all = ["replay", "demo"], value_enum)]
    pub until: Option<Stage>,
    /// What the case is about.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Do not write to Neo4j
    #[arg(long)]
    pub no_neo4j: bool,
    /// Do not ask before more than half of what Neo4j holds of the case is taken out of it
    #[arg(long)]
    pub yes: bool,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = LoadFormat::Text)]
    pub format: LoadFormat,
}

/// The options that say what a case is about. They are fixed when the case is made.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct ScopeArgs {
    /// Length of the window that ends now, such as 30d or 12h [default: 30d]
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with_all = ["from", "to"])]
    pub since: Option<TimeDelta>,
    /// Start of the window: a date or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "to")]
    pub from: Option<DateTime<Utc>>,
    /// End of the window: a date (not included) or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "from")]
    pub to: Option<DateTime<Utc>>,
    /// How far back to look for hosts that connected to the urls [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub pivot_since: Option<TimeDelta>,
    /// Also start from this user (UPN or object id)
    #[arg(long, value_name = "USER")]
    pub user: Vec<String>,
    /// Also start from this url
    #[arg(long, value_name = "URL")]
    pub url: Vec<String>,
    /// Also start from this team (group id)
    #[arg(long, value_name = "TEAM")]
    pub team: Vec<String>,
    /// Also start from this message: the link that Teams copies, or THREAD/ID
    #[arg(long, value_name = "MESSAGE")]
    pub message: Vec<String>,
    /// Also start from this url, and count it as malicious
    #[arg(long, value_name = "URL")]
    pub malicious: Vec<String>,
    /// Never count this url, or any url on this host, as malicious
    #[arg(long, value_name = "URL|HOST")]
    pub benign: Vec<String>,
    /// Which messages of channels to read [default: listed]
    #[arg(long, value_enum)]
    pub channels: Option<Channels>,
    /// Whose chats to read [default: risky]
    #[arg(long, value_enum)]
    pub chats_of: Option<ChatsOf>,
    /// Which urls to look for on hosts and in alerts [default: risky]
    #[arg(long, value_enum)]
    pub pivot_on: Option<PivotOn>,
    /// How many times to follow newly found risky senders into their chats [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub rounds: Option<u32>,
}

impl From<&ScopeArgs> for Options {
    /// The options that were given, with the defaults of the others.
    fn from(typed: &ScopeArgs) -> Self {
        let sorted =
            |items: &[String]| sorted(items.iter().map(|item| item.trim().to_owned()).collect());
        let given = typed.from.is_some();
        let since = typed.since.unwrap_or(TimeDelta::days(30));
        Self {
            since_minutes: (!given).then_some(since.num_minutes()),
            from: typed.from,
            to: typed.to,
            pivot_since_minutes: typed
                .pivot_since
                .unwrap_or(TimeDelta::days(7))
                .num_minutes(),
            users: sorted(&typed.user),
            urls: sorted(&typed.url),
            teams: sorted(&typed.team),
            messages: sorted(&typed.message),
            malicious: sorted(&typed.malicious),
            benign: sorted(&typed.benign),
            channels: typed.channels.unwrap_or(Channels::Listed),
            chats_of: typed.chats_of.unwrap_or(ChatsOf::Risky),
            pivot_on: typed.pivot_on.unwrap_or(PivotOn::Risky),
            rounds: typed.rounds.unwrap_or(2),
        }
    }
}

/// Format of the result of `load`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LoadFormat {
    /// For people.
    Text,
    /// For programs: one JSON object.
    Json,
}

/// Subcommands of `hunt`.
#[derive(Debug, Subcommand)]
pub enum Hunt {
    /// List the hunts
    List {
        /// Only hunts with this tag; repeat it for hunts that have all of several tags
        #[arg(long, value_name = "TAG")]
        tag: Vec<String>,
    },
    /// Print a hunt: what it answers, its parameters, its Cypher
    Show {
        /// Name of the hunt
        name: String,
    },
    /// Run a hunt, or a file of your own, read-only
    Run {
        /// Name of the hunt, or the path of a .cypher file
        name: String,
        /// Value of a parameter
        #[arg(short, long = "parameter", value_name = "KEY=VALUE")]
        parameter: Vec<String>,
        /// Format of the result
        #[arg(long, value_parser = hunt_format, default_value_t = crate::hunt::Format::Table)]
        format: crate::hunt::Format,
        /// Run the hunt again every so many seconds, until Ctrl-C ends it with exit code 0
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400), conflicts_with = "diff")]
        watch: Option<u64>,
        /// Show the rows that only one of two cases has: this one and the one of -p case=ID
        #[arg(long, value_name = "CASE")]
        diff: Option<String>,
    },
    /// Check hunts, without running them: every hunt of linktrail, or files of your own
    ///
    /// Names each mistake with its file and line, and whatever does more than read the graph, which `hunt run` refuses.
    /// Exits with 1 when there is one. If Neo4j is configured, it checks the statements too.
    Lint {
        /// Path of a .cypher file; none for every hunt of linktrail
        #[arg(value_name = "FILE")]
        files: Vec<String>,
    },
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Folder of the case [default: the newest complete one under ./cases]
    #[arg(long, value_name = "DIR")]
    pub case: Option<PathBuf>,
    /// File to write [default: report.html in the folder of the case]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Folder of the case [default: the newest complete one under ./cases]
    #[arg(long, value_name = "DIR")]
    pub case: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// File to write; for csv a folder, which must be empty or not there yet
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
}

/// What `export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// For Gephi, yEd and networkx
    Graphml,
    /// For `neo4j-admin database import full`, which the README in the folder shows
    Csv,
    /// For BloodHound
    Opengraph,
    /// The canonical form, the same as graph.jsonl.zst in the case, not compressed
    Jsonl,
    /// The risky urls as STIX 2.1 indicators and sightings; names no user, message or host
    Stix,
}

/// Arguments of `evidence`.
#[derive(Debug, Args)]
#[command(after_help = EVIDENCE_HELP)]
pub struct Evidence {
    /// A node, an edge as FROM TYPE TO, or a record as CASE/NUMBER
    #[arg(required = true, num_args = 1..=3, value_name = "ID")]
    pub id: Vec<String>,
    /// Folder of the case [default: the newest complete one under ./cases]
    #[arg(long, value_name = "DIR")]
    pub case: Option<PathBuf>,
    /// Show whole bodies, not only the parts that mention it
    #[arg(long)]
    pub whole: bool,
    /// Format of the answer
    #[arg(long, value_enum, default_value_t = EvidenceFormat::Text)]
    pub format: EvidenceFormat,
}

/// How to name what `evidence` is asked about.
const EVIDENCE_HELP: &str = "\
Name a node by its id, or by anything that names only that node: a url (also defanged or wrapped), a user's UPN, a \
host's name, a message's id `19:…/…`, a verdict's provider and url `otx|https://…`. Upper and lower case matter only where they do in \
the service. When a text can mean several nodes, write Label:ID, such as User:… or Domain:….

Write an edge as three words, or as one in single quotes:
  linktrail evidence alice@contoso.com CLICKED https://login.evil.example/
  linktrail evidence 'alice@contoso.com -[CLICKED]-> hxxps://login.evil[.]example/'

Only the case is read: no network, no configuration and no Neo4j are needed.";

/// Format of what `evidence` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvidenceFormat {
    /// For people.
    Text,
    /// For programs: one JSON object, with every record whole.
    Json,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Format of the result
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
}

/// Format of what `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// For programs: one JSON object.
    Json,
}

/// Arguments of `browser`.
#[derive(Debug, Args)]
pub struct Browser {
    /// Folder to write into
    #[arg(long, value_name = "DIR", default_value = "linktrail-browser")]
    pub out: PathBuf,
    /// Limit every hunt to this case
    #[arg(long, value_name = "ID")]
    pub case: Option<String>,
}

/// Subcommands of `case`.
#[derive(Debug, Subcommand)]
pub enum Case {
    /// List the cases in a folder
    List {
        /// Folder that holds case folders
        #[arg(default_value = "cases")]
        dir: PathBuf,
    },
    /// Check every record of a case, and that its graph is the one that its records give
    Verify {
        /// Folder of the case
        dir: PathBuf,
    },
    /// Write the graph of a case to Neo4j again
    Push {
        /// Folder of the case
        dir: PathBuf,
        /// Do not ask before more than half of what Neo4j holds of the case is taken out of it
        #[arg(long)]
        yes: bool,
    },
    /// Write a case as one file, to hand it on; the same case gives the same bytes
    Pack {
        /// Folder of the case
        dir: PathBuf,
        /// File to write [default: ID.linktrail.tar.zst here]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Unpack a case from such a file, after checking every record, the chain and the graph
    Unpack {
        /// The packed case
        file: PathBuf,
        /// Folder to make [default: ./cases/ID]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Delete a case: its folder, and its share in Neo4j when that is configured
    Delete {
        /// Folder of the case
        dir: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take a case out of Neo4j, with everything that no other case holds
    Prune {
        /// Id of the case
        id: String,
    },
}

/// Subcommands of `schema`.
#[derive(Debug, Subcommand)]
pub enum Schema {
    /// Print the constraints and indexes as Cypher
    Print,
    /// Create them in Neo4j
    Apply,
}

/// Reads the format of a hunt's answer. The error names all there are.
fn hunt_format(text: &str) -> Result<crate::hunt::Format, String> {
    let names = crate::hunt::Format::ALL
        .map(crate::hunt::Format::as_str)
        .join(", ");
    crate::hunt::Format::parse(text).ok_or_else(|| format!("it can be {names}"))
}

/// Reads a date, which means its first moment in UTC, or an RFC 3339 time.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    text.parse::<NaiveDate>()
        .ok()
        .and_then(|date| date.and_hms_opt(0, 0, 0))
        .map(|at| at.and_utc())
        .ok_or_else(|| format!("`{text}` is not a time; write 2026-11-24 or 2026-11-24T13:00:00Z"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn moments() {
        assert_eq!(
            moment("2026-11-24").unwrap().to_rfc3339(),
            "2026-11-24T00:00:00+00:00"
        );
        assert_eq!(
            moment("2026-11-24T13:00:00+02:00").unwrap().to_rfc3339(),
            "2026-11-24T11:00:00+00:00"
        );
        assert!(moment("yesterday").is_err());
    }
}

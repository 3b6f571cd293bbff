//! `docs/hunts.md`: every hunt from its header, with its answer on the demo.

use std::fmt::Write as _;
use std::path::Path;

use linktrail::hunt::{self, CASE, Format, Hunt, Parameters, ResultTable};
use linktrail::sink::neo4j::Connection;

use crate::run::binary;
use crate::shared::{ONE_WORLD_AT_A_TIME, settings, with_server};

use super::world::{DATABASE, LIMIT, connect};

/// Rows of an answer that are shown.
const SHOWN: usize = 4;

const OPENING: &str = "\
# Hunts

Generated from `cypher/hunts/` and the demo, so that each answer below is one that `scripts/demo` gives too. A hunt is
Cypher with a header: `linktrail hunt run NAME`, Neo4j Browser ([neo4j-browser.md](neo4j-browser.md)) and cypher-shell run
the same file.

```
linktrail hunt list --tag user               by tag
linktrail hunt run user-exposure -p user=mila.hoffmann@contoso.com --format csv
linktrail hunt run summary --watch 30        again and again; Ctrl-C ends it with exit code 0
linktrail hunt run entities -p case=A --diff B    rows that only one of the two cases has
linktrail hunt run ./mine.cypher             a file of your own
linktrail hunt lint ./mine.cypher            names its mistakes, without running it
```

`-p case=ID` narrows any hunt to one case. stdout holds the answer alone; that it was cut, that a case is not there or that
what a hunt asks for was never collected is told on stderr. A hunt runs in a read-only transaction and is stopped after a
minute.

A hunt reads the graph and does nothing else. So that a file from somebody else cannot send the graph elsewhere, one that
holds more is refused before Neo4j is asked (exit code 2), with the place: writing, `LOAD CSV`, procedures other than
`db.labels`, `db.relationshipTypes`, `db.propertyKeys` and those of `db.schema`, functions of plug-ins, transactions of its
own, other databases, administration, and more than one statement. A property or variable that is called like such a
clause is written in backticks. An escape such as `\\u00fc` is allowed in a text only. `linktrail hunt lint FILE` names all of
it (exit code 1), and whatever differs from the header and the schema. Neo4j as `scripts/neo4j` and `docker-compose.yml`
start it refuses `LOAD CSV` from files and addresses too, and has no procedures but its own; a file named by
`NEO4J_EXTRA_CONF` can set that otherwise. Other servers should set the same three lines of `scripts/lib/neo4j-maven.sh`.

`benches/hunts/compare` makes a graph of a million messages and prints the time of each hunt on it. With 2 million nodes and
4.3 million edges on two cores the slowest, `exposed-but-silent` and `verdict-coverage`, took 0.8 s each, and up to 2.0 s
while other work had the cores; every other hunt stayed under a second in both. Narrowed to a case that is the whole of
such a graph six hunts take one to three seconds, and `verdict-coverage` four to six.
";

struct Demo {
    connection: Connection,
    case: String,
}

impl Demo {
    async fn load() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let loaded = with_server(&mut binary(folder.path()))
            .args(["load", "--demo", "--case", "case", "--format", "json"])
            .output()
            .unwrap();
        assert_eq!(loaded.status.code(), Some(3), "{loaded:?}");
        let result: serde_json::Value = serde_json::from_slice(&loaded.stdout).unwrap();
        Self {
            connection: Connection::open(&settings()).await.unwrap(),
            case: result["case"]["id"].as_str().unwrap().to_owned(),
        }
    }

    async fn answer(&self, hunt: &Hunt) -> ResultTable {
        let mut given: Parameters = examples(hunt).into_iter().collect();
        given.insert(CASE.to_owned(), self.case.clone());
        hunt::run(&connect(), DATABASE, hunt, &given, LIMIT)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", hunt.name))
    }
}

/// Required parameters with the examples of the header, and `before`: without it the answer depends on the clock.
fn examples(hunt: &Hunt) -> Vec<(String, String)> {
    let mut required = Vec::new();
    required.extend(
        hunt.parameters
            .iter()
            .filter(|p| p.required || p.name == "before"),
    );
    required
        .into_iter()
        .map(|p| (p.name.clone(), p.example.clone().unwrap_or_default()))
        .collect()
}

fn page(hunts: &[(Hunt, ResultTable)]) -> String {
    let mut text = OPENING.to_owned();
    let mut group = None;
    for (hunt, _) in hunts {
        if group != Some(hunt.group) {
            write!(
                text,
                "\n## List of {}\n\n| hunt | answers |\n|---|---|\n",
                hunt.group
            )
            .unwrap();
            group = Some(hunt.group);
        }
        writeln!(text, "| [{0}](#{0}) | {1} |", hunt.name, hunt.title).unwrap();
    }
    for (hunt, answer) in hunts {
        section(&mut text, hunt, answer);
    }
    text
}

fn section(text: &mut String, hunt: &Hunt, answer: &ResultTable) {
    write!(
        text,
        "\n## {}\n\n**{}.** {}\n",
        hunt.name, hunt.title, hunt.description
    )
    .unwrap();
    let mut facts = vec![format!("Tags: {}.", hunt.tags.join(", "))];
    let techniques: Vec<String> = hunt.techniques.iter().map(|id| technique(id)).collect();
    if !techniques.is_empty() {
        facts.push(format!("MITRE ATT&CK: {}.", techniques.join(", ")));
    }
    if let Some(cell) = &hunt.notebook {
        facts.push(format!("Notebook: {cell}."));
    }
    write!(text, "\n{}\n", facts.join(" ")).unwrap();
    if !hunt.parameters.is_empty() {
        text.push_str("\n| parameter | type | default | example |\n|---|---|---|---|\n");
    }
    for parameter in &hunt.parameters {
        let default = match (&parameter.default, parameter.required) {
            (_, true) => "required".to_owned(),
            (None, false) => "none".to_owned(),
            (Some(hunt::Argument::Integer(n)), false) => n.to_string(),
            (Some(other), false) => format!("{other:?}"),
        };
        let example = parameter.example.as_deref().unwrap_or_default();
        let (name, kind) = (&parameter.name, parameter.kind);
        writeln!(text, "| `{name}` | {kind} | {default} | `{example}` |").unwrap();
    }
    let given: String = examples(hunt)
        .iter()
        .map(|(name, value)| format!(" -p {name}='{value}'"))
        .collect();
    write!(
        text,
        "\n```\nlinktrail hunt run {}{given}\n```\n\n",
        hunt.name
    )
    .unwrap();
    if answer.rows.is_empty() {
        text.push_str("The demo has none.\n");
        return;
    }
    let mut shown = answer.clone();
    shown.rows.truncate(SHOWN);
    let mut table = Vec::new();
    hunt::render(&shown, Format::Markdown, &mut table, None).unwrap();
    text.push_str(&String::from_utf8(table).unwrap());
    let more = answer.rows.len() - shown.rows.len();
    if more > 0 {
        write!(text, "\n… and {more} more row(s).\n").unwrap();
    }
}

/// A technique, linked to where MITRE describes it.
fn technique(id: &str) -> String {
    format!(
        "[{id}](https://attack.mitre.org/techniques/{}/)",
        id.replace('.', "/")
    )
}

/// `UPDATE_SNAPSHOTS=1` writes the file again.
#[tokio::test]
async fn the_page_of_hunts_is_in_step_with_the_headers_and_the_demo() {
    let _turn = ONE_WORLD_AT_A_TIME.lock().await;
    let demo = Demo::load().await;
    let mut hunts = Vec::new();
    for hunt in hunt::library().unwrap() {
        let answer = demo.answer(&hunt).await;
        hunts.push((hunt, answer));
    }
    demo.connection.prune(&demo.case).await.unwrap();
    let wanted = page(&hunts);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hunts.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(wanted.lines()).find(|(a, b)| a != b);
    assert!(
        found == wanted,
        "docs/hunts.md is not what the hunts and the demo give; run the tests with UPDATE_SNAPSHOTS=1: {differs:?}"
    );
}

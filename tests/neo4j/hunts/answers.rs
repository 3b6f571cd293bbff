//! Every hunt's answer to the world, worked out by hand in `fixtures/hunts/answers/`.

use std::collections::{BTreeMap, BTreeSet};

use linktrail::hunt::{self, Hunt, Returns};
use linktrail::link::defang;
use neo4rs::Query;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::world::{World, connect, fixture, library_hunt};
use crate::shared::ONE_WORLD_AT_A_TIME;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// The file of the world in `fixtures/hunts/` for runs that name none.
    #[serde(default = "first_world")]
    world: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    world: Option<String>,
    /// Null for all cases: then only the rows that name something of this world are compared.
    case: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    rows: Vec<Value>,
}

fn first_world() -> String {
    "world".to_owned()
}

fn answers(hunt: &Hunt) -> Answers {
    let path = fixture("answers").join(format!("{}.json", hunt.name));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{} has no known answer: {}: {error}",
            hunt.name,
            path.display()
        )
    });
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Hunts whose rows name nothing, or count what other worlds hold too: without a case they cannot be compared.
const ONLY_COUNT: &[&str] = &[
    "summary",
    "verdict-coverage",
    "click-outcomes",
    "lures-by-hour",
    "wrapped-lures",
];

/// A path as text that does not depend on the server's numbers; anything else as it is.
fn comparable(value: &Value) -> Value {
    let (Some(nodes), Some(edges)) = (value["nodes"].as_array(), value["edges"].as_array()) else {
        return value.clone();
    };
    let node = |node: &Value| {
        let (label, id) = (&node["labels"][0], &node["properties"]["id"]);
        format!("({} {})", label.as_str().unwrap(), id.as_str().unwrap())
    };
    let mut text = node(&nodes[0]);
    for (edge, ends) in edges.iter().zip(nodes.windows(2)) {
        let forward = edge["from"]["id"] == ends[0]["properties"]["id"];
        let (left, right) = if forward { ("-", "->") } else { ("<-", "-") };
        let far = if forward { &edge["to"] } else { &edge["from"] };
        assert_eq!(far["id"], ends[1]["properties"]["id"]);
        assert_eq!(far["label"], ends[1]["labels"][0]);
        let kind = edge["type"].as_str().unwrap();
        text.push_str(&format!("{left}[{kind}]{right}{}", node(&ends[1])));
    }
    text.into()
}

#[tokio::test]
async fn every_hunt_gives_its_known_answer() {
    let worlds = BTreeMap::from([
        ("world", World::load().await),
        ("lures", World::named("lures").await),
        ("outside", World::named("outside").await),
    ]);
    let mut wrong = Vec::new();
    for hunt in hunt::library().unwrap() {
        let answers = answers(&hunt);
        let cases: BTreeSet<_> = answers.runs.iter().map(|run| run.case.is_some()).collect();
        let only_counts = ONLY_COUNT.contains(&hunt.name.as_str());
        assert_eq!(
            cases.len(),
            if only_counts { 1 } else { 2 },
            "{}: with and without a case",
            hunt.name
        );
        for run in answers.runs {
            let world = &worlds[run.world.as_ref().unwrap_or(&answers.world).as_str()];
            let expected: Vec<Vec<Value>> =
                serde_json::from_str(&world.own(&Value::from(run.rows).to_string())).unwrap();
            let case = run.case.iter().map(|case| ("case", case.as_str()));
            let parameters = run
                .parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            let parameters: Vec<_> = parameters.chain(case).collect();
            let table = world
                .run(&hunt, &parameters)
                .await
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(table.columns, hunt.columns, "{}", hunt.name);
            let mut rows = table.rows;
            if hunt.returns == Returns::Graph {
                rows = rows
                    .iter()
                    .map(|row| row.iter().map(comparable).collect())
                    .collect();
            }
            if run.case.is_none() {
                rows.retain(|row| world.owns(row));
            }
            if rows != expected {
                let lines = |rows: &[Vec<Value>]| {
                    rows.iter()
                        .map(|row| format!("  {}\n", Value::from(row.clone())))
                        .collect::<String>()
                };
                wrong.push(format!(
                    "{} {parameters:?}\nexpected\n{}got\n{}",
                    hunt.name,
                    lines(&expected),
                    lines(&rows)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for world in worlds.into_values() {
        world.remove().await;
    }
}

/// Numbers that name nothing cannot be told from those of other tests' worlds: so they are counted here a second
/// time, row by row, until nobody wrote between two counts.
#[tokio::test]
async fn without_a_case_everything_counts() {
    let _turn = ONE_WORLD_AT_A_TIME.lock().await;
    let world = World::load().await;
    for (name, expected) in [
        ("summary", summary as fn(&[Vec<Value>]) -> Vec<Vec<Value>>),
        ("verdict-coverage", coverage),
    ] {
        let raw = match name {
            "summary" => {
                "MATCH (u:Url)<-[:CONTAINS]-(m:Message) WHERE u.risky OPTIONAL MATCH (m)<-[:SENT]-(s:User) \
                 OPTIONAL MATCH (m)-[:POSTED_IN]->(p) RETURN u.id AS a, m.id AS b, s.id AS c, p.id AS d, \
                 labels(p)[0] AS e"
            }
            _ => {
                "MATCH (v:Verdict) RETURN v.id AS a, v.provider AS b, v.state AS c, v.severity AS d UNION ALL \
                 MATCH (u:Url) WHERE u.withheld IS NOT NULL OR NOT (u)-[:HAS_VERDICT]->() \
                 RETURN u.id AS a, null AS b, CASE WHEN u.withheld IS NULL THEN 'no_verdict' \
                 ELSE 'withheld' END AS c, null AS d"
            }
        };
        let hunt = library_hunt(name);
        let mut quiet = false;
        for _ in 0..50 {
            let before = rows(&world, raw).await;
            let answer = world.run(&hunt, &[]).await.unwrap().rows;
            if before == rows(&world, raw).await {
                assert!(before.iter().any(|row| world.owns(row)));
                assert_eq!(answer, expected(&before), "{name}");
                quiet = true;
                break;
            }
        }
        assert!(quiet, "other tests never stopped writing");
    }
    world.remove().await;
}

async fn rows(world: &World, cypher: &str) -> Vec<Vec<Value>> {
    let mut stream = world
        .graph
        .execute(Query::new(cypher.to_owned()))
        .await
        .unwrap();
    let mut rows = Vec::new();
    while let Some(row) = stream.next().await.unwrap() {
        let cell = |key| {
            row.get::<Option<String>>(key)
                .ok()
                .flatten()
                .map_or(Value::Null, Value::from)
        };
        rows.push(["a", "b", "c", "d", "e"].map(cell).to_vec());
    }
    rows.sort_by_key(|row| Value::from(row.clone()).to_string());
    rows
}

fn distinct(rows: &[Vec<Value>], at: usize) -> BTreeSet<&str> {
    rows.iter().filter_map(|row| row[at].as_str()).collect()
}

fn summary(rows: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let place = |label: &str| {
        let there: Vec<_> = rows.iter().filter(|row| row[4] == label).cloned().collect();
        distinct(&there, 3).len()
    };
    let (urls, messages, senders) = (
        distinct(rows, 0).len(),
        distinct(rows, 1).len(),
        distinct(rows, 2).len(),
    );
    let (channels, chats) = (place("Channel"), place("Chat"));
    let sentence = format!(
        "{urls} malicious URL(s) sent by {senders} user(s) in {messages} message(s), across {channels} channel(s) \
         and {chats} chat(s)"
    );
    vec![vec![
        urls.into(),
        senders.into(),
        messages.into(),
        channels.into(),
        chats.into(),
        sentence.into(),
    ]]
}

fn coverage(rows: &[Vec<Value>]) -> Vec<Vec<Value>> {
    // Absent sorts last.
    let key = |value: &Value| {
        (
            value.is_null(),
            value.as_str().unwrap_or_default().to_owned(),
        )
    };
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for row in rows {
        *counts
            .entry([key(&row[1]), key(&row[2]), key(&row[3])])
            .or_default() += 1;
    }
    let cell = |(absent, text): (bool, String)| if absent { Value::Null } else { text.into() };
    counts
        .into_iter()
        .map(|(key, count)| key.map(cell).into_iter().chain([count.into()]).collect())
        .collect()
}

/// What Neo4j Browser draws: the sender, who received, reported and clicked it, and where it stands; nobody is drawn
/// for being a member of a team.
#[tokio::test]
async fn the_picture_of_a_url_joins_sender_recipients_clicks_and_reports() {
    let world = World::named("outside").await;
    let mut hunt = library_hunt("url-blast-radius");
    assert_eq!(hunt.drawn, ["picture"]);
    hunt.columns.append(&mut hunt.drawn);
    let asked = [("url", "https://go.TOKEN.example/a"), ("case", "A-TOKEN")];
    let rows = world.run(&hunt, &asked).await.unwrap().rows;
    let paths = rows.iter().flat_map(|row| row[6].as_array().unwrap());
    let drawn: BTreeSet<String> = paths
        .map(|path| comparable(path).as_str().unwrap().to_owned())
        .collect();
    let url = "(Url https://go.TOKEN.example/a)";
    let expected = [
        "<-[CLICKED]-(User TOKEN-ann)",
        "<-[CLICKED]-(User TOKEN-eve)",
        "<-[CONNECTED_TO]-(Host TOKEN-pc1)",
        "<-[CONNECTED_TO]-(Host TOKEN-pc1)<-[USED]-(User TOKEN-ann)",
        "<-[CONTAINS]-(Message 19:TOKEN-ann/1)<-[RECEIVED]-(User TOKEN-ann)",
        "<-[CONTAINS]-(Message 19:TOKEN-ann/1)<-[SENT]-(User TOKEN-hank)",
        "<-[CONTAINS]-(Message 19:TOKEN-pay/3)<-[RECEIVED]-(User TOKEN-ben)",
        "<-[CONTAINS]-(Message 19:TOKEN-pay/3)<-[REPORTED]-(User TOKEN-ben)",
        "<-[CONTAINS]-(Message 19:TOKEN-pay/3)<-[RECEIVED]-(User TOKEN-cid)",
        "<-[CONTAINS]-(Message 19:TOKEN-pay/3)<-[SENT]-(User TOKEN-dora)",
        "<-[CONTAINS]-(Message 19:TOKEN-room/4)<-[SENT]-(User TOKEN-dora)",
    ]
    .map(|path| format!("{url}{path}"))
    .into_iter()
    .chain([
        "(User TOKEN-dora)-[SENT]->(Message 19:TOKEN-pay/3)-[POSTED_IN]->(Chat 19:TOKEN-pay)"
            .to_owned(),
        "(User TOKEN-dora)-[SENT]->(Message 19:TOKEN-room/4)-[POSTED_IN]->(Channel 19:TOKEN-room)"
            .to_owned(),
        "(User TOKEN-hank)-[SENT]->(Message 19:TOKEN-ann/1)-[POSTED_IN]->(Chat 19:TOKEN-ann)"
            .to_owned(),
    ]);
    let expected: BTreeSet<String> = expected.map(|path| world.own(&path)).collect();
    assert_eq!(drawn, expected);
    world.remove().await;
}

/// Every url is found by what reports and terminals show in its place.
#[tokio::test]
async fn a_url_is_found_as_it_is_shown() {
    let token = ulid::Ulid::generate().to_string().to_lowercase();
    let world = World::at(connect(), token);
    let urls = [
        "https://TOKEN.example/a?b=1#c",
        "ftp://files.TOKEN.example/x",
        "https://login.contoso.com:p@TOKEN.example/?u=https://www.a.example/&v=ftp://b.example/",
        "http://[2001:db8::1]:8080/TOKEN",
        "https://TOKEN.example/hxxp/fxp",
    ]
    .map(|url| Url::parse(&world.own(url)).unwrap());
    let create = "CREATE (:Url {id: $id, cases: ['A-TOKEN']})\
                  <-[:CONNECTED_TO {cases: ['A-TOKEN']}]-(:Host {id: 'TOKEN' + $id, cases: ['A-TOKEN']})";
    for url in &urls {
        let query = Query::new(world.own(create)).param("id", url.as_str());
        world.graph.run(query).await.unwrap();
    }
    let mut missed = Vec::new();
    for url in &urls {
        let shown = defang(url);
        for name in ["url-blast-radius", "url-graph"] {
            let hunt = library_hunt(name);
            let rows = world.run(&hunt, &[("url", &shown)]).await.unwrap().rows;
            let host = format!("{}{url}", world.token());
            if rows.len() != 1 || !Value::from(rows[0].clone()).to_string().contains(&host) {
                missed.push(format!("{name} {shown}: {rows:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    world.remove().await;
}

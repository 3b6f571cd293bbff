//! A load ends in Neo4j: what is there, and what hunts say of it, equals the world's ground truth.

use std::collections::BTreeMap;
use std::path::Path;

use crate::run::{self, Lab, Ran, binary};
use crate::shared::{ONE_WORLD_AT_A_TIME, open, server, with_server};
use serde_json::Value;
use tenant_sim::{Options, Query, World};

/// Hunts whose rows the world knows.
const HUNTS: [&str; 10] = [
    "summary",
    "malicious-urls-by-sender",
    "risky-users",
    "risky-messages",
    "channels-with-risky-messages",
    "message-timeline",
    "alert-timeline",
    "hosts-that-accessed",
    "suspicious-urls",
    "entities",
];

/// Rows of hunts for [`World::outside`], worked out by hand from the messages, reports, clicks and removals that it
/// lists: the hunt, its parameters, and these of its columns. Whom Tara's message reached is not known, since Defender
/// flagged it for nothing and Graph names no recipients.
type Known = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);
const OUTSIDE: [Known; 7] = [
    (
        "external-first-contact",
        &[],
        &["sender", "domain", "people", "messages", "risky", "urls"],
        &[
            r#"["Help Desk (Contoso)","contoso-helpdesk.onmicrosoft.com",4,6,4,["https://sso.contoso-helpdesk.example/verify?u=staff"]]"#,
            r#"["Adatum Rewards","adatum.com",1,1,1,["https://survey.adatum.example/win"]]"#,
            r#"["Tara Lind (Fabrikam)","fabrikam.com",0,1,0,[]]"#,
        ],
    ),
    (
        "recipients-of",
        &["url=https://sso.contoso-helpdesk.example/verify?u=staff"],
        &["user", "how", "outcome", "removed", "sender"],
        &[
            r#"["paul.reyes@contoso.com","received","past the block",false,"Help Desk (Contoso)"]"#,
            r#"["ines.duarte@contoso.com","received","allowed",false,"Help Desk (Contoso)"]"#,
            r#"["nora.frei@contoso.com","received",null,false,"Help Desk (Contoso)"]"#,
            r#"["mona.weber@contoso.com","received",null,true,"paul.reyes@contoso.com"]"#,
        ],
    ),
    (
        "still-standing",
        &[],
        &["at", "sender", "urls", "threats"],
        &[
            r#"["2026-10-27T08:20:00Z","Help Desk (Contoso)",[],["Phish"]]"#,
            r#"["2026-10-27T11:30:00Z","mona.weber@contoso.com",["https://docs.google.com/forms/d/e/1FAIpQL/viewform"],[]]"#,
            r#"["2026-10-13T09:00:00Z","Adatum Rewards",["https://survey.adatum.example/win"],[]]"#,
            r#"["2026-10-27T08:00:00Z","Help Desk (Contoso)",["https://sso.contoso-helpdesk.example/verify?u=staff"],["Phish"]]"#,
            r#"["2026-10-27T08:02:00Z","Help Desk (Contoso)",["https://sso.contoso-helpdesk.example/verify?u=staff"],[]]"#,
            r#"["2026-10-27T08:04:00Z","Help Desk (Contoso)",["https://sso.contoso-helpdesk.example/verify?u=staff"],[]]"#,
            r#"["2026-10-27T11:00:00Z","mona.weber@contoso.com",["https://staff-portal.workers.dev/login"],[]]"#,
            r#"["2026-10-27T11:04:00Z","mona.weber@contoso.com",["https://sso.contoso-helpdesk.example/verify?u=staff"],[]]"#,
            r#"["2026-10-27T11:10:00Z","paul.reyes@contoso.com",["https://sso.contoso-helpdesk.example/verify?u=staff"],[]]"#,
        ],
    ),
    (
        "zap-coverage",
        &[],
        &[
            "kind", "what", "messages", "removed", "standing", "not_ours",
        ],
        &[
            r#"["url","https://sso.contoso-helpdesk.example/verify?u=staff",7,2,5,3]"#,
            r#"["threat","Phish",2,0,2,2]"#,
            r#"["url","https://docs.google.com/forms/d/e/1FAIpQL/viewform",1,0,1,0]"#,
            r#"["url","https://staff-portal.workers.dev/login",1,0,1,0]"#,
            r#"["url","https://survey.adatum.example/win",1,0,1,0]"#,
        ],
    ),
    (
        "reported-lures",
        &[],
        &["user", "sender", "minutes", "verdict", "others", "rated"],
        &[
            r#"["nora.frei@contoso.com","Help Desk (Contoso)",9,"Phish",3,["defender:high"]]"#,
            r#"["kim.osei@contoso.com","Help Desk (Contoso)",5,null,3,["otx:high"]]"#,
            r#"["ines.duarte@contoso.com","Help Desk (Contoso)",20,null,3,[]]"#,
            r#"["lars.holm@contoso.com","paul.reyes@contoso.com",30,null,4,["defender:high"]]"#,
        ],
    ),
    (
        "redirect-chains",
        &[],
        &["from", "via", "to", "hops", "clicked_by"],
        &[
            r#"["https://go.tailspin.example/out?to=2f8c",[],"https://staff-portal.workers.dev/login",1,["kim.osei@contoso.com","paul.reyes@contoso.com"]]"#,
            r#"["https://go.tailspin.example/out?to=2f8c",["https://t.tailspin.example/c/91"],"https://staff-portal.workers.dev/login",2,["kim.osei@contoso.com","paul.reyes@contoso.com"]]"#,
        ],
    ),
    (
        "also-received",
        &["user=nora.frei@contoso.com"],
        &["user", "how", "sender", "outcome"],
        &[
            r#"["ines.duarte@contoso.com","message","Help Desk (Contoso)",null]"#,
            r#"["kim.osei@contoso.com","message","Help Desk (Contoso)",null]"#,
            r#"["paul.reyes@contoso.com","message","Help Desk (Contoso)",null]"#,
            r#"["paul.reyes@contoso.com","url","Help Desk (Contoso)","past the block"]"#,
            r#"["ines.duarte@contoso.com","url","Help Desk (Contoso)","allowed"]"#,
            r#"["mona.weber@contoso.com","url","paul.reyes@contoso.com",null]"#,
            r#"["ines.duarte@contoso.com","sender","Help Desk (Contoso)",null]"#,
            r#"["kim.osei@contoso.com","sender","Help Desk (Contoso)",null]"#,
            r#"["paul.reyes@contoso.com","sender","Help Desk (Contoso)",null]"#,
        ],
    ),
];

fn load(lab: &Lab, case: &Path) -> Ran {
    let world = lab.tenant.world();
    let mut command = lab.binary();
    command
        .args(["load", "--format", "json", "--case"])
        .arg(case)
        .args([
            "--from",
            &world.from().to_rfc3339(),
            "--to",
            &world.anchor.to_rfc3339(),
        ]);
    run::run(with_server(&mut command))
}

fn hunt(lab: &Lab, name: &str, case: &str) -> Value {
    hunt_with(lab, name, case, &[])
}

fn hunt_with(lab: &Lab, name: &str, case: &str, parameters: &[&str]) -> Value {
    let mut command = binary(lab.folder());
    command.args([
        "hunt",
        "run",
        name,
        "--format",
        "json",
        "-p",
        &format!("case={case}"),
    ]);
    for parameter in parameters {
        command.args(["-p", parameter]);
    }
    let ran = run::run(with_server(&mut command));
    assert_eq!(ran.code, Some(0), "{name}: {ran:#?}");
    ran.json()
}

/// Everything that a case holds in Neo4j, a text for each node and edge.
async fn content(case: &str) -> Vec<String> {
    let graph =
        neo4rs::Graph::new(server("URI"), server("USER"), server("PASSWORD")).expect("the server");
    let mut rows = Vec::new();
    for statement in [
        "MATCH (n) WHERE $case IN n.cases RETURN labels(n)[0] AS kind, n.id AS a, '' AS b, n{.*} AS p",
        "MATCH (a)-[r]->(b) WHERE $case IN r.cases RETURN type(r) AS kind, a.id AS a, b.id AS b, r{.*} AS p",
    ] {
        let mut stream = graph
            .execute(neo4rs::query(statement).param("case", case))
            .await
            .expect("rows");
        while let Some(row) = stream.next().await.expect("a row") {
            let text = |column: &str| row.get::<String>(column).expect("a text");
            let properties: BTreeMap<String, neo4rs::BoltType> = row.get("p").expect("properties");
            rows.push(format!(
                "{} {} {} {properties:?}",
                text("kind"),
                text("a"),
                text("b")
            ));
        }
    }
    rows.sort();
    rows
}

fn prune(lab: &Lab, case: &str) {
    let mut prune = binary(lab.folder());
    prune.args(["case", "prune", case]);
    let pruned = run::run(with_server(&mut prune));
    assert_eq!(pruned.code, Some(0), "{pruned:#?}");
}

fn check(world: World) {
    let _turn = ONE_WORLD_AT_A_TIME.blocking_lock();
    let truth = world.truth(&Query::of(&world));
    let lab = Lab::new(world, Options::default());
    let case = lab.case("case");
    let ran = load(&lab, &case);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
    let result = ran.json();
    let id = result["case"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        result["summary"]["sentence"],
        truth.summary.sentence.as_str()
    );

    for name in HUNTS {
        let wanted = truth.hunt(name).expect("the world knows");
        let mut got: Vec<Value> = hunt(&lab, name, &id).as_array().expect("rows").clone();
        // The world tells the columns that are certain; the others are left out of the comparison.
        if let Some(Value::Object(first)) = wanted.first() {
            for row in &mut got {
                row.as_object_mut()
                    .expect("an object")
                    .retain(|column, _| first.contains_key(column));
            }
        }
        got.sort_by_key(Value::to_string);
        assert_eq!(got, wanted, "{name}");
    }

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let before = runtime.block_on(content(&id));
    let nodes: u64 = truth.node_counts().values().sum();
    let edges: u64 = truth.edge_counts().values().sum();
    assert_eq!(
        before.len() as u64,
        nodes + edges,
        "as many nodes and edges as the world has"
    );
    let again = load(&lab, &case);
    assert_eq!(again.code, ran.code);
    let after = runtime.block_on(content(&id));
    let changed: Vec<_> = before
        .iter()
        .zip(&after)
        .filter(|(old, new)| old != new)
        .collect();
    assert!(
        changed.is_empty() && after.len() == before.len(),
        "loading again changes nothing: {changed:#?}"
    );

    prune(&lab, &id);
    assert_eq!(
        runtime.block_on(content(&id)),
        Vec::<String>::new(),
        "nothing of the case is left"
    );
}

#[test]
fn the_small_world_in_neo4j() {
    check(World::named("small", Some(11), World::default_anchor()).expect("a world"));
}

#[test]
fn the_demo_world_in_neo4j() {
    check(World::named("demo", Some(5), World::default_anchor()).expect("a world"));
}

#[test]
fn the_attack_from_outside_in_neo4j() {
    let _turn = ONE_WORLD_AT_A_TIME.blocking_lock();
    let lab = Lab::new(World::outside(), Options::default());
    let case = lab.case("case");
    let ran = load(&lab, &case);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
    let id = ran.json()["case"]["id"].as_str().expect("an id").to_owned();
    for (name, parameters, columns, rows) in OUTSIDE {
        let got = hunt_with(&lab, name, &id, parameters);
        let got = got.as_array().expect("rows").iter();
        let got = got.map(|row| {
            columns
                .iter()
                .map(|column| row[*column].clone())
                .collect::<Value>()
        });
        let got: Vec<String> = got.map(|row| row.to_string()).collect();
        assert_eq!(got, rows, "{name}");
    }
    prune(&lab, &id);
}

#[test]
fn a_wrong_password_is_told_before_the_first_request() {
    let lab = Lab::new(
        World::named("small", Some(7), World::default_anchor()).expect("a world"),
        Options::default(),
    );
    let case = lab.case("case");
    let mut command = lab.load_command(&case, &[]);
    let arguments: Vec<_> = command
        .get_args()
        .filter(|argument| *argument != "--no-neo4j")
        .map(ToOwned::to_owned)
        .collect();
    command = lab.binary();
    command.args(arguments);
    let ran =
        run::run(with_server(&mut command).env("LINKTRAIL_NEO4J_PASSWORD", "not-the-password"));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(
        ran.complaint().contains("wrong user or password"),
        "{ran:#?}"
    );
    assert!(!ran.stderr.contains("not-the-password"));
    assert!(lab.tenant.requests().is_empty(), "nothing was asked");
    assert!(!case.exists(), "no case was made");
}

/// A push that would take out most of what Neo4j holds of a case asks first. Where nobody can be asked it is refused, and
/// the load shows its result all the same.
#[tokio::test]
async fn a_push_that_takes_most_of_a_case_out_is_refused_where_nobody_can_be_asked() {
    let _turn = ONE_WORLD_AT_A_TIME.lock().await;
    let folder = tempfile::TempDir::new().unwrap();
    let linktrail = |arguments: &[&str]| {
        let mut command = binary(folder.path());
        run::run(with_server(&mut command).args(arguments))
    };
    let load = ["load", "--demo", "--case", "demo", "--format", "json"];
    let ran = linktrail(&load);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let id = ran.json()["case"]["id"].as_str().unwrap().to_owned();
    // As if an earlier load of the case had found much more.
    let connection = open().await;
    let more = "UNWIND range(1, 4000) AS n CREATE (:Url {id: 'https://' + toLower($case) + '.example/' + n, cases: [$case]})";
    let more = neo4rs::query(more).param("case", id.clone());
    connection.graph().run(more).await.expect("more urls");

    let refused = "it would take 4000 node(s) and 0 edge(s) out of case";
    let ran = linktrail(&["load", "--replay", "--case", "demo", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(
        ran.stderr.contains(refused) && ran.stderr.contains("case push"),
        "{ran:#?}"
    );
    assert_eq!(ran.json()["case"]["id"], id.as_str());
    let ran = linktrail(&["case", "push", "demo"]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(
        ran.stderr.contains(refused) && ran.stderr.contains("--yes"),
        "{ran:#?}"
    );
    let ran = linktrail(&["case", "push", "demo", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(
        ran.stdout.contains("4000 node(s) and 0 edge(s) taken out"),
        "{ran:#?}"
    );
    let ran = linktrail(&["case", "prune", &id]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

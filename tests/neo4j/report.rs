//! The tables of a report are the answers of the hunts.

use std::path::Path;

use linktrail::hunt::{self, Group, Returns};
use linktrail::link::defang_text;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenant_sim::{Options, World};

use crate::run::page::data;
use crate::run::{self, Lab, Ran, binary};
use crate::shared::{ONE_WORLD_AT_A_TIME, with_server};

fn report(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = binary(folder);
    run::run(command.arg("report").args(arguments))
}

/// Every text in a value with its urls broken.
fn broken(value: &Value) -> Value {
    match value {
        Value::String(text) => defang_text(text).into_owned().into(),
        Value::Array(items) => items.iter().map(broken).collect(),
        other => other.clone(),
    }
}

/// Compares every table of a case's report with the hunt's answer in Neo4j; gives the number of rows.
fn compare(folder: &Path, case: &Path, id: &str) -> usize {
    let out = folder.join("compared.html");
    let ran = report(
        folder,
        &["--case", case.to_str().unwrap(), "--out", "compared.html"],
    );
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let data = data(&std::fs::read_to_string(out).unwrap());
    let mut compared = 0;
    let hunts = hunt::library().unwrap();
    let hunts = hunts
        .iter()
        .filter(|hunt| hunt.group == Group::Summary && hunt.returns == Returns::Table);
    for hunt in hunts {
        let mut command = binary(folder);
        command
            .args(["hunt", "run", &hunt.name, "--format", "json"])
            .args(["-p", &format!("case={id}")]);
        if hunt.name == "message-timeline" {
            command.args(["-p", "limit=1000000"]);
        }
        let answer = run::run(with_server(&mut command));
        assert_eq!(answer.code, Some(0), "{}: {answer:#?}", hunt.name);
        let wanted: Vec<Value> = answer
            .json()
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| hunt.columns.iter().map(|c| broken(&row[c])).collect())
            .collect();
        let table = data["tables"]
            .as_array()
            .unwrap()
            .iter()
            .find(|table| table["name"] == hunt.name.as_str())
            .unwrap_or_else(|| panic!("no table {}", hunt.name));
        // A report says more beside the columns of the hunt.
        let columns = table["columns"].as_array().unwrap().iter();
        let of_hunt = |column: &Value| hunt.columns.iter().any(|known| column == known.as_str());
        let of_hunt: Vec<bool> = columns.clone().map(of_hunt).collect();
        let named = columns.zip(&of_hunt).filter(|(_, named)| **named);
        let named: Vec<&Value> = named.map(|(column, _)| column).collect();
        assert_eq!(json!(named), json!(hunt.columns));
        let rows = table["rows"].as_array().unwrap();
        for (at, (row, wanted)) in rows.iter().zip(&wanted).enumerate() {
            let row = row.as_array().unwrap();
            assert_eq!(row.len(), of_hunt.len());
            let row = row.iter().zip(&of_hunt).filter(|(_, named)| **named);
            let row = Value::from_iter(row.map(|(cell, _)| cell.clone()));
            assert_eq!(&row, wanted, "{} row {at}", hunt.name);
        }
        assert_eq!(rows.len(), wanted.len(), "{}", hunt.name);
        let refs = table["refs"].as_array().unwrap();
        assert_eq!(refs.len(), rows.len());
        let empty = refs.iter().filter(|refs| refs == &&json!([]));
        // The sentence of a case without anything malicious rests on nothing.
        assert!(
            hunt.name == "summary" || empty.count() == 0,
            "{}",
            hunt.name
        );
        compared += rows.len();
    }
    compared
}

#[test]
fn tables_are_the_answers_of_the_hunts() {
    let _turn = ONE_WORLD_AT_A_TIME.blocking_lock();
    let folder = TempDir::new().unwrap();
    let mut command = binary(folder.path());
    command.args(["load", "--demo", "--format", "json", "--case", "demo"]);
    let ran = run::run(with_server(&mut command));
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let id = ran.json()["case"]["id"].as_str().unwrap().to_owned();
    assert!(compare(folder.path(), &folder.path().join("demo"), &id) > 300);
    prune(folder.path(), &id);

    // The small world is the hostile one: names, bodies and urls of every bad kind.
    for world in [World::small(), World::scaled(400, 7)] {
        let lab = Lab::new(world, Options::default());
        let case = lab.case("case");
        let world = lab.tenant.world();
        let mut command = lab.binary();
        command
            .args(["load", "--format", "json", "--case"])
            .arg(&case)
            .args(["--from", &world.from().to_rfc3339()])
            .args(["--to", &world.anchor.to_rfc3339()]);
        let ran = run::run(with_server(&mut command));
        assert!(matches!(ran.code, Some(0 | 3)), "{ran:#?}");
        let id = ran.json()["case"]["id"].as_str().unwrap().to_owned();
        assert!(compare(lab.folder(), &case, &id) > 30);
        prune(lab.folder(), &id);
    }
}

fn prune(folder: &Path, id: &str) {
    let mut command = binary(folder);
    let ran = run::run(with_server(command.args(["case", "prune", id])));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

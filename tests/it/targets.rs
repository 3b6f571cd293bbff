//! What `cargo test` leaves out, and that it is not forgotten.

use std::io::Write as _;

/// A target with `test = false` is run by nobody who does not name it, so `scripts/test` has to; and whoever runs
/// `cargo test` is told.
#[test]
fn what_cargo_test_leaves_out_is_run_by_scripts_test() {
    let manifest: toml::Table = toml::from_str(include_str!("../../Cargo.toml")).unwrap();
    let targets = manifest["test"].as_array().unwrap();
    let left_out: Vec<&str> = targets
        .iter()
        .filter(|target| target.get("test").and_then(toml::Value::as_bool) == Some(false))
        .map(|target| target["name"].as_str().unwrap())
        .collect();
    assert_eq!(left_out, ["neo4j"]);
    let script = include_str!("../../scripts/test");
    for name in left_out {
        let target = format!(" --test {name} ");
        let mut runs = script.lines().filter(|line| line.contains("cargo test "));
        assert!(runs.any(|line| line.contains(&target)), "{name}");
        // Around the harness, which shows what `print!` writes of a test that fails alone.
        let _ = writeln!(
            std::io::stderr(),
            "note: `cargo test` leaves out the tests in tests/{name}, which need a server: run `scripts/test test`"
        );
    }
}

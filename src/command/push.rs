//! Writes a graph to Neo4j, and shows the progress.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::exit::Failure;
use super::{output, suggested};
use crate::cli::Global;
use crate::graph::Graph;
use crate::sink::neo4j::{Connection, Counters, Leaving};
use crate::terminal::clean;

/// The number of nodes and edges above which Neo4j's own import is worth the stop of the server that it needs.
const LARGE: usize = 1_000_000;
/// How often the log says how far a push is, with `-v`.
const EVERY: Duration = Duration::from_secs(10);

/// Creates the constraints that loading depends on, and writes the graph of the case in this folder to Neo4j.
///
/// When that takes more than half of the case out of Neo4j, it asks first, unless `yes` is given.
pub(super) async fn run(
    global: &Global,
    connection: &Connection,
    dir: &Path,
    graph: &Graph,
    yes: bool,
) -> Result<Counters, Failure> {
    connection.apply_schema().await?;
    let leaving = connection.leaving(graph).await?;
    if leaving.is_most() && !yes {
        let what = describe_leaving(graph.case(), &leaving);
        let push = suggested::command(global, "case push").path("DIR", dir);
        let refused = format!(
            "nothing was pushed: it would take {what}, and nobody can be asked here; {} pushes without asking",
            push.words("--yes")
        );
        if !output::confirm(&format!("This push takes {what}. Push?"), refused)? {
            return Err(io::Error::other("nothing was pushed").into());
        }
    }
    let rows = graph.node_count() + graph.edge_count();
    if rows > LARGE && !global.quiet && leaving.held == 0 {
        output::eprint_line(&advice(global, dir, rows));
    }
    let bar = output::progress(global);
    let began = Instant::now();
    let told = Mutex::new(began);
    let counters = connection
        .load(graph, &|done, all| {
            let now = Instant::now();
            let line = progress(done, all, now - began);
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if now - *told >= EVERY {
                *told = now;
                tracing::info!("{line}");
            }
            bar.set_message(line);
        })
        .await;
    bar.finish_and_clear();
    Ok(counters?)
}

/// What a push takes out of a case.
fn describe_leaving(case: &str, leaving: &Leaving) -> String {
    format!(
        "{} node(s) and {} edge(s) out of case {} in Neo4j, which holds {} of it, since the case no longer has them",
        leaving.nodes,
        leaving.relationships,
        clean(case),
        leaving.held
    )
}

/// The faster way for a graph of which the database holds nothing yet.
fn advice(global: &Global, dir: &Path, rows: usize) -> String {
    let export = suggested::command(global, "export --format csv --case").path("DIR", dir);
    format!(
        "{} nodes and edges are many for a push, and Neo4j holds none of this case yet. If the database holds no other case that is to be kept, Neo4j's own import is made for that: {}; the README in that folder has the whole command: neo4j-admin database import full neo4j --overwrite-destination …",
        grouped(rows),
        export.words("--out csv")
    )
}

/// How far a push is, and how long the rest takes if it goes on like that.
fn progress(done: usize, all: usize, spent: Duration) -> String {
    let line = format!("Neo4j {} of {} rows", grouped(done), grouped(all));
    let milliseconds = spent.as_millis();
    if milliseconds == 0 || done == 0 {
        return line;
    }
    let rate = done as u128 * 1_000 / milliseconds;
    let left = (all.saturating_sub(done)) as u128 * milliseconds / done as u128 / 1_000;
    let left = match left {
        0..=99 => format!("{left} s"),
        100..=5_999 => format!("{} min", left.div_ceil(60)),
        _ => format!("{} h", left.div_ceil(3_600)),
    };
    let rate = grouped(usize::try_from(rate).unwrap_or(usize::MAX));
    format!("{line}, {rate} a second, {left} left")
}

/// A number with a comma between each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Describes the changes in one line for people.
pub(super) fn describe(counters: &Counters) -> String {
    let mut text = format!(
        "Neo4j: {} node(s) and edge(s) written, {} node(s) and {} edge(s) of them new",
        counters.rows, counters.nodes_created, counters.relationships_created
    );
    if counters.nodes_left + counters.relationships_left > 0 {
        text.push_str(&format!(
            "; {} node(s) and {} edge(s) taken out, since the case no longer holds them",
            counters.nodes_left, counters.relationships_left
        ));
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn progress_counts_rows_and_says_how_long_the_rest_takes() {
        for (done, all, seconds, expected) in [
            (0, 84_108, 0, "Neo4j 0 of 84,108 rows"),
            (
                12_000,
                84_108,
                1,
                "Neo4j 12,000 of 84,108 rows, 12,000 a second, 6 s left",
            ),
            (
                1_000_000,
                12_345_678,
                50,
                "Neo4j 1,000,000 of 12,345,678 rows, 20,000 a second, 10 min left",
            ),
            (
                999,
                9_999_999,
                10,
                "Neo4j 999 of 9,999,999 rows, 99 a second, 28 h left",
            ),
            (5, 5, 2, "Neo4j 5 of 5 rows, 2 a second, 0 s left"),
        ] {
            assert_eq!(progress(done, all, Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_large_push_names_the_faster_way() {
        let global = Cli::try_parse_from(["linktrail", "schema", "print"])
            .unwrap()
            .global;
        let text = advice(&global, Path::new("cases/x"), 1_234_567);
        assert!(text.starts_with("1,234,567 nodes and edges"), "{text}");
        assert!(
            text.contains("`linktrail export --format csv --case cases/x --out csv`"),
            "{text}"
        );
    }
}

//! Writes the report of a small case in which a help desk from outside wrote to several people: `report_outside FILE`.
//! Tests in a browser look at it.

#[path = "../tests/it/report_outside/graph.rs"]
#[allow(clippy::expect_used, reason = "addresses that are written there")]
mod graph;

use std::fs::File;
use std::io::BufWriter;

use anyhow::Context;
use chrono::TimeDelta;
use linktrail::model::Window;
use linktrail::report::{About, Report};

fn main() -> anyhow::Result<()> {
    let path = std::env::args()
        .nth(1)
        .context("usage: report_outside FILE")?;
    let from = graph::start();
    let about = About {
        id: graph::CASE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created: from + TimeDelta::days(1),
        window: Window {
            from,
            to: from + TimeDelta::days(1),
        },
    };
    let report = Report {
        about: &about,
        graph: &graph::graph(),
        gaps: &[],
        notes: &[],
        record: &|_| Ok(None),
        quotes: true,
    };
    let file = File::create(&path).with_context(|| format!("cannot write {path}"))?;
    report.write(BufWriter::new(file))?;
    Ok(())
}

//! Logs in advanced hunting of Microsoft Defender: in the place of a workspace, or beside one.

mod places;
mod records;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tenant_sim::{Hunting, Options, World};

use crate::run::Lab;
use crate::run::graph::GraphFile;
use crate::run::journal::records;

/// The configuration without a workspace, and with advanced hunting.
pub(crate) fn hunting_only(config: String) -> String {
    let (before, rest) = config.split_once("[sentinel]\n").expect("a workspace");
    let (_, after) = rest.split_once("\n\n").expect("its end");
    format!("{before}[defender]\nhunting = true\n\n{after}")
}

/// The configuration with a workspace and advanced hunting.
pub(crate) fn both(config: String) -> String {
    config.replacen(
        "[sentinel]\n",
        "[defender]\nhunting = true\n\n[sentinel]\n",
        1,
    )
}

/// The small world, in which Defender says of each message what it says of the urls in it.
fn world() -> World {
    rated_by_message(World::small())
}

/// A world in which Defender says of each message what it says of the urls in it.
fn rated_by_message(mut world: World) -> World {
    let threats: BTreeMap<String, &'static str> = world
        .tables
        .message_urls
        .iter()
        .filter(|row| !row.threats.is_empty())
        .map(|row| (row.teams_message.clone(), row.threats))
        .collect();
    for row in &mut world.tables.message_events {
        if let Some(threats) = threats.get(&row.teams_message) {
            row.threats = threats;
        }
    }
    // Of urls of their own nothing more is known, wherever they are asked for.
    for row in &mut world.tables.message_urls {
        row.threats = "";
    }
    world
}

/// A tenant whose workspace is not connected to Defender.
pub(crate) fn unconnected() -> Options {
    Options {
        hunting: Hunting {
            connected_workspace: false,
            ..Hunting::default()
        },
        ..Options::default()
    }
}

fn lab(world: World, options: Options, config: fn(String) -> String) -> Lab {
    let lab = Lab::new(world, options);
    lab.edit_config(config);
    lab
}

/// How many records each source has.
fn sources(case: &Path) -> BTreeMap<String, usize> {
    let mut sources = BTreeMap::new();
    for record in records(case).values() {
        let source = record["source"].as_str().expect("a source");
        *sources.entry(source.to_owned()).or_default() += 1;
    }
    sources
}

/// The texts about the ends of logs in the node of the case.
fn log_ends(case: &Path) -> Vec<String> {
    let graph = GraphFile::read(case);
    let mut nodes = graph.nodes.iter();
    let (_, node) = nodes
        .find(|((label, _), _)| label == "Case")
        .expect("a case");
    let ends = node["log_ends"].as_array().expect("a list");
    ends.iter()
        .map(|end| end.as_str().expect("a text").to_owned())
        .collect()
}

/// The logs that were found in advanced hunting.
fn hunted(case: &Path) -> Vec<String> {
    let ends = log_ends(case);
    let ends = ends.iter().filter_map(|end| end.strip_suffix("|hunting"));
    ends.filter_map(|end| Some(end.split_once('|')?.0.to_owned()))
        .collect()
}

fn sent(result: &Value, source: &str) -> u64 {
    result["requests"][source]["sent"]
        .as_u64()
        .unwrap_or_default()
}

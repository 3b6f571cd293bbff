//! Loads with every provider: what is sent to whom, what becomes of quotas and of providers that are down, and what
//! later cases take from earlier ones.

mod cache;
mod limits;
mod lists;
mod sends;
mod workspace;

use std::collections::BTreeMap;
use std::path::Path;

use crate::run::graph::GraphFile;
use crate::run::{Lab, Ran, run};
use serde_json::{Map, Value};
use tenant_sim::{Options, Query, Service, World};
use url::Url;

const SERVICES: [Service; 4] = [
    Service::Otx,
    Service::XForce,
    Service::UrlHaus,
    Service::VirusTotal,
];
const FAST: &str = "limits = [\"virustotal 60000/minute\", \"urlhaus 60000/minute\"]";

/// A tenant, and a configuration with these lines under `[intel]`.
fn lab(options: Options, intel: &str) -> Lab {
    let lab = Lab::new(World::small(), options);
    lab.edit_config(|config| {
        config.replacen("providers = [\"defender\", \"otx\", \"xforce\"]", intel, 1)
    });
    lab
}

fn everybody() -> String {
    format!("providers = [\"otx\", \"xforce\", \"sentinel\", \"urlhaus\", \"virustotal\"]\n{FAST}")
}

fn replay(lab: &Lab, case: &Path) -> Ran {
    let mut command = lab.binary();
    command.args(crate::run::REPLAY);
    run(command.arg(case))
}

/// A replay asks nobody and gives the same graph, byte for byte.
pub(crate) fn replays_alike(lab: &Lab, case: &Path, code: i32) {
    let graph = || crate::run::graph::lines(case);
    let before = graph();
    let seen = lab.tenant.requests().len();
    std::fs::remove_file(case.join("graph.jsonl.zst")).unwrap();
    let ran = replay(lab, case);
    assert_eq!(ran.code, Some(code), "{ran:#?}");
    let after = graph();
    let mut pairs = before
        .split(|b| *b == b'\n')
        .zip(after.split(|b| *b == b'\n'));
    if let Some((before, after)) = pairs.find(|(before, after)| before != after) {
        let text = String::from_utf8_lossy;
        panic!("another graph:\n{}\n{}", text(before), text(after));
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(lab.tenant.requests().len(), seen, "somebody was asked");
}

/// Why no provider outside was told of a url, by url.
fn withheld(case: &Path) -> BTreeMap<String, String> {
    let nodes = GraphFile::read(case).nodes;
    let reasons = nodes.into_iter().filter_map(|((_, id), properties)| {
        let reason = properties.get("withheld")?.as_str()?.to_owned();
        Some((id, reason))
    });
    reasons.collect()
}

/// Verdicts of a provider, by url.
fn verdicts(case: &Path, provider: &str) -> BTreeMap<String, Map<String, Value>> {
    let nodes = GraphFile::read(case).nodes;
    let verdicts = nodes.into_iter().filter_map(|((label, id), properties)| {
        let (_, said) = id.split_once('|')?;
        let url = said.strip_prefix(&format!("{provider}|"))?.to_owned();
        (label == "Verdict").then_some((url, properties))
    });
    verdicts.collect()
}

fn states(verdicts: &BTreeMap<String, Map<String, Value>>) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for verdict in verdicts.values() {
        *states
            .entry(verdict["state"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    states
}

fn assert_whole(result: &Value) {
    let world = World::small();
    let summary = world.truth(&Query::of(&world)).summary.to_json();
    assert_eq!(result["summary"], summary);
}

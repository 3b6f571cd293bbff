//! The result of a load: one JSON object, or text for people that ends with the figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::case::Case;
use crate::cli::Global;
use crate::command::stored::Stored;
use crate::command::{push, suggested};
use crate::graph::summary::{counts, summarise};
use crate::http::Counts;
use crate::model::Source;
use crate::sink::neo4j::Counters;
use crate::terminal;

/// The heading of the notes.
pub(super) const NOTES: &str = "Good to know, and no gap (notes)";

pub(super) fn json(
    case: &Case,
    made: &Stored,
    requests: BTreeMap<Source, Counts>,
) -> serde_json::Result<String> {
    let (summary, entities) = summarise(&made.graph);
    let (nodes, edges) = counts(&made.graph);
    let named = requests.into_iter();
    let mut requests: BTreeMap<String, Counts> = named
        .map(|(source, counts)| (source.to_string(), counts))
        .collect();
    for source in [Source::Login, Source::Graph, Source::LogAnalytics] {
        requests.entry(source.to_string()).or_default();
    }
    // Only a stored graph can have gaps of sources that were not asked now.
    for gap in made.gaps.iter().chain(&made.notes) {
        requests.entry(gap.source.clone()).or_default();
    }
    let result = json!({
        "case": {"id": case.id(), "path": case.dir().to_string_lossy(), "window": case.manifest().window},
        "summary": summary,
        "entities": entities,
        "nodes": nodes,
        "edges": edges,
        "gaps": made.gaps,
        "notes": made.notes,
        "requests": requests,
    });
    serde_json::to_string_pretty(&result).map(|text| terminal::harmless(&text) + "\n")
}

/// Said after a sentence that found nothing in what is not whole.
const NO_PROOF: &str =
    "That is what could be read, and no proof that there is nothing: see what is missing above.\n";

pub(super) fn text(
    global: &Global,
    case: &Case,
    made: &Stored,
    counters: Option<&Counters>,
) -> String {
    let (summary, entities) = summarise(&made.graph);
    let mut text = String::new();
    list(&mut text, "Users who sent a risky url", &entities.users);
    list(
        &mut text,
        "Hosts that were warned or connected",
        &entities.hosts,
    );
    let defanged: Vec<String> = entities.urls.iter().map(|url| defang(url)).collect();
    list(&mut text, "Risky urls", &defanged);
    gaps(&mut text, NOTES, &made.notes);
    gaps(
        &mut text,
        "INCOMPLETE: the figures below lack the following (gaps)",
        &made.gaps,
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", summary.sentence);
    if summary.risky_urls == 0 && !made.gaps.is_empty() {
        text.push_str(NO_PROOF);
    }
    let _ = writeln!(
        text,
        "{} message(s) with {} url(s) read; {} risky url(s) only opened or clicked; {} user(s) opened or clicked a risky url; {} received one in a chat; {} reported one; {} host(s); {} alert(s)",
        summary.messages,
        summary.urls,
        summary.risky_urls_not_in_messages,
        summary.openers,
        summary.recipients,
        summary.reporters,
        summary.hosts,
        summary.alerts
    );
    let _ = writeln!(
        text,
        "Case {} in {}",
        case.id(),
        terminal::clean(&case.dir().display().to_string())
    );
    match counters {
        Some(counters) => {
            let _ = writeln!(text, "{}", push::describe(counters));
            let _ = writeln!(
                text,
                "Next: {}; {}",
                suggested::command(global, "hunt list"),
                suggested::command(global, &format!("hunt run summary -p case={}", case.id()))
            );
        }
        None => text.push_str("Neo4j: not written to\n"),
    }
    text
}

fn list(text: &mut String, title: &str, items: &[String]) {
    let _ = writeln!(text, "{title}: {}", items.len());
    for item in items {
        let _ = writeln!(text, "  {}", terminal::clean(item));
    }
    text.push('\n');
}

/// Writes a heading with the number of gaps or notes, and a line for each; writes nothing when there are none.
pub(super) fn gaps(text: &mut String, title: &str, gaps: &[impl ToString]) {
    if gaps.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}: {}", gaps.len());
    for gap in gaps {
        let _ = writeln!(text, "  {}", terminal::clean(&gap.to_string()));
    }
    text.push('\n');
}

fn defang(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| crate::link::defang(&url))
}

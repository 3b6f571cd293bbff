#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use proptest::prelude::*;

use super::*;
use crate::graph::node::{self, Case, Channel, Host, Team, User};
use crate::graph::schema::{Given, message};
use crate::graph::{Edge, EdgeType, Label, NodeRef, Seen};
use crate::model::{HostId, MatchKind, RecordNumber};

const CASE: &str = "01JC0NT0S0000000000000000A";

/// A graph of more than one frame, with a user, a channel and a url that are busy.
fn graph() -> Graph {
    let mut graph = Graph::new(CASE);
    let seen = Seen::in_record;
    let window = "2026-10-01T00:00:00Z".parse().unwrap();
    graph.put(
        Case {
            id: CASE.into(),
            started: window,
            finished: Some(window),
            window_from: window,
            window_to: window,
            version: "1".to_owned(),
            complete: true,
            gaps: Vec::new(),
            log_ends: Vec::new(),
        },
        Seen::default(),
    );
    let users: Vec<_> = (0..9)
        .map(|n| {
            let user = User {
                upn: Some(format!("User{n}@contoso.example")),
                name: Some(format!("Nümmer {}", n % 4)),
                ..User::by_id(&format!("{n:04}-aaaa"))
            };
            graph.put(user, seen(n + 1))
        })
        .collect();
    let hosts: Vec<_> = (0..30)
        .map(|n| {
            let name = format!("PC-{}.contoso.example", n / 2);
            graph.put(Host::new(&format!("D{n}"), &name).unwrap(), seen(n))
        })
        .collect();
    let team = Team {
        id: "T1".into(),
        name: Some("Sales".into()),
    };
    let team = graph.put(team, seen(1));
    let channels: Vec<_> = (0..3)
        .map(|n| {
            let channel = Channel {
                id: format!("19:C{n}@thread.tacv2").as_str().into(),
                name: Some("General".into()),
                membership: None,
            };
            let channel = graph.put(channel, seen(n + 2));
            graph.link(team, Edge::HasChannel, channel, seen(1));
            channel
        })
        .collect();
    let evil = "https://evil.example/a".parse().unwrap();
    let evil = graph.put(node::Url(evil), seen(3));
    for (n, host) in hosts.iter().enumerate() {
        let connected = Edge::ConnectedTo {
            matched: MatchKind::Host,
            sources: vec!["proxy".to_owned()],
            count: 1,
        };
        graph.link(*host, connected, evil, seen(n as u64));
    }
    for n in 0..700_usize {
        let channel = channels[n * n % 3];
        let id = format!("{}/{}", graph.node(channel).id, 1_700_000_000_000 + n);
        let given = Given::default()
            .with(message::SUBJECT, Some(format!("no {n}")))
            .with(message::WEB_URL, Some(format!("https://teams.example/{n}")));
        let record = n as RecordNumber + 10;
        let message = graph.put_parts(Label::Message, id, given.into_observed(), seen(record));
        // Most are of one user and contain one url.
        let user = users[if n % 8 == 0 { n % 9 } else { 7 }];
        graph.link(user, Edge::Sent { at: None }, message, seen(record));
        graph.see(user, seen(record));
        graph.link(message, Edge::PostedIn { at: None }, channel, seen(record));
        if n % 5 == 0 {
            graph.link(message, Edge::ReplyTo { at: None }, message, seen(record));
        }
        if n % 50 == 0 {
            let edge = Edge::Opened {
                count: 1,
                app: "teams.exe".to_owned(),
            };
            for record in 0..n {
                graph.link(user, edge.clone(), evil, seen(record as u64 + 1));
            }
        }
    }
    graph
}

fn written(graph: &Graph) -> (Vec<u8>, Vec<u8>) {
    let (mut stored, mut index) = (Vec::new(), Vec::new());
    write(graph, &mut stored, &mut index).unwrap();
    (stored, index)
}

fn canonical(graph: &Graph) -> Vec<u8> {
    let mut lines = Vec::new();
    jsonl::write(graph, &mut lines).unwrap();
    lines
}

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn open(stored: &[u8], index: &[u8]) -> Result<Indexed, IndexError> {
    Indexed::open(CASE, file(stored), file(index))
}

/// What the index says of a node: itself, its edges, and its records.
fn told(indexed: &mut Indexed, label: Label, id: &str) -> Result<String, IndexError> {
    indexed.read_named(&[id.to_owned()])?;
    let Some(node) = indexed.graph().find(label, id) else {
        return Ok("no such node".to_owned());
    };
    let records = indexed.records_of_node(node)?;
    let neighbours = indexed.neighbours(node)?;
    Ok(describe(indexed.graph(), node, &neighbours, records))
}

fn describe(
    graph: &Graph,
    node: NodeRef,
    neighbours: &[Neighbours],
    records: Option<Vec<RecordNumber>>,
) -> String {
    let data = graph.node(node);
    let facts = &data.facts;
    let neighbours: Vec<_> = neighbours
        .iter()
        .map(|known| {
            let first = graph.node(known.first);
            let Neighbours {
                kind, out, count, ..
            } = known;
            format!("{kind} {out} {count} {:?} {}", known.labels, first.id)
        })
        .collect();
    let records = records.unwrap_or_else(|| facts.evidence.numbers().collect());
    format!(
        "{} {} {:?} {neighbours:?} {records:?}",
        data.label,
        data.id,
        graph.stored(data)
    )
}

fn known(graph: &Graph, label: Label, id: &str) -> String {
    let node = graph.find(label, id).unwrap();
    describe(graph, node, &neighbours(graph, node), None)
}

#[test]
fn the_frames_are_the_canonical_lines() {
    let graph = graph();
    let (stored, index) = written(&graph);
    let lines = canonical(&graph);
    assert!(lines.iter().filter(|byte| **byte == b'\n').count() > 3 * LINES as usize);
    assert_eq!(zstd::stream::decode_all(stored.as_slice()).unwrap(), lines);
    assert_eq!(canonical(&read(CASE, stored.as_slice()).unwrap()), lines);
    assert_eq!(written(&graph), (stored, index), "the same bytes again");
}

#[test]
fn a_graph_that_was_read_is_stored_again_without_what_it_does_not_know() {
    let (stored, _) = written(&graph());
    let read = read(CASE, stored.as_slice()).unwrap();
    let (again, index) = written(&read);
    assert_eq!(again, stored);
    let mut indexed = open(&again, &index).unwrap();
    indexed.read_named(&["0007-aaaa".to_owned()]).unwrap();
    let user = indexed.graph().find(Label::User, "0007-aaaa").unwrap();
    assert_eq!(indexed.records_of_node(user).unwrap(), None);
    assert!(indexed.graph().node(user).facts.evidence.count() > 500);
}

#[test]
fn every_node_and_every_edge_is_found_as_in_the_whole_graph() {
    let graph = graph();
    let (stored, index) = written(&graph);
    for node in graph.nodes() {
        let mut indexed = open(&stored, &index).unwrap();
        let found = told(&mut indexed, node.label, &node.id).unwrap();
        assert_eq!(found, known(&graph, node.label, &node.id));
        for key in keys(node) {
            let numbers = indexed.read_named(&[key.text]).unwrap();
            assert!(numbers.iter().any(|number| {
                let found = indexed.node(*number).unwrap();
                let found = indexed.graph().node(found);
                (found.label, &found.id) == (node.label, &node.id)
            }));
        }
    }
    let mut indexed = open(&stored, &index).unwrap();
    for whole in graph.edges() {
        let (from, edge, to) = whole;
        let ends = [from, to].map(|end| {
            let mut number = indexed.read_named(std::slice::from_ref(&end.id)).unwrap();
            number.retain(|number| {
                let found = indexed.node(*number).unwrap();
                indexed.graph().node(found).label == end.label
            });
            number
        });
        indexed.read_between(&ends[0], &ends[1]).unwrap();
        let [from, to] = [from, to].map(|end| indexed.graph().find(end.label, &end.id).unwrap());
        let part = indexed.graph();
        let read = part.edge(from, edge.kind, to).unwrap();
        let (kind, ends) = (read.kind, [from, to].map(|end| part.node(end)));
        let stored = part.stored((ends[0], read, ends[1]));
        assert_eq!(stored, graph.stored(whole));
        let records = indexed.records_of_edge(from, kind, to).unwrap();
        let all: Vec<_> = edge.facts.evidence.numbers().collect();
        let few: Vec<_> = all.iter().copied().take(20).collect();
        assert_eq!(records.unwrap_or(few), all);
    }
    assert_eq!(indexed.graph().edge_count(), graph.edge_count());
}

#[test]
fn the_edges_to_a_node_are_those_of_the_whole_graph() {
    let graph = graph();
    let (stored, index) = written(&graph);
    let mut indexed = open(&stored, &index).unwrap();
    let evil = "https://evil.example/a".to_owned();
    indexed.read_named(std::slice::from_ref(&evil)).unwrap();
    let node = indexed.graph().find(Label::Url, &evil).unwrap();
    indexed.read_sources(node, EdgeType::ConnectedTo).unwrap();
    assert_eq!(indexed.graph().edge_count(), 30);
    let mut hosts = BTreeSet::new();
    indexed
        .each_node(Label::Host, &mut |host| hosts.insert(host.id.clone()))
        .unwrap();
    let known = (0..30).map(|n| HostId::device(&format!("d{n}")).to_string());
    assert_eq!(hosts, known.collect());
    let mut first = 0;
    indexed
        .each_node(Label::Message, &mut |_| {
            first += 1;
            first < 3
        })
        .unwrap();
    assert_eq!(first, 3, "it stops when told");
}

/// An index that can be opened at all gives the answers of the whole graph, or says that it cannot.
fn is_refused_or_right(stored: &[u8], index: &[u8], right: &[(Label, String, String)]) -> bool {
    let Ok(mut indexed) = open(stored, index) else {
        return true;
    };
    right.iter().all(|(label, id, known)| {
        let told = told(&mut indexed, *label, id);
        told.is_err() || told.is_ok_and(|told| told == *known)
    })
}

/// A stored graph, its index, and what is known of some of its nodes.
type Known = (Vec<u8>, Vec<u8>, Vec<(Label, String, String)>);

fn right() -> Known {
    let graph = graph();
    let (stored, index) = written(&graph);
    let asked = [
        (Label::User, "0007-aaaa"),
        (Label::Url, "https://evil.example/a"),
        (Label::Channel, "19:C0@thread.tacv2"),
    ];
    let right = asked.map(|(label, id)| (label, id.to_owned(), known(&graph, label, id)));
    (stored, index, right.to_vec())
}

#[test]
fn what_is_cut_short_or_of_another_graph_is_refused() {
    let (stored, index, right) = right();
    assert!(is_refused_or_right(&stored, &index, &right));
    for length in 0..index.len() {
        assert!(open(&stored, &index[..length]).is_err(), "{length}");
    }
    for length in (0..stored.len()).step_by(7) {
        assert!(open(&stored[..length], &index).is_err(), "{length}");
    }
    let mut other = graph();
    let ann = other.put(User::by_id("0007-aaaa"), Seen::in_record(99_999));
    other.see(ann, Seen::in_record(100_000));
    let (_, of_other) = written(&other);
    assert!(is_refused_or_right(&stored, &of_other, &right));
    for empty in [&[][..], b"x"] {
        assert!(open(&stored, empty).is_err());
        assert!(open(empty, &index).is_err());
    }
}

#[test]
fn an_index_of_another_version_says_so() {
    let (stored, mut index, _) = right();
    let last = index.len() - 1;
    index[last] = b'1';
    assert!(matches!(open(&stored, &index), Err(IndexError::Version)));
}

#[test]
fn a_graph_without_anything_is_a_graph() {
    let empty = Graph::new(CASE);
    let (stored, index) = written(&empty);
    assert_eq!(read(CASE, stored.as_slice()).unwrap().node_count(), 0);
    let mut indexed = open(&stored, &index).unwrap();
    assert!(indexed.read_named(&["x".to_owned()]).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_never_give_a_wrong_answer(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..4),
        of_index: bool,
    ) {
        static RIGHT: std::sync::LazyLock<Known> = std::sync::LazyLock::new(right);
        let (mut stored, mut index, right) = RIGHT.clone();
        for (at, flip) in flips {
            let bytes = if of_index { &mut index } else { &mut stored };
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        prop_assert!(is_refused_or_right(&stored, &index, &right));
    }
}

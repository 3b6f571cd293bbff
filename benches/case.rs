//! How fast a case is read back and its graph is built and written.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod synthetic;

use std::collections::BTreeMap;
use std::hint::black_box;

use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use linktrail::graph::jsonl;
use linktrail::journal::{Answer, Request};
use linktrail::journal::{JournalReader, JournalWriter};
use linktrail::model::Source;

/// Records of a page of fifty messages each.
const RECORDS: usize = 500;
const MESSAGES: usize = 20_000;

fn journal(c: &mut Criterion) {
    let folder = tempfile::TempDir::new().unwrap();
    let page: String = (0..50)
        .map(|n| format!(r#"{{"id":"16{n:011}","messageType":"message","body":{{"contentType":"html","content":"<p>The minutes of {n} are at https://files.contoso.com/{n}</p>"}}}}"#))
        .collect();
    let at: DateTime<Utc> = "2026-10-01T00:00:00Z".parse().unwrap();
    {
        let journal = JournalWriter::open(folder.path(), "BENCH").unwrap();
        for n in 0..RECORDS {
            let request = Request::file(Source::Graph, &format!("page/{n}")).unwrap();
            let answer = Answer::Response {
                status: 200,
                headers: BTreeMap::new(),
                body: page.clone(),
            };
            journal.append(&request, at, answer).unwrap();
        }
    }
    let mut group = c.benchmark_group("journal");
    group.sample_size(20);
    group.throughput(Throughput::Bytes((RECORDS * page.len()) as u64));
    group.bench_function("open, which reads and checks every record", |b| {
        b.iter(|| {
            JournalReader::open(black_box(folder.path()), "BENCH", None)
                .unwrap()
                .records()
        });
    });
    let journal = JournalReader::open(folder.path(), "BENCH", None).unwrap();
    let requests: Vec<_> = (0..RECORDS)
        .map(|n| Request::file(Source::Graph, &format!("page/{n}")).unwrap())
        .collect();
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("find every record", |b| {
        b.iter(|| {
            requests
                .iter()
                .filter(|request| journal.find(request).unwrap().is_some())
                .count()
        });
    });
    group.finish();
}

fn graph(c: &mut Criterion) {
    let built = synthetic::graph("BENCH", MESSAGES);
    let items = (built.node_count() + built.edge_count()) as u64;
    let mut group = c.benchmark_group("graph");
    group.sample_size(20);
    group.throughput(Throughput::Elements(items));
    group.bench_function("build", |b| {
        b.iter(|| synthetic::graph("BENCH", black_box(MESSAGES)))
    });
    group.bench_function("write graph.jsonl", |b| {
        b.iter(|| jsonl::write(black_box(&built), std::io::sink()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, journal, graph);
criterion_main!(benches);

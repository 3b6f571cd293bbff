//! An answer of Log Analytics to each query: no panic, and what went wrong is told.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use linktrail::source::logs::{Place, Query};
use linktrail::source::logs::Rows;
use linktrail::journal::{Answer, Exchange};

fuzz_target!(|input: (u16, &str)| {
    let (status, body) = input;
    let exchange = Exchange {
        record: 1,
        at: chrono::DateTime::UNIX_EPOCH,
        answer: Answer::Response {
            status,
            headers: BTreeMap::new(),
            body: body.to_owned(),
        },
    };
    for query in Query::ALL {
        let rows = Rows::of(Place::Workspace, query, &exchange);
        if status != 200 {
            assert!(rows.rows.is_empty() && !rows.problems.is_empty());
        }
        for problem in &rows.problems {
            assert!(!problem.to_string().is_empty());
        }
        for row in &rows.rows {
            for column in ["TimeGenerated", "Url", "x", ""] {
                row.text(column);
                row.time(column);
                row.integer(column);
                row.number(column);
                row.boolean(column);
            }
            row.identity();
        }
    }
});

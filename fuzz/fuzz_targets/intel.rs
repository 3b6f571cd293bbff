//! An answer of each provider: no panic, and nothing but an answer is clean.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use linktrail::intel::{PROVIDERS, Provider, Setup, State};
use linktrail::journal::{Answer, Exchange};
use url::Url;

static ALL: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let build = |spec: &&linktrail::intel::Spec| (spec.build)(&Setup::default());
    PROVIDERS
        .iter()
        .map(|spec| build(spec).expect("a provider"))
        .collect()
});

fuzz_target!(|input: (u16, &str)| {
    let (status, body) = input;
    let url = Url::parse("https://login.evil.example/a?b=c").expect("a url");
    let exchange = Exchange {
        record: 1,
        at: chrono::DateTime::UNIX_EPOCH,
        answer: Answer::Response {
            status,
            headers: BTreeMap::new(),
            body: body.to_owned(),
        },
    };
    for provider in ALL.iter() {
        let Provider::Service(service) = provider else {
            continue;
        };
        let verdict = service.parse_answer(&url, &exchange);
        if status != 200 {
            assert_ne!(verdict.state, State::Clean, "{} {status}", provider.name());
            assert_ne!(verdict.state, State::Hit, "{} {status}", provider.name());
        }
    }
});

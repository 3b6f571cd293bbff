//! Threat intelligence: what every answer means, what is sent for it, and what never is.

mod answers;
mod lists;
mod memory;
mod privacy;
mod requests;
mod secrets;

use std::collections::BTreeMap;

use chrono::{TimeZone, Utc};
use linktrail::intel::{self, List, Lookup, Provider, Setup, Verdict};
use linktrail::journal::{Answer, Exchange};
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn setup() -> Setup {
    let secrets = [
        "LINKTRAIL_OTX_KEY",
        "LINKTRAIL_XFORCE_KEY",
        "LINKTRAIL_XFORCE_PASSWORD",
        "LINKTRAIL_URLHAUS_KEY",
        "LINKTRAIL_VIRUSTOTAL_KEY",
    ];
    Setup {
        secrets: secrets
            .map(|name| (name.to_owned(), format!("value of {name}").into()))
            .into(),
        ..Setup::default()
    }
}

fn provider(name: &str) -> Provider {
    (intel::spec(name).unwrap().build)(&setup()).unwrap()
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    exchange(Answer::Response {
        status,
        headers: headers.collect::<BTreeMap<_, _>>(),
        body: body.to_owned(),
    })
}

fn exchange(answer: Answer) -> Exchange {
    Exchange {
        record: 1,
        at: Utc.with_ymd_and_hms(2026, 10, 31, 12, 0, 0).unwrap(),
        answer,
    }
}

fn read(name: &str, exchange: &Exchange) -> Verdict {
    match provider(name) {
        Provider::Service(service) => {
            service.parse_answer(&url("https://evil.example/a"), exchange)
        }
        other => panic!("no service: {other:?}"),
    }
}

/// The provider `file` with lists of those names and texts.
fn file(lists: &[(&str, &str)]) -> Result<Provider, intel::SetupError> {
    let lists = lists.iter().map(|(name, text)| List {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    });
    let setup = Setup {
        lists: lists.collect(),
        ..Setup::default()
    };
    (intel::spec("file").unwrap().build)(&setup)
}

fn look_up(provider: &Provider, url: &str) -> Option<Verdict> {
    match provider.look_up(url) {
        Lookup::Known(verdict) => Some(verdict),
        Lookup::NotNamed => None,
        other => panic!("sent: {other:?}"),
    }
}

//! The list of all providers, and `[intel] limits`, which refers to them by name.

use std::collections::BTreeMap;

use super::defender;
use super::file::{self, Lists};
use super::provider::{Provider, Spec};
use super::rate::{Period, Rate, RateError};
use super::sentinel::{self, WorkspaceIndicators};
use super::{otx, urlhaus, virustotal, xforce};

/// All providers. A new service needs a file of its own and a line here.
pub const PROVIDERS: &[&Spec] = &[
    &DEFENDER,
    &otx::SPEC,
    &xforce::SPEC,
    &WORKSPACE,
    &urlhaus::SPEC,
    &virustotal::SPEC,
    &LISTS,
];

const DEFENDER: Spec = Spec {
    name: defender::DEFENDER,
    endpoint: None,
    secrets: &[],
    rates: &[],
    build: |_| Ok(Provider::Defender),
};

const WORKSPACE: Spec = Spec {
    name: sentinel::NAME,
    endpoint: None,
    secrets: &[],
    rates: &[],
    build: |setup| {
        Ok(Provider::Workspace(WorkspaceIndicators {
            since: setup.since,
        }))
    },
};

const LISTS: Spec = Spec {
    name: file::NAME,
    endpoint: None,
    secrets: &[],
    rates: &[],
    build: |setup| Ok(Provider::List(Lists::new(&setup.lists, setup.since)?)),
};

/// The provider with this name; `None` when there is none.
pub fn spec(name: &str) -> Option<&'static Spec> {
    PROVIDERS.iter().copied().find(|spec| spec.name == name)
}

/// True when the provider that reads the user's own lists is among these.
pub fn reads_lists(providers: &[String]) -> bool {
    providers.iter().any(|name| name == file::NAME)
}

/// Parses `[intel] limits`: lines such as `virustotal 1000/minute`. The limits of a provider replace all that it
/// publishes.
///
/// # Errors
/// When a line is not `PROVIDER COUNT/PERIOD`.
pub fn limits<S: AsRef<str>>(lines: &[S]) -> Result<BTreeMap<String, Vec<Rate>>, RateError> {
    let mut limits: BTreeMap<String, Vec<Rate>> = BTreeMap::new();
    for line in lines {
        let line = line.as_ref();
        let (provider, rate) = parse_limit(line).ok_or_else(|| RateError(line.to_owned()))?;
        limits.entry(provider.to_owned()).or_default().push(rate);
    }
    Ok(limits)
}

fn parse_limit(line: &str) -> Option<(&str, Rate)> {
    let (provider, rate) = line.trim().split_once(char::is_whitespace)?;
    let (count, per) = rate.split_once('/')?;
    let count = count.trim().parse().ok().filter(|count| *count > 0)?;
    let per = match per.trim() {
        "second" => Period::Second,
        "minute" => Period::Minute,
        "hour" => Period::Hour,
        "day" => Period::Day,
        "month" => Period::Month,
        _ => return None,
    };
    // Only services have limits.
    spec(provider).filter(|spec| spec.endpoint.is_some())?;
    Some((provider, Rate { count, per }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_by_provider() {
        let read = limits(&["virustotal 1000/minute", " virustotal  20000 / day "]).unwrap();
        assert_eq!(read["virustotal"], [Rate::minute(1000), Rate::day(20_000)]);
        for line in [
            "",
            "virustotal",
            "virustotal 5",
            "virustotal 5/week",
            "virustotal 0/day",
            "virustotal -1/day",
            "virustotal 4294967296/day",
            "nobody 5/day",
            "file 5/day",
            "sentinel 5/day",
        ] {
            let error = limits(&[line]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{line}`")), "{error}");
        }
    }
}

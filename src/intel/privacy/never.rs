//! `intel.never_send`: hosts and paths that are never sent to a provider.

use percent_encoding::percent_decode_str;
use regex::{Regex, RegexBuilder};
use url::Host;

use super::error::PrivacyError;

/// The patterns: hosts, each with a pattern of paths or with all paths.
#[derive(Debug, Clone, Default)]
pub(super) struct Never {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// The pattern as it was written.
    written: String,
    host: Regex,
    /// `None` when every path matches.
    path: Option<Regex>,
}

impl Never {
    /// Adds a pattern: a host, or a host and a path, in which `*` matches any text.
    pub(super) fn add(&mut self, written: &str) -> Result<(), PrivacyError> {
        let pattern = parse(written.trim()).map_err(|what| PrivacyError::Pattern {
            pattern: written.to_owned(),
            what,
        })?;
        self.patterns.push(pattern);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// True when a pattern has this host, whatever its path.
    pub(super) fn has_host(&self, host: &Host<&str>) -> bool {
        let host = name(host);
        self.patterns
            .iter()
            .any(|pattern| pattern.host.is_match(&host))
    }

    /// The pattern that a host and path match. The path is compared both as it is and percent-decoded, since both
    /// spellings lead to the same page.
    pub(super) fn find(&self, host: &Host<&str>, path: &str) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let host = name(host);
        let plain = percent_decode_str(path).decode_utf8_lossy();
        let found = self.patterns.iter().find(|pattern| {
            let fits = |regex: &Regex| regex.is_match(path) || regex.is_match(&plain);
            pattern.host.is_match(&host) && pattern.path.as_ref().is_none_or(fits)
        });
        found.map(|pattern| pattern.written.as_str())
    }
}

fn name(host: &Host<&str>) -> String {
    host.to_string().trim_end_matches('.').to_ascii_lowercase()
}

fn parse(written: &str) -> Result<Pattern, &'static str> {
    if written.is_empty() {
        return Err("is empty");
    }
    if written.contains("://") {
        return Err("has a scheme; leave it out, since any will do");
    }
    if written.contains(|c: char| c.is_whitespace() || c.is_control() || "?#@\\".contains(c)) {
        return Err("holds what is neither host nor path; a query and a user have no part in it");
    }
    let (host, path) = match written.find('/') {
        Some(slash) => (&written[..slash], Some(&written[slash..])),
        None => (written, None),
    };
    if host.is_empty() {
        return Err("has no host; write `*` for any");
    }
    let bracketed = host.starts_with('[') && host.ends_with(']');
    if host.contains(':') && !bracketed {
        return Err("has a port; leave it out, since any will do");
    }
    // The hosts of urls are in punycode.
    let labels: Option<Vec<String>> = host
        .trim_end_matches('.')
        .split('.')
        .map(|label| match label.is_ascii() {
            true => Some(label.to_ascii_lowercase()),
            false => idna::domain_to_ascii(label).ok(),
        })
        .collect();
    let host = labels.ok_or("has a host that is none")?.join(".");
    Ok(Pattern {
        written: written.to_owned(),
        host: glob(&host)?,
        path: path.map(glob).transpose()?,
    })
}

fn glob(pattern: &str) -> Result<Regex, &'static str> {
    let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
    RegexBuilder::new(&format!("^{}$", parts.join(".*")))
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .build()
        .map_err(|_| "is too long")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn never(patterns: &[&str]) -> Never {
        let mut never = Never::default();
        for pattern in patterns {
            never.add(pattern).unwrap();
        }
        never
    }

    fn matches(never: &Never, url: &str) -> bool {
        let url = url::Url::parse(url).unwrap();
        never.find(&url.host().unwrap(), url.path()).is_some()
    }

    #[test]
    fn a_pattern_is_a_host_and_perhaps_a_path() {
        for (pattern, inside, outside) in [
            (
                "partner.example",
                &[
                    "https://partner.example/",
                    "http://PARTNER.example.:8443/a?b",
                ][..],
                &["https://www.partner.example/", "https://xpartner.example/"][..],
            ),
            (
                "*.partner.example",
                &["https://a.b.partner.example/x"],
                &["https://partner.example/", "https://partner.example.net/"],
            ),
            (
                "*partner.example/hr/*",
                &[
                    "https://www.partner.example/hr/x/y",
                    "https://partner.example/%68r/x",
                    "https://partner.example/HR/",
                ],
                &["https://partner.example/", "https://partner.example/hr"],
            ),
            (
                "*/invoices/*",
                &["https://any.example/invoices/7"],
                &["https://any.example/a/invoices/7"],
            ),
            (
                "bücher.example",
                &["https://xn--bcher-kva.example/", "https://BÜCHER.example/a"],
                &["https://bucher.example/"],
            ),
            (
                "[2001:db8::7]",
                &["https://[2001:db8::7]:81/"],
                &["https://[2001:db8::8]/"],
            ),
            (
                "203.0.113.*",
                &["http://203.0.113.7/"],
                &["http://203.0.11.3/"],
            ),
            ("*", &["http://203.0.113.7/", "https://a.example/"], &[]),
        ] {
            let never = never(&[pattern]);
            for url in inside {
                assert!(matches(&never, url), "{pattern}: {url}");
            }
            for url in outside {
                assert!(!matches(&never, url), "{pattern}: {url}");
            }
        }
        assert!(!matches(&Never::default(), "https://a.example/"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in [
            "",
            " ",
            "https://partner.example/",
            "/hr/",
            "a b.example",
            "partner.example?x",
            "partner.example:443",
            "bob@partner.example",
            "partner.example/#x",
        ] {
            assert!(Never::default().add(pattern).is_err(), "{pattern}");
        }
        assert!(Never::default().add(&"é".repeat(1_000_000)).is_err());
    }
}

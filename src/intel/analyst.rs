//! The analyst, who names urls malicious or benign on the command line.

use std::collections::HashSet;

use url::Url;

use super::verdict::{Severity, Verdict};
use crate::link;

/// The name of the analyst among the providers.
pub const ANALYST: &str = "analyst";

/// What the analyst named. It outranks no provider's verdict, which stands beside it, but a url that the analyst named
/// benign is not risky.
#[derive(Debug, Default)]
pub struct Analyst {
    malicious: HashSet<Url>,
    benign: HashSet<Url>,
    benign_hosts: HashSet<String>,
}

/// A url, or a host with all urls on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A url.
    Url(Url),
    /// A host, as urls have it: in lower case and in punycode.
    Host(String),
}

impl Named {
    /// Parses a url or a bare host, defanged or not; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_host = |url: &Url| {
            let rest = [
                url.path(),
                url.query().unwrap_or_default(),
                url.fragment().unwrap_or_default(),
            ];
            rest == ["/", "", ""] && url.port().is_none() && url.username().is_empty()
        };
        if !text.contains(['/', ':', '?', '#', '@'])
            && let Some((url, _)) = link::canonical(&format!("https://{text}"))
            && is_host(&url)
        {
            return url.host_str().map(|host| Self::Host(host.to_owned()));
        }
        let (url, _) = link::canonical(text)?;
        Some(Self::Url(url))
    }
}

impl Analyst {
    /// What these texts name. A text that is no url, and for `benign` no host either, is left out: `load` refuses it
    /// before.
    pub fn new(malicious: &[String], benign: &[String]) -> Self {
        let malicious = malicious.iter();
        let malicious = malicious.filter_map(|text| link::canonical(text).map(|(url, _)| url));
        let mut named = Self {
            malicious: malicious.collect(),
            ..Self::default()
        };
        for text in benign {
            match Named::parse(text) {
                Some(Named::Url(url)) => {
                    named.benign.insert(url);
                }
                Some(Named::Host(host)) => {
                    named.benign_hosts.insert(host);
                }
                None => {}
            }
        }
        named
    }

    /// A url that is named malicious, and benign by itself or by its host: nobody can know what is meant.
    pub fn contradiction(&self) -> Option<&Url> {
        let mut urls: Vec<&Url> = self.malicious.iter().collect();
        urls.sort();
        urls.into_iter().find(|url| self.is_benign(url))
    }

    /// True when the url, or its host, is named benign.
    pub fn is_benign(&self, url: &Url) -> bool {
        let is_host = |host| self.benign_hosts.contains(host);
        self.benign.contains(url) || url.host_str().is_some_and(is_host)
    }

    /// The verdict on a url; `None` when the analyst did not name it.
    pub fn judge(&self, url: &Url) -> Option<Verdict> {
        if self.malicious.contains(url) {
            return Some(Verdict::rated(Severity::High, "named malicious by hand"));
        }
        let benign = self.is_benign(url);
        benign.then(|| Verdict::rated(Severity::Information, "named benign by hand"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;

    fn analyst(malicious: &[&str], benign: &[&str]) -> Analyst {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let (malicious, benign): (Vec<String>, Vec<String>) = (texts(malicious), texts(benign));
        Analyst::new(&malicious, &benign)
    }

    fn state(analyst: &Analyst, url: &str) -> Option<State> {
        let verdict = analyst.judge(&Url::parse(url).unwrap());
        verdict.map(|verdict| verdict.state)
    }

    #[test]
    fn a_host_or_a_url_is_named_in_any_spelling() {
        let host = |host: &str| Some(Named::Host(host.to_owned()));
        for text in [
            "evil.example",
            "EVIL.example",
            "evil[.]example",
            " evil.example ",
        ] {
            assert_eq!(Named::parse(text), host("evil.example"), "{text}");
        }
        assert_eq!(Named::parse("192.0.2.7"), host("192.0.2.7"));
        assert_eq!(
            Named::parse("bücher.example"),
            host("xn--bcher-kva.example")
        );
        let url = |url: &str| Some(Named::Url(Url::parse(url).unwrap()));
        for text in [
            "https://evil.example/",
            "hxxps://evil[.]example",
            "https://evil.example",
        ] {
            assert_eq!(Named::parse(text), url("https://evil.example/"), "{text}");
        }
        for text in ["", "two words", "mailto:a@b.example", "javascript:alert(1)"] {
            assert_eq!(Named::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_is_named_has_a_verdict() {
        let analyst = analyst(
            &["hxxps://evil[.]example/a"],
            &["good.example", "https://half.example/x"],
        );
        for (url, expected) in [
            ("https://evil.example/a", Some(State::Hit)),
            ("https://evil.example/b", None),
            ("https://good.example/any?q=1", Some(State::Clean)),
            ("http://good.example:8080/", Some(State::Clean)),
            ("https://sub.good.example/", None),
            ("https://half.example/x", Some(State::Clean)),
            ("https://half.example/y", None),
        ] {
            assert_eq!(state(&analyst, url), expected, "{url}");
        }
        assert_eq!(analyst.contradiction(), None);
    }

    #[test]
    fn a_url_cannot_be_both() {
        for benign in ["evil.example", "https://evil.example/a"] {
            let analyst = analyst(&["https://evil.example/a"], &[benign]);
            assert!(analyst.contradiction().is_some(), "{benign}");
        }
    }
}

//! The domain that a host belongs to, and the terms by which hosts are searched for in logs.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Position, Url};

/// A registered domain, or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Domain {
    /// The registrable domain in punycode and lower case. For an IP address it is the address without brackets, and for
    /// a host without a registrable part (a single label, a public suffix) the host itself.
    pub registrable: String,
    /// The Unicode form, if it differs.
    pub unicode: Option<String>,
    /// The public suffix, if it is on the Public Suffix List, which includes private ones such as `github.io`. A name
    /// without one is not on the internet: a single label, `.local`, `.corp`.
    pub suffix: Option<String>,
}

impl Domain {
    /// True for a name below a suffix, whether that is on the Public Suffix List or not; false for an address, a single
    /// label and a public suffix itself.
    pub fn is_below_suffix(&self) -> bool {
        self.registrable.parse::<IpAddr>().is_err()
            && self.registrable.contains('.')
            && self.suffix.as_ref() != Some(&self.registrable)
    }
}

/// The domain of a url; `None` when the url has no host.
pub fn domain(url: &Url) -> Option<Domain> {
    let host = match url.host()? {
        Host::Domain(host) => host.trim_end_matches('.').to_ascii_lowercase(),
        Host::Ipv4(address) => return Some(address_as_domain(address.to_string())),
        Host::Ipv6(address) => return Some(address_as_domain(address.to_string())),
    };
    let registrable = psl::domain_str(&host).unwrap_or(&host).to_owned();
    let suffix = psl::suffix(host.as_bytes())
        .filter(psl::Suffix::is_known)
        .and_then(|suffix| Some(std::str::from_utf8(suffix.as_bytes()).ok()?.to_owned()));
    let unicode = unicode(&registrable);
    Some(Domain {
        registrable,
        unicode,
        suffix,
    })
}

/// True for a domain right below a public suffix, and for every name below such a domain.
pub fn is_registrable(name: &str) -> bool {
    idna::domain_to_ascii_strict(name).is_ok_and(|name| {
        psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
            && psl::domain(name.as_bytes()).is_some()
    })
}

fn address_as_domain(registrable: String) -> Domain {
    Domain {
        registrable,
        unicode: None,
        suffix: None,
    }
}

/// The Unicode form of a host, if it differs.
fn unicode(host: &str) -> Option<String> {
    let (unicode, valid) = idna::domain_to_unicode(host);
    (valid.is_ok() && unicode != host).then_some(unicode)
}

/// True when the host is below a suffix of the Public Suffix List, or is itself one of its private suffixes, which are
/// hosts below a registry's suffix (`github.io`). The names that RFC 2606 reserves for documentation and tests count as
/// well, so that examples behave like real hosts.
pub(crate) fn has_public_suffix(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let below = psl::domain(host.as_bytes()).is_some_and(|domain| domain.suffix().is_known());
    let private = psl::suffix(host.as_bytes())
        .is_some_and(|suffix| suffix == host && suffix.typ() == Some(psl::Type::Private));
    let known = below || private;
    let reserved = host
        .rsplit_once('.')
        .is_some_and(|(_, last)| matches!(last, "example" | "test"));
    known || reserved
}

/// True when `host` is `domain` or a host below it.
pub(crate) fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The part of a host before its first dot.
pub(crate) fn first_label(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

/// The last two labels of a host: a quick way to rule out most services by comparison with a constant.
pub(crate) fn last_two_labels(host: &str) -> &str {
    let bytes = host.as_bytes();
    let dot = |end: usize| bytes[..end].iter().rposition(|&b| b == b'.');
    let start = dot(host.len()).and_then(dot).map_or(0, |dot| dot + 1);
    &host[start..]
}

/// The forms in which a log may hold the host of a url, in lower case: punycode, and Unicode if it differs. IPv6
/// addresses have no brackets here, so that a search finds them with and without.
pub fn host_search_terms(url: &Url) -> Vec<String> {
    match url.host() {
        Some(Host::Domain(host)) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let unicode = unicode(&host).map(|host| host.to_lowercase());
            [host].into_iter().chain(unicode).collect()
        }
        Some(Host::Ipv4(address)) => vec![address.to_string()],
        Some(Host::Ipv6(address)) => vec![address.to_string()],
        None => Vec::new(),
    }
}

/// The forms in which a log may hold host and path of a url. On a shared service the host alone says nothing, so the
/// log is searched for these. Each form of the host is combined with the port, which may be left out if it is the
/// default, and with the path, encoded and decoded. Query, fragment and final slash are left out.
pub fn path_search_terms(url: &Url) -> Vec<String> {
    let path = url[Position::BeforePath..Position::AfterPath].trim_end_matches('/');
    let mut paths = vec![path.to_owned()];
    if let Ok(decoded) = percent_decode_str(path).decode_utf8()
        && decoded != path
        && !decoded.chars().any(char::is_control)
    {
        paths.push(decoded.into_owned());
    }
    let ports = match (url.port(), url.port_or_known_default()) {
        (Some(port), _) => vec![format!(":{port}")],
        (None, Some(port)) => vec![String::new(), format!(":{port}")],
        (None, None) => vec![String::new()],
    };
    let mut terms = Vec::new();
    for host in host_search_terms(url) {
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        };
        for port in &ports {
            terms.extend(paths.iter().map(|path| format!("{host}{port}{path}")));
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_private_suffix_is_a_host_itself() {
        for host in [
            "github.io",
            "de.com",
            "github.io.",
            "evil.github.io",
            "evil.com",
        ] {
            assert!(has_public_suffix(host), "{host}");
        }
        for host in ["com", "co.uk", "printer", "fin.corp", ""] {
            assert!(!has_public_suffix(host), "{host}");
        }
    }

    #[test]
    fn domains() {
        for (text, registrable, unicode, suffix) in [
            (
                "https://a.b.Evil-Login.com/",
                "evil-login.com",
                None,
                Some("com"),
            ),
            ("https://a.evil.co.uk./", "evil.co.uk", None, Some("co.uk")),
            (
                "https://evil.github.io/",
                "evil.github.io",
                None,
                Some("github.io"),
            ),
            ("https://github.io/", "github.io", None, Some("github.io")),
            (
                "https://a.bücher.com/",
                "xn--bcher-kva.com",
                Some("bücher.com"),
                Some("com"),
            ),
            (
                "https://a.xn--p1ai/",
                "a.xn--p1ai",
                Some("a.рф"),
                Some("xn--p1ai"),
            ),
            ("https://a.evil.example/", "evil.example", None, None),
            ("http://intranet/", "intranet", None, None),
            ("http://srv.contoso.local/", "contoso.local", None, None),
            ("http://192.0.2.7:8080/", "192.0.2.7", None, None),
            ("http://[2001:DB8::7]/", "2001:db8::7", None, None),
        ] {
            let expected = Domain {
                registrable: registrable.into(),
                unicode: unicode.map(Into::into),
                suffix: suffix.map(Into::into),
            };
            assert_eq!(domain(&url(text)), Some(expected), "{text}");
        }
        assert_eq!(domain(&url("mailto:a@b.example")), None);
    }

    #[test]
    fn names_below_a_suffix() {
        for (text, below) in [
            ("https://a.evil.co.uk/", true),
            ("https://evil.github.io/", true),
            ("http://srv.contoso.local/", true),
            ("https://github.io/", false),
            ("http://intranet/", false),
            ("http://192.0.2.7/", false),
            ("http://[::ffff:192.0.2.7]/", false),
        ] {
            assert_eq!(
                domain(&url(text)).unwrap().is_below_suffix(),
                below,
                "{text}"
            );
        }
    }

    #[test]
    fn search_terms_of_hosts() {
        assert_eq!(
            host_search_terms(&url("https://EVIL.example./a")),
            ["evil.example"]
        );
        assert_eq!(
            host_search_terms(&url("https://bücher.example/")),
            ["xn--bcher-kva.example", "bücher.example"]
        );
        assert_eq!(
            host_search_terms(&url("http://[2001:db8::1]:80/")),
            ["2001:db8::1"]
        );
        assert_eq!(host_search_terms(&url("http://192.0.2.1/")), ["192.0.2.1"]);
    }

    #[test]
    fn search_terms_of_paths() {
        assert_eq!(
            path_search_terms(&url("https://contoso.sharepoint.com/sites/a%20b/?x=1#y")),
            [
                "contoso.sharepoint.com/sites/a%20b",
                "contoso.sharepoint.com/sites/a b",
                "contoso.sharepoint.com:443/sites/a%20b",
                "contoso.sharepoint.com:443/sites/a b",
            ]
        );
        assert_eq!(
            path_search_terms(&url("http://evil.example:8080/A")),
            ["evil.example:8080/A"]
        );
        assert_eq!(
            path_search_terms(&url("http://[::1]/a")),
            ["[::1]/a", "[::1]:80/a"]
        );
        assert_eq!(
            path_search_terms(&url("https://evil.example/")),
            ["evil.example", "evil.example:443"]
        );
        assert_eq!(
            path_search_terms(&url("https://bücher.example/a")),
            [
                "xn--bcher-kva.example/a",
                "xn--bcher-kva.example:443/a",
                "bücher.example/a",
                "bücher.example:443/a",
            ]
        );
    }
}

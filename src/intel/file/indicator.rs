//! Parses a single indicator: refangs and normalises it to a key by which urls can be looked up.

use std::fmt;

use url::{Host, Url};

use crate::intel::clip::clip;

/// A key that an indicator and every url that matches it have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::intel) enum Key {
    /// A normalised url, without user and password.
    Url(String),
    /// A url without its scheme, starting with `//`.
    AnyScheme(String),
    /// A host with a port, and any path.
    Port(String, u16),
    /// A domain in punycode, including its subdomains; or an address.
    Host(String),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::AnyScheme(rest) => f.write_str(rest.trim_start_matches('/')),
            Self::Port(host, port) => write!(f, "{host}:{port}"),
            Self::Host(host) => f.write_str(host),
        }
    }
}

/// The result of parsing an indicator.
#[derive(Debug, PartialEq)]
pub(in crate::intel) enum Indicator {
    /// Something that a url can match.
    Key(Key),
    /// An indicator of a kind that no url can match.
    Other,
}

/// Parses an indicator. The error says what is wrong with it.
pub(in crate::intel) fn parse(written: &str) -> Result<Indicator, String> {
    let text = refang(written.trim());
    if is_other(&text) {
        return Ok(Indicator::Other);
    }
    let key = match text.find("://") {
        Some(_) => url(&text),
        None => schemeless(&text),
    };
    key.map(Indicator::Key)
        .map_err(|problem| format!("`{}` {problem}", clip(written, 80)))
}

/// All keys under which a list may contain a url.
pub(in crate::intel) fn keys_of(url: &Url) -> Vec<Key> {
    let whole = anonymous(url);
    let mut keys = Vec::new();
    let mut add = |url: &Url| {
        if let Some((_, rest)) = url.as_str().split_once(':') {
            keys.push(Key::Url(url.as_str().to_owned()));
            keys.push(Key::AnyScheme(rest.to_owned()));
        }
    };
    add(&whole);
    if whole.fragment().is_some() {
        // Servers never receive the fragment, so an entry without one matches the url with any fragment.
        let mut bare = whole.clone();
        bare.set_fragment(None);
        add(&bare);
    }
    match whole.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            keys.extend(
                whole
                    .port_or_known_default()
                    .map(|port| Key::Port(name.to_owned(), port)),
            );
            keys.push(Key::Host(name.to_owned()));
            let dots = name.match_indices('.');
            keys.extend(dots.map(|(dot, _)| Key::Host(name[dot + 1..].to_owned())));
        }
        Some(address) => {
            let address = address.to_string();
            keys.extend(
                whole
                    .port_or_known_default()
                    .map(|port| Key::Port(address.clone(), port)),
            );
            keys.push(Key::Host(address));
        }
        None => {}
    }
    keys
}

/// The url without user and password, and without trailing dots in the host.
fn anonymous(url: &Url) -> Url {
    let mut url = url.clone();
    // Both calls fail only for a url without a host, which has nothing to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if let Some(host) = url.domain().and_then(|host| host.strip_suffix('.')) {
        let host = host.trim_end_matches('.').to_owned();
        let _ = url.set_host(Some(&host));
    }
    url
}

fn url(text: &str) -> Result<Key, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a url: {error}"))?;
    if !url.has_host() {
        return Err("is not a url with a host".to_owned());
    }
    Ok(Key::Url(anonymous(&url).into()))
}

fn schemeless(text: &str) -> Result<Key, String> {
    let bare = text
        .strip_prefix("*.")
        .unwrap_or(text)
        .trim_start_matches('.');
    if let Ok(address) = bare.parse::<std::net::Ipv6Addr>() {
        return Ok(Key::Host(Host::<String>::Ipv6(address).to_string()));
    }
    // WHATWG parsing is too lenient for a list: it would accept two words as one host.
    let strange = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|^\\".contains(c);
    if bare.is_empty() || bare.contains(strange) {
        return Err("is neither a url nor a domain".to_owned());
    }
    let url = Url::parse(&format!("http://{bare}"))
        .map_err(|error| format!("is neither a url nor a domain: {error}"))?;
    let url = anonymous(&url);
    let Some(host) = url.host() else {
        return Err("has no host".to_owned());
    };
    let rest = bare.find(['/', '?', '#']).map(|at| &bare[at..]);
    let is_length = |rest: &str| rest.len() <= 3 && rest[1..].parse::<u8>().is_ok();
    if matches!(host, Host::Ipv4(_)) && rest.is_some_and(is_length) {
        return Err("is a range of addresses, which is not matched; list the addresses".to_owned());
    }
    if let Host::Domain(name) = host {
        check_domain(name)?;
    }
    if rest.is_some() {
        let (_, rest) = url.as_str().split_once(':').ok_or("has no scheme")?;
        return Ok(Key::AnyScheme(rest.to_owned()));
    }
    let end_port = bare
        .rsplit_once(':')
        .filter(|(host, _)| !host.is_empty() && !bare.ends_with(']'));
    match end_port.map(|(_, port)| port.parse()) {
        Some(Ok(port)) => Ok(Key::Port(host.to_string(), port)),
        Some(Err(_)) => Err("has a port that is none".to_owned()),
        None => Ok(Key::Host(host.to_string())),
    }
}

/// Rejects a domain such as a public suffix: it is a mistake in the list, and would make very many urls hits.
fn check_domain(name: &str) -> Result<(), String> {
    let labels = || name.split('.');
    if labels().count() < 2 {
        return Err("is one word: neither a url nor a domain".to_owned());
    }
    if labels().any(str::is_empty) {
        return Err("has an empty label".to_owned());
    }
    let suffix = psl::suffix(name.as_bytes());
    let public = suffix.filter(|suffix| {
        suffix.typ() == Some(psl::Type::Icann) && suffix.as_bytes() == name.as_bytes()
    });
    match public {
        Some(_) => Err("is a public suffix: every domain below it would be listed".to_owned()),
        None => Ok(()),
    }
}

/// True for hashes, mail addresses and CVE numbers, which lists of mixed kinds contain.
fn is_other(text: &str) -> bool {
    let hash = matches!(text.len(), 32 | 40 | 64 | 96 | 128)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let cve = text.len() > 4 && text.is_char_boundary(4) && text[..4].eq_ignore_ascii_case("cve-");
    let mail = text.contains('@') && !text.contains(['/', ':']);
    hash || cve || mail
}

/// Reverses defanging, such as `hxxp` and `[.]`.
fn refang(text: &str) -> String {
    let mut text = text.trim_matches(['"', '\'']).trim().to_owned();
    for (defanged, plain) in [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("{dot}", "."),
        ("[:]", ":"),
        ("[://]", "://"),
        ("[/]", "/"),
        ("[@]", "@"),
        ("[at]", "@"),
        ("(at)", "@"),
    ] {
        text = replace(&text, defanged, plain);
    }
    for scheme in ["hxxp", "h**p", "htxp", "hxtp", "meow"] {
        let Some(front) = text.get(..scheme.len()) else {
            continue;
        };
        let rest = &text[scheme.len()..];
        if front.eq_ignore_ascii_case(scheme)
            && (rest.starts_with("://") || rest.to_ascii_lowercase().starts_with("s://"))
        {
            text = format!("http{rest}");
            break;
        }
    }
    text
}

/// Replaces all occurrences, ignoring ASCII case.
fn replace(text: &str, from: &str, to: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    let lower = text.to_ascii_lowercase();
    let mut done = 0;
    for (at, _) in lower.match_indices(from) {
        replaced.push_str(&text[done..at]);
        replaced.push_str(to);
        done = at + from.len();
        rest = &text[done..];
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        match parse(text) {
            Ok(Indicator::Key(key)) => format!("{key:?}"),
            Ok(Indicator::Other) => "other".to_owned(),
            Err(problem) => panic!("{text}: {problem}"),
        }
    }

    #[test]
    fn indicators_are_refanged_and_normalised() {
        for (written, wanted) in [
            ("https://evil.example/a", r#"Url("https://evil.example/a")"#),
            (
                "hxxps[:]//Evil[.]example/a?b#c",
                r#"Url("https://evil.example/a?b#c")"#,
            ),
            (
                "HXXP[://]evil(DOT)example",
                r#"Url("http://evil.example/")"#,
            ),
            (
                "https://bob:pw@evil.example:443/",
                r#"Url("https://evil.example/")"#,
            ),
            (" evil[.]example ", r#"Host("evil.example")"#),
            ("\"evil.example\"", r#"Host("evil.example")"#),
            ("*.Evil.example.", r#"Host("evil.example")"#),
            (".evil.example", r#"Host("evil.example")"#),
            ("bücher.example", r#"Host("xn--bcher-kva.example")"#),
            ("evil.example/a", r#"AnyScheme("//evil.example/a")"#),
            ("evil.example?a", r#"AnyScheme("//evil.example/?a")"#),
            ("evil.example:8080", r#"Port("evil.example", 8080)"#),
            ("evil.example:80", r#"Port("evil.example", 80)"#),
            ("203[.]0.113.7", r#"Host("203.0.113.7")"#),
            ("203.0.113.7:81", r#"Port("203.0.113.7", 81)"#),
            ("2001:db8::7", r#"Host("[2001:db8::7]")"#),
            ("[2001:DB8::7]", r#"Host("[2001:db8::7]")"#),
            ("[2001:db8::7]:81", r#"Port("[2001:db8::7]", 81)"#),
            ("foo.github.io", r#"Host("foo.github.io")"#),
            ("alice[@]contoso.com", "other"),
            ("d41d8cd98f00b204e9800998ecf8427e", "other"),
            ("CVE-2026-1234", "other"),
        ] {
            assert_eq!(key(written), wanted, "{written}");
        }
    }

    #[test]
    fn what_is_no_indicator_is_refused() {
        for written in [
            "",
            "word",
            "com",
            "co.uk",
            "two words.example",
            "0.0.0.0 evil.example",
            "||evil.example^",
            "203.0.113.0/24",
            "a..example",
            "http://",
            "https:///",
            "evil.example:port",
            "evil.example:99999",
            "<b>.example",
            "mailto:x",
            "é",
        ] {
            assert!(parse(written).is_err(), "{written}: {:?}", parse(written));
        }
    }

    #[test]
    fn a_url_is_found_by_itself_and_by_its_hosts() {
        let url = Url::parse("https://bob@a.evil.example.:8443/x?y#z").unwrap();
        let keys: Vec<String> = keys_of(&url).iter().map(|key| format!("{key:?}")).collect();
        assert_eq!(
            keys,
            [
                r#"Url("https://a.evil.example:8443/x?y#z")"#,
                r#"AnyScheme("//a.evil.example:8443/x?y#z")"#,
                r#"Url("https://a.evil.example:8443/x?y")"#,
                r#"AnyScheme("//a.evil.example:8443/x?y")"#,
                r#"Port("a.evil.example", 8443)"#,
                r#"Host("a.evil.example")"#,
                r#"Host("evil.example")"#,
                r#"Host("example")"#,
            ]
        );
    }
}

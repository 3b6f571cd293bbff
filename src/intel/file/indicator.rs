//! Parses a single indicator: refangs and normalises it to a key by which urls can be looked up.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Position, Url};

use crate::intel::clip::clip;
use crate::link;

/// A key that an indicator and every url that matches it have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::intel) enum Key {
    /// A normalised url, without user and password.
    Url(String),
    /// A url without its scheme, starting with `//`.
    AnyScheme(String),
    /// The beginning of a url up to a slash, with its scheme or starting with `//`, and anything behind it.
    Below(String),
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
            Self::Below(start) => write!(f, "{}*", start.trim_start_matches('/')),
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
    /// An indicator of a kind that no url can match, by its name.
    Other(&'static str),
}

/// The highest number of slashes in an entry that ends in a wildcard, and of beginnings of a url that are compared.
const DEEPEST: usize = 32;

/// Parses an indicator. The error says what is wrong with it.
pub(in crate::intel) fn parse(written: &str) -> Result<Indicator, String> {
    let text = refanged(written);
    let text = text.trim_matches('~');
    if let Some(kind) = other_kind(text) {
        return Ok(Indicator::Other(kind));
    }
    read(text).map_err(|problem| format!("`{}` {problem}", clip(written, 80)))
}

/// An indicator of MISP for two things at once: of `host|port` the host with its port, of `domain|ip` both. Anything
/// else is one indicator.
pub(in crate::intel) fn parts_of_pair(written: &str) -> Vec<String> {
    match written.split_once('|') {
        Some((host, port)) if !written.contains('/') && is_port(port) => {
            vec![format!("{host}:{}", port.trim())]
        }
        Some((name, address))
            if !written.contains('/') && refanged(address).parse::<IpAddr>().is_ok() =>
        {
            vec![name.to_owned(), address.to_owned()]
        }
        _ => vec![written.to_owned()],
    }
}

fn is_port(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit())
}

fn read(text: &str) -> Result<Indicator, String> {
    // A url or network path that links have in another form: behind a wrapper, `\\\\host\\share`.
    let is_share = text.starts_with("\\\\");
    if (is_share || text.contains("://") && !text.contains('*'))
        && let Some((url, wrappers)) = link::canonical(text)
        && (!wrappers.is_empty() || url.scheme() == "file")
    {
        return Ok(Indicator::Key(Key::Url(anonymous(&url).into())));
    }
    if text.contains('*') {
        return wildcard(text).map(Indicator::Key);
    }
    match text.split_once("://") {
        Some((scheme, _)) if !scheme.is_empty() => url(scheme, text),
        _ => schemeless(text.strip_prefix("//").unwrap_or(text)).map(Indicator::Key),
    }
}

/// All keys under which a list may contain a url.
pub(in crate::intel) fn keys_of(url: &Url) -> Vec<Key> {
    let whole = anonymous(url);
    let mut keys = Vec::new();
    let explicit = match (whole.port(), whole.port_or_known_default()) {
        (None, Some(port)) => Some(port),
        _ => None,
    };
    let mut add = |url: &Url| {
        if let Some((_, rest)) = url.as_str().split_once(':') {
            keys.push(Key::Url(url.as_str().to_owned()));
            keys.push(Key::AnyScheme(rest.to_owned()));
            // An entry without scheme may name the port that a scheme has by default.
            if let (Some(port), Some(host)) = (explicit, url.host_str()) {
                keys.push(Key::AnyScheme(format!(
                    "//{host}:{port}{}",
                    &url[Position::BeforePath..]
                )));
            }
        }
    };
    add(&whole);
    if whole.fragment().is_some() {
        // Servers never receive the fragment, so an entry without one matches the url with any fragment.
        let mut bare = whole.clone();
        bare.set_fragment(None);
        add(&bare);
    }
    let rest = whole.scheme().len() + 1;
    let path = whole[..Position::BeforePath].len();
    let slashes = memchr::memchr_iter(
        b'/',
        whole[Position::BeforePath..Position::AfterPath].as_bytes(),
    );
    for slash in slashes.take(DEEPEST) {
        let end = path + slash + 1;
        keys.push(Key::Below(whole.as_str()[..end].to_owned()));
        keys.push(Key::Below(whole.as_str()[rest..end].to_owned()));
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

fn url(scheme: &str, text: &str) -> Result<Indicator, String> {
    const OTHER: [&str; 16] = [
        "tcp", "udp", "ssh", "sftp", "scp", "telnet", "rdp", "smtp", "irc", "ircs", "ldap",
        "ldaps", "ws", "wss", "magnet", "dns",
    ];
    let known = |names: &[&str]| names.iter().any(|name| scheme.eq_ignore_ascii_case(name));
    if known(&OTHER) {
        return Ok(Indicator::Other("url that is no link"));
    }
    let url = Url::parse(text).map_err(|error| format!("is not a url: {error}"))?;
    if !known(&["http", "https", "ftp", "file"]) {
        return Err("has a scheme that no link has".to_owned());
    }
    if !url.has_host() {
        return Err("is not a url with a host".to_owned());
    }
    Ok(Indicator::Key(Key::Url(anonymous(&url).into())))
}

/// An indicator with a wildcard, as the Tenant Allow/Block List has them.
fn wildcard(text: &str) -> Result<Key, String> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("", text),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let below = host.strip_prefix("*.");
    if below.unwrap_or(host).contains('*') {
        return Err(
            "has a wildcard in its host, which is only read in front of a dot: *.evil.example"
                .to_owned(),
        );
    }
    if let Some(host) = below {
        return match path {
            "" | "/" | "/*" => schemeless(host),
            _ => Err("has a wildcard before a host with a path, which is not matched".to_owned()),
        };
    }
    let Some(start) = path.strip_suffix('*') else {
        // A star inside a path is a character of the url.
        return match scheme {
            "" => schemeless(text),
            scheme => match url(scheme, text)? {
                Indicator::Key(key) => Ok(key),
                Indicator::Other(kind) => Err(format!("is a {kind}")),
            },
        };
    };
    if !start.ends_with('/') || start.contains(['*', '?', '#']) {
        return Err("has a wildcard that does not follow a slash of its path".to_owned());
    }
    if start.matches('/').count() > DEEPEST {
        return Err("has a wildcard too deep in its path".to_owned());
    }
    let (checked, http) = match scheme {
        "" => (format!("http://{host}{start}"), true),
        scheme => (format!("{scheme}://{host}{start}"), false),
    };
    if let Key::Port(..) | Key::Host(_) = schemeless(host)? {
        let url = Url::parse(&checked).map_err(|error| format!("is not a url: {error}"))?;
        let url = anonymous(&url);
        let from = if http { url.scheme().len() + 1 } else { 0 };
        return Ok(Key::Below(url.as_str()[from..].to_owned()));
    }
    Err("is neither a url nor a domain".to_owned())
}

fn schemeless(text: &str) -> Result<Key, String> {
    let bare = text.trim_start_matches('.');
    if let Ok(address) = bare.parse::<Ipv6Addr>() {
        return Ok(Key::Host(Host::<String>::Ipv6(address).to_string()));
    }
    // WHATWG parsing is too lenient for a list: it would accept two words as one host.
    let end = bare.find(['/', '?', '#']).unwrap_or(bare.len());
    let (authority, rest) = bare.split_at(end);
    let strange = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|^\\".contains(c);
    if bare.is_empty() || authority.contains(strange) || rest.contains(['<', '>', '"', '\n']) {
        return Err("is neither a url nor a domain".to_owned());
    }
    if let Some(range) = rest
        .strip_prefix('/')
        .and_then(|length| range(authority, length))
    {
        return range;
    }
    let url = Url::parse(&format!("http://{bare}"))
        .map_err(|error| format!("is neither a url nor a domain: {error}"))?;
    let url = anonymous(&url);
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && !authority.ends_with(']') => {
            let port: u16 = port
                .parse()
                .map_err(|_| "has a port that is none".to_owned())?;
            (name, Some(port))
        }
        _ => (authority, None),
    };
    let host = match url.host() {
        // A browser takes any number for an address, but an id, a score or a date is none.
        Some(Host::Ipv4(address)) if name.trim_end_matches('.') != address.to_string() => {
            return Err("is a number and no address".to_owned());
        }
        Some(Host::Domain(name)) => {
            check_domain(name)?;
            name.to_owned()
        }
        Some(address) => address.to_string(),
        None => return Err("has no host".to_owned()),
    };
    if !rest.is_empty() {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        return Ok(Key::AnyScheme(format!(
            "//{host}{port}{}",
            &url[Position::BeforePath..]
        )));
    }
    Ok(match port {
        Some(port) => Key::Port(host, port),
        None => Key::Host(host),
    })
}

/// A range of addresses (`203.0.113.0/24`), which is only read when it is a single one; `None` for anything else.
fn range(start: &str, length: &str) -> Option<Result<Key, String>> {
    let address: IpAddr = start.trim_matches(['[', ']']).parse().ok()?;
    let length: u8 = length.parse().ok()?;
    let (all, host) = match address {
        IpAddr::V4(address) => (32, Host::<String>::Ipv4(address)),
        IpAddr::V6(address) => (128, Host::Ipv6(address)),
    };
    Some(match length {
        length if length == all => Ok(Key::Host(host.to_string())),
        length if length < all => {
            Err("is a range of addresses, which is not matched; list the addresses".to_owned())
        }
        _ => return None,
    })
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

/// What an indicator is that no url can match, as lists of mixed kinds contain them.
fn other_kind(text: &str) -> Option<&'static str> {
    let hash = matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let starts = |prefix: &str| {
        text.get(..prefix.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    let digits =
        |from: usize| text.len() > from && text.bytes().skip(from).all(|b| b.is_ascii_digit());
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && (text[1..].starts_with(":\\")
            || text[1..].starts_with(":/") && !text[1..].starts_with("://"));
    if hash {
        Some("hash")
    } else if starts("cve-") && text.len() > 4 {
        Some("CVE number")
    } else if text.contains('@') && !text.contains(['/', ':', ' ']) {
        Some("mail address")
    } else if starts("as") && digits(2) {
        Some("AS number")
    } else if starts("hklm\\") || starts("hkcu\\") || starts("hkey_") {
        Some("registry key")
    } else if drive || text.starts_with('%') || text.starts_with('/') && !text.starts_with("//") {
        Some("path without a host")
    } else if is_file_name(text) {
        Some("file name")
    } else {
        None
    }
}

/// True for a name with the extension of a program or document that is no suffix of hosts.
fn is_file_name(text: &str) -> bool {
    const EXTENSIONS: [&str; 30] = [
        "exe", "dll", "scr", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "lnk",
        "msi", "jar", "apk", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "pdf", "rtf", "iso",
        "img", "rar", "7z", "html", "htm",
    ];
    let Some((name, extension)) = text.rsplit_once('.') else {
        return false;
    };
    !name.contains(['/', ':'])
        && EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The indicator without quotes around it and without its defanging, which is undone as in messages.
fn refanged(text: &str) -> Cow<'_, str> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    let text = match text
        .get(..4)
        .filter(|head| head.eq_ignore_ascii_case("meow"))
    {
        Some(_) if text[4..].starts_with("://") || text[4..].starts_with("s://") => {
            Cow::Owned(format!("http{}", &text[4..]))
        }
        _ => Cow::Borrowed(text),
    };
    let text = match link::refang(&text) {
        Some(plain) => Cow::Owned(plain),
        None => text,
    };
    match link::without_escapes(&text).filter(|_| !text.starts_with('\\')) {
        Some(plain) => Cow::Owned(plain),
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        match parse(text) {
            Ok(Indicator::Key(key)) => format!("{key:?}"),
            Ok(Indicator::Other(kind)) => kind.to_owned(),
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
            ("alice[@]contoso.com", "mail address"),
            ("d41d8cd98f00b204e9800998ecf8427e", "hash"),
            ("CVE-2026-1234", "CVE number"),
            ("AS13335", "AS number"),
            ("/panel/gate.php", "path without a host"),
            (r"C:\Users\x.txt", "path without a host"),
            (r"HKLM\Software\x", "registry key"),
            ("invoice.exe", "file name"),
            ("tcp://203.0.113.7:81", "url that is no link"),
            ("evil.example/a b", r#"AnyScheme("//evil.example/a%20b")"#),
            ("evil.example:443/a", r#"AnyScheme("//evil.example:443/a")"#),
            ("//evil.example/a", r#"AnyScheme("//evil.example/a")"#),
            ("203.0.113.7/32", r#"Host("203.0.113.7")"#),
            ("2001:db8::7/128", r#"Host("[2001:db8::7]")"#),
            ("~evil.example", r#"Host("evil.example")"#),
            ("~evil.example~", r#"Host("evil.example")"#),
            ("*.evil.example/*", r#"Host("evil.example")"#),
            ("https://*.evil.example/*", r#"Host("evil.example")"#),
            ("evil.example/*", r#"Below("//evil.example/")"#),
            (
                "evil.example:8080/a/*",
                r#"Below("//evil.example:8080/a/")"#,
            ),
            (
                "https://evil.example/*",
                r#"Below("https://evil.example/")"#,
            ),
            (
                "https://evil.example/a*b",
                r#"Url("https://evil.example/a*b")"#,
            ),
            (
                "hxxxps://evil.example/a",
                r#"Url("https://evil.example/a")"#,
            ),
            (
                "hxxp[s]://evil[.]example/a",
                r#"Url("https://evil.example/a")"#,
            ),
            ("evil [.] example", r#"Host("evil.example")"#),
            ("meow://evil.example/a", r#"Url("http://evil.example/a")"#),
            ("h**p://evil.example/a", r#"Url("http://evil.example/a")"#),
            (
                "https://evil.example[:]8443/a",
                r#"Url("https://evil.example:8443/a")"#,
            ),
            (
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fa",
                r#"Url("https://evil.example/a")"#,
            ),
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
            "3408270",
            "0.87",
            "2026.10.15",
            "1790000000",
            "0x7f000001",
            "2001:db8::/32",
            "*",
            "*.com",
            "evil.*",
            "*evil.example",
            "a.*.evil.example",
            "*.evil.example/a",
            "https://evil.example/login*",
            "https://evil.example/?x=*",
            "htp://evil.example/",
        ] {
            assert!(parse(written).is_err(), "{written}: {:?}", parse(written));
        }
    }

    #[test]
    fn two_indicators_in_one_are_told_apart() {
        for (written, parts) in [
            ("203.0.113.9|8080", &["203.0.113.9:8080"][..]),
            ("evil.example|8080", &["evil.example:8080"]),
            ("evil.example|203.0.113.9", &["evil.example", "203.0.113.9"]),
            ("evil.example", &["evil.example"]),
            ("https://evil.example/a|80", &["https://evil.example/a|80"]),
            (
                "a.exe|d41d8cd98f00b204e9800998ecf8427e",
                &["a.exe|d41d8cd98f00b204e9800998ecf8427e"],
            ),
        ] {
            assert_eq!(parts_of_pair(written), parts, "{written}");
        }
    }

    #[test]
    fn a_url_with_the_port_of_its_scheme_is_found_by_that_port() {
        let keys = keys_of(&Url::parse("https://evil.example/a").unwrap());
        for entry in [
            "evil.example:443/a",
            "evil.example:443",
            "evil.example/a",
            "evil.example/*",
            "https://evil.example:443/a",
        ] {
            let Ok(Indicator::Key(key)) = parse(entry) else {
                panic!("{entry}");
            };
            assert!(keys.contains(&key), "{entry}: {key:?}");
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
                r#"Below("https://a.evil.example:8443/")"#,
                r#"Below("//a.evil.example:8443/")"#,
                r#"Port("a.evil.example", 8443)"#,
                r#"Host("a.evil.example")"#,
                r#"Host("evil.example")"#,
                r#"Host("example")"#,
            ]
        );
    }
}

//! Reads one url from one string: trims it, refangs it, removes its wrappers and normalises it.

use std::borrow::Cow;

use memchr::{memchr3, memrchr};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::domain::has_public_suffix;
use super::invisible::{is_blank, is_invisible, strip};
use super::wrapper::Wrapper;
use super::{handler, refang, share, unwrap};

/// How many wrappers are removed at most. Browsers give up after 20 redirects, so a longer chain leads nowhere, and
/// such a url stays as it was sent.
const MAX_LAYERS: usize = 32;

/// The longest host that is converted. A DNS name has at most 253 bytes; its raw form may be longer, since it can be
/// percent-encoded and is not punycode yet. Beyond these limits it cannot become a valid name, and trying would take
/// quadratic time.
const MAX_RAW_HOST: usize = 4096;
const MAX_RAW_LABEL: usize = 756;

/// Public suffixes that are file extensions too: `notes.md` is more often a file than a host.
const FILE_LIKE: [&str; 10] = ["zip", "mov", "md", "sh", "py", "pl", "rs", "cc", "so", "ps"];

/// What happens when somebody opens a string as a link.
pub(crate) enum Target {
    /// It opens this web url, through these wrappers, the outermost first.
    Web(Url, Vec<Wrapper>),
    /// It opens something other than a web url: a mail, a call, a file.
    NotWeb,
    /// It opens nothing: a relative path, a script, plain text.
    Nothing,
}

/// What a string is before any wrapper is removed.
pub(crate) enum Step {
    Web(Url),
    Handler(Wrapper, String),
    NotWeb,
    Nothing,
}

/// Reads one url from a log, an alert or a command line. White space and quotes around it are trimmed, defanged forms
/// are refanged, wrappers are removed, and the rest is normalised by the WHATWG rules. Returns the url and its
/// wrappers, the outermost first, or `None` for what is not a web url, such as a file path or `mailto:`.
///
/// A scheme is added only to what is clearly a host. `www.` gets `http`, as Teams does when it makes a link of it. A
/// host with a public suffix (`evil.example/path`; the reserved names `.example` and `.test` count) gets `https`, and
/// so does an IPv4 address with a port or a path. To find out whether a logged request went to a url, use
/// [`request_match`](super::request_match), which does not guess.
pub fn canonical(raw: &str) -> Option<(Url, Vec<Wrapper>)> {
    match resolve(raw) {
        Target::Web(url, wrappers) => Some((url, wrappers)),
        Target::NotWeb | Target::Nothing => None,
    }
}

/// True when nobody could open `raw` as it stands, since its scheme or its host is defanged.
pub(crate) fn is_defanged(raw: &str) -> bool {
    // Nearly every link is a plain one.
    if let Some(rest) = raw
        .strip_prefix("https://")
        .or_else(|| raw.strip_prefix("http://"))
    {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        let host = rest.bytes().take_while(plain).count();
        if matches!(rest.as_bytes().get(host), None | Some(b'/' | b'?' | b'#')) {
            return false;
        }
    }
    let text = clean(raw);
    let Some((name, _)) = scheme(&text) else {
        let host = text.split(['/', '?', '#']).next().unwrap_or_default();
        return refang::refang(&text).is_some()
            && (has_brackets(host) || host.contains(' ') || !host.contains('.'));
    };
    match refang::web_scheme(name) {
        Some(plain) if name.eq_ignore_ascii_case(plain) => {}
        Some(_) => return true,
        // Handlers have a syntax of their own.
        None => return false,
    }
    let authority = authority(&text);
    match has_brackets(authority) {
        true if authority.ends_with(['[', '(', '{']) => refang::refang(&text).is_some(),
        true => refang::refang(authority).is_some(),
        false => authority.contains(' ') && refang::refang(&text).is_some(),
    }
}

fn has_brackets(authority: &str) -> bool {
    let bracket = |b| matches!(b, b'[' | b'(' | b'{' | b']' | b')' | b'}');
    authority.bytes().any(bracket)
}

/// What `raw` opens, wrappers removed.
pub(crate) fn resolve(raw: &str) -> Target {
    // Most links in Teams are Safe Links with a plain target, so these are handled without parsing the wrapper.
    if let Some(inner) = unwrap::plain_safelink(raw)
        && let Some(Step::Web(url)) = inner_step(&inner)
        && unwrap::layer(&url).is_none()
    {
        return Target::Web(url, vec![Wrapper::SafeLinks]);
    }
    resolve_chain(raw)
}

/// The same for every other chain of wrappers.
fn resolve_chain(raw: &str) -> Target {
    let mut current = classify(raw);
    if matches!(current, Step::NotWeb) {
        return Target::NotWeb;
    }
    let mut wrappers = Vec::new();
    // The outermost web url and how many handlers come before it. This is the result when the chain turns out to
    // lead nowhere.
    let mut outermost: Option<(Url, usize)> = None;
    loop {
        let (wrapper, next) = match current {
            Step::Web(url) => {
                let layer = unwrap::layer(&url).and_then(|(wrapper, candidates)| {
                    candidates
                        .iter()
                        .find_map(|inner| Some((wrapper.clone(), inner_step(inner)?)))
                });
                let Some(layer) = layer else {
                    return Target::Web(url, wrappers);
                };
                outermost.get_or_insert((url, wrappers.len()));
                layer
            }
            Step::Handler(wrapper, inner) => match inner_step(&inner) {
                Some(next) => (wrapper, next),
                None => return unresolved(outermost, wrappers, Target::NotWeb),
            },
            Step::NotWeb | Step::Nothing => {
                return unresolved(outermost, wrappers, Target::Nothing);
            }
        };
        wrappers.push(wrapper);
        current = next;
        if wrappers.len() > MAX_LAYERS {
            return unresolved(outermost, wrappers, Target::NotWeb);
        }
    }
}

/// The result when a chain leads nowhere: the outermost web url with its wrappers, or `otherwise` without one.
fn unresolved(
    outer: Option<(Url, usize)>,
    mut wrappers: Vec<Wrapper>,
    otherwise: Target,
) -> Target {
    match outer {
        Some((url, before)) => {
            wrappers.truncate(before);
            Target::Web(url, wrappers)
        }
        None => otherwise,
    }
}

/// What a wrapped target is. It may be percent-encoded more often than it should be, so it is decoded step by step.
fn inner_step(inner: &str) -> Option<Step> {
    let mut text = Cow::Borrowed(inner);
    for _ in 0..4 {
        match classify(&text) {
            found @ (Step::Web(_) | Step::Handler(..)) => return Some(found),
            Step::NotWeb => return None,
            Step::Nothing if text.contains('%') => {
                text = Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned());
            }
            Step::Nothing => return None,
        }
    }
    None
}

/// What `raw` is, without looking inside a wrapper.
pub(crate) fn classify(raw: &str) -> Step {
    let text = clean(raw);
    let text = text.as_ref();
    if let Some((name, rest)) = scheme(text) {
        return with_scheme(text, name, rest);
    }
    let plain = refang::refang(text);
    let text = plain.as_deref().unwrap_or(text);
    match scheme(text) {
        Some((name, rest)) => with_scheme(text, name, rest),
        None => without_scheme(text),
    }
}

/// What a string with the scheme `name` is.
fn with_scheme(text: &str, name: &str, rest: &str) -> Step {
    if handler::is_share(name) {
        return share::of_url(rest).map_or(Step::NotWeb, Step::Web);
    }
    match refang::web_scheme(name) {
        Some(plain) if name.eq_ignore_ascii_case(plain) => web(text),
        Some(_) => refang::refang(text).map_or(Step::Nothing, |plain| web(&plain)),
        None => match handler::open(&name.to_ascii_lowercase(), rest) {
            handler::HandlerTarget::Url(wrapper, inner) => Step::Handler(wrapper, inner),
            handler::HandlerTarget::NotWeb => Step::NotWeb,
            handler::HandlerTarget::Nothing => Step::Nothing,
        },
    }
}

/// Removes white space, quotes and angle brackets around a url, and the tabs and line breaks that the url parser would
/// ignore.
fn clean(raw: &str) -> Cow<'_, str> {
    let trim = |text| {
        let edge = |c: char| is_blank(c) || c.is_control();
        str::trim_start_matches(text, |c: char| edge(c) || is_invisible(c)).trim_end_matches(edge)
    };
    let mut text = trim(raw);
    // A quote at the end is removed only when there is one at the start, since `'` may be part of a url.
    let quotes = ['"', '\'', '`', '<', '\u{201c}', '\u{2018}'];
    while let Some(rest) = text.strip_prefix(quotes) {
        text = trim(rest.trim_end_matches(['"', '\'', '`', '>', '\u{201d}', '\u{2019}']));
    }
    match memchr3(b'\t', b'\n', b'\r', text.as_bytes()) {
        Some(_) => Cow::Owned(text.replace(['\t', '\n', '\r'], "")),
        None => Cow::Borrowed(text),
    }
}

/// The scheme of `text` and what follows its colon. `evil.example:8443/x` has no scheme.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = bytes
        .iter()
        .take(64)
        .position(|&b| !(b.is_ascii_alphanumeric() || b == b'+' || b == b'-' || b == b'.'))?;
    if bytes[end] != b':' || !bytes[0].is_ascii_alphabetic() {
        return None;
    }
    let (name, rest) = (&text[..end], &text[end + 1..]);
    let port = name.contains('.') && rest.starts_with(|c: char| c.is_ascii_digit());
    (!port).then_some((name, rest))
}

/// Parses a url that has a web scheme.
fn web(text: &str) -> Step {
    let authority = authority(text);
    let plain = match has_brackets(authority) {
        // A bracket may belong to an IPv6 address, so the authority is refanged first and decides whether the whole is.
        // One at its end is around the slash behind it: `evil.example[/]path`.
        true if authority.ends_with(['[', '(', '{']) => refang::refang(text),
        true => refang::refang(authority).and_then(|_| refang::refang(text)),
        false => None,
    };
    let text = plain.as_deref().unwrap_or(text);
    let url = match &plain {
        Some(plain) => parse(plain),
        None => parse_with(text, authority),
    };
    match url.or_else(|| match strip(text) {
        Cow::Owned(visible) => parse(&visible),
        Cow::Borrowed(_) => None,
    }) {
        Some(url) => Step::Web(url),
        None => Step::Nothing,
    }
}

/// The part of a url between the slashes after the scheme and the path.
fn authority(text: &str) -> &str {
    let bytes = text.as_bytes();
    let slash = |b: u8| matches!(b, b'/' | b'\\');
    let colon = bytes.iter().position(|&b| b == b':').map_or(0, |at| at + 1);
    let slashes = bytes[colon..].iter().take_while(|&&b| slash(b)).count();
    let start = colon + slashes;
    let ends = |b: &u8| slash(*b) || matches!(b, b'?' | b'#');
    let len = bytes[start..].iter().position(ends);
    &text[start..len.map_or(text.len(), |len| start + len)]
}

/// Parses by the WHATWG rules, and refuses hosts that DNS cannot resolve.
pub(crate) fn parse(text: &str) -> Option<Url> {
    parse_with(text, authority(text))
}

/// The same when the authority is already known.
fn parse_with(text: &str, authority: &str) -> Option<Url> {
    let host = &authority[memrchr(b'@', authority.as_bytes()).map_or(0, |at| at + 1)..];
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    if host.len() > MAX_RAW_LABEL
        && (host.len() > MAX_RAW_HOST || host.split(dots).any(|label| label.len() > MAX_RAW_LABEL))
    {
        return None;
    }
    let url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https" | "ftp") {
        return None;
    }
    match url.host()? {
        Host::Domain(name) => is_name(name).then_some(url),
        Host::Ipv4(_) | Host::Ipv6(_) => Some(url),
    }
}

/// True when [`parse`] would accept `host`, with or without a port. Most hosts are decided without parsing.
pub(crate) fn is_host(host: &str) -> bool {
    let labels = || host.as_bytes().split(|&b| b == b'.');
    let coded = |label: &[u8]| label.len() > 3 && label[..4].eq_ignore_ascii_case(b"xn--");
    let last = labels()
        .rfind(|label| !label.is_empty())
        .unwrap_or_default();
    let plain =
        last.first().is_some_and(u8::is_ascii_alphabetic) && is_name(host) && !labels().any(coded);
    plain || matches!(classify(&format!("http://{host}")), Step::Web(_))
}

/// True for a name that DNS can hold, with or without a final dot. Underscores are accepted, since they are in use, and
/// so is, before the last label, other punctuation that browsers look up (`evil!.example`).
fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut label = 0;
    let mut unusual = false;
    for b in name.bytes() {
        label = match b {
            b'.' if label == 0 => return false,
            b'.' => {
                unusual = false;
                0
            }
            b'a'..=b'z' | b'0'..=b'9' | b'A'..=b'Z' | b'-' | b'_' if label < 63 => label + 1,
            b'!' | b'$' | b'&' | b'\'' | b'*' | b'+' | b'=' | b'~' if label < 63 => {
                unusual = true;
                label + 1
            }
            _ => return false,
        };
    }
    label > 0 && !unusual && name.len() <= 253
}

/// What a string without a scheme is.
fn without_scheme(text: &str) -> Step {
    if text.starts_with(r"\\") {
        return share::of_path(text).map_or(Step::NotWeb, Step::Web);
    }
    let text = text.strip_prefix("//").unwrap_or(text);
    let end = text.find(['/', '\\', '?', '#']).unwrap_or(text.len());
    match host_kind(&text[..end], end < text.len()) {
        HostKind::Www => web(&format!("http://{text}")),
        HostKind::Public => web(&format!("https://{text}")),
        HostKind::Other => Step::Nothing,
    }
}

/// How sure it is that a string without a scheme is a host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HostKind {
    /// `www.` and at least two more labels.
    Www,
    /// A name under a public suffix, or an IPv4 address with a port or a path.
    Public,
    /// Not a host, or not certain to be one.
    Other,
}

/// Decides whether `text`, with or without a port, is a host. `path` says whether a path follows it.
pub(crate) fn host_kind(text: &str, path: bool) -> HostKind {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, true)
        }
        Some(_) => return HostKind::Other,
        None => (text, false),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.') || !c.is_ascii();
    if name.is_empty() || !name.contains('.') || !name.chars().all(plain) {
        return HostKind::Other;
    }
    let Some(url) = parse(&format!("http://{name}/")) else {
        return HostKind::Other;
    };
    let host = match url.host() {
        Some(Host::Domain(host)) => host,
        // A browser takes `1.2` for an address, everybody else for a number: only four plain numbers count.
        Some(Host::Ipv4(address)) if address.to_string() == name && (port || path) => {
            return HostKind::Public;
        }
        _ => return HostKind::Other,
    };
    if host.starts_with("www.") {
        let labels = host.trim_end_matches('.').split('.').count();
        return if labels > 2 {
            HostKind::Www
        } else {
            HostKind::Other
        };
    }
    if !path && !port && host.split('.').count() == 2 {
        let last = host.rsplit('.').next().unwrap_or_default();
        if FILE_LIKE.contains(&last) {
            return HostKind::Other;
        }
    }
    match has_public_suffix(host) {
        true => HostKind::Public,
        false => HostKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(target: Target) -> Option<(String, Vec<Wrapper>)> {
        match target {
            Target::Web(url, wrappers) => Some((url.into(), wrappers)),
            Target::NotWeb | Target::Nothing => None,
        }
    }

    #[test]
    fn a_plain_safe_link_is_told_from_its_text() {
        let url = "https://eur01.safelinks.protection.outlook.com/ap/t-5/?url=https%3A%2F%2Fe.example%2Fa&data=1";
        assert_eq!(
            unwrap::plain_safelink(url).as_deref(),
            Some("https://e.example/a")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_short_way_leads_where_the_long_one_does(
            region in "[a-z0-9]{0,5}|[a-zA-Z0-9_.\u{e4}-]{1,6}|xn--a{0,2}|a{62,65}",
            service in prop_oneof![
                4 => Just("safelinks.protection.outlook.com"),
                1 => Just("safelinks.protection.office365.us"),
                1 => Just("safelinks.protection.outlook.com.evil.example"),
                1 => Just("safelinks.protection.outlook.com:443"),
            ],
            path in "/|/ap/t-5/|/[a-z.%\u{e4}/-]{0,6}",
            key in "url|URL|amp;url|u%72l|data=1&url",
            inner in prop_oneof![
                "https(:|%3A)(/|%2F)(/|%2F)(e|nam02\\.safelinks\\.protection\\.outlook)\\.(example|com)(/|%2F)[a-z?=%+'<#\u{e4} ]{0,6}",
                "https%3A%2F%2Fwww\\.google\\.com%2Furl%3Fq%3Dhttps%3A%2F%2Fe\\.example%2F",
                "[a-z:/.%0-9]{0,12}|mailto:a|ms-word:ofe%7Cu%7Chttps://e\\.example/",
            ],
            rest in "(&data=[a-z%0-9'\"<#\u{e4} +]{0,6})?",
        ) {
            let raw = format!("https://{region}.{service}{path}?{key}={inner}{rest}");
            prop_assert_eq!(shown(resolve(&raw)), shown(resolve_chain(&raw)), "{}", raw);
        }

        #[test]
        fn a_host_is_what_makes_a_url(
            host in "[a-zA-Z0-9._-]{0,12}|(xn--)?[a-z0-9-]{0,5}\\.(XN--)?[a-z0-9-]{1,4}\\.?|[a-z0-9x.]{1,8}(:[0-9]{0,5})?|[a-z\u{e4}%.:@]{0,8}|a{60,66}\\.b",
        ) {
            let whole = matches!(classify(&format!("http://{host}")), Step::Web(_));
            prop_assert_eq!(is_host(&host), whole, "{}", host);
        }
    }
}

//! Services whose urls carry the url they lead to. Only hosts that belong to those services count:
//! a redirect on any other host is a url of its own, since its owner decides where it leads.

mod google;
mod urldefense;

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use url::Url;

use super::wrapper::Wrapper;

/// Base64 as it is found in urls: either alphabet (after translation), padded or cut short.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The outermost wrapper of `url` and what its target may be, likeliest first. Whether one of them
/// is a url is for the caller to see; when none is, the url is not wrapped.
pub(crate) fn layer(url: &Url) -> Option<(Wrapper, Vec<String>)> {
    let host = url.domain()?.trim_end_matches('.');
    if !may_wrap(host) {
        return None;
    }
    let (wrapper, targets) = if is_safelinks(host, url.path()) {
        (Wrapper::SafeLinks, params(url, &["url"]))
    } else if let Some(found) = urldefense::layer(host, url) {
        found
    } else if let Some(targets) = google::targets(host, url) {
        (Wrapper::Google, targets)
    } else if let Some(targets) = bing(host, url) {
        (Wrapper::Bing, targets)
    } else if is_linkedin(host, url.path()) {
        (Wrapper::LinkedIn, params(url, &["url"]))
    } else if is_facebook(host, url.path()) {
        (Wrapper::Facebook, params(url, &["u"]))
    } else if let Some(targets) = teams(host, url) {
        (Wrapper::Teams, targets)
    } else {
        return None;
    };
    (!targets.is_empty()).then_some((wrapper, targets))
}

/// False for hosts that belong to none of the services, told from their last two labels. Most do
/// not, and are not asked about one service after the other.
fn may_wrap(host: &str) -> bool {
    match site(host).as_bytes() {
        b"outlook.com" | b"outlook.de" | b"outlook.cn" | b"office365.us" | b"apps.mil"
        | b"office.com" | b"office365.com" | b"cloud.microsoft" | b"live.com" => true,
        b"urldefense.com" | b"urldefense.us" | b"proofpoint.com" | b"proofpoint.us" => true,
        b"youtube.com" | b"googleadservices.com" | b"doubleclick.net" => true,
        b"bing.com" | b"linkedin.com" => true,
        b"facebook.com" | b"messenger.com" | b"workplace.com" | b"instagram.com"
        | b"threads.net" | b"threads.com" => true,
        b"microsoft.com"
        | b"microsoft.us"
        | b"microsoftonline.cn"
        | b"office.net"
        | b"static.microsoft" => true,
        _ => google::is_google(host),
    }
}

/// The last two labels of a host.
pub(crate) fn site(host: &str) -> &str {
    let bytes = host.as_bytes();
    let dot = |end: usize| bytes[..end].iter().rposition(|&b| b == b'.');
    let start = dot(host.len()).and_then(dot).map_or(0, |dot| dot + 1);
    &host[start..]
}

/// The target of a Safe Link in its plain spelling, read from the text: one label in front of the
/// service, and nothing anywhere that the WHATWG rules would change. They are long, and parsing
/// them takes longer than all the rest. `None` says nothing.
pub(crate) fn plain_safelink(text: &str) -> Option<String> {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let text = text.strip_prefix("https://")?;
    let region = text.bytes().take_while(plain).count();
    let text = text[region..].strip_prefix('.')?;
    let service = SAFE_LINKS.iter().find(|name| text.starts_with(*name))?;
    let text = text[service.len()..].strip_prefix('/')?;
    let path = |b: &u8| plain(b) || matches!(b, b'/' | b'-');
    let query = text[text.bytes().take_while(path).count()..].strip_prefix('?')?;
    let unchanged = query.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    (unchanged && (1..64).contains(&region)).then(|| param(query, "url"))?
}

/// True when `host` is `domain` or under it.
pub(crate) fn under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The values of the named parameters, in the order of `names`. Names are matched in any case, and
/// after a `amp;` that a double escape left there.
fn params(url: &Url, names: &[&str]) -> Vec<String> {
    let Some(query) = url.query() else {
        return Vec::new();
    };
    names.iter().filter_map(|name| param(query, name)).collect()
}

/// The first value of one parameter that is not empty.
fn param(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let key = key.strip_prefix("amp;").unwrap_or(key);
        // A key is hardly ever encoded; then it is read whole.
        let same = key.eq_ignore_ascii_case(name)
            || (key.contains('%') && decoded(key).eq_ignore_ascii_case(name));
        (same && !value.is_empty()).then(|| decoded(value).into_owned())
    })
}

/// A part of a query without its encoding: `+` is a blank.
fn decoded(text: &str) -> Cow<'_, str> {
    match text.contains('+') {
        true => {
            let text = text.replace('+', " ");
            Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned())
        }
        false => percent_decode_str(text).decode_utf8_lossy(),
    }
}

/// Safe Links of every cloud.
const SAFE_LINKS: [&str; 6] = [
    "safelinks.protection.outlook.com",
    "safelinks.protection.outlook.de",
    "safelinks.protection.outlook.cn",
    "safelinks.protection.partner.outlook.cn",
    "safelinks.protection.office365.us",
    "safelinks.protection.apps.mil",
];

/// Safe Links of every cloud, and the page of Outlook on the web that leads there.
fn is_safelinks(host: &str, path: &str) -> bool {
    let outlook = [
        "outlook.office.com",
        "outlook.office365.com",
        "outlook.cloud.microsoft",
    ];
    SAFE_LINKS.iter().any(|domain| under(host, domain))
        || ((outlook.contains(&host) || host == "outlook.live.com")
            && path.ends_with("/safelink.html"))
}

fn is_linkedin(host: &str, path: &str) -> bool {
    under(host, "linkedin.com")
        && (path.starts_with("/redir/") || path == "/safety/go" || path == "/safety/go/")
}

fn is_facebook(host: &str, path: &str) -> bool {
    let meta = [
        "facebook.com",
        "messenger.com",
        "workplace.com",
        "instagram.com",
        "threads.net",
    ];
    if path == "/l.php" || path == "/flx/warn/" {
        return meta.iter().any(|domain| under(host, domain)) || under(host, "threads.com");
    }
    path == "/" && ["l.instagram.com", "l.threads.net", "l.threads.com"].contains(&host)
}

/// Bing: result clicks (`u=a1` and base64url), advertisements (base64 of a percent-encoded url) and
/// plain parameters.
fn bing(host: &str, url: &Url) -> Option<Vec<String>> {
    const PATHS: [&str; 8] = [
        "/ck/a",
        "/ck/ms",
        "/aclick",
        "/aclk",
        "/newtabredir",
        "/alink/link",
        "/news/apiclick.aspx",
        "/fd/ls/glinkping.aspx",
    ];
    if !under(host, "bing.com") {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    if !PATHS.contains(&path.as_str()) {
        return None;
    }
    let mut targets = Vec::new();
    for value in params(url, &["u", "url"]) {
        targets.extend(value.strip_prefix("a1").and_then(base64_text));
        targets.extend(base64_text(&value));
        targets.push(value);
    }
    Some(targets)
}

fn base64_text(encoded: &str) -> Option<String> {
    let translate = |c: char| match c {
        '+' | ' ' => '-',
        '/' => '_',
        c => c,
    };
    let encoded: String = encoded
        .trim_end_matches('=')
        .chars()
        .map(translate)
        .collect();
    String::from_utf8(LENIENT.decode(encoded).ok()?).ok()
}

/// The Teams client, all clouds.
const TEAMS: [&str; 5] = [
    "teams.microsoft.com",
    "teams.cloud.microsoft",
    "teams.live.com",
    "teams.microsoft.us",
    "teams.microsoftonline.cn",
];

/// True for the hosts of the Teams client.
pub(crate) fn is_teams(host: &str) -> bool {
    TEAMS.iter().any(|domain| under(host, domain))
}

/// Teams: the Safe Links page of its client, and deep links that open a url (a file, a dialog, a
/// tab, the launcher).
fn teams(host: &str, url: &Url) -> Option<Vec<String>> {
    let client = is_teams(host);
    let cdn = under(host, "teams.cdn.office.net") || under(host, "onecdn.static.microsoft");
    if !client && !cdn {
        return None;
    }
    let path = url.path().to_ascii_lowercase();
    if path.contains("safelinks") {
        return Some(params(url, &["url"]));
    }
    if !client {
        return None;
    }
    if path.starts_with("/dl/launcher/") {
        return Some(params(url, &["url"]));
    }
    let kind = path.strip_prefix("/l/")?.split('/').next()?;
    match kind {
        "file" => Some(params(url, &["objectUrl"])),
        "task" => Some(params(url, &["url", "fallbackUrl"])),
        "entity" => Some(params(url, &["webUrl"])),
        "stage" => {
            let context = params(url, &["context"]).into_iter().next()?;
            let context: serde_json::Value = serde_json::from_str(&context).ok()?;
            let field = |name: &str| Some(context.get(name)?.as_str()?.to_owned());
            Some(
                ["contentUrl", "websiteUrl"]
                    .iter()
                    .filter_map(|name| field(name))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// The url that a deep link opens; `rest` is what follows `msteams:`.
pub(crate) fn deep_link_target(rest: &str) -> Option<String> {
    let path = rest.trim_start_matches('/');
    let path = path.strip_prefix("teams.microsoft.com/").unwrap_or(path);
    let url = Url::parse(&format!("https://teams.microsoft.com/{path}")).ok()?;
    teams("teams.microsoft.com", &url)?.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(url: &str) -> Option<(String, String)> {
        let (wrapper, targets) = layer(&Url::parse(url).unwrap())?;
        Some((wrapper.as_str().to_owned(), targets.into_iter().next()?))
    }

    #[test]
    fn only_the_services_themselves_are_wrappers() {
        for url in [
            "https://safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fa.example",
            "https://evilsafelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example",
            "https://google.com.evil.example/url?q=https://a.example",
            "https://google.evil.example/url?q=https://a.example",
            "https://google.github.io/url?q=https://a.example",
            "https://notgoogle.com/url?q=https://a.example",
            "https://www.linkedin.com.evil.example/safety/go?url=https://a.example",
            "https://l.facebook.com.evil.example/l.php?u=https://a.example",
            "https://urldefense.com.evil.example/v3/__https://a.example__;!!x",
            "https://evil.example/evergreen-assets/safelinks/1/atp-safelinks.html?url=https://a.example",
        ] {
            assert_eq!(first(url), None, "{url}");
        }
    }

    #[test]
    fn no_service_is_ruled_out_by_the_last_labels_of_its_host() {
        let others = [
            "outlook.office.com",
            "outlook.office365.com",
            "outlook.cloud.microsoft",
            "outlook.live.com",
            "www.youtube.com",
            "www.googleadservices.com",
            "ad.doubleclick.net",
            "www.google.de",
            "google.co.uk",
            "www.bing.com",
            "www.linkedin.com",
            "l.facebook.com",
            "l.messenger.com",
            "l.workplace.com",
            "l.instagram.com",
            "l.threads.net",
            "l.threads.com",
            "statics.teams.cdn.office.net",
            "x.onecdn.static.microsoft",
        ];
        for host in [&SAFE_LINKS[..], &urldefense::HOSTS, &TEAMS, &others].concat() {
            assert!(may_wrap(host), "{host}");
        }
        for host in ["evil.example", "outlook.com.evil.example", "com", ""] {
            assert!(!may_wrap(host), "{host}");
        }
    }

    #[test]
    fn bing_decodes_both_kinds_of_base64() {
        for url in [
            "https://www.bing.com/ck/a?!&&p=1&u=a1aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT9iPTE&ntb=1",
            "https://www.bing.com/aclick?ld=x&u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT9iPTE%3D&rlid=1",
        ] {
            assert_eq!(
                first(url),
                Some(("bing".into(), "https://evil.example/a?b=1".into()))
            );
        }
    }

    #[test]
    fn a_stage_link_opens_its_content() {
        let url = "https://teams.microsoft.com/l/stage/app/0?context=%7B%22contentUrl%22%3A%22https%3A%2F%2Fevil.example%2Fx%22%7D";
        assert_eq!(
            first(url),
            Some(("teams".into(), "https://evil.example/x".into()))
        );
    }
}

//! Url schemes that the operating system hands to an app, such as `ms-word:`, and the web url that the app opens.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::unwrap::deep_link_target;
use super::wrapper::Wrapper;

/// What the app behind a scheme opens.
pub(crate) enum HandlerTarget {
    /// A web url, with the wrapper that it was found in.
    Url(Wrapper, String),
    /// Something other than a web url.
    NotWeb,
    /// Nothing.
    Nothing,
}

/// Schemes that never open a web url, whatever they hold.
const NOT_WEB: [&str; 33] = [
    "mailto",
    "tel",
    "sms",
    "smsto",
    "mms",
    "callto",
    "sip",
    "sips",
    "skype",
    "im",
    "xmpp",
    "irc",
    "ircs",
    "news",
    "nntp",
    "geo",
    "maps",
    "facetime",
    "facetime-audio",
    "whatsapp",
    "tg",
    "sgnl",
    "zoommtg",
    "zoomus",
    "cid",
    "mid",
    "ssh",
    "sftp",
    "telnet",
    "ldap",
    "ldaps",
    "magnet",
    "bitcoin",
];

/// Schemes whose content the client itself runs or shows.
const NOTHING: [&str; 9] = [
    "javascript",
    "vbscript",
    "livescript",
    "data",
    "about",
    "blob",
    "filesystem",
    "ws",
    "wss",
];

/// Schemes that stand for a web scheme: `webcal://host/path` makes a request to `host`.
const RENAMED: [(&str, &str); 13] = [
    ("googlechrome", "http"),
    ("googlechromes", "https"),
    ("microsoft-edge-http", "http"),
    ("microsoft-edge-https", "https"),
    ("opera-http", "http"),
    ("opera-https", "https"),
    ("webcal", "http"),
    ("webcals", "https"),
    ("feed", "http"),
    ("itms", "https"),
    ("itmss", "https"),
    ("itms-apps", "https"),
    ("itms-appss", "https"),
];

/// Schemes that count in running text too. A colon behind any other word is punctuation there.
const IN_TEXT: [&str; 9] = [
    "onenote",
    "search-ms",
    "odopen",
    "itms-services",
    "intent",
    "view-source",
    "googlechrome",
    "googlechromes",
    "webcal",
];

/// True for the schemes of files on other machines.
pub(crate) fn is_share(scheme: &str) -> bool {
    let names = ["file", "smb", "cifs"];
    names.iter().any(|name| scheme.eq_ignore_ascii_case(name))
}

/// True when `scheme` starts a link in running text.
pub(crate) fn in_text(scheme: &str) -> bool {
    let starts = |prefix: &str| {
        scheme
            .get(..prefix.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    starts("ms-")
        || starts("microsoft-edge")
        || IN_TEXT.iter().any(|name| scheme.eq_ignore_ascii_case(name))
}

/// What `scheme:rest` opens. The scheme has to be in lower case.
pub(crate) fn open(scheme: &str, rest: &str) -> HandlerTarget {
    if NOT_WEB.contains(&scheme) {
        return HandlerTarget::NotWeb;
    }
    if NOTHING.contains(&scheme) {
        return HandlerTarget::Nothing;
    }
    let handler = || Wrapper::Handler(scheme.into());
    let renamed = RENAMED
        .iter()
        .find(|(name, _)| *name == scheme)
        .map(|(_, web)| *web);
    match scheme {
        "ms-appinstaller" => match carried_url(rest) {
            Some(inner) => HandlerTarget::Url(Wrapper::MsAppInstaller, inner),
            None => HandlerTarget::NotWeb,
        },
        "msteams" => match deep_link_target(rest) {
            Some(inner) => HandlerTarget::Url(Wrapper::Teams, inner),
            None => HandlerTarget::NotWeb,
        },
        "search-ms" | "search" => match search_location(rest).or_else(|| carried_url(rest)) {
            Some(inner) => HandlerTarget::Url(handler(), inner),
            None => HandlerTarget::Nothing,
        },
        "intent" => match intent_url(rest) {
            Some(inner) => HandlerTarget::Url(handler(), inner),
            None => HandlerTarget::Nothing,
        },
        _ => match carried_url(rest) {
            Some(inner) => HandlerTarget::Url(handler(), inner),
            None => match renamed {
                Some(web) if rest.starts_with("//") => {
                    HandlerTarget::Url(handler(), format!("{web}:{rest}"))
                }
                _ => HandlerTarget::Nothing,
            },
        },
    }
}

/// The web url in a handler's argument: the whole argument, a part between the bars of an Office command
/// (`ofe|u|https://…`), a parameter, or any place inside it (JSON, command-line switches).
fn carried_url(rest: &str) -> Option<String> {
    let body = rest.trim_start_matches(['/', ' ']);
    if let Some(url) = as_url(body) {
        return Some(url);
    }
    if let Some(url) = body.split('|').find(|part| has_web_scheme(part)) {
        return Some(url.to_owned());
    }
    if let Some((_, query)) = body.split_once('?') {
        // The query as a whole may be percent-encoded too.
        for query in [
            Cow::Borrowed(query),
            percent_decode_str(query).decode_utf8_lossy(),
        ] {
            let found =
                form_urlencoded::parse(query.as_bytes()).find_map(|(_, value)| as_url(&value));
            if found.is_some() {
                return found;
            }
        }
    }
    url_inside(body).or_else(|| url_inside(&percent_decode_str(body).decode_utf8_lossy()))
}

/// `text` if it is a web url or the url of another handler, percent-encoded or not.
fn as_url(text: &str) -> Option<String> {
    let opens = |text: &str| {
        has_web_scheme(text)
            || text
                .split_once(':')
                .is_some_and(|(scheme, _)| in_text(scheme))
    };
    if opens(text) {
        return Some(text.to_owned());
    }
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    opens(&decoded).then(|| decoded.into_owned())
}

/// The first web url inside `text`, up to the next quote, blank or bar.
fn url_inside(text: &str) -> Option<String> {
    let mut from = 0;
    while let Some(colon) = text[from..].find("://").map(|colon| from + colon) {
        let start = ["https", "http"].iter().find_map(|scheme| {
            let start = colon.checked_sub(scheme.len())?;
            text.get(start..colon)?
                .eq_ignore_ascii_case(scheme)
                .then_some(start)
        });
        if let Some(start) = start {
            let url = &text[start..];
            let end = url.find(|c: char| c.is_whitespace() || "\"'<>|\\`".contains(c));
            let url = &url[..end.unwrap_or(url.len())];
            // A percent-encoded quote or bar ends it as well.
            let end = ["%22", "%27", "%7C", "%7c"]
                .iter()
                .filter_map(|code| url.find(code))
                .min();
            return Some(url[..end.unwrap_or(url.len())].to_owned());
        }
        from = colon + 3;
    }
    None
}

fn has_web_scheme(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })
}

/// The place that `search-ms:` searches: `crumb=location:` with a url, or with a network path that Windows opens by
/// WebDAV (`\\host@SSL@8443\DavWWWRoot\folder`) or as a share.
fn search_location(rest: &str) -> Option<String> {
    let query = rest.trim_start_matches(['/', '?']);
    form_urlencoded::parse(query.as_bytes()).find_map(|(key, value)| {
        if !key.eq_ignore_ascii_case("crumb") {
            return None;
        }
        let (kind, place) = value.split_once(':')?;
        if !kind.trim().eq_ignore_ascii_case("location") {
            return None;
        }
        let place = percent_decode_str(place.trim()).decode_utf8_lossy();
        match has_web_scheme(&place) {
            true => Some(place.into_owned()),
            false if place.starts_with(r"\\") => webdav_url(&place).or(Some(place.into_owned())),
            false => None,
        }
    })
}

/// The web url of a network path in WebDAV form.
fn webdav_url(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let (server, folder) = path
        .strip_prefix("//")?
        .split_once('/')
        .unwrap_or((&path[2..], ""));
    let mut parts = server.split('@');
    let host = parts.next().filter(|host| !host.is_empty())?;
    let (mut scheme, mut port, mut dav) = ("http", None, false);
    for part in parts {
        dav = true;
        match part.parse::<u16>() {
            Ok(number) => port = Some(number),
            Err(_) if part.eq_ignore_ascii_case("ssl") => scheme = "https",
            Err(_) => return None,
        }
    }
    let root = "davwwwroot";
    let folder = match folder.get(..root.len()) {
        Some(head) if head.eq_ignore_ascii_case(root) => {
            folder[root.len()..].trim_start_matches('/')
        }
        _ => folder,
    };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    dav.then(|| format!("{scheme}://{host}{port}/{folder}"))
}

/// An Android intent: `intent://host/path#Intent;scheme=https;…;end`, or its fallback url.
fn intent_url(rest: &str) -> Option<String> {
    let (place, extras) = rest.split_once("#Intent;")?;
    let extra = |name: &str| {
        extras
            .split(';')
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    };
    match extra("scheme") {
        Some(scheme @ ("http" | "https")) if place.starts_with("//") => {
            Some(format!("{scheme}:{place}"))
        }
        _ => as_url(extra("S.browser_fallback_url")?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(raw: &str) -> Option<(String, String)> {
        let (scheme, rest) = raw.split_once(':')?;
        match open(scheme, rest) {
            HandlerTarget::Url(wrapper, inner) => Some((wrapper.as_str().to_owned(), inner)),
            HandlerTarget::NotWeb | HandlerTarget::Nothing => None,
        }
    }

    #[test]
    fn handlers_that_carry_a_url() {
        for (raw, name, inner) in [
            (
                "ms-appinstaller:?source=https://e.example/a.msix&x=1",
                "ms-appinstaller",
                "https://e.example/a.msix",
            ),
            (
                "ms-appinstaller:?source=https%3A%2F%2Fe.example%2Fa.msix",
                "ms-appinstaller",
                "https://e.example/a.msix",
            ),
            (
                "ms-word:ofe|u|https://e.example/a.docx|z|x",
                "ms-word",
                "https://e.example/a.docx",
            ),
            (
                "microsoft-edge:https://e.example/?u=https://o.example",
                "microsoft-edge",
                "https://e.example/?u=https://o.example",
            ),
            (
                "microsoft-edge:?launchContext1=x&url=https%3A%2F%2Fe.example%2F",
                "microsoft-edge",
                "https://e.example/",
            ),
            (
                "ms-officecmd:%7B%22id%22:3,%22filename%22:%22https://e.example/x%22%7D",
                "ms-officecmd",
                "https://e.example/x",
            ),
            (
                r"search-ms:query=x&crumb=location:\\e.example@SSL@8443\DavWWWRoot\a\b",
                "search-ms",
                "https://e.example:8443/a/b",
            ),
            (
                "search-ms:query=x&crumb=location:%5C%5Ce.example%40SSL%5Ca",
                "search-ms",
                "https://e.example/a",
            ),
            (
                "itms-services://?action=download-manifest&url=https://e.example/m.plist",
                "itms-services",
                "https://e.example/m.plist",
            ),
            (
                "intent://e.example/x#Intent;scheme=https;package=p;end",
                "intent",
                "https://e.example/x",
            ),
            (
                "intent:x#Intent;S.browser_fallback_url=https%3A%2F%2Fe.example%2F;end",
                "intent",
                "https://e.example/",
            ),
            (
                "webcal://e.example/c.ics",
                "webcal",
                "http://e.example/c.ics",
            ),
            (
                "view-source:https://e.example/",
                "view-source",
                "https://e.example/",
            ),
            (
                "ms-msdt:/id X /param IT=https://e.example/x y",
                "ms-msdt",
                "https://e.example/x",
            ),
        ] {
            assert_eq!(opened(raw), Some((name.into(), inner.into())), "{raw}");
        }
    }

    #[test]
    fn what_carries_none() {
        for raw in [
            "mailto:a@b.example?body=https://e.example",
            "javascript:location='https://e.example'",
            "ms-settings:privacy",
            "data:text/html,https://e.example",
        ] {
            assert_eq!(opened(raw), None, "{raw}");
        }
    }
}

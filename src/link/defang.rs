//! Defangs urls, so that nobody opens them by mistake.

use std::borrow::Cow;

use memchr::memmem;
use url::{Host, Url};

use super::{refang, text};

/// The url with its scheme and every dot of its authority defanged (`hxxps://evil[.]example/…`), so that no program
/// makes a link of it. Urls inside its path or query are defanged too. [`canonical`](super::canonical()) reads it back.
pub fn defang(url: &Url) -> String {
    let scheme = match url.scheme() {
        "http" => "hxxp://",
        "https" => "hxxps://",
        "ftp" => "fxp://",
        "file" => "file[:]//",
        other => other,
    };
    let mut out = scheme.to_owned();
    if !url.username().is_empty() || url.password().is_some() {
        out.push_str(&url.username().replace('.', "[.]"));
        if let Some(password) = url.password() {
            out.push(':');
            out.push_str(&password.replace('.', "[.]"));
        }
        out.push_str("[@]");
    }
    match url.host() {
        // The colons of an address stay, since no program makes a link of `hxxp://[`.
        Some(Host::Ipv6(address)) => out.push_str(&format!("[{address}]")),
        Some(host) => out.push_str(&host.to_string().replace('.', "[.]")),
        None => {}
    }
    if let Some(port) = url.port() {
        out.push_str(&format!(":{port}"));
    }
    let rest = &url[url::Position::BeforePath..];
    out.push_str(&rest.replace("://", "[:]//").replace("www.", "www[.]"));
    out
}

/// The text with every url in it defanged. A text that is a url is defanged as [`defang`] does it; in prose each url is
/// defanged where it is, and the words around it stay. What is defanged already stays too. Time is linear in the text.
pub fn defang_text(text: &str) -> Cow<'_, str> {
    if let Ok(url) = Url::parse(text)
        && url.as_str() == text
        && matches!(url.scheme(), "http" | "https" | "ftp" | "file")
    {
        return Cow::Owned(defang(&url));
    }
    let mut out = String::new();
    let mut done = 0;
    text::scan(text, |seen| {
        // Labels and destinations of Markdown are scanned as plain text, and so is the argument of a handler.
        if seen.label.is_some() {
            return false;
        }
        let Some(broken) = broken(seen.raw) else {
            return false;
        };
        let start = seen.raw.as_ptr() as usize - text.as_ptr() as usize;
        if start >= done {
            out.push_str(&text[done..start]);
            out.push_str(&broken);
            done = start + seen.raw.len();
        }
        true
    });
    if done == 0 {
        return swept(Cow::Borrowed(text));
    }
    out.push_str(&text[done..]);
    swept(Cow::Owned(out))
}

/// The url defanged but not normalised; `None` for what has no web scheme and no `www`.
fn broken(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len() + 8);
    let mut rest = raw;
    if !raw.get(..3).is_some_and(|w| w.eq_ignore_ascii_case("www")) {
        let colon = raw.find(':')?;
        let word: String = raw[..colon]
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '*')
            .collect();
        out.push_str(match refang::web_scheme(&word)? {
            "http" => "hxxp://",
            "https" => "hxxps://",
            _ => "fxp://",
        });
        rest = raw[colon..].trim_start_matches([':', '/', '\\', ']']);
        // The first bracket of `[:][//]` does not belong to an IPv6 address.
        for slashes in ["[//]", "[/][/]"] {
            rest = rest.strip_prefix(slashes).unwrap_or(rest);
        }
    }
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let mut before = ' ';
    for c in rest[..end].chars() {
        match c {
            '.' if !matches!(before, '[' | '(' | '{') => out.push_str("[.]"),
            '@' if before != '[' => out.push_str("[@]"),
            c => out.push(c),
        }
        before = c;
    }
    out.push_str(
        &rest[end..]
            .replace("://", "[:]//")
            .replace("www.", "www[.]"),
    );
    Some(out)
}

/// Defangs what looks like a link although no host follows.
fn swept(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut changes: Vec<(usize, usize, &str)> = Vec::new();
    for at in memmem::find_iter(bytes, "://") {
        for (scheme, plain) in [("http", "hxxp"), ("https", "hxxps"), ("ftp", "fxp")] {
            let start = at.saturating_sub(scheme.len());
            if bytes[start..at].eq_ignore_ascii_case(scheme.as_bytes()) {
                changes.push((start, at, plain));
            }
        }
    }
    for at in memchr::memchr2_iter(b'w', b'W', bytes) {
        let after = bytes
            .get(at + 4)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 128);
        let before = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        if after && !before && bytes[at..at + 4].eq_ignore_ascii_case(b"www.") {
            changes.push((at + 3, at + 4, "[.]"));
        }
    }
    if changes.is_empty() {
        return text;
    }
    changes.sort_unstable();
    let mut out = String::with_capacity(text.len() + changes.len() * 2);
    let mut done = 0;
    for (start, end, plain) in changes {
        out.push_str(&text[done..start]);
        out.push_str(plain);
        done = end;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_clickable_is_left() {
        for (url, expected) in [
            (
                "https://evil.example/a.php?b=1#c",
                "hxxps://evil[.]example/a.php?b=1#c",
            ),
            ("http://192.0.2.1:8080/", "hxxp://192[.]0[.]2[.]1:8080/"),
            ("http://[2001:db8::1]/x", "hxxp://[2001:db8::1]/x"),
            ("file://srv/a.b", "file[:]//srv/a.b"),
            ("file://evil.example/x", "file[:]//evil[.]example/x"),
            ("ftp://evil.example/x", "fxp://evil[.]example/x"),
            (
                "https://login.contoso.com:p@evil.example/?u=https://www.a.example/",
                "hxxps://login[.]contoso[.]com:p[@]evil[.]example/?u=https[:]//www[.]a.example/",
            ),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(defang(&url), expected);
            assert_eq!(crate::link::canonical(expected).unwrap().0, url);
        }
    }

    #[test]
    fn urls_in_prose() {
        for (text, expected) in [
            ("nothing here: at all", "nothing here: at all"),
            (
                "see https://evil.example/a.php?u=http://b.example.",
                "see hxxps://evil[.]example/a.php?u=http[:]//b.example.",
            ),
            ("(HTTP://EVIL.example)", "(hxxp://EVIL[.]example)"),
            ("www.evil.example/x, or", "www[.]evil[.]example/x, or"),
            ("[a](https://evil.example/)", "[a](hxxps://evil[.]example/)"),
            (
                "[https://good.example](https://evil.example/)",
                "[hxxps://good[.]example](hxxps://evil[.]example/)",
            ),
            (
                "ms-appinstaller:?source=https://evil.example/a",
                "ms-appinstaller:?source=hxxps://evil[.]example/a",
            ),
            ("hxxps[:]//evil[.]example/", "hxxps://evil[.]example/"),
            (r"https:\/\/evil.example\/x", r"hxxps://evil[.]example\/x"),
            ("http:// and https://", "hxxp:// and hxxps://"),
            ("http://[2001:db8::1]/x y", "hxxp://[2001:db8::1]/x y"),
            ("a@b.example, aww.. www.", "a@b.example, aww.. www."),
        ] {
            assert_eq!(defang_text(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_link_is_left(text in "(https?://|HTTP://|www\\.|hxxp\\[:\\]//|[a-z.]{1,9}|[\\PC]|[/@:\\[\\]()\\\\ ]){0,12}") {
            let broken = defang_text(&text).to_lowercase();
            proptest::prop_assert!(!broken.contains("http://"), "{broken}");
            proptest::prop_assert!(!broken.contains("https://"), "{broken}");
        }

        #[test]
        fn a_url_alone_is_broken_as_a_url(rest in "[a-z0-9/?=&.,;|:@%#-]{0,30}") {
            if let Ok(url) = Url::parse(&format!("https://evil.example/{rest}")) {
                proptest::prop_assert_eq!(defang_text(url.as_str()), defang(&url));
            }
        }
    }
}

//! Compares requests in logs with a url.

use std::borrow::Cow;

use url::{Position, Url};

pub use crate::model::MatchKind;

/// How a logged request (a proxy's `RequestURL`, Defender's `RemoteUrl`) matches a url: exactly, by its host, or not at
/// all. The log may hold a whole url, one without a scheme, only a host, or a host and a port, with white space or
/// quotes around it, or with the default port written out.
///
/// Fragment and userinfo are not compared, since they are never sent. The scheme is ignored only when the log has none.
/// Different spellings of the same path (`%7E` and `~`, `%c3` and `%C3`) are equal. A bare host always gives
/// [`MatchKind::Host`]: of an encrypted request a log sees no more, and the path is unknown.
pub fn request_match(logged: &str, url: &Url) -> Option<MatchKind> {
    let request = Request::parse(logged, url.scheme())?;
    if host(&request.url)? != host(url)? {
        return None;
    }
    let same = request.has_path
        && (!request.has_scheme || request.url.scheme() == url.scheme())
        && request.url.port_or_known_default() == url.port_or_known_default()
        && path_and_query(&request.url) == path_and_query(url);
    Some(if same {
        MatchKind::Url
    } else {
        MatchKind::Host
    })
}

/// How a log record with a request and a destination host matches a url. The destination alone only shows the host.
pub fn logged_request_match(request: &str, destination: &str, url: &Url) -> Option<MatchKind> {
    let requested = request_match(request, url);
    requested.or_else(|| request_match(destination, url).map(|_| MatchKind::Host))
}

/// The host of a logged request, without a final dot. [`request_match`] gives `None` for urls on any other host.
pub(crate) fn request_host(logged: &str) -> Option<String> {
    let request = Request::parse(logged, "https")?;
    host(&request.url).map(str::to_owned)
}

/// A logged request.
struct Request {
    url: Url,
    /// True when the log has a web scheme.
    has_scheme: bool,
    /// True when the log has more than host and port.
    has_path: bool,
}

impl Request {
    fn parse(logged: &str, default_scheme: &str) -> Option<Self> {
        let text = logged.trim_matches(|c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`')
        });
        let scheme_end = text.find("://").filter(|&end| {
            end > 0
                && text[..end]
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        });
        let (scheme, rest) = match scheme_end {
            Some(end) => (Some(text[..end].to_ascii_lowercase()), &text[end + 3..]),
            None => (None, text.trim_start_matches("//")),
        };
        if rest.is_empty() || rest.starts_with(['\\', '/']) {
            return None;
        }
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let web = matches!(scheme.as_deref(), Some("http" | "https" | "ftp"));
        let url = match &scheme {
            Some(scheme) if web => Url::parse(&format!("{scheme}://{rest}")).ok()?,
            // With `tcp://` or `ssl://` the scheme of the request is not known.
            _ => Url::parse(&format!("{default_scheme}://{}", unbracketed(rest, end))).ok()?,
        };
        let has_path = if scheme.is_some() {
            web
        } else {
            end < rest.len()
        };
        Some(Request {
            url,
            has_scheme: web,
            has_path,
        })
    }
}

/// Puts the brackets around an IPv6 address that a log left out.
fn unbracketed(rest: &str, end: usize) -> Cow<'_, str> {
    match rest[..end].parse::<std::net::Ipv6Addr>() {
        Ok(address) => Cow::Owned(format!("[{address}]{}", &rest[end..])),
        Err(_) => Cow::Borrowed(rest),
    }
}

/// The host of a url, without a final dot.
pub(crate) fn host(url: &Url) -> Option<&str> {
    url.host_str()
        .map(|host| host.trim_end_matches('.'))
        .filter(|host| !host.is_empty())
}

/// Path and query in normal form (RFC 3986, section 6.2.2): only what needs percent-encoding has it, with upper-case
/// digits.
fn path_and_query(url: &Url) -> String {
    let text = &url[Position::BeforePath..Position::AfterQuery];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest
            .get(at + 1..at + 3)
            .filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = code else {
            out.push('%');
            rest = &rest[at + 1..];
            continue;
        };
        match u8::from_str_radix(code, 16) {
            Ok(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push_str(&code.to_ascii_uppercase());
            }
        }
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    // An empty query is the same as none.
    if out.ends_with('?') {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://evil.example/Path/a~b?x=%C3%A4#part";

    fn check(url: &str, cases: &[(&str, Option<MatchKind>)]) {
        let url = Url::parse(url).unwrap();
        for (logged, expected) in cases {
            assert_eq!(
                request_match(logged, &url),
                *expected,
                "{logged} against {url}"
            );
        }
    }

    #[test]
    fn this_very_url() {
        check(
            URL,
            &[
                (
                    "https://evil.example/Path/a~b?x=%C3%A4",
                    Some(MatchKind::Url),
                ),
                (
                    "\"https://evil.example:443/Path/a~b?x=%C3%A4\" ",
                    Some(MatchKind::Url),
                ),
                ("'evil.example/Path/a~b?x=%C3%A4'", Some(MatchKind::Url)),
                (
                    "EVIL.example:443/Path/a%7eb?x=%c3%a4#other",
                    Some(MatchKind::Url),
                ),
                ("//evil.example./Path/a~b?x=ä", Some(MatchKind::Url)),
                (
                    "https://user:pw@evil.example/Path/a~b?x=%C3%A4",
                    Some(MatchKind::Url),
                ),
            ],
        );
        check(
            "https://user@evil.example/",
            &[
                ("https://evil.example", Some(MatchKind::Url)),
                ("evil.example/", Some(MatchKind::Url)),
                ("evil.example/?", Some(MatchKind::Url)),
            ],
        );
        check(
            "http://bücher.example:8080/a",
            &[
                ("xn--bcher-kva.example:8080/a", Some(MatchKind::Url)),
                ("BÜCHER.example:8080/a", Some(MatchKind::Url)),
            ],
        );
        check(
            "http://[2001:db8::1]/a",
            &[
                ("[2001:db8::1]/a", Some(MatchKind::Url)),
                ("2001:DB8:0::1/a", Some(MatchKind::Url)),
                ("2001:db8::1", Some(MatchKind::Host)),
            ],
        );
    }

    #[test]
    fn only_the_host() {
        check(
            URL,
            &[
                ("evil.example", Some(MatchKind::Host)),
                ("evil.example:443", Some(MatchKind::Host)),
                ("evil.example:8443", Some(MatchKind::Host)),
                ("https://evil.example", Some(MatchKind::Host)),
                (
                    "http://evil.example/Path/a~b?x=%C3%A4",
                    Some(MatchKind::Host),
                ),
                (
                    "https://evil.example:8443/Path/a~b?x=%C3%A4",
                    Some(MatchKind::Host),
                ),
                (
                    "https://evil.example/path/a~b?x=%C3%A4",
                    Some(MatchKind::Host),
                ),
                ("https://evil.example/Path/a~b", Some(MatchKind::Host)),
                ("tcp://evil.example:443", Some(MatchKind::Host)),
                (
                    "ssl://evil.example:443/Path/a~b?x=%C3%A4",
                    Some(MatchKind::Host),
                ),
            ],
        );
        check(
            "https://evil.example/",
            &[
                ("evil.example", Some(MatchKind::Host)),
                ("evil.example:443", Some(MatchKind::Host)),
            ],
        );
    }

    #[test]
    fn neither() {
        check(
            URL,
            &[
                ("https://www.evil.example/Path/a~b?x=%C3%A4", None),
                ("https://evil.example.contoso.com/", None),
                ("https://contoso.com/?u=https://evil.example/Path/a~b", None),
                ("https://evil.example@contoso.com/", None),
                ("notevil.example", None),
                ("", None),
                ("\"\"", None),
                ("C:\\evil.example\\x", None),
                (r"\\evil.example\share", None),
                ("/evil.example/x", None),
                ("https://", None),
                ("-", None),
            ],
        );
    }
}

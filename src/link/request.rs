//! Requests in logs, compared with a url.

use std::borrow::Cow;

use url::{Position, Url};

pub use crate::model::MatchKind as Hit;

/// Whether a logged request (a proxy's `RequestURL`, Defender's `RemoteUrl`) goes to this very url,
/// or at least to its host. The log may hold a whole url, one without a scheme, only a host or a
/// host and a port; with white space or quotes around it, or the default port written out.
///
/// Fragment and userinfo are never on the wire and not compared. The scheme is ignored only when
/// the log has none. Spellings of one path (`%7E` and `~`, `%c3` and `%C3`) are the same. A bare
/// host is a [`Hit::Host`], whatever the url: an encrypted request shows no more to a log, and
/// what was asked for behind it is unknown.
pub fn request_match(logged: &str, url: &Url) -> Option<Hit> {
    let request = Request::read(logged, url.scheme())?;
    if host(&request.url)? != host(url)? {
        return None;
    }
    let same = request.place
        && (!request.scheme || request.url.scheme() == url.scheme())
        && request.url.port_or_known_default() == url.port_or_known_default()
        && place(&request.url) == place(url);
    Some(if same { Hit::Url } else { Hit::Host })
}

/// Whether a logged request went to the url or to its host, by what the log holds of the request and of the place that
/// it went to. The place alone only tells the host.
pub fn logged_request_match(request: &str, destination: &str, url: &Url) -> Option<Hit> {
    let requested = request_match(request, url);
    requested.or_else(|| request_match(destination, url).map(|_| Hit::Host))
}

/// The host that a logged request goes to, without a final dot: the only one of whose urls
/// [`request_match`] says anything else than `None`.
pub(crate) fn request_host(logged: &str) -> Option<String> {
    let request = Request::read(logged, "https")?;
    host(&request.url).map(str::to_owned)
}

/// A request as a log holds it.
struct Request {
    url: Url,
    /// The log had a web scheme.
    scheme: bool,
    /// The log had more than host and port.
    place: bool,
}

impl Request {
    fn read(logged: &str, default_scheme: &str) -> Option<Self> {
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
            // `tcp://`, `ssl://`: what kind of request it was is not known.
            _ => Url::parse(&format!("{default_scheme}://{}", unbracketed(rest, end))).ok()?,
        };
        let place = if scheme.is_some() {
            web
        } else {
            end < rest.len()
        };
        Some(Request {
            url,
            scheme: web,
            place,
        })
    }
}

/// An IPv6 address gets the brackets that a log left out.
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

/// Path and query in one spelling: what needs no percent-encoding has none, and the digits of the
/// rest are upper case (RFC 3986, section 6.2.2).
fn place(url: &Url) -> String {
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
    // An empty query asks for the same place as none.
    if out.ends_with('?') {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://evil.example/Path/a~b?x=%C3%A4#part";

    fn check(url: &str, cases: &[(&str, Option<Hit>)]) {
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
                ("https://evil.example/Path/a~b?x=%C3%A4", Some(Hit::Url)),
                (
                    "\"https://evil.example:443/Path/a~b?x=%C3%A4\" ",
                    Some(Hit::Url),
                ),
                ("'evil.example/Path/a~b?x=%C3%A4'", Some(Hit::Url)),
                ("EVIL.example:443/Path/a%7eb?x=%c3%a4#other", Some(Hit::Url)),
                ("//evil.example./Path/a~b?x=ä", Some(Hit::Url)),
                (
                    "https://user:pw@evil.example/Path/a~b?x=%C3%A4",
                    Some(Hit::Url),
                ),
            ],
        );
        check(
            "https://user@evil.example/",
            &[
                ("https://evil.example", Some(Hit::Url)),
                ("evil.example/", Some(Hit::Url)),
                ("evil.example/?", Some(Hit::Url)),
            ],
        );
        check(
            "http://bücher.example:8080/a",
            &[
                ("xn--bcher-kva.example:8080/a", Some(Hit::Url)),
                ("BÜCHER.example:8080/a", Some(Hit::Url)),
            ],
        );
        check(
            "http://[2001:db8::1]/a",
            &[
                ("[2001:db8::1]/a", Some(Hit::Url)),
                ("2001:DB8:0::1/a", Some(Hit::Url)),
                ("2001:db8::1", Some(Hit::Host)),
            ],
        );
    }

    #[test]
    fn only_the_host() {
        check(
            URL,
            &[
                ("evil.example", Some(Hit::Host)),
                ("evil.example:443", Some(Hit::Host)),
                ("evil.example:8443", Some(Hit::Host)),
                ("https://evil.example", Some(Hit::Host)),
                ("http://evil.example/Path/a~b?x=%C3%A4", Some(Hit::Host)),
                (
                    "https://evil.example:8443/Path/a~b?x=%C3%A4",
                    Some(Hit::Host),
                ),
                ("https://evil.example/path/a~b?x=%C3%A4", Some(Hit::Host)),
                ("https://evil.example/Path/a~b", Some(Hit::Host)),
                ("tcp://evil.example:443", Some(Hit::Host)),
                ("ssl://evil.example:443/Path/a~b?x=%C3%A4", Some(Hit::Host)),
            ],
        );
        check(
            "https://evil.example/",
            &[
                ("evil.example", Some(Hit::Host)),
                ("evil.example:443", Some(Hit::Host)),
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

//! Urls that nobody opens by mistake.

use url::{Host, Url};

/// The url with its scheme and every dot of its authority broken (`hxxps://evil[.]example/…`), so
/// that no program makes a link of it. Urls inside its path or query are broken too.
/// [`canonical`](super::canonical) reads it back.
pub fn defang(url: &Url) -> String {
    let scheme = match url.scheme() {
        "http" => "hxxp",
        "https" => "hxxps",
        "ftp" => "fxp",
        other => other,
    };
    let mut out = format!("{scheme}://");
    if !url.username().is_empty() || url.password().is_some() {
        out.push_str(&url.username().replace('.', "[.]"));
        if let Some(password) = url.password() {
            out.push(':');
            out.push_str(&password.replace('.', "[.]"));
        }
        out.push_str("[@]");
    }
    match url.host() {
        // The colons of an address are left: no program links `hxxp://[`.
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
}

//! Network paths: `\\host\share`, `file://host/share` and `smb://host/share`. Opening one sends the reader's name and a
//! hash of the password to the host.

use url::{Host, Url};

use super::refang;

/// The url of a network path such as `\\host\share\file`, with single backslashes or with doubled ones as in source code;
/// `None` when it names no host.
pub(crate) fn of_path(path: &str) -> Option<Url> {
    let plain = refang::refang(path);
    let path = plain.as_deref().unwrap_or(path);
    let rest = path.trim_start_matches(['\\', '/']);
    let (host, path) = rest.split_at(rest.find(['\\', '/']).unwrap_or(rest.len()));
    // In a path these are characters of a name; in a url they would begin a query or a fragment.
    let path = path
        .replace("\\\\", "/")
        .replace('\\', "/")
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    of_host(host, &path)
}

/// The url of `file:` or `smb:` with `rest` behind the colon; `None` when it names no host but a file of the reader's own
/// machine.
pub(crate) fn of_url(rest: &str) -> Option<Url> {
    let plain = refang::refang(rest);
    let rest = plain.as_deref().unwrap_or(rest);
    let place = rest.trim_start_matches(['/', '\\']);
    // Three slashes begin a path of one's own, four or more a network path.
    if !matches!(rest.len() - place.len(), 2 | 4..) {
        return None;
    }
    let (authority, path) =
        place.split_at(place.find(['/', '\\', '?', '#']).unwrap_or(place.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    of_host(host, path)
}

fn of_host(host: &str, path: &str) -> Option<Url> {
    // A port, as in `smb://host:445/share`, makes no other host, and a file url has none; a drive is no host.
    let host = match host.rsplit_once(':') {
        Some((name, port)) if name.len() > 1 && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    // Windows reaches a web server by `host@SSL@8443`.
    let host = host.split('@').next().unwrap_or(host);
    if host.is_empty() || host.len() > 253 || host.eq_ignore_ascii_case("localhost") {
        return None;
    }
    let url = Url::parse(&format!(
        "file://{host}/{}",
        path.trim_start_matches(['/', '\\'])
    ))
    .ok()?;
    match url.host()? {
        Host::Domain(name) => {
            let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            (name.bytes().all(known) && !name.starts_with('.')).then_some(url)
        }
        Host::Ipv4(_) | Host::Ipv6(_) => Some(url),
    }
}

#[cfg(test)]
mod tests {
    use crate::link::canonical;

    #[test]
    fn network_paths_are_urls() {
        for (written, wanted) in [
            (
                r"\\evil.example\share\a b.docx",
                "file://evil.example/share/a%20b.docx",
            ),
            (r"\\\\203.0.113.9\\share\\x", "file://203.0.113.9/share/x"),
            (r"\\SRV01\dept$\100%#1", "file://srv01/dept$/100%25%231"),
            (
                "file://evil.example/share/x?y",
                "file://evil.example/share/x?y",
            ),
            ("FILE:////evil.example/share", "file://evil.example/share"),
            (r"file:\\evil.example\share", "file://evil.example/share"),
            (r"file:///\\evil.example\share", "file://evil.example/share"),
            (
                "smb://bob:pw@evil.example:445/share",
                "file://evil.example/share",
            ),
            ("file://evil[.]example/share", "file://evil.example/share"),
            ("file[:]//evil[.]example/share", "file://evil.example/share"),
            ("file://evil.example", "file://evil.example/"),
            (
                r"\\evil.example@SSL@8443\DavWWWRoot\x",
                "file://evil.example/DavWWWRoot/x",
            ),
            (
                "search-ms:query=x&crumb=location:%5C%5Cevil.example%5Cshare",
                "file://evil.example/share",
            ),
        ] {
            let found = canonical(written).map(|(url, _)| url.to_string());
            assert_eq!(found.as_deref(), Some(wanted), "{written}");
            assert_eq!(
                canonical(wanted).map(|(url, _)| url.to_string()).as_deref(),
                Some(wanted)
            );
        }
    }

    #[test]
    fn files_of_ones_own_are_none() {
        for written in [
            "file:///C:/Users/adele/report.html",
            "file:///etc/passwd",
            "file:/etc/passwd",
            "file://C:/x",
            "file://localhost/x",
            "file:",
            r"C:\Users\x",
            r"\\",
            r"\\?\C:\x",
            r"\\.\pipe\x",
        ] {
            assert_eq!(canonical(written), None, "{written}");
        }
    }
}

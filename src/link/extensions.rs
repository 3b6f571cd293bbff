//! What the extensions of a log record name as asked for. A proxy or firewall that fills neither the url nor the
//! destination of a record in CEF has it there: Palo Alto Networks as a first item without a name, SonicWall by the
//! host alone.

/// Names of items whose value is a host.
const HOSTS: [&str; 9] = [
    "dhost",
    "domain",
    "dsthost",
    "dstname",
    "fqdn",
    "host",
    "hostname",
    "server_name",
    "sni",
];
/// Names of items whose value is a url.
const URLS: [&str; 6] = ["request", "requesturl", "uri", "url", "urlname", "weburl"];

/// Parts of names of items that tell where somebody came from or is sent to.
const FROM: [&str; 5] = ["location", "origin", "redirect", "refer", "src"];

/// The request and the destination host that extensions name; either may be empty.
pub fn extended_request(extensions: &str) -> (String, String) {
    let (mut request, mut destination) = (String::new(), String::new());
    for item in items(extensions) {
        let (name, value) = match item.split_once('=') {
            // A query has that sign too.
            Some((name, value)) if is_name(name) => (name.trim().to_ascii_lowercase(), value),
            _ => (String::new(), item),
        };
        let value = value.trim().trim_matches('"').trim();
        let is_url = match name.as_str() {
            "" => value.contains('.'),
            // Where somebody came from was not asked for.
            name if FROM.iter().any(|from| name.contains(from)) => false,
            name => URLS.contains(&name) || value.contains("://"),
        };
        if is_url && request.is_empty() {
            request = value.to_owned();
        }
        if HOSTS.contains(&name.as_str()) && destination.is_empty() {
            destination = value.to_owned();
        }
    }
    (request, destination)
}

fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && !text.contains("..")
}

/// The items between semicolons, except those in quotes.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    })
    .filter(|item| !item.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_found_in_extensions() {
        for (extensions, request, destination) in [
            (
                "\"files.evil.example/q3.xlsx\";PanOSActionFlags=0x0;",
                "files.evil.example/q3.xlsx",
                "",
            ),
            (
                "\"evil.example/a;b?x=1\";PanOSURLCategory=unknown",
                "evil.example/a;b?x=1",
                "",
            ),
            (
                "gcat=10;dstname=files.evil.example;arg=/q3.xlsx;fw_action=\"forward\"",
                "",
                "files.evil.example",
            ),
            (
                "act=allow;URL=https://evil.example/a?b=c",
                "https://evil.example/a?b=c",
                "",
            ),
            ("x=1;SNI=evil.example", "", "evil.example"),
            (
                "target=https://evil.example/a",
                "https://evil.example/a",
                "",
            ),
            ("referer=https://evil.example/a;x=2", "", ""),
            (
                "origin=https://evil.example;redirect_url=https://evil.example/b",
                "",
                "",
            ),
            ("evil.example/a?b=1;c=2", "evil.example/a?b=1", ""),
            ("", "", ""),
            (";;\";", "", ""),
            ("note=nothing here;level=3", "", ""),
        ] {
            let found = extended_request(extensions);
            assert_eq!(
                found,
                (request.to_owned(), destination.to_owned()),
                "{extensions}"
            );
        }
    }
}

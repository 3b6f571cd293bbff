//! Percent-encoding for the urls of requests.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Appends path segments to a base url, each completely encoded, so that an id with `/`, `#`, `?` or a line break stays
/// a single, unchanged segment.
pub fn append_path(url: &mut Url, segments: &[&str]) {
    const SEGMENT: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'/')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    let mut path = String::new();
    for (at, segment) in segments.iter().enumerate() {
        if at > 0 {
            path.push('/');
        }
        match *segment {
            // Url parsers remove these segments, encoded or not, which would make different requests equal.
            "." | ".." => path.push_str(&segment.replace('.', "%252E")),
            segment => path.extend(utf8_percent_encode(segment, SEGMENT)),
        }
    }
    append_encoded(url, &path);
}

/// Appends a path to the address of a service, which may have a path itself. The path is not encoded here, so its
/// variable parts have to be encoded by [`encode`].
pub fn below(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_query(None);
    url.set_fragment(None);
    append_encoded(&mut url, path);
    url
}

fn append_encoded(url: &mut Url, path: &str) {
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}/{path}"));
}

/// Percent-encodes a text for a query or for one path segment: everything except letters, digits and `-._~`, so that
/// the service decodes exactly the same text.
pub fn encode(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_id_stays_one_segment() {
        let base = Url::parse("https://graph.example:8443/v1.0/").unwrap();
        let path = |id: &str| {
            let mut url = base.clone();
            append_path(&mut url, &["users", id, "chats"]);
            let segments: Vec<_> = url.path_segments().unwrap().map(str::to_owned).collect();
            assert_eq!(segments.len(), 4, "{url}");
            assert_eq!(
                (url.host_str(), url.query(), url.fragment()),
                (Some("graph.example"), None, None)
            );
            segments[2].clone()
        };
        assert_eq!(path("19:a@thread.tacv2"), "19:a@thread.tacv2");
        assert_eq!(
            path("erin_fabrikam.com#EXT#@contoso.com"),
            "erin_fabrikam.com%23EXT%23@contoso.com"
        );
        assert_eq!(path("a/b?c%2F"), "a%2Fb%3Fc%252F");
        assert_eq!(path("a\nb\tc\u{1b}"), "a%0Ab%09c%1B");
        let distinct = [".", "..", "a\nb", "ab", ""].map(path);
        for (at, one) in distinct.iter().enumerate() {
            assert!(!distinct[at + 1..].contains(one), "{one}");
        }
    }
}

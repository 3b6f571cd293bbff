//! Addresses of requests: path segments and query values, encoded.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Adds path segments to a base url, each encoded whole: an id with `/`, `#`, `?` or a line break in it stays one
/// segment, and stays what it is.
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
    let mut path = url.path().trim_end_matches('/').to_owned();
    for segment in segments {
        path.push('/');
        match *segment {
            // Urls drop these, encoded or not, and with them the difference between two requests.
            "." | ".." => path.push_str(&segment.replace('.', "%252E")),
            segment => path.extend(utf8_percent_encode(segment, SEGMENT)),
        }
    }
    url.set_path(&path);
}

/// Percent-encodes a value for a query: everything but letters, digits and `-._~`.
pub fn encode(value: &str) -> String {
    const QUERY: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(value, QUERY).to_string()
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

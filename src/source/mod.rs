//! Sources: each knows one API and nothing of the graph. All of them ask by [`http::Client`], which asks the journal
//! first.

pub mod auth;
pub mod exchange;
pub mod http;
pub mod intel;
pub mod kql;
pub mod msgraph;
pub mod sentinel;
pub mod throttle;
pub mod time;

use url::Url;

pub use exchange::{Answer, Audience, Auth, Body, Exchange, Limit, Method, Request};

/// Adds path segments to a base url, each encoded whole: an id with `/`, `#` or `?` in it stays one segment.
pub fn append_path(url: &mut Url, segments: &[&str]) {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty();
        for segment in segments {
            // `.` and `..` would be dropped, and with them the difference between two requests.
            match *segment {
                "." => path.push("%2E"),
                ".." => path.push("%2E%2E"),
                segment => path.push(segment),
            };
        }
    }
}

/// Percent-encodes a value for a query: everything but letters, digits and `-._~`.
pub fn encode(value: &str) -> String {
    const SET: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(value, SET).to_string()
}

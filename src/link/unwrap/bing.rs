//! Redirects of Bing.

use url::Url;

use super::query::{base64_text, params};
use crate::link::domain::is_under;

/// The target of a redirect: result clicks (`u=a1` and base64url), advertisements (base64 of a percent-encoded url)
/// and plain parameters. `None` for other urls.
pub(super) fn targets(host: &str, url: &Url) -> Option<Vec<String>> {
    const PATHS: [&str; 8] = [
        "/ck/a",
        "/ck/ms",
        "/aclick",
        "/aclk",
        "/newtabredir",
        "/alink/link",
        "/news/apiclick.aspx",
        "/fd/ls/glinkping.aspx",
    ];
    if !is_under(host, "bing.com") {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_ascii_lowercase();
    if !PATHS.contains(&path.as_str()) {
        return None;
    }
    let mut targets = Vec::new();
    for value in params(url, &["u", "url"]) {
        targets.extend(value.strip_prefix("a1").and_then(base64_text));
        targets.extend(base64_text(&value));
        targets.push(value);
    }
    Some(targets)
}

//! Redirects of LinkedIn, and of Facebook and its sister services.

use url::Url;

use super::query::params;
use crate::link::domain::is_under;

/// The target of a LinkedIn redirect; `None` for other urls.
pub(super) fn linkedin(host: &str, url: &Url) -> Option<Vec<String>> {
    is_linkedin(host, url.path()).then(|| params(url, &["url"]))
}

/// The target of a redirect of Facebook, Instagram, Messenger, Threads or Workplace; `None` for other urls.
pub(super) fn facebook(host: &str, url: &Url) -> Option<Vec<String>> {
    is_facebook(host, url.path()).then(|| params(url, &["u"]))
}

fn is_linkedin(host: &str, path: &str) -> bool {
    is_under(host, "linkedin.com")
        && (path.starts_with("/redir/") || path == "/safety/go" || path == "/safety/go/")
}

fn is_facebook(host: &str, path: &str) -> bool {
    let meta = [
        "facebook.com",
        "messenger.com",
        "workplace.com",
        "instagram.com",
        "threads.net",
    ];
    if path == "/l.php" || path == "/flx/warn/" {
        return meta.iter().any(|domain| is_under(host, domain)) || is_under(host, "threads.com");
    }
    path == "/" && ["l.instagram.com", "l.threads.net", "l.threads.com"].contains(&host)
}

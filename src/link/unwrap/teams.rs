//! Links of the Teams client: its own Safe Links page, and deep links that open a url.

use url::Url;

use super::query::params;
use crate::link::domain::is_under;

/// The hosts of the Teams client in every cloud.
pub(super) const DOMAINS: [&str; 5] = [
    "teams.microsoft.com",
    "teams.cloud.microsoft",
    "teams.live.com",
    "teams.microsoft.us",
    "teams.microsoftonline.cn",
];

/// True for a host of the Teams client.
pub(crate) fn is_teams(host: &str) -> bool {
    DOMAINS.iter().any(|domain| is_under(host, domain))
}

/// The target of the client's Safe Links page, or of a deep link that opens a file, a dialog, a tab or the launcher;
/// `None` for other urls.
pub(super) fn targets(host: &str, url: &Url) -> Option<Vec<String>> {
    let client = is_teams(host);
    let cdn = is_under(host, "teams.cdn.office.net") || is_under(host, "onecdn.static.microsoft");
    if !client && !cdn {
        return None;
    }
    let path = url.path().to_ascii_lowercase();
    if path.contains("safelinks") {
        return Some(params(url, &["url"]));
    }
    if !client {
        return None;
    }
    if path.starts_with("/dl/launcher/") {
        return Some(params(url, &["url"]));
    }
    let kind = path.strip_prefix("/l/")?.split('/').next()?;
    match kind {
        "file" => Some(params(url, &["objectUrl"])),
        "task" => Some(params(url, &["url", "fallbackUrl"])),
        "entity" => Some(params(url, &["webUrl"])),
        "stage" => {
            let context = params(url, &["context"]).into_iter().next()?;
            let context: serde_json::Value = serde_json::from_str(&context).ok()?;
            let field = |name: &str| Some(context.get(name)?.as_str()?.to_owned());
            Some(
                ["contentUrl", "websiteUrl"]
                    .iter()
                    .filter_map(|name| field(name))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// The url that a deep link of the scheme `msteams` opens; `rest` is what follows `msteams:`.
pub(crate) fn deep_link_target(rest: &str) -> Option<String> {
    let path = rest.trim_start_matches('/');
    let path = path.strip_prefix("teams.microsoft.com/").unwrap_or(path);
    let url = Url::parse(&format!("https://teams.microsoft.com/{path}")).ok()?;
    targets("teams.microsoft.com", &url)?.into_iter().next()
}

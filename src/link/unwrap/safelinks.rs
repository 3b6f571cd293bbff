//! Safe Links of Microsoft Defender for Office 365.

use url::Url;

use super::query::{param, params};
use crate::link::domain::is_under;

/// The domains that serve Safe Links, in every cloud. Each region is a host below one of them.
pub(super) const DOMAINS: [&str; 6] = [
    "safelinks.protection.outlook.com",
    "safelinks.protection.outlook.de",
    "safelinks.protection.outlook.cn",
    "safelinks.protection.partner.outlook.cn",
    "safelinks.protection.office365.us",
    "safelinks.protection.apps.mil",
];

/// The target of a Safe Link, or of the page of Outlook on the web that redirects to one; `None` for other urls.
pub(super) fn targets(host: &str, url: &Url) -> Option<Vec<String>> {
    is_safelink(host, url.path()).then(|| params(url, &["url"]))
}

fn is_safelink(host: &str, path: &str) -> bool {
    let outlook = [
        "outlook.office.com",
        "outlook.office365.com",
        "outlook.cloud.microsoft",
    ];
    DOMAINS.iter().any(|domain| is_under(host, domain))
        || ((outlook.contains(&host) || host == "outlook.live.com")
            && path.ends_with("/safelink.html"))
}

/// The target of a Safe Link in its usual spelling, read without parsing the link as a url: one label in front of
/// the domain, and only characters that the WHATWG rules leave as they are. Safe Links are long and most links in
/// Teams are Safe Links, so parsing them would take longer than everything else. `None` means that the link has to be
/// read in the general way.
pub(crate) fn plain_target(text: &str) -> Option<String> {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let text = text.strip_prefix("https://")?;
    let region = text.bytes().take_while(plain).count();
    let text = text[region..].strip_prefix('.')?;
    let domain = DOMAINS.iter().find(|name| text.starts_with(*name))?;
    let text = text[domain.len()..].strip_prefix('/')?;
    let path = |b: &u8| plain(b) || matches!(b, b'/' | b'-');
    let query = text[text.bytes().take_while(path).count()..].strip_prefix('?')?;
    let unchanged = query.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    (unchanged && (1..64).contains(&region)).then(|| param(query, "url"))?
}

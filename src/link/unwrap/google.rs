//! Redirects on Google's own hosts.

use url::Url;

use super::query::params;
use crate::link::domain::is_under;

/// The suffixes under which Google runs its search, as the part of the host after `google.`. The list is fixed, since
/// `google.` under any other suffix may belong to somebody else. It is sorted for a binary search.
const SUFFIXES: [&str; 188] = [
    "ad", "ae", "al", "am", "as", "at", "az", "ba", "be", "bf", "bg", "bi", "bj", "bs", "bt", "by",
    "ca", "cat", "cd", "cf", "cg", "ch", "ci", "cl", "cm", "cn", "co.ao", "co.bw", "co.ck",
    "co.cr", "co.id", "co.il", "co.in", "co.jp", "co.ke", "co.kr", "co.ls", "co.ma", "co.mz",
    "co.nz", "co.th", "co.tz", "co.ug", "co.uk", "co.uz", "co.ve", "co.vi", "co.za", "co.zm",
    "co.zw", "com", "com.af", "com.ag", "com.ar", "com.au", "com.bd", "com.bh", "com.bn", "com.bo",
    "com.br", "com.bz", "com.co", "com.cu", "com.cy", "com.do", "com.ec", "com.eg", "com.et",
    "com.fj", "com.gh", "com.gi", "com.gt", "com.hk", "com.jm", "com.kh", "com.kw", "com.lb",
    "com.ly", "com.mm", "com.mt", "com.mx", "com.my", "com.na", "com.ng", "com.ni", "com.np",
    "com.om", "com.pa", "com.pe", "com.pg", "com.ph", "com.pk", "com.pr", "com.py", "com.qa",
    "com.sa", "com.sb", "com.sg", "com.sl", "com.sv", "com.tj", "com.tr", "com.tw", "com.ua",
    "com.uy", "com.vc", "com.vn", "cv", "cz", "de", "dj", "dk", "dm", "dz", "ee", "es", "fi", "fm",
    "fr", "ga", "ge", "gg", "gl", "gm", "gp", "gr", "gy", "hn", "hr", "ht", "hu", "ie", "im", "iq",
    "is", "it", "je", "jo", "kg", "ki", "kz", "la", "li", "lk", "lt", "lu", "lv", "md", "me", "mg",
    "mk", "ml", "mn", "mu", "mv", "mw", "ne", "nl", "no", "nr", "nu", "pl", "pn", "ps", "pt", "ro",
    "rs", "ru", "rw", "sc", "se", "sh", "si", "sk", "sm", "sn", "so", "sr", "st", "td", "tg", "tl",
    "tm", "tn", "to", "tt", "vu", "ws",
];

/// The targets of a redirect on `host`; `None` for other urls.
pub(super) fn targets(host: &str, url: &Url) -> Option<Vec<String>> {
    let path = url.path();
    if is_under(host, "youtube.com") {
        return (path == "/redirect").then(|| params(url, &["q"]));
    }
    if is_under(host, "googleadservices.com") || is_under(host, "doubleclick.net") {
        return (path.ends_with("/aclk") || path.ends_with("/click"))
            .then(|| params(url, &["adurl"]));
    }
    if !is_google(host) {
        return None;
    }
    match path.trim_end_matches('/') {
        // In a search result `q` holds the search terms and `url` the target; elsewhere `q` is the target.
        "/url" | "/local_url" => Some(params(url, &["url", "q"])),
        "/aclk" | "/pagead/aclk" => Some(params(url, &["adurl"])),
        "/translate" if host.starts_with("translate.") => Some(params(url, &["u"])),
        _ => amp(url).map(|target| vec![target]),
    }
}

/// True for `google.<suffix>` and every host below it.
pub(super) fn is_google(host: &str) -> bool {
    // The suffix has one label or two.
    let bytes = host.as_bytes();
    let dot = |end: &usize| bytes[..*end].iter().rposition(|&b| b == b'.');
    std::iter::successors(dot(&host.len()), dot)
        .take(2)
        .any(|at| {
            is_under(&host[..at], "google") && SUFFIXES.binary_search(&&host[at + 1..]).is_ok()
        })
}

/// The page that an AMP url shows: `/amp/s/host/path` for https, `/amp/host/path` for http.
fn amp(url: &Url) -> Option<String> {
    let place = url.path().strip_prefix("/amp/")?;
    let (scheme, place) = match place.strip_prefix("s/") {
        Some(place) => ("https", place),
        None => ("http", place),
    };
    let query = url
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    place
        .contains('.')
        .then(|| format!("{scheme}://{place}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_sorted_for_the_search() {
        assert!(SUFFIXES.is_sorted());
    }

    #[test]
    fn googles_own_hosts() {
        for host in [
            "google.com",
            "www.google.co.uk",
            "maps.google.de",
            "a.b.google.com.au",
        ] {
            assert!(is_google(host), "{host}");
        }
        for host in [
            "google.zip",
            "google.evil.com",
            "xgoogle.com",
            "google.com.evil.example",
        ] {
            assert!(!is_google(host), "{host}");
        }
    }

    #[test]
    fn amp_pages() {
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(
            amp(&url("https://www.google.com/amp/s/evil.example/a?b=1")).as_deref(),
            Some("https://evil.example/a?b=1")
        );
        assert_eq!(amp(&url("https://www.google.com/amp/")), None);
    }
}

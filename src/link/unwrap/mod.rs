//! Removes wrappers: services such as Safe Links whose urls carry the url that they redirect to.
//!
//! There is one file for each service, and [`layer`] tries them in turn. Hosts are compared exactly, with domains that
//! belong to the service: a redirect on any other host is not a wrapper, since its owner decides where it leads.

mod bing;
mod google;
mod query;
mod safelinks;
mod social;
mod teams;
mod urldefense;

use url::Url;

use super::domain::last_two_labels;
use super::wrapper::Wrapper;

pub(crate) use safelinks::plain_target as plain_safelink;
pub(crate) use teams::{deep_link_target, is_teams};

/// The outermost wrapper of `url`, and the strings that may be its target, the likeliest first. The caller decides
/// whether one of them is a url; when none is, `url` counts as not wrapped.
pub(crate) fn layer(url: &Url) -> Option<(Wrapper, Vec<String>)> {
    let host = url.domain()?.trim_end_matches('.');
    if !may_wrap(host) {
        return None;
    }
    let (wrapper, targets) = if let Some(targets) = safelinks::targets(host, url) {
        (Wrapper::SafeLinks, targets)
    } else if let Some(found) = urldefense::layer(host, url) {
        found
    } else if let Some(targets) = google::targets(host, url) {
        (Wrapper::Google, targets)
    } else if let Some(targets) = bing::targets(host, url) {
        (Wrapper::Bing, targets)
    } else if let Some(targets) = social::linkedin(host, url) {
        (Wrapper::LinkedIn, targets)
    } else if let Some(targets) = social::facebook(host, url) {
        (Wrapper::Facebook, targets)
    } else if let Some(targets) = teams::targets(host, url) {
        (Wrapper::Teams, targets)
    } else {
        return None;
    };
    (!targets.is_empty()).then_some((wrapper, targets))
}

/// False when the last two labels of a host show that it belongs to none of the services. This is true of most hosts
/// and saves comparing them with each service. A new wrapper needs a line here too; a test compares the two.
fn may_wrap(host: &str) -> bool {
    match last_two_labels(host).as_bytes() {
        b"outlook.com" | b"outlook.de" | b"outlook.cn" | b"office365.us" | b"apps.mil"
        | b"office.com" | b"office365.com" | b"cloud.microsoft" | b"live.com" => true,
        b"urldefense.com" | b"urldefense.us" | b"proofpoint.com" | b"proofpoint.us" => true,
        b"youtube.com" | b"googleadservices.com" | b"doubleclick.net" => true,
        b"bing.com" | b"linkedin.com" => true,
        b"facebook.com" | b"messenger.com" | b"workplace.com" | b"instagram.com"
        | b"threads.net" | b"threads.com" => true,
        b"microsoft.com"
        | b"microsoft.us"
        | b"microsoftonline.cn"
        | b"office.net"
        | b"static.microsoft" => true,
        _ => google::is_google(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(url: &str) -> Option<(String, String)> {
        let (wrapper, targets) = layer(&Url::parse(url).unwrap())?;
        Some((wrapper.as_str().to_owned(), targets.into_iter().next()?))
    }

    #[test]
    fn only_the_services_themselves_are_wrappers() {
        for url in [
            "https://safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fa.example",
            "https://evilsafelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example",
            "https://google.com.evil.example/url?q=https://a.example",
            "https://google.evil.example/url?q=https://a.example",
            "https://google.github.io/url?q=https://a.example",
            "https://notgoogle.com/url?q=https://a.example",
            "https://www.linkedin.com.evil.example/safety/go?url=https://a.example",
            "https://l.facebook.com.evil.example/l.php?u=https://a.example",
            "https://urldefense.com.evil.example/v3/__https://a.example__;!!x",
            "https://evil.example/evergreen-assets/safelinks/1/atp-safelinks.html?url=https://a.example",
        ] {
            assert_eq!(first(url), None, "{url}");
        }
    }

    #[test]
    fn no_service_is_ruled_out_by_the_last_labels_of_its_host() {
        let others = [
            "outlook.office.com",
            "outlook.office365.com",
            "outlook.cloud.microsoft",
            "outlook.live.com",
            "www.youtube.com",
            "www.googleadservices.com",
            "ad.doubleclick.net",
            "www.google.de",
            "google.co.uk",
            "www.bing.com",
            "www.linkedin.com",
            "l.facebook.com",
            "l.messenger.com",
            "l.workplace.com",
            "l.instagram.com",
            "l.threads.net",
            "l.threads.com",
            "statics.teams.cdn.office.net",
            "x.onecdn.static.microsoft",
        ];
        for host in [
            &safelinks::DOMAINS[..],
            &urldefense::HOSTS,
            &teams::DOMAINS,
            &others,
        ]
        .concat()
        {
            assert!(may_wrap(host), "{host}");
        }
        for host in ["evil.example", "outlook.com.evil.example", "com", ""] {
            assert!(!may_wrap(host), "{host}");
        }
    }

    #[test]
    fn bing_decodes_both_kinds_of_base64() {
        for url in [
            "https://www.bing.com/ck/a?!&&p=1&u=a1aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT9iPTE&ntb=1",
            "https://www.bing.com/aclick?ld=x&u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT9iPTE%3D&rlid=1",
        ] {
            assert_eq!(
                first(url),
                Some(("bing".into(), "https://evil.example/a?b=1".into()))
            );
        }
    }

    #[test]
    fn a_stage_link_opens_its_content() {
        let url = "https://teams.microsoft.com/l/stage/app/0?context=%7B%22contentUrl%22%3A%22https%3A%2F%2Fevil.example%2Fx%22%7D";
        assert_eq!(
            first(url),
            Some(("teams".into(), "https://evil.example/x".into()))
        );
    }
}

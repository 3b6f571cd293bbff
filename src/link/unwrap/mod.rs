//! Removes wrappers: services such as Safe Links whose urls carry the url that they redirect to.
//!
//! Most services are a line of the table in `rules`, and some have a file of their own; [`layer`] tries them in turn. Hosts are compared exactly, with domains that
//! belong to the service: a redirect on any other host is not a wrapper, since its owner decides where it leads.

mod bing;
mod google;
mod query;
mod rules;
mod safelinks;
mod social;
mod target;
mod teams;
mod urldefense;

use url::Url;

use self::rules::{Host, RULES, Rule};
use super::domain::{is_under, last_two_labels};
use super::wrapper::Wrapper;

pub(crate) use query::param;
pub(crate) use safelinks::plain_target as plain_safelink;
pub(crate) use teams::{deep_link_target, is_teams};

/// The outermost wrapper of `url`, and the strings that may be its target, the likeliest first. The caller decides
/// whether one of them is a url; when none is, `url` counts as not wrapped.
pub(crate) fn layer(url: &Url) -> Option<(Wrapper, Vec<String>)> {
    let host = url.domain()?.trim_end_matches('.');
    let last = last_two_labels(host);
    let (wrapper, targets) = match may_wrap(host, last).then(|| own_file(host, url)).flatten() {
        Some(found) => found,
        None => by_rule(host, last, url)?,
    };
    (!targets.is_empty()).then_some((wrapper, targets))
}

/// True for a url of a service that wraps links. When [`layer`] finds no target in it, it cannot be peeled.
pub(crate) fn is_wrapper(url: &Url) -> bool {
    let Some(host) = url.domain().map(|host| host.trim_end_matches('.')) else {
        return false;
    };
    let last = last_two_labels(host);
    let safelink = may_wrap(host, last) && safelinks::targets(host, url).is_some();
    safelink || rules_for(host, last, url).next().is_some()
}

/// The rules of the table that this url fits.
fn rules_for<'u>(
    host: &'u str,
    last: &'u str,
    url: &'u Url,
) -> impl Iterator<Item = &'static Rule> + 'u {
    let start = RULES.partition_point(|rule| rule.domain < last);
    let same = RULES[start..]
        .iter()
        .take_while(move |rule| rule.domain == last);
    same.filter(move |rule| {
        let at_host = match rule.host {
            Host::Is(name) => host == name,
            Host::Under(name) => is_under(host, name),
        };
        let path = url.path();
        at_host
            && match rule.path.ends_with('/') {
                true => path.starts_with(rule.path),
                false => path.trim_end_matches('/').eq_ignore_ascii_case(rule.path),
            }
    })
}

fn by_rule(host: &str, last: &str, url: &Url) -> Option<(Wrapper, Vec<String>)> {
    rules_for(host, last, url).find_map(|rule| {
        let targets = rule.target.of(url, host, rule.path);
        (!targets.is_empty()).then_some((Wrapper::Service(rule.name), targets))
    })
}

/// The layer of a service that has a file of its own.
fn own_file(host: &str, url: &Url) -> Option<(Wrapper, Vec<String>)> {
    Some(if let Some(targets) = safelinks::targets(host, url) {
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
    } else {
        (Wrapper::Teams, teams::targets(host, url)?)
    })
}

/// False when the last two labels of a host show that it belongs to none of the services with a file of their own. This
/// is true of most hosts and saves comparing them with each service. Such a service needs a line here too; a test compares
/// the two.
fn may_wrap(host: &str, last: &str) -> bool {
    match last.as_bytes() {
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
            assert!(may_wrap(host, last_two_labels(host)), "{host}");
        }
        for host in ["evil.example", "outlook.com.evil.example", "com", ""] {
            assert!(!may_wrap(host, last_two_labels(host)), "{host}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_its_hosts_have_their_domains() {
        assert!(RULES.is_sorted_by_key(|rule| rule.domain));
        for rule in &RULES {
            let (Host::Is(host) | Host::Under(host)) = rule.host;
            assert_eq!(last_two_labels(host), rule.domain);
            assert!(rule.path.starts_with('/') && !rule.name.is_empty());
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

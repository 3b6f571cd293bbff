//! Services that many parties share: a connection to such a host says nothing about a single url on it.
//!
//! A host below a private suffix of the Public Suffix List (`evil.workers.dev`) belongs to one party, and so does one
//! below a suffix of [`PARTIES`], which that list lacks. `[hosts] shared_domains` outranks both.

use url::{Host, Url};

use super::domain::is_under;

/// Services whose hosts are shared by all who use them, with all hosts below them.
const SHARED: &[&str] = &[
    "1drv.ms",
    "adobe.com",
    "amazon.com",
    "amazonaws.com",
    "apple.com",
    "bing.com",
    "bit.ly",
    "box.com",
    "canva.com",
    "cloudflare.com",
    "discord.com",
    "discordapp.com",
    "docusign.com",
    "docusign.net",
    "dropbox.com",
    "dropboxusercontent.com",
    "duckduckgo.com",
    "evernote.com",
    "facebook.com",
    "figma.com",
    "forms.gle",
    "github.com",
    "gitlab.com",
    "goo.gl",
    "google.com",
    "googleapis.com",
    "googleusercontent.com",
    "hubspot.com",
    "icloud.com",
    "instagram.com",
    "ipfs.io",
    "is.gd",
    "jotform.com",
    "linkedin.com",
    "live.com",
    "mailchimp.com",
    "mediafire.com",
    "medium.com",
    "mega.nz",
    "microsoft.com",
    "microsoftonline.com",
    "notion.so",
    "office.com",
    "office.net",
    "office365.com",
    "onedrive.com",
    "onenote.com",
    "outlook.com",
    "ow.ly",
    "pastebin.com",
    "rebrand.ly",
    "reddit.com",
    "salesforce.com",
    "scribd.com",
    "slack.com",
    "smartsheet.com",
    "surveymonkey.com",
    "t.co",
    "t.me",
    "telegram.org",
    "tinyurl.com",
    "trello.com",
    "twitter.com",
    "typeform.com",
    "vimeo.com",
    "wetransfer.com",
    "whatsapp.com",
    "windows.net",
    "wix.com",
    "x.com",
    "yahoo.com",
    "youtu.be",
    "youtube.com",
    "zoom.us",
];

/// Hosts of services below a private suffix that all who use them share.
const SHARED_BELOW: &[&str] = &[
    "firebasestorage.googleapis.com",
    "gist.githubusercontent.com",
    "objects.githubusercontent.com",
    "raw.githubusercontent.com",
    "storage.googleapis.com",
];

/// Suffixes below which each host belongs to one party, and which the Public Suffix List lacks. The suffix itself and
/// its `www` are the service's own, and shared.
const PARTIES: &[&str] = &[
    "atlassian.net",
    "sharepoint-mil.us",
    "sharepoint.cn",
    "sharepoint.com",
    "sharepoint.us",
    "substack.com",
    "tumblr.com",
    "weebly.com",
    "wordpress.com",
    "zendesk.com",
];

/// True when many parties share the host of a url. `configured` are the domains of `[hosts] shared_domains`.
pub fn is_shared(url: &Url, configured: &[String]) -> bool {
    let Some(Host::Domain(host)) = url.host() else {
        return false;
    };
    let host = host.trim_end_matches('.');
    let is_of = |domain: &str| is_under(host, domain);
    if configured.iter().any(|domain| is_of(domain)) {
        return true;
    }
    if let Some(suffix) = PARTIES.iter().find(|suffix| is_of(suffix)) {
        let below = host.strip_suffix(suffix).unwrap_or_default();
        return matches!(below, "" | "www.");
    }
    if SHARED_BELOW.contains(&host) {
        return true;
    }
    !is_below_private_suffix(host) && SHARED.iter().any(|domain| is_of(domain))
}

/// True for a host below a private suffix of the Public Suffix List, such as `github.io`.
fn is_below_private_suffix(host: &str) -> bool {
    let domain = psl::domain(host.as_bytes());
    domain.is_some_and(|domain| domain.suffix().typ() == Some(psl::Type::Private))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_name_no_private_suffix() {
        for list in [SHARED, SHARED_BELOW, PARTIES] {
            assert!(list.is_sorted_by(|one, next| one < next));
        }
        let known = PARTIES
            .iter()
            .filter(|suffix| is_below_private_suffix(&format!("evil.{suffix}")));
        assert_eq!(
            known.collect::<Vec<_>>(),
            [&""; 0],
            "the Public Suffix List has these"
        );
    }

    #[test]
    fn a_host_of_one_party_is_not_shared() {
        let shared = |text: &str, configured: &[&str]| {
            let configured: Vec<String> = configured.iter().map(|&name| name.to_owned()).collect();
            is_shared(&Url::parse(text).unwrap(), &configured)
        };
        for text in [
            "https://docs.google.com/forms/d/e/1",
            "https://drive.google.com/file/d/1",
            "https://forms.office.com/r/1",
            "https://bit.ly/3x",
            "https://www.dropbox.com/s/1",
            "https://sharepoint.com/a",
            "https://www.weebly.com/a",
            "https://s3.amazonaws.com./bucket/a",
            "https://storage.googleapis.com/bucket/a.html",
            "https://firebasestorage.googleapis.com/v0/b/x",
            "https://raw.githubusercontent.com/u/r/a.html",
        ] {
            assert!(shared(text, &[]), "{text}");
        }
        for text in [
            "https://evil.workers.dev/a",
            "https://evil.vercel.app/",
            "https://evil.github.io/login",
            "https://evil.blob.core.windows.net/c/a.html",
            "https://evil.azurewebsites.net/",
            "https://bucket.s3.amazonaws.com/a",
            "https://evil-my.sharepoint.com/personal/a",
            "https://evil.notion.site/a",
            "https://login.evil.example/",
            "https://notgoogle.com/",
            "http://203.0.113.66/dl",
            "http://[2001:db8::1]/",
        ] {
            assert!(!shared(text, &[]), "{text}");
        }
        for (text, configured) in [
            ("https://evil.workers.dev/a", "workers.dev"),
            ("https://evil-my.sharepoint.com/a", "sharepoint.com"),
            ("https://portal.contoso.example/a", "contoso.example"),
        ] {
            assert!(shared(text, &[configured]), "{text}");
        }
    }
}

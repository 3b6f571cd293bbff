//! What belongs to the tenant whose messages are read: its meetings, and its own mail servers.

use url::Url;

use super::domain::is_under;
use super::unwrap::{is_teams, param};

/// The tenant whose messages are read. What is not known of it is left empty.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The id of the tenant. Without it no meeting counts as one of another tenant.
    pub tenant: Option<String>,
    /// Its domains, which count with all below them. On these Outlook on the web is a wrapper.
    pub domains: Vec<String>,
}

impl Own {
    /// True for a link that joins a meeting of another tenant, or of no tenant at all.
    pub fn is_foreign_meeting(&self, url: &Url) -> bool {
        let (Some(own), Some(host)) = (&self.tenant, url.domain()) else {
            return false;
        };
        let path = url.path().to_ascii_lowercase();
        if is_under(host, "teams.live.com") {
            return path.starts_with("/meet/");
        }
        if !is_teams(host) || !path.starts_with("/l/meetup-join/") {
            return false;
        }
        let context = url.query().and_then(|query| param(query, "context"));
        let tenant = context.and_then(|context| {
            let context: serde_json::Value = serde_json::from_str(&context).ok()?;
            let members = context.as_object()?;
            let (_, id) = members
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("tid"))?;
            Some(id.as_str()?.to_owned())
        });
        tenant.is_some_and(|tenant| !tenant.eq_ignore_ascii_case(own))
    }

    /// The target of a redirect of Outlook on the web on a host of one's own; `None` for other urls.
    pub(crate) fn owa_target(&self, url: &Url) -> Option<String> {
        if self.domains.is_empty() {
            return None;
        }
        let host = url.domain()?.trim_end_matches('.');
        let redirects = url.path().to_ascii_lowercase().ends_with("/owa/redir.aspx");
        if !redirects || !self.domains.iter().any(|own| is_under(host, own)) {
            return None;
        }
        param(url.query()?, "url")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Body, extract_for};

    fn own() -> Own {
        Own {
            tenant: Some("11111111-aaaa-4bbb-8ccc-222222222222".to_owned()),
            domains: vec!["contoso.com".to_owned()],
        }
    }

    fn found(own: &Own, content: &str) -> Vec<(String, String)> {
        let body = Body {
            html: false,
            content: Some(content),
        };
        let links = extract_for(own, body, &[]);
        let shown = links.into_iter().map(|link| {
            let wrappers: Vec<&str> = link
                .wrapped_by
                .iter()
                .map(|wrapper| wrapper.as_str())
                .collect();
            (link.url.into(), wrappers.join(" "))
        });
        shown.collect()
    }

    #[test]
    fn a_meeting_of_another_tenant_is_a_link() {
        let meeting = |tenant: &str| {
            format!(
                "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7B%22Tid%22%3A%22{tenant}%22%2C%22Oid%22%3A%22y%22%7D"
            )
        };
        let foreign = meeting("99999999-aaaa-4bbb-8ccc-222222222222");
        assert_eq!(found(&own(), &foreign).len(), 1);
        assert_eq!(
            found(&own(), "https://teams.live.com/meet/9312345?p=x").len(),
            1
        );
        assert!(own().is_foreign_meeting(&Url::parse(&foreign).unwrap()));
        for (own, url) in [
            (own(), meeting("11111111-AAAA-4bbb-8ccc-222222222222")),
            (
                own(),
                "https://teams.microsoft.com/l/meetup-join/19%3ameeting/0".to_owned(),
            ),
            (
                own(),
                "https://teams.microsoft.com/l/channel/19%3a/x?context=%7B%22Tid%22%3A%22z%22%7D"
                    .to_owned(),
            ),
            (Own::default(), foreign),
        ] {
            assert_eq!(found(&own, &url), [], "{url}");
        }
    }

    #[test]
    fn outlook_on_the_web_is_peeled_on_a_host_of_ones_own_alone() {
        let redirect = |host: &str| {
            format!(
                "https://{host}/owa/redir.aspx?C=KwklBeQ.&URL=https%3a%2f%2fevil.example%2fevent%2f97%2f"
            )
        };
        let target = "https://evil.example/event/97/".to_owned();
        assert_eq!(
            found(&own(), &redirect("webmail.contoso.com")),
            [(target.clone(), "owa".to_owned())]
        );
        let outer = format!(
            "https://go.bsky.app/redirect?u={}",
            percent_encoding::utf8_percent_encode(
                &redirect("webmail.contoso.com"),
                percent_encoding::NON_ALPHANUMERIC
            )
        );
        assert_eq!(found(&own(), &outer), [(target, "bluesky owa".to_owned())]);
        let others = redirect("webmail.evil.example");
        assert_eq!(found(&own(), &others), [(others.clone(), String::new())]);
        let ours = redirect("webmail.contoso.com");
        assert_eq!(
            found(&Own::default(), &ours),
            [(ours.clone(), String::new())]
        );
    }
}

//! Recognises urls that do not count as links: places in Teams, stored pictures, names of schemas.

use url::Url;

use super::domain::{is_under, last_two_labels};
use super::unwrap::is_teams;

/// True for deep links into the Teams client (people, channels, messages, meetings, apps) and for pictures that Teams
/// stores with a message. A deep link that opens a web url has been unwrapped before and does not get here.
pub(crate) fn is_internal(url: &Url) -> bool {
    let Some(host) = url.domain().map(|host| host.trim_end_matches('.')) else {
        return false;
    };
    // Most hosts do not belong to Microsoft, which the last two labels show quickly.
    if !matches!(
        last_two_labels(host).as_bytes(),
        b"microsoft.com"
            | b"cloud.microsoft"
            | b"live.com"
            | b"skype.com"
            | b"microsoft.us"
            | b"microsoftonline.cn"
            | b"chinacloudapi.cn"
    ) {
        return false;
    }
    if is_under(host, "schema.skype.com") {
        return true;
    }
    is_deep_link(host, url) || is_stored(host, url.path())
}

fn is_deep_link(host: &str, url: &Url) -> bool {
    if !is_teams(host) {
        return false;
    }
    const PLACES: [&str; 11] = [
        "l",
        "_",
        "v2",
        "dl",
        "meet",
        "meetingoptions",
        "convene",
        "conversations",
        "chat",
        "light-meetings",
        "modern-calling",
    ];
    let path = url.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    let in_app = url
        .fragment()
        .is_some_and(|fragment| fragment.starts_with('/'));
    PLACES.iter().any(|place| first.eq_ignore_ascii_case(place)) || (path.is_empty() && in_app)
}

fn is_stored(host: &str, path: &str) -> bool {
    const GRAPH: [&str; 4] = [
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    ];
    (GRAPH.contains(&host) && path.contains("/hostedContents/"))
        || is_under(host, "asm.skype.com")
        || is_under(host, "asyncgw.teams.microsoft.com")
}

/// True for names of schemas and namespaces that look like urls. Texts that quote source code or cards hold them, and
/// nobody opens them from there.
pub(crate) fn is_schema(url: &Url) -> bool {
    let Some(host) = url.domain() else {
        return false;
    };
    let path = url.path();
    match host.strip_prefix("www.").unwrap_or(host) {
        "adaptivecards.io" => path.starts_with("/schemas/"),
        "schema.org" => path == "/" || path == "/extensions",
        "json-schema.org" => path.starts_with("/draft") || path.starts_with("/schema"),
        "schemas.microsoft.com" | "schemas.openxmlformats.org" | "schemas.xmlsoap.org" => true,
        "developer.microsoft.com" => path.starts_with("/json-schemas/"),
        "w3.org" => ["/1999/", "/2000/", "/2001/", "/2005/"]
            .iter()
            .any(|y| path.starts_with(y)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn internal(url: &str) -> bool {
        is_internal(&Url::parse(url).unwrap())
    }

    #[test]
    fn teams_places() {
        for url in [
            "https://teams.microsoft.com/l/channel/19:a@thread.tacv2/General?groupId=1",
            "https://teams.microsoft.com/l/user/8:orgid:1",
            "https://teams.cloud.microsoft/l/chat/19:a/0",
            "https://gov.teams.microsoft.us/l/meetup-join/19%3ameeting",
            "https://teams.microsoft.com/_#/conversations/General",
            "https://teams.microsoft.com/#/l/x",
            "https://teams.live.com/meet/9312345?p=x",
            "https://graph.microsoft.com/v1.0/chats/19:a/messages/1/hostedContents/x/$value",
            "https://eu-api.asm.skype.com/v1/objects/0-weu-d1/views/imgo",
            "http://schema.skype.com/Mention",
        ] {
            assert!(internal(url), "{url}");
        }
    }

    #[test]
    fn places_of_others() {
        for url in [
            "https://teams.microsoft.com/",
            "https://teams.microsoft.com/downloads",
            "https://teams.microsoft.com.evil.example/l/channel/x",
            "https://evil.example/hostedContents/x",
            "https://www.microsoft.com/microsoft-teams/download-app",
        ] {
            assert!(!internal(url), "{url}");
        }
    }

    #[test]
    fn schema_names() {
        let schema = |url| is_schema(&Url::parse(url).unwrap());
        assert!(schema("http://adaptivecards.io/schemas/adaptive-card.json"));
        assert!(schema("https://schema.org/extensions"));
        assert!(schema("http://www.w3.org/2000/svg"));
        assert!(!schema("https://adaptivecards.io/explorer/"));
        assert!(!schema("https://evil.example/schemas/adaptive-card.json"));
    }
}

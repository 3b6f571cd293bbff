//! The address of a Teams message, as an analyst names it: the link that "Copy link" in Teams gives, or the id of a
//! node.

use url::Url;

use super::canonical::canonical;
use super::unwrap::{is_teams, param};
use crate::model::MessageId;

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAddress {
    /// The id of the channel or chat.
    pub thread: String,
    /// The id of the message in it.
    pub message: String,
    /// The id of the message that it replies to; `None` for a message that is no reply, and where nothing tells.
    pub root: Option<String>,
    /// The group id of the team; `None` in a chat, and where nothing tells.
    pub team: Option<String>,
}

impl MessageAddress {
    /// Parses a link to a message, or `thread/id`; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.contains("://") {
            true => Self::of_link(&canonical(text)?.0),
            false => {
                let (thread, message) = text.rsplit_once('/')?;
                Self::new(thread, message)
            }
        }
    }

    /// `https://teams.microsoft.com/l/message/THREAD/ID?groupId=…&parentMessageId=…`
    fn of_link(link: &Url) -> Option<Self> {
        let host = link.domain()?;
        if !is_teams(host) {
            return None;
        }
        let mut path = link.path_segments()?;
        let mut next = || {
            let part = path.next()?;
            let part = percent_encoding::percent_decode_str(part)
                .decode_utf8()
                .ok()?;
            Some(part.into_owned())
        };
        let is_message =
            next()?.eq_ignore_ascii_case("l") && next()?.eq_ignore_ascii_case("message");
        if !is_message {
            return None;
        }
        let address = Self::new(&next()?, &next()?)?;
        let query = link.query().unwrap_or_default();
        let given = |name| param(query, name).filter(|value| !value.is_empty());
        let root = given("parentMessageId").filter(|root| is_number(root));
        Some(Self {
            // A message that is no reply names itself.
            root: root.filter(|root| *root != address.message),
            team: given("groupId").map(|team| team.to_lowercase()),
            ..address
        })
    }

    /// Parses the id of a message in the tables of Microsoft Defender, which is its path in Microsoft Graph:
    /// `/chats/THREAD/messages/ID` or `/teams/TEAM/channels/THREAD/messages/ID`, with `/replies/ID` behind that of the
    /// first message for a reply in some tenants. `None` for any other text.
    pub fn of_defender(id: &str) -> Option<Self> {
        let id = percent_encoding::percent_decode_str(id.trim())
            .decode_utf8()
            .ok()?;
        let parts: Vec<&str> = id.split('/').filter(|part| !part.is_empty()).collect();
        let starts = |name: &str| {
            parts
                .iter()
                .position(|part| part.eq_ignore_ascii_case(name))
        };
        let start = starts("chats").into_iter().chain(starts("teams")).min()?;
        let is = |part: &str, name: &str| part.eq_ignore_ascii_case(name);
        match parts.get(start..)? {
            [chats, thread, messages, id] if is(chats, "chats") && is(messages, "messages") => {
                Self::new(thread, id)
            }
            [teams, team, channels, thread, messages, id, reply @ ..]
                if is(teams, "teams") && is(channels, "channels") && is(messages, "messages") =>
            {
                let (root, id) = match reply {
                    [] => (None, *id),
                    [replies, reply] if is(replies, "replies") => (Some(*id), *reply),
                    _ => return None,
                };
                Some(Self {
                    root: root.map(str::to_owned),
                    team: Some(team.to_lowercase()),
                    ..Self::new(thread, id)?
                })
            }
            _ => None,
        }
    }

    /// Parses any of these: an id of Defender's tables, a link, or `thread/id`.
    pub fn parse_any(text: &str) -> Option<Self> {
        Self::of_defender(text).or_else(|| Self::parse(text))
    }

    /// The id of the message's node.
    pub fn id(&self) -> MessageId {
        MessageId::in_place(&self.thread, &self.message)
    }

    /// The ids that the tables of Microsoft Defender can have for the message, which [`of_defender`](Self::of_defender)
    /// parses: that of a reply is written in two ways.
    pub fn defender_ids(&self) -> Vec<String> {
        let Self {
            thread,
            message,
            root,
            team,
        } = self;
        let Some(team) = team else {
            return vec![format!("/chats/{thread}/messages/{message}")];
        };
        let messages = format!("/teams/{team}/channels/{thread}/messages");
        let reply = root.iter();
        let reply = reply.map(|root| format!("{messages}/{root}/replies/{message}"));
        std::iter::once(format!("{messages}/{message}"))
            .chain(reply)
            .collect()
    }

    fn new(thread: &str, message: &str) -> Option<Self> {
        let is_thread =
            thread.starts_with("19:") && thread.contains('@') && !thread.contains(['/', ' ']);
        (is_thread && is_number(message)).then(|| Self {
            thread: thread.to_owned(),
            message: message.to_owned(),
            root: None,
            team: None,
        })
    }

    /// True when the thread is a channel, as the form of its id shows.
    pub fn is_in_channel(&self) -> bool {
        ["@thread.tacv2", "@thread.skype"]
            .iter()
            .any(|kind| self.thread.ends_with(kind))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> MessageAddress {
        MessageAddress::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn the_ids_that_defender_can_have_are_read_back() {
        let chat = parse("19:a_b@unq.gbl.spaces/17");
        assert_eq!(
            chat.defender_ids(),
            ["/chats/19:a_b@unq.gbl.spaces/messages/17"]
        );
        let reply = MessageAddress {
            root: Some("5".to_owned()),
            team: Some("5bd40004-231d-48e5-b6a0-0c5740d762dd".to_owned()),
            ..parse("19:c@thread.tacv2/17")
        };
        let start =
            "/teams/5bd40004-231d-48e5-b6a0-0c5740d762dd/channels/19:c@thread.tacv2/messages";
        let ids = reply.defender_ids();
        assert_eq!(
            ids,
            [format!("{start}/17"), format!("{start}/5/replies/17")]
        );
        for (address, ids) in [(&chat, chat.defender_ids()), (&reply, ids)] {
            for id in ids {
                let read = MessageAddress::of_defender(&id).unwrap();
                assert_eq!((read.id(), &read.team), (address.id(), &address.team));
                assert_eq!(MessageAddress::parse_any(&id), Some(read));
            }
        }
    }

    #[test]
    fn an_id_of_defender() {
        let chat = "19:a_b@unq.gbl.spaces";
        let channel = "19:c@thread.tacv2";
        let team = "5BD40004-231d-48e5-b6a0-0c5740d762dd";
        let read = |id: &str| MessageAddress::of_defender(id);
        let found = read(&format!("/chats/{chat}/messages/1784797608461")).unwrap();
        assert_eq!(
            (found.thread.as_str(), found.message.as_str()),
            (chat, "1784797608461")
        );
        assert_eq!((found.root, found.team), (None, None));
        for start in ["/", "", "https://graph.microsoft.com/v1.0/"] {
            let root = read(&format!(
                "{start}teams/{team}/channels/{channel}/messages/1"
            ))
            .unwrap();
            assert_eq!(root.team, Some(team.to_lowercase()));
            assert_eq!((root.thread.as_str(), root.root), (channel, None));
        }
        let encoded = format!("/teams/{team}/channels/19%3Ac%40thread.tacv2/messages/1/replies/2");
        let reply = read(&encoded).unwrap();
        assert_eq!(
            (reply.thread.as_str(), reply.message.as_str()),
            (channel, "2")
        );
        assert_eq!(reply.root.as_deref(), Some("1"));
        for other in [
            "",
            "m-1",
            "/chats/19:a@thread.v2",
            "/chats/19:a@thread.v2/messages/x",
            "/chats/nothing/messages/1",
            "/teams/t/channels/19:c@thread.tacv2/messages/1/replies",
            "/teams/t/channels/19:c@thread.tacv2/messages/1/other/2",
            "/users/u/chats",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_link_that_teams_copies() {
        let channel = "19%3A4a95f7d8db4c4e7fae857bcebe0623e6%40thread.tacv2";
        let link = format!(
            "https://teams.microsoft.com/l/message/{channel}/1616990032035?tenantId=2432b57b-0abd-43db-aa7b-16eadd115d34&groupId=FBE2BF47-16c8-47cf-b4a5-4b9b187c508b&parentMessageId=1616990032035&teamName=a&channelName=b&createdTime=1616990032035"
        );
        let expected = MessageAddress {
            thread: "19:4a95f7d8db4c4e7fae857bcebe0623e6@thread.tacv2".to_owned(),
            message: "1616990032035".to_owned(),
            root: None,
            team: Some("fbe2bf47-16c8-47cf-b4a5-4b9b187c508b".to_owned()),
        };
        assert_eq!(parse(&link), expected);
        assert!(expected.is_in_channel());
        let reply = link.replace(
            "parentMessageId=1616990032035",
            "parentMessageId=1616990000000",
        );
        assert_eq!(parse(&reply).root.as_deref(), Some("1616990000000"));
        for host in ["teams.cloud.microsoft", "gov.teams.microsoft.us"] {
            assert_eq!(
                parse(&link.replace("teams.microsoft.com", host)),
                expected,
                "{host}"
            );
        }
        let wrapped = format!(
            "https://eur01.safelinks.protection.outlook.com/?url={}&data=x",
            crate::model::url::encode(&link)
        );
        assert_eq!(parse(&wrapped), expected);
    }

    #[test]
    fn a_link_into_a_chat() {
        let chat = "19:8ea0e38b-efb3-4757-924a-5f94061cf8c2_97f62344-57dc-409c-88ad-c4af14158ff5@unq.gbl.spaces";
        let link = format!(
            "https://teams.microsoft.com/l/message/{chat}/1615971548136?context=%7B%22contextType%22%3A%22chat%22%7D"
        );
        let address = parse(&link);
        assert_eq!(
            (address.thread.as_str(), address.team.as_deref()),
            (chat, None)
        );
        assert!(!address.is_in_channel());
        assert_eq!(parse(&format!("{chat}/1615971548136")), address);
        assert_eq!(parse(&format!(" {chat}/1615971548136\n")), address);
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "1615971548136",
            "19:x@thread.v2",
            "19:x@thread.v2/",
            "19:x@thread.v2/abc",
            "19:x/y@thread.v2/1",
            "https://teams.microsoft.com/l/channel/19%3Ax%40thread.tacv2/General?groupId=g",
            "https://teams.evil.example/l/message/19%3Ax%40thread.tacv2/1",
            "https://teams.microsoft.com.evil.example/l/message/19%3Ax%40thread.tacv2/1",
            "https://teams.microsoft.com/l/message/19%3Ax%40thread.tacv2",
            "https://teams.microsoft.com/l/message/19%3Ax%2Fusers%40thread.tacv2/1",
            "https://teams.microsoft.com/l/message/19%3Ax%40thread.tacv2/1%2F2",
        ] {
            assert_eq!(MessageAddress::parse(text), None, "{text}");
        }
        let hostile = parse(
            "https://teams.microsoft.com/l/message/19%3Ax%40thread.tacv2/1?parentMessageId=../users",
        );
        assert_eq!(hostile.root, None);
    }
}

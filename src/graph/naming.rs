//! The names by which nodes are shown to people. Hunts use the same rules in Cypher.

use std::borrow::Cow;

use super::schema::{alert, channel, chat, domain, host, message, team, url, user, verdict};
use super::{EdgeType, Graph, Label, NodeData, NodeRef};
use crate::link::{defang, defang_text};
use crate::model::{VerdictId, Word};

/// The name of a node, or `None` when it has no name of its own. The name of a user is the UPN, or else the display
/// name. A chat has no name, since several chats can have the same topic; it is shown as a [`place`].
pub fn name(node: &NodeData) -> Option<&str> {
    let facts = &node.facts;
    match node.label {
        Label::User => facts.get(user::UPN).or_else(|| facts.get(user::NAME)),
        Label::Alert => facts.get(alert::NAME),
        Label::Channel => facts.get(channel::NAME),
        Label::Host => facts.get(host::NAME),
        Label::Team => facts.get(team::NAME),
        Label::Case
        | Label::Chat
        | Label::Domain
        | Label::Message
        | Label::Url
        | Label::Verdict => None,
    }
}

/// The text in a cell of a hunt, of a report table or of the closing lists: the name, or else the id. Urls are not
/// defanged here, since programs need them as they are; code that shows them to people defangs them.
pub fn cell(graph: &Graph, node: NodeRef) -> &str {
    let node = graph.node(node);
    name(node).unwrap_or(&node.id)
}

/// The caption of a node in a picture. A picture has no room for an id that means nothing to people, and a url in it
/// could be clicked, so a message shows its preview, a chat its topic, a verdict its provider, and urls are defanged.
pub fn caption(node: &NodeData) -> Cow<'_, str> {
    let facts = &node.facts;
    let text = match node.label {
        Label::Url => return defanged(node),
        Label::Message => facts.get(message::PREVIEW),
        Label::Domain => facts.get(domain::UNICODE),
        Label::Verdict => facts.get(verdict::PROVIDER),
        Label::Chat => return chat_name(node),
        _ => name(node),
    };
    text.unwrap_or(&node.id).into()
}

/// The name of a channel or chat: `Team / Channel`, or `Chat:` with its topic or else its kind.
pub fn place(graph: &Graph, place: NodeRef) -> String {
    let node = graph.node(place);
    if node.label == Label::Chat {
        return format!("Chat: {}", chat_name(node));
    }
    let channel = cell(graph, place);
    match team_of(graph, place) {
        Some(team) => format!("{team} / {channel}"),
        None => channel.to_owned(),
    }
}

/// The topic of a chat, or else its kind, or else its id.
fn chat_name(node: &NodeData) -> Cow<'_, str> {
    let facts = &node.facts;
    if let Some(topic) = facts.get(chat::TOPIC) {
        return topic.into();
    }
    match facts.get(chat::KIND) {
        Some(kind) => kind.as_str().to_owned().into(),
        None => node.id.as_str().into(),
    }
}

/// The name of the team that a channel belongs to; the first one when there are several.
pub fn team_of(graph: &Graph, channel: NodeRef) -> Option<&str> {
    let teams = graph.sources(channel, EdgeType::HasChannel);
    teams.into_iter().map(|team| cell(graph, team)).min()
}

/// The name that is shown beside the id: the name of the node, or the topic of a chat. `None` when that is the id
/// itself.
pub fn beside_id(node: &NodeData) -> Option<&str> {
    let name = match node.label {
        Label::Chat => node.facts.get(chat::TOPIC),
        _ => name(node),
    };
    name.filter(|name| *name != node.id)
}

/// True when nodes of a label can have names besides their ids.
pub fn can_have_names(label: Label) -> bool {
    match label {
        Label::Alert | Label::Channel | Label::Chat | Label::Host | Label::Team | Label::User => {
            true
        }
        Label::Case | Label::Domain | Label::Message | Label::Url | Label::Verdict => false,
    }
}

/// Everything by which people may name a node, besides its id.
pub fn names(node: &NodeData) -> Vec<&str> {
    let facts = &node.facts;
    let names = match node.label {
        Label::User => [facts.get(user::UPN), facts.get(user::NAME)],
        Label::Chat => [facts.get(chat::TOPIC), None],
        _ => [name(node), None],
    };
    let names: Vec<_> = names.into_iter().flatten().collect();
    debug_assert!(names.is_empty() || can_have_names(node.label));
    names
}

/// The url of a node, defanged.
fn defanged(node: &NodeData) -> Cow<'_, str> {
    match (node.facts.get(url::DEFANGED), ::url::Url::parse(&node.id)) {
        (Some(whole), _) => whole.into(),
        (None, Ok(url)) => defang(&url).into(),
        (None, Err(_)) => defang_text(&node.id),
    }
}

/// The id in a form that no program turns into a link; `None` for a verdict whose url is not valid.
pub fn defanged_id(node: &NodeData) -> Option<Cow<'_, str>> {
    match node.label {
        Label::Url => Some(defanged(node)),
        Label::Verdict => match node.verdict_id() {
            Some(id) => {
                let url = defang(&::url::Url::parse(&id.url).ok()?);
                Some(VerdictId { url, ..id }.to_string().into())
            }
            None => Some(node.id.as_str().into()),
        },
        _ => Some(node.id.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::node::{Channel, Chat, Team, Url, User, Verdict};
    use crate::graph::{Edge, Seen};
    use crate::model::{ChatKind, State};

    #[test]
    fn people_and_places() {
        let mut graph = Graph::new("c");
        let seen = Seen::default();
        let ann = graph.put(
            User {
                name: Some("Ann".into()),
                ..User::by_id("a")
            },
            seen,
        );
        assert_eq!(cell(&graph, ann), "Ann");
        graph.set(ann, user::UPN, Some("ann@contoso.example".into()));
        assert_eq!(cell(&graph, ann), "ann@contoso.example");
        assert_eq!(names(graph.node(ann)), ["ann@contoso.example", "Ann"]);

        let channel = graph.put(
            Channel {
                id: "19:c".into(),
                name: Some("General".into()),
                membership: None,
            },
            seen,
        );
        assert_eq!(place(&graph, channel), "General");
        for name in ["Sales", "Finance"] {
            let team = graph.put(
                Team {
                    id: name.into(),
                    name: Some(name.into()),
                },
                seen,
            );
            graph.link(team, Edge::HasChannel, channel, seen);
        }
        assert_eq!(place(&graph, channel), "Finance / General");

        let chat = graph.put(
            Chat {
                id: "19:chat".into(),
                kind: Some(ChatKind::OneOnOne),
                ..Chat::default()
            },
            seen,
        );
        assert_eq!(place(&graph, chat), "Chat: oneOnOne");
        assert_eq!(cell(&graph, chat), "19:chat");
        graph.set(chat, chat::TOPIC, Some("Lunch".into()));
        assert_eq!(place(&graph, chat), "Chat: Lunch");
        assert_eq!(caption(graph.node(chat)), "Lunch");
        assert_eq!(beside_id(graph.node(chat)), Some("Lunch"));
    }

    #[test]
    fn urls_are_defanged_where_they_are_shown() {
        let mut graph = Graph::new("c");
        let evil = "https://evil.example/a";
        let url = graph.put(Url(evil.parse().unwrap()), Seen::default());
        let id = VerdictId::new("c", "otx", evil);
        let verdict = graph.put(Verdict::new(id, State::Hit), Seen::default());
        assert_eq!(cell(&graph, url), evil);
        let shown = caption(graph.node(url)).into_owned();
        assert!(!shown.contains("evil.example"), "{shown}");
        assert_eq!(defanged_id(graph.node(url)).unwrap(), shown);
        assert_eq!(caption(graph.node(verdict)), "otx");
        let of_verdict = defanged_id(graph.node(verdict)).unwrap();
        assert_eq!(of_verdict, format!("c|otx|{shown}"));
    }
}

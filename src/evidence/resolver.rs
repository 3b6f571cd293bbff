//! Resolves the users, hosts and urls in records to nodes of a graph.

use chrono::{DateTime, Utc};
use url::Url;

use super::mentions::{HostMention, Mentions, UserMention};
use crate::graph::devices::Devices;
use crate::graph::schema::{case, connected_to, host, user};
use crate::graph::value::indexable;
use crate::graph::{EdgeType, Graph, Label, NodeData, NodeRef};
use crate::link;
use crate::model::{HostId, MatchKind, MessageId, TeamId, UserId};

/// A graph with an index of its device names. It is built once for many records.
#[derive(Debug)]
pub struct Resolver<'g> {
    pub(super) graph: &'g Graph,
    devices: Devices,
    /// The start of the window.
    pub(super) since: DateTime<Utc>,
}

/// A node, with the other keys by which records can name it.
pub(super) struct NodeMatcher<'g> {
    resolver: &'g Resolver<'g>,
    node: NodeRef,
    pub(super) data: &'g NodeData,
    /// The url of a Url, or the url that a Verdict is about.
    pub(super) url: Option<Url>,
    /// The UPN of a User, in lower case.
    pub(super) upn: Option<String>,
    /// The name of a Host, in lower case.
    pub(super) host_name: Option<String>,
}

impl<'g> Resolver<'g> {
    /// Builds the resolver of a graph.
    pub fn of(graph: &'g Graph) -> Self {
        let of_case = graph.find(Label::Case, graph.case());
        let since = of_case.and_then(|of_case| graph.node(of_case).facts.get(case::WINDOW_FROM));
        Self {
            graph,
            devices: Devices::of(graph),
            since: since.unwrap_or_default(),
        }
    }

    pub(super) fn node(&'g self, node: NodeRef) -> NodeMatcher<'g> {
        let data = self.graph.node(node);
        let id = data.id.as_str();
        let (mut url, mut upn, mut host_name) = (None, None, None);
        match data.label {
            Label::Url => url = Url::parse(id).ok(),
            Label::Verdict => {
                url = data.verdict_id().and_then(|id| Url::parse(&id.url).ok());
            }
            Label::User => {
                let known = data.user_id();
                let known = known.as_ref().and_then(UserId::as_upn);
                let known = known.or_else(|| data.facts.get(user::UPN));
                upn = known.map(str::to_lowercase);
            }
            Label::Host => {
                let known = data.host_id();
                let known = known.as_ref().and_then(HostId::as_name);
                let known = known.or_else(|| data.facts.get(host::NAME));
                host_name = known.map(str::to_lowercase);
            }
            _ => {}
        }
        NodeMatcher {
            resolver: self,
            node,
            data,
            url,
            upn,
            host_name,
        }
    }

    /// The node of a device, by id or, without one, by name.
    fn host(&self, host: &HostMention) -> Option<NodeRef> {
        if !host.id.is_empty() {
            return self.graph.find(Label::Host, &host.id);
        }
        let by_name = || {
            let id = HostId::name(&host.name);
            self.graph.find(Label::Host, &id.to_string())
        };
        self.devices.named(&host.name).or_else(by_name)
    }
}

impl NodeMatcher<'_> {
    /// True when the node has this id. Long ids are truncated as in the graph.
    fn is(&self, id: &str) -> bool {
        let own = &self.data.id;
        id == own || (id.len() > own.len() && indexable(id.to_owned()) == *own)
    }

    /// True when the node is this message.
    pub(super) fn is_message(&self, message: Option<&MessageId>) -> bool {
        message.is_some_and(|message| self.is(message.as_str()))
    }

    /// True when the node is among the mentions.
    pub(super) fn is_in(&self, mentions: &Mentions) -> bool {
        match self.data.label {
            Label::User => mentions.everybody().any(|user| self.is_user(user)),
            Label::Host => {
                let mut hosts = mentions.hosts.iter();
                hosts.any(|host| self.resolver.host(host) == Some(self.node))
            }
            Label::Team => mentions
                .teams
                .iter()
                .map(TeamId::as_str)
                .any(|team| self.is(team)),
            Label::Channel | Label::Chat => {
                mentions.places.iter().any(|place| self.is(place)) || self.is_alerted(mentions)
            }
            Label::Message => {
                let mut named = mentions.entities.iter().flat_map(|one| &one.messages);
                self.is_message(mentions.message.as_ref())
                    || self.is_message(mentions.root.as_ref())
                    || named.any(|message| self.is_message(Some(message)))
            }
            Label::Alert => mentions
                .alert
                .as_deref()
                .is_some_and(|alert| self.is(alert)),
            Label::Url => {
                let urls = mentions.urls().iter().chain(mentions.steps());
                urls.map(url::Url::as_str).any(|url| self.is(url)) || self.is_visited(mentions)
            }
            Label::Domain => mentions.urls().iter().chain(mentions.steps()).any(|url| {
                let domain = link::domain(url);
                domain.is_some_and(|domain| self.is(&domain.registrable))
            }),
            Label::Case | Label::Verdict => false,
        }
    }

    /// True when the node is the url that a part is about, and not only one that it was led on to.
    pub(super) fn is_url_of(&self, mentions: &Mentions) -> bool {
        mentions.urls().iter().any(|url| self.is(url.as_str()))
    }

    /// True when the node is among these users.
    pub(super) fn is_among(&self, users: &[UserMention]) -> bool {
        self.data.label == Label::User && users.iter().any(|user| self.is_user(user))
    }

    /// True when a click was led from this url to the other one, which it had not been at before.
    pub(super) fn led_to(&self, other: &Self, mentions: &Mentions) -> bool {
        let steps = mentions.steps();
        steps.windows(2).enumerate().any(|(at, pair)| {
            let is_new = !steps[..=at].contains(&pair[1]);
            is_new && self.is(pair[0].as_str()) && other.is(pair[1].as_str())
        })
    }

    /// True when an entity of an alert names the thread, and no message in it that the alert mentions.
    fn is_alerted(&self, mentions: &Mentions) -> bool {
        let graph = self.resolver.graph;
        let alert = mentions.alert.as_deref();
        let alert = alert.and_then(|alert| graph.find(Label::Alert, alert));
        let is_mentioned = |message: &MessageId| {
            let message = graph.find(Label::Message, message.as_str());
            let ends = alert.zip(message);
            ends.is_some_and(|(from, to)| graph.edge(from, EdgeType::Mentions, to).is_some())
        };
        mentions.entities.iter().any(|entity| {
            let mut texts = entity.texts.iter();
            texts.any(|text| text.contains(self.data.id.as_str()))
                && !entity.messages.iter().any(is_mentioned)
        })
    }

    /// Compares by object id or, if only a UPN is mentioned, by UPN.
    fn is_user(&self, user: &UserMention) -> bool {
        if !user.id.is_empty() {
            return self.is(&user.id);
        }
        self.upn.as_ref() == Some(&user.upn)
    }

    /// How a logged request matches the url; `None` when it does not.
    pub(super) fn requested(&self, mentions: &Mentions) -> Option<MatchKind> {
        let connection = mentions.connection.as_ref()?;
        link::logged_request_match(
            &connection.request,
            &connection.destination,
            self.url.as_ref()?,
        )
    }

    /// True when a logged connection is evidence for the url: a connection to exactly this url, or to its host if the
    /// graph has no better match for this device.
    fn is_visited(&self, mentions: &Mentions) -> bool {
        match self.requested(mentions) {
            Some(MatchKind::Url) => true,
            Some(MatchKind::Host) => mentions.hosts.iter().any(|host| {
                let graph = self.resolver.graph;
                let visitor = self.resolver.host(host);
                let edge =
                    visitor.and_then(|host| graph.edge(host, EdgeType::ConnectedTo, self.node));
                edge.and_then(|edge| edge.facts.get(connected_to::MATCH)) == Some(MatchKind::Host)
            }),
            None => false,
        }
    }
}

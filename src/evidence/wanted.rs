//! What a thing is recognised by.

use chrono::{DateTime, Utc};
use url::Url;

use super::body::Body;
use super::says::{Says, UserName};
use super::{Reading, Thing};
use crate::graph::devices::Devices;
use crate::graph::value::indexable;
use crate::graph::{EdgeType, Graph, Label, NodeData, NodeRef, Value};
use crate::intel::{self, List, file};
use crate::journal::Record;
use crate::link::{self, MatchKind};

/// A graph, and what its nodes go by. Made once, it is asked about many things.
#[derive(Debug)]
pub struct Known<'g> {
    graph: &'g Graph,
    devices: Devices,
    since: DateTime<Utc>,
}

/// A thing, ready to be compared with what records say.
pub struct Wanted<'g> {
    known: &'g Known<'g>,
    thing: Compared<'g>,
}

enum Compared<'g> {
    Node(Named<'g>),
    Edge {
        kind: EdgeType,
        from: Named<'g>,
        to: Named<'g>,
        /// How a CONNECTED_TO edge matches.
        hit: MatchKind,
    },
}

/// A node, and what else it goes by.
pub(super) struct Named<'g> {
    known: &'g Known<'g>,
    node: NodeRef,
    pub(super) data: &'g NodeData,
    /// The url of a Url, or of the url of a Verdict.
    url: Option<Url>,
}

/// Places of the parts found, and what is to be known of them.
type Places = (Vec<usize>, Option<&'static str>);

impl<'g> Known<'g> {
    /// What the nodes of a graph go by.
    pub fn of(graph: &'g Graph) -> Self {
        let case = graph.find(Label::Case, graph.case());
        let since = case.and_then(|case| graph.node(case).facts.properties.get("window_from"));
        Self {
            graph,
            devices: Devices::of(graph),
            since: match since {
                Some(Value::Time(at)) => *at,
                _ => DateTime::default(),
            },
        }
    }

    /// A thing, ready to be compared with what records say.
    pub fn wanted(&'g self, thing: Thing) -> Wanted<'g> {
        let compared = match thing {
            Thing::Node(node) => Compared::Node(self.named(node)),
            Thing::Edge(from, kind, to) => {
                let edge = self.graph.edge(from, kind, to);
                let exact = edge.is_some_and(|edge| edge.facts.text("match") == Some("url"));
                Compared::Edge {
                    kind,
                    from: self.named(from),
                    to: self.named(to),
                    hit: if exact {
                        MatchKind::Url
                    } else {
                        MatchKind::Host
                    },
                }
            }
        };
        Wanted {
            known: self,
            thing: compared,
        }
    }

    fn named(&'g self, node: NodeRef) -> Named<'g> {
        let data = self.graph.node(node);
        let url = match data.label {
            Label::Url => Some(data.id.as_str()),
            Label::Verdict => data.id.split_once('|').map(|(_, url)| url),
            _ => None,
        };
        Named {
            known: self,
            node,
            data,
            url: url.and_then(|url| Url::parse(url).ok()),
        }
    }

    /// The device that a part names by id, or by a name when it tells no id.
    fn host(&self, id: &str, name: &str) -> Option<NodeRef> {
        if !id.is_empty() {
            return self.graph.find(Label::Host, id);
        }
        let by_name = || self.graph.find(Label::Host, &format!("name:{name}"));
        self.devices.named(name).or_else(by_name)
    }
}

impl Wanted<'_> {
    /// The verdict that it is about, if it is about one.
    fn verdict(&self) -> Option<&Named<'_>> {
        let node = match &self.thing {
            Compared::Node(node) => node,
            Compared::Edge { to, .. } => to,
        };
        (node.data.label == Label::Verdict).then_some(node)
    }

    /// The parts of a record that speak of it.
    pub(super) fn among(&self, reading: &Reading<'_>) -> Places {
        let Reading {
            record,
            body,
            subject,
            says,
            index,
        } = reading;
        if let Some(verdict) = self.verdict() {
            return verdict.verdict(record, body, says, self.known.since);
        }
        if !body.legible {
            let note = "the answer is no JSON, so that no part of it can be told from another";
            return (Vec::new(), Some(note));
        }
        let those = |places: Vec<usize>, test: &dyn Fn(&Says) -> bool| -> Vec<usize> {
            let places = places.into_iter();
            places
                .filter(|at| says.get(*at).is_some_and(test))
                .collect()
        };
        match &self.thing {
            Compared::Node(node) => {
                let found = those(index.near(node, says), &|says| node.is_in(says));
                if !found.is_empty() {
                    (found, None)
                } else if node.is_in(subject) {
                    let note = "the request names it, and the whole answer is about it";
                    ((0..says.len()).collect(), Some(note))
                } else {
                    (Vec::new(), Some("no part of the answer names it"))
                }
            }
            Compared::Edge {
                kind,
                from,
                to,
                hit,
            } => {
                let near = match named_by(*kind) {
                    (true, false) => from,
                    (false, _) => to,
                    // One url may be in every row; who clicked it is in few.
                    (true, true) if index.count(from, says) <= index.count(to, says) => from,
                    (true, true) => to,
                };
                let near = index.near(near, says);
                let found = those(near, &|says| joins(*kind, from, to, *hit, subject, says));
                if !found.is_empty() {
                    return (found, None);
                }
                let mut either = index.near(from, says);
                either.extend(index.near(to, says));
                either.sort_unstable();
                either.dedup();
                let either = those(either, &|says| from.is_in(says) || to.is_in(says));
                let note = match either.is_empty() {
                    true => "no part of the answer names it",
                    false => "no part of the answer names both ends; these name one of them",
                };
                (either, Some(note))
            }
        }
    }
}

/// Which ends a part must name to say that they are joined so. The request names the other, or the part leads to it.
fn named_by(kind: EdgeType) -> (bool, bool) {
    match kind {
        EdgeType::ParticipatesIn | EdgeType::ConnectedTo | EdgeType::OnDomain => (true, false),
        EdgeType::MemberOf | EdgeType::StartedFrom => (false, true),
        _ => (true, true),
    }
}

/// Whether a part says that two nodes are joined so.
fn joins(
    kind: EdgeType,
    from: &Named<'_>,
    to: &Named<'_>,
    hit: MatchKind,
    subject: &Says,
    says: &Says,
) -> bool {
    let own = |node: &Named<'_>| node.is(says.message.as_deref());
    let root = |node: &Named<'_>| node.is(says.root.as_deref());
    match kind {
        EdgeType::Sent => own(to) && from.is_in(says),
        EdgeType::PostedIn => (own(from) || root(from)) && to.is_in(says),
        EdgeType::ReplyTo => own(from) && root(to),
        EdgeType::Contains => own(from) && to.is_in(says),
        EdgeType::MemberOf => from.is_in(subject) && to.is_in(says),
        EdgeType::ParticipatesIn => to.is_in(subject) && from.is_in(says),
        EdgeType::HasChannel | EdgeType::Used | EdgeType::Mentions => {
            from.is_in(says) && to.is_in(says)
        }
        EdgeType::Opened => says.event.as_deref() == Some("open") && both(from, to, says),
        EdgeType::WarnedAbout => says.event.as_deref() == Some("warning") && both(from, to, says),
        EdgeType::Clicked => says.click && both(from, to, says),
        EdgeType::ConnectedTo => from.is_in(says) && to.requested(says) == Some(hit),
        EdgeType::StartedFrom => to.is_in(says),
        EdgeType::OnDomain => from.is_in(says),
        EdgeType::HasVerdict => false,
    }
}

fn both(from: &Named<'_>, to: &Named<'_>, says: &Says) -> bool {
    from.is_in(says) && to.is_in(says)
}

impl Named<'_> {
    /// Whether it is the node of that id; long ids are cut as the graph cuts them.
    fn is(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| {
            id == self.data.id
                || (id.len() > self.data.id.len() && indexable(id.to_owned()) == self.data.id)
        })
    }

    /// Whether a part names it.
    fn is_in(&self, says: &Says) -> bool {
        match self.data.label {
            Label::User => says.users.iter().any(|user| self.is_user(user)),
            Label::Host => {
                let mut hosts = says.hosts.iter();
                hosts.any(|(id, name)| self.known.host(id, name) == Some(self.node))
            }
            Label::Team => says.teams.iter().any(|team| self.is(Some(team))),
            Label::Channel | Label::Chat => says.places.iter().any(|place| self.is(Some(place))),
            Label::Message => self.is(says.message.as_deref()) || self.is(says.root.as_deref()),
            Label::Alert => self.is(says.alert.as_deref()),
            Label::Url => {
                says.urls().iter().any(|url| self.is(Some(url.as_str()))) || self.is_visited(says)
            }
            Label::Domain => says.urls().iter().any(|url| {
                let domain = link::domain(url);
                domain.is_some_and(|domain| self.is(Some(&domain.registrable)))
            }),
            Label::Case | Label::Verdict => false,
        }
    }

    /// A user is known by object id; one that a part names by UPN alone, by that.
    fn is_user(&self, user: &UserName) -> bool {
        if !user.id.is_empty() && self.is(Some(&user.id)) {
            return true;
        }
        user.id.is_empty() && self.upn().is_some_and(|upn| upn.to_lowercase() == user.upn)
    }

    /// The UPN of a user.
    pub(super) fn upn(&self) -> Option<&str> {
        let known = self.data.id.strip_prefix("upn:");
        known.or_else(|| self.data.facts.text("upn"))
    }

    /// How a logged request went to the url.
    fn requested(&self, says: &Says) -> Option<MatchKind> {
        let connection = says.connection.as_ref()?;
        link::logged_request_match(
            &connection.request,
            &connection.destination,
            self.url.as_ref()?,
        )
    }

    /// Whether a connection speaks of the url: one to the url itself, or to its host from where no more was seen.
    fn is_visited(&self, says: &Says) -> bool {
        match self.requested(says) {
            Some(MatchKind::Url) => true,
            Some(MatchKind::Host) => says.hosts.iter().any(|(id, name)| {
                let graph = self.known.graph;
                let visitor = self.known.host(id, name);
                let edge =
                    visitor.and_then(|host| graph.edge(host, EdgeType::ConnectedTo, self.node));
                edge.is_some_and(|edge| edge.facts.text("match") == Some("host"))
            }),
            None => false,
        }
    }

    /// What a record says of a verdict's url: lines of a list, rows of the workspace, or the answer of a service, which
    /// is about nothing else.
    fn verdict(&self, record: &Record, body: &Body, says: &[Says], since: DateTime<Utc>) -> Places {
        let Some(url) = &self.url else {
            return (Vec::new(), Some("the url is too long to be compared"));
        };
        let (found, none): (Vec<usize>, _) = match record.source.as_str() {
            "file" => {
                let list = List {
                    name: record.url.clone(),
                    text: record.body.clone(),
                };
                let lines = file::lines_about(&list, url, since);
                let places = lines.into_iter().filter_map(|line| line.checked_sub(1));
                (
                    places.filter(|at| *at < body.parts.len()).collect(),
                    "no line of the list names the url, which is what the verdict says",
                )
            }
            "log_analytics" => {
                let named = |says: &Says| {
                    let indicator = says.indicator.as_ref();
                    indicator.is_some_and(|(kind, value)| intel::sentinel::names(kind, value, url))
                };
                let places = says.iter().enumerate().filter(|(_, says)| named(says));
                (
                    places.map(|(at, _)| at).collect(),
                    "no row names the url, which is what the verdict says",
                )
            }
            _ => {
                let all = (0..body.parts.len()).collect();
                return (all, Some("the whole answer is about the url"));
            }
        };
        let note = found.is_empty().then_some(none);
        (found, note)
    }
}

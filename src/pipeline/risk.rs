//! Risk: which urls, messages and senders are risky, and why.

use super::Investigation;
use crate::graph::{EdgeType, Label, NodeRef, Value};
use crate::intel::{self, Reading};
use crate::link::Lookalikes;

impl Investigation {
    /// Whether a provider says that a url is risky. Signals play no part: they start no round and no pivot.
    pub(super) fn is_rated_risky(&self, url: NodeRef) -> bool {
        intel::risky(self.readings_of(url))
    }

    fn readings_of(&self, url: NodeRef) -> &[Reading] {
        let readings = self
            .addresses
            .get(&url)
            .and_then(|url| self.readings.get(url));
        readings.map_or(&[], Vec::as_slice)
    }

    /// Users who sent a message with a url that a provider calls risky.
    pub(super) fn risky_senders(&self) -> Vec<NodeRef> {
        let sent_risky = |user: &NodeRef| {
            self.graph
                .targets(*user, EdgeType::Sent)
                .into_iter()
                .any(|message| {
                    self.graph
                        .targets(message, EdgeType::Contains)
                        .into_iter()
                        .any(|url| self.is_rated_risky(url))
                })
        };
        self.graph
            .labelled(Label::User)
            .into_iter()
            .filter(sent_risky)
            .collect()
    }

    /// Writes severity, signals and risk onto urls, messages and users.
    pub(super) fn assess(&mut self) {
        let settings = &self.scope.settings;
        let imitated: Vec<&String> = settings
            .internal_domains
            .iter()
            .chain(&settings.protected_domains)
            .collect();
        let lookalikes = Lookalikes::new(&imitated);
        for url in self.graph.labelled(Label::Url) {
            let mut signals = self.signals(url);
            let address = self.addresses.get(&url);
            if let Some(reason) = address.and_then(|address| lookalikes.reason(address)) {
                signals.push("lookalike_domain".to_owned());
                self.graph.set(url, "lookalike", Value::Text(reason));
            }
            let counts = signals
                .iter()
                .any(|signal| self.scope.settings.signals.contains(signal));
            let risky = self.is_rated_risky(url) || counts;
            let severity = intel::overall(self.readings_of(url)).to_owned();
            self.graph.set(url, "severity", Value::Text(severity));
            self.graph.set(url, "risky", Value::Boolean(risky));
            if !signals.is_empty() {
                self.graph.set(url, "signals", Value::List(signals));
            }
        }
        for message in self.graph.labelled(Label::Message) {
            let urls = self.graph.targets(message, EdgeType::Contains);
            let risky = urls
                .into_iter()
                .any(|url| self.graph.node(url).facts.flag("risky"));
            self.graph.set(message, "risky", Value::Boolean(risky));
        }
        for user in self.graph.labelled(Label::User) {
            let sent = self.graph.targets(user, EdgeType::Sent);
            let risky = sent
                .into_iter()
                .any(|message| self.graph.node(message).facts.flag("risky"));
            self.graph.set(user, "risky_sender", Value::Boolean(risky));
        }
    }

    fn signals(&self, url: NodeRef) -> Vec<String> {
        let graph = &self.graph;
        let blocked = || {
            graph.sources(url, EdgeType::Clicked).into_iter().any(|user| {
                let actions = graph.edge(user, EdgeType::Clicked, url).and_then(|edge| edge.facts.properties.get("actions"));
                matches!(actions, Some(Value::List(actions)) if actions.iter().any(|action| action.contains("Block")))
            })
        };
        let mismatch = || {
            graph
                .sources(url, EdgeType::Contains)
                .into_iter()
                .any(|message| {
                    graph
                        .edge(message, EdgeType::Contains, url)
                        .is_some_and(|edge| edge.facts.flag("mismatch"))
                })
        };
        let found = [
            ("alert", !graph.sources(url, EdgeType::Mentions).is_empty()),
            ("click_blocked", blocked()),
            (
                "smartscreen",
                !graph.sources(url, EdgeType::WarnedAbout).is_empty(),
            ),
            ("text_mismatch", mismatch()),
        ];
        found
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(signal, _)| signal.to_owned())
            .collect()
    }
}

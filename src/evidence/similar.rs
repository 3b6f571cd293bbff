//! Names of nodes that are similar to what was typed.

use crate::graph::{Graph, Label, NodeData, naming, schema};
use crate::link;
use crate::model::VerdictId;
use crate::model::suggest::Closest;
use crate::terminal;

/// The longest name that is compared with the typed text, in bytes.
const COMPARED: usize = 256;
/// The limit on a comparison with all names, in bytes of a name times bytes of the typed text. It takes about a second.
const WORK: usize = 500_000_000;

/// The names that are most similar to what was typed, while nodes are offered one at a time.
pub(super) struct Similar {
    /// The number of bytes that are compared.
    typed: usize,
    closest: Closest<String>,
    /// What is left of [`WORK`].
    left: usize,
}

impl Similar {
    /// The labels whose nodes are to be offered, in this order, and the names that are compared with them.
    pub(super) fn to(typed: &str) -> (Vec<Label>, Self) {
        let url = link::canonical(typed).map(|(url, _)| url.to_string());
        let typed = url.as_deref().unwrap_or(typed);
        // Ids of messages are numbers, and all of them are similar to each other.
        let labels = schema::NODES.iter().map(|spec| spec.label);
        let mut labels: Vec<Label> = labels.filter(|label| *label != Label::Message).collect();
        // Names come first, since there are fewer names than urls.
        labels.sort_by_key(|label| matches!(label, Label::Url | Label::Verdict));
        // Each url has verdicts, whose ids are as similar as the url itself.
        labels.retain(|label| *label != Label::Verdict || VerdictId::looks_like(typed));
        let head = &typed[..typed.floor_char_boundary(COMPARED)];
        let similar = Self {
            typed: head.len(),
            closest: Closest::to(head),
            left: WORK,
        };
        (labels, similar)
    }

    /// Compares the id and the names of a node. False when enough has been compared, and nothing more is to be offered.
    pub(super) fn offer(&mut self, node: &NodeData) -> bool {
        let mut keys = std::iter::once(node.id.as_str()).chain(naming::names(node));
        keys.all(|key| self.offer_key(key))
    }

    /// Compares the id or a name of a node, as [`Similar::offer`] does.
    pub(super) fn offer_key(&mut self, key: &str) -> bool {
        if key.len() > COMPARED {
            return true;
        }
        match self.left.checked_sub(key.len() * self.typed) {
            Some(rest) => self.left = rest,
            None => return false,
        }
        self.closest.offer(key, || key.to_owned());
        true
    }

    /// The most similar names, as they are shown.
    pub(super) fn names(self) -> Vec<String> {
        let mut names = self.closest.into_names();
        names.dedup();
        let names = names.into_iter();
        names
            .map(|name| format!("`{}`", terminal::clean(&name)))
            .collect()
    }

    /// The most similar names in a graph.
    pub(super) fn in_graph(graph: &Graph, typed: &str) -> Vec<String> {
        let (labels, mut similar) = Self::to(typed);
        let nodes = labels.into_iter().flat_map(|label| graph.labelled(label));
        for node in nodes {
            if !similar.offer(graph.node(node)) {
                break;
            }
        }
        similar.names()
    }
}

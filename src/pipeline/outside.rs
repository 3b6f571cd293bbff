//! Decides which senders are from outside, where Microsoft Graph does not say it of their messages.

use super::context::Context;
use super::directory::Directory;
use crate::graph::schema::{message, user};
use crate::graph::{EdgeType, Graph, NodeRef};
use crate::model::UserKind;

/// Marks the senders of these messages, which Defender's tables tell of. One is from outside when the directory does
/// not know the object id or, without an answer of the directory, when somebody from outside is in the thread and the
/// address is not of the tenant's own domains.
pub(super) fn mark(
    context: &Context,
    graph: &mut Graph,
    directory: &Directory,
    messages: impl Iterator<Item = NodeRef>,
) {
    for message in messages {
        for sender in graph.sources(message, EdgeType::Sent) {
            if graph.node(sender).facts.has(user::TYPE) {
                continue;
            }
            if is_outside(context, graph, directory, sender, message) {
                graph.set(sender, user::TYPE, Some(UserKind::External));
            }
        }
    }
}

/// Gives a sender whom Graph names by id alone the address that a row has for the sender of the same message, so that
/// both are one.
pub(super) fn tie_senders(graph: &mut Graph, messages: impl Iterator<Item = NodeRef>) {
    for message in messages {
        let senders = graph.sources(message, EdgeType::Sent);
        let [one, other] = senders.as_slice() else {
            continue;
        };
        let address = |user: &NodeRef| {
            let id = graph.node(*user).user_id()?;
            id.as_upn().map(str::to_owned)
        };
        let (known, address) = match (address(one), address(other)) {
            (None, Some(address)) => (*one, address),
            (Some(address), None) => (*other, address),
            _ => continue,
        };
        let facts = &graph.node(known).facts;
        if !facts.has(user::UPN) && !facts.has(user::MAIL) {
            graph.set(known, user::MAIL, Some(address));
        }
    }
}

fn is_outside(
    context: &Context,
    graph: &Graph,
    directory: &Directory,
    sender: NodeRef,
    message: NodeRef,
) -> bool {
    let data = graph.node(sender);
    let has_id = data.user_id().is_some_and(|id| id.as_upn().is_none());
    if has_id && directory.lacks(graph, sender) {
        return true;
    }
    if directory.knows(graph, sender) {
        return false;
    }
    let address = data
        .facts
        .get(user::MAIL)
        .or_else(|| data.facts.get(user::UPN));
    let domain = address.and_then(|address| address.rsplit_once('@'));
    let is_foreign = domain.is_some_and(|(_, domain)| !context.intel.privacy.is_own_domain(domain));
    // Without a list of the tenant's own domains nothing tells.
    let is_told = !context.settings.internal_domains.is_empty();
    is_told && is_foreign && graph.node(message).facts.is(message::EXTERNAL)
}

//! What people of other tenants sent to a user: the part of `/users/{id}/chats/getAllMessages` that a filter on the
//! kind of sender leaves. It shows chats that another tenant owns, from the user's side, and not what the user
//! answered.

use super::ask::Ask;
use super::graph_error;
use crate::service::Reply;
use crate::world::facts::*;

/// The half of the filter that leaves what came from other tenants.
const FEDERATED: &str = " and from/user/userIdentityType eq 'federatedUser'";

impl Ask<'_> {
    pub(super) fn messages_from_outside(&self, user: &str) -> Reply {
        let limits = [
            ("getAllMessages".to_owned(), 200.0),
            (format!("user {user}"), 5.0),
        ];
        let found = self
            .enter("Chat.Read.All", &["$top", "$filter"], &limits)
            .and_then(|()| self.top(20));
        let top = match found {
            Ok(top) => top,
            Err(reply) => return reply,
        };
        if self.token.person.is_some() {
            let text = "Requested API is not supported in delegated context.";
            return graph_error(412, "PreconditionFailed", text)
                .violating("an export for a person");
        }
        let Some(ix) = self.state.index.user(user) else {
            return graph_error(404, "NotFound", "NotFound");
        };
        let filter = self.option("$filter").unwrap_or_default();
        let Some(times) = filter.strip_suffix(FEDERATED) else {
            let text = format!("Invalid filter clause: {filter}");
            return graph_error(400, "BadRequest", &text)
                .violating("all chat messages of a user, its own answers among them");
        };
        let bounds = match self.modified_between(times) {
            Ok(bounds) => bounds,
            Err(reply) => return reply,
        };
        let world = &self.state.world;
        let is_from_outside = |message: &Message| {
            let sender = message.sender.map(|sender| world.users[sender].kind);
            !self.state.options.no_sides && sender == Some(Kind::External)
        };
        let chats = self.state.index.chats_of(ix).iter();
        let items: Vec<MessageIx> = chats
            .flat_map(|chat| self.state.index.messages_in(Place::Chat(*chat)))
            .copied()
            .filter(|ix| {
                let message = &world.messages[*ix];
                bounds.holds(message) && is_from_outside(message)
            })
            .collect();
        let encoded = filter.replace(' ', "+").replace(':', "%3a");
        let extra = format!("&$filter={}", encoded.replace('\'', "%27"));
        let path = format!("/users('{}')/chats/getAllMessages", world.users[ix].id);
        self.page(&items, top, &path, &extra, |ix| self.rendered(*ix))
    }
}

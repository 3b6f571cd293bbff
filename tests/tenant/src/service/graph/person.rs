//! What Graph refuses to a person: lists of other people, exports, and what the person is no member of.

use super::graph_error;
use crate::service::{Reply, State, Token};

/// The refusal of a request for what the person behind the token cannot have; none for an application.
pub(super) fn refusal(state: &State, token: &Token, path: &[&str]) -> Option<Reply> {
    let own = token.person.as_deref()?;
    let person = state.world.users.iter().find(|user| user.id == own)?;
    let is_own = |key: &str| key.eq_ignore_ascii_case(own) || key.eq_ignore_ascii_case(&person.upn);
    let forbidden = |text: &str| Some(graph_error(403, "Forbidden", text));
    match path {
        ["v1.0", "users", user, list @ ..] if !list.is_empty() && !is_own(user) => {
            let refusal = forbidden("The signed-in user can ask for lists of their own only.");
            refusal.map(|reply| reply.violating("a list of another person"))
        }
        ["v1.0", "teams", _, "channels", "getAllMessages"] => {
            let text = "Requested API is not supported in delegated context.";
            Some(graph_error(412, "PreconditionFailed", text).violating("an export for a person"))
        }
        ["v1.0", "teams", team, "channels", _, "messages", ..] => {
            let mut teams = person.teams.iter();
            let is_member = teams.any(|ix| state.world.teams[*ix].id.eq_ignore_ascii_case(team));
            match is_member {
                true => None,
                false => forbidden("Forbidden: the caller is no member of the team."),
            }
        }
        ["v1.0", "chats", chat, ..] => {
            let chat = &state.world.chats[state.index.chat(chat)?];
            let mut members = chat.members.iter();
            match members.any(|ix| state.world.users[*ix].id == own) {
                true => None,
                false => forbidden("Forbidden: the caller is no member of the chat."),
            }
        }
        _ => None,
    }
}

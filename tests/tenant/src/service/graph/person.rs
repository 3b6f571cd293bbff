//! What no careful client asks for as a person: lists of other people, and exports.

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
        _ => None,
    }
}

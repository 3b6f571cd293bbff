//! What every GET has in common: options, permissions, limits, pages.

use super::graph_error;
use super::paging::{self, Promise};
use crate::service::{Reply, State, Token};
use crate::world::facts::UserIx;
use serde_json::{Value, json};

/// One GET, and what it may ask for.
pub(super) struct Ask<'a> {
    pub(super) state: &'a State,
    pub(super) token: &'a Token,
    pub(super) known_enums: bool,
    pub(super) promise: &'a Promise,
}

impl Ask<'_> {
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.promise
            .pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Refuses options other than `allowed`, permissions that are withheld, and what is too fast.
    pub(super) fn enter(
        &self,
        permission: &str,
        allowed: &[&str],
        limits: &[(String, f64)],
    ) -> Result<(), Reply> {
        for (n, (name, _)) in self.promise.pairs.iter().enumerate() {
            let twice = self.promise.pairs[..n]
                .iter()
                .any(|(other, _)| other == name);
            if !allowed.contains(&name.as_str()) || twice {
                let text = format!("Query option '{name}' is not allowed here.");
                return Err(graph_error(400, "BadRequest", &text).violating(text));
            }
        }
        if let Some(scale) = self.state.options.throttle
            && let Err(wait) = self
                .state
                .buckets
                .take(limits, scale, self.state.clock.now())
        {
            let reply = graph_error(429, "TooManyRequests", "Too many requests.");
            return Err(if self.state.options.says_retry_after(self.state.count()) {
                reply.header("retry-after", (wait.ceil() as u64).max(1).to_string())
            } else {
                reply
            });
        }
        if !self.token.allows(permission) {
            return Err(self.forbidden(permission));
        }
        Ok(())
    }

    /// Refuses what a person's token does not open: what is not the person's own. `is_own` tells by the person.
    pub(super) fn own(&self, is_own: impl Fn(UserIx) -> bool) -> Result<(), Reply> {
        let person = self
            .token
            .person
            .as_deref()
            .filter(|_| !self.state.options.person_sees_all);
        match person.and_then(|id| self.state.index.user(id)) {
            Some(person) if !is_own(person) => {
                let text = "AclCheckFailed-Make sure the caller is in the roster";
                Err(graph_error(403, "Forbidden", text))
            }
            _ => Ok(()),
        }
    }

    fn forbidden(&self, permission: &str) -> Reply {
        let held = self.token.grants.join(", ");
        if permission == "User.Read.All" {
            let text = "Insufficient privileges to complete the operation.";
            return graph_error(403, "Authorization_RequestDenied", text);
        }
        if self.token.person.is_some() {
            let wanted = match permission {
                "Chat.Read.All" => "Chat.Read, Chat.ReadWrite",
                other => other,
            };
            let text = format!(
                "Missing scope permissions on the request. API requires one of '{wanted}'. Scopes on the request '{held}'."
            );
            return graph_error(403, "Forbidden", &text);
        }
        // Some services behind Graph say nothing at all.
        if ["ChannelMessage.Read.All", "Chat.Read.All"].contains(&permission)
            && self.state.options.granted.is_none()
        {
            return graph_error(403, "UnknownError", "");
        }
        let text = format!(
            "Missing role permissions on the request. API requires one of '{permission}'. Roles on the request '{held}'. Resource specific consent grants on the request ''."
        );
        graph_error(403, "Forbidden", &text)
    }

    pub(super) fn top(&self, default: usize) -> Result<usize, Reply> {
        let Some(text) = self.option("$top") else {
            return Ok(default);
        };
        match text.parse() {
            Ok(n) if (1..=50).contains(&n) => Ok(n),
            _ => {
                let text = format!(
                    "The limit of '50' for Top query has been exceeded. The value was '{text}'."
                );
                Err(graph_error(400, "BadRequest", &text).violating(text))
            }
        }
    }

    /// One page of `items`.
    pub(super) fn page<T>(
        &self,
        items: &[T],
        top: usize,
        path: &str,
        extra: &str,
        render: impl Fn(&T) -> Value,
    ) -> Reply {
        let left = items.len().saturating_sub(self.promise.offset);
        let take = paging::size(self.state, self.promise, top, left);
        let end = self.promise.offset + take;
        let value: Vec<Value> = items[self.promise.offset..end].iter().map(render).collect();
        let mut body = json!({
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(entity)",
            "@odata.count": value.len(), "value": value
        });
        if end < items.len() {
            let next = Promise {
                offset: end,
                page: self.promise.page + 1,
                ..self.promise.clone()
            };
            body["@odata.nextLink"] = json!(paging::next_link(self.state, path, top, extra, next));
        }
        Reply::json(200, &body)
    }

    pub(super) fn select(&self, known: &[&'static str]) -> Result<Vec<&'static str>, Reply> {
        let Some(text) = self.option("$select") else {
            return Ok(known.to_vec());
        };
        let mut chosen = Vec::new();
        for name in text.split(',') {
            match known.iter().find(|k| **k == name) {
                Some(name) => chosen.push(*name),
                None => {
                    let text = format!("Could not find a property named '{name}'.");
                    return Err(graph_error(400, "BadRequest", &text).violating(text));
                }
            }
        }
        Ok(chosen)
    }
}

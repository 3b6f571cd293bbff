//! Microsoft Graph v1.0: routing, permissions, limits, OData options.

mod ask;
mod batch;
pub(crate) mod bodies;
mod chats;
mod directory;
mod export;
mod messages;
pub(crate) mod paging;

use super::{Bearer, Call, Reply, State, hunting};
use ask::Ask;
use chrono::Utc;
use paging::Promise;
use serde_json::json;

/// The application permissions that a load needs, and that the tenant can grant or withhold. `Organization.Read.All` can be
/// withheld too.
pub const PERMISSIONS: [&str; 5] = [
    "User.Read.All",
    "Team.ReadBasic.All",
    "Channel.ReadBasic.All",
    "ChannelMessage.Read.All",
    "Chat.Read.All",
];

/// Answers a request to Graph; `in_batch` when it came inside a `$batch`, which was let in already.
pub(crate) async fn answer(state: &State, call: &Call, in_batch: bool) -> Reply {
    if !in_batch && let Some(refusal) = refuse_token(state, call) {
        return refusal;
    }
    let (path, query) = call.split();
    if path == "/v1.0/$batch" && !in_batch {
        return batch::batch(state, call, query).await;
    }
    if path == hunting::PATH && !in_batch {
        return hunting::answer(state, call);
    }
    if call.method != "GET" {
        return graph_error(405, "Request_BadRequest", "Method not allowed.")
            .violating(format!("{} on Graph", call.method));
    }
    get(state, call)
}

fn refuse_token(state: &State, call: &Call) -> Option<Reply> {
    let refuse = |message: &str| {
        graph_error(401, "InvalidAuthenticationToken", message).header(
            "www-authenticate",
            "Bearer realm=\"\", authorization_uri=\"\"",
        )
    };
    match state.bearer(call, state.options.cloud.graph()) {
        Bearer::Good => None,
        Bearer::Expired => Some(refuse("Lifetime validation failed, the token is expired.")),
        Bearer::Missing => {
            Some(refuse("Access token is empty.").violating("no bearer token for Graph"))
        }
        Bearer::Unknown => {
            Some(refuse("CompactToken parsing failed.").violating("a token nobody gave out"))
        }
        Bearer::WrongAudience(audience) => Some(
            refuse("Access token validation failure. Invalid audience.")
                .violating(format!("a token for {audience} was sent to Graph")),
        ),
    }
}

/// Graph's error body; the spelling of `innerError` varies as it does there.
pub(crate) fn graph_error(status: u16, code: &str, message: &str) -> Reply {
    let inner = json!({
        "date": Utc::now().format("%Y-%m-%dT%H:%M:%S").to_string(),
        "request-id": "93b6f17e-c05d-4f45-ad2a-6665c708d8a0",
        "client-request-id": "e70c5c1b-8b47-68c0-3171-3d22f5e0bd54"
    });
    let spelling = if status == 404 {
        "innererror"
    } else {
        "innerError"
    };
    Reply::json(
        status,
        &json!({"error": {"code": code, "message": message, spelling: inner}}),
    )
}

fn get(state: &State, call: &Call) -> Reply {
    let (Some(segments), Some(pairs)) = (call.segments(), call.pairs()) else {
        return graph_error(400, "BadRequest", "Invalid encoding.").violating("path is no UTF-8");
    };
    let (_, query) = call.split();
    let promise = if query.contains("skiptoken") {
        match paging::promised(state, &call.target) {
            Some(promise) if paging::has_run_out(state, &promise) => {
                return graph_error(400, "BadRequest", "Invalid continuation token");
            }
            Some(promise) => promise,
            None => {
                return graph_error(400, "BadRequest", "Invalid skip token.")
                    .violating(format!("a nextLink that was never given: {}", call.target));
            }
        }
    } else {
        Promise {
            segments,
            pairs,
            offset: 0,
            page: 0,
            epoch: 0,
        }
    };
    let Some(token) = state.token(call) else {
        return graph_error(401, "InvalidAuthenticationToken", "Access token is empty.");
    };
    let path: Vec<&str> = promise.segments.iter().map(String::as_str).collect();
    let ask = Ask {
        state,
        token: &token,
        known_enums: call
            .header("prefer")
            .is_some_and(|p| p.contains("include-unknown-enum-members")),
        promise: &promise,
    };
    match path.as_slice() {
        ["v1.0", "organization"] => ask.organization(),
        ["v1.0", "users"] => ask.users(),
        ["v1.0", "users", user] => ask.user(user),
        ["v1.0", "users", user, "joinedTeams"] => ask.joined_teams(user),
        ["v1.0", "users", user, "teamwork", "associatedTeams"] => ask.associated_teams(user),
        ["v1.0", "users", user, "chats"] => ask.chats(user),
        ["v1.0", "users", user, "chats", "getAllMessages"] => ask.messages_from_outside(user),
        ["v1.0", "teams", team] => ask.team(team),
        ["v1.0", "teams", team, "channels"] => ask.channels(team),
        ["v1.0", "teams", team, "channels", "getAllMessages"] => ask.all_messages(team),
        ["v1.0", "teams", team, "channels", channel] => ask.channel(team, channel),
        ["v1.0", "teams", t, "channels", c, "messages"] => ask.channel_messages(t, c),
        ["v1.0", "teams", t, "channels", c, "messages", m] => ask.channel_message(t, c, m, None),
        ["v1.0", "teams", t, "channels", c, "messages", m, "replies"] => ask.replies(t, c, m),
        [
            "v1.0",
            "teams",
            t,
            "channels",
            c,
            "messages",
            root,
            "replies",
            m,
        ] => ask.channel_message(t, c, m, Some(root)),
        ["v1.0", "chats", chat] => ask.chat(chat),
        ["v1.0", "chats", chat, "messages", id] => ask.chat_message(chat, id),
        ["v1.0", "chats", chat, "members"] => ask.members(chat),
        ["v1.0", "chats", chat, "messages"] => ask.chat_messages(chat),
        _ => graph_error(400, "BadRequest", "Resource not found for the segment.")
            .violating(format!("no such path in Graph: {}", call.target)),
    }
}

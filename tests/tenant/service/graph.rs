//! Microsoft Graph v1.0: routing, permissions, limits, OData options.

use super::paging::{self, Promise};
use super::{Bearer, Call, Reply, State, bodies, graph_error};
use crate::tenant::world::facts::*;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const AUDIENCE: &str = "https://graph.microsoft.com";

/// The application permissions that the tenant can grant or withhold.
pub const PERMISSIONS: [&str; 5] = [
    "User.Read.All",
    "Team.ReadBasic.All",
    "Channel.ReadBasic.All",
    "ChannelMessage.Read.All",
    "Chat.Read.All",
];

/// Answers a request to Graph; `in_batch` when it came inside a `$batch`, which was let in already.
pub async fn answer(state: &State, call: &Call, in_batch: bool) -> Reply {
    if !in_batch && let Some(refusal) = refuse_token(state, call) {
        return refusal;
    }
    let (path, query) = call.split();
    if path == "/v1.0/$batch" && !in_batch {
        return batch(state, call, query).await;
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
    match state.bearer(call, AUDIENCE) {
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

async fn batch(state: &State, call: &Call, query: &str) -> Reply {
    let bad = |why: &str| graph_error(400, "BadRequest", why).violating(format!("$batch: {why}"));
    if call.method != "POST" || !query.is_empty() {
        return bad("only POST without options");
    }
    if !call
        .header("content-type")
        .unwrap_or_default()
        .starts_with("application/json")
    {
        return bad("content type is not JSON");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return bad("body is not JSON");
    };
    let Some(requests) = body.get("requests").and_then(Value::as_array) else {
        return bad("no requests");
    };
    if requests.is_empty() || requests.len() > 20 {
        return bad("one to twenty requests");
    }
    let mut ids = std::collections::BTreeSet::new();
    let mut responses = Vec::new();
    for request in requests {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        let (Some(id), Some("GET"), Some(url)) = (text("id"), text("method"), text("url")) else {
            return bad("a request without id, GET and url");
        };
        if !ids.insert(id) || !url.starts_with('/') || url.starts_with("/v1.0") {
            return bad("ids are unique and urls relative to the version");
        }
        let unknown = request
            .as_object()
            .into_iter()
            .flatten()
            .any(|(name, _)| !["id", "method", "url", "headers"].contains(&name.as_str()));
        if unknown {
            return bad("an unknown member in a request");
        }
        let mut headers = std::collections::BTreeMap::new();
        for (name, value) in request
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            headers.insert(
                name.to_lowercase(),
                value.as_str().unwrap_or_default().to_owned(),
            );
        }
        let inner = Call {
            method: "GET".into(),
            target: format!("/v1.0{url}"),
            headers,
            body: Vec::new(),
        };
        // Boxed: a batch is answered by what answers its parts.
        let reply = Box::pin(super::super::listen::in_batch(state, &inner)).await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        let headers: serde_json::Map<String, Value> = reply
            .headers
            .iter()
            .map(|(name, value)| (title(name), json!(value)))
            .collect();
        responses.push(json!({"id": id, "status": reply.status, "headers": headers, "body": body}));
    }
    // The order of the answers is not that of the requests.
    responses.reverse();
    Reply::json(200, &json!({ "responses": responses }))
}

fn title(name: &str) -> String {
    name.split('-')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or(String::new(), |c| {
                c.to_uppercase().collect::<String>() + letters.as_str()
            })
        })
        .collect::<Vec<_>>()
        .join("-")
}

fn get(state: &State, call: &Call) -> Reply {
    let (Some(segments), Some(pairs)) = (call.segments(), call.pairs()) else {
        return graph_error(400, "BadRequest", "Invalid encoding.").violating("path is no UTF-8");
    };
    let (_, query) = call.split();
    let promise = if query.contains("skiptoken") {
        match paging::promised(state, &call.target) {
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
        }
    };
    let path: Vec<&str> = promise.segments.iter().map(String::as_str).collect();
    let ask = Ask {
        state,
        known_enums: call
            .header("prefer")
            .is_some_and(|p| p.contains("include-unknown-enum-members")),
        promise: &promise,
    };
    match path.as_slice() {
        ["v1.0", "users", user] => ask.user(user),
        ["v1.0", "users", user, "joinedTeams"] => ask.joined_teams(user),
        ["v1.0", "users", user, "chats"] => ask.chats(user),
        ["v1.0", "teams", team] => ask.team(team),
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
        ["v1.0", "chats", chat, "members"] => ask.members(chat),
        ["v1.0", "chats", chat, "messages"] => ask.chat_messages(chat),
        _ => graph_error(400, "BadRequest", "Resource not found for the segment.")
            .violating(format!("no such path in Graph: {}", call.target)),
    }
}

/// One GET, and what it may ask for.
struct Ask<'a> {
    state: &'a State,
    known_enums: bool,
    promise: &'a Promise,
}

impl Ask<'_> {
    fn option(&self, name: &str) -> Option<&str> {
        self.promise
            .pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Refuses options other than `allowed`, permissions that are withheld, and what is too fast.
    fn enter(
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
            && let Err(wait) = self.state.buckets.take(limits, scale)
        {
            let reply = graph_error(429, "TooManyRequests", "Too many requests.");
            return Err(if self.state.options.says_retry_after(self.state.count()) {
                reply.header("retry-after", (wait.ceil() as u64).max(1).to_string())
            } else {
                reply
            });
        }
        if self.state.options.withheld.contains(&permission) {
            return Err(match permission {
                "User.Read.All" => graph_error(
                    403,
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.",
                ),
                "ChannelMessage.Read.All" | "Chat.Read.All" => graph_error(403, "UnknownError", ""),
                _ => graph_error(
                    403,
                    "Forbidden",
                    &format!(
                        "Missing role permissions on the request. API requires one of '{permission}'."
                    ),
                ),
            });
        }
        Ok(())
    }

    fn top(&self, default: usize) -> Result<usize, Reply> {
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
    fn page(&self, items: &[Value], top: usize, path: &str, extra: &str) -> Reply {
        let left = items.len().saturating_sub(self.promise.offset);
        let take = paging::size(self.state, self.promise, top, left);
        let end = self.promise.offset + take;
        let value = &items[self.promise.offset..end];
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

    fn select(&self, known: &[&'static str]) -> Result<Vec<&'static str>, Reply> {
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

    fn missing_user(&self, key: &str) -> Reply {
        graph_error(
            404,
            "Request_ResourceNotFound",
            &format!(
                "Resource '{key}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    fn user(&self, key: &str) -> Reply {
        let known = ["id", "userPrincipalName", "displayName", "mail", "userType"];
        let chosen = self
            .enter("User.Read.All", &["$select"], &[])
            .and_then(|()| self.select(&known));
        match chosen {
            Err(reply) => reply,
            Ok(chosen) => match self.state.world.directory(key) {
                Some(ix) => Reply::json(200, &bodies::user(&self.state.world.users[ix], &chosen)),
                None => self.missing_user(key),
            },
        }
    }

    fn joined_teams(&self, key: &str) -> Reply {
        let limits = [("joined".to_owned(), 30.0)];
        if let Err(reply) = self.enter("Team.ReadBasic.All", &[], &limits) {
            return reply;
        }
        let world = &self.state.world;
        let Some(ix) = world.directory(key) else {
            return self.missing_user(key);
        };
        let teams: Vec<Value> = world.users[ix]
            .teams
            .iter()
            .map(|t| bodies::team(&world.teams[*t]))
            .collect();
        let path = format!("/users('{}')/joinedTeams", world.users[ix].id);
        self.page(&teams, 100, &path, "")
    }

    fn chats(&self, key: &str) -> Reply {
        let allowed = ["$top", "$expand"];
        let limits = [
            (format!("chats {}", key.to_lowercase()), 5.0),
            ("other".to_owned(), 30.0),
        ];
        let top = self
            .enter("Chat.Read.All", &allowed, &limits)
            .and_then(|()| self.top(20));
        let top = match top {
            Ok(top) => top,
            Err(reply) => return reply,
        };
        let expand = match self.option("$expand") {
            None => false,
            Some("members") => true,
            Some(other) => {
                return graph_error(400, "BadRequest", "Cannot expand.")
                    .violating(format!("chats cannot expand {other}"));
            }
        };
        let world = &self.state.world;
        let Some(ix) = world.directory(key) else {
            return self.missing_user(key);
        };
        let chats: Vec<Value> = (0..world.chats.len())
            .filter(|c| world.chats[*c].members.contains(&ix))
            .map(|c| bodies::chat(world, c, expand))
            .collect();
        let extra = if expand { "&$expand=members" } else { "" };
        self.page(
            &chats,
            top,
            &format!("/users('{}')/chats", world.users[ix].id),
            extra,
        )
    }

    fn find_team(&self, id: &str) -> Result<TeamIx, Reply> {
        self.state
            .world
            .teams
            .iter()
            .position(|t| t.id.eq_ignore_ascii_case(id))
            .ok_or_else(|| {
                graph_error(
                    404,
                    "NotFound",
                    &format!("No team found with Group Id {id}"),
                )
            })
    }

    fn find_channel(&self, team: &str, id: &str) -> Result<ChannelIx, Reply> {
        let team = self.find_team(team)?;
        let channels = &self.state.world.channels;
        channels
            .iter()
            .position(|c| c.id == id && c.team == team)
            .ok_or_else(|| graph_error(404, "NotFound", "No channel found for id."))
    }

    fn team_limits(&self, team: &str, resource: &str, rate: f64) -> Vec<(String, f64)> {
        vec![
            (format!("team {}", team.to_lowercase()), 4.0),
            (resource.to_owned(), rate),
        ]
    }

    fn team(&self, id: &str) -> Reply {
        let limits = self.team_limits(id, "teams", 30.0);
        let found = self
            .enter("Team.ReadBasic.All", &["$select"], &limits)
            .and_then(|()| self.select(&["id", "displayName"]))
            .and_then(|_| self.find_team(id));
        found.map_or_else(
            |reply| reply,
            |ix| Reply::json(200, &bodies::team(&self.state.world.teams[ix])),
        )
    }

    fn channel(&self, team: &str, id: &str) -> Reply {
        let mut limits = self.team_limits(team, "channels", 30.0);
        limits.push((format!("channel {id}"), 1.0));
        let found = self
            .enter("Channel.ReadBasic.All", &["$select"], &limits)
            .and_then(|()| self.select(&["id", "displayName", "membershipType"]))
            .and_then(|_| self.find_channel(team, id));
        found.map_or_else(
            |reply| reply,
            |ix| Reply::json(200, &bodies::channel(&self.state.world.channels[ix])),
        )
    }

    fn message_limits(&self, team: &str, channel: &str) -> Vec<(String, f64)> {
        let mut limits = self.team_limits(team, "messages", 20.0);
        limits.push((format!("messages of {channel}"), 1.0));
        limits
    }

    fn messages_of(&self, channel: ChannelIx) -> impl Iterator<Item = (MessageIx, &Message)> {
        let messages = self.state.world.messages.iter().enumerate();
        messages.filter(move |(_, m)| m.place == Place::Channel(channel) && !m.gone)
    }

    fn rendered(&self, ix: MessageIx) -> Value {
        bodies::message(&self.state.world, ix, self.known_enums)
    }

    fn channel_message(&self, team: &str, channel: &str, id: &str, root: Option<&str>) -> Reply {
        let limits = self.message_limits(team, channel);
        let found = self
            .enter("ChannelMessage.Read.All", &[], &limits)
            .and_then(|()| self.find_channel(team, channel));
        let channel = match found {
            Ok(channel) => channel,
            Err(reply) => return reply,
        };
        let root_id = |m: &Message| m.root.map(|r| self.state.world.messages[r].id.as_str());
        // A reply is found under its root only, never beside it.
        let found = self
            .messages_of(channel)
            .find(|(_, m)| m.id == id && root_id(m) == root);
        match found {
            Some((ix, _)) => Reply::json(200, &self.rendered(ix)),
            None => graph_error(404, "NotFound", "NotFound"),
        }
    }

    fn replies_to(&self, root: MessageIx, channel: ChannelIx) -> Vec<Value> {
        let mut replies: Vec<(MessageIx, &Message)> = self
            .messages_of(channel)
            .filter(|(_, m)| m.root == Some(root))
            .collect();
        replies.sort_by_key(|(_, m)| std::cmp::Reverse(m.created));
        replies
            .into_iter()
            .map(|(ix, _)| self.rendered(ix))
            .collect()
    }

    fn replies_path(&self, team: &str, channel: ChannelIx, root: &str) -> String {
        let id = &self.state.world.channels[channel].id;
        format!("/teams('{team}')/channels('{id}')/messages('{root}')/replies")
    }

    fn replies(&self, team: &str, channel: &str, root: &str) -> Reply {
        let limits = self.message_limits(team, channel);
        let found = self
            .enter("ChannelMessage.Read.All", &["$top"], &limits)
            .and_then(|()| Ok((self.top(20)?, self.find_channel(team, channel)?)));
        let (top, channel) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        match self
            .messages_of(channel)
            .find(|(_, m)| m.id == root && m.root.is_none())
        {
            Some((ix, _)) => {
                let path = self.replies_path(team, channel, root);
                self.page(&self.replies_to(ix, channel), top, &path, "")
            }
            None => graph_error(404, "NotFound", "NotFound"),
        }
    }

    fn channel_messages(&self, team: &str, id: &str) -> Reply {
        let limits = self.message_limits(team, id);
        let found = self
            .enter("ChannelMessage.Read.All", &["$top", "$expand"], &limits)
            .and_then(|()| Ok((self.top(20)?, self.find_channel(team, id)?)));
        let (top, channel) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let expand = match self.option("$expand") {
            None => false,
            Some("replies") => true,
            Some(other) => {
                return graph_error(400, "BadRequest", "Cannot expand.")
                    .violating(format!("channel messages cannot expand {other}"));
            }
        };
        let mut roots: Vec<MessageIx> = self
            .messages_of(channel)
            .filter(|(_, m)| m.root.is_none())
            .map(|(ix, _)| ix)
            .collect();
        roots.sort_by_key(|ix| std::cmp::Reverse(self.state.world.messages[*ix].modified));
        let limit = self.state.options.expanded_replies;
        let items: Vec<Value> = roots
            .iter()
            .map(|ix| {
                let mut item = self.rendered(*ix);
                if expand {
                    let mut replies = self.replies_to(*ix, channel);
                    item["replies@odata.count"] = json!(replies.len());
                    if replies.len() > limit {
                        replies.truncate(limit);
                        let root = self.state.world.messages[*ix].id.clone();
                        let segments = [
                            "v1.0", "teams", team, "channels", id, "messages", &root, "replies",
                        ];
                        let next = Promise {
                            segments: segments.iter().map(|s| (*s).to_owned()).collect(),
                            pairs: Vec::new(),
                            offset: limit,
                            page: 2,
                        };
                        let path = self.replies_path(team, channel, &root);
                        item["replies@odata.nextLink"] =
                            json!(paging::next_link(self.state, &path, 20, "", next));
                    }
                    item["replies"] = json!(replies);
                }
                item
            })
            .collect();
        let extra = if expand { "&$expand=replies" } else { "" };
        let path = format!("/teams('{team}')/channels('{id}')/messages");
        self.page(&items, top, &path, extra)
    }

    /// The bounds of `lastModifiedDateTime gt <t> and lastModifiedDateTime lt <t>`.
    fn modified_filter(&self) -> Result<Option<(Option<Time>, Option<Time>)>, Reply> {
        let Some(filter) = self.option("$filter") else {
            return Ok(None);
        };
        let bad = || {
            let text = format!("Invalid filter clause: {filter}");
            graph_error(400, "BadRequest", &text).violating(text)
        };
        let (mut after, mut before) = (None, None);
        for clause in filter.split(" and ") {
            let words: Vec<&str> = clause.split(' ').collect();
            let ["lastModifiedDateTime", operator, time] = words.as_slice() else {
                return Err(bad());
            };
            let zulu = time.ends_with('Z');
            let time = DateTime::parse_from_rfc3339(time)
                .map_err(|_| bad())?
                .with_timezone(&Utc);
            match *operator {
                "gt" if after.is_none() && zulu => after = Some(time),
                "lt" if before.is_none() && zulu => before = Some(time),
                _ => return Err(bad()),
            }
        }
        Ok(Some((after, before)))
    }

    fn all_messages(&self, team: &str) -> Reply {
        let limits = self.team_limits(team, "getAllMessages", 200.0);
        let found = self
            .enter("ChannelMessage.Read.All", &["$top", "$filter"], &limits)
            .and_then(|()| {
                Ok((
                    self.top(20)?,
                    self.find_team(team)?,
                    self.modified_filter()?,
                ))
            });
        let (top, ix, filter) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let (after, before) = filter.unwrap_or_default();
        let world = &self.state.world;
        let items: Vec<Value> = world
            .messages
            .iter()
            .enumerate()
            .filter(|(_, m)| matches!(m.place, Place::Channel(c) if world.channels[c].team == ix))
            .filter(|(_, m)| !m.gone && within(m, after, before))
            .map(|(ix, _)| {
                let mut item = self.rendered(ix);
                item["@odata.type"] = json!("#microsoft.graph.chatMessage");
                item
            })
            .collect();
        let extra = self
            .option("$filter")
            .map(|f| format!("&$filter={}", f.replace(' ', "+").replace(':', "%3a")))
            .unwrap_or_default();
        self.page(
            &items,
            top,
            &format!("/teams('{team}')/channels/getallMessages"),
            &extra,
        )
    }

    fn find_chat(&self, id: &str) -> Result<ChatIx, Reply> {
        let chats = &self.state.world.chats;
        chats
            .iter()
            .position(|c| c.id == id)
            .ok_or_else(|| graph_error(404, "NotFound", "NotFound"))
    }

    fn members(&self, id: &str) -> Reply {
        let limits = [(format!("chat {id}"), 1.0), ("other".to_owned(), 30.0)];
        let found = self
            .enter("Chat.Read.All", &[], &limits)
            .and_then(|()| self.find_chat(id));
        let chat = match found {
            Ok(chat) => chat,
            Err(reply) => return reply,
        };
        let world = &self.state.world;
        let members: Vec<Value> = world.chats[chat]
            .members
            .iter()
            .map(|m| bodies::member(world, chat, *m))
            .collect();
        self.page(&members, 25, &format!("/chats/{id}/members"), "")
    }

    fn chat_messages(&self, id: &str) -> Reply {
        let limits = [
            ("messages".to_owned(), 20.0),
            (format!("messages of {id}"), 1.0),
        ];
        let found = self
            .enter("Chat.Read.All", &["$top", "$orderby", "$filter"], &limits)
            .and_then(|()| Ok((self.top(20)?, self.find_chat(id)?, self.modified_filter()?)));
        let (top, chat, filter) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let ordered = match self.option("$orderby") {
            None => false,
            Some("lastModifiedDateTime desc") => true,
            Some(other) => {
                return graph_error(400, "BadRequest", "Invalid orderby.")
                    .violating(format!("chat messages are not ordered by {other}"));
            }
        };
        // Graph ignores such a filter in silence.
        if filter.is_some() && !ordered {
            return graph_error(
                400,
                "BadRequest",
                "QueryOptions to order by must be in filter.",
            )
            .violating("$filter on chat messages without $orderby is ignored");
        }
        let (after, before) = filter.unwrap_or_default();
        let world = &self.state.world;
        let mut found: Vec<(MessageIx, &Message)> = world
            .messages
            .iter()
            .enumerate()
            .filter(|(_, m)| m.place == Place::Chat(chat) && !m.gone && within(m, after, before))
            .collect();
        found.sort_by_key(|(ix, m)| (std::cmp::Reverse(m.modified), *ix));
        let items: Vec<Value> = found.into_iter().map(|(ix, _)| self.rendered(ix)).collect();
        let mut extra = String::new();
        for name in ["$orderby", "$filter"] {
            if let Some(value) = self.option(name) {
                extra.push_str(&format!("&{name}={}", value.replace(' ', "+")));
            }
        }
        self.page(&items, top, &format!("/chats/{id}/messages"), &extra)
    }
}

fn within(message: &Message, after: Option<Time>, before: Option<Time>) -> bool {
    after.is_none_or(|t| message.modified > t) && before.is_none_or(|t| message.modified < t)
}

//! Graph's JSON of users, teams, channels, chats, members and messages.

use crate::world::World;
use crate::world::body::encode;
use crate::world::facts::*;
use base64::Engine as _;
use serde_json::{Map, Value, json};

/// A moment as Graph writes it: milliseconds, trailing zeros dropped.
pub(crate) fn moment(time: Time) -> String {
    let text = time.format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}Z")
}

fn crooked(time: Time, bad: bool) -> Value {
    if bad {
        json!(time.format("%Y-%m-%d%H:%M:%S%.3fZ").to_string())
    } else {
        json!(moment(time))
    }
}

/// A user with the properties asked for.
pub(crate) fn user(user: &User, select: &[&str]) -> Value {
    let mut map = Map::new();
    for name in select {
        let value = match *name {
            "id" => json!(user.id),
            "userPrincipalName" => json!(user.upn),
            "displayName" => json!(user.name),
            "mail" => json!(user.mail),
            "userType" => json!(if user.kind == Kind::Guest {
                "Guest"
            } else {
                "Member"
            }),
            _ => Value::Null,
        };
        map.insert((*name).into(), value);
    }
    Value::Object(map)
}

/// `body` with the properties asked for and no others.
pub(crate) fn only(body: Value, select: &[&str]) -> Value {
    let Value::Object(mut map) = body else {
        return body;
    };
    map.retain(|name, _| select.contains(&name.as_str()));
    Value::Object(map)
}

/// A team.
pub(crate) fn team(team: &Team) -> Value {
    json!({"id": team.id, "displayName": team.name})
}

/// A team of the tenant, as one that a user is associated with.
pub(crate) fn associated_team(team: &Team, tenant: &str) -> Value {
    json!({"id": team.id, "displayName": team.name, "tenantId": tenant})
}

/// The same of another tenant.
pub(crate) fn foreign_team(id: &str) -> Value {
    json!({"id": id, "displayName": "Fabrikam", "tenantId": "0b5e9c1e-6f0a-4a0e-9d55-5c0d2f6f7a11"})
}

/// A channel.
pub(crate) fn channel(channel: &Channel) -> Value {
    json!({"id": channel.id, "displayName": channel.name, "membershipType": channel.membership})
}

/// A chat; with at most 25 members when they are expanded.
pub(crate) fn chat(world: &World, ix: ChatIx, expand: bool) -> Value {
    let facts = &world.chats[ix];
    let mut value = json!({
        "id": facts.id, "topic": facts.topic, "createdDateTime": moment(facts.created),
        "lastUpdatedDateTime": moment(facts.created), "chatType": facts.kind,
        "webUrl": format!("https://teams.microsoft.com/l/chat/{}/0?tenantId={}", encode(&facts.id), world.tenant_id),
        "tenantId": facts.owner, "onlineMeetingInfo": null, "viewpoint": null
    });
    if expand {
        let members: Vec<Value> = facts
            .members
            .iter()
            .take(25)
            .map(|m| member(world, ix, *m))
            .collect();
        value["members"] = json!(members);
    }
    value
}

/// A member of a chat.
pub(crate) fn member(world: &World, chat: ChatIx, user: UserIx) -> Value {
    let facts = &world.users[user];
    let id = base64::engine::general_purpose::STANDARD.encode(format!(
        "{}##{}##{user}",
        world.tenant_id, world.chats[chat].id
    ));
    if facts.kind == Kind::Anonymous {
        return json!({
            "@odata.type": "#microsoft.graph.anonymousGuestConversationMember", "id": id,
            "roles": ["guest"], "displayName": facts.name,
            "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z", "anonymousGuestId": facts.id
        });
    }
    json!({
        "@odata.type": "#microsoft.graph.aadUserConversationMember", "id": id,
        "roles": if facts.kind == Kind::Guest { json!(["guest"]) } else { json!(["owner"]) },
        "displayName": facts.name, "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z",
        "userId": facts.id, "email": facts.mail, "tenantId": facts.home
    })
}

fn sender(world: &World, message: MessageIx) -> Value {
    let Some(user) = world.messages[message].sender else {
        return Value::Null;
    };
    let facts = &world.users[user];
    if facts.kind == Kind::Bot {
        return json!({
            "device": null, "user": null, "conversation": null,
            "application": {"id": facts.id, "displayName": facts.name, "applicationIdentityType": "bot"}
        });
    }
    let identity = match facts.kind {
        Kind::External => "federatedUser",
        Kind::Anonymous => "anonymousGuest",
        _ => "aadUser",
    };
    let mut user = json!({"id": facts.id, "displayName": facts.name, "userIdentityType": identity});
    // Microsoft's own examples have it both ways for users of the tenant.
    if facts.kind == Kind::External || (facts.kind != Kind::Anonymous && message.is_multiple_of(2))
    {
        user["@odata.type"] = json!("#microsoft.graph.teamworkUserIdentity");
        user["tenantId"] = json!(facts.home);
    }
    json!({"application": null, "device": null, "user": user})
}

/// A chatMessage. Without `Prefer: include-unknown-enum-members` a system event has no type.
pub(crate) fn message(world: &World, ix: MessageIx, known_enums: bool) -> Value {
    let facts = &world.messages[ix];
    let kind = match (facts.system, known_enums) {
        (false, _) => "message",
        (true, true) => "systemEventMessage",
        (true, false) => "unknownFutureValue",
    };
    let is_bot = facts
        .sender
        .is_some_and(|u| world.users[u].kind == Kind::Bot);
    let modified = if is_bot && facts.modified == facts.created {
        Value::Null
    } else {
        crooked(facts.modified, facts.bad_dates)
    };
    let root = facts.root.map(|r| world.messages[r].id.clone());
    let mut value = json!({
        "id": facts.id, "replyToId": root, "etag": facts.id, "messageType": kind,
        "createdDateTime": crooked(facts.created, facts.bad_dates),
        "lastModifiedDateTime": modified,
        "lastEditedDateTime": facts.edited.map(moment),
        "deletedDateTime": facts.deleted.map(moment),
        "subject": facts.subject, "summary": null, "chatId": null,
        "importance": facts.importance, "locale": "en-us", "webUrl": null,
        "channelIdentity": null, "policyViolation": null,
        "eventDetail": if facts.system { json!({"@odata.type": "#microsoft.graph.membersAddedEventMessageDetail"}) } else { Value::Null },
        "from": sender(world, ix),
        "body": {"contentType": facts.body.content_type, "content": facts.body.content},
        "attachments": facts.body.attachments, "mentions": facts.body.mentions,
        "reactions": [], "messageHistory": []
    });
    match facts.place {
        Place::Channel(c) => {
            let channel = &world.channels[c];
            let team = &world.teams[channel.team];
            value["channelIdentity"] = json!({"teamId": team.id, "channelId": channel.id});
            value["webUrl"] = json!(format!(
                "https://teams.microsoft.com/l/message/{}/{}?groupId={}&tenantId={}&createdTime={}&parentMessageId={}",
                encode(&channel.id),
                facts.id,
                team.id,
                world.tenant_id,
                facts.id,
                facts.root.map_or(&facts.id, |r| &world.messages[r].id)
            ));
        }
        Place::Chat(c) => value["chatId"] = json!(world.chats[c].id),
    }
    value
}

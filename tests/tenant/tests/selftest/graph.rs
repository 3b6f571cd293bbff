//! Microsoft Graph's part.

use crate::visitor::{GRAPH, LOG_ANALYTICS, Visitor};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenant_sim::world::body::encode;
use tenant_sim::world::facts::Place;
use tenant_sim::{Options, Service, Tenant, World};

fn small() -> Tenant {
    Tenant::start(World::small(), Options::default())
}

/// The path of a team's channel by its name.
fn channel(world: &World, name: &str) -> (usize, String) {
    let ix = world.channels.iter().position(|c| c.name == name).unwrap();
    let facts = &world.channels[ix];
    let team = &world.teams[facts.team].id;
    (ix, format!("/teams/{team}/channels/{}", encode(&facts.id)))
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    items
        .iter()
        .map(|i| i["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn users_by_id_and_by_hostile_upn() {
    let tenant = small();
    let visitor = Visitor::of(&tenant);
    let select = "$select=id,userPrincipalName,displayName,mail,userType";
    let (_, guest) = visitor
        .graph(&format!(
            "/users/erin_fabrikam.com%23EXT%23@contoso.onmicrosoft.com?{select}"
        ))
        .await;
    assert_eq!(guest["userType"], "Guest");
    let (status, quoted) = visitor
        .graph(&format!("/users/o%27brien@contoso.com?{select}"))
        .await;
    assert_eq!(
        (status, &quoted["displayName"]),
        (200, &json!("Maeve O'Brien"))
    );
    let upper = tenant.world().users[0].id.to_uppercase();
    assert_eq!(visitor.graph(&format!("/users/{upper}")).await.0, 200);
    let phantom = tenant
        .world()
        .users
        .iter()
        .find(|u| u.id.is_empty())
        .unwrap();
    let (status, error) = visitor
        .graph(&format!("/users/{}?{select}", encode(&phantom.upn)))
        .await;
    assert_eq!(
        (status, &error["error"]["code"]),
        (404, &json!("Request_ResourceNotFound"))
    );
    let outsider = tenant
        .world()
        .users
        .iter()
        .find(|u| u.upn == "felix@adatum.com")
        .unwrap();
    assert_eq!(
        visitor.graph(&format!("/users/{}", outsider.id)).await.0,
        404
    );
    tenant.assert_clean();
}

#[tokio::test]
async fn replies_are_found_under_their_root_only() {
    let tenant = small();
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let reply = world
        .messages
        .iter()
        .find(|m| m.root.is_some() && !m.links.is_empty())
        .unwrap();
    let root = &world.messages[reply.root.unwrap()];
    let (_, path) = channel(world, "General");
    let (status, error) = visitor
        .graph(&format!("{path}/messages/{}", reply.id))
        .await;
    assert_eq!((status, &error["error"]["code"]), (404, &json!("NotFound")));
    let (status, found) = visitor
        .graph(&format!("{path}/messages/{}/replies/{}", root.id, reply.id))
        .await;
    assert_eq!((status, &found["replyToId"]), (200, &json!(root.id)));
    let (status, _) = visitor
        .graph(&format!("{path}/messages/{}/replies/{}", reply.id, root.id))
        .await;
    assert_eq!(status, 404);
    let (replies, _) = visitor
        .all(&format!("{path}/messages/{}/replies?$top=50", root.id))
        .await;
    assert_eq!(replies.len(), 2);
    tenant.assert_clean();
}

#[tokio::test]
async fn every_way_to_the_messages_gives_the_same() {
    let options = Options {
        page_limit: Some(3),
        expanded_replies: 1,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let (ix, path) = channel(world, "General");
    let facts = world
        .messages
        .iter()
        .filter(|m| m.place == Place::Channel(ix) && !m.gone);
    let expected: BTreeSet<String> = facts.map(|m| m.id.clone()).collect();

    let (roots, pages) = visitor
        .all(&format!("{path}/messages?$top=50&$expand=replies"))
        .await;
    assert!(pages > 3, "an empty page stands among them");
    let mut found = ids(&roots);
    for root in &roots {
        found.extend(ids(root["replies"].as_array().unwrap()));
        if let Some(next) = root["replies@odata.nextLink"].as_str() {
            found.extend(ids(&visitor.all(next).await.0));
        }
    }
    assert_eq!(found, expected);

    let team = &world.teams[world.channels[ix].team].id;
    let (all, _) = visitor
        .all(&format!("/teams/{team}/channels/getAllMessages?$top=50"))
        .await;
    let of_channel = all
        .iter()
        .filter(|m| m["channelIdentity"]["channelId"] == world.channels[ix].id);
    assert_eq!(
        of_channel
            .map(|m| m["id"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>(),
        expected
    );
    tenant.assert_clean();
}

#[tokio::test]
async fn filters_of_time() {
    let tenant = small();
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let (ix, _) = channel(world, "General");
    let team = &world.teams[world.channels[ix].team].id;
    let filter = "lastModifiedDateTime%20gt%202026-10-01T00:00:00Z%20and%20lastModifiedDateTime%20lt%202026-10-31T00:00:00Z";
    let (all, _) = visitor
        .all(&format!(
            "/teams/{team}/channels/getAllMessages?$top=50&$filter={filter}"
        ))
        .await;
    let within = world.messages.iter().filter(|m| {
        matches!(m.place, Place::Channel(c) if world.channels[c].team == world.channels[ix].team)
            && m.modified > world.from()
            && m.modified < world.anchor
    });
    assert_eq!(all.len(), within.count());
    let chat = encode(&world.chats[0].id);
    let path = format!(
        "/chats/{chat}/messages?$top=50&$orderby=lastModifiedDateTime%20desc&$filter={filter}"
    );
    assert_eq!(visitor.all(&path).await.0.len(), 2);
    assert_eq!(
        visitor
            .all(&format!("/chats/{chat}/messages?$top=50"))
            .await
            .0
            .len(),
        3
    );
    tenant.assert_clean();
    let (status, _) = visitor
        .graph(&format!("/chats/{chat}/messages?$filter={filter}"))
        .await;
    assert_eq!((status, tenant.violations().len()), (400, 1));
}

#[tokio::test]
async fn chats_and_their_members() {
    let tenant = small();
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let dario = world
        .users
        .iter()
        .find(|u| u.upn == "dario@contoso.com")
        .unwrap();
    let (chats, _) = visitor
        .all(&format!(
            "/users/{}/chats?$top=50&$expand=members",
            dario.id
        ))
        .await;
    assert_eq!(chats.len(), 4);
    let crowd = &world.chats.iter().find(|c| c.members.len() > 25).unwrap();
    let shown = chats.iter().find(|c| c["id"] == crowd.id).unwrap();
    assert_eq!(
        shown["members"].as_array().unwrap().len(),
        25,
        "expansion stops there"
    );
    let (members, pages) = visitor.all(&format!("/chats/{}/members", crowd.id)).await;
    assert_eq!((members.len(), pages), (29, 3));
    let meeting = world.chats.iter().find(|c| c.kind == "meeting").unwrap();
    let (members, _) = visitor
        .all(&format!("/chats/{}/members", encode(&meeting.id)))
        .await;
    let anonymous = members
        .iter()
        .find(|m| m["anonymousGuestId"].is_string())
        .unwrap();
    assert!(anonymous["userId"].is_null());
    let foreign = members
        .iter()
        .find(|m| m["userId"].is_string() && m["tenantId"] != world.tenant_id);
    assert!(foreign.is_some());
    tenant.assert_clean();
}

#[tokio::test]
async fn traps_stand_in_the_bodies() {
    let tenant = small();
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let (finance, path) = channel(world, "General");
    let (roots, _) = visitor.all(&format!("{path}/messages?$top=50")).await;
    assert!(
        roots
            .iter()
            .any(|m| m["messageType"] == "systemEventMessage" && m["from"].is_null())
    );
    let request = visitor
        .graph_request(&format!("{path}/messages?$top=50"))
        .await;
    let mut request = request.build().unwrap();
    request.headers_mut().remove("prefer");
    let (_, plain) = Visitor::read(visitor.http.execute(request).await.unwrap()).await;
    let kinds: Vec<&Value> = plain["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["messageType"])
        .collect();
    assert!(kinds.contains(&&json!("unknownFutureValue")));
    assert!(!world.channels[finance].id.is_empty());

    let (_, rnd) = channel(world, "Build/Release");
    let (roots, _) = visitor.all(&format!("{rnd}/messages?$top=50")).await;
    let bad = roots
        .iter()
        .find(|m| m["createdDateTime"] == "2026-10-1606:47:00.000Z");
    assert!(bad.is_some(), "a date as in Microsoft's example");
    assert!(
        roots
            .iter()
            .any(|m| m["from"]["application"]["applicationIdentityType"] == "bot")
    );
    let (_, payroll) = channel(world, "Payroll");
    let (roots, _) = visitor.all(&format!("{payroll}/messages?$top=50")).await;
    let deleted = roots
        .iter()
        .find(|m| m["deletedDateTime"].is_string())
        .unwrap();
    assert!(deleted["from"].is_null() && deleted["body"]["content"].is_null());
    tenant.assert_clean();
}

#[tokio::test]
async fn batches_answer_each_part_for_itself() {
    let tenant = small();
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let urls = vec![
        format!("/users/{}", world.users[0].id),
        "/users/nobody@contoso.com".to_owned(),
        format!("/users/{}/joinedTeams", world.users[0].id),
    ];
    let (status, answer) = visitor.batch(&urls).await;
    let statuses: Vec<u64> = answer["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["status"].as_u64().unwrap())
        .collect();
    assert_eq!((status, statuses), (200, vec![200, 404, 200]));
    assert_eq!(tenant.requests().iter().filter(|e| e.in_batch).count(), 3);
    tenant.assert_clean();
    let many = vec![urls[0].clone(); 21];
    assert_eq!(visitor.batch(&many).await.0, 400);
    assert_eq!(visitor.batch(&["/v1.0/users/x".to_owned()]).await.0, 400);
    assert_eq!(
        visitor
            .batch(&["https://elsewhere.example/".to_owned()])
            .await
            .0,
        400
    );
    assert_eq!(tenant.violations().len(), 3);
}

#[tokio::test]
async fn permissions_can_be_withheld() {
    let withheld = vec!["ChannelMessage.Read.All", "Chat.Read.All", "User.Read.All"];
    let options = Options {
        withheld,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let (_, path) = channel(world, "General");
    let user = &world.users[0].id;
    for (path, code) in [
        (format!("{path}/messages?$top=50"), "UnknownError"),
        (format!("/users/{user}/chats?$top=50"), "UnknownError"),
        (format!("/users/{user}"), "Authorization_RequestDenied"),
    ] {
        let (status, error) = visitor.graph(&path).await;
        assert_eq!(
            (status, &error["error"]["code"]),
            (403, &json!(code)),
            "{path}"
        );
    }
    assert_eq!(
        visitor.graph(&format!("/users/{user}/joinedTeams")).await.0,
        200
    );
    tenant.assert_clean();
}

#[tokio::test]
async fn refuses_what_graph_would_and_more() {
    let tenant = small();
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let user = &world.users[0].id;
    let team = &world.teams[0].id;
    let (_, general) = channel(world, "General");
    let chat = encode(&world.chats[0].id);
    let message = &world.messages[0].id;
    for path in [
        "/me".to_owned(),
        "/users".to_owned(),
        format!("/users/{user}?$select=id,password"),
        format!("/users/{user}?$expand=manager"),
        format!("/users/{user}/joinedTeams?$top=5"),
        format!("/users/{user}/chats?$top=51"),
        format!("/users/{user}/chats?$expand=lastMessagePreview"),
        format!("/teams/{team}/channels"),
        format!(
            "/teams/{team}/channels/getAllMessages?$filter=createdDateTime%20gt%202026-10-01T00:00:00Z"
        ),
        format!(
            "/teams/{team}/channels/getAllMessages?$filter=lastModifiedDateTime%20gt%202026-10-01"
        ),
        format!("{general}/messages?$top=0"),
        format!("{general}/messages?$top=50&$top=50"),
        format!("{general}/messages?$filter=lastModifiedDateTime%20gt%202026-10-01T00:00:00Z"),
        format!("{general}/messages/{message}?$select=id"),
        format!("{general}/messages/{message}?$expand=replies"),
        format!("/chats/{chat}?$expand=members"),
        format!("/chats/{chat}/members?$top=50"),
        format!("/chats/{chat}/messages?$orderby=createdDateTime%20desc"),
        format!("{general}/messages?$skiptoken=made-up"),
    ] {
        tenant.clear_requests();
        let (status, _) = visitor.graph(&path).await;
        assert_eq!((status, tenant.violations().len()), (400, 1), "{path}");
    }
}

#[tokio::test]
async fn tokens_are_for_their_audience_and_their_time() {
    let options = Options {
        token_lifetime: 1,
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    tenant.stop_clock();
    let visitor = Visitor::of(&tenant);
    let url = format!(
        "{}/v1.0/users/adele.vance@contoso.com",
        tenant.endpoint(Service::Graph)
    );
    let get = |token: String| {
        let request = visitor.http.get(&url).bearer_auth(token);
        async move { Visitor::read(request.send().await.unwrap()).await }
    };
    let good = visitor.token(GRAPH).await;
    assert_eq!(get(good.clone()).await.0, 200);
    tenant.pass(std::time::Duration::from_secs(1));
    let (status, error) = get(good).await;
    assert_eq!(
        (status, &error["error"]["code"]),
        (401, &json!("InvalidAuthenticationToken"))
    );
    tenant.assert_clean();
    assert_eq!(get(visitor.token(LOG_ANALYTICS).await).await.0, 401);
    assert_eq!(get("made-up".into()).await.0, 401);
    let bare = visitor.http.get(&url).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let posted = visitor
        .http
        .post(&url)
        .bearer_auth(visitor.token(GRAPH).await)
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(tenant.violations().len(), 4);
    let fresh = visitor.token(GRAPH).await;
    tenant.expire_tokens();
    assert_eq!(get(fresh).await.0, 401);
}

#[tokio::test]
async fn a_next_link_is_good_as_it_was_given() {
    let options = Options {
        page_limit: Some(2),
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let (_, path) = channel(tenant.world(), "General");
    let (_, first) = visitor.graph(&format!("{path}/messages?$top=50")).await;
    let next = first["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(tenant.endpoint(Service::Graph)));
    let (status, empty) = visitor.graph(next).await;
    assert_eq!((status, empty["value"].as_array().unwrap().len()), (200, 0));
    assert!(empty["@odata.nextLink"].is_string());
    tenant.assert_clean();
    assert_eq!(
        visitor.graph(&next.replace("$top=50", "$top=20")).await.0,
        400
    );
    assert_eq!(tenant.violations().len(), 1);
}

#[tokio::test]
async fn associated_teams_and_what_is_of_another_tenant() {
    let tenant = Tenant::start(World::shared(), Options::default());
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let adele = &world.users[0];
    let (joined, _) = visitor
        .all(&format!("/users/{}/joinedTeams", adele.id))
        .await;
    let path = format!("/users/{}/teamwork/associatedTeams", adele.id);
    let (associated, _) = visitor.all(&path).await;
    assert_eq!((joined.len(), associated.len()), (2, 4));
    let foreign = associated
        .iter()
        .filter(|team| team["tenantId"] != world.tenant_id);
    assert_eq!(foreign.count(), 1);
    let chat = world
        .chats
        .iter()
        .find(|chat| chat.owner != world.tenant_id)
        .unwrap();
    for list in ["messages", "members"] {
        let (status, error) = visitor.graph(&format!("/chats/{}/{list}", chat.id)).await;
        assert_eq!(status, 403);
        assert_eq!(
            error["error"]["message"],
            "The thread is not in this tenant."
        );
    }
    tenant.assert_clean();
}

#[tokio::test]
async fn tokens_for_next_pages_run_out() {
    let options = Options {
        page_limit: Some(1),
        ..Options::default()
    };
    let tenant = Tenant::start(World::small(), options);
    let visitor = Visitor::of(&tenant);
    let path = format!("/users/{}/joinedTeams", tenant.world().users[0].id);
    let next = async || {
        let (_, page) = visitor.graph(&path).await;
        let next = page["@odata.nextLink"].as_str().unwrap();
        next.split_once("/v1.0").unwrap().1.to_owned()
    };
    let old = next().await;
    assert_eq!(visitor.graph(&old).await.0, 200);
    tenant.expire_pages();
    let (status, error) = visitor.graph(&old).await;
    assert_eq!(
        (status, &error["error"]["message"]),
        (400, &json!("Invalid continuation token"))
    );
    let new = next().await;
    assert_ne!(old, new);
    assert_eq!(visitor.graph(&new).await.0, 200);
    tenant.assert_clean();
}

use linktrail::journal::Audience;
use tenant_sim::{Options, PERMISSIONS};

use super::{Room, client_secret, device_code, tenant};

#[tokio::test]
async fn a_token_shows_what_was_granted_to_the_application() {
    let everything = tenant(Options::default());
    let room = Room::new(&everything, client_secret(&everything));
    let mut all = PERMISSIONS.to_vec();
    all.extend(["Organization.Read.All", "ThreatHunting.Read.All"]);
    all.sort_unstable();
    assert_eq!(room.enter(Audience::Graph).await, all);

    let tenant = tenant(Options {
        granted: Some(vec!["Group.Read.All"]),
        ..Options::default()
    });
    let room = Room::new(&tenant, client_secret(&tenant));
    let permissions = room.client().permissions(Audience::Graph).await.unwrap();
    assert!(permissions.is_known() && !permissions.is_delegated());
    assert!(permissions.has("ChannelMessage.Read.All") && permissions.lacks("Chat.Read.All"));
    assert_eq!(permissions.application(), Some("linktrail"));
    let lifetime = permissions.expires().unwrap() - permissions.issued().unwrap();
    assert_eq!(lifetime.num_seconds(), 3599);
}

#[tokio::test]
async fn nothing_granted_is_known_and_an_opaque_token_is_not() {
    for (opaque_tokens, is_known) in [(false, true), (true, false)] {
        let tenant = tenant(Options {
            granted: Some(Vec::new()),
            opaque_tokens,
            ..Options::default()
        });
        let room = Room::new(&tenant, client_secret(&tenant));
        let permissions = room.client().permissions(Audience::Graph).await.unwrap();
        assert_eq!(permissions.is_known(), is_known);
        assert_eq!(permissions.lacks("User.Read.All"), is_known);
        assert!(!permissions.has("User.Read.All"));
    }
}

#[tokio::test]
async fn a_persons_token_shows_scopes_and_who_it_is() {
    let tenant = tenant(Options {
        scopes: vec!["ThreatHunting.Read.All", "User.Read"],
        ..Options::default()
    });
    let room = Room::new(&tenant, device_code(&tenant));
    let permissions = room.client().permissions(Audience::Graph).await.unwrap();
    assert!(permissions.is_delegated() && permissions.has("ThreatHunting.Read.All"));
    assert!(permissions.user().is_some_and(|user| user.contains('@')));
    assert!(permissions.lacks("Chat.Read"));
    assert_eq!(permissions.directory_roles().count(), 1);
}

#[tokio::test]
async fn without_a_network_nothing_is_known() {
    let tenant = tenant(Options::default());
    let room = Room::new(&tenant, client_secret(&tenant));
    let offline = room.client().offline();
    let permissions = offline.permissions(Audience::Graph).await.unwrap();
    assert!(!permissions.is_known());
    assert_eq!(tenant.requests().len(), 0);
}

//! Worlds: deterministic, well-formed, and rendered as their facts say.

use std::collections::BTreeSet;
use tenant_sim::world::body;
use tenant_sim::world::facts::{Place, Style};
use tenant_sim::{Query, World};

fn worlds() -> Vec<World> {
    vec![
        World::small(),
        World::shared(),
        World::outside(),
        World::demo(),
        World::scaled(1500, 11),
    ]
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let print = |w: &World| format!("{w:?}");
    assert_eq!(print(&World::small()), print(&World::small()));
    assert_eq!(print(&World::scaled(300, 5)), print(&World::scaled(300, 5)));
    assert_ne!(print(&World::scaled(300, 5)), print(&World::scaled(300, 6)));
    let (a, b) = (World::small(), World::small_at(8, World::default_anchor()));
    assert_ne!(a.tenant_id, b.tenant_id);
    assert_eq!(
        a.truth(&Query::of(&a)).node_counts(),
        b.truth(&Query::of(&b)).node_counts()
    );
}

#[test]
fn worlds_by_name() {
    let anchor = World::default_anchor();
    assert_eq!(World::named("demo", None, anchor).unwrap().name, "demo");
    assert_eq!(
        World::named("250", Some(1), anchor).unwrap().messages.len(),
        250
    );
    assert!(World::named("huge", None, anchor).is_none());
}

#[test]
fn urls_are_normalised_and_their_domains_right() {
    for world in worlds() {
        let mut once = BTreeSet::new();
        for link in &world.links {
            let parsed = url::Url::parse(&link.url).unwrap();
            assert_eq!(parsed.as_str(), link.url);
            assert_eq!(parsed.host_str().unwrap(), link.host);
            assert!(once.insert(&link.url), "{} twice", link.url);
            // Two crates that are no part of the tenant agree with what it claims to know.
            let listed = psl::domain(link.host.as_bytes()).filter(|_| link.domain.is_some());
            let listed = listed.map(|d| {
                let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
                (text(d.as_bytes()), text(d.suffix().as_bytes()))
            });
            assert_eq!(link.domain, listed, "{}", link.url);
            let (unicode, outcome) = idna::domain_to_unicode(&link.host);
            assert!(outcome.is_ok() || link.host.starts_with('['));
            assert_eq!(unicode, link.unicode_host);
        }
    }
}

#[test]
fn bodies_hold_what_the_facts_say() {
    for world in worlds() {
        for message in &world.messages {
            let content = message.body.content.clone().unwrap_or_default();
            let everything = format!("{content}{}", serde_json::json!(message.body.attachments));
            for placed in &message.links {
                let raw = body::raw(&world.links[placed.link], placed.style);
                let escaped = body::escape(&raw);
                let quoted = serde_json::json!(raw).to_string();
                let held = [raw.as_str(), escaped.as_str(), quoted.trim_matches('"')]
                    .iter()
                    .any(|form| everything.contains(*form));
                let inside = matches!(placed.style, Style::Forwarded | Style::ThumbnailCard);
                assert!(held || inside, "{:?} {raw} in {everything}", placed.style);
            }
            if message.links.is_empty() && !message.system {
                assert!(!everything.contains(".example"), "{everything}");
            }
        }
    }
}

#[test]
fn wrappers_are_spelt_as_their_makers_do() {
    let target = "https://evil.example/a_b-c?x=1#frag";
    assert!(
        body::safelinks(target, "a@contoso.com")
            .contains("url=https%3A%2F%2Fevil.example%2Fa_b-c%3Fx%3D1%23frag&data=")
    );
    assert!(
        body::urldefense_v2(target)
            .contains("u=https-3A__evil.example_a-5Fb-2Dc-3Fx-3D1-23frag&d=")
    );
    let v3 =
        "https://urldefense.com/v3/__https://evil.example/a_b-c?x=1*frag__;Iw!!N-abcDEF!Xyz123$";
    assert_eq!(body::urldefense_v3(target), v3);
}

#[test]
fn messages_are_where_they_should_be() {
    for world in worlds() {
        let mut once = BTreeSet::new();
        for (ix, message) in world.messages.iter().enumerate() {
            assert!(once.insert(world.message_id(ix)));
            if let Some(root) = message.root {
                let root = &world.messages[root];
                assert_eq!(root.place, message.place);
                assert!(root.root.is_none() && root.created < message.created);
            }
            if let (Place::Chat(chat), Some(sender)) = (message.place, message.sender) {
                assert!(
                    world.chats[chat].members.contains(&sender),
                    "{}",
                    world.name
                );
            }
        }
    }
}

#[test]
fn the_demo_tells_its_story() {
    let world = World::demo();
    let truth = world.truth(&Query::of(&world));
    // Two that pass through it, and three messages of the help desk.
    assert_eq!(
        truth.summary.sentence,
        "3 malicious URL(s) sent by 6 user(s) in 14 message(s), across 4 channel(s) and 7 chat(s)"
    );
    assert_eq!((truth.gone_messages, truth.unresolved_users.len()), (0, 0));
    assert_eq!((truth.waiting.len(), truth.unreadable.len()), (0, 1));
    assert_eq!(world.absent_tables, ["DeviceNetworkEvents"]);
    assert_eq!((truth.summary.hosts, truth.summary.alerts), (7, 3));
    let page = "https://verify.contoso-servicedesk.example/account?step=1";
    let clicked = truth.of_kind("CLICKED").filter(|(k, _)| k.to.1 == page);
    assert_eq!((clicked.count(), truth.summary.reporters), (1, 1));
    let zapped = |p: &&serde_json::Map<String, serde_json::Value>| p.contains_key("zapped");
    assert_eq!(truth.nodes.values().filter(zapped).count(), 1);
    assert!(
        (250..400).contains(&truth.ids("Message").len()),
        "{}",
        truth.ids("Message").len()
    );
}

#[test]
fn a_large_world_has_something_of_everything() {
    let world = World::scaled(3000, 4);
    let truth = world.truth(&Query::of(&world));
    let nodes = truth.node_counts();
    for label in [
        "User", "Team", "Channel", "Chat", "Message", "Url", "Domain", "Verdict", "Host", "Alert",
    ] {
        assert!(nodes.get(label).is_some_and(|n| *n > 3), "{label}");
    }
    assert!(truth.gone_messages > 0 && truth.edge_counts()["REPLY_TO"] > 50);
    assert!(truth.of_kind("CONNECTED_TO").count() > 10);
}

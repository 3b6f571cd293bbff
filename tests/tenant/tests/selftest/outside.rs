//! The world of the help desk, counted by hand from the story in `tests/tenant/src/world/outside`.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tenant_sim::{ChatsOf, Query, Truth, World};

const LURE: &str = "https://sso.contoso-helpdesk.example/verify?u=staff";
const REDIRECT: &str = "https://go.tailspin.example/out?to=2f8c";
const HOP: &str = "https://t.tailspin.example/c/91";
const LANDING: &str = "https://staff-portal.workers.dev/login";
const FORM: &str = "https://docs.google.com/forms/d/e/1FAIpQL/viewform";
const MANUAL: &str = "https://files.contoso-helpdesk.example/manual.pdf";
const SLIDES: &str = "https://docs.google.com/presentation/d/77/edit";
const PRIZE: &str = "https://survey.adatum.example/win";

fn truth(change: impl FnOnce(&mut Query)) -> (World, Truth) {
    let world = World::outside();
    let mut query = Query::of(&world);
    change(&mut query);
    let truth = world.truth(&query);
    (world, truth)
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let pairs = pairs.iter();
    pairs.map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

/// The node of the message that this person sent at this time of the day.
fn message<'a>(world: &World, truth: &'a Truth, name: &str, time: &str) -> &'a Map<String, Value> {
    let id = message_id(world, name, time);
    &truth.nodes[&("Message", id)]
}

/// The id of that node.
pub(crate) fn message_id(world: &World, name: &str, time: &str) -> String {
    let found = world.messages.iter().position(|message| {
        let sender = message
            .sender
            .and_then(|user| world.users[user].name.clone());
        let within = message.created >= world.from();
        within
            && sender.is_some_and(|sender| sender.starts_with(name))
            && message.created.format("%H:%M").to_string() == time
    });
    world.message_id(found.unwrap_or_else(|| panic!("{name} {time}")))
}

/// The names of those from whom such an edge leads to a node.
fn from(truth: &Truth, kind: &'static str, to: &str) -> Vec<String> {
    let edges = truth.of_kind(kind).filter(|(key, _)| key.to.1 == to);
    let mut names: Vec<String> = edges
        .map(|(key, _)| {
            let name = truth.nodes[&key.from].get("name");
            let name = name.and_then(Value::as_str).unwrap_or("somebody");
            name.split(' ').next().unwrap().to_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn nodes_and_edges() {
    let (_, truth) = truth(|_| {});
    let nodes = [
        ("Alert", 4),
        ("Case", 1),
        ("Channel", 2),
        // Five of another tenant, and two of this one.
        ("Chat", 7),
        ("Domain", 7),
        ("Host", 3),
        // Six from outside and a harmless one that Nora's side gives with them, three of Operations on that day and two
        // before, two and a bare root of Facilities, three in chats that Graph gives.
        ("Message", 6 + 1 + 3 + 2 + 2 + 1 + 3),
        ("Team", 2),
        ("Url", 10),
        // The fax never wrote, and nobody but Lars is met by a report alone.
        ("User", 9),
        // All but the handbook are looked up, and Defender rates the lure and the prize.
        ("Verdict", 2 * 9 + 2),
    ];
    assert_eq!(truth.node_counts(), counts(&nodes));
    let edges = [
        ("CLICKED", 5),
        ("CONNECTED_TO", 3),
        ("CONTAINS", 18),
        ("HAS_CHANNEL", 2),
        ("HAS_VERDICT", 20),
        ("MEMBER_OF", 1),
        ("MENTIONS", 2 + 2 + 1 + 4),
        ("ON_DOMAIN", 10),
        ("PARTICIPATES_IN", 2 + 3),
        ("POSTED_IN", 18),
        ("RECEIVED", 1 + 1 + 1 + 4 + 4 + 1 + 1 + 2),
        ("REDIRECTS_TO", 3),
        ("REPLY_TO", 2),
        ("REPORTED", 4),
        ("SENT", 17),
        // Lure, redirect, manual, slides and prize; help desk, promotion and Paul; four messages.
        ("STARTED_FROM", 5 + 3 + 4),
    ];
    assert_eq!(truth.edge_counts(), counts(&edges));
}

#[test]
fn summary_and_entities() {
    let (_, truth) = truth(|_| {});
    assert_eq!(
        truth.summary.to_json(),
        json!({
            "sentence": "4 malicious URL(s) sent by 4 user(s) in 11 message(s), across 2 channel(s) and 7 chat(s)",
            "risky_urls": 4, "risky_senders": 4, "risky_messages": 11, "channels": 2, "chats": 7,
            "urls": 9, "messages": 17, "risky_urls_not_in_messages": 0, "hosts": 3,
            "openers": 3, "alerts": 1, "recipients": 6, "reporters": 3
        })
    );
    assert_eq!(truth.entities.urls, [FORM, LURE, LANDING, PRIZE]);
    let openers = [
        "ines.duarte@contoso.com",
        "mona.weber@contoso.com",
        "paul.reyes@contoso.com",
    ];
    assert_eq!(truth.entities.openers, openers);
    assert_eq!((truth.gone_messages, truth.waiting.len()), (1, 0));
    assert_eq!(truth.unreadable.len(), 2, "the help desk and the promotion");
}

#[test]
fn what_defender_alone_tells() {
    let (world, truth) = truth(|q| q.no_sides = true);
    let to_nora = message(&world, &truth, "Help", "08:00");
    for (name, value) in [
        ("sources", json!(["defender"])),
        ("owned", json!(false)),
        ("external", json!(true)),
        ("recipients", json!(1)),
        ("threats", json!(["Phish"])),
        ("delivery", json!("Teams")),
        ("edited", json!(false)),
        ("risky", json!(true)),
    ] {
        assert_eq!(to_nora[name], value, "{name}");
    }
    let id = message_id(&world, "Help", "08:00");
    let mut held = truth
        .of_kind("CONTAINS")
        .filter(|(key, _)| key.from.1 == id);
    let (key, facts) = held.next().unwrap();
    assert_eq!((key.to.1.as_str(), held.count()), (LURE, 0));
    assert_eq!(facts.properties["origin"], "log");
    assert_eq!(facts.properties["wrapped_by"], json!(["safelinks"]));
    let raw = facts.properties["raw"].as_str().unwrap();
    assert!(raw.contains("safelinks.protection.outlook.com"), "{raw}");
    // Kim has no object id in it, and is known all the same.
    let group = message_id(&world, "Help", "08:10");
    assert_eq!(
        from(&truth, "RECEIVED", &group),
        ["Ines", "Kim", "Nora", "Paul"]
    );
    assert_eq!(message(&world, &truth, "Help", "08:10")["recipients"], 4);
    // Nobody knows whose thread the spam stands in.
    let spam = message(&world, &truth, "Adatum", "09:00");
    assert!(!spam.contains_key("owned") && !spam.contains_key("external"));
    // One message of the other tenant came too early, and one holds nothing that matters.
    let others = world
        .messages
        .iter()
        .filter(|m| m.sender == Some(6))
        .count();
    let found = from(&truth, "SENT", &group).len();
    assert_eq!((others, found), (7, 1));
    assert_eq!(
        truth
            .of_kind("SENT")
            .filter(|(k, _)| k.from.1 == world.users[6].id)
            .count(),
        5
    );
}

#[test]
fn the_same_message_by_three_ways_is_one() {
    let (world, truth) = truth(|_| {});
    let in_channel = message(&world, &truth, "Paul", "10:40");
    assert_eq!(in_channel["sources"], json!(["audit", "defender", "graph"]));
    assert_eq!(in_channel["edited"], json!(true));
    // Graph's way of showing the link stands.
    let origin = |name: &str, time: &str| {
        let id = message_id(&world, name, time);
        let mut held = truth.of_kind("CONTAINS").filter(|(k, _)| k.from.1 == id);
        held.next().unwrap().1.properties["origin"].clone()
    };
    assert_eq!(origin("Paul", "10:40"), "href");
    assert_eq!(origin("Paul", "10:00"), "href");
    assert_eq!(origin("Paul", "11:10"), "log", "Graph has lost it");
    let gone = message(&world, &truth, "Paul", "11:10");
    assert_eq!(gone["sources"], json!(["audit", "defender"]));
    assert_eq!(
        from(&truth, "SENT", &message_id(&world, "Paul", "11:10")),
        ["Paul"]
    );
    // Where no audit log is read, Graph is asked for what Defender found; a reply has a bare root, and the ids of a row
    // may be hidden in another column.
    let found = message(&world, &truth, "Mona", "11:00");
    assert_eq!(found["sources"], json!(["defender", "graph"]));
    let root = message(&world, &truth, "Mona", "11:02");
    assert!(root["sources"].is_null() && root["risky"] == json!(false));
}

#[test]
fn what_the_side_of_a_recipient_gives() {
    let (world, truth) = truth(|_| {});
    let to_nora = message(&world, &truth, "Help", "08:00");
    assert_eq!(to_nora["sources"], json!(["defender", "graph"]));
    let harmless = message(&world, &truth, "Help", "08:30");
    assert_eq!(harmless["sources"], json!(["graph"]));
    // Neither members nor the topic of such a chat; and nobody says that the promotion's is one.
    let (group, _) = message_id(&world, "Help", "08:10")
        .split_once('/')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert!(from(&truth, "PARTICIPATES_IN", &group).is_empty());
    assert!(!truth.nodes[&("Chat", group)].contains_key("topic"));
    let spam = message(&world, &truth, "Adatum", "09:00");
    assert_eq!(spam["sources"], json!(["defender"]));
}

#[test]
fn what_was_taken_away_and_what_was_not() {
    let (world, truth) = truth(|_| {});
    let of = |name: &str, time: &str| {
        let node = message(&world, &truth, name, time);
        let zapped = node
            .get("zapped")
            .map(|at| at.as_str().unwrap()[11..16].to_owned());
        (
            node["delivery"].as_str().unwrap().to_owned(),
            node.get("zap").cloned(),
            zapped,
        )
    };
    let gone = |kind: &str, at: &str| {
        (
            "Quarantine".to_owned(),
            Some(json!([kind])),
            Some(at.to_owned()),
        )
    };
    assert_eq!(of("Paul", "10:00"), gone("Phish ZAP", "10:20"));
    assert_eq!(of("Paul", "10:40"), gone("Manual remediation", "13:00"));
    let standing = ("Teams".to_owned(), None, None);
    for (name, time) in [("Help", "08:02"), ("Help", "08:04"), ("Adatum", "09:00")] {
        assert_eq!(of(name, time), standing, "{name} {time}");
    }
}

#[test]
fn who_reported_what() {
    let (world, truth) = truth(|_| {});
    let mut found = Vec::new();
    for (key, facts) in truth.of_kind("REPORTED") {
        let who = truth.nodes[&key.from].get("upn").and_then(Value::as_str);
        let who = who.unwrap_or("lars").split('.').next().unwrap().to_owned();
        let verdict = facts.properties.get("verdict").cloned().unwrap_or_default();
        found.push((who, key.to.1.clone(), verdict));
    }
    found.sort_by_key(|(who, ..)| who.clone());
    let expected = [
        // Three fit.
        ("ines", message_id(&world, "Help", "08:20"), Value::Null),
        ("kim", message_id(&world, "Help", "08:10"), Value::Null),
        // An administrator received nothing.
        ("lars", message_id(&world, "Paul", "10:00"), Value::Null),
        ("nora", message_id(&world, "Help", "08:00"), json!("Phish")),
    ];
    let expected = expected.map(|(who, id, verdict)| (who.to_owned(), id, verdict));
    assert_eq!(found, expected);
    let notes = (
        truth.reported_calls,
        truth.ambiguous_reports,
        truth.reports_without_message,
        truth.reports_without_sender,
    );
    assert_eq!(notes, (1, 1, 1, 1));
    let signals = |url: &str| truth.signals.get(url).cloned().unwrap_or_default();
    assert_eq!(
        signals(LURE),
        BTreeSet::from(["alert", "click_blocked", "reported", "zapped"])
    );
    for url in [MANUAL, SLIDES] {
        assert_eq!(
            signals(url),
            BTreeSet::from(["flagged_message", "reported"])
        );
    }
    assert_eq!(signals(REDIRECT), BTreeSet::from(["reported"]));
    assert!(signals(PRIZE).is_empty() && signals(LANDING).is_empty());
}

#[test]
fn ratings_of_defender() {
    let (_, truth) = truth(|_| {});
    let verdicts = truth
        .nodes
        .iter()
        .filter(|((label, id), _)| *label == "Verdict" && id.starts_with("defender|"));
    let verdicts: Vec<(&str, &Value, &Value)> = verdicts
        .map(|((_, id), p)| (&id["defender|".len()..], &p["severity"], &p["tags"]))
        .collect();
    let (phish, spam) = (json!(["Phish"]), json!(["Spam"]));
    assert_eq!(
        verdicts,
        [
            (LURE, &json!("high"), &phish),
            (PRIZE, &json!("warning"), &spam)
        ]
    );
    // A message is risky by its own rating, whoever rates its urls.
    let (world, without) = truth_without_defender();
    let two = message(&world, &without, "Help", "08:20");
    assert_eq!(two["risky"], json!(true));
    assert!(!without.entities.urls.contains(&LURE.to_owned()));
    assert!(without.signals[LURE].contains("flagged_message"));
}

fn truth_without_defender() -> (World, Truth) {
    truth(|q| q.providers = vec!["otx", "xforce"])
}

#[test]
fn clicks_and_where_they_led() {
    let (_, truth) = truth(|_| {});
    let edges = |kind: &'static str| -> Vec<(String, String, u64)> {
        let edges = truth.of_kind(kind).map(|(key, facts)| {
            let name = truth.nodes[&key.from].get("name").and_then(Value::as_str);
            let from = name.map_or(key.from.1.as_str(), |n| n.split(' ').next().unwrap());
            (from.to_owned(), key.to.1.clone(), facts.count.unwrap())
        });
        let mut edges: Vec<_> = edges.collect();
        edges.sort();
        edges
    };
    let owned = |rows: &[(&str, &str, u64)]| -> Vec<(String, String, u64)> {
        let rows = rows.iter();
        rows.map(|(a, b, n)| ((*a).to_owned(), (*b).to_owned(), *n))
            .collect()
    };
    let clicked = [
        ("Ines", LURE, 1),
        ("Kim", REDIRECT, 1),
        ("Mona", LANDING, 1),
        ("Paul", REDIRECT, 1),
        // Blocked, and past the block; one row came twice.
        ("Paul", LURE, 2),
    ];
    assert_eq!(edges("CLICKED"), owned(&clicked));
    let led = [
        (REDIRECT, LANDING, 1),
        (REDIRECT, HOP, 1),
        (HOP, LANDING, 1),
    ];
    assert_eq!(edges("REDIRECTS_TO"), owned(&led));
    let connected = [
        // The extensions name a url, the host below a private suffix is one's own, the extensions name a host.
        ("fac-lt-02.contoso.com", LURE, 1),
        ("ops-lt-01.contoso.com", LANDING, 1),
        ("ops-lt-03.contoso.com", LURE, 1),
    ];
    assert_eq!(edges("CONNECTED_TO"), owned(&connected));
    let how: Vec<&Value> = truth
        .of_kind("CONNECTED_TO")
        .map(|(_, facts)| &facts.properties["match"])
        .collect();
    assert_eq!(how.iter().filter(|how| **how == "url").count(), 1);
}

#[test]
fn alerts_that_name_messages_and_threads() {
    let (world, truth) = truth(|_| {});
    let mentioned = |n: u32| -> Vec<(&str, String)> {
        let id = format!("0ffe12ed-0000-4000-8000-00000000a00{n}");
        let edges = truth.of_kind("MENTIONS").filter(|(k, _)| k.from.1 == id);
        edges.map(|(k, _)| k.to.clone()).collect()
    };
    let group = message_id(&world, "Help", "08:20");
    let group = ("Chat", group.split('/').next().unwrap().to_owned());
    let nora = ("User", world.users[0].id.clone());
    assert_eq!(mentioned(1), [group.clone(), nora.clone()]);
    let to_nora = ("Message", message_id(&world, "Help", "08:00"));
    assert_eq!(mentioned(2), [to_nora, nora]);
    assert_eq!(
        mentioned(3),
        [group],
        "another message of that thread is risky"
    );
    assert!(mentioned(4).is_empty());
    let labels: Vec<&str> = mentioned(5).iter().map(|(label, _)| *label).collect();
    assert_eq!(labels, ["Host", "Message", "Url", "User"]);
}

#[test]
fn how_far_it_is_followed() {
    // The form stands in a chat that is read because Mona posted the landing page elsewhere.
    let (_, none) = truth(|q| q.chats_of = ChatsOf::None);
    assert!(!none.ids("Url").contains(FORM));
    assert_eq!(none.ids("Message").len(), 18 - 3);
    let (world, touched) = truth(|q| q.chats_of = ChatsOf::Touched);
    let id = |upn: &str| {
        world
            .users
            .iter()
            .find(|u| u.upn.starts_with(upn))
            .unwrap()
            .id
            .clone()
    };
    let readers = ["nora", "paul", "ines", "kim", "mona"].map(id);
    assert_eq!(touched.chat_users, BTreeSet::from(readers.clone()));
    // The warning of Nora's, and what Lars wrote there.
    assert_eq!(touched.ids("Chat").len(), 8);
    let (_, one) = truth(|q| q.rounds = 1);
    assert_eq!(one.ids("Message").len(), 18);
    // Without the urls of messages only the reports and clicks are left; without anything of messages only clicks.
    let (_, urls) = truth(|q| q.absent_tables = vec!["MessageUrlInfo"]);
    assert_eq!(urls.of_kind("REPORTED").count(), 4);
    let (_, events) = truth(|q| q.absent_tables = vec!["MessageEvents"]);
    let found = (
        events.of_kind("REPORTED").count(),
        events.of_kind("RECEIVED").count(),
    );
    assert_eq!(found, (0, 0));
    assert_eq!(events.of_kind("CLICKED").count(), 5);
    let (_, cloud) =
        truth(|q| q.absent_tables = vec!["CloudAppEvents", "MessagePostDeliveryEvents"]);
    assert!(!cloud.nodes.values().any(|node| node.contains_key("zap")));
    assert_eq!(cloud.of_kind("STARTED_FROM").count(), 5 + 3);
}

#[test]
fn hunts_follow_from_the_graph() {
    let (_, truth) = truth(|_| {});
    let rows = |name: &str| truth.hunt(name).unwrap();
    assert_eq!(rows("still-standing").len(), 11 - 2);
    assert_eq!(rows("reported-lures").len(), 4);
    let lure = json!({"kind": "url", "what": LURE, "messages": 7, "removed": 2, "standing": 5});
    let threat =
        json!({"kind": "threat", "what": "Phish", "messages": 2, "removed": 0, "standing": 2});
    let coverage = rows("zap-coverage");
    assert!(
        coverage.contains(&lure) && coverage.contains(&threat),
        "{coverage:#?}"
    );
    assert_eq!(coverage.len(), 4 + 1);
    let desk = json!({
        "sender": "Help Desk (Contoso)", "people": 4, "messages": 6, "risky": 4, "urls": [LURE]
    });
    assert!(rows("external-first-contact").contains(&desk));
}

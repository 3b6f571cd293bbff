//! The small world's truth, counted by hand from the story in `tests/tenant/world/small`.

use serde_json::json;
use std::collections::BTreeMap;
use tenant_sim::{ChatsOf, Query, Truth, World};

const LURE: &str = "https://login.micros0ft-verify.example/oauth?client=1&state=a";

fn truth(change: impl FnOnce(&mut Query)) -> Truth {
    let world = World::small();
    let mut query = Query::of(&world);
    change(&mut query);
    world.truth(&query)
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs
        .iter()
        .map(|(name, n)| ((*name).to_owned(), *n))
        .collect()
}

#[test]
fn nodes_of_the_default_options() {
    // 22 listed channel messages, the root of one reply, 7 chat messages with links.
    // 13 people of the story, Hana by her UPN, 27 colleagues of the large chat.
    // Four devices and the alert's stray machine; every url twice looked up, but for the four of the tenant itself.
    let expected = [
        ("Alert", 2),
        ("Case", 1),
        ("Channel", 4),
        ("Chat", 4),
        ("Domain", 12),
        ("Host", 5),
        ("Message", 22 + 1 + 7),
        ("Team", 3),
        ("Url", 15 + 2),
        ("User", 13 + 1 + 27),
        // Defender rates the lure, the shared file and what was clicked.
        ("Verdict", 2 * (17 - 4) + 3),
    ];
    assert_eq!(truth(|_| ()).node_counts(), counts(&expected));
}

#[test]
fn edges_of_the_default_options() {
    let expected = [
        ("CLICKED", 4),
        ("CONNECTED_TO", 6),
        ("CONTAINS", 22 + 7),
        ("HAS_CHANNEL", 4),
        ("HAS_VERDICT", 2 * (17 - 4) + 3),
        ("MEMBER_OF", 2 + 1 + 1 + 1 + 2),
        ("MENTIONS", 3 + 4),
        ("ON_DOMAIN", 17 - 3),
        ("OPENED", 4),
        ("PARTICIPATES_IN", 2 + 29 + 4 + 2),
        ("POSTED_IN", 30),
        // Of the messages in chats Defender tells of one.
        ("RECEIVED", 1),
        ("REPLY_TO", 2),
        ("SENT", 30 - 1),
        ("STARTED_FROM", 6 + 6),
        ("USED", 4),
        ("WARNED_ABOUT", 4),
    ];
    assert_eq!(truth(|_| ()).edge_counts(), counts(&expected));
}

#[test]
fn summary_and_entities() {
    let truth = truth(|_| ());
    assert_eq!(
        truth.summary.to_json(),
        json!({
            "sentence": "6 malicious URL(s) sent by 7 user(s) in 12 message(s), across 3 channel(s) and 4 chat(s)",
            "risky_urls": 6, "risky_senders": 7, "risky_messages": 12, "channels": 3, "chats": 4,
            "urls": 15, "messages": 26, "risky_urls_not_in_messages": 1, "hosts": 4,
            "openers": 7, "alerts": 2, "recipients": 1, "reporters": 0
        })
    );
    assert_eq!(
        truth.entities.users,
        [
            "Felix Adatum",
            "carla@contoso.com",
            "dario@contoso.com",
            "erin_fabrikam.com#EXT#@contoso.onmicrosoft.com",
            "ivan@contoso.com",
            "jo@contoso.com",
            "o'brien@contoso.com",
        ]
    );
    assert_eq!(
        truth.entities.hosts,
        [
            "PC-BRENT",
            "kiosk-7.contoso.com",
            "pc-adele.contoso.com",
            "srv-build.contoso.com"
        ]
    );
    assert_eq!(
        truth.entities.urls,
        [
            "http://203.0.113.66:8080/dl/invoice.exe",
            "https://evil-share.example/doc?id=7",
            "https://fabrikam-my.sharepoint.com/personal/x/Documents/Invoice%20(1).html",
            "https://ipfs-gateway.example/ipfs/bafy/index.html#victim@contoso.com",
            LURE,
            "https://login.microsoftonline.com@evil-userinfo.example/x",
            "https://opened-only.example/p",
        ]
    );
}

/// `host name or user -> what: count` of a counted edge.
fn counted(truth: &Truth, kind: &'static str, label: &str) -> Vec<(String, String, u64)> {
    let name = |id: &str| {
        let node = &truth.nodes[&(if label == "Host" { "Host" } else { "User" }, id.to_owned())];
        let shown = node
            .get("upn")
            .or_else(|| node.get("name"))
            .and_then(|v| v.as_str());
        shown
            .unwrap_or(id)
            .split(['@', '.', '_', '"'])
            .next()
            .unwrap()
            .to_owned()
    };
    let tail = |key: &(&str, String)| match key.0 {
        "Host" => truth.nodes[key]["name"]
            .as_str()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned(),
        _ => key
            .1
            .split("://")
            .nth(1)
            .unwrap()
            .split(['/', ':'])
            .next()
            .unwrap()
            .to_owned(),
    };
    let mut found: Vec<(String, String, u64)> = truth
        .of_kind(kind)
        .map(|(k, facts)| (name(&k.from.1), tail(&k.to), facts.count.unwrap()))
        .collect();
    found.sort();
    found
}

fn owned(rows: &[(&str, &str, u64)]) -> Vec<(String, String, u64)> {
    rows.iter()
        .map(|(a, b, n)| ((*a).to_owned(), (*b).to_owned(), *n))
        .collect()
}

#[test]
fn counts_on_edges() {
    let truth = truth(|_| ());
    let lure = "login.micros0ft-verify.example";
    // The address moved from laptop to kiosk at noon and belonged to kiosk and server from one to two.
    let connected = [
        ("PC-BRENT", "203.0.113.66", 1),
        ("kiosk-7", lure, 2),
        ("pc-adele", "evil-share.example", 2),
        ("pc-adele", "fabrikam-my.sharepoint.com", 1),
        ("pc-adele", lure, 3),
        ("srv-build", lure, 2),
    ];
    assert_eq!(counted(&truth, "CONNECTED_TO", "Host"), owned(&connected));
    let warned = [
        ("PC-BRENT", "203.0.113.66", 1),
        ("kiosk-7", "opened-only.example", 1),
        ("pc-adele", lure, 1),
        ("pc-adele", "warned-only.example", 1),
    ];
    assert_eq!(counted(&truth, "WARNED_ABOUT", "Host"), owned(&warned));
    let opened = [
        ("adele", lure, 2),
        ("adele", "warned-only.example", 1),
        ("brent", "203.0.113.66", 1),
        ("x", "opened-only.example", 1),
    ];
    assert_eq!(counted(&truth, "OPENED", "User"), owned(&opened));
    let clicked = [
        ("carla", lure, 2),
        ("erin", "ipfs-gateway.example", 2),
        ("hana", lure, 1),
        ("o'brien", lure, 1),
    ];
    assert_eq!(counted(&truth, "CLICKED", "User"), owned(&clicked));
    let used = [
        ("adele", "pc-adele", 5),
        ("brent", "PC-BRENT", 6),
        ("ivan", "pc-adele", 2),
        ("x", "kiosk-7", 1),
    ];
    assert_eq!(counted(&truth, "USED", "User"), owned(&used));
}

#[test]
fn how_connections_matched() {
    let truth = truth(|_| ());
    let mut found: Vec<(String, String)> = truth
        .of_kind("CONNECTED_TO")
        .map(|(k, f)| {
            let name = truth.nodes[&k.from]["name"].as_str().unwrap();
            let how = format!("{} {}", f.properties["match"], f.properties["sources"]);
            (format!("{name} {}", &k.to.1[..14]), how)
        })
        .collect();
    found.sort();
    let expected = [
        ("PC-BRENT http://203.0.1", r#""url" ["defender"]"#),
        ("kiosk-7.contoso.com https://login.", r#""host" ["proxy"]"#),
        (
            "pc-adele.contoso.com https://evil-s",
            r#""host" ["defender"]"#,
        ),
        ("pc-adele.contoso.com https://fabrik", r#""url" ["proxy"]"#),
        ("pc-adele.contoso.com https://login.", r#""url" ["proxy"]"#),
        (
            "srv-build.contoso.com https://login.",
            r#""host" ["defender","proxy"]"#,
        ),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn who_is_left_out_and_why() {
    let world = World::small();
    let truth = world.truth(&Query::of(&world));
    let id = |name: &str| {
        let user = world.users.iter().find(|u| u.name.as_deref() == Some(name));
        user.unwrap().id.clone()
    };
    assert_eq!(truth.gone_messages, 1);
    assert_eq!(truth.unresolved_users.len(), 1);
    assert!(truth.unreadable.contains(&id("Felix Adatum")) && truth.unreadable.len() == 1);
    assert_eq!(truth.waiting.len(), 1, "Jo, found in the second round");
    let readers = [
        "Dario Conti",
        "Carla Ruiz",
        "Maeve O'Brien",
        "Erin (Fabrikam)",
        "Ivan Petrov",
    ];
    assert_eq!(truth.chat_users, readers.iter().map(|n| id(n)).collect());
    let leadership = world.teams.iter().find(|t| t.name == "Leadership").unwrap();
    assert!(!truth.ids("Team").contains(&leadership.id));
}

#[test]
fn chats_of_nobody_and_of_everybody() {
    // Defender tells of a message in a chat that nobody reads.
    let none = truth(|q| q.chats_of = ChatsOf::None);
    assert_eq!(none.ids("Chat").len(), 1);
    assert_eq!(none.of_kind("PARTICIPATES_IN").count(), 0);
    assert_eq!(none.ids("Message").len(), 23 + 1);
    assert_eq!(
        none.summary.risky_urls, 5,
        "the one that only chats know is gone"
    );
    // Adele and Gita send in channels too: Adele's private chat is read, and through it Hana's.
    let all = truth(|q| q.chats_of = ChatsOf::All);
    assert_eq!(all.ids("Chat").len(), 5);
    let more = truth(|q| {
        q.chats_of = ChatsOf::All;
        q.rounds = 3;
    });
    assert_eq!(more.ids("Chat").len(), 6);
}

#[test]
fn a_chat_of_another_tenant_is_known_by_defender_alone() {
    let world = World::shared();
    let truth = world.truth(&Query::of(&world));
    let chat = world.chats.last().unwrap();
    let node = &truth.nodes[&("Chat", chat.id.clone())];
    assert_eq!(
        (&node["owned"], &node["external"]),
        (&json!(false), &json!(true))
    );
    let within = |edge: &str| edge.starts_with(&chat.id);
    let sent = truth.of_kind("SENT").filter(|(k, _)| within(&k.to.1));
    let received = truth.of_kind("RECEIVED").filter(|(k, _)| within(&k.to.1));
    let members = truth
        .of_kind("PARTICIPATES_IN")
        .filter(|(k, _)| within(&k.to.1));
    assert_eq!((sent.count(), received.count(), members.count()), (1, 1, 0));
}

#[test]
fn rounds_reach_so_far() {
    let one = truth(|q| q.rounds = 1);
    assert_eq!((one.ids("Chat").len(), one.waiting.len()), (3, 1));
    let three = truth(|q| q.rounds = 3);
    assert_eq!((three.ids("Chat").len(), three.waiting.len()), (5, 0));
}

#[test]
fn all_messages_of_the_channels() {
    // Finance 9, Payroll 4, R&D 9 with the lost one, Fabrikam joint 4; 7 in chats.
    let all = truth(|q| q.channels_all = true);
    assert_eq!(all.ids("Message").len(), 9 + 4 + 9 + 4 + 7);
}

#[test]
fn pivot_on_everything() {
    let all = truth(|q| q.pivot_on_all = true);
    // The harmless alert comes in, and the proxy's host matches for the lure's sibling.
    assert_eq!(all.ids("Alert").len(), 3);
    assert_eq!(all.summary.alerts, 2);
    assert_eq!(all.of_kind("CONNECTED_TO").count(), 6 + 3);
    assert_eq!(
        all.of_kind("CLICKED").count(),
        4 + 1,
        "Gita's click on the guide"
    );
}

#[test]
fn seeds_by_hand_and_absent_tables() {
    let world = World::small();
    let leadership = world
        .teams
        .iter()
        .find(|t| t.name == "Leadership")
        .unwrap()
        .id
        .to_uppercase();
    let by_team = truth(|q| q.teams = vec![leadership]);
    assert_eq!(by_team.summary.risky_urls, 7);
    let by_user = truth(|q| q.users = vec!["hana@contoso.com".into()]);
    assert_eq!(by_user.summary.risky_urls, 7);
    let nothing = truth(|q| {
        q.absent_tables = vec!["DeviceEvents", "UrlClickEvents", "MessageEvents"];
    });
    assert_eq!(nothing.node_counts(), counts(&[("Case", 1)]));
    let no_proxy = truth(|q| q.absent_tables = vec!["DeviceNetworkInfo"]);
    assert_eq!(no_proxy.of_kind("CONNECTED_TO").count(), 3);
}

#[test]
fn withheld_permissions() {
    let no_bodies = truth(|q| q.withheld = vec!["ChannelMessage.Read.All"]);
    // The listed messages stay, without roots and mostly without links. Three of them Defender knows, two by the lure,
    // with four urls. Their senders are Dario, Erin and Carla; Dario and, by the large chat, Ivan lead to all seven
    // messages in chats.
    assert_eq!(no_bodies.ids("Message").len(), 22 + 7);
    assert_eq!(no_bodies.gone_messages, 22);
    assert_eq!(no_bodies.of_kind("CONTAINS").count(), 4 + 7);
    // Everybody but the bot, whom the audit log calls Application.
    assert_eq!(no_bodies.of_kind("SENT").count(), 21 + 7);
    // And without Defender's word nothing leads anywhere.
    let alone = truth(|q| {
        q.withheld = vec!["ChannelMessage.Read.All"];
        q.absent_tables = vec!["MessageUrlInfo"];
    });
    let found = (alone.ids("Message").len(), alone.ids("Chat").len());
    assert_eq!((found, alone.of_kind("CONTAINS").count()), ((22, 0), 0));
    let no_chats = truth(|q| q.withheld = vec!["Chat.Read.All"]);
    assert_eq!(
        (no_chats.ids("Message").len(), no_chats.ids("Chat").len()),
        (23 + 1, 1)
    );
}

#[test]
fn providers_rate_alone() {
    let otx = truth(|q| q.providers = vec!["otx"]);
    // Four urls are the tenant's own, and withheld.
    assert_eq!(otx.ids("Verdict").len(), otx.ids("Url").len() - 4);
    let risky = ["http://203.0.113.66:8080/dl/invoice.exe", LURE];
    for url in risky {
        assert!(otx.entities.urls.iter().any(|u| u == url));
    }
    // userinfo and chat-only are known to X-Force alone.
    assert_eq!(otx.summary.risky_urls, 4);
    let nobody = truth(|q| q.providers = vec![]);
    assert_eq!(
        (nobody.summary.risky_urls, nobody.ids("Verdict").len()),
        (0, 0)
    );
    assert_eq!(nobody.nodes[&("Url", LURE.into())]["severity"], "unknown");
}

#[test]
fn hunts_follow_from_the_graph() {
    let truth = truth(|_| ());
    let rows = |name: &str| truth.hunt(name).unwrap();
    assert_eq!(rows("summary")[0]["senders"], 7);
    assert_eq!(rows("risky-messages").len(), 12);
    assert_eq!(rows("risky-users").len(), 7);
    assert_eq!(rows("channels-with-risky-messages").len(), 3);
    assert_eq!(rows("message-timeline").len(), 29);
    assert_eq!(rows("alert-timeline").len(), 3);
    assert_eq!(rows("hosts-that-accessed").len(), 4 + 6);
    assert_eq!(rows("suspicious-urls").len(), 7);
    assert_eq!(rows("entities").len(), 7 + 4 + 7);
    assert!(truth.hunt("patient-zero").is_none());
    let dario = json!({
        "sender": "dario@contoso.com", "url": LURE, "severity": "high",
        "places": ["Chat: oneOnOne", "Finance / General"], "messages": 2
    });
    assert!(rows("malicious-urls-by-sender").contains(&dario));
    let crowd = rows("risky-messages");
    assert!(
        crowd
            .iter()
            .any(|r| r["place"] == "Chat: All hands, \"Q4\" planning")
    );
}

//! What an analyst names by hand, and what the configuration says is known to be missing.

use serde_json::Value;
use tenant_sim::world::facts::{Message, Place};
use tenant_sim::{Action, Fault, Options, Service, World};

use crate::run::graph::{Edge, GraphFile, Node};
use crate::run::{Lab, gaps};

fn lab() -> Lab {
    Lab::new(World::small(), Options::default())
}

#[test]
fn a_url_that_nothing_knows_is_said_to_be_so() {
    let lab = lab();
    let arguments = [
        "--url",
        "hxxps://nobody-saw[.]example/x",
        "--url",
        "https://news.adatum.example/today",
    ];
    let result = lab.loaded(&lab.case("case"), &arguments, 0);
    let notes = gaps(&result, "notes");
    let unknown: Vec<&String> = notes
        .iter()
        .filter(|note| note.contains("named by hand"))
        .collect();
    assert_eq!(
        unknown,
        [
            "alerts log_analytics 1: hxxps://nobody-saw[.]example/x, which was named by hand, stands nowhere in what was read: in no message, click, warning, connection or alert, and no provider knows it"
        ]
    );
}

#[test]
fn what_cannot_be_meant_is_refused_before_the_first_request() {
    let lab = lab();
    for (arguments, complaint) in [
        (
            vec!["--malicious", "mailto:a@b.example"],
            "error: --malicious `mailto:a@b.example` is not a web url",
        ),
        (
            vec!["--benign", "two words"],
            "error: --benign `two words` is neither a web url nor a host",
        ),
        (
            vec![
                "--malicious",
                "https://evil.example/a",
                "--benign",
                "evil.example",
            ],
            "error: --malicious and --benign both name `https://evil.example/a`; leave one of them out",
        ),
    ] {
        let ran = lab.load(&lab.case("case"), &arguments);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert_eq!(ran.complaint(), complaint);
    }
    assert!(lab.tenant.requests().is_empty());
}

/// A lab without two tables, where the configuration accepts these absences.
fn without_tables(accepted: &str) -> Lab {
    let options = Options {
        absent_tables: vec!["DeviceEvents", "SecurityAlert"],
        ..Options::default()
    };
    Lab::with(
        World::small(),
        options,
        &format!("\n[gaps]\naccepted = {accepted}\n"),
    )
}

#[test]
fn an_accepted_absence_is_a_note() {
    let is_absence = |gap: &&String| gap.contains("table absent");
    for (accepted, code, left) in [
        (r#"["DeviceEvents"]"#, 3, 1),
        (r#"["deviceevents", "SecurityAlert"]"#, 0, 0),
        (r#"["log_analytics"]"#, 0, 0),
        (r#"["graph", "ThreatIntelIndicators"]"#, 3, 2),
    ] {
        let lab = without_tables(accepted);
        let result: Value = lab.loaded(&lab.case("case"), &[], code);
        let (gaps, notes) = (gaps(&result, "gaps"), gaps(&result, "notes"));
        assert_eq!(gaps.len(), left, "{accepted}: {gaps:#?}");
        let notes: Vec<&String> = notes.iter().filter(is_absence).collect();
        assert_eq!(notes.len(), 2 - left, "{accepted}: {notes:#?}");
        assert!(
            notes
                .iter()
                .all(|note| note.ends_with("; [gaps] accepted names it")),
            "{notes:#?}"
        );
    }
}

#[test]
fn a_provider_that_may_not_be_asked_can_be_accepted() {
    for (status, accepted, code) in [
        (403, "otx", 0),
        (402, "otx", 0),
        (403, "xforce", 3),
        // A key that the provider does not take is not the absence of a licence or a permission.
        (401, "otx", 3),
        (503, "otx", 3),
    ] {
        let extra = format!("\n[gaps]\naccepted = [\"{accepted}\"]\n");
        let lab = Lab::with(World::small(), Options::default(), &extra);
        lab.tenant
            .script([Fault::on(Service::Otx, "", Action::status(status)).always()]);
        let result = lab.loaded(&lab.case("case"), &[], code);
        let of_otx = |list: &str| {
            let found = gaps(&result, list);
            found.iter().filter(|gap| gap.contains(" otx ")).count()
        };
        let (in_gaps, in_notes) = (of_otx("gaps"), of_otx("notes"));
        assert_eq!(in_gaps == 0, code == 0, "{status} {accepted}: {result:#}");
        assert_eq!(in_notes == 0, code != 0, "{status} {accepted}: {result:#}");
    }
}

#[test]
fn the_absence_of_indicators_is_accepted_by_the_name_of_either_table() {
    for accepted in ["ThreatIntelIndicators", "ThreatIntelligenceIndicator"] {
        let options = Options {
            absent_tables: vec!["ThreatIntelIndicators", "ThreatIntelligenceIndicator"],
            ..Options::default()
        };
        let extra = format!("\n[gaps]\naccepted = [\"{accepted}\"]\n");
        let lab = Lab::with(World::small(), options, &extra);
        lab.edit_config(|text| text.replace("\"xforce\"]", "\"xforce\", \"sentinel\"]"));
        let result = lab.loaded(&lab.case("case"), &[], 0);
        let notes = gaps(&result, "notes");
        let absence = "table absent: ThreatIntelIndicators and ThreatIntelligenceIndicator";
        assert!(
            notes.iter().any(|note| note.contains(absence)),
            "{notes:#?}"
        );
    }
}

#[test]
fn what_is_broken_cannot_be_accepted() {
    let lab = Lab::with(
        World::small(),
        Options::default(),
        "\n[gaps]\naccepted = [\"log_analytics\", \"graph\", \"otx\"]\n",
    );
    lab.tenant.script([
        Fault::on(Service::LogAnalytics, "SecurityAlert", Action::status(400)).always(),
        Fault::on(Service::Graph, "/joinedTeams", Action::status(400)).always(),
    ]);
    let result = lab.loaded(&lab.case("case"), &[], 3);
    assert_eq!(gaps(&result, "gaps").len(), 2, "{result:#}");
}

#[test]
fn a_name_that_nobody_knows_is_refused() {
    let lab = without_tables(r#"["DeviceEvent", "nothing"]"#);
    let ran = lab.load(&lab.case("case"), &[]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.stderr.contains("holds `DeviceEvent`, which is neither a table that linktrail reads nor a source; did you mean `DeviceEvents`?"), "{ran:#?}");
    assert!(ran.stderr.contains("holds `nothing`"), "{ran:#?}");
}

/// The link that Teams copies for a message.
fn link_to(world: &World, message: &Message) -> String {
    let thread = |id: &str| id.replace(':', "%3A").replace('@', "%40");
    match message.place {
        Place::Channel(channel) => {
            let channel = &world.channels[channel];
            let team = &world.teams[channel.team].id;
            let root = message
                .root
                .map_or(&message.id, |root| &world.messages[root].id);
            format!(
                "https://teams.microsoft.com/l/message/{}/{}?tenantId={}&groupId={team}&parentMessageId={root}&createdTime={}",
                thread(&channel.id),
                message.id,
                world.tenant_id,
                message.id
            )
        }
        Place::Chat(chat) => format!(
            "https://teams.microsoft.com/l/message/{}/{}?context=%7B%22contextType%22%3A%22chat%22%7D",
            thread(&world.chats[chat].id),
            message.id
        ),
    }
}

/// The messages of the small world that hold a link, were sent by somebody and can be read.
fn readable(world: &World, wanted: impl Fn(&Message) -> bool) -> Message {
    let is_readable = |message: &&Message| {
        !message.gone
            && !message.links.is_empty()
            && message.sender.is_some()
            && message.deleted.is_none()
    };
    let mut messages = world.messages.iter().filter(is_readable);
    messages
        .find(|message| wanted(message))
        .expect("such a message")
        .clone()
}

#[test]
fn a_message_named_by_its_link_is_read_whatever_the_logs_say() {
    let world = World::small();
    let messages = [
        readable(&world, |message| {
            matches!(message.place, Place::Channel(_)) && message.root.is_none()
        }),
        readable(&world, |message| {
            matches!(message.place, Place::Channel(_)) && message.root.is_some()
        }),
        readable(&world, |message| matches!(message.place, Place::Chat(_))),
    ];
    for message in messages {
        // No log lists anything, so that all comes from the message.
        let options = Options {
            absent_tables: vec![
                "OfficeActivity",
                "DeviceEvents",
                "UrlClickEvents",
                "MessageEvents",
            ],
            ..Options::default()
        };
        let lab = Lab::new(World::small(), options);
        let case = lab.case("case");
        let link = link_to(lab.tenant.world(), &message);
        let result = lab.loaded(&case, &["--message", &link, "--chats-of", "none"], 3);
        assert!(
            gaps(&result, "gaps")
                .iter()
                .all(|gap| gap.contains("table absent")),
            "{result:#}"
        );
        let graph = GraphFile::read(&case);
        let thread = match message.place {
            Place::Channel(channel) => &world.channels[channel].id,
            Place::Chat(chat) => &world.chats[chat].id,
        };
        let id = format!("{thread}/{}", message.id);
        let edges = |kind: &str, of: fn(&Edge) -> &Node| {
            let edges = graph
                .edges
                .keys()
                .filter(|edge| edge.0 == kind && of(edge).1 == id);
            edges.count()
        };
        assert_eq!(edges("STARTED_FROM", |edge| &edge.2), 1);
        assert_eq!(edges("SENT", |edge| &edge.2), 1);
        assert_eq!(edges("POSTED_IN", |edge| &edge.1), 1);
        assert_eq!(edges("CONTAINS", |edge| &edge.1), message.links.len());
        assert_eq!(
            edges("REPLY_TO", |edge| &edge.1),
            usize::from(message.root.is_some())
        );
        if let Place::Chat(chat) = message.place {
            let members = graph
                .edges
                .keys()
                .filter(|edge| edge.0 == "PARTICIPATES_IN")
                .count();
            assert_eq!(members, world.chats[chat].members.len());
        }
        // It leads to its record, or says that it was named by hand.
        let evidence = ["evidence", &id, "--case", case.to_str().unwrap()];
        let shown = crate::run::run(lab.binary().args(evidence));
        assert_eq!(shown.code, Some(0), "{shown:#?}");
        assert!(shown.stdout.contains(&message.id), "{shown:#?}");
    }
}

#[test]
fn a_message_that_is_named_twice_is_the_same_and_changes_nothing_else() {
    let world = World::small();
    let listed = readable(&world, |message| matches!(message.place, Place::Channel(_)));
    let lab = lab();
    let (plain, named) = (lab.case("plain"), lab.case("named"));
    lab.loaded(&plain, &[], 0);
    let link = link_to(lab.tenant.world(), &listed);
    let Place::Channel(channel) = listed.place else {
        unreachable!("a message of a channel")
    };
    let channel = &world.channels[channel];
    let id = format!("{}/{}", channel.id, listed.id);
    let team = &world.teams[channel.team].id;
    lab.loaded(
        &named,
        &["--message", &link, "--message", &id, "--team", team],
        0,
    );
    let (plain, named) = (GraphFile::read(&plain), GraphFile::read(&named));
    let nodes = |graph: &GraphFile| {
        let nodes = graph
            .nodes
            .keys()
            .filter(|node| !matches!(node.0.as_str(), "Case" | "Verdict"));
        nodes.cloned().collect::<std::collections::BTreeSet<_>>()
    };
    assert!(nodes(&plain).is_subset(&nodes(&named)));
    let ours = ("Message".to_owned(), id);
    let facts = |graph: &GraphFile| {
        let mut facts = graph.nodes[&ours].clone();
        facts.retain(|name, _| {
            !matches!(
                name.as_str(),
                "evidence" | "evidence_count" | "cases" | "risky_in"
            )
        });
        facts
    };
    assert_eq!(facts(&plain), facts(&named));
}

#[test]
fn a_message_that_is_not_there_is_a_gap() {
    let lab = lab();
    let chat = &lab.tenant.world().chats[0].id.clone();
    let result = lab.loaded(
        &lab.case("case"),
        &["--message", &format!("{chat}/1600000000000")],
        3,
    );
    assert_eq!(
        gaps(&result, "gaps"),
        [
            "seeds graph 1: messages: not found, although named with --message; check the link, or whether the message was deleted"
        ]
    );
    for (message, complaint) in [
        (
            "https://evil.example/l/message/19%3Ax%40thread.v2/1",
            "neither a link to a Teams message nor THREAD/ID",
        ),
        ("19:x@thread.tacv2/1", "does not say of which team"),
    ] {
        let ran = lab.load(&lab.case("refused"), &["--message", message]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.complaint().contains(complaint), "{ran:#?}");
    }
}

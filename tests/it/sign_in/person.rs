//! Loads of a person who is signed in: Graph gives people their own lists and no exports, so nothing else is asked for, and
//! one gap says what that leaves out.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Map, Value};
use tenant_sim::{Holder, Options, Tenant, World};

use super::whole::{Setup, options};
use crate::defender::{both, hunting_only};
use crate::intel_load::replays_alike;
use crate::run::equal::{Ways, assert_equal};
use crate::run::graph::{GraphFile, Node};
use crate::run::{Lab, gaps, run};

/// A setup for one way to sign in as a person with these scopes.
fn signed_in(way: &str, world: World, scopes: &[&'static str]) -> Setup {
    let options = Options {
        scopes: scopes.to_vec(),
        ..options()
    };
    Setup::of(way, world, options, Holder::Person)
}

/// The one gap about Graph.
fn about_person(result: &Value) -> Vec<String> {
    let all = gaps(result, "gaps");
    let such = all
        .into_iter()
        .filter(|gap| gap.contains("signed in as a person"));
    such.collect()
}

/// The requests to Graph that are not for advanced hunting.
fn asked(tenant: &Tenant) -> Vec<String> {
    let all = tenant.requests_to(tenant_sim::Service::Graph);
    let such = all.iter().filter(|e| !e.target.contains("runHuntingQuery"));
    such.map(|e| format!("{} {}", e.target, e.body)).collect()
}

#[test]
fn a_person_without_rights_in_graph_has_what_the_logs_have() {
    for way in ["device-code", "azure-cli"] {
        let setup = signed_in(way, World::small(), &["ThreatHunting.Read.All"]);
        let ran = setup.load(&[]);
        assert_eq!(ran.code, Some(3), "{way}: {ran:#?}");
        let result = ran.json();
        assert_eq!(asked(&setup.lab.tenant), Vec::<String>::new(), "{way}");
        let said = about_person(&result);
        assert_eq!(said.len(), 1, "{way}: {result:#}");
        for part in [
            "joined teams of other people",
            "channels (needs Channel.ReadBasic.All)",
        ] {
            assert!(said[0].contains(part), "{part}: {said:?}");
        }
        assert_eq!(gaps(&result, "gaps"), said, "nothing else is missing");
        setup.lab.tenant.assert_clean();
    }
}

/// A load by advanced hunting alone, as a person with these scopes.
fn hunting_as_person(scopes: &[&'static str], code: i32) -> (Setup, Value, GraphFile) {
    let setup = signed_in("device-code", World::small(), scopes);
    hunting_of(setup, &[], code)
}

fn hunting_of(setup: Setup, arguments: &[&str], code: i32) -> (Setup, Value, GraphFile) {
    setup.lab.edit_config(hunting_only);
    let ran = setup.load(arguments);
    assert_eq!(ran.code, Some(code), "{ran:#?}");
    let graph = GraphFile::read(&setup.lab.case("case"));
    setup.lab.tenant.assert_clean();
    let result = ran.json();
    (setup, result, graph)
}

#[test]
fn device_code_alone_gives_what_hunting_gives_and_no_more_is_missing_than_the_gap_says() {
    let lab = Lab::new(World::small(), Options::default());
    lab.edit_config(hunting_only);
    lab.loaded(&lab.case("case"), &[], 0);
    let whole = GraphFile::read(&lab.case("case"));

    let (setup, result, graph) = hunting_as_person(&["ThreatHunting.Read.All"], 3);
    assert_eq!(asked(&setup.lab.tenant), Vec::<String>::new());
    let said = about_person(&result);
    assert_eq!(gaps(&result, "gaps"), said);

    // Whatever is there is there in the whole graph too, where users have the ids that the directory gives them.
    let case_of = |graph: &GraphFile| {
        let case = graph.nodes.keys().find(|(label, _)| label == "Case");
        case.map(|(_, id)| id.clone()).unwrap_or_default()
    };
    let cases = (case_of(&graph), case_of(&whole));
    let in_whole = |node: &Node| -> Node {
        if matches!(node.0.as_str(), "Case" | "Verdict") {
            return (node.0.clone(), node.1.replace(&cases.0, &cases.1));
        }
        let upn = node.1.strip_prefix("upn:");
        let is_it = |properties: &Map<String, Value>| {
            let known = properties.get("upn").and_then(Value::as_str);
            let known = known.unwrap_or_default().to_lowercase();
            // The directory writes the address of a guest in a way of its own.
            let guest = upn.map(|upn| format!("{}#ext#", upn.replace('@', "_")));
            Some(known.as_str()) == upn || guest.is_some_and(|guest| known.starts_with(&guest))
        };
        let mut users = whole.nodes.iter().filter(|((label, _), _)| label == "User");
        let known = upn.and_then(|_| users.find(|(_, properties)| is_it(properties)));
        // Of somebody from outside Graph's message has the id, and the log the UPN.
        let sender_in = |graph: &GraphFile, is: &dyn Fn(&Node, &Node) -> bool| {
            let mut edges = graph.edges.keys();
            let sent = edges.find(|(kind, from, to)| kind == "SENT" && is(from, to));
            sent.map(|(_, from, to)| (from.clone(), to.clone()))
        };
        let by_message = || {
            let (_, message) = sender_in(&graph, &|from, _| from == node)?;
            sender_in(&whole, &|_, to| *to == message).map(|(sender, _)| sender)
        };
        match known {
            Some((user, _)) => user.clone(),
            None if upn.is_some() => by_message().unwrap_or_else(|| node.clone()),
            None => node.clone(),
        }
    };
    for node in graph.nodes.keys() {
        assert!(whole.nodes.contains_key(&in_whole(node)), "{node:?}");
    }
    let edges: BTreeSet<(String, Node, Node)> = graph
        .edges
        .keys()
        .map(|(kind, from, to)| (kind.clone(), in_whole(from), in_whole(to)))
        .collect();
    for edge in &edges {
        assert!(whole.edges.contains_key(edge), "{edge:?}");
    }
    // What is missing is what messages, teams and chats of Graph show, and what else the logs say of a url that stands in
    // such a message alone: a connection, an alert, and who uses that host.
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, ..) in whole.edges.keys().filter(|edge| !edges.contains(*edge)) {
        *missing.entry(kind).or_default() += 1;
    }
    let expected = [
        ("CONNECTED_TO", 1),
        ("CONTAINS", 24),
        ("HAS_CHANNEL", 2),
        ("HAS_VERDICT", 12),
        ("MEMBER_OF", 5),
        ("MENTIONS", 1),
        ("ON_DOMAIN", 8),
        ("PARTICIPATES_IN", 37),
        ("POSTED_IN", 23),
        ("REPLY_TO", 1),
        ("SENT", 22),
        ("USED", 1),
    ];
    assert_eq!(missing, BTreeMap::from(expected), "{said:?}");

    replays_alike(&setup.lab, &setup.lab.case("case"), 3);
}

#[test]
fn a_person_has_the_messages_of_their_own_teams_one_by_one() {
    let scopes = [
        "ThreatHunting.Read.All",
        "User.ReadBasic.All",
        "Team.ReadBasic.All",
        "Channel.ReadBasic.All",
        "ChannelMessage.Read.All",
        "Chat.Read",
    ];
    let (setup, result, graph) = hunting_as_person(&scopes, 3);
    let asked = asked(&setup.lab.tenant);
    assert!(
        !asked
            .iter()
            .any(|request| request.contains("getAllMessages"))
    );
    assert!(asked.iter().any(|request| request.contains("/messages/")));
    assert_eq!(
        gaps(&result, "gaps"),
        [
            "messages graph 1: the audit log lists messages in the team Finance that were not read: asked for one by one, Graph answers 404, as it does for a reply whose first message nothing names, and only an application is given the list in which it would stand",
            "teams graph 7: signed in as a person, who cannot have these, so they were not asked for (chat messages of other people: 1; chats of other people: 3; joined teams of other people: 3); sign in as an application to have them",
        ]
    );
    assert!(graph.nodes.keys().any(|(label, _)| label == "Message"));
    replays_alike(&setup.lab, &setup.lab.case("case"), 3);
}

/// The messages that only Defender's log names are asked for where the person is, and nowhere else.
#[test]
fn of_what_defender_found_a_person_asks_for_their_own() {
    let scopes = [
        "ThreatHunting.Read.All",
        "User.ReadBasic.All",
        "Team.ReadBasic.All",
        "Channel.ReadBasic.All",
        "ChannelMessage.Read.All",
        "Chat.Read",
    ];
    let mona = "mona.weber@contoso.com";
    let options = Options {
        scopes: scopes.to_vec(),
        person: Some(mona.to_owned()),
        ..options()
    };
    let setup = Setup::of("device-code", World::outside(), options, Holder::Person);
    // Without rounds the list of her own chats is not read.
    let (setup, result, _) = hunting_of(setup, &["--rounds", "0"], 3);
    let world = setup.lab.tenant.world();
    let is_mona = |user: &usize| world.users[*user].upn == mona;
    let chats = world.chats.iter();
    let chats =
        chats.filter(|chat| chat.members.iter().any(is_mona) && chat.owner == world.tenant_id);
    let channels = world.channels.iter();
    let channels = channels.filter(|channel| world.teams[channel.team].name == "Facilities");
    let own = chats.map(|chat| &chat.id);
    let own: BTreeSet<&String> = own.chain(channels.map(|channel| &channel.id)).collect();
    let single = Regex::new("(?:chats|channels)/(19:[^/]+)/messages/[0-9]").unwrap();
    let asked = asked(&setup.lab.tenant).join("\n");
    let found = single.captures_iter(&asked);
    let threads: BTreeSet<String> = found.map(|found| found[1].to_owned()).collect();
    let kinds = threads
        .iter()
        .map(|thread| thread.ends_with("@thread.tacv2"));
    let kinds: BTreeSet<bool> = kinds.collect();
    assert_eq!(kinds.len(), 2, "in a channel and in a chat: {threads:?}");
    for thread in &threads {
        assert!(own.contains(thread), "{thread} is not hers: {own:?}");
    }
    let said = about_person(&result);
    assert_eq!(gaps(&result, "gaps"), said, "nothing else is missing");
    assert!(
        said[0].contains("channel messages of teams that they have not joined: "),
        "{said:?}"
    );
    replays_alike(&setup.lab, &setup.lab.case("case"), 3);
}

#[test]
fn a_case_of_a_person_is_completed_by_an_application() {
    let (setup, _, _) = hunting_as_person(&["ThreatHunting.Read.All"], 3);
    let case = setup.lab.case("case");
    let file = setup.lab.config();
    let world = setup.lab.tenant.world();
    let text = std::fs::read_to_string(&file).unwrap();
    let method = "method = \"device-code\"";
    assert!(text.contains(method));
    std::fs::write(&file, text.replace(method, "method = \"client-secret\"")).unwrap();
    let mut command = setup.lab.load_command(&case, &[]);
    command.env("LINKTRAIL_CLIENT_SECRET", &world.client_secret);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let completed = GraphFile::read(&case);

    let lab = Lab::new(World::small(), Options::default());
    lab.edit_config(hunting_only);
    lab.loaded(&lab.case("case"), &[], 0);
    assert_equal(&GraphFile::read(&lab.case("case")), &completed, Ways::Same);
    replays_alike(&setup.lab, &case, 0);
}

#[test]
fn hunting_that_a_person_may_not_use_is_left_out_where_a_workspace_is() {
    let setup = signed_in("azure-cli", World::small(), &["User.Read"]);
    setup.lab.edit_config(both);
    let ran = setup.load(&[]);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let result = ran.json();
    assert_eq!(result["requests"]["hunting"]["sent"], 0);
    let said = about_person(&result);
    let said_of_hunting = said.iter().find(|gap| gap.starts_with("seeds hunting 1: "));
    assert!(
        said_of_hunting
            .is_some_and(|gap| gap.contains("advanced hunting (needs ThreatHunting.Read.All): 1")),
        "{said:?}"
    );
    assert_eq!(gaps(&result, "gaps"), said);
}

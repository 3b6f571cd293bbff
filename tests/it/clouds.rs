//! Microsoft's clouds: tokens are for the services of the configured one, and what it does not serve is said.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenant_sim::world::facts::Place;
use tenant_sim::{Action, Cloud, Fault, Options, Query, Service, World};

use crate::run::graph::GraphFile;
use crate::run::{self, Lab, gaps};

fn lab(world: World, cloud: Cloud) -> Lab {
    let options = Options {
        cloud,
        ..Options::default()
    };
    Lab::new(world, options)
}

/// The small world with nothing in it that a cloud of the US government does not serve.
fn served_everywhere() -> World {
    let mut world = World::small();
    for channel in &mut world.channels {
        if channel.membership == "shared" {
            channel.membership = "standard";
        }
    }
    for chat in &mut world.chats {
        if chat.kind == "meeting" {
            chat.kind = "group";
        }
    }
    world
}

const UNSORTED: &str = "chats graph 1: Microsoft Graph does not sort the messages of a chat in this cloud; chats are read without $orderby and filtered here, which takes more requests and leaves nothing out";
const NO_MEETINGS: &str = "chats graph 1: Microsoft Graph does not serve the chats of meetings to applications in this cloud; of their messages only what the logs hold is known";
const NO_SHARED: &str = "messages graph 1: Microsoft Graph does not serve shared channels in this cloud; of their messages only what the logs hold is known";
/// What only a load of GCC notices.
const REFUSED: &str = "Microsoft Graph refuses to sort the messages of a chat, as it does for tenants of GCC; chats were read without $orderby and filtered here, which takes more requests and leaves nothing out";

/// Loads the world from this cloud, gets all that is true in it, and gives the result.
fn loads_all(world: World, cloud: Cloud) -> Value {
    let truth = world.truth(&Query::of(&world));
    let lab = lab(world, cloud);
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 0);
    let id = result["case"]["id"].as_str().expect("an id");
    let wrong = GraphFile::read(&case).differences(id, &truth);
    assert!(wrong.is_empty(), "{cloud:?}: {}", wrong.join("\n"));
    assert_eq!(result["summary"], truth.summary.to_json(), "{cloud:?}");
    // The tenant gives tokens for its own cloud alone, and every request must bear the right one.
    lab.tenant.assert_clean();
    let signed_in = lab.tenant.received(Service::Login);
    assert_eq!(result["requests"]["login"]["sent"], signed_in, "{cloud:?}");

    // A replay reads the same list of the same chats.
    let folder = lab.close();
    let mut replay = run::binary(folder.path());
    replay.args(run::REPLAY);
    let replayed = run::run(replay.arg(&case));
    assert_eq!(replayed.code, Some(0), "{replayed:#?}");
    assert_eq!(replayed.json()["notes"], result["notes"], "{cloud:?}");
    result
}

#[test]
fn each_cloud_is_signed_in_to_by_its_audiences_and_loads_the_same_graph() {
    for (cloud, said) in [
        (Cloud::Public, &[][..]),
        (Cloud::Usgov, &[NO_MEETINGS, UNSORTED, NO_SHARED]),
        (Cloud::UsgovDod, &[NO_MEETINGS, UNSORTED, NO_SHARED]),
    ] {
        let result = loads_all(served_everywhere(), cloud);
        let notes = gaps(&result, "notes");
        let of_cloud: Vec<&String> = notes
            .iter()
            .filter(|note| note.contains("Microsoft Graph"))
            .collect();
        assert_eq!(of_cloud, said, "{cloud:?}");
    }
}

/// A tenant of GCC is at the addresses of the worldwide cloud, so that only its refusals tell.
#[test]
fn chats_of_gcc_are_asked_for_again_without_an_order() {
    let result = loads_all(served_everywhere(), Cloud::Gcc);
    let notes = gaps(&result, "notes");
    let said = format!("chats graph 5: {REFUSED}");
    assert!(notes.contains(&said), "{notes:#?}");
}

#[test]
fn a_refused_order_is_on_record_and_asked_for_no_more() {
    let lab = lab(served_everywhere(), Cloud::Gcc);
    let case = lab.case("case");
    let first = lab.loaded(&case, &[], 0);
    lab.tenant.clear_requests();
    let again = lab.loaded(&case, &[], 0);
    assert_eq!(again["notes"], first["notes"]);
    assert!(lab.tenant.requests_to(Service::Graph).is_empty());
}

/// Any other refusal meets the second request too, and is the gap that it would have been.
#[test]
fn what_is_refused_with_and_without_an_order_is_a_gap() {
    let lab = lab(World::small(), Cloud::Public);
    let refused = Fault::on(Service::Graph, r"/chats/.*/messages\?", Action::status(400));
    lab.tenant.script([refused.always()]);
    let result = lab.loaded(&lab.case("case"), &[], 3);
    let found = gaps(&result, "gaps");
    assert!(
        found
            .iter()
            .any(|gap| gap.contains("chat messages") && gap.contains("HTTP 400")),
        "{found:#?}"
    );
}

#[test]
fn what_the_us_government_does_not_serve_is_not_asked_for_and_said() {
    let lab = lab(World::small(), Cloud::Usgov);
    let result = lab.loaded(&lab.case("case"), &[], 3);
    let notes = gaps(&result, "notes");
    let of_meetings = "chats graph 1: chats of meetings were not read: Microsoft Graph does not serve them to applications in this cloud";
    assert!(notes.iter().any(|note| note == of_meetings), "{notes:#?}");
    let found = gaps(&result, "gaps");
    // Which channels are shared only Graph could say, and it says nothing about those.
    assert!(
        found
            .iter()
            .all(|gap| gap.contains("Fabrikam joint") || gap.contains("channels: ")),
        "{found:#?}"
    );
    lab.tenant.assert_clean();
}

#[test]
fn without_chats_nothing_is_said_about_chats() {
    let lab = lab(served_everywhere(), Cloud::Usgov);
    let result = lab.loaded(&lab.case("case"), &["--chats-of", "none"], 0);
    let notes = gaps(&result, "notes");
    assert!(notes.iter().any(|note| note == NO_SHARED), "{notes:#?}");
    assert!(
        !notes.iter().any(|note| note.starts_with("chats")),
        "{notes:#?}"
    );
}

#[test]
fn what_a_cloud_lacks_is_said_before_the_load() {
    let lab = lab(served_everywhere(), Cloud::UsgovDod);
    let plan = lab.loaded(&lab.case("case"), &["--plan"], 0);
    let notes = gaps(&plan, "notes");
    for said in [UNSORTED, NO_MEETINGS, NO_SHARED] {
        assert!(notes.iter().any(|note| note == said), "{notes:#?}");
    }
}

/// A chat without an order comes newest first, so that what is older than the window is not read to its end.
#[test]
fn an_unsorted_chat_is_read_as_far_as_the_window_goes() {
    let mut world = served_everywhere();
    let from = world.from();
    let in_chat = |place| matches!(place, Place::Chat(_));
    let old = world.messages.iter();
    let old = old
        .clone()
        .find(|message| in_chat(message.place) && message.created < from);
    let old = old.expect("an old message of a chat").clone();
    for n in 1..=20 {
        let mut older = old.clone();
        older.id = format!("14{n:011}");
        older.created = old.created - TimeDelta::days(n);
        older.modified = older.created;
        world.messages.push(older);
    }
    let id = world.place_id(old.place).to_owned();
    let held = world
        .messages
        .iter()
        .filter(|message| message.place == old.place);
    let held = held.count();
    let options = Options {
        cloud: Cloud::Usgov,
        page_limit: Some(2),
        ragged_pages: false,
        ..Options::default()
    };
    let whole = world.truth(&Query::of(&world)).summary.to_json();
    let lab = Lab::new(world, options);
    let result = lab.loaded(&lab.case("case"), &[], 0);
    assert_eq!(result["summary"], whole);
    let requests = lab.tenant.requests_to(Service::Graph);
    let pages = requests.iter().filter(|request| {
        let target = tenant_sim::decode(&request.target, false).expect("UTF-8");
        target.contains(&format!("/chats/{id}/messages?"))
    });
    let pages = pages.count();
    assert!(
        pages >= 2 && pages * 2 < held,
        "{pages} pages of {held} messages"
    );
}

#[test]
fn china_is_refused_once_and_before_anything_is_asked() {
    let lab = lab(World::small(), Cloud::Public);
    lab.edit_config(|config| {
        config
            .replacen("cloud = \"public\"", "cloud = \"china\"", 1)
            .replacen("internal_domains", "# ", 1)
            .replacen("workspace_id", "# ", 1)
    });
    let case = lab.case("case");
    for arguments in [&[][..], &["--plan"]] {
        let ran = lab.load(&case, arguments);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert_eq!(
            ran.complaint(),
            "error: [tenant] cloud is `china`, and Microsoft Graph has no Teams API there, so there is nothing to load; a case that exists is still read with load --replay"
        );
    }
    assert!(lab.tenant.requests().is_empty() && !case.exists());
}

#[test]
fn a_replay_does_not_mind_the_cloud() {
    let lab = lab(World::small(), Cloud::Public);
    let case = lab.case("case");
    let loaded = lab.loaded(&case, &[], 0);
    lab.edit_config(|config| config.replacen("cloud = \"public\"", "cloud = \"china\"", 1));
    let replayed = lab.loaded(&case, &["--replay"], 0);
    assert_eq!(replayed["summary"], loaded["summary"]);
    assert_eq!(loaded["gaps"], json!([]));
}

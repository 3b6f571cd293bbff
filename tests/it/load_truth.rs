//! What a load gives equals the ground truth of the world it was loaded from, to the last node, edge and count.

mod outside;

use std::collections::{BTreeMap, BTreeSet};

use crate::run::graph::GraphFile;
use crate::run::{self, Lab};
use serde_json::{Value, json};
use tenant_sim::decode;
use tenant_sim::{ChatsOf, Options, Query, Service, Tenant, World};

/// Loads a world with these switches and compares everything with the truth of that query. Returns the result.
fn check(
    world: World,
    options: Options,
    switches: &[&str],
    shape: impl FnOnce(&mut Query),
) -> Value {
    let mut query = Query::of(&world);
    query.absent_tables.clone_from(&options.absent_tables);
    shape(&mut query);
    let truth = world.truth(&query);
    let gaps = !world.absent_tables.is_empty() || !query.absent_tables.is_empty();
    let lab = Lab::new(world, options);
    let case = lab.case("case");
    let result = lab.loaded(&case, switches, if gaps { 3 } else { 0 });

    let id = result["case"]["id"].as_str().unwrap();
    let graph = GraphFile::read(&case);
    let wrong = graph.differences(id, &truth);
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(result["summary"], truth.summary.to_json());
    let entities = json!({
        "users": truth.entities.users, "hosts": truth.entities.hosts, "urls": truth.entities.urls,
        "openers": truth.entities.openers,
    });
    assert_eq!(result["entities"], entities);
    let counts = |value: &Value| -> BTreeMap<String, u64> {
        let mut counts: BTreeMap<String, u64> = serde_json::from_value(value.clone()).unwrap();
        counts.retain(|_, count| *count > 0);
        counts
    };
    assert_eq!(counts(&result["nodes"]), truth.node_counts());
    assert_eq!(counts(&result["edges"]), truth.edge_counts());
    assert_eq!(run::gaps(&result, "gaps").is_empty(), !gaps);
    let notes = run::gaps(&result, "notes");
    let gone = format!(
        "messages graph {}: the audit log lists",
        truth.gone_messages
    );
    assert_eq!(
        notes.iter().any(|note| note.starts_with(&gone)),
        truth.gone_messages > 0,
        "{notes:#?}"
    );

    lab.tenant.assert_clean();
    nothing_private_left(&lab.tenant);
    every_url_was_asked_once(&lab.tenant);
    requests_are_counted(&lab.tenant, &result);
    result
}

/// No internal url, private address, userinfo, or address in a query was told to a provider.
fn nothing_private_left(tenant: &Tenant) {
    let world = tenant.world();
    for service in [Service::Otx, Service::XForce] {
        let requests = tenant.requests_to(service);
        assert!(!requests.is_empty(), "{service} was asked nothing");
        for request in requests {
            let told = decode(&request.target, false).unwrap();
            let (_, told) = told.split_once("url/").unwrap();
            let told = told.strip_suffix("/general").unwrap_or(told);
            let url = url::Url::parse(told).unwrap_or_else(|error| panic!("{told}: {error}"));
            assert_eq!((url.username(), url.password()), ("", None), "{told}");
            let tail = format!(
                "{}#{}",
                url.query().unwrap_or_default(),
                url.fragment().unwrap_or_default()
            );
            let tail = decode(&tail, true).unwrap();
            assert!(!tail.contains('@'), "{told}");
            let host = url.host_str().unwrap();
            assert!(host.contains(['.', ':']), "{told} is a single label");
            for internal in &world.internal_domains {
                let under = host == internal || host.ends_with(&format!(".{internal}"));
                assert!(!under, "{told} is internal");
            }
            let internal = world
                .links
                .iter()
                .find(|link| link.internal && link.url == told);
            assert!(internal.is_none(), "{told} is internal");
            for private in ["10.", "192.168.", "127.", "172.16.", "169.254."] {
                assert!(!host.starts_with(private), "{told} is private");
            }
        }
    }
}

fn every_url_was_asked_once(tenant: &Tenant) {
    for service in [Service::Otx, Service::XForce] {
        let mut asked = BTreeSet::new();
        for request in tenant.requests_to(service) {
            assert!(
                asked.insert(request.target.clone()),
                "twice: {}",
                request.target
            );
        }
    }
}

/// `requests` of the result tells what the tenant saw.
fn requests_are_counted(tenant: &Tenant, result: &Value) {
    for service in Service::ALL {
        let seen = tenant
            .requests_to(service)
            .iter()
            .filter(|exchange| !exchange.in_batch)
            .count();
        let told = &result["requests"][service.name()];
        // A service that nobody asked is not named.
        let sent = told["sent"].as_u64().unwrap_or_default();
        assert_eq!(json!(sent), json!(seen), "{service}: {told}");
    }
}

#[test]
fn the_small_world() {
    check(World::small(), Options::default(), &[], |_| {});
}

#[test]
fn shared_channels_and_chats_of_another_tenant() {
    check(World::shared(), Options::default(), &[], |_| {});
    // What is another tenant's is named and not asked for.
    let lab = Lab::new(World::shared(), Options::default());
    let result = lab.loaded(&lab.case("case"), &[], 0);
    let notes = run::gaps(&result, "notes");
    for start in [
        "teams graph 1: teams of another tenant",
        "chats graph 1: chats that another tenant",
    ] {
        assert!(
            notes.iter().any(|note| note.starts_with(start)),
            "{notes:#?}"
        );
    }
    let world = lab.tenant.world();
    let chat = world
        .chats
        .iter()
        .find(|chat| chat.owner != world.tenant_id);
    let foreign = world.users.iter().flat_map(|user| &user.foreign_teams);
    for id in foreign.chain(chat.map(|chat| &chat.id)) {
        let requests = lab.tenant.requests_to(Service::Graph);
        let asked = requests
            .iter()
            .filter(|asked| decode(&asked.target, false).unwrap().contains(id));
        assert_eq!(asked.count(), 0, "{id}");
    }
}

#[test]
fn the_demo_world() {
    check(World::demo(), Options::default(), &[], |_| {});
}

#[test]
fn a_world_of_a_thousand_messages() {
    check(World::scaled(1_000, 11), Options::default(), &[], |_| {});
}

#[test]
fn nobodys_chats() {
    check(
        World::small(),
        Options::default(),
        &["--chats-of", "none"],
        |query| query.chats_of = ChatsOf::None,
    );
}

#[test]
fn everybodys_chats_and_every_url() {
    check(
        World::small(),
        Options::default(),
        &["--chats-of", "all", "--pivot-on", "all"],
        |query| {
            query.chats_of = ChatsOf::All;
            query.pivot_on_all = true;
        },
    );
}

#[test]
fn one_round_and_every_message() {
    check(
        World::small(),
        Options::default(),
        &["--rounds", "1", "--channels", "all"],
        |query| {
            query.rounds = 1;
            query.channels_all = true;
        },
    );
}

#[test]
fn a_scaled_world_with_every_switch() {
    check(
        World::scaled(300, 5),
        Options::default(),
        &[
            "--chats-of",
            "all",
            "--pivot-on",
            "all",
            "--rounds",
            "3",
            "--channels",
            "all",
        ],
        |query| {
            query.chats_of = ChatsOf::All;
            query.pivot_on_all = true;
            query.rounds = 3;
            query.channels_all = true;
        },
    );
}

#[test]
fn users_urls_and_teams_by_hand() {
    let world = World::small();
    let user = world
        .users
        .iter()
        .find(|u| u.upn.starts_with("hana@"))
        .unwrap()
        .clone();
    let team = world
        .teams
        .iter()
        .find(|t| t.name == "Leadership")
        .unwrap()
        .id
        .clone();
    let url = world
        .links
        .iter()
        .find(|l| l.host == "late.example")
        .unwrap()
        .url
        .clone();
    check(
        world,
        Options::default(),
        &["--user", &user.upn, "--team", &team, "--url", &url],
        |query| {
            query.users = vec![user.upn.clone()];
            query.teams = vec![team.clone()];
            query.urls = vec![url.clone()];
        },
    );
}

#[test]
fn small_pages_numbers_for_bools_and_cut_results() {
    let options = Options {
        page_limit: Some(3),
        numeric_bools: true,
        max_rows: Some(7),
        expanded_replies: 1,
        ..Options::default()
    };
    check(World::small(), options, &[], |_| {});
}

#[test]
fn tables_that_were_never_ingested() {
    let options = Options {
        absent_tables: vec!["DeviceEvents", "SecurityAlert"],
        ..Options::default()
    };
    check(World::small(), options, &[], |_| {});
}

/// The url of the small world on this host with this path.
fn small_url(host: &str, path: &str) -> String {
    let url = format!("https://{host}{path}");
    let known = World::small().links.iter().any(|link| link.url == url);
    assert!(known, "{url}");
    url
}

const BAD: &str = "login.micros0ft-verify.example";

#[test]
fn a_url_named_by_hand_is_followed_whatever_its_rating() {
    // Nobody rates it, but hosts went to where it is.
    let url = small_url(BAD, "/mfa");
    check(
        World::small(),
        Options::default(),
        &["--url", &url],
        |query| {
            query.urls = vec![url.clone()];
        },
    );
}

#[test]
fn a_url_named_malicious_is_risky_and_followed() {
    let url = small_url("news.adatum.example", "/today");
    check(
        World::small(),
        Options::default(),
        &["--malicious", &url],
        |query| {
            query.malicious = vec![url.clone()];
        },
    );
}

#[test]
fn what_is_named_benign_is_not_risky_whatever_providers_say() {
    let url = small_url(BAD, "/oauth?client=1&state=a");
    for named in [url.as_str(), BAD] {
        check(
            World::small(),
            Options::default(),
            &["--benign", named],
            |query| {
                query.benign = vec![named.to_owned()];
            },
        );
    }
}

/// With Safe Links the url that Teams opened is a wrapper, of any region, and sometimes one around another.
#[test]
fn warnings_about_links_that_teams_opened_behind_safe_links() {
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let outlook = |region: &str, target: &str| {
        format!(
            "https://{region}.safelinks.protection.outlook.com/?url={}&data=05%7C02%7C&reserved=0",
            encoded(target)
        )
    };
    let teams = |target: &str| {
        let page =
            "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html";
        format!(
            "{page}?url={}&locale=en-us&dest=https%3A%2F%2Fteams.microsoft.com",
            encoded(target)
        )
    };
    let wraps: [&dyn Fn(&str) -> String; 5] = [
        &|url| outlook("nam12", url),
        &|url| outlook("gcc02", url),
        &|url| outlook("eur01", &encoded(url)),
        &|url| teams(url),
        &|url| teams(&outlook("apc01", url)),
    ];
    for first in 0..wraps.len() {
        let mut world = World::small();
        let mut wrapped = 0;
        for row in &mut world.tables.device_events {
            if row.action == "BrowserLaunchedToOpenUrl" && row.url.starts_with("http") {
                row.url = wraps[(first + wrapped) % wraps.len()](&row.url);
                wrapped += 1;
            }
        }
        assert!(wrapped > wraps.len());
        check(world, Options::default(), &[], |_| {});
    }
}

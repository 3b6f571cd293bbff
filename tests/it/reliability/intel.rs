use super::{Row, rows};
use std::time::Duration;
use tenant_sim::{Action, Fault, Service};

const DOWN: &str = "status 503: the service or a gateway before it is in trouble";

/// How long to go on with a provider that does not answer.
fn patience(config: String, time: &str) -> String {
    config.replace("patience = \"5s\"", &format!("patience = \"{time}\""))
}

fn impatient(config: String) -> String {
    patience(config, "2s")
}

fn patient(config: String) -> String {
    patience(config, "1m")
}

/// The address of a provider with this instead of its path, or another one.
fn at(config: String, provider: &str, address: impl Fn(&str) -> String) -> String {
    let mut lines: Vec<String> = config.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some(url) = line.strip_prefix(&format!("{provider} = ")) {
            *line = format!("{provider} = \"{}\"", address(url.trim_matches('"')));
        }
    }
    lines.join("\n")
}

fn otx_elsewhere(config: String) -> String {
    at(impatient(config), "otx", |url| format!("{url}/api/v1"))
}

fn both_elsewhere(config: String) -> String {
    at(otx_elsewhere(config), "xforce", |url| format!("{url}/v2"))
}

fn otx_refuses_connections(config: String) -> String {
    at(impatient(config), "otx", |_| {
        "https://127.0.0.1:1".to_owned()
    })
}

fn local_only(config: String) -> String {
    config.replace("[\"defender\", \"otx\", \"xforce\"]", "[\"sentinel\"]")
}

fn quota(config: String) -> String {
    config.replace(
        "[\"defender\", \"otx\", \"xforce\"]",
        "[\"defender\", \"otx\", \"xforce\"]\nlimits = [\"otx 10/day\"]",
    )
}

fn otx(action: Action) -> Fault {
    Fault::on(Service::Otx, "GET", action).always()
}

fn not_found(body: &str) -> Action {
    Action::page(404, "application/json", body)
}

rows! {
    a_server_error_once: Row::new("A provider fails once (503).")
        .script(|_| vec![Fault::on(Service::Otx, "GET", Action::status(503))]);
    a_wrong_address: Row::new("The address of OTX is wrong: every answer is 404, as of a path that it does not have.")
        .config(otx_elsewhere)
        .gap("intel", "otx", "OTX gave no answer for 2 s (status 404: other JSON than it sends, not what OTX says of a url that it does not know; is the address right, and does the service still run?); run the same command again when it answers", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (status 404: other JSON than it sends, not what OTX says of a url that it does not know; is the address right, and does the service still run?); run the same command again when it answers", 1);
    both_addresses_wrong: Row::new("The addresses of both providers are wrong. X-Force says of a path what it says of a url that it does not know, also of the one that it has to know.")
        .config(both_elsewhere)
        .gap("intel", "otx", "OTX gave no answer for 2 s (status 404: …", 12)
        .gap("intel", "xforce", "every answer is 404, and X-Force does not answer about a url that it has to know either; …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (status 404: …", 1)
        .gap("chats", "xforce", "every answer is 404, and X-Force does not answer about a url that it has to know either; …", 1);
    a_page_of_a_gateway: Row::new("A provider is retired: a gateway answers 404 with a page.")
        .script(|_| vec![otx(Action::page(404, "text/html", "<html>gone</html>"))])
        .config(impatient)
        .gap("intel", "otx", "OTX gave no answer for 2 s (status 404: a page instead of JSON, …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (status 404: a page instead of JSON, …", 1)
        .heals();
    an_empty_404: Row::new("A provider is retired: a gateway answers 404 with an empty body.")
        .script(|_| vec![otx(Action::page(404, "text/plain", ""))])
        .config(impatient)
        .gap("intel", "otx", "OTX gave no answer for 2 s (status 404: an empty body, …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (status 404: an empty body, …", 1)
        .heals();
    json_of_a_gateway: Row::new("A provider is retired: a gateway answers 404 with JSON of its own.")
        .script(|_| vec![otx(not_found("{\"message\":\"no Route matched\"}"))])
        .config(impatient)
        .gap("intel", "otx", "OTX gave no answer for 2 s (status 404: other JSON than it sends, …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (status 404: other JSON than it sends, …", 1)
        .heals();
    a_parked_page: Row::new("A provider is retired: a page with status 200 answers.")
        .script(|_| vec![otx(Action::Html)])
        .config(impatient)
        .gap("intel", "otx", "OTX gave no answer for 2 s (a page instead of JSON, …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (a page instead of JSON, …", 1)
        .heals();
    half_of_the_json: Row::new("A provider's answers are cut off.")
        .script(|_| vec![otx(Action::HalfJson)])
        .config(impatient)
        .gap("intel", "otx", "OTX gave no answer for 2 s (JSON that is cut off); …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (JSON that is cut off); …", 1)
        .heals();
    every_url_is_unknown_and_the_probe_too: Row::new("A provider says of every url that it does not know it, also of the one that it has to know.")
        .script(|_| vec![otx(not_found("{\"detail\":\"Not found.\"}"))])
        .gap("intel", "otx", "every answer is 404, and OTX does not answer about a url that it has to know either; is its address in [endpoints] right, and does it still run?", 12)
        .gap("chats", "otx", "every answer is 404, and OTX does not answer about a url that it has to know either; is its address in [endpoints] right, and does it still run?", 1)
        .heals();
    throttled_four_times: Row::new("A provider answers 429 with `Retry-After` four times in a row, and is well after that.")
        .script(|_| vec![Fault::on(Service::Otx, "GET", Action::retry_after(429, "1")).at(5).times(7)])
        .config(patient);
    asked_to_wait_too_long: Row::new("A provider asks to wait for an hour.")
        .script(|_| vec![otx(Action::retry_after(429, "3600"))])
        .gap("intel", "otx", "OTX asks to wait 1 hour, and [intel] patience ends before that; run the same command again later", 12)
        .gap("chats", "otx", "OTX asks to wait 1 hour, and [intel] patience ends before that; run the same command again later", 1)
        .heals();
    down_for_ever: Row::new("A provider is down (503) for as long as the patience lasts.")
        .script(|_| vec![otx(Action::status(503))])
        .config(impatient)
        .gap("intel", "otx", "OTX gave no answer for 2 s (status 503: the service or a gateway before it is in trouble); run the same command again when it answers", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (status 503: the service or a gateway before it is in trouble); run the same command again when it answers", 1)
        .heals();
    no_connection: Row::new("A provider refuses connections.")
        .config(otx_refuses_connections)
        .gap("intel", "otx", "OTX gave no answer for 2 s (no answer: cannot connect …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (no answer: cannot connect …", 1);
    no_response: Row::new("A provider takes requests and never answers.")
        .script(|_| vec![otx(Action::Hang)])
        .config(impatient)
        .gap("intel", "otx", "OTX gave no answer for 2 s (no answer: no answer in time …", 12)
        .gap("chats", "otx", "OTX gave no answer for 2 s (no answer: no answer in time …", 1)
        .heals();
    one_url_fails: Row::new("A provider fails for a single url (504), whenever it is asked.")
        // The others take their time, so that some of them are answered after its first failure.
        .script(|_| vec![
            Fault::on(Service::Otx, "github.com", Action::status(504)).always(),
            otx(Action::Delay(Duration::from_millis(300))),
        ])
        .config(patient)
        .gap("intel", "otx", "status 504: the service or a gateway before it is in trouble", 1)
        .heals();
    unauthorized: Row::new("A provider does not know the key (401).")
        .script(|_| vec![otx(Action::status(401))])
        .gap("intel", "otx", "status 401: OTX does not know the key; set LINKTRAIL_OTX_KEY", 12)
        .gap("chats", "otx", "status 401: OTX does not know the key; set LINKTRAIL_OTX_KEY", 1)
        .sends("otx", 1..=4)
        .heals();
    unpaid: Row::new("The plan behind a provider's key is used up (402).")
        .script(|_| vec![otx(Action::status(402))])
        .gap("intel", "otx", "status 402: the plan behind the key is used up or unpaid; …", 12)
        .gap("chats", "otx", "status 402: the plan behind the key is used up or unpaid; …", 1)
        .sends("otx", 1..=4)
        .heals();
    forbidden: Row::new("A provider refuses the key (403).")
        .script(|_| vec![otx(Action::status(403))])
        .gap("intel", "otx", "status 403: OTX refuses the key, or a proxy the request; check LINKTRAIL_OTX_KEY", 12)
        .gap("chats", "otx", "status 403: OTX refuses the key, or a proxy the request; check LINKTRAIL_OTX_KEY", 1)
        .sends("otx", 1..=4)
        .heals();
    a_quota_is_used_up: Row::new("The quota of a provider is used up after ten urls.")
        .config(quota)
        .gap("intel", "otx", "the quota of 10 requests a day is used up; …", 2)
        .gap("chats", "otx", "the quota of 10 requests a day is used up; …", 1)
        .sends("otx", 10..=10);
    indicators_fail: Row::new("The workspace's indicators cannot be read; no provider outside is asked.")
        .setup(local_only)
        .script(|_| vec![Fault::on(Service::LogAnalytics, "ThreatIntelIndicators", Action::status(403)).always()])
        .gap("intel", "log_analytics", "threat_indicators: no access to the workspace (HTTP 403: Scripted403: scripted); …", 16)
        .heals();
}

/// Down during the first round, back for the urls of the chats: these are rated.
#[test]
fn a_provider_that_is_back_is_asked_about_the_chats() {
    use crate::run::{Lab, gaps};
    use tenant_sim::{Options, World};
    let lab = Lab::new(World::small(), Options::default());
    lab.edit_config(impatient);
    let healthy = lab.loaded(&lab.case("healthy"), &[], 0);
    let asked = lab.tenant.requests_to(Service::Otx);
    // The chats are read after the first round of urls.
    let read = lab.tenant.requests_to(Service::Graph);
    let first_chat = read
        .iter()
        .find(|e| e.target.contains("/chats"))
        .unwrap()
        .at;
    let early = asked
        .iter()
        .filter(|e| e.at < first_chat)
        .map(|e| e.asked());
    let pattern: Vec<String> = early
        .map(|url| regex_of(&linktrail::model::url::encode(&url).to_string()))
        .collect();
    let later = asked.len() - pattern.len();
    assert!(later > 0, "no urls in chats");
    lab.tenant.script([Fault::on(
        Service::Otx,
        &format!("url/({})/general", pattern.join("|")),
        Action::status(503),
    )
    .always()]);
    let case = lab.case("case");
    let result = lab.loaded(&case, &["--chats-of", "all"], 3);
    let found = gaps(&result, "gaps");
    let gap = format!(
        "intel otx {}: OTX gave no answer for 2 s ({DOWN})",
        pattern.len()
    );
    assert!(found.len() == 1 && found[0].starts_with(&gap), "{found:#?}");
    assert!(result["summary"]["urls"].as_u64() >= healthy["summary"]["urls"].as_u64());
    lab.tenant.clear_script();
    crate::intel_load::replays_alike(&lab, &case, 3);
}

fn regex_of(text: &str) -> String {
    let special = |c: char| "\\.+*?()|[]{}^$".contains(c);
    text.chars()
        .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
        .collect()
}

/// Nobody knows any of many urls: that is a note, and no gap.
#[test]
fn a_provider_that_knows_none_of_many_urls_is_a_note() {
    use crate::run::{Lab, gaps};
    use tenant_sim::{Options, World};
    let lab = Lab::new(World::small(), Options::default());
    let nothing = "{\"pulse_info\":{\"count\":0,\"pulses\":[]}}";
    lab.tenant
        .script([otx(Action::page(200, "application/json", nothing))]);
    let urls: Vec<String> = (0..60)
        .map(|n| format!("https://never-seen.example/{n}"))
        .collect();
    let mut arguments = Vec::new();
    for url in &urls {
        arguments.extend(["--url", url.as_str()]);
    }
    let case = lab.case("case");
    let result = lab.loaded(&case, &arguments, 0);
    let notes = gaps(&result, "notes");
    let told = notes.iter().filter(|note| {
        note.starts_with("intel otx ")
            && note.contains("OTX knows none of the urls, which is unusual")
    });
    assert_eq!(told.count(), 1, "{notes:#?}");
    crate::intel_load::replays_alike(&lab, &case, 0);
}

/// A provider answers most urls, and is replaced by somebody else's page before the case is gone on with: what it said stays,
/// and what the other says is no answer.
#[test]
fn a_provider_that_retires_between_two_loads_of_a_case_makes_nothing_unknown() {
    use crate::run::graph::GraphFile;
    use crate::run::{Lab, gaps};
    use tenant_sim::{Options, World};
    let lab = Lab::new(World::small(), Options::default());
    let case = lab.case("case");
    lab.tenant
        .script([Fault::on(Service::Otx, "evil-share", Action::status(503)).always()]);
    lab.loaded(&case, &[], 3);
    let states = || {
        let graph = GraphFile::read(&case);
        let verdicts = graph
            .nodes
            .iter()
            .filter(|((label, id), _)| label == "Verdict" && id.contains("|otx|"));
        let states = verdicts.map(|((_, id), facts)| (id.clone(), facts["state"].clone()));
        states.collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = states();
    let left = before
        .values()
        .filter(|state| **state == "unavailable")
        .count() as u64;
    assert!(left > 0, "{before:#?}");

    lab.tenant.clear_script();
    lab.tenant
        .script([otx(not_found("{\"detail\":\"Not found.\"}"))]);
    let result = lab.loaded(&case, &[], 3);
    let found = gaps(&result, "gaps");
    let all: u64 = result["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["affected"].as_u64().unwrap())
        .sum();
    assert_eq!(all, left, "{found:#?}");
    assert!(
        found
            .iter()
            .all(|gap| gap.contains("otx") && gap.contains("every answer is 404")),
        "{found:#?}"
    );
    assert_eq!(states(), before);
    crate::intel_load::replays_alike(&lab, &case, 3);

    lab.tenant.clear_script();
    lab.loaded(&case, &[], 0);
    assert!(states().values().all(|state| state != "unavailable"));
}

//! What is sent to whom.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{SERVICES, assert_whole, everybody, lab, replays_alike, states, verdicts, withheld};
use crate::run;
use crate::run::graph::GraphFile;
use tenant_sim::decode;
use tenant_sim::{Exchange, Options, Service};

#[test]
fn all_providers_together_say_what_each_of_them_says() {
    let lab = lab(Options::default(), &everybody());
    let case = lab.case("case");
    assert_whole(&lab.loaded(&case, &[], 0));
    lab.tenant.assert_clean();
    for (provider, wanted) in [
        ("sentinel", &["hit"][..]),
        ("urlhaus", &["hit", "not_found"]),
        ("virustotal", &["clean", "hit"]),
    ] {
        let verdicts = verdicts(&case, provider);
        let states = states(&verdicts);
        assert_eq!(
            states.keys().collect::<Vec<_>>(),
            wanted,
            "{provider}: {states:?}"
        );
        for (url, verdict) in &verdicts {
            assert!(
                verdict["evidence_count"].as_u64() >= Some(1),
                "{provider} {url}: {verdict:?}"
            );
            assert!(
                verdict.contains_key("checked"),
                "{provider} {url}: {verdict:?}"
            );
        }
    }
    // Beside what is documented, no header is sent.
    for (service, own) in SERVICES.into_iter().zip([
        &["x-otx-api-key"][..],
        &["authorization"],
        &["auth-key", "content-length", "content-type"],
        &["x-apikey"],
    ]) {
        let mut wanted = vec!["accept", "accept-encoding", "host", "user-agent"];
        wanted.extend(own);
        wanted.sort_unstable();
        for request in lab.tenant.requests_to(service) {
            let names: Vec<&str> = request.headers.keys().map(String::as_str).collect();
            assert_eq!(names, wanted, "{service}");
            assert_eq!(request.body.is_empty(), service != Service::UrlHaus);
        }
    }
    // The workspace is the tenant's own: internal urls are looked up there, whole, and nowhere else.
    let withheld = withheld(&case);
    let expected = [
        ("http://10.1.2.3/status", "a private address"),
        ("http://intranet/start", "a name of one label"),
        (
            "https://contoso.sharepoint.com/sites/a",
            "internal domain contoso.sharepoint.com",
        ),
        (
            "https://wiki.contoso.com/page",
            "internal domain contoso.com",
        ),
    ];
    let expected = expected.map(|(url, reason)| (url.to_owned(), reason.to_owned()));
    assert_eq!(withheld, expected.into());
    let queries = lab.tenant.requests_to(Service::LogAnalytics);
    let looked_up = |url: &str| {
        let mut bodies = queries
            .iter()
            .filter(|query| query.query.as_deref() == Some("threat_indicators"));
        bodies.any(|query| query.body.contains(url))
    };
    for url in withheld.keys() {
        assert!(looked_up(url), "{url}");
        for provider in ["otx", "xforce", "urlhaus", "virustotal"] {
            assert!(!verdicts(&case, provider).contains_key(url), "{url}");
        }
    }
    for (url, _) in verdicts(&case, "sentinel") {
        let told = verdicts(&case, "otx").contains_key(&url);
        assert!(told != withheld.contains_key(&url), "{url}");
    }
    replays_alike(&lab, &case, 0);
}

#[test]
fn nothing_private_leaves_whoever_is_asked() {
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJWRVJZU0VDUkVUIn0.VERYSECRET";
    let links = [
        "https://hr.contoso.com/VERYSECRET",
        "http://intranet/VERYSECRET",
        "http://10.20.30.40/VERYSECRET",
        "http://[fd00::7]/VERYSECRET",
        "http://server.corp/VERYSECRET",
        "https://bob:VERYSECRET@seeds.example/user",
        "https://seeds.example/?mail=VERYSECRET@contoso.com&n=1",
        "https://seeds.example/#VERYSECRET%40contoso.com",
        "https://seeds.example/blob?sv=2024-11-04&se=VERYSECRET&sp=r&sig=VERYSECRET%3D",
        "https://seeds.example/cb?code=VERYSECRET&state=1",
        "https://seeds.example/cb#access_token=VERYSECRET&id_token=VERYSECRET",
        "https://seeds.example/reset?user_password=VERYSECRET;api_key=VERYSECRET",
        "https://seeds.example/go?to=https%3A%2F%2Fwiki.contoso.com%2FVERYSECRET",
        "https://seeds.example/go?to=https%3A%2F%2Ffine.example%2F%3Ftoken%3DVERYSECRET",
        "https://seeds.example/go?to=https%3A%2F%2Fshop.partner.example%2FVERYSECRET",
        "https://seeds.example/go?to=https%3A%2F%2Fbob%3AVERYSECRET%40fine.example%2F",
        "https://seeds.example/web/https://bob:VERYSECRET@fine.example/x",
        "https://shop.partner.example/VERYSECRET",
        "https://seeds.example/orders/VERYSECRET/7",
        &format!("https://seeds.example/v/{token}"),
        &format!("https://seeds.example/?t={token}"),
        &format!(
            "https://seeds.example/?d={}",
            URL_SAFE_NO_PAD.encode("https://fine.example/?token=VERYSECRET")
        ),
    ];
    for send_query in [false, true] {
        let intel = format!(
            "{}\nsend_query = {send_query}\ncache_age = \"1d\"\nnever_send = [\"*.partner.example\", \"*/orders/*\"]",
            everybody()
        );
        let lab = lab(Options::default(), &intel);
        let case = lab.case("case");
        let mut arguments = Vec::new();
        for link in &links {
            // With `send_query`, addresses are what is asked to be sent.
            if !(send_query && (link.contains("mail=") || link.contains("%40"))) {
                arguments.extend(["--url", link]);
            }
        }
        lab.loaded(&case, &arguments, 0);
        let mut told = 0;
        for request in lab.tenant.requests() {
            if !SERVICES.contains(&request.service) {
                continue;
            }
            let asked = request.asked();
            told += usize::from(asked.contains("seeds.example"));
            if send_query && asked.contains("victim@contoso.com") {
                // The one address that stands in a message of this world.
                continue;
            }
            let mut forms = vec![asked.clone(), request.target.clone(), request.body.clone()];
            // However it is encoded.
            for part in asked.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))) {
                let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
                forms.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            for form in &forms {
                let plain = decode(form, true).unwrap_or_default();
                for text in [form, &plain] {
                    for never in [
                        "VERYSECRET",
                        "bob",
                        "contoso.com",
                        "intranet",
                        "10.20.30.40",
                        "fd00::7",
                        "server.corp",
                        "partner.example",
                    ] {
                        assert!(!text.contains(never), "{request:#?}");
                    }
                }
            }
        }
        assert!(told >= 4 * 8, "asked about {told} of them");
        if !send_query {
            lab.tenant.assert_clean();
        }
        // Neither what a verdict says was sent, nor what is kept for later cases, says more.
        for provider in ["otx", "xforce", "urlhaus", "virustotal"] {
            for (url, verdict) in verdicts(&case, provider) {
                let sent = verdict.get("asked").map(|asked| asked.as_str().unwrap());
                assert!(
                    !sent.is_some_and(|sent| sent.contains("VERYSECRET")),
                    "{url}: {sent:?}"
                );
                if url.contains("VERYSECRET") {
                    assert!(sent.is_some(), "{url}: {verdict:?}");
                }
            }
        }
        let kept = run::files(&lab.folder().join(".cache"));
        assert!(kept.len() > 40, "{}", kept.len());
        for file in kept {
            let text = std::fs::read_to_string(&file).unwrap();
            for never in [
                "VERYSECRET",
                "wiki.contoso.com",
                "partner.example",
                "-key-",
                "0tx-",
            ] {
                assert!(!text.contains(never), "{text}");
            }
        }
        replays_alike(&lab, &case, 0);
    }
}

#[test]
fn a_very_long_url_is_asked_about_whole() {
    let lab = lab(Options::default(), "providers = [\"otx\"]");
    let long = format!("https://long.example/{}", "a".repeat(9000));
    let case = lab.case("case");
    lab.loaded(&case, &["--url", &long], 0);
    let asked: Vec<String> = lab
        .tenant
        .requests_to(Service::Otx)
        .iter()
        .map(Exchange::asked)
        .collect();
    assert!(asked.contains(&long));
    let graph = GraphFile::read(&case);
    let cut = |(label, id): &(String, String)| {
        label == "Url" && id.starts_with("https://long.example/aaa")
    };
    let (_, id) = graph.nodes.keys().find(|node| cut(node)).unwrap();
    assert!(
        id.len() < long.len(),
        "the id is within what an index can hold"
    );
    assert!(
        graph
            .edges
            .keys()
            .any(|(kind, from, _)| kind == "HAS_VERDICT" && cut(from))
    );
    replays_alike(&lab, &case, 0);
}

#[test]
fn a_case_is_not_gone_on_with_against_the_configuration() {
    let lab = lab(
        Options::default(),
        "providers = [\"otx\"]\nsend_query = true\nnever_send = [\"a.example\"]",
    );
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    let asked = lab.tenant.requests().len();
    for (from, to, key) in [
        (
            "[\"a.example\"]",
            "[\"a.example\", \"b.example\"]",
            "never_send",
        ),
        ("send_query = true", "send_query = false", "send_query"),
        (
            "internal_domains = [",
            "internal_domains = [\"c.example\", ",
            "internal_domains",
        ),
        ("[\"otx\"]", "[\"xforce\"]", "[intel] providers"),
    ] {
        lab.edit_config(|config| config.replacen(from, to, 1));
        let ran = lab.load(&case, &[]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(ran.complaint().contains(key), "{ran:#?}");
        lab.edit_config(|config| config.replacen(to, from, 1));
    }
    // Whoever wrote the case, tokens and keys go where the configuration sends them.
    let path = case.join("case.json");
    let honest = std::fs::read_to_string(&path).unwrap();
    for (pointer, key) in [
        ("/options/settings/endpoints/graph", "[endpoints] graph"),
        (
            "/options/settings/endpoints/log_analytics",
            "[endpoints] log_analytics",
        ),
        (
            "/options/settings/endpoints/intel/otx",
            "[endpoints], for a provider,",
        ),
        ("/options/settings/tenant", "[tenant] id"),
        ("/options/settings/workspace", "[sentinel] workspace_id"),
    ] {
        let mut manifest: Value = serde_json::from_str(&honest).unwrap();
        *manifest.pointer_mut(pointer).unwrap() = json!("http://evil.example/");
        std::fs::write(&path, manifest.to_string()).unwrap();
        let ran = lab.load(&case, &[]);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        let complaint = ran.complaint();
        assert!(
            complaint.contains(&format!("{key} in the configuration does not allow")),
            "{complaint}"
        );
    }
    std::fs::write(&path, honest).unwrap();
    assert_eq!(lab.tenant.requests().len(), asked);
    // Less strict is no danger: the case keeps its own rules.
    lab.edit_config(|config| config.replacen("[\"a.example\"]", "[]", 1));
    lab.loaded(&case, &[], 0);
    replays_alike(&lab, &case, 0);
}

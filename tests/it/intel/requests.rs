//! What is sent.

use linktrail::intel::{self, Lookup, Privacy, Provider, Setup, State, provider_request};
use linktrail::journal::{Auth, Method, Request};
use linktrail::model::Source;
use secrecy::ExposeSecret;

use super::{file, provider, setup, url};

fn sent(provider: &Provider, asked: &str) -> Request {
    match provider.look_up(asked) {
        Lookup::Send(request) => *request,
        other => panic!("not sent: {other:?}"),
    }
}

#[test]
fn requests_carry_the_string_encoded_and_the_key_apart() {
    let asked = "https://evil.example/a b/%2F?x=ü&y=../..#z";
    let request = sent(&provider("otx"), asked);
    assert_eq!(
        request.url.as_str(),
        "https://otx.alienvault.com/api/v1/indicators/url/\
         https%3A%2F%2Fevil.example%2Fa%20b%2F%252F%3Fx%3D%C3%BC%26y%3D..%2F..%23z/general"
    );
    assert_eq!(
        (request.source, request.method, request.body),
        (Source::Provider("otx"), Method::Get, None)
    );
    let Auth::Header("X-OTX-API-KEY", key) = &request.auth else {
        panic!("{:?}", request.auth);
    };
    assert_eq!(key.expose_secret(), "value of LINKTRAIL_OTX_KEY");

    let request = sent(&provider("urlhaus"), asked);
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Post, "https://urlhaus-api.abuse.ch/v1/url/")
    );
    let body = request.body.unwrap();
    assert_eq!(body.content_type, "application/x-www-form-urlencoded");
    assert_eq!(
        body.text,
        "url=https%3A%2F%2Fevil.example%2Fa+b%2F%252F%3Fx%3D%C3%BC%26y%3D..%2F..%23z"
    );
    let Auth::Header("Auth-Key", key) = &request.auth else {
        panic!("{:?}", request.auth);
    };
    assert_eq!(key.expose_secret(), "value of LINKTRAIL_URLHAUS_KEY");

    let request = sent(&provider("virustotal"), "https://evil.example/a?>>>");
    assert_eq!(
        (request.method, request.url.as_str()),
        (
            Method::Get,
            "https://www.virustotal.com/api/v3/urls/aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT8-Pj4"
        )
    );
    let Auth::Header("x-apikey", key) = &request.auth else {
        panic!("{:?}", request.auth);
    };
    assert_eq!(key.expose_secret(), "value of LINKTRAIL_VIRUSTOTAL_KEY");

    let request = sent(&provider("xforce"), "http://203.0.113.7:8080/");
    assert_eq!(
        request.url.as_str(),
        "https://api.xforce.ibmcloud.com/url/http%3A%2F%2F203.0.113.7%3A8080%2F"
    );
    let Auth::Basic { user, password } = &request.auth else {
        panic!("{:?}", request.auth);
    };
    assert_eq!(user.expose_secret(), "value of LINKTRAIL_XFORCE_KEY");
    assert_eq!(
        password.expose_secret(),
        "value of LINKTRAIL_XFORCE_PASSWORD"
    );
}

#[test]
fn an_endpoint_may_have_a_path_and_a_key_may_be_missing() {
    for (name, path) in [
        ("otx", "/ti/api/v1/indicators/url/x/general"),
        ("xforce", "/ti/url/x"),
        ("urlhaus", "/ti/v1/url/"),
        ("virustotal", "/ti/api/v3/urls/eA"),
    ] {
        for base in ["http://127.0.0.1:8080/ti", "http://127.0.0.1:8080/ti/?a#b"] {
            let setup = Setup {
                endpoints: [(name.to_owned(), url(base))].into(),
                ..Setup::default()
            };
            let request = sent(&(intel::spec(name).unwrap().build)(&setup).unwrap(), "x");
            assert_eq!(request.url.as_str(), format!("http://127.0.0.1:8080{path}"));
            assert!(matches!(request.auth, Auth::None));
        }
    }
}

#[test]
fn every_provider_is_limited_and_ends() {
    for spec in intel::PROVIDERS {
        let provider = (spec.build)(&setup()).unwrap();
        assert_eq!(provider.name(), spec.name);
        assert_eq!(provider.local(), spec.endpoint.is_none());
        if let Lookup::Send(request) = provider.look_up("https://evil.example/") {
            assert_eq!(request.source.as_str(), spec.name);
            assert!(
                request
                    .limits
                    .iter()
                    .any(|limit| limit.key.starts_with(spec.name) && limit.rate > 0.0)
            );
            assert!(request.deadline.as_secs() <= 30);
            assert_eq!(request.longest_answer, 16 << 20);
        }
    }
}

#[test]
fn a_question_keeps_inside_what_is_inside() {
    let privacy = Privacy::new(&["contoso.com"], false).unwrap();
    let otx = provider("otx");
    let inside = url("https://intra.contoso.com/a");
    let answer = provider_request(&otx, &privacy, &inside);
    let Lookup::Withheld(reason) = answer.lookup else {
        panic!("sent");
    };
    assert_eq!(reason, "internal domain contoso.com");
    assert_eq!(answer.asked, None);

    let plain = provider_request(&otx, &privacy, &url("https://evil.example/a"));
    assert!(matches!(plain.lookup, Lookup::Send(_)));
    assert_eq!(plain.asked, None);

    let masked = provider_request(
        &otx,
        &privacy,
        &url("https://bob@evil.example/?e=alice@contoso.com"),
    );
    assert_eq!(masked.asked.as_deref(), Some("https://evil.example/?e=***"));
    let Lookup::Send(request) = masked.lookup else {
        panic!("not sent");
    };
    assert!(
        request
            .url
            .as_str()
            .contains("evil.example%2F%3Fe%3D%2A%2A%2A"),
        "{}",
        request.url
    );

    // A list is the tenant's own: it is asked about everything, whole.
    let list = file(&[("a.txt", "intra.contoso.com")]).unwrap();
    let Lookup::Known(verdict) = provider_request(&list, &privacy, &inside).lookup else {
        panic!("sent");
    };
    assert_eq!(verdict.state, State::Hit);
}

#[test]
fn limits_of_ones_own_take_the_place_of_those_published() {
    let limits = intel::limits(&["virustotal 600/minute", "virustotal 20000/day"]).unwrap();
    let setup = Setup { limits, ..setup() };
    let build = intel::spec("virustotal").unwrap().build;
    let request = sent(&build(&setup).unwrap(), "x");
    let [limit] = request.limits.as_slice() else {
        panic!("{:?}", request.limits);
    };
    assert_eq!((limit.burst, limit.rate), (60.0, 9.0));
}

#[test]
fn what_leaves_is_asked_of_every_provider_by_the_same_rules() {
    let privacy = Privacy::new(&["contoso.com"], false)
        .unwrap()
        .never_sending(&["partner.example/hr/*"])
        .unwrap();
    let masked = "https://evil.example/?e=***&sig=***";
    // What is sent; none when nothing is.
    let urls = [
        ("https://evil.example/a", Some("https://evil.example/a")),
        (
            "https://bob:pw@evil.example/?e=alice@contoso.com&sig=s",
            Some(masked),
        ),
        ("https://intra.contoso.com/", None),
        ("https://partner.example/hr/7", None),
    ];
    for spec in intel::PROVIDERS {
        let provider = provider(spec.name);
        for (whole, sent) in urls {
            let url = url(whole);
            let asked = provider_request(&provider, &privacy, &url);
            match (asked.lookup, sent) {
                (Lookup::Known(_) | Lookup::NotNamed | Lookup::Workspace(_), _)
                    if provider.local() =>
                {
                    assert!(["defender", "file", "sentinel"].contains(&spec.name));
                    assert_eq!(asked.asked, None);
                }
                (Lookup::Withheld(_), None) => {}
                (Lookup::Send(request), Some(string)) => {
                    assert_eq!(asked.asked.as_deref().unwrap_or(whole), string);
                    let Lookup::Send(wanted) = provider.look_up(string) else {
                        panic!("{}: not sent", spec.name);
                    };
                    let body = |request: Box<Request>| request.body.map(|body| body.text);
                    assert_eq!(request.url, wanted.url);
                    assert_eq!(body(request), body(wanted));
                }
                (ask, _) => panic!("{} {whole}: {ask:?}", spec.name),
            }
        }
    }
}

#[test]
fn the_documents_name_every_provider_with_its_secrets_and_address() {
    let folder = format!("{}/docs", env!("CARGO_MANIFEST_DIR"));
    for document in ["providers.md", "privacy.md"] {
        let text = std::fs::read_to_string(format!("{folder}/{document}")).unwrap();
        for spec in intel::PROVIDERS {
            assert!(
                text.contains(&format!("`{}`", spec.name)),
                "{document}: {}",
                spec.name
            );
            for said in spec.secrets.iter().chain(&spec.endpoint) {
                let host = said.trim_start_matches("https://");
                assert!(text.contains(host), "{document}: {host}");
            }
        }
    }
}

//! OTX, X-Force, URLhaus and VirusTotal.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::visitor::{Answer, Visitor};
use tenant_sim::world::body::encode;
use tenant_sim::{OTX_KEY, Options, Service, Tenant, URLHAUS_KEY, VIRUSTOTAL_KEY, World};

async fn urlhaus(visitor: &Visitor<'_>, url: &str) -> Answer {
    let address = format!("{}/v1/url/", visitor.tenant.endpoint(Service::UrlHaus));
    let request = visitor.http.post(address).header("auth-key", URLHAUS_KEY);
    Visitor::read(request.form(&[("url", url)]).send().await.unwrap()).await
}

async fn virustotal(visitor: &Visitor<'_>, url: &str) -> Answer {
    let id = URL_SAFE_NO_PAD.encode(url);
    let origin = visitor.tenant.endpoint(Service::VirusTotal);
    let request = visitor.http.get(format!("{origin}/api/v3/urls/{id}"));
    let answer = request.header("x-apikey", VIRUSTOTAL_KEY).send().await;
    Visitor::read(answer.unwrap()).await
}

#[tokio::test]
async fn urlhaus_and_virustotal_say_what_otx_says() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let lure = "https://login.micros0ft-verify.example/oauth?client=1&state=a";
    let (_, answer) = urlhaus(&visitor, lure).await;
    assert_eq!(answer["url_status"], "online");
    let (_, answer) = virustotal(&visitor, lure).await;
    let stats = &answer["data"]["attributes"]["last_analysis_stats"];
    assert_eq!(stats["malicious"], 2);
    for url in [
        "https://github.com/contoso/tools",
        "https://never-seen.example/",
    ] {
        let (status, answer) = urlhaus(&visitor, url).await;
        assert_eq!(
            (status, &answer["query_status"]),
            (200, &"no_results".into())
        );
    }
    let (status, _) = virustotal(&visitor, "https://never-seen.example/").await;
    assert_eq!(status, 404);
    tenant.assert_clean();
}

#[tokio::test]
async fn secrets_and_what_is_inside_are_noticed_by_all_of_them() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    for url in [
        "https://new.contoso.com/",
        "http://nowhere/",
        "http://10.9.9.9/",
        "https://bob@fine.example/",
        "https://fine.example/?a=1&token=x",
        "https://fine.example/?sv=1&sig=***",
        "https://fine.example/#code=x",
        "https://fine.example/?u=https%3A%2F%2Ffine.example%2F%3Fpassword%3Dx",
        "https://fine.example/eyJhbGciOiJub25lIn0.e30.x",
    ] {
        tenant.clear_requests();
        visitor.otx(&encode(url)).await;
        visitor.xforce(&encode(url)).await;
        urlhaus(&visitor, url).await;
        virustotal(&visitor, url).await;
        assert_eq!(tenant.violations().len(), 4, "{url}");
    }
    tenant.clear_requests();
    for url in [
        "https://fine.example/?token=***&se=1",
        "https://fine.example/?sv=***&sig=***",
    ] {
        urlhaus(&visitor, url).await;
        virustotal(&visitor, url).await;
    }
    tenant.assert_clean();
}

#[tokio::test]
async fn otx_answers_in_all_its_shapes() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let lure = encode("https://login.micros0ft-verify.example/oauth?client=1&state=a");
    let (status, answer) = visitor.otx(&lure).await;
    assert_eq!((status, &answer["pulse_info"]["count"]), (200, &2.into()));
    let (_, answer) = visitor
        .otx(&encode("https://login.micros0ft-verify.example/mfa"))
        .await;
    assert!(answer["pulse_info"].is_null());
    let (_, answer) = visitor
        .otx(&encode("https://github.com/contoso/tools"))
        .await;
    assert_eq!(answer["validation"][0]["source"], "whitelist");
    let (status, answer) = visitor.otx(&encode("https://never-seen.example/")).await;
    assert_eq!((status, &answer["pulse_info"]["count"]), (200, &0.into()));
    // Asked without userinfo and with its address masked, a url is still known.
    let (_, answer) = visitor
        .otx(&encode(
            "https://ipfs-gateway.example/ipfs/bafy/index.html#masked",
        ))
        .await;
    assert_eq!(answer["pulse_info"]["count"], 3);
    tenant.assert_clean();
}

#[tokio::test]
async fn xforce_answers_in_all_its_shapes() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let (_, answer) = visitor
        .xforce(&encode("https://evil-share.example/doc?id=7"))
        .await;
    assert_eq!(answer["result"]["score"], "6.2");
    let (_, answer) = visitor
        .xforce(&encode("https://login.micros0ft-verify.example/mfa"))
        .await;
    assert!(answer["result"]["score"].is_null());
    let (_, answer) = visitor
        .xforce(&encode("https://evil-userinfo.example/x"))
        .await;
    assert_eq!(answer["result"]["score"], 4.3);
    let (status, _) = visitor.xforce(&encode("https://never-seen.example/")).await;
    assert_eq!(status, 404);
    tenant.assert_clean();
}

#[tokio::test]
async fn what_must_not_leave_is_noticed() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    for url in [
        "https://wiki.contoso.com/page",
        "http://intranet/start",
        "https://login.microsoftonline.com@evil-userinfo.example/x",
        "https://ipfs-gateway.example/ipfs/bafy/index.html#victim@contoso.com",
    ] {
        tenant.clear_requests();
        visitor.otx(&encode(url)).await;
        visitor.xforce(&encode(url)).await;
        assert_eq!(tenant.violations().len(), 2, "{url}");
    }
}

#[tokio::test]
async fn keys_are_checked_and_kept_apart() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let otx = format!(
        "{}/api/v1/indicators/url/x/general",
        tenant.endpoint(Service::Otx)
    );
    let xforce = format!("{}/url/x", tenant.endpoint(Service::XForce));
    let status = |r: reqwest::Response| r.status().as_u16();
    let wrong = visitor
        .http
        .get(&otx)
        .header("x-otx-api-key", "guess")
        .send()
        .await
        .unwrap();
    assert_eq!(status(wrong), 403);
    let wrong = visitor
        .http
        .get(&xforce)
        .basic_auth("a", Some("b"))
        .send()
        .await
        .unwrap();
    assert_eq!(status(wrong), 401);
    tenant.assert_clean();
    let none = visitor.http.get(&otx).send().await.unwrap();
    assert_eq!(status(none), 403);
    let bearer = visitor
        .http
        .get(&xforce)
        .bearer_auth("t")
        .send()
        .await
        .unwrap();
    assert_eq!(status(bearer), 401);
    let key = visitor
        .http
        .get(&xforce)
        .header("x-otx-api-key", OTX_KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(status(key), 401);
    for (service, path) in [
        (Service::UrlHaus, "/v1/url/"),
        (Service::VirusTotal, "/api/v3/urls/eA"),
    ] {
        let address = format!("{}{path}", tenant.endpoint(service));
        let none = visitor.http.get(&address).send().await.unwrap();
        assert_eq!(status(none), 401);
        let foreign = visitor.http.get(&address).header("x-otx-api-key", OTX_KEY);
        assert_eq!(status(foreign.send().await.unwrap()), 401);
    }
    let path = format!(
        "{}/api/v1/indicators/domain/x/general",
        tenant.endpoint(Service::Otx)
    );
    let path = visitor
        .http
        .get(path)
        .header("x-otx-api-key", OTX_KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(status(path), 404);
    assert_eq!(tenant.violations().len(), 8);
}

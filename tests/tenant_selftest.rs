//! The simulated tenant, tested: its strictness, its faults, and its ground truth against numbers
//! counted by hand.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod tenant;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tenant::{OTX_KEY, Options, Query, Service, Tenant, World, XFORCE_KEY, XFORCE_PASSWORD};

/// A client as linktrail would be: trusts the tenant's authority and nothing else.
struct Visitor<'a> {
    tenant: &'a Tenant,
    http: Client,
}

impl<'a> Visitor<'a> {
    fn of(tenant: &'a Tenant) -> Self {
        let pem = std::fs::read(tenant.ca_file()).unwrap();
        let ca = reqwest::Certificate::from_pem(&pem).unwrap();
        let http = Client::builder().tls_certs_only([ca]).build().unwrap();
        Self { tenant, http }
    }

    async fn token(&self, resource: &str) -> String {
        let world = self.tenant.world();
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            self.tenant.endpoint(Service::Login),
            world.tenant_id
        );
        let form = [
            ("client_id", world.client_id.as_str()),
            ("client_secret", world.client_secret.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", &format!("{resource}/.default")),
        ];
        let answer: Value = self
            .http
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn graph(&self, path: &str) -> (StatusCode, Value) {
        let token = self.token("https://graph.microsoft.com").await;
        let url = if path.starts_with("https://") {
            path.to_owned()
        } else {
            format!("{}/v1.0{path}", self.tenant.endpoint(Service::Graph))
        };
        let answer = self.http.get(url).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn kql(&self, text: &str, timespan: &str) -> (StatusCode, Value) {
        let token = self.token("https://api.loganalytics.io").await;
        let world = self.tenant.world();
        let url = format!(
            "{}/v1/workspaces/{}/query",
            self.tenant.endpoint(Service::LogAnalytics),
            world.workspace_id
        );
        let answer = self
            .http
            .post(url)
            .bearer_auth(token)
            .header("prefer", "wait=600,include-statistics=true")
            .json(&json!({"query": text, "timespan": timespan}))
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

/// A `kql/*.kql` as the loader sends it, with the prelude's values replaced.
fn rendered(name: &str, values: &[(&str, String)]) -> String {
    let path = format!("{}/kql/{name}.kql", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut out = String::new();
    for line in text
        .split_inclusive('\n')
        .skip_while(|l| l.starts_with("//"))
    {
        let value = values
            .iter()
            .find(|(name, _)| line.starts_with(&format!("let {name} = ")));
        match value {
            Some((name, value)) => out.push_str(&format!("let {name} = {value};\n")),
            None => out.push_str(line),
        }
    }
    out
}

#[tokio::test]
async fn every_service_answers_over_tls() {
    let tenant = Tenant::start(World::small(), Options::default());
    let visitor = Visitor::of(&tenant);
    let (status, user) = visitor
        .graph("/users/adele.vance@contoso.com?$select=id,userPrincipalName")
        .await;
    assert_eq!(status, 200);
    assert_eq!(user["userPrincipalName"], "adele.vance@contoso.com");
    let (status, teams) = visitor
        .graph(&format!(
            "/users/{}/joinedTeams",
            user["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(
        (status.as_u16(), teams["value"].as_array().unwrap().len()),
        (200, 2)
    );

    let day = |d: &str| format!("datetime(2026-10-{d}T00:00:00Z)");
    let bounds = [
        ("window_from", day("01")),
        ("window_to", day("31")),
        ("slice_from", day("01")),
        ("slice_to", day("31")),
    ];
    let text = rendered("smartscreen", &bounds);
    let (status, answer) = visitor
        .kql(&text, "2026-10-01T00:00:00Z/2026-10-31T00:00:00Z")
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["tables"][0]["rows"].as_array().unwrap().len(), 11);

    let url = "http%3A%2F%2F203.0.113.66%3A8080%2Fdl%2Finvoice.exe";
    let otx = format!(
        "{}/api/v1/indicators/url/{url}/general",
        tenant.endpoint(Service::Otx)
    );
    let answer = visitor
        .http
        .get(otx)
        .header("X-OTX-API-KEY", OTX_KEY)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["pulse_info"]["count"], 1);
    let xforce = format!("{}/url/{url}", tenant.endpoint(Service::XForce));
    let answer = visitor
        .http
        .get(xforce)
        .basic_auth(XFORCE_KEY, Some(XFORCE_PASSWORD))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    tenant.assert_clean();
}

#[test]
fn small_world_prints() {
    let world = World::small();
    let truth = world.truth(&Query::of(&world));
    println!("{:#?}", truth.summary);
}

//! A plain client of the tenant, for tests of the tenant itself and for looking around in it.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tenant_sim::{OTX_KEY, Service, Tenant, XFORCE_KEY, XFORCE_PASSWORD};

/// Graph's audience.
pub(crate) const GRAPH: &str = "https://graph.microsoft.com";
/// Log Analytics' audience.
pub(crate) const LOG_ANALYTICS: &str = "https://api.loganalytics.io";

/// Status and JSON body; null when the body is no JSON.
pub(crate) type Answer = (u16, Value);

/// A client that trusts the tenant's authority and nothing else.
pub(crate) struct Visitor<'a> {
    /// Whom it visits.
    pub(crate) tenant: &'a Tenant,
    /// Its connections.
    pub(crate) http: Client,
}

impl<'a> Visitor<'a> {
    /// A visitor of `tenant`.
    pub(crate) fn of(tenant: &'a Tenant) -> Self {
        let pem = std::fs::read(tenant.ca_file()).expect("the authority's file");
        let ca = reqwest::Certificate::from_pem(&pem).expect("a certificate");
        let http = Client::builder()
            .tls_certs_only([ca])
            .build()
            .expect("a client");
        Self { tenant, http }
    }

    /// Reads status and JSON of an answer.
    pub(crate) async fn read(answer: Response) -> Answer {
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    /// Asks Entra for a token with these fields in place of the right ones.
    pub(crate) async fn sign_in(&self, resource: &str, changed: &[(&str, &str)]) -> Answer {
        let world = self.tenant.world();
        let scope = format!("{resource}/.default");
        let mut form = vec![
            ("client_id", world.client_id.as_str()),
            ("client_secret", world.client_secret.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", &scope),
        ];
        for (name, value) in changed {
            form.retain(|(n, _)| n != name);
            form.push((name, value));
        }
        let login = self.tenant.endpoint(Service::Login);
        let url = format!("{login}/{}/oauth2/v2.0/token", world.tenant_id);
        Self::read(
            self.http
                .post(url)
                .form(&form)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    /// A token for an audience.
    pub(crate) async fn token(&self, resource: &str) -> String {
        let (_, answer) = self.sign_in(resource, &[]).await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// A request to Graph: an absolute url, or a path behind `/v1.0`.
    pub(crate) async fn graph_request(&self, path: &str) -> RequestBuilder {
        let url = if path.starts_with("https://") {
            path.to_owned()
        } else {
            format!("{}/v1.0{path}", self.tenant.endpoint(Service::Graph))
        };
        let token = self.token(GRAPH).await;
        let prefer = "include-unknown-enum-members";
        self.http
            .get(url)
            .bearer_auth(token)
            .header("prefer", prefer)
    }

    /// GET from Graph.
    pub(crate) async fn graph(&self, path: &str) -> Answer {
        let request = self.graph_request(path).await;
        Self::read(request.send().await.expect("an answer")).await
    }

    /// All items of a list, page by page, and the number of pages.
    pub(crate) async fn all(&self, path: &str) -> (Vec<Value>, usize) {
        let (mut items, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
        loop {
            let (status, page) = self.graph(&next).await;
            assert_eq!(status, 200, "{next}: {page}");
            items.extend(page["value"].as_array().expect("a list").iter().cloned());
            pages += 1;
            match page["@odata.nextLink"].as_str() {
                Some(link) => next = link.to_owned(),
                None => return (items, pages),
            }
        }
    }

    /// `$batch` of GETs; gives the responses by their id.
    pub(crate) async fn batch(&self, urls: &[String]) -> Answer {
        let request =
            |(n, url): (usize, &String)| json!({"id": n.to_string(), "method": "GET", "url": url});
        let requests: Vec<Value> = urls.iter().enumerate().map(request).collect();
        let url = format!("{}/v1.0/$batch", self.tenant.endpoint(Service::Graph));
        let token = self.token(GRAPH).await;
        let request = self
            .http
            .post(url)
            .bearer_auth(token)
            .json(&json!({ "requests": requests }));
        let (status, mut answer) = Self::read(request.send().await.expect("an answer")).await;
        if let Some(responses) = answer["responses"].as_array_mut() {
            let id = |r: &Value| r["id"].as_str().and_then(|id| id.parse::<usize>().ok());
            responses.sort_by_key(id);
        }
        (status, answer)
    }

    /// A Log Analytics query.
    pub(crate) async fn kql(&self, text: &str, timespan: &str) -> Answer {
        let world = self.tenant.world();
        let origin = self.tenant.endpoint(Service::LogAnalytics);
        let url = format!("{origin}/v1/workspaces/{}/query", world.workspace_id);
        let request = self
            .http
            .post(url)
            .bearer_auth(self.token(LOG_ANALYTICS).await)
            .header("prefer", "wait=600,include-statistics=true")
            .json(&json!({"query": text, "timespan": timespan}));
        Self::read(request.send().await.expect("an answer")).await
    }

    /// A call of advanced hunting.
    pub(crate) async fn hunt(&self, text: &str, timespan: &str) -> Answer {
        let origin = self.tenant.endpoint(Service::Graph);
        let body = json!({"Query": text, "Timespan": timespan}).to_string();
        let request = self
            .http
            .post(format!("{origin}/v1.0/security/runHuntingQuery"))
            .bearer_auth(self.token(GRAPH).await)
            .header("content-type", "application/json; charset=utf-8")
            .body(body);
        Self::read(request.send().await.expect("an answer")).await
    }

    /// One of `kql/*.kql` over the whole of the world's window, with lists in place of its own.
    pub(crate) async fn query(&self, name: &str, lists: &[(&str, &[&str])]) -> Answer {
        let world = self.tenant.world();
        let moment = |t: tenant_sim::world::facts::Time| t.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (from, to) = (moment(world.from()), moment(world.anchor));
        let text = rendered(name, &from, &to, lists);
        self.kql(&text, &format!("{from}/{to}")).await
    }

    /// Looks a url up with OTX.
    pub(crate) async fn otx(&self, encoded_url: &str) -> Answer {
        let origin = self.tenant.endpoint(Service::Otx);
        let url = format!("{origin}/api/v1/indicators/url/{encoded_url}/general");
        let request = self.http.get(url).header("X-OTX-API-KEY", OTX_KEY);
        Self::read(request.send().await.expect("an answer")).await
    }

    /// Looks a url up with X-Force.
    pub(crate) async fn xforce(&self, encoded_url: &str) -> Answer {
        let url = format!(
            "{}/url/{encoded_url}",
            self.tenant.endpoint(Service::XForce)
        );
        let request = self
            .http
            .get(url)
            .basic_auth(XFORCE_KEY, Some(XFORCE_PASSWORD));
        Self::read(request.send().await.expect("an answer")).await
    }
}

/// A query as it is sent: the file without its header, its bounds and lists replaced.
pub(crate) fn rendered(name: &str, from: &str, to: &str, lists: &[(&str, &[&str])]) -> String {
    let path = format!("{}/../../kql/{name}.kql", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut out = String::new();
    let mut in_prelude = true;
    for line in text
        .split_inclusive('\n')
        .skip_while(|l| l.starts_with("//"))
    {
        in_prelude &= line.starts_with("let ");
        let name = line.split(' ').nth(1).unwrap_or_default();
        let list = lists.iter().find(|(n, _)| *n == name);
        match (in_prelude, list) {
            (true, Some((_, values))) => {
                let values: Vec<String> = values.iter().map(|v| literal(v)).collect();
                out.push_str(&format!("let {name} = dynamic([{}]);\n", values.join(", ")));
            }
            (true, None) if name.ends_with("_from") => {
                out.push_str(&format!("let {name} = datetime({from});\n"));
            }
            (true, None) if name.ends_with("_to") => {
                out.push_str(&format!("let {name} = datetime({to});\n"));
            }
            _ => out.push_str(line),
        }
    }
    match name {
        "message_urls" | "messages_on" | "reported" => with_documented_columns(&out),
        _ => out,
    }
}

/// The query for a place whose MessageEvents has the documented columns: those that are not there are named as empty.
fn with_documented_columns(text: &str) -> String {
    let mut out = String::new();
    let mut before = "";
    for line in text.split_inclusive('\n') {
        match before.trim_end().ends_with("MessageEvents") {
            true => {
                out.push_str(line.trim_end());
                out.push_str(" | extend ThreadType = \"\", ThreadName = \"\"\n");
            }
            false => out.push_str(line),
        }
        before = line;
    }
    out
}

/// A string of a dynamic literal: quotes and backslashes escaped, control characters as `\uXXXX`.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

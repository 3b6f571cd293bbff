//! The domains of the tenant's own organization. They are asked for before there is a case, to say what to write into the
//! configuration, and no graph is made from them.

use serde::Deserialize;
use url::Url;

use crate::journal::{Answer, Audience, Auth, Request};
use crate::model::url::append_path;

use super::SOURCE;

/// The answer to `GET /organization`: a list of one.
#[derive(Deserialize)]
struct Organizations {
    value: Vec<Organization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    #[serde(default)]
    verified_domains: Vec<VerifiedDomain>,
}

#[derive(Deserialize)]
struct VerifiedDomain {
    name: Option<String>,
}

/// The request for the domains that the tenant has proved to own. It needs `Organization.Read.All`, which no load needs.
pub fn organization(endpoint: &Url) -> Request {
    let mut url = endpoint.clone();
    append_path(&mut url, &["v1.0", "organization"]);
    url.set_query(Some("$select=verifiedDomains"));
    Request {
        auth: Auth::Entra(Audience::Graph),
        longest_answer: 4 << 20,
        ..Request::get(SOURCE, url)
    }
}

/// The domains in the answer to [`organization`]; empty when it is refused or not what Microsoft Graph sends. They are text
/// from outside.
pub fn verified_domains(answer: &Answer) -> Vec<String> {
    let body = match answer {
        Answer::Response {
            status: 200, body, ..
        } => body.as_str(),
        _ => "",
    };
    let organizations =
        serde_json::from_str(body).map_or(Vec::new(), |all: Organizations| all.value);
    let domains = organizations
        .into_iter()
        .flat_map(|organization| organization.verified_domains);
    domains.filter_map(|domain| domain.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::Response {
            status,
            headers: Default::default(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn the_domains_of_an_organization_are_read_from_its_answer_alone() {
        let body = r#"{"value":[{"verifiedDomains":[{"capabilities":"Email","isDefault":true,"isInitial":false,"name":"contoso.com","type":"Managed"},{"name":null},{"isInitial":true,"name":"contoso.onmicrosoft.com"}]}]}"#;
        let domains = ["contoso.com", "contoso.onmicrosoft.com"];
        assert_eq!(verified_domains(&answer(200, body)), domains);
        for (status, body) in [
            (403, body),
            (200, "<html>"),
            (200, "{}"),
            (200, r#"{"value":[{}]}"#),
        ] {
            assert!(verified_domains(&answer(status, body)).is_empty(), "{body}");
        }
    }

    #[test]
    fn the_request_goes_to_the_address_of_graph() {
        let endpoint = Url::parse("https://graph.microsoft.us/");
        let url = endpoint.map(|endpoint| organization(&endpoint).url.to_string());
        assert_eq!(
            url.as_deref(),
            Ok("https://graph.microsoft.us/v1.0/organization?$select=verifiedDomains")
        );
    }
}

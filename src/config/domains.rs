//! The error about `[tenant] internal_domains`, which has to be given once a provider outside the tenant is asked.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::http::SignIn;
use crate::intel::Privacy;

/// Domains that were read from a tenant are proposed up to this number. An organization has a few of them, and what is
/// longer is not read by anybody.
const MOST_PROPOSED: usize = 100;

/// `[tenant] internal_domains` is missing, although it has to be given. The text says what to write.
#[derive(Debug, Clone)]
pub struct MissingDomains {
    pub(super) text: MissingText,
    /// How to sign in, to ask Microsoft Graph for the tenant's domains.
    pub sign_in: SignIn,
    /// The address of Microsoft Graph.
    pub graph: Url,
    /// A file of certificates that are trusted in addition to the public ones.
    pub ca_file: Option<PathBuf>,
}

/// What is said of the missing domains.
#[derive(Debug, Clone)]
pub(super) struct MissingText {
    /// The providers outside the tenant.
    pub(super) outside: Vec<String>,
    /// The file in which to write it.
    pub(super) file: String,
    /// The variable that takes its place.
    pub(super) variable: String,
}

impl MissingDomains {
    /// The text with the domains that the tenant lists as its own, which come from outside. What is no domain is left out.
    /// Without any, the text is the general one.
    pub fn proposing(&self, listed: &[String]) -> String {
        self.text.proposing(listed)
    }
}

impl MissingText {
    fn proposing(&self, listed: &[String]) -> String {
        let mut domains: Vec<String> = listed
            .iter()
            .map(|domain| domain.trim().to_lowercase())
            .filter(|domain| is_plain(domain) && Privacy::new(&[domain], false).is_ok())
            .collect();
        domains.sort();
        domains.dedup();
        if domains.is_empty() || domains.len() > MOST_PROPOSED {
            return self.to_string();
        }
        format!(
            "{}; Microsoft Graph lists these as the tenant's own: write internal_domains = {domains:?} under [tenant] in {}, with what else is yours, or [] to say that there are none",
            self.what(),
            self.file
        )
    }

    fn what(&self) -> String {
        format!(
            "the tenant's own domains are missing, about which no outside provider is asked, and [intel] providers has {}",
            self.outside.join(", ")
        )
    }
}

impl fmt::Display for MissingText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: set internal_domains = [\"contoso.com\", \"contoso.onmicrosoft.com\"], with your own, under [tenant] in {}, or {}; [] says that there are none",
            self.what(),
            self.file,
            self.variable
        )
    }
}

fn is_plain(domain: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    domain.contains('.') && domain.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing() -> MissingText {
        MissingText {
            outside: vec!["otx".to_owned(), "xforce".to_owned()],
            file: "linktrail.toml".to_owned(),
            variable: "LINKTRAIL_TENANT_INTERNAL_DOMAINS".to_owned(),
        }
    }

    fn proposed(listed: &[&str]) -> String {
        let listed: Vec<String> = listed.iter().map(|&domain| domain.to_owned()).collect();
        missing().proposing(&listed)
    }

    #[test]
    fn what_the_tenant_lists_is_proposed_in_the_form_of_the_file() {
        assert_eq!(
            proposed(&["Contoso.com ", "contoso.onmicrosoft.com", "contoso.com"]),
            "the tenant's own domains are missing, about which no outside provider is asked, and [intel] providers has otx, xforce; Microsoft Graph lists these as the tenant's own: write internal_domains = [\"contoso.com\", \"contoso.onmicrosoft.com\"] under [tenant] in linktrail.toml, with what else is yours, or [] to say that there are none"
        );
    }

    #[test]
    fn what_is_no_domain_is_never_proposed() {
        let hostile = [
            "",
            "contoso",
            "a\"]\n[auth]",
            "https://x.example/y",
            "\u{1b}[2J.example",
        ];
        assert_eq!(proposed(&hostile), missing().to_string());
        assert!(proposed(&["a\"b.example", "contoso.com"]).contains("= [\"contoso.com\"] under"));
    }
}

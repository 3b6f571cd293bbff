//! Decides which urls may leave the tenant for threat intelligence, and in which form.

mod address;
mod error;
mod host;
mod layer;
mod mask;
mod never;
mod secret;

use url::{Host, Url};

use crate::model::Settings;

pub use error::PrivacyError;
use host::Inside;
use mask::{Mask, Part};
use never::Never;

/// The privacy rules of a tenant.
#[derive(Debug, Clone)]
pub struct Privacy {
    inside: Inside,
    never: Never,
    send_query: bool,
}

/// Whether a url may be sent to a service, and in what form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Send this string: the url without what has to be hidden.
    Ask(String),
    /// Send nothing, for this reason.
    Skip(String),
}

impl Privacy {
    /// Rules from `tenant.internal_domains` and `intel.send_query`. A rule that cannot be parsed is an error: if it
    /// were ignored, the data that it protects would be sent.
    pub fn new<S: AsRef<str>>(
        internal_domains: &[S],
        send_query: bool,
    ) -> Result<Self, PrivacyError> {
        let mut inside = Inside::default();
        for domain in internal_domains {
            let domain = domain.as_ref();
            inside
                .add(domain)
                .ok_or_else(|| PrivacyError::Domain(domain.to_owned()))?;
        }
        Ok(Self {
            inside,
            never: Never::default(),
            send_query,
        })
    }

    /// The privacy rules of a case.
    ///
    /// # Errors
    /// When a rule cannot be parsed.
    pub fn of(settings: &Settings) -> Result<Self, PrivacyError> {
        Self::new(&settings.internal_domains, settings.send_query)?
            .never_sending(&settings.never_send)
    }

    /// Adds the patterns of `intel.never_send` to the rules.
    ///
    /// # Errors
    /// When a pattern cannot be parsed.
    pub fn never_sending<S: AsRef<str>>(mut self, patterns: &[S]) -> Result<Self, PrivacyError> {
        for pattern in patterns {
            self.never.add(pattern.as_ref())?;
        }
        Ok(self)
    }

    /// True when the host of a url is internal.
    pub fn is_internal(&self, url: &Url) -> bool {
        let host = url.host();
        host.is_some_and(|host| self.inside.why(&host).is_some())
    }

    /// True for a domain of the tenant's own, or one below it.
    pub fn is_own_domain(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        self.inside.why_declared(&Host::Domain(&domain)).is_some()
    }

    /// Decides whether a url may be sent, and in what form.
    pub fn decide(&self, url: &Url) -> Decision {
        if !matches!(url.scheme(), "http" | "https") {
            return Decision::Skip(format!("not a web address but {}:", url.scheme()));
        }
        let Some(host) = url.host() else {
            return Decision::Skip("no host".to_owned());
        };
        if let Some(reason) = self.inside.why(&host) {
            return Decision::Skip(reason);
        }
        if let Some(pattern) = self.never.find(&host, url.path()) {
            return Decision::Skip(format!("never_send pattern {pattern}"));
        }
        let mut sent = url.clone();
        if sent.set_username("").is_err() || sent.set_password(None).is_err() {
            return Decision::Skip("its user and password cannot be left out".to_owned());
        }
        let mask = Mask::new(&self.inside, &self.never);
        let part = if self.send_query {
            Part::Whole
        } else {
            Part::Query
        };
        if let Some(path) = mask.hide(url.path(), Part::Path) {
            sent.set_path(&path);
        }
        if let Some(query) = url.query().and_then(|query| mask.hide(query, part)) {
            sent.set_query(Some(&query));
        }
        if let Some(fragment) = url
            .fragment()
            .and_then(|fragment| mask.hide(fragment, part))
        {
            sent.set_fragment(Some(&fragment));
        }
        Decision::Ask(sent.into())
    }
}

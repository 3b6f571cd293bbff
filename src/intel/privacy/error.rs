//! Errors in the privacy rules.

/// A privacy rule in the configuration that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivacyError {
    /// An entry of `tenant.internal_domains` that is not a domain or an address.
    #[error(
        "tenant.internal_domains: `{0}` is neither a domain nor an address; write it as `contoso.com`, without scheme, port or path"
    )]
    Domain(String),
    /// An entry of `intel.never_send` that is not a valid pattern.
    #[error(
        "intel.never_send: `{pattern}` {what}; write it as `*.partner.example` or `partner.example/hr/*`"
    )]
    Pattern {
        /// The pattern as it was written.
        pattern: String,
        /// What is wrong with the pattern.
        what: &'static str,
    },
}

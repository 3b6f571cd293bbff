//! Privacy rules that cannot be understood.

/// A privacy rule in the configuration cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivacyError {
    /// An entry of `tenant.internal_domains`.
    #[error(
        "tenant.internal_domains: `{0}` is neither a domain nor an address; write it as `contoso.com`, without scheme, port or path"
    )]
    Domain(String),
    /// An entry of `intel.never_send`.
    #[error(
        "intel.never_send: `{pattern}` {what}; write it as `*.partner.example` or `partner.example/hr/*`"
    )]
    Pattern {
        /// As it was written.
        pattern: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

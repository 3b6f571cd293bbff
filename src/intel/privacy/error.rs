//! Rules that cannot be understood.

/// Why a rule cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivacyError {
    /// An internal domain that is none.
    #[error(
        "tenant.internal_domains: `{0}` is neither a domain nor an address; write it as `contoso.com`, without scheme, port or path"
    )]
    Domain(String),
    /// A pattern that is none.
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

//! Finds the links of a Teams message, removes their wrappers and normalises them.
//!
//! Everything here is a pure function on text: no input or output, no clock, no panic whatever the input is, and time
//! linear in its length. Nothing is ever fetched to find out where a link leads.
//!
//! [`extract()`] reads the body and the attachments of a message, [`canonical()`] reads one url from a log or a command
//! line, and [`request_match`] compares a logged request with a url.
//!
//! # Layout
//!
//! ```text
//! body ──▶ walk (html, entity) ──▶ collect ──▶ canonical ──▶ Link
//!                 text ───────────────▲            ├─ refang
//! attachment ──▶ card (json, markdown)┘            ├─ handler, unwrap
//!                                                  └─ WHATWG rules (crate url)
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod attachment;
mod canonical;
mod card;
mod collect;
mod defang;
mod domain;
mod element;
mod entity;
mod extensions;
mod extract;
mod handler;
mod html;
mod internal;
mod invisible;
mod json;
mod lookalike;
mod markdown;
mod message;
mod message_address;
mod own;
mod refang;
mod request;
mod services;
mod share;
mod shared;
mod text;
mod unwrap;
mod walk;
mod wrapper;

pub use attachment::Attachment;
pub use canonical::canonical;
pub use defang::{defang, defang_text};
pub use domain::{Domain, domain, host_search_terms, is_registrable, path_search_terms};
pub(crate) use domain::{first_label, has_public_suffix};
pub use extensions::extended_request;
pub use extract::{extract, extract_for, visible_text};
pub use lookalike::Lookalikes;
pub use message::{Body, Link, Origin};
pub use message_address::MessageAddress;
pub use own::Own;
pub(crate) use refang::{refang, without_escapes};
pub use request::{MatchKind, logged_request_match, request_match};
pub(crate) use request::{host, request_host};
pub use services::{is_opaque_wrapper, is_shortener};
pub use shared::is_shared;
pub use wrapper::Wrapper;

#[cfg(test)]
mod tests;

//! Evidence: finds what the journal holds about a node or an edge.
//!
//! A record is an answer of fifty messages or a thousand rows, of which one or two mention the element in question.
//! [`Matcher::parts`] finds those. It does not search for ids in text: every part is parsed as its stage parses it, for
//! the users, hosts, urls, messages and places that it mentions, and those are compared with the element. So a wrapped
//! link in a message is found for the url it leads to, while an id that is only a substring of another id is not.
//!
//! [`find()`] finds the element that an analyst typed, and [`command()`] returns the command that shows an element.
//!
//! ```text
//! record ──▶ body ──▶ mentions ──▶ index ─┐
//!                                         ├─▶ Matcher ──▶ Parts
//! graph ──▶ Resolver ──▶ NodeMatcher ─────┘
//! ```

mod body;
mod command;
mod dossier;
mod element;
mod excerpt;
mod find;
mod index;
mod matcher;
mod mentions;
mod parts;
mod resolver;
mod similar;
mod words;

pub use command::command;
pub use dossier::Dossier;
pub use element::Element;
pub use excerpt::Excerpt;
pub use find::{Found, NotFound, find, record};
pub use matcher::Matcher;
pub use parts::{Part, Parts};
pub use resolver::Resolver;

#[cfg(test)]
mod defender_tests;
#[cfg(test)]
mod tests;

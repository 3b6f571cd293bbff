//! Evidence: from a node or an edge to what the journal says of it.
//!
//! A record is an answer of fifty messages or a thousand rows, of which one or two mention the element in question.
//! [`Matcher::parts`] tells which. It does not search for ids in text: every part is read as its stage reads it, for
//! the users, hosts, urls, messages and places that it mentions, and those are compared with the element. So a wrapped
//! link in a message is found for the url it leads to, and a user whose id happens to stand in a chat's id is not.
//!
//! [`find()`] makes an element of what an analyst types, and [`command()`] tells what to type.
//!
//! ```text
//! record ──▶ body ──▶ mentions ──▶ index ──▶ ParsedRecord ─┐
//!                                                          ├─▶ Matcher ──▶ Parts
//! graph ──▶ Resolver ──▶ NodeMatcher ──────────────────────┘
//! ```

mod body;
mod command;
mod element;
mod find;
mod index;
mod matcher;
mod mentions;
mod record;
mod resolver;

pub use command::command;
pub use element::Element;
pub use find::{Found, NotFound, find};
pub use matcher::Matcher;
pub use record::{ParsedRecord, Part, Parts};
pub use resolver::Resolver;

#[cfg(test)]
mod tests;

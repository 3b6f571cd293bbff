//! Links in Teams messages: found, unwrapped, normalised. Pure functions on text: no I/O, no clock,
//! no panic whatever comes in, and time linear in the input.
//!
//! [`extract`] reads the body and the attachments of a message, [`canonical`] one url from a log or
//! a command line, and [`request_match`] compares a logged request with a url. Nothing is ever
//! fetched to find a target.
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
mod handler;
mod html;
mod internal;
mod invisible;
mod json;
mod lookalike;
mod markdown;
mod refang;
mod request;
mod text;
mod unwrap;
mod walk;
mod wrapper;

use std::fmt;

use url::Url;

pub use attachment::Attachment;
pub use canonical::canonical;
pub use defang::{defang, defang_text};
pub use domain::{Domain, domain, host_needles, is_registrable, path_needles};
pub use lookalike::Lookalikes;
pub use request::{Hit, logged_request_match, request_match};
pub(crate) use request::{host, request_host};
pub use wrapper::Wrapper;

use collect::{Collector, Style};
use invisible::Line;
use walk::{Break, Place, Visitor};

/// The body of a message as Graph gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// `contentType` is `html`; else the content is plain text.
    pub html: bool,
    /// `content`, which Graph leaves null in deleted messages.
    pub content: Option<&'a str>,
}

/// Where in a message a link stood, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// In an anchor of the body (or another element that opens a url).
    Href,
    /// In a card: an action, or its text.
    Card,
    /// An attached file, or a link in a forwarded message.
    Attachment,
    /// In the running text of the body.
    Text,
}

impl Origin {
    /// The name used in the graph.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Href => "href",
            Origin::Card => "card",
            Origin::Attachment => "attachment",
            Origin::Text => "text",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A link in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads, unwrapped and normalised with the WHATWG rules.
    pub url: Url,
    /// Where it stood.
    pub origin: Origin,
    /// What the reader saw in its place, as one safe line: the text of the anchor, the title of the
    /// action, the name of the file. `None` when that was the url itself or nothing.
    pub text: Option<String>,
    /// As it was sent: wrapped, defanged, not normalised.
    pub raw: String,
    /// What it was wrapped in, outermost first.
    pub wrapped_by: Vec<Wrapper>,
    /// What the reader saw shows a host that is not the host of `url`.
    pub mismatch: bool,
}

/// The distinct links of a message.
///
/// Of several occurrences of one url the first of the most telling kind is given, in the order of
/// [`Origin`]. When that one does not mismatch and others do, the first of those gives everything
/// but the origin: the text that lied, and what was sent under it. The order is that of the kinds,
/// then that of the message.
///
/// Not links: deep links to places in Teams, pictures without an action, stored pictures
/// (`hostedContents`), quoted messages, names of schemas, `mailto:`, `javascript:`, `data:` and the
/// like. The text of an anchor is never a second link.
pub fn extract(body: Body<'_>, attachments: &[Attachment]) -> Vec<Link> {
    let mut collector = Collector::default();
    match body.content {
        Some(content) if body.html => collector.message(content),
        Some(content) => {
            let content = collect::visible(content);
            collector.text(&content, Origin::Text, Style::Plain, false);
        }
        None => {}
    }
    for attachment in attachments {
        attachment::collect(attachment, &mut collector);
    }
    collector.into_links()
}

/// The text that a reader of the body sees, as one line: white space collapsed, no HTML, nothing
/// that is not displayed, no control, bidirectional or zero-width characters.
pub fn visible_text(body: Body<'_>) -> String {
    let mut visible = Visible::default();
    match body.content {
        Some(content) if body.html => walk::walk(content, entity::Rules::Text, &mut visible),
        Some(content) => visible.line.push(content),
        None => {}
    }
    visible.line.into_text()
}

#[derive(Default)]
struct Visible {
    line: Line,
}

impl Visitor<'_> for Visible {
    fn text(&mut self, text: &str, place: Place) {
        if place != Place::Hidden {
            self.line.push(text);
        }
    }

    fn pause(&mut self, kind: Break) {
        if kind == Break::Block {
            self.line.gap();
        }
    }

    fn emoji(&mut self, text: &str) {
        self.line.push(text);
    }
}

#[cfg(test)]
mod tests;

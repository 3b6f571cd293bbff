//! A message as links are read from it, and what is found there.

use std::fmt;

use url::Url;

use super::wrapper::Wrapper;

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

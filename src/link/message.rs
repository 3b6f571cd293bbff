//! The input and the output of the extraction: a message body, and a link that was found in it.

use std::fmt;

use url::Url;

use super::wrapper::Wrapper;

/// The body of a message as Graph gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// True when `contentType` is `html`; otherwise the content is plain text.
    pub html: bool,
    /// The property `content`, which Graph leaves null in deleted messages.
    pub content: Option<&'a str>,
}

/// Where in a message a link was found. When a url occurs in several places, the first of this order is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// In an anchor of the body, or in another element that opens a url.
    Href,
    /// In an action or a text of a card.
    Card,
    /// An attached file, or a link inside a forwarded message.
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

/// A link that was found in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The target, without wrappers and normalised by the WHATWG rules.
    pub url: Url,
    /// Where in the message it was found.
    pub origin: Origin,
    /// What the reader saw instead of the url, as one line that is safe to show: the text of the anchor, the title of
    /// the action, the name of the file. `None` when nothing was shown, or the url itself.
    pub text: Option<String>,
    /// The link as it was sent: with its wrappers, perhaps defanged, not normalised.
    pub raw: String,
    /// The wrappers that were removed, the outermost first.
    pub wrapped_by: Vec<Wrapper>,
    /// True when the text that the reader saw shows another host than that of `url`.
    pub mismatch: bool,
    /// True when nobody could open the url as it stood (`hxxps://evil[.]example`), at every place in the message.
    pub defanged: bool,
}

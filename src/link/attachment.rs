//! Attachments of a message: files, cards and references to other messages.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::card;
use super::collect::Collector;
use super::entity::Rules;
use super::json::{Event, Events};
use super::message::Origin;

/// One attachment of a chatMessage as Graph gives it. A property that is null, missing or of another type than
/// documented is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The attachment's id, to which `<attachment id="…">` in the body refers.
    pub id: Option<String>,
    /// A media type, a card type, `reference`, `messageReference` or `forwardedMessageReference`.
    pub content_type: Option<String>,
    /// For files, the address of the content.
    pub content_url: Option<String>,
    /// For cards and references to messages, the content as JSON in a string. JSON that is not in a string is accepted
    /// and turned into one.
    pub content: Option<String>,
    /// For files, the name.
    pub name: Option<String>,
}

impl<'de> Deserialize<'de> for Attachment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let mut text = |key: &str| match value.get_mut(key).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            Some(document @ (Value::Object(_) | Value::Array(_))) if key == "content" => {
                Some(document.to_string())
            }
            _ => None,
        };
        Ok(Attachment {
            id: text("id"),
            content_type: text("contentType"),
            content_url: text("contentUrl"),
            content: text("content"),
            name: text("name"),
        })
    }
}

/// Collects the links of one attachment.
pub(crate) fn collect(attachment: &Attachment, collector: &mut Collector<'_>) {
    let kind = attachment
        .content_type
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let content = attachment.content.as_deref().unwrap_or_default();
    match kind.as_str() {
        // A quoted message was written by somebody else, and is read where it was sent.
        "messagereference" => return,
        "forwardedmessagereference" => {
            for html in forwarded(content) {
                collector.html(&html, Rules::Text, Origin::Attachment, false);
            }
            return;
        }
        _ => {}
    }
    if let Some(url) = &attachment.content_url
        && !kind.starts_with("image/")
    {
        collector.file(url, attachment.name.as_deref());
    }
    if card::is_json(content) {
        card::collect(content, collector);
    } else if !content.is_empty() {
        collector.html(content, Rules::Text, Origin::Attachment, false);
    }
}

/// The HTML bodies inside a reference to a forwarded message.
fn forwarded(content: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    let mut wanted = false;
    for event in Events::new(content) {
        match event {
            Event::Key(key) => wanted = key.eq_ignore_ascii_case("originalMessageContent"),
            Event::String(body) if wanted => {
                bodies.push(body.into_owned());
                wanted = false;
            }
            _ => wanted = false,
        }
    }
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_can_be_an_attachment() {
        let read = |json: &str| serde_json::from_str::<Attachment>(json).unwrap();
        for json in [
            "null",
            "1",
            "[]",
            "\"x\"",
            "{}",
            r#"{"id":1,"content":null,"name":[]}"#,
        ] {
            assert_eq!(read(json), Attachment::default(), "{json}");
        }
        let attachment = read(r#"{"contentType":"x","content":{"a":[1]},"contentUrl":{"b":1}}"#);
        assert_eq!(attachment.content.as_deref(), Some(r#"{"a":[1]}"#));
        assert_eq!(attachment.content_url, None);
    }
}

//! The elements of a page, as a parser of HTML sees them.

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use serde_json::Value;

/// An element of a page: its name, its attributes, and the text in it when it is a script or a style.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Elements(RefCell<Vec<Element>>);

impl TokenSink for Elements {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let name = tag.name.to_string();
                let attributes = tag.attrs.iter();
                self.0.borrow_mut().push(Element {
                    attributes: attributes
                        .map(|attr| (attr.name.local.to_string(), attr.value.to_string()))
                        .collect(),
                    text: String::new(),
                    name: name.clone(),
                });
                return match name.as_str() {
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" => TokenSinkResult::RawData(RawKind::Rawtext),
                    "title" => TokenSinkResult::RawData(RawKind::Rcdata),
                    _ => TokenSinkResult::Continue,
                };
            }
            // What follows a script is not in it.
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                self.0.borrow_mut().push(Element {
                    name: format!("/{name}"),
                    attributes: Vec::new(),
                    text: String::new(),
                });
            }
            Token::CharacterTokens(text) => {
                if let Some(last) = self.0.borrow_mut().last_mut() {
                    last.text.push_str(&text);
                }
            }
            Token::CommentToken(text) => panic!("a comment: {text}"),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Every element of a page, in its order.
pub(crate) fn elements(page: &str) -> Vec<Element> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(page));
    let tokenizer = Tokenizer::new(Elements::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

/// The data that the script of a report reads.
pub(crate) fn data(page: &str) -> Value {
    let all = elements(page);
    let block = all
        .iter()
        .find(|element| element.attribute("id") == Some("data"))
        .expect("a block of data");
    assert_eq!(block.name, "script");
    assert_eq!(block.attribute("type"), Some("text/plain"));
    let zipped = STANDARD.decode(&block.text).expect("base64");
    serde_json::from_reader(flate2::read::GzDecoder::new(&zipped[..])).expect("JSON")
}

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{RawKind, State};
use html5ever::tokenizer::{
    TagKind, Token as Peer, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use proptest::prelude::*;
use std::cell::RefCell;

use super::*;

/// What both tokenizers can say about a document.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Start(String, Vec<(String, String)>),
    End(String),
}

fn add_text(pieces: &mut Vec<Piece>, text: &str) {
    let text = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\0', "");
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(&text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece::Text(text)),
    }
}

/// The document read by [`Tokens`]. What comes after a cut tag is nothing.
fn ours(html: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut tokens = Tokens::new(html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => add_text(&mut pieces, &entity::decode(text, Rules::Text)),
            Token::Raw(text, _) => add_text(&mut pieces, text),
            Token::Start(name) => {
                let mut attributes: Vec<(String, String)> = Vec::new();
                for (name, value) in tokens.attributes() {
                    let name = name.to_ascii_lowercase().replace('\0', "\u{fffd}");
                    if !attributes.iter().any(|(found, _)| *found == name) {
                        let value = entity::decode(value, Rules::Attribute);
                        let value = value.replace("\r\n", "\n").replace('\r', "\n");
                        attributes.push((name, value.replace('\0', "\u{fffd}")));
                    }
                }
                pieces.push(Piece::Start(name.0.to_ascii_lowercase(), attributes));
            }
            Token::End(name) => pieces.push(Piece::End(name.0.to_ascii_lowercase())),
            Token::Cut(_) => {}
        }
    }
    pieces
}

/// Collects what html5ever's tokenizer reads, with the states that its tree builder would ask for.
struct Sink(RefCell<Vec<Piece>>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Peer, _: u64) -> TokenSinkResult<()> {
        let mut pieces = self.0.borrow_mut();
        match token {
            Peer::CharacterTokens(text) => add_text(&mut pieces, &text),
            Peer::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let attributes = tag
                    .attrs
                    .iter()
                    .map(|attribute| {
                        (
                            attribute.name.local.to_string(),
                            attribute.value.to_string(),
                        )
                    })
                    .collect();
                pieces.push(Piece::Start(tag.name.to_string(), attributes));
                return match &*tag.name {
                    "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
                    "style" | "iframe" | "noembed" | "noframes" | "xmp" => {
                        TokenSinkResult::RawData(RawKind::Rawtext)
                    }
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "plaintext" => TokenSinkResult::Plaintext,
                    _ => TokenSinkResult::Continue,
                };
            }
            Peer::TagToken(tag) => pieces.push(Piece::End(tag.name.to_string())),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn html5evers(html: &str) -> Vec<Piece> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let options = TokenizerOpts {
        discard_bom: false,
        initial_state: Some(State::Data),
        ..TokenizerOpts::default()
    };
    let tokenizer = Tokenizer::new(Sink(RefCell::new(Vec::new())), options);
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[test]
fn reads_what_html5ever_reads() {
    for html in [
        r#"<a href="https://evil.example/?a=1&amp;b=2&copy=3" href=second>x &amp; y</a>"#,
        "<a href=https://evil.example/a/b>x</a><a href='x'y=z / q>",
        "<a\nhref\t=\n\"a>b\"\n>x</a ignored='x'>",
        "<p>1 < 2, <3, </ p>, </>, <?pi?>, <!doctype html>x<!-- c --!>y<!--->z<!-->w<!-- >--->v",
        "<script>if (a<b) '</scriptx>'</script >x<style></style><title>a<b>&amp;</TITLE>y",
        "<textarea></textarea><xmp><a></xmp><plaintext></plaintext>",
        "a<br/>b<br / >c<a = x></a><a ='x'><a b = ><a\u{e4}\u{20ac} \u{20ac}=\u{20ac}>",
        "x</a",
        "x<",
        "x</",
        "x<!",
        "x<!--",
        "&#0;&ampx&notit;\0<a \0=\0>",
        "<!-- -- > - --><![CDATA[ x ]]>y",
    ] {
        assert_eq!(ours(html), html5evers(html), "{html}");
    }
}

#[test]
fn a_tag_that_never_ends_is_cut() {
    for (html, source) in [
        ("x<a href='y", "<a href='y"),
        ("<a b", "<a b"),
        ("</a", "</a"),
    ] {
        let mut tokens = Tokens::new(html);
        let mut last = None;
        while let Some(token) = tokens.next() {
            last = Some(token);
        }
        assert_eq!(last, Some(Token::Cut(source)));
    }
}

#[test]
fn nothing_is_special_inside_svg() {
    let mut tokens = Tokens::new("<svg><style><a href=x></svg><style><a href=y>");
    let mut names = Vec::new();
    while let Some(token) = tokens.next() {
        if let Token::Start(name) = token {
            names.push(name.0);
        }
    }
    assert_eq!(names, ["svg", "style", "a", "style"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_any_markup_as_html5ever_does(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("<"), Just(">"), Just("</"), Just("/"), Just("="), Just("\""), Just("'"),
                Just(" "), Just("\n"), Just("!"), Just("-"), Just("--"), Just("<!--"), Just("-->"),
                Just("?"), Just("a"), Just("A"), Just("b"), Just("href"), Just("&"), Just("amp"),
                Just(";"), Just("#"), Just("x41"), Just("<a href="), Just("</a>"), Just("<title>"),
                Just("</title>"), Just("<style>"), Just("</style"), Just("<xmp>"), Just("</xmp>"),
                Just("&amp;"), Just("&copy"), Just("\u{e4}"), Just("\u{1f600}"), Just("\r\n"),
            ],
            0..24,
        )
    ) {
        let html: String = pieces.concat();
        prop_assert_eq!(ours(&html), html5evers(&html), "{}", html);
    }
}

//! What an HTML message means for links and text: anchors, blocks, mentions, quotes, hidden parts.

use std::borrow::Cow;

use super::entity::{self, Rules};
use super::html::{Name, Token, Tokens};

/// Where a stretch of text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In sight.
    Shown,
    /// In sight, as the preview of another message that this one answers.
    Quoted,
    /// In an element that is not displayed.
    Hidden,
}

/// What happens to an element that something is put between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// A new block or line: a gap for the eye.
    Block,
    /// A picture or a mention: it ends a url, but no gap is seen.
    Inline,
}

/// Receives what [`walk`] reads.
pub(crate) trait Visitor {
    /// Text, character references decoded.
    fn text(&mut self, text: &str, place: Place);
    /// The end of a block, or something in the middle of a line.
    fn pause(&mut self, kind: Break);
    /// An emoji that is a picture, by the character it stands for.
    fn emoji(&mut self, text: &str) {
        let _ = text;
    }
    /// An anchor starts; its text follows, up to [`Visitor::anchor_end`].
    fn anchor(&mut self, href: Cow<'_, str>) {
        let _ = href;
    }
    fn anchor_end(&mut self) {}
    /// Something without a text of its own that leads to a url.
    fn target(&mut self, raw: &str, label: Option<&str>) {
        let _ = (raw, label);
    }
    /// The document's base url.
    fn base(&mut self, href: &str) {
        let _ = href;
    }
    /// A tag that the input ends in.
    fn cut(&mut self, source: &str) {
        let _ = source;
    }
}

/// Which elements are passed over, until their end tags.
#[derive(Default)]
struct Region<'i> {
    name: &'i str,
    depth: usize,
}

impl<'i> Region<'i> {
    fn is_open(&self) -> bool {
        self.depth > 0
    }

    fn start(&mut self, name: Name<'i>) {
        if self.depth == 0 {
            self.name = name.0;
        }
        self.depth += usize::from(name.is(self.name));
    }

    /// A start tag inside the region: it goes one deeper, or ends what it cannot stand in.
    fn start_tag(&mut self, name: Name<'i>, lower: &str) {
        if self.depth == 0 {
            return;
        }
        let ends_paragraph = Name("p").is(self.name)
            && !matches!(lower, "br" | "button" | "select" | "option")
            && pause(lower) == Some(Break::Block);
        if !name.is(self.name) {
            self.depth = if ends_paragraph { 0 } else { self.depth };
        } else if matches!(
            lower,
            "p" | "li" | "dd" | "dt" | "td" | "th" | "tr" | "option"
        ) {
            self.depth = 0;
        } else {
            self.depth += 1;
        }
    }

    fn end_tag(&mut self, name: Name<'i>) {
        if self.depth > 0 && name.is(self.name) {
            self.depth -= 1;
        }
    }
}

/// The depth of tables, and the one an open anchor stands in: a cell ends the anchor in it.
#[derive(Default)]
struct Tables {
    depth: usize,
    anchor: Option<usize>,
}

/// Reads `html` once, from front to back.
pub(crate) fn walk(html: &str, rules: Rules, visitor: &mut impl Visitor) {
    let mut tokens = Tokens::new(html);
    let mut hidden = Region::default();
    let mut quote = Region::default();
    let mut tables = Tables::default();
    let mut room = [0; 16];
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(raw) => {
                let place = match (hidden.is_open(), quote.is_open()) {
                    (true, _) => Place::Hidden,
                    (_, true) => Place::Quoted,
                    _ => Place::Shown,
                };
                visitor.text(&entity::decode(raw, rules), place);
            }
            Token::Raw(text, "xmp" | "plaintext") => visitor.text(text, Place::Shown),
            Token::Raw(..) => {}
            Token::Cut(source) => visitor.cut(source),
            Token::Start(name) => {
                let lower = name.lower(&mut room);
                hidden.start_tag(name, lower);
                quote.start_tag(name, lower);
                start(&tokens, lower, &mut tables, visitor);
                let void = is_void(lower);
                let unseen = matches!(lower, "title" | "template" | "datalist" | "noscript");
                if !hidden.is_open()
                    && (unseen || (!void && tokens.has_attributes() && is_hidden(&tokens)))
                {
                    hidden.start(name);
                }
                if !quote.is_open() && lower == "blockquote" && is_reply(&tokens) {
                    quote.start(name);
                }
            }
            Token::End(name) => {
                let lower = name.lower(&mut room);
                if lower == "a" || tables.ends_cell(lower) {
                    end_anchor(&mut tables, visitor);
                }
                if lower == "table" {
                    tables.depth = tables.depth.saturating_sub(1);
                }
                if let Some(kind) = pause(lower) {
                    visitor.pause(kind);
                }
                hidden.end_tag(name);
                quote.end_tag(name);
            }
        }
    }
    end_anchor(&mut tables, visitor);
}

impl Tables {
    /// True for the tags that end a cell in which an anchor is open.
    fn ends_cell(&self, name: &str) -> bool {
        self.depth > 0
            && self.anchor.is_some_and(|depth| depth >= self.depth)
            && matches!(
                name,
                "td" | "th" | "tr" | "caption" | "tbody" | "thead" | "tfoot" | "table"
            )
    }
}

fn end_anchor(tables: &mut Tables, visitor: &mut impl Visitor) {
    if tables.anchor.take().is_some() {
        visitor.anchor_end();
    }
}

fn start(tokens: &Tokens<'_>, lower: &str, tables: &mut Tables, visitor: &mut impl Visitor) {
    if lower != "table" && tables.ends_cell(lower) {
        end_anchor(tables, visitor);
    }
    if let Some(kind) = pause(lower) {
        visitor.pause(kind);
    }
    match lower {
        "a" => {
            end_anchor(tables, visitor);
            if let Some(href) = tokens
                .attribute("href")
                .or_else(|| tokens.attribute("xlink:href"))
            {
                tables.anchor = Some(tables.depth);
                visitor.anchor(href);
            }
        }
        "table" => tables.depth += 1,
        "area" => {
            if let Some(href) = tokens.attribute("href") {
                visitor.target(&href, tokens.attribute("alt").as_deref());
            }
        }
        "form" => target(tokens, "action", visitor),
        "button" | "input" => target(tokens, "formaction", visitor),
        "iframe" | "frame" => target(tokens, "src", visitor),
        "base" => {
            if let Some(href) = tokens.attribute("href") {
                visitor.base(&href);
            }
        }
        "meta" => {
            if let Some(url) = refresh(tokens) {
                visitor.target(&url, None);
            }
        }
        "emoji" => emoji(tokens, visitor),
        "img" => {
            let kind = tokens.attribute("itemtype").unwrap_or_default();
            if kind
                .to_ascii_lowercase()
                .ends_with("schema.skype.com/emoji")
            {
                emoji(tokens, visitor);
            }
        }
        // `<https://evil.example>` as in Markdown, where it should have been escaped.
        "http:" | "https:" => {
            let source = tokens.tag_source();
            visitor.pause(Break::Inline);
            visitor.text(source.trim_matches(['<', '>']), Place::Hidden);
            visitor.pause(Break::Inline);
        }
        _ => {}
    }
}

fn target(tokens: &Tokens<'_>, attribute: &str, visitor: &mut impl Visitor) {
    if let Some(url) = tokens.attribute(attribute) {
        visitor.target(&url, None);
    }
}

fn emoji(tokens: &Tokens<'_>, visitor: &mut impl Visitor) {
    if let Some(alt) = tokens.attribute("alt") {
        visitor.emoji(&alt);
    }
}

/// The url of `<meta http-equiv="refresh" content="0; url=…">`.
fn refresh(tokens: &Tokens<'_>) -> Option<String> {
    let kind = tokens.attribute("http-equiv")?;
    let content = tokens.attribute("content")?;
    let at = content.to_ascii_lowercase().find("url")?;
    let url = content[at + 3..].trim_start().strip_prefix('=')?;
    kind.eq_ignore_ascii_case("refresh")
        .then(|| url.trim().to_owned())
}

/// True for a start tag whose element is not displayed.
fn is_hidden(tokens: &Tokens<'_>) -> bool {
    if tokens.attribute("hidden").is_some() {
        return true;
    }
    let Some(style) = tokens.attribute("style") else {
        return false;
    };
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    style.to_ascii_lowercase().split(';').any(|rule| {
        let rule = rule.strip_suffix("!important").unwrap_or(rule);
        let zero = |value: &str| {
            let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            digits.parse::<f32>() == Ok(0.0)
        };
        matches!(rule, "display:none" | "visibility:hidden" | "mso-hide:all")
            || rule.strip_prefix("font-size:").is_some_and(zero)
    })
}

/// True for the preview of the message that this one answers, as Teams writes it into a body. It
/// holds plain text only; the words in it are somebody else's.
fn is_reply(tokens: &Tokens<'_>) -> bool {
    let kind = tokens.attribute("itemtype").unwrap_or_default();
    kind.to_ascii_lowercase()
        .ends_with("schema.skype.com/reply")
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// What an element's tags are for the text around them; `None` for what stands in the line.
fn pause(name: &str) -> Option<Break> {
    match name {
        "address" | "article" | "aside" | "blockquote" | "body" | "br" | "button" | "caption"
        | "center" | "codeblock" | "dd" | "details" | "dialog" | "dir" | "div" | "dl" | "dt"
        | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "frame" | "h1" | "h2"
        | "h3" | "h4" | "h5" | "h6" | "head" | "header" | "hr" | "html" | "iframe" | "legend"
        | "li" | "listing" | "main" | "menu" | "nav" | "ol" | "optgroup" | "option" | "p"
        | "plaintext" | "pre" | "search" | "section" | "select" | "summary" | "table" | "tbody"
        | "td" | "textarea" | "tfoot" | "th" | "thead" | "title" | "tr" | "ul" | "xmp" => {
            Some(Break::Block)
        }
        "at" | "attachment" | "audio" | "canvas" | "embed" | "emoji" | "img" | "input" | "math"
        | "object" | "svg" | "video" => Some(Break::Inline),
        _ => None,
    }
}

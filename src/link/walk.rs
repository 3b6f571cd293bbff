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
    fn start_tag(&mut self, name: Name<'i>, lower: &[u8]) {
        let ends_paragraph = Name("p").is(self.name)
            && !matches!(lower, b"br" | b"button" | b"select" | b"option")
            && pause(lower) == Some(Break::Block);
        if !name.is(self.name) {
            self.depth = if ends_paragraph { 0 } else { self.depth };
        } else if matches!(
            lower,
            b"p" | b"li" | b"dd" | b"dt" | b"td" | b"th" | b"tr" | b"option"
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
                for region in [&mut hidden, &mut quote] {
                    if region.is_open() {
                        region.start_tag(name, lower);
                    }
                }
                start(&tokens, lower, &mut tables, visitor);
                let void = is_void(lower);
                let unseen = matches!(lower, b"title" | b"template" | b"datalist" | b"noscript");
                if !hidden.is_open()
                    && (unseen || (!void && tokens.has_attributes() && is_hidden(&tokens)))
                {
                    hidden.start(name);
                }
                if !quote.is_open() && lower == b"blockquote" && is_reply(&tokens) {
                    quote.start(name);
                }
            }
            Token::End(name) => {
                let lower = name.lower(&mut room);
                if lower == b"a" || tables.ends_cell(lower) {
                    end_anchor(&mut tables, visitor);
                }
                if lower == b"table" {
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
    fn ends_cell(&self, name: &[u8]) -> bool {
        self.depth > 0
            && self.anchor.is_some_and(|depth| depth >= self.depth)
            && matches!(
                name,
                b"td" | b"th" | b"tr" | b"caption" | b"tbody" | b"thead" | b"tfoot" | b"table"
            )
    }
}

fn end_anchor(tables: &mut Tables, visitor: &mut impl Visitor) {
    if tables.anchor.take().is_some() {
        visitor.anchor_end();
    }
}

fn start(tokens: &Tokens<'_>, lower: &[u8], tables: &mut Tables, visitor: &mut impl Visitor) {
    if lower != b"table" && tables.ends_cell(lower) {
        end_anchor(tables, visitor);
    }
    if let Some(kind) = pause(lower) {
        visitor.pause(kind);
    }
    match lower {
        b"a" => {
            end_anchor(tables, visitor);
            if let Some(href) = tokens
                .attribute("href")
                .or_else(|| tokens.attribute("xlink:href"))
            {
                tables.anchor = Some(tables.depth);
                visitor.anchor(href);
            }
        }
        b"table" => tables.depth += 1,
        b"area" => {
            if let Some(href) = tokens.attribute("href") {
                visitor.target(&href, tokens.attribute("alt").as_deref());
            }
        }
        b"form" => target(tokens, "action", visitor),
        b"button" | b"input" => target(tokens, "formaction", visitor),
        b"iframe" | b"frame" => target(tokens, "src", visitor),
        b"base" => {
            if let Some(href) = tokens.attribute("href") {
                visitor.base(&href);
            }
        }
        b"meta" => {
            if let Some(url) = refresh(tokens) {
                visitor.target(&url, None);
            }
        }
        b"emoji" => emoji(tokens, visitor),
        b"img" => {
            let kind = tokens.attribute("itemtype").unwrap_or_default();
            if kind
                .to_ascii_lowercase()
                .ends_with("schema.skype.com/emoji")
            {
                emoji(tokens, visitor);
            }
        }
        // `<https://evil.example>` as in Markdown, where it should have been escaped.
        b"http:" | b"https:" => {
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

fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

/// What an element's tags are for the text around them; `None` for what stands in the line.
fn pause(name: &[u8]) -> Option<Break> {
    match name {
        b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"br" | b"button"
        | b"caption" | b"center" | b"codeblock" | b"dd" | b"details" | b"dialog" | b"dir"
        | b"div" | b"dl" | b"dt" | b"fieldset" | b"figcaption" | b"figure" | b"footer"
        | b"form" | b"frame" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"head"
        | b"header" | b"hr" | b"html" | b"iframe" | b"legend" | b"li" | b"listing" | b"main"
        | b"menu" | b"nav" | b"ol" | b"optgroup" | b"option" | b"p" | b"plaintext" | b"pre"
        | b"search" | b"section" | b"select" | b"summary" | b"table" | b"tbody" | b"td"
        | b"textarea" | b"tfoot" | b"th" | b"thead" | b"title" | b"tr" | b"ul" | b"xmp" => {
            Some(Break::Block)
        }
        b"at" | b"attachment" | b"audio" | b"canvas" | b"embed" | b"emoji" | b"img" | b"input"
        | b"math" | b"object" | b"svg" | b"video" => Some(Break::Inline),
        _ => None,
    }
}

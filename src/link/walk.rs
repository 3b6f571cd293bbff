//! Walks through an HTML message once and reports what matters: text, anchors, other targets, hidden and quoted parts.

use std::borrow::Cow;

use super::element::{Element, Role, Separator};
use super::entity::{self, Rules};
use super::html::{Name, Token, Tokens};

/// Whether the reader sees a text, and as whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// Displayed.
    Shown,
    /// Displayed as the preview of the message that this one answers.
    Quoted,
    /// Inside an element that is not displayed.
    Hidden,
}

/// Receives what [`walk`] finds, in the order of the document.
pub(crate) trait Visitor<'i> {
    /// A text, with character references decoded.
    fn text(&mut self, text: &str, visibility: Visibility);
    /// A tag that separates the text before it from the text after it.
    fn separator(&mut self, kind: Separator);
    /// An emoji that is sent as a picture, as the character that it stands for.
    fn emoji(&mut self, text: &str) {
        let _ = text;
    }
    /// The start of an anchor. Its text follows, up to [`Visitor::anchor_end`].
    fn anchor(&mut self, href: Cow<'i, str>) {
        let _ = href;
    }
    /// The end of the anchor.
    fn anchor_end(&mut self) {}
    /// An element other than an anchor that opens a url.
    fn target(&mut self, raw: &str, label: Option<&str>) {
        let _ = (raw, label);
    }
    /// The url against which the document's relative urls are resolved.
    fn base(&mut self, href: &str) {
        let _ = href;
    }
    /// A tag that is cut off by the end of the input.
    fn cut(&mut self, source: &str) {
        let _ = source;
    }
}

/// An element whose whole content is treated alike, from its start tag to its end tag.
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

    /// A start tag inside the region: it opens a nested element, or ends the region if it cannot be inside it.
    fn start_tag(&mut self, name: Name<'i>, lower: &[u8], element: Element) {
        let ends_paragraph = Name("p").is(self.name)
            && !matches!(lower, b"br" | b"button" | b"select" | b"option")
            && element.separator == Some(Separator::Block);
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

/// How many tables are open, and how many were when the open anchor started: the end of a cell ends an anchor in it.
#[derive(Default)]
struct Tables {
    depth: usize,
    anchor: Option<usize>,
}

/// Reads `html` once, from front to back, and reports to the visitor.
pub(crate) fn walk<'i>(html: &'i str, rules: Rules, visitor: &mut impl Visitor<'i>) {
    let mut tokens = Tokens::new(html);
    let mut hidden = Region::default();
    let mut quote = Region::default();
    let mut tables = Tables::default();
    let mut buffer = [0; 16];
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(raw) => {
                let visibility = match (hidden.is_open(), quote.is_open()) {
                    (true, _) => Visibility::Hidden,
                    (_, true) => Visibility::Quoted,
                    _ => Visibility::Shown,
                };
                visitor.text(&entity::decode(raw, rules), visibility);
            }
            Token::Raw(text, "xmp" | "plaintext") => visitor.text(text, Visibility::Shown),
            Token::Raw(..) => {}
            Token::Cut(source) => visitor.cut(source),
            Token::Start(name) => {
                let lower = name.lower(&mut buffer);
                let element = Element::named(lower);
                for region in [&mut hidden, &mut quote] {
                    if region.is_open() {
                        region.start_tag(name, lower, element);
                    }
                }
                start_tag(&tokens, element, &mut tables, visitor);
                let unseen = element.role == Role::Unseen;
                if !hidden.is_open()
                    && (unseen
                        || (!element.is_void && tokens.has_attributes() && is_hidden(&tokens)))
                {
                    hidden.start(name);
                }
                if !quote.is_open() && element.role == Role::Blockquote && is_reply(&tokens) {
                    quote.start(name);
                }
            }
            Token::End(name) => {
                let element = Element::named(name.lower(&mut buffer));
                if element.role == Role::Anchor || tables.ends_cell(element.role) {
                    end_anchor(&mut tables, visitor);
                }
                if element.role == Role::Table {
                    tables.depth = tables.depth.saturating_sub(1);
                }
                if let Some(kind) = element.separator {
                    visitor.separator(kind);
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
    fn ends_cell(&self, role: Role) -> bool {
        matches!(role, Role::Cell | Role::Table)
            && self.depth > 0
            && self.anchor.is_some_and(|depth| depth >= self.depth)
    }
}

fn end_anchor<'i>(tables: &mut Tables, visitor: &mut impl Visitor<'i>) {
    if tables.anchor.take().is_some() {
        visitor.anchor_end();
    }
}

fn start_tag<'i>(
    tokens: &Tokens<'i>,
    element: Element,
    tables: &mut Tables,
    visitor: &mut impl Visitor<'i>,
) {
    if element.role == Role::Cell && tables.ends_cell(element.role) {
        end_anchor(tables, visitor);
    }
    if let Some(kind) = element.separator {
        visitor.separator(kind);
    }
    match element.role {
        Role::Anchor => {
            end_anchor(tables, visitor);
            if let Some(href) = tokens
                .attribute("href")
                .or_else(|| tokens.attribute("xlink:href"))
            {
                tables.anchor = Some(tables.depth);
                visitor.anchor(href);
            }
        }
        Role::Table => tables.depth += 1,
        Role::Area => {
            if let Some(href) = tokens.attribute("href") {
                visitor.target(&href, tokens.attribute("alt").as_deref());
            }
        }
        Role::Form => target(tokens, "action", visitor),
        Role::Button => target(tokens, "formaction", visitor),
        Role::Frame => target(tokens, "src", visitor),
        Role::Base => {
            if let Some(href) = tokens.attribute("href") {
                visitor.base(&href);
            }
        }
        Role::Meta => {
            if let Some(url) = meta_refresh_url(tokens) {
                visitor.target(&url, None);
            }
        }
        Role::Emoji => emoji(tokens, visitor),
        Role::Image => {
            let kind = tokens.attribute("itemtype").unwrap_or_default();
            if kind
                .to_ascii_lowercase()
                .ends_with("schema.skype.com/emoji")
            {
                emoji(tokens, visitor);
            }
        }
        Role::Url => {
            let source = tokens.tag_source();
            visitor.separator(Separator::Inline);
            visitor.text(source.trim_matches(['<', '>']), Visibility::Hidden);
            visitor.separator(Separator::Inline);
        }
        Role::None | Role::Blockquote | Role::Cell | Role::Unseen => {}
    }
}

fn target<'i>(tokens: &Tokens<'i>, attribute: &str, visitor: &mut impl Visitor<'i>) {
    if let Some(url) = tokens.attribute(attribute) {
        visitor.target(&url, None);
    }
}

fn emoji<'i>(tokens: &Tokens<'i>, visitor: &mut impl Visitor<'i>) {
    if let Some(alt) = tokens.attribute("alt") {
        visitor.emoji(&alt);
    }
}

/// The url of `<meta http-equiv="refresh" content="0; url=…">`.
fn meta_refresh_url(tokens: &Tokens<'_>) -> Option<String> {
    let kind = tokens.attribute("http-equiv")?;
    let content = tokens.attribute("content")?;
    let at = content.to_ascii_lowercase().find("url")?;
    let url = content[at + 3..].trim_start().strip_prefix('=')?;
    kind.eq_ignore_ascii_case("refresh")
        .then(|| url.trim().to_owned())
}

/// True when the attributes of the start tag hide its element.
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

/// True for the preview of the message that this one answers, as Teams writes it into a body. It holds plain text only,
/// written by somebody else.
fn is_reply(tokens: &Tokens<'_>) -> bool {
    let kind = tokens.attribute("itemtype").unwrap_or_default();
    kind.to_ascii_lowercase()
        .ends_with("schema.skype.com/reply")
}

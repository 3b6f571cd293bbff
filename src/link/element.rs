//! The elements of HTML, by what they mean for links and the text around them.

/// What happens to an element that something is put between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    /// A new block or line: a gap for the eye.
    Block,
    /// A picture or a mention: it ends a url, but no gap is seen.
    Inline,
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) role: Role,
    /// What its tags are for the text around them; `None` for what stands in the line.
    pub(crate) separator: Option<Separator>,
    /// It has no content and no end tag.
    pub(crate) is_void: bool,
}

/// What an element does beside standing in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing.
    None,
    Anchor,
    Area,
    Base,
    /// A preview of another message, perhaps.
    Blockquote,
    /// `button` and `input`: they may send a form elsewhere.
    Button,
    Emoji,
    Form,
    /// `iframe` and `frame`.
    Frame,
    Image,
    Meta,
    /// A part of a table.
    Cell,
    Table,
    /// Never displayed.
    Unseen,
    /// `<https://evil.example>` as in Markdown, where it should have been escaped.
    Url,
}

impl Element {
    const INLINE: Element = Element {
        role: Role::None,
        separator: None,
        is_void: false,
    };

    /// An element that does nothing more.
    const fn with(role: Role) -> Element {
        Element {
            role,
            ..Self::INLINE
        }
    }

    /// The same in a line of its own.
    const fn block(self) -> Element {
        Element {
            separator: Some(Separator::Block),
            ..self
        }
    }

    /// The same in the middle of a line, parting what stands on its sides.
    const fn parting(self) -> Element {
        Element {
            separator: Some(Separator::Inline),
            ..self
        }
    }

    const fn void(self) -> Element {
        Element {
            is_void: true,
            ..self
        }
    }

    /// The element of that name, which is in lower case.
    pub(crate) fn named(name: &[u8]) -> Element {
        match name {
            b"a" => Element::with(Role::Anchor),
            b"area" => Element::with(Role::Area).void(),
            b"base" => Element::with(Role::Base).void(),
            b"blockquote" => Element::with(Role::Blockquote).block(),
            b"button" => Element::with(Role::Button).block(),
            b"datalist" | b"noscript" | b"template" => Element::with(Role::Unseen),
            b"title" => Element::with(Role::Unseen).block(),
            b"emoji" => Element::with(Role::Emoji).parting(),
            b"form" => Element::with(Role::Form).block(),
            b"frame" | b"iframe" => Element::with(Role::Frame).block(),
            b"http:" | b"https:" => Element::with(Role::Url),
            b"img" => Element::with(Role::Image).parting().void(),
            b"input" => Element::with(Role::Button).parting().void(),
            b"meta" => Element::with(Role::Meta).void(),
            b"caption" | b"tbody" | b"td" | b"tfoot" | b"th" | b"thead" | b"tr" => {
                Element::with(Role::Cell).block()
            }
            b"table" => Element::with(Role::Table).block(),
            b"br" | b"hr" => Element::INLINE.block().void(),
            b"embed" => Element::INLINE.parting().void(),
            b"col" | b"link" | b"param" | b"source" | b"track" | b"wbr" => Element::INLINE.void(),
            b"address" | b"article" | b"aside" | b"body" | b"center" | b"codeblock" | b"dd"
            | b"details" | b"dialog" | b"dir" | b"div" | b"dl" | b"dt" | b"fieldset"
            | b"figcaption" | b"figure" | b"footer" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5"
            | b"h6" | b"head" | b"header" | b"html" | b"legend" | b"li" | b"listing" | b"main"
            | b"menu" | b"nav" | b"ol" | b"optgroup" | b"option" | b"p" | b"plaintext" | b"pre"
            | b"search" | b"section" | b"select" | b"summary" | b"textarea" | b"ul" | b"xmp" => {
                Element::INLINE.block()
            }
            b"at" | b"attachment" | b"audio" | b"canvas" | b"math" | b"object" | b"svg"
            | b"video" => Element::INLINE.parting(),
            _ => Element::INLINE,
        }
    }
}

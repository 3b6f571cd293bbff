//! What each HTML element means for links and for the text around it.

/// How a tag separates the text before it from the text after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    /// A new block or line, which the reader sees as a gap.
    Block,
    /// A picture or a mention, which ends a url but leaves no gap.
    Inline,
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) role: Role,
    /// How its tags separate the text around them; `None` for inline elements that do not.
    pub(crate) separator: Option<Separator>,
    /// True for elements without content and end tag.
    pub(crate) is_void: bool,
}

/// What an element does beyond structuring the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing.
    None,
    Anchor,
    Area,
    Base,
    /// It may be the preview of another message.
    Blockquote,
    /// `button` and `input`, which can send a form to a url of their own.
    Button,
    Emoji,
    Form,
    /// `iframe` and `frame`.
    Frame,
    Image,
    Meta,
    /// A part of a table that ends an anchor left open in the cell before.
    Cell,
    Table,
    /// Never displayed.
    Unseen,
    /// `<https://evil.example>`, as Markdown writes it, which should have been escaped.
    Url,
}

impl Element {
    const INLINE: Element = Element {
        role: Role::None,
        separator: None,
        is_void: false,
    };

    /// An inline element with this role.
    const fn with(role: Role) -> Element {
        Element {
            role,
            ..Self::INLINE
        }
    }

    /// The same element as a block.
    const fn block(self) -> Element {
        Element {
            separator: Some(Separator::Block),
            ..self
        }
    }

    /// The same element inline, but separating the text on its two sides.
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

    /// The element with this name, which has to be in lower case.
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

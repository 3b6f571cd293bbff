//! An HTML tokenizer that gives slices of its input: no copies, no recursion, time linear in the input.
//!
//! It follows the tokenization stage of the HTML standard as far as links and text need it, and is tested against the
//! tokenizer of html5ever. That one is not used because it compares each attribute of a tag with every earlier one: a
//! single tag of 200 KB keeps it busy for seconds.
//!
//! Comments, doctypes and processing instructions are all skipped. The escaped states inside scripts are not
//! implemented, since nothing of a script is used.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use super::entity::{self, Rules};

/// A part of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'i> {
    /// Text with its character references not yet decoded.
    Text(&'i str),
    /// Text without character references: the content of `script`, `style` and the like, and the name of the element.
    Raw(&'i str, &'static str),
    /// A start tag. [`Tokens::attribute`] gives its attributes.
    Start(Name<'i>),
    /// An end tag.
    End(Name<'i>),
    /// A tag that is cut off by the end of the input. Browsers drop it.
    Cut(&'i str),
}

/// The name of a tag as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name<'i>(pub(crate) &'i str);

impl<'i> Name<'i> {
    /// The name in lower case, written into `buffer`. A name that is too long for it is no known element, and comes
    /// back empty. The result is bytes, since a `match` on bytes compares byte by byte, and one on strings string by
    /// string.
    pub(crate) fn lower(self, buffer: &mut [u8; 16]) -> &[u8] {
        let Some(buffer) = buffer.get_mut(..self.0.len()) else {
            return b"";
        };
        for (lower, b) in buffer.iter_mut().zip(self.0.bytes()) {
            *lower = b.to_ascii_lowercase();
        }
        buffer
    }

    /// True for the same name in any case.
    pub(crate) fn is(self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

/// How the content of an element is read.
#[derive(Clone, Copy)]
enum Content {
    /// Only the end tag ends it, and character references are not decoded.
    Raw,
    /// Only the end tag ends it, but character references are decoded.
    Escapable,
    /// It goes on to the end of the document.
    Plain,
}

/// How the content of an element is read; `None` for ordinary content.
fn content_of(name: &[u8]) -> Option<(&'static str, Content)> {
    Some(match name {
        b"script" => ("script", Content::Raw),
        b"style" => ("style", Content::Raw),
        b"textarea" => ("textarea", Content::Escapable),
        b"title" => ("title", Content::Escapable),
        b"iframe" => ("iframe", Content::Raw),
        b"noembed" => ("noembed", Content::Raw),
        b"noframes" => ("noframes", Content::Raw),
        b"xmp" => ("xmp", Content::Raw),
        b"plaintext" => ("plaintext", Content::Plain),
        _ => return None,
    })
}

/// Reads a document token by token.
pub(crate) struct Tokens<'i> {
    input: &'i str,
    at: usize,
    attributes: Vec<(&'i str, &'i str)>,
    /// The tag that was read last, from `<` to `>`.
    tag: Range<usize>,
    content: Option<(&'static str, Content)>,
    /// Depth of `svg` and `math`, inside which no element has special content.
    foreign: usize,
}

/// The bytes that end the name of a tag, the name of an attribute, and a value without quotes.
const ENDS_TAG: [bool; 256] = table(b" \t\n\r\x0c/>");
const ENDS_ATTRIBUTE: [bool; 256] = table(b" \t\n\r\x0c/>=");
const ENDS_VALUE: [bool; 256] = table(b" \t\n\r\x0c>");

const fn table(members: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < members.len() {
        table[members[at] as usize] = true;
        at += 1;
    }
    table
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

impl<'i> Tokens<'i> {
    pub(crate) fn new(input: &'i str) -> Self {
        Tokens {
            input,
            at: 0,
            attributes: Vec::new(),
            tag: 0..0,
            content: None,
            foreign: 0,
        }
    }

    /// The decoded value of an attribute of the last start tag. Of several with the same name the first counts.
    pub(crate) fn attribute(&self, name: &str) -> Option<Cow<'i, str>> {
        let (_, value) = self
            .attributes
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(entity::decode(value, Rules::Attribute))
    }

    /// The names and raw values of the attributes of the last start tag.
    #[cfg(test)]
    pub(crate) fn attributes(&self) -> &[(&'i str, &'i str)] {
        &self.attributes
    }

    /// True when the last start tag has any attribute.
    pub(crate) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// The source of the last tag, from `<` to `>`.
    pub(crate) fn tag_source(&self) -> &'i str {
        &self.input[self.tag.clone()]
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Option<Token<'i>> {
        if let Some((name, content)) = self.content.take()
            && let Some(text) = self.special_content(name, content)
        {
            return Some(text);
        }
        loop {
            let rest = &self.input.as_bytes()[self.at..];
            match rest {
                [] => return None,
                [b'<', b'!', ..] if rest.starts_with(b"<!--") => self.skip_comment(),
                [b'<', b'!' | b'?', ..] => self.skip_to_angle(),
                [b'<', b'/', b, ..] if b.is_ascii_alphabetic() => return Some(self.tag(2)),
                [b'<', b'/', _, ..] => self.skip_to_angle(),
                [b'<', b, ..] if b.is_ascii_alphabetic() => return Some(self.tag(1)),
                _ => return Some(self.text()),
            }
        }
    }

    /// The text up to the next tag, comment or declaration. Any other `<` is text.
    fn text(&mut self) -> Token<'i> {
        let rest = &self.input[self.at..];
        let bytes = rest.as_bytes();
        // The caller found no tag, comment or declaration here, so the first byte is text.
        let mut end = 1;
        while let Some(angle) = memchr(b'<', &bytes[end..]) {
            end += angle;
            match bytes[end + 1..] {
                // `</` at the end of the input is text.
                [b'/', _, ..] | [b'!' | b'?', ..] => break,
                [b, ..] if b.is_ascii_alphabetic() => break,
                _ => end += 1,
            }
        }
        if !matches!(bytes.get(end), Some(b'<')) {
            end = bytes.len();
        }
        self.at += end;
        Token::Text(&rest[..end])
    }

    /// The content of an element that only its own end tag ends.
    fn special_content(&mut self, name: &'static str, content: Content) -> Option<Token<'i>> {
        let rest = &self.input[self.at..];
        let end = match content {
            Content::Plain => rest.len(),
            Content::Raw | Content::Escapable => end_tag_of(rest, name),
        };
        self.at += end;
        let text = &rest[..end];
        match content {
            _ if text.is_empty() => None,
            Content::Escapable => Some(Token::Text(text)),
            Content::Raw | Content::Plain => Some(Token::Raw(text, name)),
        }
    }

    /// `<!-->`, `<!--->`, or up to `-->` or `--!>`, or to the end.
    fn skip_comment(&mut self) {
        let start = self.at + "<!--".len();
        let rest = &self.input[start..];
        if rest.starts_with('>') {
            self.at = start + 1;
            return;
        }
        if rest.starts_with("->") {
            self.at = start + 2;
            return;
        }
        let mut from = 0;
        while let Some(end) = memchr(b'>', &rest.as_bytes()[from..]).map(|end| from + end) {
            if rest.as_bytes()[..end].ends_with(b"--") || rest.as_bytes()[..end].ends_with(b"--!") {
                self.at = start + end + 1;
                return;
            }
            from = end + 1;
        }
        self.at = self.input.len();
    }

    fn skip_to_angle(&mut self) {
        let rest = &self.input.as_bytes()[self.at..];
        self.at += memchr(b'>', rest).map_or(rest.len(), |end| end + 1);
    }

    /// Reads a tag whose name starts after `skip` bytes.
    fn tag(&mut self, skip: usize) -> Token<'i> {
        let start = self.at;
        let name_end = find(self.input, start + skip, &ENDS_TAG);
        let name = Name(&self.input[start + skip..name_end]);
        self.attributes.clear();
        // Most tags end with their name.
        let end = match self.input.as_bytes().get(name_end) {
            Some(b'>') => Some(name_end),
            _ => self.read_attributes(name_end),
        };
        let Some(end) = end else {
            self.at = self.input.len();
            return Token::Cut(&self.input[start..]);
        };
        self.at = end + 1;
        self.tag = start..self.at;
        if skip == 2 {
            self.attributes.clear();
            self.left(name);
            return Token::End(name);
        }
        self.entered(name);
        Token::Start(name)
    }

    /// Reads the attributes from `at` on, and returns the position of the `>` after them; `None` if the input ends
    /// first.
    fn read_attributes(&mut self, mut at: usize) -> Option<usize> {
        let bytes = self.input.as_bytes();
        loop {
            // A slash between attributes is ignored. Before `>` it makes no difference.
            at = skip(bytes, at, |b| is_space(b) || b == b'/');
            if *bytes.get(at)? == b'>' {
                return Some(at);
            }
            // The standard counts a `=` at the start as part of the name.
            let end = find(self.input, at + 1, &ENDS_ATTRIBUTE);
            let attribute = &self.input[at..end];
            at = skip(bytes, end, is_space);
            if bytes.get(at) != Some(&b'=') {
                self.attributes.push((attribute, ""));
                continue;
            }
            at = skip(bytes, at + 1, is_space);
            let (value, end) = match bytes.get(at) {
                Some(&quote @ (b'"' | b'\'')) => {
                    let end = at + 1 + memchr(quote, &bytes[at + 1..])?;
                    (at + 1..end, end + 1)
                }
                _ => {
                    let end = find(self.input, at, &ENDS_VALUE);
                    (at..end, end)
                }
            };
            self.attributes.push((attribute, &self.input[value]));
            at = end;
        }
    }

    fn entered(&mut self, name: Name<'i>) {
        if name.0.len() < 3 {
            return;
        }
        if name.is("svg") || name.is("math") {
            self.foreign += usize::from(!self.tag_source().ends_with("/>"));
        } else if self.foreign == 0 {
            self.content = content_of(name.lower(&mut [0; 16]));
        }
    }

    fn left(&mut self, name: Name<'i>) {
        if self.foreign > 0 && (name.is("svg") || name.is("math")) {
            self.foreign -= 1;
        }
    }
}

/// The first position from `from` on whose byte is in the table, or the end.
fn find(text: &str, from: usize, table: &[bool; 256]) -> usize {
    text.as_bytes()[from..]
        .iter()
        .position(|&b| table[usize::from(b)])
        .map_or(text.len(), |at| from + at)
}

/// The first position from `from` on whose byte is not skipped, or the end.
fn skip(bytes: &[u8], mut from: usize, over: impl Fn(u8) -> bool) -> usize {
    while bytes.get(from).is_some_and(|&b| over(b)) {
        from += 1;
    }
    from
}

/// Where the end tag of `name` starts in `text`, or the end of `text`.
fn end_tag_of(text: &str, name: &str) -> usize {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(angle) = memchr(b'<', &bytes[from..]).map(|angle| from + angle) {
        if bytes.get(angle + 1) == Some(&b'/')
            && let Some(found) = bytes.get(angle + 2..angle + 2 + name.len())
            && found.eq_ignore_ascii_case(name.as_bytes())
            && bytes
                .get(angle + 2 + name.len())
                .is_some_and(|&b| is_space(b) || b == b'/' || b == b'>')
        {
            return angle;
        }
        from = angle + 1;
    }
    text.len()
}

#[cfg(test)]
mod tests;

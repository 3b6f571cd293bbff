//! An HTML tokenizer that only slices: no copies, no recursion, time linear in the input.
//!
//! It follows the tokenization stage of the HTML standard as far as links and text need it, and is
//! tested against html5ever's. html5ever's own tokenizer is not used because it compares each
//! attribute of a tag with every earlier one: a single tag of 200 KB keeps it busy for seconds.
//!
//! Not told apart: comments, doctypes and processing instructions (all skipped), and the escaped
//! states inside scripts (nothing of a script is used).

use std::borrow::Cow;

use memchr::memchr;

use super::entity::{self, Rules};

/// A piece of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'i> {
    /// Text, character references not yet decoded.
    Text(&'i str),
    /// Text in which character references mean nothing: the content of `script`, `style` and the
    /// like, with the name of the element.
    Raw(&'i str, &'static str),
    /// A start tag; its attributes are in [`Tokens::attribute`].
    Start(Name<'i>),
    /// An end tag.
    End(Name<'i>),
    /// The input ended inside this tag. Browsers drop it.
    Cut(&'i str),
}

/// The name of a tag as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name<'i>(pub(crate) &'i str);

impl<'i> Name<'i> {
    /// In lower case, in `room`. Names too long for it are no known element and come back empty.
    pub(crate) fn lower(self, room: &mut [u8; 16]) -> &str {
        let Some(room) = room.get_mut(..self.0.len()) else {
            return "";
        };
        room.copy_from_slice(self.0.as_bytes());
        room.make_ascii_lowercase();
        std::str::from_utf8(room).unwrap_or_default()
    }

    /// True for the same name in any case.
    pub(crate) fn is(self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

/// How the text after a start tag is read.
#[derive(Clone, Copy)]
enum Content {
    /// Nothing but the end tag ends it, and references mean nothing.
    Raw,
    /// The same, but references are decoded.
    Escapable,
    /// It never ends.
    Plain,
}

const CONTENT: [(&str, Content); 9] = [
    ("script", Content::Raw),
    ("style", Content::Raw),
    ("textarea", Content::Escapable),
    ("title", Content::Escapable),
    ("iframe", Content::Raw),
    ("noembed", Content::Raw),
    ("noframes", Content::Raw),
    ("xmp", Content::Raw),
    ("plaintext", Content::Plain),
];

/// Reads a document piece by piece.
pub(crate) struct Tokens<'i> {
    input: &'i str,
    at: usize,
    attributes: Vec<(&'i str, &'i str)>,
    /// The tag last read, from `<` to `>`.
    tag: &'i str,
    content: Option<(&'static str, Content)>,
    /// Depth of `svg` and `math`, inside which no element has special content.
    foreign: usize,
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
            tag: "",
            content: None,
            foreign: 0,
        }
    }

    /// The value of an attribute of the start tag last read, decoded. The first of several counts.
    pub(crate) fn attribute(&self, name: &str) -> Option<Cow<'i, str>> {
        let (_, value) = self
            .attributes
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(entity::decode(value, Rules::Attribute))
    }

    /// The names and raw values of the attributes of the start tag last read.
    #[cfg(test)]
    pub(crate) fn attributes(&self) -> &[(&'i str, &'i str)] {
        &self.attributes
    }

    /// True when the start tag last read has any attribute.
    pub(crate) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// The tag last read as it stands between `<` and `>`.
    pub(crate) fn tag_source(&self) -> &'i str {
        self.tag
    }

    /// The next piece.
    pub(crate) fn next(&mut self) -> Option<Token<'i>> {
        if let Some((name, content)) = self.content.take()
            && let Some(text) = self.special_content(name, content)
        {
            return Some(text);
        }
        loop {
            let rest = &self.input[self.at..];
            if rest.is_empty() {
                return None;
            }
            let Some(angle) = self.next_markup(rest) else {
                self.at = self.input.len();
                return Some(Token::Text(rest));
            };
            if angle > 0 {
                self.at += angle;
                return Some(Token::Text(&rest[..angle]));
            }
            match rest.as_bytes().get(1) {
                Some(b'!') if rest.starts_with("<!--") => self.skip_comment(),
                Some(b'/') => match rest.as_bytes().get(2) {
                    Some(b) if b.is_ascii_alphabetic() => return Some(self.tag(2)),
                    _ => self.skip_to_angle(),
                },
                Some(b) if b.is_ascii_alphabetic() => return Some(self.tag(1)),
                _ => self.skip_to_angle(),
            }
        }
    }

    /// Where the next tag, comment or declaration starts. Any other `<` is text.
    fn next_markup(&self, rest: &str) -> Option<usize> {
        let bytes = rest.as_bytes();
        let mut from = 0;
        while let Some(angle) = memchr(b'<', &bytes[from..]).map(|angle| from + angle) {
            match bytes.get(angle + 1) {
                // `</` at the very end is text.
                Some(b'/') if bytes.get(angle + 2).is_some() => return Some(angle),
                Some(b) if b.is_ascii_alphabetic() || *b == b'!' || *b == b'?' => {
                    return Some(angle);
                }
                _ => from = angle + 1,
            }
        }
        None
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

    /// Reads a tag whose name starts `skip` bytes on.
    fn tag(&mut self, skip: usize) -> Token<'i> {
        let start = self.at;
        let bytes = self.input.as_bytes();
        let mut at = start + skip;
        let name_start = at;
        at = find(bytes, at, |b| is_space(b) || b == b'/' || b == b'>');
        let name = Name(&self.input[name_start..at]);
        self.attributes.clear();
        loop {
            // Between attributes a slash is nothing, unless `>` follows, which is the end anyway.
            at = find(bytes, at, |b| !is_space(b) && b != b'/');
            match bytes.get(at) {
                None => {
                    self.at = bytes.len();
                    return Token::Cut(&self.input[start..]);
                }
                Some(b'>') => break,
                Some(_) => {}
            }
            let attribute = at;
            // A `=` in front is part of the name.
            at = find(bytes, at + 1, |b| {
                is_space(b) || matches!(b, b'/' | b'>' | b'=')
            });
            let attribute = &self.input[attribute..at];
            let after = find(bytes, at, |b| !is_space(b));
            if bytes.get(after) != Some(&b'=') {
                at = after;
                self.attributes.push((attribute, ""));
                continue;
            }
            at = find(bytes, after + 1, |b| !is_space(b));
            let (value, end) = match bytes.get(at) {
                Some(&quote @ (b'"' | b'\'')) => match memchr(quote, &bytes[at + 1..]) {
                    Some(len) => (at + 1..at + 1 + len, at + len + 2),
                    None => {
                        self.at = bytes.len();
                        return Token::Cut(&self.input[start..]);
                    }
                },
                _ => {
                    let end = find(bytes, at, |b| is_space(b) || b == b'>');
                    (at..end, end)
                }
            };
            self.attributes.push((attribute, &self.input[value]));
            at = end;
        }
        self.at = at + 1;
        self.tag = &self.input[start..self.at];
        if skip == 2 {
            self.attributes.clear();
            self.left(name);
            return Token::End(name);
        }
        self.entered(name);
        Token::Start(name)
    }

    fn entered(&mut self, name: Name<'i>) {
        if name.is("svg") || name.is("math") {
            self.foreign += usize::from(!self.tag.ends_with("/>"));
        } else if self.foreign == 0 && name.0.len() > 2 {
            self.content = CONTENT.into_iter().find(|(special, _)| name.is(special));
        }
    }

    fn left(&mut self, name: Name<'i>) {
        if name.is("svg") || name.is("math") {
            self.foreign = self.foreign.saturating_sub(1);
        }
    }
}

/// The first position from `from` on whose byte is wanted, else the end.
fn find(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    bytes[from..]
        .iter()
        .position(|&b| wanted(b))
        .map_or(bytes.len(), |at| from + at)
}

/// Where the end tag of `name` starts in `text`, else its end.
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

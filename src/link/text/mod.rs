//! Finds urls in running text.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter};

use super::canonical::{Step, classify, has_public_suffix, is_host};
use super::invisible::is_blank;
use super::markdown::{self, Span};
use super::{handler, refang};

/// The longest scheme that is recognised, in bytes.
const LONGEST_SCHEME: usize = 32;

/// A part of a text that may be a link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Candidate<'t> {
    /// The url as it was written.
    pub(crate) raw: &'t str,
    /// The label, if it is a link in Markdown.
    pub(crate) label: Option<&'t str>,
    /// True for a picture in Markdown.
    pub(crate) picture: bool,
}

impl<'t> Candidate<'t> {
    /// The url with the escape `\/` of JSON removed.
    pub(crate) fn target(&self) -> Cow<'t, str> {
        match self.raw.contains(r"\/") {
            true => Cow::Owned(self.raw.replace(r"\/", "/")),
            false => Cow::Borrowed(self.raw),
        }
    }
}

/// Calls `seen` for everything in `text` that may be a link: urls with a scheme, defanged or not, hosts that start with
/// `www.`, handlers such as `ms-word:`, and Markdown links. When `seen` returns false for a Markdown link, because it
/// opens nothing, its characters are scanned as plain text.
pub(crate) fn scan<'t>(text: &'t str, mut seen: impl FnMut(&Candidate<'t>) -> bool) {
    let mut from = 0;
    for Span {
        whole,
        label,
        destination,
        picture,
    } in markdown::spans(text)
    {
        scan_plain(text, from..whole.start, &mut seen);
        let link = Candidate {
            raw: &text[destination],
            label: Some(&text[label]),
            picture,
        };
        if !seen(&link) {
            scan_plain(text, whole.clone(), &mut seen);
        }
        from = whole.end;
    }
    scan_plain(text, from..text.len(), &mut seen);
}

/// Scans a part of a text that holds no Markdown link. Bytes that were read for a candidate in vain are not read again
/// for another candidate of the same kind, which keeps the time linear.
fn scan_plain<'t>(
    text: &'t str,
    range: Range<usize>,
    seen: &mut impl FnMut(&Candidate<'t>) -> bool,
) {
    let stretch = &text[range];
    let bytes = stretch.as_bytes();
    let mut reader = PlainText {
        text: stretch,
        consumed: 0,
        no_handler_before: 0,
        no_www_before: 0,
    };
    // Words often have one `w` but hardly ever two, so without two of them only colons are looked at.
    if !has_double_w(bytes) {
        for at in memchr_iter(b':', bytes) {
            reader.at_colon(at, seen);
        }
        return;
    }
    for at in memchr3_iter(b':', b'w', b'W', bytes) {
        match bytes[at] {
            b':' => reader.at_colon(at, seen),
            _ => reader.at_w(at, seen),
        }
    }
}

/// True when there are two `w` side by side, in upper or lower case. The loop has no early exit, so that the compiler
/// can compare many bytes at once.
fn has_double_w(bytes: &[u8]) -> bool {
    let mut found = false;
    for (a, b) in bytes.iter().zip(bytes.iter().skip(1)) {
        found |= (a | 0x20 == b'w') & (b | 0x20 == b'w');
    }
    found
}

/// A part of a text, and how far it has been read.
struct PlainText<'t> {
    text: &'t str,
    /// Everything before this position belongs to a url.
    consumed: usize,
    /// No url of a handler starts before this position.
    no_handler_before: usize,
    /// No host with `www` starts before this position.
    no_www_before: usize,
}

impl<'t> PlainText<'t> {
    fn at_colon(&mut self, at: usize, seen: &mut impl FnMut(&Candidate<'t>) -> bool) {
        if at < self.consumed {
            return;
        }
        if at >= self.no_handler_before
            && let Some(found) = with_handler(self.text, at, self.consumed)
        {
            if offer(self.text, &found, seen) {
                self.consumed = found.end;
                return;
            }
            self.no_handler_before = found.end;
        }
        if let Some(found) = with_scheme(self.text, at, self.consumed) {
            offer(self.text, &found, seen);
            self.consumed = found.end;
        }
    }

    fn at_w(&mut self, at: usize, seen: &mut impl FnMut(&Candidate<'t>) -> bool) {
        if at < self.consumed || at < self.no_www_before {
            return;
        }
        match with_www(self.text, at) {
            Ok(found) if offer(self.text, &found, seen) => self.consumed = found.end,
            Ok(found) => self.no_www_before = found.end,
            Err(end) => self.no_www_before = end,
        }
    }
}

/// Reports a candidate; true when it is a link.
fn offer<'t>(
    text: &'t str,
    found: &Range<usize>,
    seen: &mut impl FnMut(&Candidate<'t>) -> bool,
) -> bool {
    seen(&Candidate {
        raw: &text[found.clone()],
        label: None,
        picture: false,
    })
}

/// The characters of a possible scheme that end at `end` and start at `floor` or later.
fn word_before(text: &str, end: usize, floor: usize) -> Range<usize> {
    let word = text.as_bytes()[floor..end]
        .iter()
        .rev()
        .take(LONGEST_SCHEME)
        .take_while(|&&b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'*'))
        .count();
    end - word..end
}

/// The url of a handler whose scheme ends at `colon`. Its argument has a syntax of its own and ends at the next blank.
fn with_handler(text: &str, colon: usize, floor: usize) -> Option<Range<usize>> {
    let word = word_before(text, colon, floor);
    if !handler::in_text(&text[word.clone()]) {
        return None;
    }
    let before = text[..word.start].chars().next_back();
    let url_end = UrlEnd { text, before };
    let end = url_end.trim(colon + 1, url_end.path_end(colon + 1));
    (end > colon + 1).then_some(word.start..end)
}

/// The url whose scheme ends at `colon`. It starts at `floor` or later.
fn with_scheme(text: &str, colon: usize, floor: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if !matches!(bytes.get(colon + 1), Some(b'/' | b'\\' | b'[' | b']')) {
        return None;
    }
    let bracket = colon
        .checked_sub(1)
        .filter(|&at| at >= floor && bytes[at] == b'[');
    let mut end = bracket.unwrap_or(colon);
    let mut plural = false;
    // `hxxp[s]://`
    if end >= floor + 3
        && let Some(s) = text.get(end - 3..end)
        && ["[s]", "(s)", "{s}"]
            .iter()
            .any(|form| s.eq_ignore_ascii_case(form))
    {
        end -= 3;
        plural = true;
    }
    let word = word_before(text, end, floor);
    // A word may run into the scheme without a blank, so the longest scheme at its end is taken.
    let scheme = (3..=6.min(word.len())).rev().find(|&len| {
        let word = text.get(end - len..end).unwrap_or_default();
        match plural {
            true => refang::web_scheme(&format!("{word}s")).is_some(),
            false => refang::web_scheme(word).is_some(),
        }
    })?;
    let start = end - scheme;
    let host = slashes(text, colon, bracket.is_some())?;
    let url_end = UrlEnd {
        text,
        before: text[..start].chars().next_back(),
    };
    let user = url_end.userinfo_end(host);
    let host_end = url_end.host_end(user);
    // The host decides whether it is a url; only then is the path read.
    is_host(&text[user..host_end]).then(|| start..url_end.end(host, host_end))
}

/// Where the host starts, if two slashes follow the colon in any spelling: `//`, `\\`, `\/\/`, `[//]`, and all of
/// these after `[:]` or inside `[://]`.
fn slashes(text: &str, colon: usize, bracketed: bool) -> Option<usize> {
    let mut at = colon + 1;
    let mut inside = bracketed;
    if inside && text[at..].starts_with(']') {
        at += 1;
        inside = false;
    }
    let mut count = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with(['/', '\\']) {
            at += 1;
            count += 1;
        } else if inside && rest.starts_with(']') {
            at += 1;
            inside = false;
        } else if let Some(found) =
            refang::bracketed(rest).filter(|found| found.plain.starts_with('/'))
        {
            at += found.len;
            count += found.plain.len();
        } else {
            break;
        }
    }
    let next = text[at..].chars().next()?;
    let host = next.is_alphanumeric()
        || matches!(next, '[' | '(' | '{' | '_' | '-' | '%' | '\u{ad}')
        || !next.is_ascii();
    (count >= 2 && !inside && host && !is_blank(next)).then_some(at)
}

/// The url that starts with `www` at `start`, or an error with the position up to which it was read in vain.
fn with_www(text: &str, start: usize) -> Result<Range<usize>, usize> {
    let head = text
        .get(start..start + 3)
        .filter(|head| head.eq_ignore_ascii_case("www"));
    let before = text[..start].chars().next_back();
    let joined =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '/' | '\\' | '%');
    let dot = |rest: &str| rest.starts_with('.') || refang::dot(rest).is_some();
    if head.is_none() || before.is_some_and(joined) || !dot(&text[start + 3..]) {
        return Err(start + 1);
    }
    let url_end = UrlEnd { text, before };
    let host_end = url_end.host_end(start);
    match classify(&text[start..host_end]) {
        Step::Web(_) => Ok(start..url_end.end(start, host_end)),
        _ => Err(host_end),
    }
}

/// Finds where a url ends.
struct UrlEnd<'t> {
    text: &'t str,
    /// The character before the url, since a bracket or quote that opens there closes after it.
    before: Option<char>,
}

impl UrlEnd<'_> {
    /// The end of the url with the host `from..host_end`.
    fn end(&self, from: usize, host_end: usize) -> usize {
        let goes_on = |c: char| matches!(c, '/' | '?' | '#' | '\\');
        let end = match self.text[host_end..].starts_with(goes_on) {
            true => self.path_end(host_end),
            false => host_end,
        };
        self.trim(from, end)
    }

    /// Where the host starts: after the userinfo, which may hold almost any character.
    fn userinfo_end(&self, from: usize) -> usize {
        let text = &self.text[from..];
        let plain = text
            .bytes()
            .take_while(|&b| is_plain(b) && b != b'/')
            .count();
        // Nearly always the host ends here and there is no userinfo.
        if matches!(text.as_bytes().get(plain), None | Some(b'/' | b' ' | b'\n')) {
            return from;
        }
        let stops = |c: char| is_end(c) || matches!(c, '/' | '\\' | '?' | '#');
        let authority = &text[..text.find(stops).unwrap_or(text.len())];
        authority
            .rfind('@')
            .map_or(from, |at| match authority[at + 1..].starts_with(']') {
                // With `[@]` the closing bracket comes before the host.
                true => from + at + 2,
                false => from + at + 1,
            })
    }

    /// The end of the host (and port) that starts at `from`.
    fn host_end(&self, from: usize) -> usize {
        let text = &self.text[from..];
        let mut dots = None;
        let mut at = text
            .bytes()
            .take_while(|&b| is_plain(b) && b != b'/')
            .count();
        while let Some(c) = text[at..].chars().next() {
            let here = &text[at..];
            match c {
                '[' | '(' | '{' | ' ' if let Some(len) = refang::dot(here) => {
                    at += len;
                    continue;
                }
                // An IPv6 address has at most 45 characters.
                '[' if at == 0 => match here.bytes().take(64).position(|b| b == b']') {
                    Some(close) => at += close,
                    None => break,
                },
                ':' => {
                    let port = here[1..].bytes().take_while(u8::is_ascii_digit).count();
                    at += if port > 0 { 1 + port } else { 0 };
                    break;
                }
                '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => dots = dots.or(Some(at)),
                '\u{2026}' => break,
                c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '%') => {}
                c if !c.is_ascii() && !is_end(c) => {}
                _ => break,
            }
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
        // To a browser an ideographic full stop is a dot of the host, to a reader it ends the sentence. It counts as
        // part of the host when the result has a public suffix.
        if let Some(dot) = dots {
            let plain = text[..at].replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], ".");
            if !has_public_suffix(plain.split(':').next().unwrap_or_default()) {
                at = dot;
            }
        }
        // A host may end in one dot; several are an ellipsis.
        let without = text[..at].trim_end_matches('.').len();
        if at > without + 1 {
            at = without;
        }
        from + at
    }

    /// The end of path, query and fragment.
    fn path_end(&self, from: usize) -> usize {
        let text = &self.text[from..];
        let mut open = [0_usize; 3];
        let bytes = text.as_bytes();
        let mut next = 0;
        loop {
            next += bytes[next..].iter().take_while(|&&b| is_plain(b)).count();
            let at = next;
            let Some(c) = text[at..].chars().next() else {
                return self.text.len();
            };
            next += c.len_utf8();
            let rest = &text[next..];
            let ends = match c {
                '(' | '[' | '{' => {
                    open[bracket(c)] += 1;
                    false
                }
                ')' | ']' | '}' => {
                    let open = &mut open[bracket(c)];
                    *open = open.wrapping_sub(1);
                    // No bracket is open in the url, so this one closes a bracket before it.
                    *open == usize::MAX
                }
                '\'' | '*' | '|' if self.before == Some(c) => true,
                // A separator in a list of urls.
                ',' | ';' | '|' => starts_url(rest),
                // An escape such as `\"` or `\n` in source code.
                '\\' => {
                    rest.starts_with(['"', '\''])
                        || (rest.starts_with(['n', 'r', 't'])
                            && rest[1..]
                                .chars()
                                .next()
                                .is_none_or(|c| is_end(c) || c == '\\'))
                }
                // A character reference that was escaped once too often.
                '&' => ["&quot;", "&lt;", "&gt;", "&#39;", "&nbsp;"]
                    .iter()
                    .any(|reference| text[at..].starts_with(reference)),
                c => is_end(c),
            };
            if ends {
                return from + at;
            }
        }
    }

    /// The end without punctuation that belongs to the sentence around the url.
    fn trim(&self, from: usize, mut end: usize) -> usize {
        while let Some(last) = self.text[from..end].chars().next_back() {
            let without = end - last.len_utf8();
            let ends = match last {
                // Old single-page applications have the fragment `#!`.
                '!' => !self.text[from..without].ends_with('#'),
                '.' | ',' | ';' | ':' | '?' | '\'' | '|' | '\\' | '\u{2026}' | '\u{2013}'
                | '\u{2014}' => true,
                '*' | '_' | '~' => self.before == Some(last),
                last => is_pictograph(last),
            };
            if !ends {
                break;
            }
            end = without;
        }
        end
    }
}

/// True for characters that never need a closer look: all of them can be part of a host, except `/`.
fn is_plain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.' | b'_' | b'%')
}

fn bracket(c: char) -> usize {
    match c {
        '(' | ')' => 0,
        '[' | ']' => 1,
        _ => 2,
    }
}

/// True for characters that end any url: blanks, controls, quotes and punctuation of other scripts.
fn is_end(c: char) -> bool {
    match c {
        '<' | '>' | '"' | '`' => true,
        c if c.is_ascii() => c == ' ' || c.is_ascii_control(),
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' => true,
        '\u{3001}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301b}' => true,
        '\u{ff01}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0c}' | '\u{ff1a}' | '\u{ff1b}'
        | '\u{ff1f}' => true,
        c => is_blank(c) || c.is_control(),
    }
}

/// True for emoji and dingbats, which people put right after a url without a blank.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// True when a url with a web scheme starts here.
fn starts_url(text: &str) -> bool {
    let text = text.strip_prefix(' ').unwrap_or(text);
    ["http://", "https://", "hxxp://", "hxxps://", "ftp://"]
        .iter()
        .any(|scheme| {
            text.get(..scheme.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
        })
}

#[cfg(test)]
mod tests;

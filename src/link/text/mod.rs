//! Finds urls in running text.

mod url_end;

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr3_iter, memmem};

use super::canonical::{Step, classify, is_host};
use super::invisible::is_blank;
use super::markdown::{self, Span};
use super::{handler, refang};
use url_end::{UrlEnd, is_end};

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
    /// The url with the escape `\/` of JSON removed, and the escape `\.` of a dot in its host.
    pub(crate) fn target(&self) -> Cow<'t, str> {
        if !self.raw.contains('\\') || self.raw.starts_with('\\') {
            return Cow::Borrowed(self.raw);
        }
        let plain = match self.raw.contains(r"\/") {
            true => Cow::Owned(self.raw.replace(r"\/", "/")),
            false => Cow::Borrowed(self.raw),
        };
        match refang::without_escapes(&plain) {
            Some(plain) => Cow::Owned(plain),
            None => plain,
        }
    }

    /// True when the host of the url was escaped, so that nobody could open it as it stands.
    pub(crate) fn is_escaped(&self) -> bool {
        self.raw.contains(r"\.")
            && !self.raw.starts_with('\\')
            && refang::without_escapes(&self.raw.replace(r"\/", "/")).is_some()
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
    // Network paths are rare, and looking for backslashes costs time.
    if memchr(b'\\', bytes).is_some_and(|at| memmem::find(&bytes[at..], br"\\").is_some()) {
        for (at, &b) in bytes.iter().enumerate() {
            match b {
                b':' => reader.at_colon(at, seen),
                b'w' | b'W' => reader.at_w(at, seen),
                b'\\' => reader.at_backslash(at, seen),
                _ => {}
            }
        }
        return;
    }
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

    fn at_backslash(&mut self, at: usize, seen: &mut impl FnMut(&Candidate<'t>) -> bool) {
        if at >= self.consumed
            && let Some(found) = network_path(self.text, at)
            && offer(self.text, &found, seen)
        {
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
    let name = &text[word.clone()];
    let is_share = || {
        let slashes = text[colon + 1..]
            .bytes()
            .take_while(|b| matches!(b, b'/' | b'\\'));
        handler::is_share(name) && slashes.take(2).count() == 2
    };
    if !handler::in_text(name) && !is_share() {
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
    // `sftp` is no `ftp`, but people do run words into `http`.
    let glued = text.as_bytes()[floor..start]
        .last()
        .is_some_and(u8::is_ascii_alphanumeric);
    if glued && matches!(text.as_bytes()[start], b'f' | b'F') {
        return None;
    }
    let host = slashes(text, colon, bracket.is_some())?;
    let url_end = UrlEnd {
        text,
        before: text[..start].chars().next_back(),
    };
    let user = url_end.userinfo_end(host);
    let host_end = url_end.host_end(user);
    // A host that goes on behind a dot in quotes is not the one that was meant.
    if quoted_dot(&text[host_end..]) {
        return None;
    }
    // The host decides whether it is a url; only then is the path read.
    is_host(&text[user..host_end]).then(|| start..url_end.end(host, host_end))
}

/// True for a dot in quotes between two labels (`evil"."example`).
fn quoted_dot(text: &str) -> bool {
    ["\".\"", "'.'"].iter().any(|dot| {
        let rest = text.strip_prefix(dot);
        rest.is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
    })
}

/// A network path that starts at `start`: `\\host\share`, or with each backslash doubled as in source code.
fn network_path(text: &str, start: usize) -> Option<Range<usize>> {
    let before = text[..start].chars().next_back();
    let joined = |c: char| c.is_alphanumeric() || matches!(c, '\\' | '/' | ':' | '.' | '-' | '_');
    if before.is_some_and(joined) {
        return None;
    }
    let backslashes = |text: &str| text.bytes().take_while(|&b| b == b'\\').count();
    let lead = backslashes(&text[start..]);
    if lead != 2 && lead != 4 {
        return None;
    }
    let rest = &text[start + lead..];
    let named = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@' | b'$');
    // Names of hosts are not longer.
    let host = rest.bytes().take(256).take_while(named).count();
    let share = &rest[host..];
    if host == 0 || backslashes(share) != lead / 2 {
        return None;
    }
    let share = &share[lead / 2..];
    if !share.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '%' | '-')) {
        return None;
    }
    let ends = |c: char| is_end(c) || matches!(c, '|' | '*' | '?' | ',' | ';' | '\'');
    let len = share.find(ends).unwrap_or(share.len());
    let from = start + lead;
    let end = text.len() - share.len() + len;
    let end = UrlEnd { text, before }.trim(from, end);
    let end = match before {
        Some('(' | '[' | '{') => from + text[from..end].trim_end_matches([')', ']', '}']).len(),
        _ => end,
    };
    Some(start..end)
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
            refang::bracketed(rest, false).filter(|found| found.plain.starts_with('/'))
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
    let dot = |rest: &str| {
        rest.starts_with('.')
            || refang::dot(rest).is_some()
            || refang::half_open_dot(rest).is_some()
    };
    if head.is_none() || before.is_some_and(joined) || !dot(&text[start + 3..]) {
        return Err(start + 1);
    }
    let url_end = UrlEnd { text, before };
    let host_end = url_end.host_end(start);
    let host = &text[start..host_end];
    let plain = refang::without_escapes(host);
    match classify(plain.as_deref().unwrap_or(host)) {
        Step::Web(_) => Ok(start..url_end.end(start, host_end)),
        _ => Err(host_end),
    }
}

#[cfg(test)]
mod tests;

//! Finds where a url in running text ends.

use crate::link::domain::has_public_suffix;
use crate::link::invisible::is_blank;
use crate::link::refang;

/// Finds where a url ends.
pub(super) struct UrlEnd<'t> {
    pub(super) text: &'t str,
    /// The character before the url, since a bracket or quote that opens there closes after it.
    pub(super) before: Option<char>,
}

impl UrlEnd<'_> {
    /// The end of the url with the host `from..host_end`.
    pub(super) fn end(&self, from: usize, host_end: usize) -> usize {
        let goes_on = |c: char| matches!(c, '/' | '?' | '#' | '\\');
        let rest = &self.text[host_end..];
        let slash = |found: refang::Bracketed| found.plain.starts_with('/');
        let end =
            match rest.starts_with(goes_on) || refang::bracketed(rest, true).is_some_and(slash) {
                true => self.path_end(host_end),
                false => host_end,
            };
        self.trim(from, end)
    }

    /// Where the host starts: after the userinfo, which may hold almost any character.
    pub(super) fn userinfo_end(&self, from: usize) -> usize {
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
    pub(super) fn host_end(&self, from: usize) -> usize {
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
                '[' | '(' | '{'
                    if at > 0
                        && let Some(len) = refang::half_open_dot(here) =>
                {
                    at += len;
                    continue;
                }
                '[' | '(' | '{'
                    if at > 0
                        && let Some(len) = bracketed_port(here) =>
                {
                    at += len;
                    break;
                }
                ']' | ')' | '}'
                    if !self.is_closed_by(c) && refang::closes_dot(&text[..at], here) => {}
                '\\' if here[1..].starts_with('.')
                    && here[2..].starts_with(char::is_alphanumeric) => {}
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

    /// True when this bracket closes one that stands before the url.
    fn is_closed_by(&self, close: char) -> bool {
        matches!(
            (self.before, close),
            (Some('['), ']') | (Some('('), ')') | (Some('{'), '}')
        )
    }

    /// The end of path, query and fragment.
    pub(super) fn path_end(&self, from: usize) -> usize {
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
                // A url between commas is a cell of a table.
                ',' | ';' if self.before == Some(c) => true,
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
    pub(super) fn trim(&self, from: usize, mut end: usize) -> usize {
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

/// The length of a port behind a colon in brackets (`[:]8443`) at the start of `text`.
fn bracketed_port(text: &str) -> Option<usize> {
    let colon = refang::bracketed(text, true).filter(|found| found.plain == ":")?;
    let port = text[colon.len..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    (port > 0).then_some(colon.len + port)
}

fn bracket(c: char) -> usize {
    match c {
        '(' | ')' => 0,
        '[' | ']' => 1,
        _ => 2,
    }
}

/// True for characters that end any url: blanks, controls, quotes and punctuation of other scripts.
pub(super) fn is_end(c: char) -> bool {
    match c {
        '<' | '>' | '"' | '`' => true,
        c if c.is_ascii() => c == ' ' || c.is_ascii_control(),
        // Quotes and guillemets.
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' => true,
        // Commas, stops and brackets of Chinese and Japanese, in their full, half, vertical and small widths.
        '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' => true,
        '\u{fe10}'..='\u{fe19}' | '\u{fe30}'..='\u{fe6b}' => true,
        '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' => true,
        '\u{ff5b}'..='\u{ff64}' => true,
        // Commas, stops and question marks of Arabic, Armenian, Devanagari and Ethiopic.
        '\u{60c}' | '\u{61b}' | '\u{61f}' | '\u{6d4}' | '\u{589}' | '\u{964}' | '\u{965}' => true,
        '\u{1361}'..='\u{1368}' => true,
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

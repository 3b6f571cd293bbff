//! Refangs urls: makes `https://evil.example` of `hxxps[:]//evil[.]example`.

/// The web scheme that a word stands for, plain or defanged, in upper or lower case.
pub(crate) fn web_scheme(word: &str) -> Option<&'static str> {
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&[
        "https", "hxxps", "hxtps", "htxps", "h**ps", "hxxxps", "h00ps",
    ]) {
        Some("https")
    } else if is(&["http", "hxxp", "hxtp", "htxp", "h**p", "hxxxp", "h00p"]) {
        Some("http")
    } else if is(&["ftp", "fxp"]) {
        Some("ftp")
    } else {
        None
    }
}

/// Punctuation in brackets, such as `[.]`, `(dot)` or `[://]`.
pub(crate) struct Bracketed {
    /// What it stands for.
    pub(crate) plain: &'static str,
    /// Its length in bytes, with the brackets.
    pub(crate) len: usize,
}

/// The bracketed punctuation at the start of `text`. In the authority of a url any bracket counts, elsewhere a colon and
/// a slash have to stand in square ones.
pub(crate) fn bracketed(text: &str, in_authority: bool) -> Option<Bracketed> {
    let close = closing(text.chars().next()?)?;
    // The longest form is a bracketed word with a space on either side.
    let end = text.char_indices().take(10).find(|&(_, c)| c == close)?.0;
    let counts = in_authority || close == ']';
    let plain = match text[1..end].trim() {
        "." => ".",
        word if word.eq_ignore_ascii_case("dot") => ".",
        ":" if counts => ":",
        "/" if counts => "/",
        "//" if close == ']' => "//",
        "://" => "://",
        "@" if close == ']' => "@",
        word if close == ']' && word.eq_ignore_ascii_case("at") => "@",
        _ => return None,
    };
    Some(Bracketed {
        plain,
        len: end + 1,
    })
}

fn closing(open: char) -> Option<char> {
    Some(match open {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        _ => return None,
    })
}

/// The length in bytes of a bracketed dot between two labels at the start of `text`, with the spaces around it
/// (`evil [.] example`).
pub(crate) fn dot(text: &str) -> Option<usize> {
    let open = text.bytes().take_while(|&b| b == b' ').take(3).count();
    let dot = bracketed(text.get(open..)?, false).filter(|dot| dot.plain == ".")?;
    let after = &text[open + dot.len..];
    let close = after.bytes().take_while(|&b| b == b' ').take(3).count();
    let next = after.get(close..)?.chars().next()?;
    // Without a label after it, it ends a sentence about urls.
    (open < 3 && close < 3 && next.is_alphanumeric()).then_some(open + dot.len + close)
}

/// The length in bytes of a dot between two labels that is only half in brackets (`evil[.example`), at the start of
/// `text`.
pub(crate) fn half_open_dot(text: &str) -> Option<usize> {
    closing(text.chars().next()?)?;
    let label = text[1..].strip_prefix('.')?.chars().next()?;
    label.is_alphanumeric().then_some(2)
}

/// True when the dot before `text` is half in brackets (`evil.]example`), which is the bracket at its start.
pub(crate) fn closes_dot(before: &str, text: &str) -> bool {
    before.ends_with('.')
        && text.starts_with([']', ')', '}'])
        && text[1..].starts_with(char::is_alphanumeric)
}

/// Where the parts of a url are while it is copied.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Before the host: the colon and the slashes after the scheme.
    Start,
    Authority,
    Path,
}

impl Place {
    fn after(self, text: &str) -> Self {
        let mut place = self;
        for b in text.bytes() {
            place = match (place, b) {
                (Place::Start, b':' | b'/' | b'\\') => Place::Start,
                (Place::Path, _) => return Place::Path,
                (_, b'/' | b'?' | b'#' | b'\\') => Place::Path,
                _ => Place::Authority,
            };
        }
        place
    }
}

/// The text with its scheme and all bracketed punctuation made plain; `None` when nothing of it was defanged.
pub(crate) fn refang(text: &str) -> Option<String> {
    const STOPS: [char; 7] = ['[', '(', '{', ' ', ']', ')', '}'];
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let (scheme, mut at) = scheme(text);
    if let Some((plain, defanged)) = scheme {
        out.push_str(plain);
        changed = defanged;
    }
    let mut place = Place::Start;
    while let Some(next) = text[at..].find(STOPS).map(|next| at + next) {
        out.push_str(&text[at..next]);
        place = place.after(&text[at..next]);
        let here = &text[next..];
        let in_host = place == Place::Authority;
        let (plain, len) = if let Some(len) = dot(here) {
            (".", len)
        } else if let Some(found) = bracketed(here, in_host).filter(|found| found.plain != ".") {
            (found.plain, found.len)
        } else if let Some(len) = half_open_dot(here).filter(|_| in_host) {
            (".", len)
        } else if in_host && closes_dot(&out, here) {
            ("", 1)
        } else {
            (&here[..1], 0)
        };
        changed |= len > 0;
        at = next + len.max(1);
        out.push_str(plain);
        place = place.after(plain);
    }
    out.push_str(&text[at..]);
    changed.then_some(out)
}

/// The url with a dot of its host that is escaped (`evil\.example`) made plain; `None` when there is none. To a browser
/// the backslash ends the host, so this is only read in a text.
pub(crate) fn without_escapes(text: &str) -> Option<String> {
    let start = text.find("//").map_or(0, |at| at + 2);
    let end = text[start..].find(['/', '?', '#']);
    let end = end.map_or(text.len(), |end| start + end);
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in text[..end].match_indices("\\.") {
        let label = |text: &str| text.ends_with(char::is_alphanumeric);
        if label(&text[..at]) && text[at + 2..].starts_with(char::is_alphanumeric) {
            out.push_str(&text[done..at]);
            done = at + 1;
        }
    }
    (done > 0).then(|| {
        out.push_str(&text[done..]);
        out
    })
}

/// The scheme at the start of `text`, whether it was defanged, and the position of the colon.
fn scheme(text: &str) -> (Option<(&'static str, bool)>, usize) {
    let word = text
        .bytes()
        .take(6)
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'*')
        .count();
    let mut name = text[..word].to_owned();
    let mut end = word;
    if let Some(s) = text.get(word..word + 3)
        && ["[s]", "(s)", "{s}"]
            .iter()
            .any(|form| s.eq_ignore_ascii_case(form))
    {
        name.push('s');
        end += 3;
    }
    let colon = text[end..].starts_with(':')
        || bracketed(&text[end..], false).is_some_and(|found| found.plain.starts_with(':'));
    match web_scheme(&name).filter(|_| colon) {
        Some(plain) => {
            let same = plain.eq_ignore_ascii_case(&text[..end]);
            (Some((plain, !same)), end)
        }
        None => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for (defanged, plain) in [
            ("hxxps://evil[.]example/a", "https://evil.example/a"),
            ("hXXp://evil(.)example", "http://evil.example"),
            ("hxxp[:]//evil{.}example", "http://evil.example"),
            ("hxxps[://]evil[dot]example", "https://evil.example"),
            ("hxxp[s]://evil(DOT)example", "https://evil.example"),
            ("http[:][//]evil[.]example", "http://evil.example"),
            ("h**ps://evil [.] example/x", "https://evil.example/x"),
            ("fxp://evil[.]example/x", "ftp://evil.example/x"),
            ("www[.]evil[.]example", "www.evil.example"),
            ("https://user[@]evil[.]example", "https://user@evil.example"),
            ("https[:]//[2001:db8::1]/", "https://[2001:db8::1]/"),
            (
                "hxxp://evil(dot)example/a(dot)php/(dot)",
                "http://evil.example/a.php/(dot)",
            ),
            ("http://evil.example[/]path", "http://evil.example/path"),
            (
                "hxxps[://]evil[.]example[/]login[.]php",
                "https://evil.example/login.php",
            ),
            (
                "hxxps://evil[.]example[:]8443/login",
                "https://evil.example:8443/login",
            ),
            (
                "hxxp://evil[.]example(:)8080/x",
                "http://evil.example:8080/x",
            ),
            ("http://evil.example(/)x", "http://evil.example/x"),
            ("https://evil[.example/x", "https://evil.example/x"),
            ("hxxps://evil(.example/x", "https://evil.example/x"),
            ("https://evil.]example/x", "https://evil.example/x"),
            ("evil{.example", "evil.example"),
            ("h00p://evil.example", "http://evil.example"),
        ] {
            assert_eq!(refang(defanged).as_deref(), Some(plain), "{defanged}");
        }
    }

    #[test]
    fn what_is_plain_stays() {
        for plain in [
            "https://evil.example/wiki/X_(y)",
            "http://[2001:db8::1]:80/",
            "https://evil.example/(dot)",
            "https://evil.example/(dot)?a=(.)#[.]",
            "HTTPS://evil.example",
            "see [1]",
            "https://evil.example/(:)/(/)/a[.b/c.)d",
            "https://evil.example/?a=(:)b",
            "a [",
            "(",
            "",
        ] {
            assert_eq!(refang(plain), None, "{plain}");
        }
    }

    #[test]
    fn an_escaped_dot_is_one_in_the_host_alone() {
        let plain = |text| without_escapes(text);
        assert_eq!(
            plain(r"http://evil\.exa\.mple/x\.y").as_deref(),
            Some(r"http://evil.exa.mple/x\.y")
        );
        assert_eq!(
            plain(r"www.evil\.example").as_deref(),
            Some("www.evil.example")
        );
        assert_eq!(plain(r"http://evil.example/a\.b"), None);
        assert_eq!(plain(r"http://evil\..example"), None);
    }
}

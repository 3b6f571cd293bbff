//! Refangs urls: makes `https://evil.example` of `hxxps[:]//evil[.]example`.

/// The web scheme that a word stands for, plain or defanged, in upper or lower case.
pub(crate) fn web_scheme(word: &str) -> Option<&'static str> {
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&["https", "hxxps", "hxtps", "htxps", "h**ps", "hxxxps"]) {
        Some("https")
    } else if is(&["http", "hxxp", "hxtp", "htxp", "h**p", "hxxxp"]) {
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

/// The bracketed punctuation at the start of `text`.
pub(crate) fn bracketed(text: &str) -> Option<Bracketed> {
    let (open, close) = match text.as_bytes().first()? {
        b'[' => ('[', ']'),
        b'(' => ('(', ')'),
        b'{' => ('{', '}'),
        _ => return None,
    };
    // The longest form is a bracketed word with a space on either side.
    let end = text.char_indices().take(10).find(|&(_, c)| c == close)?.0;
    let plain = match text[1..end].trim() {
        "." => ".",
        word if word.eq_ignore_ascii_case("dot") => ".",
        ":" if open == '[' => ":",
        "/" if open == '[' => "/",
        "//" if open == '[' => "//",
        "://" => "://",
        "@" if open == '[' => "@",
        word if open == '[' && word.eq_ignore_ascii_case("at") => "@",
        _ => return None,
    };
    Some(Bracketed {
        plain,
        len: end + 1,
    })
}

/// The length in bytes of a bracketed dot between two labels at the start of `text`, with the spaces around it
/// (`evil [.] example`).
pub(crate) fn dot(text: &str) -> Option<usize> {
    let open = text.bytes().take_while(|&b| b == b' ').take(3).count();
    let dot = bracketed(text.get(open..)?).filter(|dot| dot.plain == ".")?;
    let after = &text[open + dot.len..];
    let close = after.bytes().take_while(|&b| b == b' ').take(3).count();
    let next = after.get(close..)?.chars().next()?;
    // Without a label after it, it ends a sentence about urls.
    (open < 3 && close < 3 && next.is_alphanumeric()).then_some(open + dot.len + close)
}

/// The text with its scheme and all bracketed punctuation made plain; `None` when nothing of it was defanged.
pub(crate) fn refang(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let (scheme, mut at) = scheme(text);
    if let Some((plain, defanged)) = scheme {
        out.push_str(plain);
        changed = defanged;
    }
    while let Some(next) = text[at..].find(['[', '(', '{', ' ']).map(|next| at + next) {
        out.push_str(&text[at..next]);
        let here = &text[next..];
        if let Some(len) = dot(here) {
            out.push('.');
            at = next + len;
            changed = true;
        } else if let Some(found) = bracketed(here).filter(|found| found.plain != ".") {
            out.push_str(found.plain);
            at = next + found.len;
            changed = true;
        } else {
            out.push_str(&here[..1]);
            at = next + 1;
        }
    }
    out.push_str(&text[at..]);
    changed.then_some(out)
}

/// The scheme at the start of `text`, whether it was defanged, and the position of the colon.
fn scheme(text: &str) -> (Option<(&'static str, bool)>, usize) {
    let word = text
        .bytes()
        .take(6)
        .take_while(|b| b.is_ascii_alphabetic() || *b == b'*')
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
        || bracketed(&text[end..]).is_some_and(|found| found.plain.starts_with(':'));
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
            "a [",
            "(",
            "",
        ] {
            assert_eq!(refang(plain), None, "{plain}");
        }
    }
}

//! Finds secrets in bytes: values whose name marks them as secret, and tokens of a recognisable form.

use std::ops::Range;

use super::layer::Layer;

/// The names of values that are secrets, without separators and in lower case.
const NAMES: &[&str] = &[
    "auth",
    "authorization",
    "bearer",
    "code",
    "key",
    "mfa",
    "pass",
    "pin",
    "pw",
    "pwd",
    "samlrequest",
    "samlresponse",
    "sas",
    "session",
    "sid",
    "sig",
    "ticket",
    "xamzcredential",
    "xgoogcredential",
];
/// The endings of such names.
const ENDS: &[&str] = &[
    "accesskey",
    "apikey",
    "assertion",
    "authcode",
    "credentials",
    "jwt",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "sessionid",
    "sharedkey",
    "signature",
    "subscriptionkey",
    "token",
];
/// The parameters that accompany `sig` in a shared access signature of Azure Storage. They are secret only if `sig` is
/// present.
const SHARED_ACCESS: &[&str] = &[
    "epk", "erk", "rscc", "rscd", "rsce", "rscl", "rsct", "saoid", "scid", "sdd", "se", "sip",
    "skdutid", "ske", "skoid", "sks", "skt", "sktid", "skv", "sp", "spk", "spr", "sr", "srk",
    "srt", "ss", "st", "suoid", "sv", "tn",
];
/// The longest name that is examined, in bytes.
const LONGEST_NAME: usize = 64;
/// The longest user and password, together with their host, in bytes.
const LONGEST_USER: usize = 1000;
/// The shortest first part of a JSON web token: `{"a":1}` in base64.
const SHORTEST_HEAD: usize = 8;

/// Where in a text the pairs of name and value can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairs {
    /// Anywhere, for a query or a fragment.
    Anywhere,
    /// Only after a delimiter that starts a pair, for a path, which may contain a whole other url.
    Begun,
}

/// The ranges of secrets in a text.
pub(super) fn secrets(layer: &Layer, pairs: Pairs) -> Vec<Range<usize>> {
    let bytes = &layer.bytes;
    let mut found = tokens(bytes);
    found.extend(users(bytes));
    let names = names(bytes, pairs);
    let signed = names.iter().any(|name| name.text == "sig");
    let mut done = 0;
    for name in names {
        let text = name.text.as_str();
        let secret = NAMES.contains(&text)
            || ENDS.iter().any(|end| text.ends_with(end))
            || (signed && SHARED_ACCESS.contains(&text));
        // A secret within a value that is hidden is hidden with it.
        if !secret || name.sign < done {
            continue;
        }
        let from = if name.quoted {
            opening(bytes, name.sign + 1)
        } else {
            name.sign + 1
        };
        let to = (from..bytes.len()).find(|at| ends_value(layer, *at, name.quoted));
        done = to.unwrap_or(bytes.len());
        if from < done {
            found.push(from..done);
        }
    }
    found
}

/// A name, and the position of the sign after which its value follows.
struct Name {
    /// The name in the spelling of [`NAMES`].
    text: String,
    sign: usize,
    /// True when it is in quotes, as in JSON.
    quoted: bool,
}

fn names(bytes: &[u8], pairs: Pairs) -> Vec<Name> {
    let mut found = Vec::new();
    for sign in memchr::memchr2_iter(b'=', b':', bytes) {
        // A colon without quotes before it has another meaning.
        let quoted = sign > 0 && bytes[sign - 1] == b'"';
        if bytes[sign] == b':' && !quoted {
            continue;
        }
        let end = if quoted { sign - 1 } else { sign };
        let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.[]$".contains(byte);
        let length = bytes[..end]
            .iter()
            .rev()
            .take(LONGEST_NAME)
            .take_while(in_name)
            .count();
        let start = end - length;
        let begun = start > 0 && b"?&;#".contains(&bytes[start - 1]);
        if length == 0 || (pairs == Pairs::Begun && !begun) {
            continue;
        }
        let text = bytes[start..end]
            .iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        found.push(Name { text, sign, quoted });
    }
    found
}

/// Skips the blanks and the quote that may precede a value in JSON.
fn opening(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    if bytes.get(at) == Some(&b'"') {
        at + 1
    } else {
        at
    }
}

fn ends_value(layer: &Layer, at: usize, quoted: bool) -> bool {
    let byte = layer.bytes[at];
    if quoted {
        return b"\",}".contains(&byte);
    }
    // A percent-encoded delimiter may belong to the value, or to a url within it. Values of that url are found
    // separately.
    (b"&;#".contains(&byte) && !layer.is_escaped(at))
        || byte.is_ascii_whitespace()
        || b"\"<>".contains(&byte)
}

/// The users and passwords of urls within the text: the text between `://` and an `@` before the end of the host.
fn users(bytes: &[u8]) -> Vec<Range<usize>> {
    let starts = memchr::memmem::find_iter(bytes, b"://").map(|at| at + 3);
    let users = starts.filter_map(|start| {
        let rest = &bytes[start..bytes.len().min(start + LONGEST_USER)];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/\\?#\"'<>".contains(byte);
        let authority = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
        // Browsers use the last `@`.
        let at = memchr::memrchr(b'@', authority).filter(|at| *at > 0)?;
        Some(start..start + at)
    });
    users.collect()
}

/// JSON web tokens, and whatever has their form: base64url parts joined by dots, the first of which is a JSON object.
fn tokens(bytes: &[u8]) -> Vec<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut found = Vec::new();
    let mut done = 0;
    for start in memchr::memmem::find_iter(bytes, b"eyJ") {
        let inside = start > 0 && is_part(bytes[start - 1]);
        if start < done || inside {
            continue;
        }
        let length = bytes[start..]
            .iter()
            .take_while(|byte| is_part(**byte) || **byte == b'.')
            .count();
        let token = &bytes[start..start + length];
        done = start + length;
        let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
        let [head, body, rest @ ..] = parts.as_slice() else {
            continue;
        };
        let two = !rest.is_empty() && !body.is_empty();
        if head.len() >= SHORTEST_HEAD && (two || body.starts_with(b"eyJ")) {
            found.push(start..start + length);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, pairs: Pairs) -> Vec<String> {
        let layer = Layer::raw(text.as_bytes());
        let ranges = secrets(&layer, pairs).into_iter();
        ranges.map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn values_are_secret_by_their_names() {
        for (text, wanted) in [
            ("code=abc&x=1", &["abc"][..]),
            ("x=1;Access_Token=a.b=c;y", &["a.b=c"]),
            ("user[password]=p%26w&n=2", &["p%26w"]),
            ("reset-token=t#key=k", &["t", "k"]),
            ("X-Amz-Signature=s&X-Amz-Credential=c", &["s", "c"]),
            ("{\"token\": \"t\", \"n\":1}", &["t"]),
            ("q=code&codes=1&keyboard=us&encoding=utf8&asp=1", &[]),
            ("sv=2024&sr=b&sp=r&se=2026", &[]),
            ("sv=2024&se=2026&sig=s%3D", &["2024", "2026", "s%3D"]),
            ("token=&key", &[]),
            ("=x&:y", &[]),
        ] {
            assert_eq!(found(text, Pairs::Anywhere), wanted, "{text}");
        }
    }

    #[test]
    fn in_a_path_only_pairs_that_begin_as_such_count() {
        assert!(found("/code=abc/key=1", Pairs::Begun).is_empty());
        assert_eq!(found("/a;token=abc", Pairs::Begun), ["abc"]);
        assert_eq!(found("/https://x.example/?code=abc", Pairs::Begun), ["abc"]);
    }

    #[test]
    fn users_of_urls_within_are_secret() {
        for (text, wanted) in [
            ("u=https://bob:p@w@fine.example/", &["bob:p@w"][..]),
            ("/web/ftp://bob@fine.example", &["bob"]),
            ("/@bob/x://fine.example/@bob", &[]),
            ("u=https://@fine.example/?a@b", &[]),
            ("//bob@fine.example", &[]),
        ] {
            assert_eq!(found(text, Pairs::Begun), wanted, "{text}");
        }
    }

    #[test]
    fn tokens_are_known_by_their_look() {
        let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln";
        for text in [
            format!("/v/{token}/x"),
            format!("t={token}&x"),
            token.to_owned(),
        ] {
            assert_eq!(found(&text, Pairs::Begun), [token], "{text}");
        }
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0";
        assert_eq!(found(unsigned, Pairs::Begun), [unsigned]);
        for text in [
            "eyJ",
            "eyJ.a.b",
            "eyJhbGciOiJub25lIn0",
            "eyJhbGciOiJub25lIn0.html",
            "keyJhbGciOiJub25lIn0.a.b",
        ] {
            assert!(found(text, Pairs::Begun).is_empty(), "{text}");
        }
    }
}

//! STIX 2.1 bundles: indicators whose pattern is a set of alternative urls, domains or addresses.
//!
//! Patterns are defined in part 9 of STIX 2.1. A pattern that requires more than one condition at once (AND,
//! FOLLOWEDBY, NOT, qualifiers), or uses another comparison than equality, describes more than a bad url, and is not
//! matched.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::entry::{BadEntry, Entries, Entry};
use super::indicator::{Indicator, parse};
use crate::intel::clip::clip;
use crate::model::parse_time;

/// The object paths whose values a url can match.
const PATHS: [&str; 4] = [
    "url:value",
    "domain-name:value",
    "ipv4-addr:value",
    "ipv6-addr:value",
];

pub(super) fn entries(text: &str, since: DateTime<Utc>) -> Result<Entries, BadEntry> {
    let bundle: Value = serde_json::from_str(text).map_err(|error| BadEntry {
        line: error.line().max(1),
        what: format!("not JSON: {error}"),
    })?;
    let objects = match (&bundle["type"], &bundle["objects"]) {
        (Value::String(kind), Value::Array(objects)) if kind == "bundle" => objects.as_slice(),
        // A bundle may omit the list when it is empty.
        (Value::String(kind), Value::Null) if kind == "bundle" => &[],
        _ => {
            return Err(BadEntry {
                line: 1,
                what: "not a STIX 2.1 bundle: it has no type `bundle` and list of objects; nor is it an event of MISP"
                    .to_owned(),
            });
        }
    };
    let mut entries = Entries::default();
    let indicators = objects
        .iter()
        .filter(|object| object.is_object())
        .zip(lines(text));
    for (object, line) in indicators.filter(|(object, _)| object["type"] == "indicator") {
        indicator(object, line, since, &mut entries)?;
    }
    Ok(entries)
}

fn indicator(
    object: &Value,
    line: usize,
    since: DateTime<Utc>,
    entries: &mut Entries,
) -> Result<(), BadEntry> {
    let named = |what: &str| {
        let id = object["id"].as_str().unwrap_or("an indicator without id");
        BadEntry {
            line,
            what: format!("{}: {what}", clip(id, 80)),
        }
    };
    let Some(pattern) = object["pattern"].as_str() else {
        return Err(named("no pattern"));
    };
    let foreign = object["pattern_type"]
        .as_str()
        .is_some_and(|kind| kind != "stix");
    let until = object["valid_until"].as_str().and_then(parse_time);
    let expired = until.is_some_and(|until| until <= since);
    if foreign || expired || object["revoked"] == true {
        entries.others += 1;
        return Ok(());
    }
    let Some(values) = values(pattern).map_err(|what| named(&what))? else {
        entries.others += 1;
        return Ok(());
    };
    let of = |field: &str| {
        object[field]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    };
    let tags: Vec<String> = of("indicator_types")
        .chain(of("labels"))
        .map(str::to_owned)
        .collect();
    for value in values {
        match parse(&value).map_err(|what| named(&what))? {
            Indicator::Other => entries.others += 1,
            Indicator::Key(key) => entries.listed.push(Entry {
                line,
                key,
                tags: tags.clone(),
            }),
        }
    }
    Ok(())
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    /// A word, an object path, a number or an operator.
    Word(String),
    Sign(char),
}

/// The values of which any one makes the pattern true; `None` for a pattern of another form.
fn values(pattern: &str) -> Result<Option<Vec<String>>, String> {
    let tokens = tokens(pattern)?;
    let balance = |open, close| {
        let count = |sign| {
            tokens
                .iter()
                .filter(|token| **token == Token::Sign(sign))
                .count()
        };
        count(open) == count(close)
    };
    if !balance('[', ']') || !balance('(', ')') {
        return Err("its pattern has unbalanced brackets".to_owned());
    }
    // Brackets only group, and grouping has no effect on alternatives.
    let mut plain = tokens
        .iter()
        .filter(|token| !matches!(token, Token::Sign('[' | ']' | '(' | ')')))
        .peekable();
    let mut values = Vec::new();
    loop {
        let (Some(Token::Word(path)), Some(Token::Word(operator))) = (plain.next(), plain.next())
        else {
            return Ok(None);
        };
        if !PATHS.contains(&path.as_str()) || !(operator == "=" || operator == "IN") {
            return Ok(None);
        }
        let Some(Token::Text(value)) = plain.next() else {
            return Ok(None);
        };
        values.push(value.clone());
        while operator == "IN" && plain.peek() == Some(&&Token::Sign(',')) {
            plain.next();
            match plain.next() {
                Some(Token::Text(value)) => values.push(value.clone()),
                _ => return Ok(None),
            }
        }
        match plain.next() {
            None => return Ok(Some(values)),
            Some(Token::Word(word)) if word == "OR" => {}
            Some(_) => return Ok(None),
        }
    }
}

fn tokens(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' => {
                let mut text = String::new();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some('\\') => text.extend(chars.next()),
                        Some(c) => text.push(c),
                        None => return Err("its pattern has a text without end".to_owned()),
                    }
                }
                tokens.push(Token::Text(text));
            }
            '[' | ']' | '(' | ')' | ',' => tokens.push(Token::Sign(c)),
            '=' | '!' | '<' | '>' => {
                let mut operator = c.to_string();
                operator.extend(chars.next_if_eq(&'='));
                // `==` is an old spelling of `=`.
                tokens.push(Token::Word(if operator == "==" {
                    "=".to_owned()
                } else {
                    operator
                }));
            }
            c => {
                let mut word = c.to_string();
                while let Some(c) =
                    chars.next_if(|c| !c.is_whitespace() && !"'[](),=!<>".contains(*c))
                {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// The line on which each object of the bundle's list starts. The text has been parsed before, so it is valid JSON.
fn lines(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut starts = Vec::new();
    let (mut line, mut depth, mut at) = (1, 0_usize, 0);
    let mut in_objects = false;
    let mut key: &[u8] = b"";
    while at < bytes.len() {
        match bytes[at] {
            b'\n' => line += 1,
            b'"' => {
                let start = at + 1;
                at = start;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 1 {
                    key = bytes.get(start..at).unwrap_or_default();
                }
            }
            open @ (b'{' | b'[') => {
                if depth == 1 {
                    in_objects = open == b'[' && key == b"objects";
                    if in_objects {
                        // If a key occurs twice, the last one counts.
                        starts.clear();
                    }
                } else if depth == 2 && open == b'{' && in_objects {
                    starts.push(line);
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    in_objects = false;
                }
            }
            _ => {}
        }
        at += 1;
    }
    starts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn entries(text: &str) -> Result<Entries, BadEntry> {
        super::entries(text, DateTime::default())
    }

    fn of(pattern: &str) -> Option<Vec<String>> {
        values(pattern).unwrap()
    }

    #[test]
    fn a_choice_of_equalities_is_read() {
        assert_eq!(
            of("[url:value = 'https://a.example/']").unwrap(),
            ["https://a.example/"]
        );
        assert_eq!(
            of("[ url:value='a' OR domain-name:value = 'b' ]").unwrap(),
            ["a", "b"]
        );
        assert_eq!(
            of("[url:value = 'a'] OR ([domain-name:value = 'b'])").unwrap(),
            ["a", "b"]
        );
        assert_eq!(of("[domain-name:value IN ('a', 'b')]").unwrap(), ["a", "b"]);
        assert_eq!(of(r"[url:value = 'it\'s \\']").unwrap(), [r"it's \"]);
    }

    #[test]
    fn what_says_more_is_not_matched() {
        for pattern in [
            "[url:value = 'a' AND domain-name:value = 'b']",
            "[url:value = 'a'] FOLLOWEDBY [url:value = 'b']",
            "[url:value = 'a'] REPEATS 5 TIMES",
            "[url:value != 'a']",
            "[NOT url:value = 'a']",
            "[url:value LIKE '%a%']",
            "[file:hashes.'SHA-256' = 'a']",
            "[url:value = 5]",
            "",
        ] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
        assert!(values("[url:value = 'a").is_err());
        assert!(values("[url:value = 'a'").is_err());
    }

    #[test]
    fn objects_are_found_by_line() {
        let text = "{\"a\": {\"objects\": [{}]},\n \"objects\": [\n {\"x\": [{}], \"y\": \"}\\\"{\"}, 5,\n\n {}], \"z\": [{}]}";
        assert_eq!(lines(text), [3, 5]);
        assert_eq!(lines("{\"objects\": [{}],\n\"objects\": [{}]}"), [2]);
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        assert_eq!(entries("{\n\"type\": \"bundle\",,").unwrap_err().line, 2);
        assert_eq!(entries("[]").unwrap_err().line, 1);
        assert_eq!(entries("{\"type\": \"indicator\"}").unwrap_err().line, 1);
        assert_eq!(
            entries("{\"type\": \"bundle\"}").unwrap(),
            Entries::default()
        );
        let text = "{\"type\": \"bundle\", \"objects\": [\n{\"type\": \"indicator\", \"id\": \"indicator--1\"}]}";
        assert_eq!(entries(text).unwrap_err().line, 2);
    }

    #[test]
    fn what_had_expired_before_the_window_counts_for_nothing() {
        let since = "2026-10-01T00:00:00Z".parse().unwrap();
        for (until, listed) in [
            ("\"2026-09-30T23:59:59.999Z\"", 0),
            ("\"2026-10-01T00:00:00Z\"", 0),
            ("\"2026-10-01T00:00:00.001Z\"", 1),
            ("\"2036-01-01T00:00:00Z\"", 1),
            ("null", 1),
            ("\"tomorrow\"", 1),
        ] {
            let text = format!(
                "{{\"type\": \"bundle\", \"objects\": [{{\"type\": \"indicator\", \"valid_until\": {until}, \"pattern\": \"[url:value = 'https://a.example/']\"}}]}}"
            );
            let read = super::entries(&text, since).unwrap();
            assert_eq!(
                (read.listed.len(), read.others),
                (listed, 1 - listed),
                "{until}"
            );
        }
    }
}

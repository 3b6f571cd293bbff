//! Patterns of STIX 2.1, part 9: which urls, domains and addresses make them true.
//!
//! A pattern is a choice (OR) of observations, and each of them names one url, domain or address. What else it requires
//! at the same time is read when it says no more than how that is reached: the type of an address, a port, a protocol.
//! A pattern that requires anything else, or compares in another way than by equality, describes more than a bad url.

/// The object paths whose values a url can match.
const VALUES: [&str; 6] = [
    "url:value",
    "domain-name:value",
    "ipv4-addr:value",
    "ipv6-addr:value",
    "network-traffic:dst_ref.value",
    "network-traffic:src_ref.value",
];

/// How deep brackets are read, and how many conditions at a time.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    /// A word, an object path, a number or an operator.
    Word(String),
    Sign(char),
}

/// One comparison by equality: a path and its value.
type Comparison = (String, String);

/// Why a pattern is not read.
#[derive(Debug, PartialEq)]
pub(super) enum Unread {
    /// It describes more than a bad url.
    SaysMore,
    /// It is no pattern.
    Broken(&'static str),
}

/// The indicators of which any one makes the pattern true.
pub(super) fn values(pattern: &str) -> Result<Vec<String>, Unread> {
    let tokens = tokens(pattern).map_err(Unread::Broken)?;
    let count = |sign| {
        let same = tokens.iter().filter(|token| **token == Token::Sign(sign));
        same.count()
    };
    if count('[') != count(']') || count('(') != count(')') {
        return Err(Unread::Broken("its pattern has unbalanced brackets"));
    }
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
    };
    let choices = parser.choice(0).ok_or(Unread::SaysMore)?;
    if parser.at < tokens.len() {
        return Err(Unread::SaysMore);
    }
    choices
        .iter()
        .map(|all| indicator(all).ok_or(Unread::SaysMore))
        .collect()
}

/// The indicator that comparisons describe together.
fn indicator(all: &[Comparison]) -> Option<String> {
    let mut values = all
        .iter()
        .filter(|(path, _)| VALUES.contains(&path.as_str()));
    let (_, value) = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let mut port = None;
    for (path, other) in all {
        match path.as_str() {
            path if VALUES.contains(&path) => {}
            "network-traffic:dst_port" | "network-traffic:src_port" if port.is_none() => {
                port = Some(other.parse::<u16>().ok()?);
            }
            "network-traffic:dst_ref.type" | "network-traffic:src_ref.type" => {}
            // The addresses of a domain, when it was seen, are no part of it.
            "domain-name:resolves_to_refs[*].value" => {}
            path if path.starts_with("network-traffic:protocols") => {}
            path if path.split([':', '.']).any(|part| part.starts_with("x_")) => {}
            _ => return None,
        }
    }
    Some(match port {
        Some(_) if value.contains(['/', '|']) => return None,
        Some(port) if value.contains(':') => format!("[{value}]:{port}"),
        Some(port) => format!("{value}:{port}"),
        None => value.clone(),
    })
}

/// Reads tokens into a choice of comparisons that have to hold together.
struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Parser<'_> {
    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found == word)
    }

    fn is_sign(&self, sign: char) -> bool {
        self.tokens.get(self.at) == Some(&Token::Sign(sign))
    }

    /// `a OR b`; `None` when the pattern says more.
    fn choice(&mut self, depth: usize) -> Option<Vec<Vec<Comparison>>> {
        let mut choices = self.all(depth)?;
        while self.is_word("OR") {
            self.at += 1;
            choices.append(&mut self.all(depth)?);
        }
        Some(choices)
    }

    /// `a AND b`, of which one at most is a choice.
    fn all(&mut self, depth: usize) -> Option<Vec<Vec<Comparison>>> {
        let mut all = self.one(depth)?;
        while self.is_word("AND") {
            self.at += 1;
            let mut more = self.one(depth)?;
            if more.len() > 1 {
                std::mem::swap(&mut all, &mut more);
            }
            // More than one choice at a time multiplies them, and nobody writes that.
            let [more] = more.as_slice() else {
                return None;
            };
            // No pattern that is about a url has so many conditions.
            if all.iter().any(|one| one.len() + more.len() > DEEPEST) {
                return None;
            }
            for one in &mut all {
                one.extend(more.iter().cloned());
            }
        }
        Some(all)
    }

    /// A comparison, or something in brackets.
    fn one(&mut self, depth: usize) -> Option<Vec<Vec<Comparison>>> {
        for (open, close) in [('[', ']'), ('(', ')')] {
            if self.is_sign(open) {
                if depth == DEEPEST {
                    return None;
                }
                self.at += 1;
                let inner = self.choice(depth + 1)?;
                if !self.is_sign(close) {
                    return None;
                }
                self.at += 1;
                return Some(inner);
            }
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Option<Vec<Vec<Comparison>>> {
        let mut path = self.word()?;
        // The brackets of a list belong to its path: `protocols[*]`, `resolves_to_refs[*].value`, `protocols[0]`.
        while self.is_sign('[') {
            self.at += 1;
            path.push('[');
            path.push_str(&self.word()?);
            if !self.is_sign(']') {
                return None;
            }
            self.at += 1;
            path.push(']');
            if let Some(Token::Word(rest)) = self.tokens.get(self.at)
                && rest.starts_with('.')
            {
                path.push_str(rest);
                self.at += 1;
            }
        }
        match self.word()?.as_str() {
            "=" => Some(vec![vec![(path, self.value()?)]]),
            "IN" => {
                if !self.is_sign('(') {
                    return None;
                }
                let mut choices = Vec::new();
                while !self.is_sign(')') {
                    self.at += 1;
                    choices.push(vec![(path.clone(), self.value()?)]);
                    if !self.is_sign(',') && !self.is_sign(')') {
                        return None;
                    }
                }
                self.at += 1;
                Some(choices)
            }
            _ => None,
        }
    }

    fn word(&mut self) -> Option<String> {
        match self.tokens.get(self.at)? {
            Token::Word(word) => {
                self.at += 1;
                Some(word.clone())
            }
            _ => None,
        }
    }

    /// A text or a number.
    fn value(&mut self) -> Option<String> {
        match self.tokens.get(self.at)? {
            Token::Text(text) => {
                self.at += 1;
                Some(text.clone())
            }
            Token::Word(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
                self.at += 1;
                Some(number.clone())
            }
            _ => None,
        }
    }
}

fn tokens(pattern: &str) -> Result<Vec<Token>, &'static str> {
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
                        None => return Err("its pattern has a text without end"),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Result<Vec<String>, Unread> {
        values(pattern)
    }

    #[track_caller]
    fn is(pattern: &str, wanted: &[&str]) {
        assert_eq!(
            of(pattern).as_deref(),
            Ok(wanted
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
                .as_slice()),
            "{pattern}"
        );
    }

    #[test]
    fn a_choice_of_equalities_is_read() {
        is(
            "[url:value = 'https://a.example/']",
            &["https://a.example/"],
        );
        is("[ url:value='a' OR domain-name:value = 'b' ]", &["a", "b"]);
        is(
            "[url:value = 'a'] OR ([domain-name:value = 'b'])",
            &["a", "b"],
        );
        is("[domain-name:value IN ('a', 'b')]", &["a", "b"]);
        is(r"[url:value = 'it\'s \\']", &[r"it's \"]);
    }

    #[test]
    fn how_an_address_is_reached_is_read() {
        is(
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '203.0.113.9']",
            &["203.0.113.9"],
        );
        is(
            "[(network-traffic:dst_ref.type = 'ipv4-addr') AND (network-traffic:dst_ref.value = '203.0.113.9') AND network-traffic:dst_port = 8080]",
            &["203.0.113.9:8080"],
        );
        is(
            "[network-traffic:src_ref.type = 'ipv6-addr' AND network-traffic:src_ref.value = '2001:db8::1' AND network-traffic:src_port = '443']",
            &["[2001:db8::1]:443"],
        );
        is(
            "[domain-name:value = 'a.example' AND domain-name:resolves_to_refs[*].value = '203.0.113.9']",
            &["a.example"],
        );
        is(
            "[network-traffic:dst_ref.value = 'a.example' AND network-traffic:protocols[*] = 'tcp' AND network-traffic:protocols[0] = 'http']",
            &["a.example"],
        );
        is(
            "[(domain-name:value = 'a' OR domain-name:value = 'b') AND network-traffic:dst_port = 80]",
            &["a:80", "b:80"],
        );
        is("[url:value = 'a' AND url:x_misp_comment = 'b']", &["a"]);
    }

    #[test]
    fn what_says_more_is_not_matched() {
        for pattern in [
            "[url:value = 'a' AND domain-name:value = 'b']",
            "[url:value = 'a'] FOLLOWEDBY [url:value = 'b']",
            "[url:value = 'a'] AND [url:value = 'b']",
            "[url:value = 'a'] REPEATS 5 TIMES",
            "[url:value != 'a']",
            "[NOT url:value = 'a']",
            "[url:value LIKE '%a%']",
            "[file:hashes.'SHA-256' = 'a']",
            "[domain-name:value = 'a' AND file:name = 'b']",
            "[network-traffic:dst_ref.type = 'ipv4-addr']",
            "[network-traffic:dst_ref.value = 'a' AND network-traffic:dst_port = 99999]",
            "[ipv4-addr:value ISSUBSET '203.0.113.0/24']",
            "[url:value IN ()]",
            "[url:value IN ('a' 'b')]",
            "",
        ] {
            assert_eq!(of(pattern), Err(Unread::SaysMore), "{pattern}");
        }
        assert!(matches!(of("[url:value = 'a"), Err(Unread::Broken(_))));
        assert!(matches!(of("[url:value = 'a'"), Err(Unread::Broken(_))));
        let deep = format!(
            "{}url:value = 'a'{}",
            "(".repeat(10_000),
            ")".repeat(10_000)
        );
        assert_eq!(of(&deep), Err(Unread::SaysMore));
    }
}

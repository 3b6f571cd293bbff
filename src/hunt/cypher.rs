//! A tokenizer for Cypher, with as much of the language as is needed to find what a hunt reads and returns.
//!
//! Only the server decides whether a statement is valid, see [`super::lint::verify`]. What this tokenizer cannot read the
//! way the server does is an error, so that [`super::read_only`] overlooks nothing.

use std::fmt;
use std::ops::Range;

/// A word, sign or literal of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// The line of the file, counted from 1.
    pub(super) line: usize,
    /// The position in the text, in bytes.
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or a name.
    Word(String),
    /// A name in backticks, without them.
    Quoted(String),
    /// A parameter, without its `$`.
    Parameter(String),
    /// A text literal.
    Text,
    /// A number.
    Number,
    /// The range operator `..`.
    Range,
    /// Any other character.
    Sign(char),
}

/// A place in a file, counted from 1 in lines and characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// The place of a position in bytes.
    pub(super) fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a statement cannot be cut into tokens, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) problem: String,
    pub(super) place: Place,
}

impl Token {
    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Sign(sign)
    }

    /// Whether it is this keyword. Cypher ignores the case of keywords.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(&self.kind, TokenKind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// The name of a variable, label, type, property or function. Which one it is depends on the context.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            TokenKind::Word(name) | TokenKind::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

/// The signs of Cypher outside of literals. The server also takes arrows and dashes of other alphabets.
const SIGNS: &str = "()[]{},.:;|&!%+-*/^=<>~";

const ESCAPE: &str = "`\\u` starts an escape, which is allowed in a text only";

/// The tokens of a statement, without comments and white space.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Unreadable> {
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some(token) = scanner.token()? {
        tokens.push(token);
    }
    check_escapes(text, &tokens)?;
    Ok(tokens)
}

/// Finds escapes that would make the server read other tokens.
///
/// The server decodes `\uXXXX` everywhere before it parses. So the escape may stand for a letter of a keyword, for a
/// quote, or for the end of a line that ends a comment. It is allowed in a text, and only for what cannot end the text.
fn check_escapes(text: &str, tokens: &[Token]) -> Result<(), Unreadable> {
    for (at, _) in text.match_indices("\\u") {
        let unreadable = |problem: &str| Unreadable {
            problem: problem.to_owned(),
            place: Place::of(text, at),
        };
        let in_text = tokens
            .iter()
            .any(|token| token.kind == TokenKind::Text && token.span.contains(&at));
        if !in_text {
            return Err(unreadable(ESCAPE));
        }
        let backslashes = text[..at].chars().rev().take_while(|c| *c == '\\').count();
        let code = text
            .get(at + 2..at + 6)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code {
            // In `C:\\users` the backslash is escaped itself.
            None if backslashes % 2 == 1 => {}
            None => {
                return Err(unreadable(
                    "`\\u` is not followed by four hexadecimal digits; a backslash is written as two",
                ));
            }
            Some(code) if "'\"`\\".chars().any(|c| u32::from(c) == code) => {
                return Err(unreadable(
                    "this escape stands for a quote, a backtick or a backslash; write `\\'`, `\\\"`, `\\\\`",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.take();
        }
    }

    fn unreadable(&self, at: usize, problem: impl Into<String>) -> Unreadable {
        Unreadable {
            problem: problem.into(),
            place: Place::of(self.text, at),
        }
    }

    /// Takes everything up to and including `end`; an error if it does not occur.
    fn take_past(&mut self, end: &str, start: usize, what: &str) -> Result<(), Unreadable> {
        let Some(length) = self.rest().find(end) else {
            return Err(self.unreadable(start, format!("the {what} does not end")));
        };
        self.line += self.rest()[..length].matches('\n').count();
        self.at += length + end.len();
        Ok(())
    }

    fn skip_blank(&mut self) -> Result<(), Unreadable> {
        loop {
            self.take_while(char::is_whitespace);
            let start = self.at;
            if self.rest().starts_with("//") {
                self.line_comment()?;
            } else if self.rest().starts_with("/*") {
                self.at += 2;
                self.take_past("*/", start, "comment")?;
            } else {
                return Ok(());
            }
        }
    }

    /// Takes a comment up to the end of its line. For the server other characters than a line feed may end it as well.
    fn line_comment(&mut self) -> Result<(), Unreadable> {
        while let Some(c) = self.peek().filter(|c| *c != '\n') {
            let at = self.at;
            self.take();
            let ends_line = match c {
                '\r' => self.peek().is_some_and(|next| next != '\n'),
                c => "\u{b}\u{c}\u{85}\u{2028}\u{2029}".contains(c),
            };
            if ends_line {
                let problem = format!("{} may end this comment; write a line feed", shown(c));
                return Err(self.unreadable(at, problem));
            }
        }
        Ok(())
    }

    fn token(&mut self) -> Result<Option<Token>, Unreadable> {
        self.skip_blank()?;
        let (line, start) = (self.line, self.at);
        let Some(first) = self.take() else {
            return Ok(None);
        };
        let kind = match first {
            '\'' | '"' => {
                self.text_literal(first, start)?;
                TokenKind::Text
            }
            '`' => TokenKind::Quoted(self.quoted_name(start)?),
            '$' if self.peek() == Some('`') => {
                self.take();
                TokenKind::Parameter(self.quoted_name(start)?)
            }
            '$' => {
                self.take_while(in_name);
                let name = &self.text[start + 1..self.at];
                let number = name.starts_with(|c: char| c.is_ascii_digit());
                if name.is_empty() || (number && !name.bytes().all(|b| b.is_ascii_digit())) {
                    return Err(self.unreadable(start, "`$` is not followed by a name"));
                }
                TokenKind::Parameter(name.to_owned())
            }
            '.' if self.peek() == Some('.') => {
                self.take();
                TokenKind::Range
            }
            c if c.is_ascii_digit() => {
                self.number(start)?;
                TokenKind::Number
            }
            c if c.is_alphabetic() || c == '_' => {
                self.take_while(in_name);
                TokenKind::Word(self.text[start..self.at].to_owned())
            }
            c if SIGNS.contains(c) => TokenKind::Sign(c),
            '\\' if self.peek() == Some('u') => return Err(self.unreadable(start, ESCAPE)),
            c => {
                let problem = format!(
                    "{} is not allowed outside of texts and names in backticks",
                    shown(c)
                );
                return Err(self.unreadable(start, problem));
            }
        };
        Ok(Some(Token {
            kind,
            line,
            span: start..self.at,
        }))
    }

    fn text_literal(&mut self, quote: char, start: usize) -> Result<(), Unreadable> {
        while let Some(c) = self.take() {
            match c {
                '\\' => {
                    self.take();
                }
                c if c == quote => return Ok(()),
                _ => {}
            }
        }
        Err(self.unreadable(start, "the text does not end"))
    }

    /// The rest of a name in backticks. Two backticks in it stand for one.
    fn quoted_name(&mut self, opened: usize) -> Result<String, Unreadable> {
        let mut name = String::new();
        loop {
            let start = self.at;
            self.take_past("`", opened, "name in backticks")?;
            name.push_str(&self.text[start..self.at - 1]);
            if self.peek() != Some('`') {
                return Ok(name);
            }
            self.take();
            name.push('`');
        }
    }

    /// The rest of a number. `1..5` is a range, so its dots do not belong to the number. A word that follows without a
    /// space would be a token of its own for the server, so that is an error.
    fn number(&mut self, start: usize) -> Result<(), Unreadable> {
        self.take_while(in_name);
        let mut after = self.rest().chars();
        if after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit()) {
            self.take();
            self.take_while(in_name);
        }
        let mut after = self.rest().chars();
        if self.text[start..self.at].ends_with(['e', 'E'])
            && matches!(after.next(), Some('+' | '-'))
            && after.next().is_some_and(|c| c.is_ascii_digit())
        {
            self.take();
            self.take_while(in_name);
        }
        let number = &self.text[start..self.at];
        if is_number(number) {
            Ok(())
        } else {
            Err(self.unreadable(start, format!("`{number}` is not a number")))
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str, wanted: fn(&u8) -> bool| {
        !text.is_empty() && text.bytes().all(|b| b == b'_' || wanted(&b))
    };
    if let Some(hex) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return digits(hex, u8::is_ascii_hexdigit);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, u8::is_ascii_digit);
    }
    let text = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let decimal = |text: &str| digits(text, u8::is_ascii_digit);
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    decimal(whole)
        && fraction.is_none_or(decimal)
        && exponent.is_none_or(|text| decimal(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

/// A character that may not be visible, with its code.
fn shown(c: char) -> String {
    if c.is_ascii_graphic() || c.is_alphanumeric() {
        format!("`{c}`")
    } else {
        format!("the character U+{:04X}", u32::from(c))
    }
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text).unwrap().into_iter().map(|t| t.kind).collect()
    }

    fn word(text: &str) -> TokenKind {
        TokenKind::Word(text.to_owned())
    }

    #[test]
    fn words_signs_and_literals() {
        assert_eq!(
            kinds("RETURN u.id + $case, 'it\\'s' /* no */ // none\n, 1.5, [1..5], `a``b`, $`c d`"),
            [
                word("RETURN"),
                word("u"),
                TokenKind::Sign('.'),
                word("id"),
                TokenKind::Sign('+'),
                TokenKind::Parameter("case".to_owned()),
                TokenKind::Sign(','),
                TokenKind::Text,
                TokenKind::Sign(','),
                TokenKind::Number,
                TokenKind::Sign(','),
                TokenKind::Sign('['),
                TokenKind::Number,
                TokenKind::Range,
                TokenKind::Number,
                TokenKind::Sign(']'),
                TokenKind::Sign(','),
                TokenKind::Quoted("a`b".to_owned()),
                TokenKind::Sign(','),
                TokenKind::Parameter("c d".to_owned()),
            ]
        );
    }

    #[test]
    fn a_token_knows_its_line() {
        let lines: Vec<_> = tokens("a\n/* b\n */ c 'd\n' e")
            .unwrap()
            .into_iter()
            .map(|t| t.line)
            .collect();
        assert_eq!(lines, [1, 3, 3, 4]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (text, problem, line, column) in [
            ("a\n'b\n", "the text does not end", 2, 1),
            ("\n\n ü `b", "the name in backticks does not end", 3, 4),
            ("/* b", "the comment does not end", 1, 1),
            ("a $ b", "`$` is not followed by a name", 1, 3),
            ("$0LOAD", "`$` is not followed by a name", 1, 1),
            ("a 0LOAD", "`0LOAD` is not a number", 1, 3),
            ("0x1fLOAD", "`0x1fLOAD` is not a number", 1, 1),
            ("1e-5LOAD", "`1e-5LOAD` is not a number", 1, 1),
            (
                "a \\ b",
                "`\\` is not allowed outside of texts and names in backticks",
                1,
                3,
            ),
            (
                "// a\u{2028}b",
                "the character U+2028 may end this comment; write a line feed",
                1,
                5,
            ),
            (
                "// a\rb",
                "the character U+000D may end this comment; write a line feed",
                1,
                5,
            ),
        ] {
            let place = Place { line, column };
            let problem = problem.to_owned();
            assert_eq!(tokens(text), Err(Unreadable { problem, place }), "{text}");
        }
    }

    #[test]
    fn escapes_are_allowed_in_texts_where_they_end_nothing() {
        for text in [
            r"'\u00fc'",
            r#""a\u0041\u000ab""#,
            r"'\\\u0041'",
            r"'C:\\users'",
            r"'it\'s \u2026'",
        ] {
            assert_eq!(tokens(text).map(|t| t.len()), Ok(1), "{text}");
        }
        for text in [
            r"L\u004FAD",
            r"'a\u0027",
            r"'a\u0027'",
            r#"'a\u0022'"#,
            r"'a\u005c'",
            r"'a\u005C'",
            r"'a\u0060'",
            r"'a\uu0041'",
            r"'a\u00'",
            r"'C:\users'",
            r"'a\\u0027'",
            r"// a\u000a",
            r"/* \u002a/",
            r"/* \u0041 */",
            r"`\u0060`",
            r"$`\u0041`",
            r"\u002f/",
            r"\u0027a'",
        ] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_of_every_kind() {
        for text in [
            "0", "1_000", "1.5", "1e9", "1e-5", "1.5E+3", "0x1F", "0o17", "1d", "2.5f",
        ] {
            assert_eq!(kinds(text), [TokenKind::Number], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_a_panic(text in "(\\PC|[\n'\"`$/*.\\\\0-9])*") {
            if let Ok(tokens) = tokens(&text) {
                for pair in tokens.windows(2) {
                    prop_assert!(pair[0].span.end <= pair[1].span.start);
                }
            }
        }
    }
}

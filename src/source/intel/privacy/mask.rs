//! Hides addresses and internal urls in a part of a url, however they are encoded in it.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::{Host, Url};

use super::address::{Rule, addresses};
use super::host::Inside;
use super::layer::Layer;

/// What stands where something was hidden.
const HIDDEN: &str = "***";
/// How often percent-encoding may be nested. What is nested deeper is hidden whole.
const ROUNDS: usize = 8;
/// How often base64 and its kind may be nested.
const DEPTH: usize = 2;
/// `a@b.co` in base64 without padding.
const SHORTEST_BASE64: usize = 8;
/// `a@b.co` in hexadecimal.
const SHORTEST_HEX: usize = 12;
/// A host with its port, even if every character of it is an escape.
const LONGEST_HOST: usize = 1000;
/// Schemes whose authority is a host for sure.
const HOST_SCHEMES: [&str; 7] = ["http", "https", "ftp", "file", "smb", "ws", "wss"];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Knows what to hide.
pub(super) struct Mask<'a> {
    inside: &'a Inside,
}

impl<'a> Mask<'a> {
    pub(super) fn new(inside: &'a Inside) -> Self {
        Self { inside }
    }

    /// The text without internal urls and, if asked for, without addresses; none when it holds neither.
    pub(super) fn hide(&self, text: &str, with_addresses: bool) -> Option<String> {
        let mut hidden: Vec<(usize, usize)> = Vec::new();
        let mut layer = Layer::raw(text.as_bytes());
        for round in 0.. {
            let found = self.find(&layer, Rule::Text, with_addresses, DEPTH);
            hidden.extend(
                found
                    .into_iter()
                    .filter_map(|(from, to)| layer.raw_range(from, to)),
            );
            match layer.decoded() {
                Some(_) if round == ROUNDS => return Some(HIDDEN.to_owned()),
                Some(decoded) => layer = decoded,
                None => break,
            }
        }
        if hidden.is_empty() {
            return None;
        }
        hidden.sort_unstable();
        let mut masked = Vec::with_capacity(text.len());
        let mut done = None;
        for (from, to) in hidden {
            match done {
                // What touches is hidden together.
                Some(end) if from <= end => done = Some(to.max(end)),
                _ => {
                    masked.extend_from_slice(&text.as_bytes()[done.unwrap_or(0)..from]);
                    masked.extend_from_slice(HIDDEN.as_bytes());
                    done = Some(to);
                }
            }
        }
        masked.extend_from_slice(&text.as_bytes()[done.unwrap_or(0)..]);
        Some(String::from_utf8_lossy(&masked).into_owned())
    }

    /// Ranges of one reading that hold something to hide.
    fn find(
        &self,
        layer: &Layer,
        rule: Rule,
        with_addresses: bool,
        depth: usize,
    ) -> Vec<(usize, usize)> {
        let mut found = self.internal_urls(layer);
        if with_addresses {
            found.extend(
                addresses(layer, rule)
                    .into_iter()
                    .map(|range| (range.start, range.end)),
            );
        }
        if depth == 0 {
            return found;
        }
        for (from, to) in runs(&layer.bytes, SHORTEST_BASE64, is_base64) {
            let run = &layer.bytes[from..to];
            let within =
                alignments(run).any(|decoded| self.carries(&decoded, with_addresses, depth - 1));
            if within {
                let padding = layer.bytes[to..]
                    .iter()
                    .take_while(|byte| **byte == b'=')
                    .count();
                found.push((from, to + padding.min(2)));
            }
        }
        for (from, to) in runs(&layer.bytes, SHORTEST_HEX, |byte| byte.is_ascii_hexdigit()) {
            let run = &layer.bytes[from..to];
            if (0..2).any(|skip| self.carries(&from_hex(&run[skip..]), with_addresses, depth - 1)) {
                found.push((from, to));
            }
        }
        found
    }

    /// Whether decoded bytes hold something to hide.
    fn carries(&self, bytes: &[u8], with_addresses: bool, depth: usize) -> bool {
        let nul = memchr::memchr_iter(0, bytes).count();
        if nul * 3 > bytes.len() {
            // Text as Windows encodes it, in two bytes a character.
            let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            return self.carries(&narrow, with_addresses, depth);
        }
        let text = bytes
            .iter()
            .all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
        let rule = if text && std::str::from_utf8(bytes).is_ok() {
            Rule::Text
        } else {
            Rule::Noise
        };
        let mut layer = Layer::raw(bytes);
        for _ in 0..=ROUNDS {
            if !self.find(&layer, rule, with_addresses, depth).is_empty() {
                return true;
            }
            match layer.decoded() {
                Some(decoded) => layer = decoded,
                None => return false,
            }
        }
        true
    }

    /// Urls in the text whose host is inside.
    fn internal_urls(&self, layer: &Layer) -> Vec<(usize, usize)> {
        let bytes = &layer.bytes;
        let mut found = Vec::new();
        let mut done = 0;
        for slash in memchr::memchr2_iter(b'/', b'\\', bytes) {
            if slash < done {
                continue;
            }
            let is_slash = |byte: &&u8| matches!(**byte, b'/' | b'\\');
            let slashes = bytes[slash..].iter().take_while(is_slash).count();
            let authority = slash + slashes;
            done = authority;
            let (from, scheme) = scheme_before(bytes, slash);
            let is_web = matches!(scheme.as_str(), "http" | "https");
            if slashes < 2 && !is_web {
                continue;
            }
            let name_end = bytes[authority..]
                .iter()
                .position(|byte| ends_authority(*byte));
            let name_end = name_end.map_or(bytes.len(), |length| authority + length);
            if self.is_internal(
                &bytes[authority..name_end],
                HOST_SCHEMES.contains(&scheme.as_str()),
            ) {
                let end = (name_end..bytes.len()).find(|at| {
                    let byte = bytes[*at];
                    byte.is_ascii_whitespace()
                        || b"\"'<>`".contains(&byte)
                        || (byte == b'&' && !layer.is_escaped(*at))
                });
                let end = end.unwrap_or(bytes.len());
                found.push((from, end));
                done = end;
            }
        }
        found
    }

    /// Whether an authority names a host inside. Only after a scheme is anything at that place a host; without one it
    /// must look like it, for in `/a//1` there is none.
    fn is_internal(&self, authority: &[u8], after_scheme: bool) -> bool {
        let written = authority
            .rsplit(|byte| *byte == b'@')
            .next()
            .unwrap_or_default();
        if written.len() > LONGEST_HOST {
            return false;
        }
        let written = String::from_utf8_lossy(written);
        let Ok(url) = Url::parse(&format!("http://{written}/")) else {
            return false;
        };
        url.host().is_some_and(|host| match host {
            _ if after_scheme => self.inside.why(&host).is_some(),
            Host::Ipv4(address) if !written.starts_with(&address.to_string()) => false,
            _ => self.inside.why_declared(&host).is_some(),
        })
    }
}

/// Where a scheme before those slashes begins, and which it is in lower case; the slashes and nothing without one.
fn scheme_before(bytes: &[u8], slash: usize) -> (usize, String) {
    let Some(colon) = slash.checked_sub(1).filter(|at| bytes[*at] == b':') else {
        return (slash, String::new());
    };
    let in_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let length = bytes[..colon]
        .iter()
        .rev()
        .take(32)
        .take_while(in_scheme)
        .count();
    let start = colon - length;
    let scheme = String::from_utf8_lossy(&bytes[start..colon]).to_ascii_lowercase();
    (start, scheme)
}

fn ends_authority(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"/\\?#&\"'<>`,;|)".contains(&byte)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// Longest stretches of such bytes that are no shorter than that.
fn runs(bytes: &[u8], shortest: usize, fits: impl Fn(u8) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| fits(**byte)).count();
        if length >= shortest {
            found.push((at, at + length));
        }
        at += length + 1;
    }
    found
}

/// The run decoded from each of its first four characters: a prefix in the same alphabet, a path or a random one,
/// may stand before what was encoded.
fn alignments(run: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let url_safe: Vec<u8> = run
        .iter()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            byte => *byte,
        })
        .collect();
    (0..4).filter_map(move |skip| {
        let aligned = url_safe.get(skip..)?;
        // One character over holds no whole byte.
        let whole = aligned.len() - usize::from(aligned.len() % 4 == 1);
        BASE64.decode(&aligned[..whole]).ok()
    })
}

fn from_hex(digits: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let pairs = digits.chunks_exact(2);
    pairs
        .filter_map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

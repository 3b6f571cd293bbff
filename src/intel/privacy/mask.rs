//! Hides addresses and internal urls in a part of a url, however they are encoded in it.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::{Host, Url};

use super::address::{Rule, addresses};
use super::host::Inside;
use super::layer::Layer;
use super::never::Never;
use super::secret::{Pairs, secrets};

/// The replacement for what is hidden.
const HIDDEN: &str = "***";
/// The deepest nesting of percent-encoding that is decoded. A text that is nested deeper is hidden completely.
const ROUNDS: usize = 8;
/// The deepest nesting of base64 and hexadecimal that is decoded.
const DEPTH: usize = 2;
/// The length of `a@b.co` in base64 without padding.
const SHORTEST_BASE64: usize = 8;
/// The length of `a@b.co` in hexadecimal.
const SHORTEST_HEX: usize = 12;
/// The longest host with its port, if every character is percent-encoded.
const LONGEST_HOST: usize = 1000;
/// Schemes that are always followed by a host.
const HOST_SCHEMES: [&str; 7] = ["http", "https", "ftp", "file", "smb", "ws", "wss"];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The longest path within a text that is compared with the patterns of `intel.never_send`, in bytes.
const LONGEST_PATH: usize = 1000;

/// The part of a url that a text is from. Internal urls and secrets are hidden in all parts; what else is hidden
/// depends on the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A path. Nothing else is hidden, and a secret only if its name follows a delimiter such as `?` or `&`.
    Path,
    /// A query or a fragment. Email addresses are hidden too.
    Query,
    /// A query or a fragment that `intel.send_query` allows to be sent. Nothing else is hidden.
    Whole,
}

/// Hides internal urls, secrets and addresses in a text.
pub(super) struct Mask<'a> {
    inside: &'a Inside,
    never: &'a Never,
}

impl<'a> Mask<'a> {
    pub(super) fn new(inside: &'a Inside, never: &'a Never) -> Self {
        Self { inside, never }
    }

    /// The text with everything hidden that such a part requires; `None` when there is nothing to hide.
    pub(super) fn hide(&self, text: &str, part: Part) -> Option<String> {
        let mut hidden: Vec<(usize, usize)> = Vec::new();
        let mut layer = Layer::raw(text.as_bytes());
        for round in 0.. {
            let found = self.find(&layer, Rule::Text, part, DEPTH);
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
                // Adjacent ranges are replaced by a single mark.
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

    /// The ranges of one decoding that have to be hidden.
    fn find(&self, layer: &Layer, rule: Rule, part: Part, depth: usize) -> Vec<(usize, usize)> {
        let mut found = self.internal_urls(layer);
        let range = |range: Range<usize>| (range.start, range.end);
        if part == Part::Query {
            found.extend(addresses(layer, rule).into_iter().map(range));
        }
        // In bytes that may be random, a match with the name of a secret would be a coincidence.
        if rule == Rule::Text {
            let pairs = match part {
                Part::Path => Pairs::Begun,
                Part::Query | Part::Whole => Pairs::Anywhere,
            };
            found.extend(secrets(layer, pairs).into_iter().map(range));
        }
        if depth == 0 {
            return found;
        }
        for (from, to) in runs(&layer.bytes, SHORTEST_BASE64, is_base64) {
            let run = &layer.bytes[from..to];
            let within = alignments(run).any(|decoded| self.carries(&decoded, part, depth - 1));
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
            if (0..2).any(|skip| self.carries(&from_hex(&run[skip..]), part, depth - 1)) {
                found.push((from, to));
            }
        }
        found
    }

    /// True when decoded bytes contain something to hide.
    fn carries(&self, bytes: &[u8], part: Part, depth: usize) -> bool {
        if memchr::memchr(0, bytes).is_some() {
            // This may be UTF-16 text, as Windows encodes it, between other bytes.
            let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            if self.carries(&narrow, part, depth) {
                return true;
            }
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
            if !self.find(&layer, rule, part, depth).is_empty() {
                return true;
            }
            match layer.decoded() {
                Some(decoded) => layer = decoded,
                None => return false,
            }
        }
        true
    }

    /// The urls in the text whose host is internal, or that are never sent.
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
            let after_scheme = HOST_SCHEMES.contains(&scheme.as_str());
            if self.is_internal(bytes, authority..name_end, after_scheme) {
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

    /// True when an authority is an internal host or, together with the path after it, matches a pattern of what is
    /// never sent. After a scheme this is always a host. Without a scheme it has to look like one, since `/a//1`
    /// contains no host.
    fn is_internal(&self, bytes: &[u8], authority: Range<usize>, after_scheme: bool) -> bool {
        let end = authority.end;
        let written = bytes[authority]
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
        let Some(host) = url.host() else {
            return false;
        };
        let inside = match host {
            _ if after_scheme => self.inside.why(&host).is_some(),
            Host::Ipv4(address) if !written.starts_with(&address.to_string()) => false,
            _ => self.inside.why_declared(&host).is_some(),
        };
        if inside || !self.never.has_host(&host) {
            return inside;
        }
        let rest = &bytes[end..bytes.len().min(end + LONGEST_PATH)];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"?#&\"'<>`".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let path = String::from_utf8_lossy(&rest[..length]);
        let path = if path.is_empty() { "/".into() } else { path };
        self.never.find(&host, &path).is_some()
    }
}

/// The start of the scheme before these slashes, and the scheme in lower case; without a scheme, the start of the
/// slashes and an empty text.
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

/// All maximal runs of bytes that `fits` accepts, if they have at least `shortest` bytes.
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

/// Decodes the run from each of its first four characters on, since the encoded text may follow directly after other
/// characters of the same alphabet, such as a path.
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
        // A single remaining character does not encode a whole byte.
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

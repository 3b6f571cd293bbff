//! Percent-decoded text that keeps, for each decoded byte, its position in the raw text.

/// One decoding of a raw text: the text itself, or the text after some rounds of percent-decoding.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// The decoded bytes.
    pub(super) bytes: Vec<u8>,
    /// The start and end of each byte in the raw text.
    spans: Vec<(usize, usize)>,
    /// True for each byte that was percent-encoded, and is therefore not a delimiter in the raw text.
    escaped: Vec<bool>,
}

impl Layer {
    /// The text without any decoding.
    pub(super) fn raw(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            spans: (0..bytes.len()).map(|at| (at, at + 1)).collect(),
            escaped: vec![false; bytes.len()],
        }
    }

    /// The text after one more round of decoding; `None` when nothing is percent-encoded any more.
    pub(super) fn decoded(&self) -> Option<Self> {
        memchr::memchr(b'%', &self.bytes)?;
        let mut next = Self {
            bytes: Vec::with_capacity(self.bytes.len()),
            spans: Vec::with_capacity(self.bytes.len()),
            escaped: Vec::with_capacity(self.bytes.len()),
        };
        let mut at = 0;
        while at < self.bytes.len() {
            let (byte, length, escaped) = match self.escape_at(at) {
                Some(byte) => (byte, 3, true),
                None => (self.bytes[at], 1, self.escaped[at]),
            };
            next.bytes.push(byte);
            next.spans
                .push((self.spans[at].0, self.spans[at + length - 1].1));
            next.escaped.push(escaped);
            at += length;
        }
        (next.bytes.len() < self.bytes.len()).then_some(next)
    }

    /// True when the byte at this position was percent-encoded.
    pub(super) fn is_escaped(&self, at: usize) -> bool {
        self.escaped.get(at).copied().unwrap_or(false)
    }

    /// Converts a range of this decoding to a range of the raw text.
    pub(super) fn raw_range(&self, from: usize, to: usize) -> Option<(usize, usize)> {
        let first = self.spans.get(from)?;
        let last = self.spans.get(to.checked_sub(1)?)?;
        Some((first.0, last.1))
    }

    fn escape_at(&self, at: usize) -> Option<u8> {
        let [b'%', high, low] = *self.bytes.get(at..at + 3)? else {
            return None;
        };
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        Some(digit(high)? << 4 | digit(low)?)
    }
}

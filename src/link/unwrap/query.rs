//! Reads the query parameters and base64 in which wrappers carry their target.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use url::Url;

/// Accepts base64 with or without padding and with stray bits at its end, since urls are often cut short.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The values of the named parameters, in the order of `names`. A double escape can leave `amp;` in front of a
/// name; it is ignored, as is the case of the name.
pub(super) fn params(url: &Url, names: &[&str]) -> Vec<String> {
    let Some(query) = url.query() else {
        return Vec::new();
    };
    names.iter().filter_map(|name| param(query, name)).collect()
}

/// The first value of one parameter that is not empty.
pub(crate) fn param(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let key = key.strip_prefix("amp;").unwrap_or(key);
        // Keys are hardly ever percent-encoded, so they are decoded only when they hold a `%`.
        let same = key.eq_ignore_ascii_case(name)
            || (key.contains('%') && decoded(key).eq_ignore_ascii_case(name));
        (same && !value.is_empty()).then(|| decoded(value).into_owned())
    })
}

/// A key or value with its percent-encoding removed. `+` stands for a blank.
fn decoded(text: &str) -> Cow<'_, str> {
    match text.contains('+') {
        true => {
            let text = text.replace('+', " ");
            Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned())
        }
        false => percent_decode_str(text).decode_utf8_lossy(),
    }
}

/// Text in base64 of either alphabet; `None` when it is not base64 or not UTF-8.
pub(super) fn base64_text(encoded: &str) -> Option<String> {
    String::from_utf8(base64_bytes(encoded)?).ok()
}

/// Bytes in base64 of either alphabet; `None` when it is not base64.
pub(super) fn base64_bytes(encoded: &str) -> Option<Vec<u8>> {
    let translate = |c: char| match c {
        '+' | ' ' => '-',
        '/' => '_',
        c => c,
    };
    let encoded: String = encoded
        .trim_end_matches('=')
        .chars()
        .map(translate)
        .collect();
    LENIENT.decode(encoded).ok()
}

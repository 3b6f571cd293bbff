//! Encodes the data of a page so that nothing in it is interpreted as HTML or script.

use std::io::{self, Write};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderStringWriter;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Serialize, Serializer};

use crate::link::defang_text;
use crate::model::format_time;

/// Text from outside as a report shows it: every url in it defanged.
pub(super) fn shown(text: &str) -> String {
    defang_text(text).into_owned()
}

/// Serialises a time in linktrail's format.
pub(super) fn time<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_time(*at))
}

/// The value as JSON, compressed by gzip, in base64. This makes the file five times smaller.
///
/// # Errors
/// When the value cannot be serialised as JSON.
pub(super) fn packed(value: &impl Serialize) -> io::Result<String> {
    let text = EncoderStringWriter::new(&STANDARD);
    let mut out = io::BufWriter::new(GzEncoder::new(text, Compression::default()));
    serde_json::to_writer(&mut out, value)?;
    out.flush()?;
    let zipped = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(zipped.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use base64::Engine;

    use super::*;

    #[test]
    fn nothing_ends_the_block_and_the_value_is_the_same() {
        let hostile = "</script><!--\u{2028}\u{202e}\0 a&b \u{10ffff}";
        let packed = packed(&[hostile]).unwrap();
        assert!(
            packed
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
        );
        let mut json = String::new();
        flate2::read::GzDecoder::new(&STANDARD.decode(packed).unwrap()[..])
            .read_to_string(&mut json)
            .unwrap();
        let back: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, [hostile]);
    }
}

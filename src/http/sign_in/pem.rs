//! Reads the sections of a PEM file (RFC 7468), with whatever text stands between them: `openssl pkcs12` writes the
//! attributes of keys and certificates there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;

/// A section of a PEM file.
#[derive(Debug)]
pub(super) struct Section {
    /// What it holds, such as `CERTIFICATE`.
    pub(super) label: String,
    /// True when it has headers of its own, as keys have that are encrypted in the form of old versions of OpenSSL.
    pub(super) has_headers: bool,
    /// Its bytes; for a section with headers they are of no use. `None` when they are no base64.
    pub(super) bytes: Option<Zeroizing<Vec<u8>>>,
}

/// The sections of a file, in order. A section without an end is left out.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let Some((label, after)) = after.split_once("-----") else {
            break;
        };
        let Some((body, after)) = after.split_once(&format!("-----END {label}-----")) else {
            rest = after;
            continue;
        };
        rest = after;
        let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
        base64.extend(body.split_whitespace());
        sections.push(Section {
            label: label.to_owned(),
            has_headers: body.contains(':'),
            bytes: STANDARD.decode(base64.as_bytes()).ok().map(Zeroizing::new),
        });
    }
    sections
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sections_are_found_between_other_text() {
        let text = "Bag Attributes\r\n  friendlyName: x\r\n-----BEGIN A KEY-----\r\nAQID\r\nBAUG\r\n-----END A KEY-----\r\nsubject=CN = x\r\n-----BEGIN B-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END B-----\n-----BEGIN C-----\n*\n-----END C-----\n-----BEGIN D-----\nAQID\n";
        let sections = sections(text);
        let labels: Vec<&str> = sections.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(labels, ["A KEY", "B", "C"]);
        assert_eq!(sections[0].bytes.as_deref(), Some(&vec![1, 2, 3, 4, 5, 6]));
        assert!(!sections[0].has_headers && sections[1].has_headers);
        assert!(sections[2].bytes.is_none());
    }

    proptest! {
        #[test]
        fn it_ends_on_any_text(parts in prop::collection::vec(prop::sample::select(vec![
            "-----BEGIN ", "A", "-----", "-----END ", "\n", "AQID", ":", "é",
        ]), 0..40)) {
            prop_assert!(sections(&parts.concat()).len() <= 40);
        }
    }
}

//! Digests of texts.

use sha2::{Digest, Sha256};

/// SHA-256 of several texts. The length of each is hashed before it, so that `ab`, `c` and `a`, `bc` differ.
pub fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Journals and caches on disk depend on exactly these bytes.
    #[test]
    fn digests_stay_what_they_are() {
        assert_eq!(
            hex(&digest(&["otx", "https://a.example/", ""])),
            "d10cf4a1d184162be85779099d754f6ac70a641e8a3b79cdcab94817545cc23d"
        );
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}

//! A segment of a journal: any bytes, and whole frames with any text in them. No panic, and what was read once is read
//! again.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use linktrail::journal::{JournalReader, verify};

static DIR: LazyLock<PathBuf> = LazyLock::new(|| {
    let dir = std::env::temp_dir().join(format!("linktrail-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    dir
});

/// The lines before the first zero, each in a frame of its own, and what follows it as it is.
fn segment(input: &[u8]) -> Vec<u8> {
    let zero = input.iter().position(|&b| b == 0).unwrap_or(input.len());
    let mut bytes = Vec::new();
    for line in input[..zero].split(|&b| b == b'\n') {
        bytes.extend(zstd::encode_all(line, 1).expect("a frame"));
    }
    bytes.extend(input.get(zero + 1..).unwrap_or_default());
    bytes
}

fuzz_target!(|input: &[u8]| {
    let path = DIR.join("000001.jsonl.zst");
    std::fs::write(&path, segment(input)).expect("written");
    verify(&DIR, "case", 1).expect("checked");
    if let Ok(journal) = JournalReader::open(&DIR, "case", None) {
        let mut records = 0;
        journal
            .each(|record| {
                assert!(record.number().is_some());
                records += 1;
            })
            .expect("read again");
        assert!(records <= input.len() + 1);
        JournalReader::open(&DIR, "case", None).expect("opened again");
    }
});

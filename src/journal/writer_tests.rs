use std::collections::BTreeMap;

use tempfile::TempDir;
use url::Url;

use super::*;
use crate::journal::{JournalReader, RecordLookup, verify};
use crate::model::Source;

const CASE: &str = "CASE";

fn request(n: usize) -> Request {
    let url = Url::parse(&format!("https://graph.example/{n}")).unwrap();
    Request::get(Source::Graph, url)
}

fn answer(body: &str) -> Answer {
    Answer::Response {
        status: 200,
        headers: BTreeMap::new(),
        body: body.to_owned(),
    }
}

/// A body that does not become smaller.
fn random(bytes: usize) -> String {
    let mut state = 7_u64;
    (0..bytes)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(b'!' + (state % 90) as u8)
        })
        .collect()
}

fn fill(writer: &JournalWriter, records: std::ops::Range<usize>) {
    for n in records {
        writer
            .append(
                &request(n),
                DateTime::UNIX_EPOCH,
                answer(&format!("body {n}")),
            )
            .unwrap();
    }
}

/// A journal with that many records in one segment.
fn journal(records: usize) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    fill(&JournalWriter::open(dir.path(), CASE).unwrap(), 0..records);
    let segment = dir.path().join("000001.jsonl.zst");
    assert!(records == 0 || segment.exists());
    (dir, segment)
}

/// The places where the frames of a segment begin.
fn starts(segment: &Path) -> Vec<usize> {
    let bytes = fs::read(segment).unwrap();
    let magic = 0xFD2F_B528_u32.to_le_bytes();
    memchr::memmem::find_iter(&bytes, &magic).collect()
}

fn bodies(dir: &Path) -> Vec<String> {
    let mut bodies = Vec::new();
    let reader = JournalReader::open(dir, CASE, None).unwrap();
    reader.each(|record| bodies.push(record.body)).unwrap();
    bodies
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn what_is_written_is_read_and_the_chain_goes_on_in_the_next_segment() {
    let (dir, _) = journal(3);
    let writer = JournalWriter::open(dir.path(), CASE).unwrap();
    assert_eq!((writer.records(), writer.torn()), (3, None));
    assert_eq!(writer.find(&request(1)).unwrap().unwrap().body(), "body 1");
    fill(&writer, 1..3);
    assert_eq!(writer.find(&request(1)).unwrap().unwrap().record, 4);
    let head = writer.head();
    // While it is open for writing.
    let reader = JournalReader::open(dir.path(), CASE, None).unwrap();
    assert_eq!(reader.records(), 5);
    assert_eq!(reader.head().map(str::to_owned), head);
    assert_eq!(reader.find(&request(1)).unwrap().unwrap().record, 4);
    assert_eq!(reader.get(6).unwrap(), None);
    assert_eq!(reader.get(0).unwrap(), None);
    assert_eq!(reader.get(u64::MAX).unwrap(), None);
    // Bounded, it is what it was before.
    let reader = JournalReader::open(dir.path(), CASE, Some(3)).unwrap();
    assert_eq!((reader.records(), reader.tail()), (3, None));
    assert_eq!(reader.find(&request(1)).unwrap().unwrap().record, 2);
    assert_eq!(reader.get(4).unwrap(), None);
    let names: Vec<String> = files(dir.path())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["000001.jsonl.zst", "000002.jsonl.zst"]);
    let findings = verify(dir.path(), CASE, 5).unwrap();
    assert_eq!(
        (findings.wrong, findings.head),
        (Vec::<String>::new(), head)
    );
}

#[test]
fn a_full_segment_is_followed_by_another() {
    let dir = TempDir::new().unwrap();
    let limits = Limits {
        segment: 40_000,
        ..LIMITS
    };
    let writer = JournalWriter::with_limits(dir.path(), CASE, limits).unwrap();
    for (n, bytes) in [10_000, 10_000, 90_000, 10_000].into_iter().enumerate() {
        let answer = answer(&random(bytes));
        writer
            .append(&request(n), DateTime::UNIX_EPOCH, answer)
            .unwrap();
    }
    let records: Vec<usize> = (1..=3)
        .map(|n| starts(&dir.path().join(format!("{n:06}.jsonl.zst"))).len())
        .collect();
    assert_eq!(records, [2, 1, 1]);
    assert_eq!(bodies(dir.path()).len(), 4);
}

#[test]
fn records_do_not_wait_for_the_disk_for_long() {
    let dir = TempDir::new().unwrap();
    let limits = Limits {
        records: 3,
        time: Duration::from_millis(50),
        ..LIMITS
    };
    let writer = JournalWriter::with_limits(dir.path(), CASE, limits).unwrap();
    let unsynced = || writer.shared.lock().unsynced;
    fill(&writer, 0..3);
    assert_eq!(unsynced(), 0);
    fill(&writer, 3..4);
    let start = Instant::now();
    while unsynced() > 0 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    // A second time, since the timer goes on.
    fill(&writer, 4..5);
    while unsynced() > 0 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a crash or a power failure leaves: readers go by what is whole and touch nothing, and the next writer moves it
/// aside and goes on.
#[test]
fn a_tail_is_left_by_readers_and_moved_aside_by_writers() {
    type Harm = fn(&mut Vec<u8>, usize);
    let harms: [(&str, u64, Harm); 6] = [
        ("half a record", 2, |bytes, last| {
            let half = (bytes.len() + last) / 2;
            bytes.truncate(half);
        }),
        ("zeros behind", 3, |bytes, _| bytes.extend([0; 512])),
        ("zeros inside the last frame", 2, |bytes, _| {
            let end = bytes.len();
            bytes[end - 40..].fill(0);
        }),
        ("garbage behind", 3, |bytes, _| {
            bytes.extend(random(300).into_bytes());
        }),
        ("the magic alone", 3, |bytes, last| {
            let magic = bytes[last..last + 4].to_vec();
            bytes.extend(magic);
        }),
        ("nothing but zeros", 0, |bytes, _| bytes.fill(0)),
    ];
    for (name, whole, harm) in harms {
        let (dir, segment) = journal(3);
        let last = starts(&segment)[2];
        let intact = fs::read(&segment).unwrap();
        let mut bytes = intact.clone();
        harm(&mut bytes, last);
        fs::write(&segment, &bytes).unwrap();
        let before = files(dir.path());
        for _ in 0..2 {
            let reader = JournalReader::open(dir.path(), CASE, None).unwrap();
            assert_eq!(reader.records(), whole, "{name}");
            let tail = reader.tail().unwrap();
            assert_eq!(tail.offset + tail.bytes, bytes.len() as u64, "{name}");
            let findings = verify(dir.path(), CASE, whole).unwrap();
            assert_eq!(findings.wrong, Vec::<String>::new(), "{name}");
            assert_eq!(findings.tail.as_ref(), Some(tail), "{name}");
        }
        assert_eq!(files(dir.path()), before, "{name}");
        let writer = JournalWriter::open(dir.path(), CASE).unwrap();
        let torn = writer.torn().unwrap().to_owned();
        assert!(torn.ends_with("000001.jsonl.zst.torn"), "{name}");
        let kept = fs::read(&torn).unwrap();
        assert!(bytes.ends_with(&kept) && !kept.is_empty(), "{name}");
        fill(&writer, whole as usize..3);
        drop(writer);
        assert_eq!(bodies(dir.path()), ["body 0", "body 1", "body 2"], "{name}");
        let findings = verify(dir.path(), CASE, 3).unwrap();
        assert_eq!(
            (findings.wrong, findings.tail),
            (Vec::new(), None),
            "{name}"
        );
    }
}

#[test]
fn an_earlier_torn_file_is_never_overwritten() {
    let (dir, segment) = journal(1);
    for text in ["one", "two", "three"] {
        let mut bytes = fs::read(&segment).unwrap();
        bytes.extend(text.bytes());
        fs::write(&segment, bytes).unwrap();
        JournalWriter::open(dir.path(), CASE).unwrap();
    }
    fs::write(dir.path().join("000002.jsonl.zst"), "").unwrap();
    let writer = JournalWriter::open(dir.path(), CASE).unwrap();
    assert_eq!(writer.records(), 1);
    let kept: Vec<_> = files(dir.path())
        .into_iter()
        .filter(|(name, _)| name.contains("torn"))
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()))
        .collect();
    let kept: Vec<(&str, &str)> = kept.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        kept,
        [
            ("000001.jsonl.zst.torn", "one"),
            ("000001.jsonl.zst.torn2", "two"),
            ("000001.jsonl.zst.torn3", "three"),
            ("000002.jsonl.zst.torn", ""),
        ]
    );
}

/// A journal of five records, written anew from these lines in that order.
fn rewritten(change: impl FnOnce(&mut Vec<String>)) -> (TempDir, PathBuf) {
    let (dir, segment) = journal(5);
    let lines = zstd::decode_all(&fs::read(&segment).unwrap()[..]).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let mut lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    change(&mut lines);
    let frames = lines
        .iter()
        .flat_map(|line| frames::encode(format!("{line}\n").as_bytes()).unwrap());
    fs::write(&segment, frames.collect::<Vec<u8>>()).unwrap();
    (dir, segment)
}

/// Whole frames with good checksums, and still not what was recorded.
#[test]
fn what_was_changed_cut_out_or_moved_is_named() {
    type Change = fn(&mut Vec<String>);
    let changes: [(Change, u64, &[&str]); 9] = [
        (
            |lines| lines[2] = lines[2].replace("body 2", "body 3"),
            3,
            &["record 3 was changed, or record 2 and its chain were: 000001.jsonl.zst, "],
        ),
        (
            |lines| {
                lines.remove(2);
            },
            3,
            &["record 3 is missing"],
        ),
        (
            |lines| lines.swap(2, 3),
            3,
            &["record 4 was moved: it stands behind record 2"],
        ),
        (
            |lines| {
                let first = lines.remove(0);
                lines.push(first);
            },
            1,
            &["record 1 was moved: it stands behind record 5"],
        ),
        (
            |lines| {
                let again = lines[1].clone();
                lines.push(again);
            },
            6,
            &["record 2 is there twice: "],
        ),
        (
            |lines| lines[4] = lines[4].replace("CASE/5", "CASE/18446744073709551615"),
            5,
            &["records 5 to 18446744073709551614 are missing"],
        ),
        (
            |lines| lines[4] = lines[4].replace("CASE/5", "OTHER/5"),
            5,
            &["a record of another case: ", "record 5 is missing"],
        ),
        (
            |lines| {
                let end = lines[3].find(r#","chain""#).unwrap();
                lines[3].replace_range(end.., "}");
            },
            4,
            &[
                "record 4 was changed: it has no chain",
                "record 5 was changed, or record 4 and its chain were: ",
            ],
        ),
        (
            |lines| lines[0] = lines[0].replace("body 0", "body 9"),
            1,
            &["record 1 was changed: "],
        ),
    ];
    for (change, record, expected) in changes {
        let (dir, segment) = rewritten(change);
        let findings = verify(dir.path(), CASE, 5).unwrap();
        for expected in expected {
            let told = findings.wrong.iter().any(|text| text.starts_with(expected));
            assert!(told, "{expected}: {:?}", findings.wrong);
        }
        assert!(
            findings.wrong.len() <= expected.len(),
            "{:?}",
            findings.wrong
        );
        assert_eq!(findings, verify(dir.path(), CASE, 5).unwrap());
        let error = JournalReader::open(dir.path(), CASE, None).unwrap_err();
        let JournalError::Damaged {
            record: at, path, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((at, path), (record, segment));
        JournalWriter::open(dir.path(), CASE).unwrap_err();
    }
}

#[test]
fn damage_before_the_end_is_an_error_that_names_the_record() {
    let (dir, segment) = journal(5);
    let whole = fs::read(&segment).unwrap();
    let third = starts(&segment)[2];
    for at in [third, third + 30] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        fs::write(&segment, &bytes).unwrap();
        for error in [
            JournalReader::open(dir.path(), CASE, None).unwrap_err(),
            JournalWriter::open(dir.path(), CASE).unwrap_err(),
        ] {
            let text = error.to_string();
            let place = format!("is damaged {third} bytes in, where record 3 is expected");
            assert!(text.contains(&place), "{text}");
        }
        let findings = verify(dir.path(), CASE, 5).unwrap();
        assert_eq!(findings.wrong.len(), 1, "{:?}", findings.wrong);
        assert!(findings.wrong[0].starts_with("record 3 is damaged: "));
        // The records before it can be read alone.
        assert_eq!(
            JournalReader::open(dir.path(), CASE, Some(2))
                .unwrap()
                .records(),
            2
        );
        assert_eq!(fs::read(&segment).unwrap(), bytes);
    }
    // What is cut short is only the rest of a crash in the last segment.
    fs::write(&segment, &whole[..whole.len() - 9]).unwrap();
    fs::write(dir.path().join("000002.jsonl.zst"), "").unwrap();
    let error = JournalWriter::open(dir.path(), CASE).unwrap_err();
    assert!(
        error.to_string().contains("record 5 is expected"),
        "{error}"
    );
}

/// Records of format 1 have no chain, and those of format 2 that follow start from nothing.
#[test]
fn a_journal_of_format_1_goes_on_in_format_2() {
    let (dir, _) = rewritten(|lines| {
        for line in lines {
            let end = line.find(r#","chain""#).unwrap();
            line.replace_range(end.., "}");
        }
    });
    let reader = JournalReader::open(dir.path(), CASE, None).unwrap();
    assert_eq!((reader.records(), reader.head()), (5, None));
    fill(&JournalWriter::open(dir.path(), CASE).unwrap(), 5..7);
    let reader = JournalReader::open(dir.path(), CASE, None).unwrap();
    assert_eq!(reader.records(), 7);
    let findings = verify(dir.path(), CASE, 7).unwrap();
    assert_eq!(findings.wrong, Vec::<String>::new());
    assert_eq!(findings.head.as_deref(), reader.head());
    assert!(findings.head.is_some());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_what_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, segment) = journal(1);
    fs::write(dir.path().join("000002.jsonl.zst"), "x").unwrap();
    let writer = JournalWriter::open(dir.path(), CASE).unwrap();
    for path in [segment.as_path(), writer.torn().unwrap()] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

/// Single records are those that a reader finds, whatever is in them and in however many segments they are.
#[test]
fn a_record_is_found_without_reading_the_others() {
    let dir = TempDir::new().unwrap();
    let long = random(400_000);
    for bodies in [vec!["", "é", &long], vec!["x"; 40], vec![&long, "end"]] {
        let writer = JournalWriter::open(dir.path(), CASE).unwrap();
        for body in bodies {
            let n = usize::try_from(writer.records()).unwrap();
            let at = DateTime::UNIX_EPOCH;
            writer.append(&request(n), at, answer(body)).unwrap();
        }
    }
    let reader = JournalReader::open(dir.path(), CASE, None).unwrap();
    let lookup = RecordLookup::open(dir.path(), CASE, u64::MAX).unwrap();
    assert_eq!((lookup.records(), lookup.tail()), (45, None));
    for number in 0..=46 {
        assert_eq!(lookup.get(number).unwrap(), reader.get(number).unwrap());
    }
    let first = RecordLookup::open(dir.path(), CASE, 20).unwrap();
    assert_eq!((first.records(), first.tail()), (20, None));
    assert_eq!(first.get(21).unwrap(), None);
}

/// At every length of a segment, what is whole is found and nothing else, and the rest is told.
#[test]
fn a_segment_of_any_length_has_the_records_that_are_whole() {
    let (dir, segment) = journal(3);
    let bytes = fs::read(&segment).unwrap();
    let mut starts = starts(&segment);
    starts.push(bytes.len());
    for length in 0..=bytes.len() {
        fs::write(&segment, &bytes[..length]).unwrap();
        let whole = starts
            .iter()
            .filter(|start| **start > 0 && **start <= length);
        let lookup = RecordLookup::open(dir.path(), CASE, 3).unwrap();
        assert_eq!(lookup.records(), whole.count() as u64, "{length}");
        let is_told = lookup.tail().is_some();
        assert_eq!(is_told, !starts.contains(&length) && length > 0, "{length}");
    }
    let mut zeros = bytes.clone();
    let end = zeros.len();
    zeros[end - 20..].fill(0);
    fs::write(&segment, &zeros).unwrap();
    let lookup = RecordLookup::open(dir.path(), CASE, 3).unwrap();
    assert_eq!(lookup.records(), 2);
    assert_eq!(lookup.tail().unwrap().offset, starts[2] as u64);
}

/// A record that was changed, or whose predecessor was, is not shown as proof of anything.
#[test]
fn a_changed_record_is_not_looked_up() {
    let (dir, segment) = journal(3);
    let starts = starts(&segment);
    let bytes = fs::read(&segment).unwrap();
    let line = frames::decode(&bytes[starts[1]..starts[2]], 0).unwrap();
    let line = String::from_utf8(line).unwrap().replace("body 1", "body 7");
    let mut changed = bytes[..starts[1]].to_vec();
    changed.extend(frames::encode(line.as_bytes()).unwrap());
    changed.extend(&bytes[starts[2]..]);
    fs::write(&segment, &changed).unwrap();
    let lookup = RecordLookup::open(dir.path(), CASE, 3).unwrap();
    lookup.get(1).unwrap().unwrap();
    let error = lookup.get(2).unwrap_err().to_string();
    assert!(
        error.contains("it was changed after it was recorded"),
        "{error}"
    );
    let other = RecordLookup::open(dir.path(), "OTHER", 3).unwrap();
    let error = other.get(1).unwrap_err().to_string();
    assert!(error.contains("another record stands there"), "{error}");
}

//! Tables of the index: records of a fixed width, in compressed blocks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The number of records in a block.
const BLOCK: usize = 4096;
/// The highest number of blocks of a table that are kept in memory.
const KEPT: usize = 64;
/// How hard the blocks are compressed.
const LEVEL: i32 = 3;

/// A piece of a file, and the first eight bytes of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64, u64)", into = "(u64, u64, u64)")]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) digest: u64,
}

impl From<(u64, u64, u64)> for Piece {
    fn from((offset, length, digest): (u64, u64, u64)) -> Self {
        Self {
            offset,
            length,
            digest,
        }
    }
}

impl From<Piece> for (u64, u64, u64) {
    fn from(piece: Piece) -> Self {
        (piece.offset, piece.length, piece.digest)
    }
}

/// The first eight bytes of the SHA-256 of some bytes.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(bytes)[..8]);
    u64::from_be_bytes(first)
}

impl Piece {
    /// The piece with these bytes that begins at an offset.
    pub(super) fn of(offset: u64, bytes: &[u8]) -> Self {
        Self {
            offset,
            length: bytes.len() as u64,
            digest: digest(bytes),
        }
    }

    /// Reads the piece. `size` is the length of the file, so that no more is allocated than it has.
    pub(super) fn read(self, file: &File, size: u64) -> io::Result<Vec<u8>> {
        let end = self.offset.checked_add(self.length);
        if end.is_none_or(|end| end > size) {
            return Err(damaged("a piece is not within the file"));
        }
        let length = usize::try_from(self.length).map_err(|_| damaged("a piece is too long"))?;
        let mut bytes = vec![0; length];
        let mut file = file;
        file.seek(SeekFrom::Start(self.offset))?;
        file.read_exact(&mut bytes)?;
        if digest(&bytes) != self.digest {
            return Err(damaged("a piece is not what was written"));
        }
        Ok(bytes)
    }
}

pub(super) fn damaged(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What the directory says of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct TableEntry {
    /// The number of records.
    count: u64,
    /// The blocks, in order. All but the last have [`BLOCK`] records.
    blocks: Vec<Piece>,
}

/// A file that is written, and how much of it there is.
pub(super) struct Output<'o> {
    out: &'o mut dyn Write,
    pub(super) offset: u64,
}

impl<'o> Output<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Self {
        Self { out, offset: 0 }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<Piece> {
        let piece = Piece::of(self.offset, bytes);
        self.out.write_all(bytes)?;
        self.offset += piece.length;
        Ok(piece)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a table. The blocks of several tables can be written in turn.
pub(super) struct TableWriter<const WIDTH: usize> {
    block: Vec<u8>,
    entry: TableEntry,
}

impl<const WIDTH: usize> TableWriter<WIDTH> {
    pub(super) fn new() -> Self {
        Self {
            block: Vec::with_capacity(BLOCK * WIDTH),
            entry: TableEntry::default(),
        }
    }

    /// The number of records so far.
    pub(super) fn count(&self) -> u64 {
        self.entry.count
    }

    pub(super) fn add(&mut self, out: &mut Output<'_>, record: [u8; WIDTH]) -> io::Result<()> {
        self.block.extend_from_slice(&record);
        self.entry.count += 1;
        if self.block.len() == BLOCK * WIDTH {
            self.flush(out)?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut Output<'_>) -> io::Result<()> {
        if !self.block.is_empty() {
            let block = zstd::bulk::compress(&self.block, LEVEL)?;
            self.entry.blocks.push(out.put(&block)?);
            self.block.clear();
        }
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut Output<'_>) -> io::Result<TableEntry> {
        self.flush(out)?;
        Ok(self.entry)
    }
}

/// Reads a table by the numbers of its records.
pub(super) struct Table<const WIDTH: usize> {
    entry: TableEntry,
    /// The blocks that were read last, by number.
    kept: Vec<(u64, Vec<u8>)>,
}

impl<const WIDTH: usize> Table<WIDTH> {
    /// `None` when the entry contradicts itself.
    pub(super) fn new(entry: TableEntry) -> Option<Self> {
        let blocks = entry.count.div_ceil(BLOCK as u64);
        (blocks == entry.blocks.len() as u64).then_some(Self {
            entry,
            kept: Vec::new(),
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.entry.count
    }

    /// The record with a number, from 0.
    pub(super) fn get(&mut self, file: &Sized, at: u64) -> io::Result<[u8; WIDTH]> {
        if at >= self.entry.count {
            return Err(damaged("a record is not within its table"));
        }
        let (number, within) = (at / BLOCK as u64, (at % BLOCK as u64) as usize);
        let block = self.block(file, number)?;
        let record = block.get(within * WIDTH..(within + 1) * WIDTH);
        let record = record.and_then(|record| record.try_into().ok());
        record.ok_or_else(|| damaged("a block is too short"))
    }

    fn block(&mut self, file: &Sized, number: u64) -> io::Result<&[u8]> {
        let known = self.kept.iter().position(|(kept, _)| *kept == number);
        let place = match known {
            Some(place) => place,
            None => {
                let piece = usize::try_from(number)
                    .ok()
                    .and_then(|number| self.entry.blocks.get(number));
                let piece = piece.ok_or_else(|| damaged("a block is missing"))?;
                let bytes = piece.read(&file.file, file.size)?;
                let before = number * BLOCK as u64;
                let records = (self.entry.count - before).min(BLOCK as u64) as usize;
                let block = zstd::bulk::decompress(&bytes, records * WIDTH)?;
                if block.len() != records * WIDTH {
                    return Err(damaged("a block has another length"));
                }
                if self.kept.len() == KEPT {
                    self.kept.remove(0);
                }
                self.kept.push((number, block));
                self.kept.len() - 1
            }
        };
        Ok(&self.kept[place].1)
    }

    /// The number of the first record within a range that is not less than `key`, by their first bytes. The range has to
    /// be sorted.
    pub(super) fn search(
        &mut self,
        file: &Sized,
        within: std::ops::Range<u64>,
        key: &[u8],
    ) -> io::Result<u64> {
        let (mut low, mut high) = (within.start, within.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let record = self.get(file, middle)?;
            if &record[..key.len().min(WIDTH)] < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

/// An open file and its length.
#[derive(Debug)]
pub(super) struct Sized {
    pub(super) file: File,
    pub(super) size: u64,
}

impl Sized {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

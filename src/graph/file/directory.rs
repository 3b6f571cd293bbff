//! The directory of the index, which says where everything is.

use std::io;

use serde::{Deserialize, Serialize};

use super::table::{Output, Piece, Sized, TableEntry, damaged};
use crate::graph::{EdgeType, Label, schema};

/// The last bytes of an index. The digit is the version of its form.
const MAGIC: &[u8; 16] = b"linktrailindex 2";
/// The length and the digest of the directory, and the magic.
const FOOTER: u64 = 8 + 8 + 16;
/// The longest directory, uncompressed, in bytes. That of a million messages has less than one megabyte.
const LONGEST: usize = 256 << 20;

/// The width of an entry for a line with many records: its number, and the start and the number of its records.
pub(super) const BUSY: usize = 4 + 8 + 8;

/// Why an index cannot be used. The graph itself may be whole.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The index or the graph cannot be read, or is damaged.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The index is of another version.
    #[error("another version of linktrail wrote it")]
    Version,
    /// The index and the graph contradict each other.
    #[error("it does not belong to the graph: {0}")]
    Other(String),
}

/// How many nodes there are of a label, or edges of a type.
pub(super) type Counts = Vec<(String, u32)>;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Directory {
    /// The frames of the graph, in order.
    pub(super) frames: Vec<Piece>,
    /// How many nodes each label has, in the order of the schema.
    pub(super) labels: Counts,
    /// How many edges each type has, in the order of the schema.
    pub(super) types: Counts,
    /// Hashes of keys, each with the number of a node, sorted.
    pub(super) keys: TableEntry,
    /// The start and the end of each edge, in the order of the lines.
    pub(super) edges: TableEntry,
    /// The end and the start of each edge, sorted within each type.
    pub(super) reversed: TableEntry,
    /// Lines with more records than they list, and where their numbers are in `records`.
    pub(super) busy: TableEntry,
    /// Numbers of records.
    pub(super) records: TableEntry,
}

impl Directory {
    pub(super) fn write(&self, out: &mut Output<'_>) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        let piece = out.put(&zstd::bulk::compress(&text, 3)?)?;
        out.put(&piece.length.to_be_bytes())?;
        out.put(&piece.digest.to_be_bytes())?;
        out.put(MAGIC)?;
        out.flush()
    }

    pub(super) fn read(index: &Sized) -> Result<Self, IndexError> {
        let cut = || damaged("it is cut short");
        let start = index.size.checked_sub(FOOTER).ok_or_else(cut)?;
        let footer = piece_at(index, start)?;
        let (place, magic) = footer.split_at(16);
        if magic != MAGIC {
            let known = magic.starts_with(&MAGIC[..14]);
            return Err(match known {
                true => IndexError::Version,
                false => damaged("its end is not that of an index").into(),
            });
        }
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |all, byte| all << 8 | u64::from(*byte))
        };
        let (length, digest) = (number(&place[..8]), number(&place[8..]));
        let piece = Piece {
            offset: start.checked_sub(length).ok_or_else(cut)?,
            length,
            digest,
        };
        let bytes = piece.read(&index.file, index.size)?;
        let text = bounded(&bytes)?;
        let directory: Self = serde_json::from_slice(&text).map_err(io::Error::from)?;
        let labels = schema::NODES.iter().map(|spec| spec.label.as_str());
        let types = schema::EDGES.iter().map(|spec| spec.kind.as_str());
        let names = |counts: &Counts| {
            counts
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        if !labels.eq(names(&directory.labels)) || !types.eq(names(&directory.types)) {
            return Err(IndexError::Version);
        }
        Ok(directory)
    }
}

fn piece_at(index: &Sized, start: u64) -> io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = &index.file;
    file.seek(SeekFrom::Start(start))?;
    let mut footer = vec![0; FOOTER as usize];
    file.read_exact(&mut footer)?;
    Ok(footer)
}

/// Decompresses at most [`LONGEST`] bytes.
fn bounded(bytes: &[u8]) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut text = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(bytes)?;
    decoder.take(LONGEST as u64 + 1).read_to_end(&mut text)?;
    if text.len() > LONGEST {
        return Err(damaged("its directory is too long"));
    }
    Ok(text)
}

/// The numbers of the first of each label or type, and the number after the last.
pub(super) fn starts(counts: &Counts) -> Option<Vec<u32>> {
    let mut starts = vec![0_u32];
    for (_, count) in counts {
        starts.push(starts.last()?.checked_add(*count)?);
    }
    Some(starts)
}

/// Counts by label, in the order of the schema.
pub(super) fn by_label(labels: impl Iterator<Item = Label>) -> Counts {
    let mut counts = vec![0; schema::NODES.len()];
    labels.for_each(|label| counts[label as usize] += 1);
    let names = schema::NODES
        .iter()
        .map(|spec| spec.label.as_str().to_owned());
    names.zip(counts).collect()
}

/// Counts by type, in the order of the schema.
pub(super) fn by_type(types: impl Iterator<Item = EdgeType>) -> Counts {
    let mut counts = vec![0; schema::EDGES.len()];
    types.for_each(|kind| counts[kind as usize] += 1);
    let names = schema::EDGES
        .iter()
        .map(|spec| spec.kind.as_str().to_owned());
    names.zip(counts).collect()
}

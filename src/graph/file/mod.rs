//! The two files of a stored graph: the graph itself, and the index by which single nodes and edges are found in it.
//!
//! The graph is the canonical lines of [`super::jsonl`] as a sequence of zstd frames of `LINES` lines each, so that
//! any decoder of zstd reads the whole, and a line can be read without what stands before it. Lines are numbered from
//! 0: first the nodes, sorted by label and id, then the edges, sorted by type, start and end.
//!
//! The index has
//!
//! - the place and a digest of each frame of the graph,
//! - how many nodes each label has, and how many edges each type,
//! - the keys of all nodes ([`keys()`]) as hashes, sorted, each with the number of its node,
//! - the ends of all edges by number, in the order of the lines, and once more sorted by type, end and start,
//! - the numbers of all records of nodes and edges that have more than a line lists.
//!
//! Each of these tables has records of a fixed width, which are stored in compressed blocks. The directory, at the end
//! of the file, has the places and digests of the blocks, and the last bytes of the file have the place and the digest
//! of the directory. So whatever is read has been checked, and an index that belongs to another graph is noticed.
//!
//! ```text
//! graph.jsonl.zst   frame frame frame …
//! graph.index       block block block … directory, its length and digest, MAGIC
//! ```

mod directory;
mod indexed;
mod keys;
mod neighbours;
mod table;
mod write;

pub use directory::IndexError;
pub use indexed::Indexed;
pub use keys::{Fit, Key, Spelling, keys};
pub use neighbours::{Neighbours, neighbours};
pub use write::write;

use std::io::{BufReader, Read};

use super::Graph;
use super::jsonl::{self, ReadError};

/// The number of lines in a frame of the graph. They have a quarter of a megabyte, more or less.
const LINES: u32 = 512;

/// Reads a graph that [`write()`] wrote, for the case with this id. It has the first twenty records of each node and
/// edge, and how many there are.
///
/// # Errors
/// When the input cannot be read, or is no graph of this case and of this version's schema.
pub fn read(case: &str, input: impl Read) -> Result<Graph, ReadError> {
    let lines = zstd::stream::read::Decoder::new(input)?;
    jsonl::read(case, BufReader::new(lines))
}

#[cfg(test)]
mod tests;

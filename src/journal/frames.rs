//! The zstd frames of a segment, one after the other: each holds the line of one record, with a checksum.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::record::{Head, LONGEST_LINE};

/// The first bytes of a frame.
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// The number of bytes that are read at once.
const CHUNK: usize = 1 << 18;
/// The most places behind a damaged one that are tried for a record. Chance makes one of these in 4 GiB.
const TRIES: usize = 1_000;

/// Reads frames one after the other. It holds one record at a time.
pub(super) struct Frames {
    input: BufReader<File>,
    decoder: Decoder<'static>,
    offset: u64,
    line: Vec<u8>,
}

/// What stands at a place of a segment.
pub(super) enum Frame<'a> {
    /// A whole frame.
    Whole {
        offset: u64,
        length: u64,
        line: &'a [u8],
    },
    /// No whole frame, and why.
    Broken { offset: u64, reason: String },
    /// The end of the segment.
    End,
}

impl Frames {
    /// Opens a segment, for reading from `offset` on.
    pub(super) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self {
            input: BufReader::with_capacity(CHUNK, file),
            decoder: Decoder::new()?,
            offset,
            line: Vec::new(),
        })
    }

    /// Reads the next frame. After a broken one nothing more can be read.
    pub(super) fn next(&mut self) -> io::Result<Frame<'_>> {
        let offset = self.offset;
        let broken = |reason: String| Ok(Frame::Broken { offset, reason });
        self.line.clear();
        self.decoder.reinit()?;
        let mut length = 0_u64;
        loop {
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            if at_end && length == 0 {
                return Ok(Frame::End);
            }
            if self.line.len() > LONGEST_LINE {
                return broken("it is longer than any record".to_owned());
            }
            if self.line.len() == self.line.capacity() {
                self.line.reserve(CHUNK);
            }
            let before = self.line.len();
            let mut from = InBuffer::around(input);
            let mut to = OutBuffer::around_pos(&mut self.line, before);
            let more = match self.decoder.run(&mut from, &mut to) {
                Ok(more) => more,
                Err(_) => return broken("no whole record starts here".to_owned()),
            };
            let (taken, filled) = (from.pos(), to.pos());
            self.input.consume(taken);
            length += taken as u64;
            if more == 0 {
                self.offset += length;
                return Ok(Frame::Whole {
                    offset,
                    length,
                    line: &self.line,
                });
            }
            if at_end && filled == before {
                return broken("it ends too early".to_owned());
            }
        }
    }
}

/// Measures the next frame without decompressing it, and goes on behind it; `None` when no whole frame follows. A frame
/// is a header, blocks that each say their size, and a checksum: RFC 8878, section 3.1.1.
pub(super) fn measure(input: &mut BufReader<File>) -> io::Result<Option<u64>> {
    let mut head = [0; 5];
    if !fill(input, &mut head)? || head[..4] != MAGIC {
        return Ok(None);
    }
    let descriptor = head[4];
    let is_single_segment = descriptor & 0x20 != 0;
    let window = u64::from(!is_single_segment);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content = [u64::from(is_single_segment), 2, 4, 8][usize::from(descriptor >> 6)];
    let mut length = 5 + window + dictionary + content;
    input.seek_relative((length - 5).cast_signed())?;
    loop {
        let mut block = [0; 3];
        if !fill(input, &mut block)? {
            return Ok(None);
        }
        let header = u32::from_le_bytes([block[0], block[1], block[2], 0]);
        let size = match (header >> 1) & 3 {
            // One byte that is repeated.
            1 => 1,
            0 | 2 => u64::from(header >> 3),
            _ => return Ok(None),
        };
        input.seek_relative(size.cast_signed())?;
        length += 3 + size;
        if header & 1 == 1 {
            break;
        }
    }
    if descriptor & 4 != 0 {
        length += 4;
        if !fill(input, &mut [0; 4])? {
            return Ok(None);
        }
    }
    // Seeking goes behind the end of a file without a word.
    let at = input.stream_position()?;
    Ok((at <= input.get_ref().metadata()?.len()).then_some(length))
}

/// Reads as many bytes as the buffer has; false at the end of the file.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Decodes a frame that is known to be whole, into a line of this length if that is known.
pub(super) fn decode(frame: &[u8], length: usize) -> io::Result<Vec<u8>> {
    // One more than needed: else the end is only found after the room for the next byte is made.
    let mut line = Vec::with_capacity(length.min(LONGEST_LINE) + 1);
    let decoder = zstd::stream::Decoder::with_buffer(frame)?.single_frame();
    decoder
        .take(LONGEST_LINE as u64 + 1)
        .read_to_end(&mut line)?;
    Ok(line)
}

/// Compresses a line into a frame.
pub(super) fn encode(line: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3)?;
    encoder.include_checksum(true)?;
    io::Write::write_all(&mut encoder, line)?;
    encoder.finish()
}

/// The place of the first whole record behind `offset`; `None` when nothing whole follows, as behind the end of a file
/// whose last record was cut short.
pub(super) fn next_whole(path: &Path, offset: u64) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let mut at = offset + 1;
    file.seek(SeekFrom::Start(at))?;
    let mut chunk = Vec::new();
    let mut tries = 0;
    loop {
        // The last bytes of a chunk stay, since a magic can begin there.
        let kept = chunk.len();
        let got = (&mut file).take(CHUNK as u64).read_to_end(&mut chunk)?;
        if got == 0 {
            return Ok(None);
        }
        for found in memchr::memmem::find_iter(&chunk, &MAGIC) {
            let place = at + found as u64;
            tries += 1;
            if tries > TRIES || is_whole(path, place)? {
                return Ok(Some(place));
            }
        }
        let keep = (kept + got).min(MAGIC.len() - 1);
        let drop = chunk.len() - keep;
        chunk.drain(..drop);
        at += drop as u64;
    }
}

/// True when a whole record stands at this place.
pub(super) fn is_whole(path: &Path, offset: u64) -> io::Result<bool> {
    let mut frames = Frames::open(path, offset)?;
    Ok(match frames.next()? {
        Frame::Whole { line, .. } => Head::parse(line).is_ok(),
        Frame::Broken { .. } | Frame::End => false,
    })
}

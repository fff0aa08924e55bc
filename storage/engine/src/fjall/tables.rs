//! fjall's table files, read block by block without its manifests: to name what is damaged in them, and to bring out
//! every row of the blocks that are sound.
//!
//! `keyspaces/<n>/tables/<id>` begins with data blocks, one behind the other; the first block of another kind ends
//! them. A block has a header (33 bytes: "LSM\x03", kind 1, XXH3-128 of its bytes as stored 16, their number 4, their
//! number when expanded 4, checksum of the header 4) and its bytes, LZ4 or as they are. lsm-tree's own code reads a
//! block whose checksums are right.
//!
//! Where a header is damaged the next block has to be searched for. What a client stored may look like one: so of all
//! candidates the one counts from which sound blocks follow one another the farthest, which a row's own bytes cannot. Data
//! blocks and those of indexes and filters follow one another without a gap; a meta block stands alone behind one.

use crate::{
    patient::{self, Patient, ReadAt, is_bad_disk},
    space::outcome,
};
use bytes::Bytes;
use lsm_tree::{
    CompressionType,
    coding::Decode,
    table::{Block, DataBlock, block::BlockType, block::Header},
};
use model::Result;
use std::{
    collections::VecDeque,
    fs::File,
    io,
    path::{Path, PathBuf},
};
use xxhash_rust::xxh3::xxh3_128;

const MAGIC: &[u8; 4] = b"LSM\x03";
const HEADER_BYTES: usize = 33;
/// The keyspace in which fjall keeps its own facts.
const OWN_KEYSPACE: &str = "0";

/// One version of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its key in the keyspace.
    pub(super) key: Vec<u8>,
    /// fjall's number: the highest of a key counts.
    pub(super) number: u64,
    /// Nothing where it was removed.
    pub(super) value: Option<Bytes>,
}

/// A table file.
#[derive(Debug)]
pub(super) struct TableFile {
    path: PathBuf,
    /// Where its sound data blocks are, and how long.
    blocks: VecDeque<(u64, usize)>,
    compression: CompressionType,
    /// Stretches that cannot be read: where, and how many octets; none when the disk does not even give the file.
    pub(super) damage: Vec<(u64, u64)>,
    rows: VecDeque<Row>,
}

/// Looks through every table of an engine's directory. What the disk does not give is damage like any other.
///
/// # Errors
/// `Unavailable` when one cannot be opened for another reason.
pub(super) fn survey(directory: &Path) -> Result<Vec<TableFile>> {
    let mut found = Vec::new();
    for keyspace in list(&directory.join("keyspaces"))? {
        if keyspace.file_name().is_some_and(|name| name == OWN_KEYSPACE) {
            continue;
        }
        for path in list(&keyspace.join("tables"))? {
            found.push(TableFile::survey(&path).map_err(|error| outcome(&path, &error))?);
        }
    }
    Ok(found)
}

/// Names what is damaged, in the log.
pub(crate) fn tell(directory: &Path) {
    for table in survey(directory).unwrap_or_default() {
        for (at, bytes) in &table.damage {
            tracing::error!(
                path = %table.path.display(), at, bytes,
                "damaged: rows of the engine are lost. Restore a backup; or stop the server and go on without them with \
                 `collegium fsck --mend-tables --repair`"
            );
        }
    }
}

/// What lies in a directory, in order; nothing where there is none.
fn list(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>),
    };
    let entries = entries.map_err(|error| outcome(directory, &error))?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

impl TableFile {
    fn survey(path: &Path) -> io::Result<Self> {
        match patient::read(path) {
            Ok(bytes) => Ok(Self::of(path, &bytes)),
            Err(error) if is_bad_disk(&error) => {
                let (blocks, compression) = (VecDeque::new(), CompressionType::None);
                let (damage, rows) = (vec![(0, 0)], VecDeque::new());
                Ok(Self { path: path.to_path_buf(), blocks, compression, damage, rows })
            }
            Err(error) => Err(error),
        }
    }

    fn of(path: &Path, bytes: &[u8]) -> Self {
        let (mut blocks, mut damage, mut squeezed) = (VecDeque::new(), Vec::new(), false);
        let mut at = 0;
        while at < bytes.len() {
            let Some(header) = header_at(bytes, at) else {
                let next = next_block(bytes, at + 1).unwrap_or(bytes.len());
                damage.push((at as u64, (next - at) as u64));
                at = next;
                continue;
            };
            if header.block_type != BlockType::Data {
                break;
            }
            let length = HEADER_BYTES + header.data_length as usize;
            match sound_end(bytes, at) {
                Some(_) => {
                    blocks.push_back((at as u64, length));
                    squeezed |= header.data_length != header.uncompressed_length;
                }
                None => damage.push((at as u64, length.min(bytes.len() - at) as u64)),
            }
            at += length;
        }
        // One kind of compression for a whole table.
        let compression = if squeezed { CompressionType::Lz4 } else { CompressionType::None };
        Self { path: path.to_path_buf(), blocks, compression, damage, rows: VecDeque::new() }
    }

    /// The next row, in the order of keys; those of damaged blocks are passed over, and what turns out to be damaged
    /// by now is told as such.
    pub(super) fn next(&mut self) -> Result<Option<Row>> {
        while self.rows.is_empty() {
            let Some((at, length)) = self.blocks.pop_front() else { return Ok(None) };
            let mut bytes = vec![0; length];
            let read = File::open(&self.path);
            let read = read.and_then(|file| Patient::new(&file).read_exact_at(&mut bytes, at));
            let found = match read {
                Ok(()) => rows_of(&bytes, self.compression),
                Err(error) if is_bad_disk(&error) => None,
                Err(error) => return Err(outcome(&self.path, &error)),
            };
            match found {
                Some(rows) => self.rows = rows,
                None => self.damage.push((at, length as u64)),
            }
        }
        Ok(self.rows.pop_front())
    }
}

fn header_at(bytes: &[u8], at: usize) -> Option<Header> {
    Header::decode_from(&mut bytes.get(at..at.checked_add(HEADER_BYTES)?)?).ok()
}

/// Where the sound block that begins here ends.
fn sound_end(bytes: &[u8], at: usize) -> Option<usize> {
    let header = header_at(bytes, at)?;
    let start = at + HEADER_BYTES;
    let end = start.checked_add(header.data_length as usize)?;
    (xxh3_128(bytes.get(start..end)?) == header.checksum.into_u128()).then_some(end)
}

/// The beginning of the next block behind a damaged header.
fn next_block(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let candidates = rest.windows(MAGIC.len()).enumerate().filter(|(_, window)| window == MAGIC);
    let is_meta = |start: usize| {
        header_at(bytes, start).is_none_or(|header| matches!(header.block_type, BlockType::Meta))
    };
    let reach = |start: usize| {
        if is_meta(start) {
            return None;
        }
        let mut end = start;
        while let Some(next) = sound_end(bytes, end) {
            end = next;
        }
        (end > start).then_some((end, std::cmp::Reverse(start)))
    };
    let best = candidates.filter_map(|(at, _)| reach(from + at)).max();
    best.map(|(_, std::cmp::Reverse(start))| start)
}

/// The rows of a block; none of one that is not sound.
fn rows_of(bytes: &[u8], compression: CompressionType) -> Option<VecDeque<Row>> {
    let block = Block::from_reader(&mut &*bytes, compression).ok()?;
    let block = DataBlock::new(block);
    let octets = block.as_slice();
    let row = |item: lsm_tree::table::data_block::DataBlockParsedItem| {
        let mut key = match &item.prefix {
            Some(prefix) => octets.get(prefix.0..prefix.1)?.to_vec(),
            None => Vec::new(),
        };
        key.extend_from_slice(octets.get(item.key.0..item.key.1)?);
        let value = match &item.value {
            Some(value) => Some(Bytes::copy_from_slice(octets.get(value.0..value.1)?)),
            None => None,
        };
        Some(Row { key, number: item.seqno, value })
    };
    Some(block.iter().filter_map(row).collect())
}

#[cfg(test)]
mod tests;

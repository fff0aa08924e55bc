//! Lists of chunks: what makes a body of several blobs one body again when nothing but blobs is left.
//!
//! Blobs do not say whose they are, and those of concurrent uploads lie mixed. So an upload of several chunks ends
//! with one blob more, which names the others in their order and says what they come to. It is held, moved, backed up
//! and collected as the chunks are: in the body it stands behind them as a [`Chunk`] of no octets. Nobody reads it but
//! repair and salvage; bodies from before there were lists have none.
//!
//! Nothing that a client stores may pass for one: a chunk of a body never begins as a list does ([`first_chunk_bytes`]).
//! Lists of earlier builds, which did not see to that, have another magic and are believed less.
//!
//! Magic "CgL2" (of earlier builds "CgL1"), part (4), parts (4), chunks in this part (4), size of the body (8), its hash (32), then hash (32) and
//! length (4) of each chunk; numbers are big-endian. A body with more chunks than fit has several parts.

use crate::{
    body::Chunk,
    limits::{LIST_CHUNK_COUNT_MAX, LIST_TRIES_MAX},
};
use bytes::{Buf, BufMut, Bytes};
use model::BlobId;
use std::collections::BTreeMap;

/// What every list begins with, whatever its version.
const KIND: &[u8; 3] = b"CgL";
const VERSION: u8 = b'2';
/// Of builds that let a client's octets begin so.
const FORMER: u8 = b'1';
const MAGIC_BYTES: usize = KIND.len() + 1;
const HEAD_BYTES: usize = 56;
const CHUNK_BYTES: usize = 36;

/// One part of a body's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) certain: bool,
    pub(crate) number: u32,
    pub(crate) count: u32,
    pub(crate) size: u64,
    pub(crate) hash: BlobId,
    pub(crate) chunks: Vec<Chunk>,
}

/// The parts of a body's list, as blobs.
pub(crate) fn encode(size: u64, hash: &BlobId, chunks: &[Chunk]) -> Vec<Bytes> {
    let pages = chunks.chunks(LIST_CHUNK_COUNT_MAX);
    let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    let part = |(page, number): (&[Chunk], u32)| {
        let mut out = Vec::with_capacity(HEAD_BYTES + page.len() * CHUNK_BYTES);
        out.put_slice(KIND);
        out.put_u8(VERSION);
        out.put_u32(number);
        out.put_u32(count);
        out.put_u32(u32::try_from(page.len()).unwrap_or(u32::MAX));
        out.put_u64(size);
        out.put_slice(&hash.0);
        for chunk in page {
            out.put_slice(&chunk.id.0);
            out.put_u32(chunk.bytes);
        }
        Bytes::from(out)
    };
    pages.zip(0..).map(part).collect()
}

/// The part that this blob is, if it is one.
pub(crate) fn decode(blob: &[u8]) -> Option<Part> {
    let (version, mut rest) = blob.strip_prefix(KIND)?.split_first()?;
    if ![VERSION, FORMER].contains(version) || rest.len() < HEAD_BYTES - MAGIC_BYTES {
        return None;
    }
    let (number, count, length, size) = (rest.get_u32(), rest.get_u32(), rest.get_u32(), rest.get_u64());
    let mut hash = [0; 32];
    rest.copy_to_slice(&mut hash);
    let sound = number < count && rest.len() == usize::try_from(length).ok()?.checked_mul(CHUNK_BYTES)?;
    if !sound {
        return None;
    }
    let mut chunks = Vec::new();
    while rest.has_remaining() {
        let mut id = [0; 32];
        rest.copy_to_slice(&mut id);
        chunks.push(Chunk { id: BlobId(id), bytes: rest.get_u32() });
    }
    Some(Part { certain: *version == VERSION, number, count, size, hash: BlobId(hash), chunks })
}

/// How much of these octets of a body, of which they are to be one chunk, the chunk must have: all, but of what begins as
/// a list does the first octet alone, so that neither it nor what follows does.
pub(crate) fn first_chunk_bytes(octets: &[u8]) -> usize {
    if octets.starts_with(KIND) { 1 } else { octets.len() }
}

/// What a body's list says, when all its parts are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Whether no client can have written it.
    pub(crate) certain: bool,
    pub(crate) size: u64,
    pub(crate) hash: BlobId,
    pub(crate) chunks: Vec<Chunk>,
    /// The parts themselves, as a body has them behind its chunks.
    pub(crate) parts: Vec<Chunk>,
}

/// Whose part it is: whether nobody can have forged it, hash and size of the body, and how many parts its list has.
type Whose = (bool, BlobId, u64, u32);

/// Parts of one list by their numbers. A client may store octets that look like a part of another's list, so that there
/// may be several for a number.
type Parts = BTreeMap<u32, Vec<(BlobId, Part)>>;

/// Puts parts together.
#[derive(Debug, Default)]
pub(crate) struct Lists(BTreeMap<Whose, Parts>);

impl Lists {
    /// Takes a blob, if it is a part.
    pub(crate) fn take(&mut self, id: BlobId, blob: &[u8]) {
        if let Some(part) = decode(blob) {
            let parts = self.0.entry((part.certain, part.hash, part.size, part.count)).or_default();
            parts.entry(part.number).or_default().push((id, part));
        }
    }

    /// The lists of which every part is there and of which the lengths add up, those that are certain first. Whether the
    /// octets do is for the caller to see.
    pub(crate) fn whole(&self) -> Vec<Listed> {
        self.0.iter().rev().flat_map(|(whose, parts)| lists_of(*whose, parts)).collect()
    }
}

fn lists_of((certain, hash, size, count): Whose, parts: &Parts) -> Vec<Listed> {
    if parts.len() != usize::try_from(count).unwrap_or(usize::MAX) {
        return Vec::new();
    }
    // Parts of the same number multiply: more than these would have no end.
    let most = if count == 1 { usize::MAX } else { LIST_TRIES_MAX };
    let mut tries: Vec<Vec<&(BlobId, Part)>> = vec![Vec::new()];
    for candidates in parts.values() {
        let longer = |before: Vec<_>| {
            candidates.iter().map(move |candidate| before.iter().copied().chain([candidate]).collect())
        };
        tries = tries.into_iter().flat_map(longer).take(most).collect();
    }
    let listed = |parts: Vec<&(BlobId, Part)>| {
        let chunks: Vec<_> = parts.iter().flat_map(|(_, part)| part.chunks.iter().copied()).collect();
        let sum: u64 = chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum();
        let parts = parts.iter().map(|(id, _)| Chunk { id: *id, bytes: 0 }).collect();
        (sum == size).then_some(Listed { certain, size, hash, chunks, parts })
    };
    tries.into_iter().filter_map(listed).collect()
}

#[cfg(test)]
mod tests;

//! Lists of chunks: what makes a body of several blobs one body again when nothing but blobs is left.
//!
//! Blobs do not say whose they are, and those of concurrent uploads lie mixed. So an upload of several chunks ends
//! with one blob more, which names the others in their order and says what they come to. It is held, moved, backed up
//! and collected as the chunks are: in the body it stands behind them as a [`Chunk`] of no octets. Nobody reads it but
//! repair and salvage; bodies from before there were lists have none.
//!
//! Magic "CgL1", part (4), parts (4), chunks in this part (4), size of the body (8), its hash (32), then hash (32) and
//! length (4) of each chunk; numbers are big-endian. A body with more chunks than fit has several parts.

use crate::{body::Chunk, limits::LIST_CHUNK_COUNT_MAX};
use bytes::{Buf, BufMut, Bytes};
use model::BlobId;
use std::collections::BTreeMap;

const MAGIC: &[u8; 4] = b"CgL1";
const HEAD_BYTES: usize = 56;
const CHUNK_BYTES: usize = 36;

/// One part of a body's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
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
        out.put_slice(MAGIC);
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
    let mut rest = blob.strip_prefix(MAGIC)?;
    if rest.len() < HEAD_BYTES - MAGIC.len() {
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
    Some(Part { number, count, size, hash: BlobId(hash), chunks })
}

/// What a body's list says, when all its parts are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) size: u64,
    pub(crate) hash: BlobId,
    pub(crate) chunks: Vec<Chunk>,
    /// The parts themselves, as a body has them behind its chunks.
    pub(crate) parts: Vec<Chunk>,
}

/// Puts parts together.
#[derive(Debug, Default)]
pub(crate) struct Lists(BTreeMap<(BlobId, u64), BTreeMap<u32, (BlobId, Part)>>);

impl Lists {
    /// Takes a blob, if it is a part.
    pub(crate) fn take(&mut self, id: BlobId, blob: &[u8]) {
        if let Some(part) = decode(blob) {
            self.0.entry((part.hash, part.size)).or_default().insert(part.number, (id, part));
        }
    }

    /// The lists of which every part is there and which add up.
    pub(crate) fn whole(self) -> Vec<Listed> {
        let whole = |((hash, size), parts): ((BlobId, u64), BTreeMap<u32, (BlobId, Part)>)| {
            let count = parts.values().next()?.1.count;
            if parts.len() != usize::try_from(count).ok()?
                || parts.values().any(|(_, part)| part.count != count)
            {
                return None;
            }
            let listed = parts.values().map(|(id, _)| Chunk { id: *id, bytes: 0 }).collect();
            let chunks: Vec<_> = parts.into_values().flat_map(|(_, part)| part.chunks).collect();
            let sum: u64 = chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum();
            (sum == size).then_some(Listed { size, hash, chunks, parts: listed })
        };
        self.0.into_iter().filter_map(whole).collect()
    }
}

#[cfg(test)]
mod tests;

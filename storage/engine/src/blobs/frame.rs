//! A frame: one blob in a segment file, with all that is needed to find and check it again.
//!
//! ```text
//!  0  magic "CgF1"          4
//!  4  version, 1            1
//!  5  codec, 0 = as it is   1
//!  6  zero                  2
//!  8  length as stored      4   little-endian, as all numbers here
//! 12  length of the blob    4
//! 16  sequence              8   grows by one a frame, over all segments
//! 24  BLAKE3 of the blob   32
//! 56  zero                  4
//! 60  CRC-32 of bytes 0-59  4
//! 64  the bytes
//! ```

use crate::limits::{BLOB_BYTES_MAX, SEGMENT_BYTES_MAX};
use bytes::{Buf, BufMut, Bytes};
use model::BlobId;

/// Bytes before the blob.
pub(super) const HEADER_BYTES: usize = 64;
/// What a frame begins with.
pub(super) const MAGIC: &[u8; 4] = b"CgF1";

const VERSION: u8 = 1;
const CODEC_PLAIN: u8 = 0;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: BlobId,
    pub(super) bytes: u32,
    pub(super) sequence: u64,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.put_slice(MAGIC);
        out.put_u8(VERSION);
        out.put_u8(CODEC_PLAIN);
        out.put_u16_le(0);
        out.put_u32_le(self.bytes);
        out.put_u32_le(self.bytes);
        out.put_u64_le(self.sequence);
        out.put_slice(&self.id.0);
        out.put_u32_le(0);
        out.put_u32_le(crc32fast::hash(&out));
        out
    }

    /// The header at the beginning of `bytes`, if there is a sound one of a kind we know.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let (checked, mut crc) = header.split_at_checked(HEADER_BYTES - 4)?;
        if !checked.starts_with(MAGIC) || crc32fast::hash(checked) != crc.get_u32_le() {
            return None;
        }
        let mut rest = checked.get(MAGIC.len()..)?;
        let known = rest.get_u8() == VERSION && rest.get_u8() == CODEC_PLAIN && rest.get_u16_le() == 0;
        let (stored, bytes) = (rest.get_u32_le(), rest.get_u32_le());
        let sequence = rest.get_u64_le();
        let mut hash = [0; 32];
        rest.copy_to_slice(&mut hash);
        let sound = known && stored == bytes && bytes as usize <= BLOB_BYTES_MAX;
        sound.then_some(Self { id: BlobId(hash), bytes, sequence })
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.bytes)
    }
}

/// Where a frame is: segment, offset, length of the blob. Its bytes are the [`crate::Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) segment: u32,
    pub(super) offset: u32,
    pub(super) bytes: u32,
}

impl Spot {
    pub(super) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(12);
        out.put_u32(self.segment);
        out.put_u32(self.offset);
        out.put_u32(self.bytes);
        out.into()
    }

    pub(super) fn decode(mut place: &[u8]) -> Option<Self> {
        if place.len() != 12 {
            return None;
        }
        let spot = Self { segment: place.get_u32(), offset: place.get_u32(), bytes: place.get_u32() };
        let sound = u64::from(spot.offset) < SEGMENT_BYTES_MAX && spot.bytes as usize <= BLOB_BYTES_MAX;
        sound.then_some(spot)
    }
}

#[cfg(test)]
mod tests;

//! A frame: one blob in a segment file, with all that is needed to find and check it again.
//!
//! ```text
//!  0  magic "CgF1"          4
//!  4  version, 2            1
//!  5  codec: 0 as it is,
//!     1 zstd                1
//!  6  group, upper part     2   little-endian, as all numbers here
//!  8  length as stored      4
//! 12  length of the blob    4
//! 16  sequence              8   grows by one a frame, over all segments
//! 24  BLAKE3 of the blob   32   of its own bytes, whatever the codec
//! 56  group, lower part     4
//! 60  CRC-32 of bytes 0-59  4
//! 64  the bytes as stored
//! ```
//!
//! The group is the newest that the engine had made stable when the frame was appended: an engine that is behind
//! it has lost something. Version 1 had codec 0 only and no group (zeros); it is read, not written.

use crate::limits::{BLOB_BYTES_MAX, SEGMENT_BYTES_MAX};
use bytes::{Buf, BufMut, Bytes};
use model::BlobId;

/// Bytes before the blob.
pub(crate) const HEADER_BYTES: usize = 64;
/// What a frame begins with.
pub(super) const MAGIC: &[u8; 4] = b"CgF1";

const VERSION: u8 = 2;
const GROUP_MAX: u64 = (1 << 48) - 1;

/// How the bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// As they are.
    Plain,
    /// One zstd frame.
    Zstd,
}

impl Codec {
    fn number(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Zstd => 1,
        }
    }

    fn of(number: u8, version: u8) -> Option<Self> {
        match (number, version) {
            (0, _) => Some(Self::Plain),
            (1, 2..) => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: BlobId,
    pub(super) codec: Codec,
    /// Length as stored.
    pub(super) stored: u32,
    /// Length of the blob.
    pub(super) bytes: u32,
    pub(super) sequence: u64,
    /// The newest stable group at the time.
    pub(super) group: u64,
}

impl Header {
    pub(super) fn encode(&self) -> Vec<u8> {
        let group = self.group.min(GROUP_MAX);
        let (upper, lower) = (group >> 32, group & u64::from(u32::MAX));
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.put_slice(MAGIC);
        out.put_u8(VERSION);
        out.put_u8(self.codec.number());
        out.put_uint_le(upper, 2);
        out.put_u32_le(self.stored);
        out.put_u32_le(self.bytes);
        out.put_u64_le(self.sequence);
        out.put_slice(&self.id.0);
        out.put_uint_le(lower, 4);
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
        let version = rest.get_u8();
        let codec = Codec::of(rest.get_u8(), version).filter(|_| (1..=VERSION).contains(&version))?;
        let upper = rest.get_uint_le(2);
        let (stored, bytes) = (rest.get_u32_le(), rest.get_u32_le());
        let sequence = rest.get_u64_le();
        let mut hash = [0; 32];
        rest.copy_to_slice(&mut hash);
        let group = upper << 32 | rest.get_uint_le(4);
        // What is compressed is shorter for it, else it would have been left as it is.
        let fits = if codec == Codec::Plain { stored == bytes } else { stored < bytes };
        let sound = fits && bytes as usize <= BLOB_BYTES_MAX && (version > 1 || group == 0);
        sound.then_some(Self { id: BlobId(hash), codec, stored, bytes, sequence, group })
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.stored)
    }
}

/// Where a frame is: segment, offset, length as stored. Its bytes are the [`crate::Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) stored: u32,
}

impl Spot {
    pub(super) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(12);
        out.put_u32(self.segment);
        out.put_u32(self.offset);
        out.put_u32(self.stored);
        out.into()
    }

    pub(crate) fn decode(mut place: &[u8]) -> Option<Self> {
        if place.len() != 12 {
            return None;
        }
        let spot = Self { segment: place.get_u32(), offset: place.get_u32(), stored: place.get_u32() };
        let sound = u64::from(spot.offset) < SEGMENT_BYTES_MAX && spot.stored as usize <= BLOB_BYTES_MAX;
        sound.then_some(spot)
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.stored)
    }

    /// Where the frame ends in its segment.
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.offset) + self.frame_bytes()
    }
}

#[cfg(test)]
mod tests;

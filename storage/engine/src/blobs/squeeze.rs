//! Compression of blobs where it pays, with zstd at its quickest level.
//!
//! Mail and calendar text shrinks to a third, base64 to three quarters; pictures and archives not at all, and
//! they are most of the bytes. So a sample decides for larger blobs, and what does not become shorter by a tenth
//! is stored as it is: reading it back then costs nothing. A blob is at most
//! [`crate::limits::BLOB_BYTES_MAX`] long, and never more than its header says is taken out of a frame.

use super::frame::Codec;
use crate::limits::{SQUEEZE_BYTES_MIN, SQUEEZE_SAMPLE_BYTES};
use bytes::Bytes;
use model::{Error, Result};
use std::cell::RefCell;
use zstd::bulk::{Compressor, Decompressor};

/// zstd's level: the higher ones cost several times the time for a few per cent.
const LEVEL: i32 = 1;

thread_local! {
    // A context costs some hundred kilobytes to make and is used by one call at a time.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The bytes as they are to be stored.
pub(super) fn squeeze(bytes: &Bytes) -> (Codec, Bytes) {
    let shorter = pays(bytes).then(|| compressed(bytes)).flatten();
    match shorter.filter(|shorter| is_worth(shorter.len(), bytes.len())) {
        Some(shorter) => (Codec::Zstd, shorter.into()),
        None => (Codec::Plain, bytes.clone()),
    }
}

/// Takes a blob of `length` bytes out of what was stored.
///
/// # Errors
/// `Corrupt` when it is not what it should be; the checksum is the caller's to look at.
pub(super) fn expand(codec: Codec, stored: Bytes, length: usize) -> Result<Bytes> {
    let bytes = match codec {
        Codec::Plain => stored,
        Codec::Zstd => decompressed(&stored, length).ok_or(Error::Corrupt)?.into(),
    };
    if bytes.len() == length { Ok(bytes) } else { Err(Error::Corrupt) }
}

/// Whether it is worth the trial.
fn pays(bytes: &[u8]) -> bool {
    if bytes.len() < SQUEEZE_BYTES_MIN {
        return false;
    }
    // From the middle: beginnings are headers, and look better than what follows.
    let start = bytes.len().saturating_sub(SQUEEZE_SAMPLE_BYTES) / 2;
    match bytes.get(start..start + SQUEEZE_SAMPLE_BYTES) {
        Some(sample) if bytes.len() > 2 * SQUEEZE_SAMPLE_BYTES => {
            compressed(sample).is_some_and(|shorter| is_worth(shorter.len(), sample.len()))
        }
        _ => true,
    }
}

/// Shorter by a tenth at least.
fn is_worth(stored: usize, plain: usize) -> bool {
    stored <= plain - plain / 10
}

fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Compressor::new(LEVEL).ok();
        }
        kept.as_mut()?.compress(bytes).ok()
    })
}

fn decompressed(stored: &[u8], length: usize) -> Option<Vec<u8>> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        if kept.is_none() {
            *kept = Decompressor::new().ok();
        }
        kept.as_mut()?.decompress(stored, length).ok()
    })
}

#[cfg(test)]
mod tests;

//! Opening the last segment again after any end: finds where its frames end.
//!
//! Only bytes that cannot be anybody's are cut off: a tail that is no whole frame and has no sound frame behind
//! it. Where a sound frame follows damage, the damage may be a bad disk's and not a torn write's, so nothing is
//! touched and the segment is sealed: writing goes on in a new one.

use super::frame::{HEADER_BYTES, Header, MAGIC};
use crate::patient::ReadAt;
use std::io;

/// How a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// After the last whole frame, here; what follows is torn and may be cut.
    Here(u64),
    /// There is damage with sound frames behind it.
    Damaged,
}

/// What a walk over a segment found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    pub(super) end: End,
    /// The highest sequence seen.
    pub(super) sequence: Option<u64>,
}

/// Walks the headers of a segment of this length, telling each whole frame and its offset to `found`.
pub(super) fn walk(file: &impl ReadAt, length: u64, mut found: impl FnMut(u64, Header)) -> io::Result<Walk> {
    let (mut offset, mut sequence, mut damaged) = (0, None, false);
    loop {
        match header_at(file, offset, length)? {
            Some(header) => {
                found(offset, header);
                sequence = sequence.max(Some(header.sequence));
                offset += header.frame_bytes();
            }
            None => match next_frame(file, offset + 1, length)? {
                Some(next) => {
                    damaged = true;
                    offset = next;
                }
                None => break,
            },
        }
    }
    Ok(Walk { end: if damaged { End::Damaged } else { End::Here(offset) }, sequence })
}

/// The header of a whole frame at this offset.
fn header_at(file: &impl ReadAt, offset: u64, length: u64) -> io::Result<Option<Header>> {
    if offset + HEADER_BYTES as u64 > length {
        return Ok(None);
    }
    let mut bytes = [0; HEADER_BYTES];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(Header::decode(&bytes).filter(|header| offset + header.frame_bytes() <= length))
}

/// Bytes looked through at once for a frame behind damage.
const WINDOW_BYTES: usize = 1 << 20;

/// The offset of the first whole frame at or behind `from`.
fn next_frame(file: &impl ReadAt, mut from: u64, length: u64) -> io::Result<Option<u64>> {
    let mut window = vec![0; WINDOW_BYTES];
    while from + HEADER_BYTES as u64 <= length {
        let wanted = usize::try_from(length - from).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
        let Some(part) = window.get_mut(..wanted) else { break };
        file.read_exact_at(part, from)?;
        for (at, candidate) in part.windows(MAGIC.len()).enumerate() {
            let offset = from + at as u64;
            if candidate == MAGIC && header_at(file, offset, length)?.is_some() {
                return Ok(Some(offset));
            }
        }
        // The last bytes again, for a magic across two windows.
        from += (wanted - (MAGIC.len() - 1)) as u64;
    }
    Ok(None)
}

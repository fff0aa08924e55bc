//! Reading what other programs have kept: mbox, Maildir, iCalendar, vCard, directory trees.
//!
//! Each source hands out pieces one after another; a bad one is told and the next is tried. Pure reading:
//! where a piece goes in the store is `admin::import`'s.

pub(crate) mod calendar;
pub(crate) mod card;
pub(crate) mod exported;
pub(crate) mod maildir;
pub(crate) mod mbox;
pub(crate) mod tree;
mod utf7;

use crate::admin::Place;
use std::path::PathBuf;

/// The largest message, event or card that is held in memory to be imported, in octets.
pub(crate) const PIECE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// One thing to be imported.
#[derive(Debug)]
pub(crate) struct Piece {
    /// What people call it: a file name, a number in a file.
    pub(crate) label: String,
    /// What it is and where it goes.
    pub(crate) place: Place,
    /// Its octets.
    pub(crate) content: Content,
    /// How far the source has been read, in its own unit.
    pub(crate) progress: u64,
}

/// The octets of a piece.
#[derive(Debug)]
pub(crate) enum Content {
    /// None.
    Empty,
    /// In memory.
    Bytes(Vec<u8>),
    /// In a file, streamed from there.
    File { path: PathBuf, size: u64 },
    /// In a file that is open, from its beginning.
    Opened { file: std::fs::File, size: u64 },
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    /// As [`Piece::label`].
    pub(crate) label: String,
    /// Why.
    pub(crate) why: String,
}

impl Bad {
    /// About a piece.
    pub(crate) fn new(label: impl Into<String>, why: impl ToString) -> Self {
        Self { label: label.into(), why: why.to_string() }
    }
}

/// A source, read to its end.
pub(crate) struct Source {
    /// The pieces, good and bad.
    pub(crate) pieces: Box<dyn Iterator<Item = Result<Piece, Bad>> + Send>,
    /// Its size, in the unit of [`Piece::progress`].
    pub(crate) total: u64,
    /// Whether that unit is octets (or pieces).
    pub(crate) in_bytes: bool,
}

/// Ends every line with CRLF, as mail and calendars do on the wire; what ends so already stays.
pub(crate) fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut before = 0;
    for &octet in bytes {
        if octet == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(octet);
        before = octet;
    }
    out
}

#[cfg(test)]
mod tests;

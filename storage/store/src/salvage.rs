//! Salvage: bodies put together again from segments alone, when the engine that knew whose they were is lost.
//!
//! Bodies of one blob are whole as they are. Those of several are told by their lists ([`crate::listing`]); of those
//! from before there were lists a guess is made from the order of appends, and said to be one. What had been removed
//! and not yet collected comes back too. Bodies that stood inside the engine's records are not here.

use crate::{
    body::Chunk,
    limits::{SMALL_CHUNK_BYTES, SMALL_CHUNKS_MAX},
    listing::{Listed, Lists},
    repair::kind_by_content,
};
use bytes::Bytes;
use engine::{Remains, Ruin};
use format::mime::{Date, header, summary::message_ids};
use model::{BlobId, CollectionKind, Result, ZonedTime};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
};

/// How a body was put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// One blob, checked by its hash.
    Whole,
    /// Several blobs in the order of their list, checked by the hash of the whole.
    Listed,
    /// Several blobs that were appended one after the other and have the lengths that an upload gives them.
    Guessed,
    /// Some of its blobs are lost: zeros stand for them.
    Incomplete,
}

/// What octets are, by what they begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A message (RFC 5322).
    Message {
        /// Its Message-ID without brackets.
        message_id: Option<String>,
        /// When it came, by its newest Received field; else its Date.
        received: Option<ZonedTime>,
    },
    /// An iCalendar object.
    Calendar,
    /// A vCard.
    Card,
    /// Anything else.
    Octets,
}

/// A body that was put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// Its octets.
    pub size: u64,
    /// How.
    pub certainty: Certainty,
    /// What it is.
    pub content: Content,
    pieces: Vec<Chunk>,
}

/// See the module.
#[derive(Debug)]
pub struct Salvage {
    remains: Remains,
    lists: Vec<Listed>,
}

/// A blob, its length, and its place in the order of appends.
type Blob = (BlobId, u32, u64);

impl Salvage {
    /// Reads all segments in a directory. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// `NotFound` when there are none; `Unavailable`.
    pub fn read(directory: &Path) -> Result<Self> {
        let mut lists = Lists::default();
        let remains = Remains::read(directory, |id, octets| lists.take(id, octets))?;
        Ok(Self { remains, lists: lists.whole() })
    }

    /// What cannot be read.
    #[must_use]
    pub fn ruins(&self) -> Vec<Ruin> {
        self.remains.ruins()
    }

    /// Every body, in the order in which they were stored.
    ///
    /// # Errors
    /// `Unavailable` when a segment cannot be read any more.
    pub fn bodies(&self) -> Result<Vec<Salvaged>> {
        let blobs = self.remains.blobs();
        let mut used = BTreeSet::new();
        let mut bodies = Vec::new();
        let places: BTreeMap<_, _> = blobs.iter().map(|(id, _, place)| (*id, *place)).collect();
        for listed in &self.lists {
            let complete = listed.chunks.iter().all(|chunk| self.remains.has(&chunk.id));
            if complete && !self.adds_up(listed)? {
                // A client's own octets that look like a list: a body like others.
                continue;
            }
            used.extend(listed.chunks.iter().chain(&listed.parts).map(|chunk| chunk.id));
            let certainty = if complete { Certainty::Listed } else { Certainty::Incomplete };
            let at = listed.parts.first().and_then(|part| places.get(&part.id)).copied();
            bodies.push((at.unwrap_or(0), self.body(listed.chunks.clone(), certainty)?));
        }
        let mut rest: VecDeque<Blob> = blobs.iter().filter(|(id, ..)| !used.contains(id)).copied().collect();
        while let Some(first) = rest.pop_front() {
            bodies.push((first.2, self.guess(first, &mut rest)?));
        }
        bodies.sort_by_key(|(at, _)| *at);
        Ok(bodies.into_iter().map(|(_, body)| body).collect())
    }

    fn adds_up(&self, listed: &Listed) -> Result<bool> {
        let mut hasher = blake3::Hasher::new();
        for chunk in &listed.chunks {
            hasher.update(&self.remains.blob(&chunk.id)?);
        }
        Ok(hasher.finalize().as_bytes() == &listed.hash.0)
    }

    /// A body that begins with this blob: those behind it belong to it as long as each is as long as an upload makes
    /// them, follows without a gap and does not begin something itself.
    fn guess(&self, first: Blob, rest: &mut VecDeque<Blob>) -> Result<Salvaged> {
        let mut pieces = vec![piece(first)];
        let mut last = first;
        while last.1 as usize == chunk_bytes(pieces.len() - 1)
            && let Some(next) = rest.front().copied().filter(|next| next.2 == last.2 + 1)
            && next.1 as usize <= chunk_bytes(pieces.len())
            && content_of(&self.remains.blob(&next.0)?) == Content::Octets
        {
            pieces.push(piece(next));
            last = next;
            rest.pop_front();
        }
        let certainty = if pieces.len() == 1 { Certainty::Whole } else { Certainty::Guessed };
        self.body(pieces, certainty)
    }

    fn body(&self, pieces: Vec<Chunk>, certainty: Certainty) -> Result<Salvaged> {
        let size = pieces.iter().map(|piece| u64::from(piece.bytes)).sum();
        let beginning = match pieces.first().filter(|piece| self.remains.has(&piece.id)) {
            Some(piece) => self.remains.blob(&piece.id)?,
            None => Bytes::new(),
        };
        Ok(Salvaged { size, certainty, content: content_of(&beginning), pieces })
    }

    /// The octets of a body, piece by piece.
    ///
    /// # Errors
    /// `Unavailable` when a segment cannot be read any more.
    pub fn octets<'a>(&'a self, body: &'a Salvaged) -> impl Iterator<Item = Result<Bytes>> + 'a {
        body.pieces.iter().map(|piece| {
            if self.remains.has(&piece.id) {
                self.remains.blob(&piece.id)
            } else {
                Ok(Bytes::from(vec![0; piece.bytes as usize]))
            }
        })
    }
}

fn piece((id, bytes, _): Blob) -> Chunk {
    Chunk { id, bytes }
}

/// How long an upload makes the chunk of this number.
fn chunk_bytes(number: usize) -> usize {
    if number < SMALL_CHUNKS_MAX { SMALL_CHUNK_BYTES } else { engine::limits::BLOB_BYTES_MAX }
}

fn content_of(octets: &[u8]) -> Content {
    match kind_by_content(octets) {
        CollectionKind::Calendar => Content::Calendar,
        CollectionKind::AddressBook => Content::Card,
        _ => message(octets).unwrap_or(Content::Octets),
    }
}

/// Fields of which a message has at least one.
const FIELDS: [&str; 9] = [
    "From",
    "Date",
    "Received",
    "Message-ID",
    "Subject",
    "To",
    "MIME-Version",
    "Return-Path",
    "Delivered-To",
];

/// A message, when there is nothing but header fields up to the first empty line, and a usual one among them.
fn message(octets: &[u8]) -> Option<Content> {
    let end = [b"\r\n\r\n".as_slice(), b"\n\n"].iter().filter_map(|end| find(octets, end)).min();
    let block = octets.get(..end.unwrap_or(octets.len()))?;
    let is_field = |line: &[u8]| {
        let name = line.iter().position(|octet| *octet == b':').and_then(|at| line.get(..at));
        let printable = |octet: &u8| (b'!'..=b'~').contains(octet);
        line.starts_with(b" ")
            || line.starts_with(b"\t")
            || line.is_empty()
            || name.is_some_and(|name| !name.is_empty() && name.iter().all(printable))
    };
    let lines = || block.split(|octet| *octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if !lines().all(is_field) || !FIELDS.iter().any(|name| header::first(block, name).is_some()) {
        return None;
    }
    let date = |value: &[u8]| {
        let date = Date::parse(value)?;
        Some(ZonedTime { seconds: date.seconds, offset_minutes: date.offset_minutes })
    };
    let field = |name| header::first(block, name).map(header::unfold);
    // RFC 5321 4.4: the time stands behind the last semicolon, and the newest field first.
    let received = field("Received").and_then(|value| {
        let at = value.iter().rposition(|octet| *octet == b';')?;
        date(value.get(at + 1..)?)
    });
    let message_id = field("Message-ID").and_then(|value| message_ids(&value).into_iter().next());
    let received = received.or_else(|| field("Date").and_then(|value| date(&value)));
    Some(Content::Message { message_id, received })
}

fn find(octets: &[u8], what: &[u8]) -> Option<usize> {
    octets.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests;

//! Salvage: bodies put together again from segments alone, when the engine that knew whose they were is lost.
//!
//! Bodies of one blob are whole as they are. Those of several are told by their lists ([`crate::listing`]); of those
//! from before there were lists a guess is made from the order of appends, and said to be one. What had been removed
//! and not yet collected comes back too. Bodies that stood inside the engine's records are not here.
//!
//! No client can store octets that look like a list, but those of earlier builds could: what such a list names is told
//! as a guess even where its octets add up. A list hides no blob until they do: until then its chunks come out singly
//! too. What begins a message, an event or a card comes out even behind other chunks.
//!
//! Takes about 300 octets of memory for each blob; bodies are told one after another.

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
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
    path::Path,
    vec::IntoIter,
};

/// How a body was put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// One blob, checked by its hash.
    Whole,
    /// Several blobs in the order of their list, checked by the hash of the whole.
    Listed,
    /// Several blobs in the order of an earlier build's list, which may be a client's own octets; or that were appended
    /// one after the other and have the lengths that an upload gives them; or one blob that may be a body of its own or
    /// belong to one of which others are lost.
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

/// Some octets of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// Read and checked.
    Octets(Bytes),
    /// So many are lost.
    Lost(u32),
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
        let mut lists = lists.whole();
        lists.retain(|listed| is_likely(listed, &remains));
        Ok(Self { remains, lists })
    }

    /// What cannot be read.
    #[must_use]
    pub fn ruins(&self) -> Vec<Ruin> {
        self.remains.ruins()
    }

    /// Every body, in the order in which they were stored. Reads what lists name before the first.
    pub fn bodies(&self) -> impl Iterator<Item = Salvaged> + '_ {
        Bodies::new(self)
    }

    /// The chunks that belong to this list alone, when all are there and come to the body that it tells of.
    fn owned(&self, listed: &Listed) -> Option<Vec<BlobId>> {
        let mut hasher = blake3::Hasher::new();
        let mut owned = Vec::new();
        for (number, chunk) in listed.chunks.iter().enumerate() {
            let octets = self.remains.blob(&chunk.id).ok()?;
            hasher.update(&octets);
            if number == 0 || content_of(&octets) == Content::Octets {
                owned.push(chunk.id);
            }
        }
        (hasher.finalize().as_bytes() == &listed.hash.0).then_some(owned)
    }

    fn body(&self, pieces: Vec<Chunk>, certainty: Certainty) -> Salvaged {
        let size = pieces.iter().map(|piece| u64::from(piece.bytes)).sum();
        let beginning = pieces.first().and_then(|piece| self.remains.blob(&piece.id).ok());
        Salvaged { size, certainty, content: content_of(&beginning.unwrap_or_default()), pieces }
    }

    /// The octets of a body, piece by piece. What cannot be read any more is lost.
    pub fn octets<'a>(&'a self, body: &'a Salvaged) -> impl Iterator<Item = Stretch> + 'a {
        body.pieces.iter().map(|piece| match self.remains.blob(&piece.id) {
            Ok(octets) => Stretch::Octets(octets),
            Err(_) => Stretch::Lost(piece.bytes),
        })
    }
}

/// Whether an upload can have written this list: its chunks have the lengths that an upload gives them, which is asked
/// where a client could have forged it, and those that can be read have them indeed; of one there must be something left.
fn is_likely(listed: &Listed, remains: &Remains) -> bool {
    let last = listed.chunks.len().saturating_sub(1);
    let fits = |(number, chunk): (usize, &Chunk)| {
        let (bytes, most) = (chunk.bytes as usize, chunk_bytes(number));
        (listed.certain || bytes == most || number == last && 0 < bytes && bytes < most)
            && remains.bytes(&chunk.id).is_none_or(|bytes| bytes == chunk.bytes)
    };
    last > 0
        && listed.chunks.iter().enumerate().all(fits)
        && listed.chunks.iter().any(|chunk| remains.bytes(&chunk.id).is_some())
}

/// Goes through all blobs in the order of appends.
struct Bodies<'a> {
    salvage: &'a Salvage,
    blobs: Peekable<IntoIter<Blob>>,
    /// Lists by their first blob.
    lists: BTreeMap<BlobId, (&'a Listed, Certainty)>,
    /// Blobs that are no bodies of their own.
    used: BTreeSet<BlobId>,
    /// Blobs that may be.
    loose: BTreeSet<BlobId>,
}

impl<'a> Bodies<'a> {
    fn new(salvage: &'a Salvage) -> Self {
        let (mut lists, mut used, mut loose) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let mut told = BTreeSet::new();
        let parts = |listed: &Listed| listed.parts.iter().map(|part| part.id).collect::<Vec<_>>();
        let mut broken = Vec::new();
        for listed in &salvage.lists {
            let Some(owned) = salvage.owned(listed) else {
                broken.push(listed);
                continue;
            };
            told.insert(listed.hash);
            used.extend(owned.into_iter().chain(parts(listed)));
            let certainty = if listed.certain { Certainty::Listed } else { Certainty::Guessed };
            lists.extend(listed.parts.first().map(|part| (part.id, (listed, certainty))));
        }
        // Where all chunks are there and come to something else, the list is a client's own octets: a body like others.
        let is_there = |chunk: &Chunk| salvage.remains.blob(&chunk.id).is_ok();
        for listed in broken {
            let left: Vec<_> = listed.chunks.iter().filter(|chunk| is_there(chunk)).collect();
            if told.contains(&listed.hash) || left.is_empty() || left.len() == listed.chunks.len() {
                continue;
            }
            loose.extend(left.iter().map(|chunk| chunk.id));
            used.extend(parts(listed));
            lists.extend(listed.parts.first().map(|part| (part.id, (listed, Certainty::Incomplete))));
        }
        let blobs = salvage.remains.blobs().into_iter().peekable();
        Self { salvage, blobs, lists, used, loose }
    }

    /// A body that begins with this blob: those behind it belong to it as long as each is as long as an upload makes
    /// them, follows without a gap and does not begin something itself.
    fn guess(&mut self, first: Blob) -> Salvaged {
        let mut pieces = vec![piece(first)];
        let mut last = first;
        while last.1 as usize == chunk_bytes(pieces.len() - 1)
            && let Some(next) = self.blobs.peek().copied().filter(|next| next.2 == last.2 + 1)
            && next.1 as usize <= chunk_bytes(pieces.len())
            && !self.is_known(&next.0)
            && self.salvage.remains.blob(&next.0).is_ok_and(|octets| content_of(&octets) == Content::Octets)
        {
            pieces.push(piece(next));
            last = next;
            self.blobs.next();
        }
        let certainty = if pieces.len() == 1 { Certainty::Whole } else { Certainty::Guessed };
        self.salvage.body(pieces, certainty)
    }

    /// Whether a list says something about this blob.
    fn is_known(&self, id: &BlobId) -> bool {
        self.lists.contains_key(id) || self.used.contains(id) || self.loose.contains(id)
    }
}

impl Iterator for Bodies<'_> {
    type Item = Salvaged;

    fn next(&mut self) -> Option<Salvaged> {
        loop {
            let blob = self.blobs.next()?;
            if let Some((listed, certainty)) = self.lists.get(&blob.0) {
                return Some(self.salvage.body(listed.chunks.clone(), *certainty));
            }
            if self.loose.contains(&blob.0) && !self.used.contains(&blob.0) {
                return Some(self.salvage.body(vec![piece(blob)], Certainty::Guessed));
            }
            if !self.used.contains(&blob.0) {
                return Some(self.guess(blob));
            }
        }
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

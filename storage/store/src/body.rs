//! Bodies: small ones inline in the batch, larger ones in chunks that are blobs.
//!
//! An upload takes no account's turn: it streams into the blob store first and is durable when it is finished;
//! only the commit that refers to it makes it visible. An upload that is dropped leaves unreferenced blobs,
//! which the collector sweeps.

use crate::{
    key::Key,
    limits::{INLINE_BYTES_MAX, SMALL_CHUNK_BYTES, SMALL_CHUNKS_MAX},
    listing,
    pin::Pin,
    stores::Inner,
};
use bytes::{Bytes, BytesMut};
use engine::{Place, Table};
use model::{BlobId, Error, Result};
use serde::{Deserialize, Serialize};
use std::{ops::Range, sync::Arc};

/// Some bytes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Their hash.
    pub id: BlobId,
    /// Their number; 0 for a blob that is none of the body's octets but lists its chunks.
    pub bytes: u32,
}

impl Chunk {
    /// Whether it lists the others and can be spared.
    pub(crate) fn is_list(&self) -> bool {
        self.bytes == 0
    }
}

/// Where a body's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// In the record itself.
    Inline(Bytes),
    /// In blobs, in this order.
    Chunks(Vec<Chunk>),
}

/// A whole body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Octets.
    pub size: u64,
    /// Hash of all octets.
    pub hash: BlobId,
    /// Where they are.
    pub content: Content,
    /// Blobs that this body brought, not yet known to the engine.
    #[serde(skip)]
    pub(crate) fresh: Vec<(BlobId, Place)>,
    /// Keeps them from being collected until they are known.
    #[serde(skip)]
    pub(crate) pin: Option<Arc<Pin>>,
}

/// A body that is being received.
pub struct Upload {
    store: Arc<Inner>,
    buffer: BytesMut,
    /// Hash of all octets, when there is more than one chunk; the only chunk's is the blob store's to make.
    hasher: blake3::Hasher,
    /// The first chunk, as long as it is the only one.
    first: Option<Bytes>,
    size: u64,
    size_max: u64,
    chunks: Vec<Chunk>,
    fresh: Vec<(BlobId, Place)>,
    pin: Option<Arc<Pin>>,
    sequence: u64,
}

impl Upload {
    pub(crate) fn new(store: Arc<Inner>, size_max: u64) -> Self {
        Self {
            store,
            buffer: BytesMut::new(),
            hasher: blake3::Hasher::new(),
            first: None,
            size: 0,
            size_max,
            chunks: Vec::new(),
            fresh: Vec::new(),
            pin: None,
            sequence: 0,
        }
    }

    /// Octets received so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next octets.
    ///
    /// # Errors
    /// `TooLarge` when the body would pass the size this upload was begun with; `Unavailable` when the blob
    /// store cannot take them.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.size_max {
            return Err(Error::TooLarge(self.size_max));
        }
        loop {
            let room = self.chunk_bytes().saturating_sub(self.buffer.len());
            let Some((head, rest)) = bytes.split_at_checked(room) else {
                self.buffer.extend_from_slice(bytes);
                return Ok(());
            };
            self.buffer.extend_from_slice(head);
            bytes = rest;
            self.append().await?;
        }
    }

    /// The whole body, its blobs on stable storage.
    ///
    /// # Errors
    /// `Unavailable` when the blob store cannot take or sync the rest.
    pub async fn finish(mut self) -> Result<Body> {
        if self.chunks.is_empty() && self.buffer.len() <= INLINE_BYTES_MAX {
            let hash = BlobId(*blake3::hash(&self.buffer).as_bytes());
            let content = Content::Inline(self.buffer.freeze());
            return Ok(Body { size: self.size, hash, content, fresh: Vec::new(), pin: None });
        }
        if !self.buffer.is_empty() {
            self.append().await?;
        }
        let hash = match self.chunks.as_slice() {
            [only] => only.id,
            _ => self.list().await?,
        };
        self.store.blobs.sync(self.sequence).await?;
        let content = Content::Chunks(self.chunks);
        Ok(Body { size: self.size, hash, content, fresh: self.fresh, pin: self.pin })
    }

    /// Writes down which chunks make up the body, and in which order; the hash of the whole.
    async fn list(&mut self) -> Result<BlobId> {
        let hash = BlobId(*self.hasher.finalize().as_bytes());
        for part in listing::encode(self.size, &hash, &self.chunks) {
            let frame = self.store.blobs.append(part).await?;
            self.chunks.push(Chunk { id: frame.id, bytes: 0 });
            self.fresh.push((frame.id, frame.place));
            self.sequence = self.sequence.max(frame.sequence);
        }
        Ok(hash)
    }

    fn chunk_bytes(&self) -> usize {
        let largest = self.store.blobs.blob_bytes_max();
        if self.chunks.len() < SMALL_CHUNKS_MAX { SMALL_CHUNK_BYTES.min(largest) } else { largest }
    }

    /// Appends what has been received as one chunk, or as two where one would look like a list.
    async fn append(&mut self) -> Result<()> {
        let mut rest = self.buffer.split().freeze();
        while !rest.is_empty() {
            let chunk = rest.split_to(listing::first_chunk_bytes(&rest));
            self.append_chunk(chunk).await?;
        }
        Ok(())
    }

    async fn append_chunk(&mut self, bytes: Bytes) -> Result<()> {
        let length = u32::try_from(bytes.len()).map_err(|_| Error::TooLarge(u64::from(u32::MAX)))?;
        if self.chunks.is_empty() {
            self.first = Some(bytes.clone());
        } else {
            if let Some(first) = self.first.take() {
                self.hasher.update(&first);
            }
            self.hasher.update(&bytes);
        }
        // Set before the first frame is there to be found.
        let first = self.pin.is_none();
        let pin = self.pin.get_or_insert_with(|| Arc::new(self.store.pins.set()));
        let frame = self.store.blobs.append(bytes).await?;
        if first {
            pin.hold_from(frame.sequence);
        }
        self.chunks.push(Chunk { id: frame.id, bytes: length });
        self.fresh.push((frame.id, frame.place));
        self.sequence = self.sequence.max(frame.sequence);
        Ok(())
    }
}

/// Some range of a body, chunk by chunk.
pub struct BodyStream {
    store: Arc<Inner>,
    body: Body,
    next: usize,
    /// Octets of the body before chunk `next`.
    before: u64,
    range: Range<u64>,
}

impl BodyStream {
    pub(crate) fn new(store: Arc<Inner>, body: Body, range: Range<u64>) -> Self {
        let range = range.start.min(body.size)..range.end.min(body.size);
        Self { store, body, next: 0, before: 0, range }
    }

    /// The next octets of the range; `None` at its end. Verified before they are returned.
    ///
    /// # Errors
    /// `Corrupt` when stored bytes do not match their hash; `Unavailable`.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let chunks = match &self.body.content {
            Content::Inline(bytes) => {
                let part = clip(bytes, 0, &self.range);
                self.range.start = self.range.end;
                return Ok(part);
            }
            Content::Chunks(chunks) => chunks,
        };
        while let Some(chunk) = chunks.get(self.next) {
            let before = self.before;
            self.next += 1;
            self.before += u64::from(chunk.bytes);
            if self.before > self.range.start && before < self.range.end {
                let bytes = self.store.blob(&chunk.id).await?;
                return Ok(clip(&bytes, before, &self.range));
            }
        }
        Ok(None)
    }

    /// Everything that is left, in one buffer; the caller bounds the range.
    ///
    /// # Errors
    /// As [`BodyStream::next`].
    pub async fn collect(mut self) -> Result<Bytes> {
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next().await? else { return Ok(first) };
        let mut all = BytesMut::from(first.as_ref());
        all.extend_from_slice(&second);
        while let Some(more) = self.next().await? {
            all.extend_from_slice(&more);
        }
        Ok(all.freeze())
    }
}

/// The part of `bytes`, which begin `before` octets into the body, that lies in the range.
fn clip(bytes: &Bytes, before: u64, range: &Range<u64>) -> Option<Bytes> {
    let start = usize::try_from(range.start.saturating_sub(before)).ok()?.min(bytes.len());
    let end = usize::try_from(range.end.saturating_sub(before)).ok()?.min(bytes.len());
    (start < end).then(|| bytes.slice(start..end))
}

impl Inner {
    /// One blob, verified.
    pub(crate) async fn blob(&self, id: &BlobId) -> Result<Bytes> {
        let snapshot = self.engine.newest().await?;
        let Some(place) = snapshot.get(Table::Blob, &Key::blob(id).done()).await? else {
            tracing::error!(%id, "a blob that is referred to has no place");
            return Err(Error::Corrupt);
        };
        let place = Place(place);
        let read = self.blobs.read(id, &place).await;
        if read != Err(Error::Corrupt) {
            return read;
        }
        // It may have been moved, and its old place removed, between the look and the read.
        let moved = self.engine.newest().await?.get(Table::Blob, &Key::blob(id).done()).await?;
        match moved.map(Place).filter(|moved| *moved != place) {
            Some(moved) => self.blobs.read(id, &moved).await,
            None => read,
        }
    }
}

#[cfg(test)]
mod tests;

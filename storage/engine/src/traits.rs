//! The traits every engine, blob store and environment fulfils.

use crate::{Batch, Durable, Range, Table};
use async_trait::async_trait;
use bytes::Bytes;
use model::{BlobId, Result, Timestamp};
use std::{future::Future, pin::Pin, sync::Arc};

/// A boxed future, as trait objects need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Names a process for as long as it has an engine open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub [u8; 8]);

/// The processes that share an engine's data, as known about a second ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// This one.
    pub own: ProcessId,
    /// The others that give signs of life.
    pub others: Vec<ProcessId>,
}

/// An ordered key-value engine with atomic conditional batches, group commit and snapshots.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// The newest durable state: as it is now, or at the latest at the first read. Cheap: no I/O.
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>>;

    /// A view of which every single read shows the newest durable state: two reads may show two states. For
    /// looking at one thing, and for writers, whose batch expects what they have read. Holds nothing.
    async fn newest(&self) -> Result<Arc<dyn Snapshot>> {
        self.snapshot().await
    }

    /// The processes that have this data open; `None` when one alone can have it.
    fn company(&self) -> Option<Company> {
        None
    }

    /// Takes the batch into the order of commits **before it returns** (it is a plain call that never waits:
    /// the queue is bounded by the number of callers); the future resolves when the batch is on stable
    /// storage. Batches of many callers share one sync. When it has resolved, every later
    /// [`Engine::snapshot`] shows the batch. Dropping the future does not withdraw the batch.
    ///
    /// That order lets an account's next writer build on a batch that is still in flight: if the first fails,
    /// so does every later one that expects its result.
    ///
    /// # Errors
    /// `PreconditionFailed` when an expectation does not hold (nothing changed); `Unavailable` when the
    /// engine cannot take writes. After a failed sync the engine takes no write ever again (see
    /// [`Engine::poisoned`]).
    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Durable>>;

    /// Resolves when the engine has met a failure after which it must not acknowledge anything: the process
    /// says so and exits. Never resolves on a healthy engine.
    async fn poisoned(&self);

    /// Whether changes are refused for want of room on the disk at the moment.
    fn is_full(&self) -> bool {
        false
    }

    /// Gives the room back that removed rows still take, where they are many; takes as long as that takes. For
    /// background work, one at a time.
    ///
    /// # Errors
    /// `Unavailable`, `DiskFull`; no row is touched then.
    async fn reclaim(&self) -> Result<()> {
        Ok(())
    }

    /// Refuses new writes, ends what runs, releases the files. Idempotent.
    async fn close(&self);
}

/// One state of the engine that does not change.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// One value.
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>>;

    /// Many values in the order of the keys; crosses to the engine once.
    async fn get_many(&self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>>;

    /// At most `limit` pairs of the range in key order (or from its end, when `reverse`).
    async fn scan(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>>;
}

/// Where a blob store keeps some bytes; opaque to everyone else, kept in [`Table::Blob`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(pub Bytes);

/// Bytes that were appended, not yet durable.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Hash of the bytes.
    pub id: BlobId,
    /// Where they are.
    pub place: Place,
    /// What to hand to [`BlobStore::sync`].
    pub sequence: u64,
}

/// A blob found in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub id: BlobId,
    /// Where it is.
    pub place: Place,
    /// Its bytes, with what surrounds them.
    pub bytes: u64,
    /// Its place in the order of appends.
    pub sequence: u64,
}

/// How much of a segment is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number.
    pub segment: u32,
    /// Its length.
    pub bytes: u64,
    /// Bytes of it that are the place of a blob, with what surrounds them; the others are nobody's.
    pub live_bytes: u64,
    /// Whether it is not written any more.
    pub is_sealed: bool,
    /// Whether it was found damaged.
    pub is_damaged: bool,
}

/// Immutable bytes named by their hash.
#[async_trait]
pub trait BlobStore: Send + Sync + 'static {
    /// The most bytes of one blob; larger bodies are chunked by the caller.
    fn blob_bytes_max(&self) -> usize;

    /// Appends the bytes; they are durable only after [`BlobStore::sync`].
    ///
    /// # Errors
    /// `TooLarge` past [`BlobStore::blob_bytes_max`], `Unavailable` when it cannot take writes.
    async fn append(&self, bytes: Bytes) -> Result<Frame>;

    /// Waits until every frame up to `sequence` is on stable storage; many callers share one sync.
    async fn sync(&self, sequence: u64) -> Result<()>;

    /// The whole blob, its checksum verified.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not those of `id`.
    async fn read(&self, id: &BlobId, place: &Place) -> Result<Bytes>;

    /// As [`Engine::poisoned`].
    async fn poisoned(&self);

    /// As [`Engine::is_full`].
    fn is_full(&self) -> bool {
        false
    }

    /// Segments that are not written any more, oldest first, for collection; none where space comes back by
    /// itself.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be listed.
    async fn sealed(&self) -> Result<Vec<u32>> {
        Ok(Vec::new())
    }

    /// What a sealed segment holds, in the order of appends.
    ///
    /// # Errors
    /// `Corrupt` when there is no such segment, or when it is damaged and therefore to be kept: a blob that
    /// cannot be listed may still be needed. `Unavailable` when it cannot be read.
    async fn found(&self, segment: u32) -> Result<Vec<Found>> {
        let _ = segment;
        Err(model::Error::Corrupt)
    }

    /// Whether blobs come and go one by one; there are no segments then.
    fn is_single(&self) -> bool {
        false
    }

    /// For stores without segments: at most `limit` blobs behind `after`, in the order of their names, that no
    /// record refers to and that nobody brought for a long time. Empty at the end.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn unneeded(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<Found>> {
        let _ = (after, limit);
        Ok(Vec::new())
    }

    /// For stores without segments: removes those of the blobs that have no place in [`Table::Blob`] and that
    /// nobody has brought again meanwhile; how many went.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn discard(&self, blobs: &[BlobId]) -> Result<u64> {
        let _ = blobs;
        Ok(0)
    }

    /// Every segment, oldest first, the one that is written too.
    ///
    /// # Errors
    /// As [`BlobStore::sealed`].
    async fn segments(&self) -> Result<Vec<u32>> {
        self.sealed().await
    }

    /// What can still be found in a segment, in the order it lies there: damage is stepped over, which
    /// [`BlobStore::found`] refuses. The bytes are checked when they are read.
    ///
    /// # Errors
    /// As [`BlobStore::found`], damage excepted.
    async fn survey(&self, segment: u32) -> Result<Vec<Found>> {
        self.found(segment).await
    }

    /// How much of each segment is needed, the written one too, oldest first, at no cost worth mentioning; empty
    /// where nobody counts.
    ///
    /// # Errors
    /// As [`BlobStore::sealed`].
    async fn shares(&self) -> Result<Vec<Share>> {
        Ok(Vec::new())
    }

    /// Ends the segment that is written: the next frame goes into a new one.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn seal(&self) -> Result<()> {
        Ok(())
    }

    /// Takes a damaged segment away, to where nothing but a person looks for it. What could be read of it must
    /// have been copied before; what else refers to it is lost.
    ///
    /// # Errors
    /// As [`BlobStore::remove`].
    async fn quarantine(&self, segment: u32) -> Result<()> {
        self.remove(segment).await
    }

    /// Removes a sealed segment, which nothing may refer to any more.
    ///
    /// # Errors
    /// `Conflict` for one that is still written, `Unavailable` when it cannot be removed.
    async fn remove(&self, segment: u32) -> Result<()> {
        let _ = segment;
        Err(model::Error::Conflict)
    }
}

/// The only clock and the only dice; tests bring their own.
pub trait Env: Send + Sync + 'static {
    /// Wall clock. May jump: nothing that must only grow is derived from it alone.
    fn now(&self) -> Timestamp;

    /// Fills with unpredictable bytes (seeded ones in simulation).
    fn random(&self, bytes: &mut [u8]);
}

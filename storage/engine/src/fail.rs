//! Failure on demand: wraps any engine or blob store and lets the n-th call of a kind fail, so that every error
//! path of what stands above can be walked.

use crate::{
    Batch, BlobStore, BoxFuture, Company, Durable, Engine, Found, Frame, Place, Range, Share, Snapshot,
    Table, poison::Poison,
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{BlobId, Error, Result};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Kinds of calls that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Call {
    /// A value is read ([`Snapshot::get`], [`Snapshot::get_many`]).
    Get,
    /// A range is read.
    Scan,
    /// A batch is refused; nothing changed, the engine goes on.
    Commit,
    /// A batch is applied, but its sync fails: the caller does not know, the engine is poisoned.
    CommitSync,
    /// A blob is refused; the blob store goes on.
    Append,
    /// The sync of blobs fails: the blob store is poisoned.
    Sync,
    /// A blob cannot be read.
    Read,
    /// A batch finds the disk full; nothing changed, the engine goes on.
    CommitFull,
    /// A blob finds the disk full; the blob store goes on.
    AppendFull,
}

/// How many kinds there are.
const CALLS: usize = 9;

/// What shall fail, and what was called. Shared by the wrappers and the test that drives them.
#[derive(Debug, Default)]
pub struct FailPlan {
    seen: [AtomicU64; CALLS],
    /// The number of the call that fails, from 1; 0 for none.
    fails: [AtomicU64; CALLS],
}

impl FailPlan {
    /// A plan in which nothing fails.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The `nth` call of this kind from now on fails, once.
    pub fn fail(&self, call: Call, nth: u64) {
        if let Some(fails) = self.fails.get(call as usize) {
            fails.store(self.count(call) + nth, Ordering::SeqCst);
        }
    }

    /// How many calls of this kind there were, failed ones included.
    #[must_use]
    pub fn count(&self, call: Call) -> u64 {
        self.seen.get(call as usize).map_or(0, |seen| seen.load(Ordering::SeqCst))
    }

    /// Counts a call; true when it is the one that fails.
    fn strikes(&self, call: Call) -> bool {
        let (Some(seen), Some(fails)) = (self.seen.get(call as usize), self.fails.get(call as usize)) else {
            return false;
        };
        let number = seen.fetch_add(1, Ordering::SeqCst) + 1;
        fails.load(Ordering::SeqCst) == number
    }

    fn pass(&self, call: Call) -> Result<()> {
        if self.strikes(call) { Err(Error::Unavailable) } else { Ok(()) }
    }
}

/// An engine whose calls fail as planned.
pub struct FailEngine {
    inner: Arc<dyn Engine>,
    plan: Arc<FailPlan>,
    poison: Arc<Poison>,
}

impl FailEngine {
    /// Wraps `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Engine>, plan: Arc<FailPlan>) -> Arc<Self> {
        Arc::new(Self { inner, plan, poison: Arc::new(Poison::new()) })
    }
}

#[async_trait]
impl Engine for FailEngine {
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let inner = self.inner.snapshot().await?;
        Ok(Arc::new(FailSnapshot { inner, plan: Arc::clone(&self.plan) }))
    }

    async fn newest(&self) -> Result<Arc<dyn Snapshot>> {
        let inner = self.inner.newest().await?;
        Ok(Arc::new(FailSnapshot { inner, plan: Arc::clone(&self.plan) }))
    }

    fn company(&self) -> Option<Company> {
        self.inner.company()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Durable>> {
        if self.poison.is_set() || self.plan.strikes(Call::Commit) {
            return Box::pin(async { Err(Error::Unavailable) });
        }
        if self.plan.strikes(Call::CommitFull) {
            return Box::pin(async { Err(Error::DiskFull) });
        }
        let breaks = self.plan.strikes(Call::CommitSync);
        if breaks {
            self.poison.set();
        }
        let inner = self.inner.commit(batch);
        Box::pin(async move {
            let outcome = inner.await;
            if breaks { Err(Error::Unavailable) } else { outcome }
        })
    }

    async fn poisoned(&self) {
        tokio::select! {
            () = self.poison.wait() => {}
            () = self.inner.poisoned() => {}
        }
    }

    async fn reclaim(&self) -> Result<()> {
        self.inner.reclaim().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct FailSnapshot {
    inner: Arc<dyn Snapshot>,
    plan: Arc<FailPlan>,
}

#[async_trait]
impl Snapshot for FailSnapshot {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        self.plan.pass(Call::Get)?;
        self.inner.get(table, key).await
    }

    async fn get_many(&self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        self.plan.pass(Call::Get)?;
        self.inner.get_many(table, keys).await
    }

    async fn scan(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>> {
        self.plan.pass(Call::Scan)?;
        self.inner.scan(table, range, limit, reverse).await
    }
}

/// A blob store whose calls fail as planned.
pub struct FailBlobs {
    inner: Arc<dyn BlobStore>,
    plan: Arc<FailPlan>,
    poison: Poison,
}

impl FailBlobs {
    /// Wraps `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn BlobStore>, plan: Arc<FailPlan>) -> Arc<Self> {
        Arc::new(Self { inner, plan, poison: Poison::new() })
    }
}

#[async_trait]
impl BlobStore for FailBlobs {
    fn blob_bytes_max(&self) -> usize {
        self.inner.blob_bytes_max()
    }

    async fn append(&self, bytes: Bytes) -> Result<Frame> {
        if self.poison.is_set() {
            return Err(Error::Unavailable);
        }
        self.plan.pass(Call::Append)?;
        if self.plan.strikes(Call::AppendFull) {
            return Err(Error::DiskFull);
        }
        self.inner.append(bytes).await
    }

    async fn sync(&self, sequence: u64) -> Result<()> {
        if self.poison.is_set() {
            return Err(Error::Unavailable);
        }
        if self.plan.strikes(Call::Sync) {
            self.poison.set();
            return Err(Error::Unavailable);
        }
        self.inner.sync(sequence).await
    }

    async fn read(&self, id: &BlobId, place: &Place) -> Result<Bytes> {
        self.plan.pass(Call::Read)?;
        self.inner.read(id, place).await
    }

    async fn poisoned(&self) {
        tokio::select! {
            () = self.poison.wait() => {}
            () = self.inner.poisoned() => {}
        }
    }

    fn is_single(&self) -> bool {
        self.inner.is_single()
    }

    async fn unneeded(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<Found>> {
        self.plan.pass(Call::Read)?;
        self.inner.unneeded(after, limit).await
    }

    async fn discard(&self, blobs: &[BlobId]) -> Result<u64> {
        self.inner.discard(blobs).await
    }

    async fn sealed(&self) -> Result<Vec<u32>> {
        self.inner.sealed().await
    }

    async fn segments(&self) -> Result<Vec<u32>> {
        self.inner.segments().await
    }

    async fn shares(&self) -> Result<Vec<Share>> {
        self.inner.shares().await
    }

    async fn seal(&self) -> Result<()> {
        self.inner.seal().await
    }

    async fn quarantine(&self, segment: u32) -> Result<()> {
        self.inner.quarantine(segment).await
    }

    async fn survey(&self, segment: u32) -> Result<Vec<Found>> {
        self.inner.survey(segment).await
    }

    async fn found(&self, segment: u32) -> Result<Vec<Found>> {
        self.plan.pass(Call::Read)?;
        self.inner.found(segment).await
    }

    async fn remove(&self, segment: u32) -> Result<()> {
        self.inner.remove(segment).await
    }
}

#[cfg(test)]
mod tests;

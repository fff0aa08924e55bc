//! Collection: forgets the places of blobs that nobody needs, moves what is left out of segments that are more
//! than half dead, and removes those.
//!
//! Safe beside writers: a place is forgotten or changed only in a batch that expects it unchanged and (to forget)
//! without a reference, and a segment is looked at only when no upload in flight has frames in it. Whoever
//! stores the same bytes meanwhile either comes first, and the batch is refused, or finds no place and brings
//! its own. Safe across power cuts: copies are stable before the batch, the batch before the removal.

use crate::{key::Key, limits::COLLECT_BATCH_COUNT, stores::Store};
use engine::{Batch, Found, Op, Place, Precondition, Snapshot, Table};
use model::{BlobId, Error, Result};
use std::sync::Arc;

/// What a collection came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs that nobody needed.
    pub forgotten_count: u64,
    /// Octets that were copied out of segments that went.
    pub moved_bytes: u64,
    /// Segments that went.
    pub segment_count: u64,
    /// Octets that came back with them, what was copied counted off.
    pub freed_bytes: u64,
}

/// A segment's blobs, sorted by their need.
#[derive(Default)]
struct Sorted {
    live: Vec<Found>,
    dead: Vec<Found>,
    total_bytes: u64,
}

impl Sorted {
    fn live_bytes(&self) -> u64 {
        self.live.iter().map(|found| found.bytes).sum()
    }
}

impl Store {
    /// Looks at every sealed segment once. One at a time; the caller sees to that.
    ///
    /// # Errors
    /// `Unavailable`. Damaged blobs are told in the log and keep their segment.
    pub async fn collect(&self) -> Result<Collected> {
        let mut collected = Collected::default();
        for segment in self.inner.blobs.sealed().await? {
            self.collect_segment(segment, &mut collected).await?;
        }
        Ok(collected)
    }

    async fn collect_segment(&self, segment: u32, collected: &mut Collected) -> Result<()> {
        let found = match self.inner.blobs.found(segment).await {
            Err(Error::Corrupt) => {
                tracing::warn!(segment, "a damaged segment is kept");
                return Ok(());
            }
            found => found?,
        };
        let highest = found.iter().map(|found| found.sequence).max().unwrap_or(0);
        if highest >= self.inner.pins.floor() {
            return Ok(());
        }
        // Pins end when their batches have entered the order: behind this commit all of them are visible.
        let _durable = self.inner.engine.commit(Batch::default()).await?;
        let snapshot = self.inner.engine.snapshot().await?;
        let sorted = sort(&snapshot, found).await?;
        collected.forgotten_count += self.forget(&sorted.dead).await?;
        let live_bytes = sorted.live_bytes();
        if live_bytes.saturating_mul(2) > sorted.total_bytes {
            return Ok(());
        }
        if !self.move_out(&sorted.live).await? {
            return Ok(());
        }
        // What a writer took up again between the look and the batch is still here: another time.
        let snapshot = self.inner.engine.snapshot().await?;
        let all: Vec<_> = sorted.live.into_iter().chain(sorted.dead).collect();
        if !placed(&snapshot, &all).await?.is_empty() {
            return Ok(());
        }
        self.inner.blobs.remove(segment).await?;
        collected.segment_count += 1;
        collected.moved_bytes += live_bytes;
        collected.freed_bytes += sorted.total_bytes.saturating_sub(live_bytes);
        Ok(())
    }

    /// Forgets the places of blobs without references; returns how many went.
    async fn forget(&self, dead: &[Found]) -> Result<u64> {
        let mut count = 0;
        for page in dead.chunks(COLLECT_BATCH_COUNT) {
            let mut batch = Batch::default();
            for found in page {
                let key = Key::blob(&found.id);
                batch.expect.push(equals(&found.id, &found.place));
                batch.expect.push(Precondition::Empty(Table::BlobRef, key.prefix()));
                batch.ops.push(Op::Delete(Table::Blob, key.done()));
            }
            // One that is needed again keeps its page for another time.
            count += if self.taken(batch).await? { page.len() as u64 } else { 0 };
        }
        Ok(count)
    }

    /// Copies blobs to new places; false when one could not be read.
    async fn move_out(&self, live: &[Found]) -> Result<bool> {
        for page in live.chunks(COLLECT_BATCH_COUNT) {
            let mut batch = Batch::default();
            let mut sequence = 0;
            let pin = self.inner.pins.set();
            for found in page {
                let bytes = match self.inner.blobs.read(&found.id, &found.place).await {
                    Ok(bytes) => bytes,
                    Err(Error::Corrupt) => {
                        tracing::error!(id = %found.id, "a damaged blob keeps its segment from being collected");
                        return Ok(false);
                    }
                    Err(error) => return Err(error),
                };
                let frame = self.inner.blobs.append(bytes).await?;
                sequence = sequence.max(frame.sequence);
                batch.expect.push(equals(&found.id, &found.place));
                batch.ops.push(Op::Put(Table::Blob, Key::blob(&found.id).done(), frame.place.0));
            }
            self.inner.blobs.sync(sequence).await?;
            let taken = self.taken(batch).await?;
            drop(pin);
            if !taken {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Commits; false when a writer came between.
    async fn taken(&self, batch: Batch) -> Result<bool> {
        match self.inner.engine.commit(batch).await {
            Ok(_) => Ok(true),
            Err(Error::PreconditionFailed) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn equals(id: &BlobId, place: &Place) -> Precondition {
    Precondition::Equals(Table::Blob, Key::blob(id).done(), place.0.clone())
}

/// Those that are the place of their blob: others are copies that lost a race, or were never committed.
async fn placed(snapshot: &Arc<dyn Snapshot>, found: &[Found]) -> Result<Vec<Found>> {
    let keys: Vec<_> = found.iter().map(|found| Key::blob(&found.id).done()).collect();
    let places = snapshot.get_many(Table::Blob, &keys).await?;
    let here = found.iter().zip(places).filter(|(found, place)| place.as_ref() == Some(&found.place.0));
    Ok(here.map(|(found, _)| found.clone()).collect())
}

async fn sort(snapshot: &Arc<dyn Snapshot>, found: Vec<Found>) -> Result<Sorted> {
    let mut sorted = Sorted { total_bytes: found.iter().map(|found| found.bytes).sum(), ..Sorted::default() };
    for found in placed(snapshot, &found).await? {
        let held = snapshot.scan(Table::BlobRef, &Key::blob(&found.id).prefix(), 1, false).await?;
        if held.is_empty() { sorted.dead.push(found) } else { sorted.live.push(found) }
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests;

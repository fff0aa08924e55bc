//! Collection: forgets the places of blobs that nobody needs, moves what is left out of segments that are worth
//! it, and removes those. Damaged segments are put aside when all that can be read of them has moved.
//!
//! The engine notes which blobs have lost a reference and how much of each segment is a blob's place: without
//! removals there is nothing to do and nothing is looked at.
//!
//! Safe beside writers: a place is forgotten or changed only in a batch that expects it unchanged and (to forget)
//! without a reference, and a segment is looked at only when no upload in flight has frames in it. Whoever
//! stores the same bytes meanwhile either comes first, and the batch is refused, or finds no place and brings
//! its own. Safe beside readers of older states (a check, a backup): they hold a pin, which is asked for once more
//! before a segment goes. Safe beside repair, which gives blobs places in old segments: no segment goes between its
//! look at a frame and its batch.
//! Safe across power cuts: copies are stable before the batch, the batch before the removal.

mod plan;

use crate::{
    collection::after,
    key::Key,
    limits::{COLLECT_BATCH_COUNT, UPLOAD_AGE_MAX},
    pin::Pin,
    stores::{Inner, Store},
};
use engine::{Batch, Found, Op, Place, Precondition, RELEASED, Range, Snapshot, Table};
use model::{BlobId, Error, Result};
use std::sync::Arc;

/// In [`Table::Meta`] once every segment of the store has been looked at by a build that notes what is released:
/// what went before it did so is found only by looking.
const LOOKED: &[u8] = b"looked";

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
    /// A blob in it is needed, and no place of it is known: this may be the only one.
    is_missed: bool,
}

impl Sorted {
    fn live_bytes(&self) -> u64 {
        self.live.iter().map(|found| found.bytes).sum()
    }
}

/// Why a segment is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is worth its collection.
    Chosen,
    /// To see whether it is.
    Asked,
}

/// What became of blobs that had to move.
#[derive(Default)]
struct Moved {
    /// A writer came between.
    is_refused: bool,
    /// Those that could not be read.
    lost: Vec<Found>,
}

impl Store {
    /// Gives back the space of what was removed. Costs next to nothing when nothing was. One at a time; the caller
    /// sees to that.
    ///
    /// # Errors
    /// `Unavailable`. Damage is told in the log.
    pub async fn collect(&self) -> Result<Collected> {
        let collected = self.collect_blobs().await?;
        self.inner.engine.reclaim().await?;
        Ok(collected)
    }

    async fn collect_blobs(&self) -> Result<Collected> {
        if self.inner.blobs.is_single() {
            let mut collected = Collected::default();
            self.collect_single(&mut collected).await?;
            return Ok(collected);
        }
        let mut collected =
            Collected { forgotten_count: self.forget_released().await?, ..Collected::default() };
        let shares = self.inner.blobs.shares().await?;
        let snapshot = self.inner.engine.snapshot().await?;
        if shares.is_empty() || snapshot.get(Table::Meta, LOOKED).await?.is_none() {
            self.look_at_all(&mut collected).await?;
            return Ok(collected);
        }
        let chosen = plan::worthwhile(&shares);
        if chosen.iter().any(|share| !share.is_sealed) {
            self.inner.blobs.seal().await?;
        }
        for share in chosen {
            self.collect_segment(share.segment, Why::Chosen, &mut collected).await?;
        }
        Ok(collected)
    }

    /// As [`Store::collect`], looking at every sealed segment whatever the engine's counts say of it.
    ///
    /// # Errors
    /// As [`Store::collect`].
    pub async fn collect_thoroughly(&self) -> Result<Collected> {
        let mut collected = self.collect().await?;
        self.look_at_all(&mut collected).await?;
        Ok(collected)
    }

    async fn look_at_all(&self, collected: &mut Collected) -> Result<()> {
        for segment in self.inner.blobs.sealed().await? {
            self.collect_segment(segment, Why::Asked, collected).await?;
        }
        let ops = vec![Op::PutIfAbsent(Table::Meta, LOOKED.to_vec(), bytes::Bytes::from_static(b"1"))];
        let _durable = self.inner.engine.commit(Batch { expect: Vec::new(), ops }).await?;
        Ok(())
    }

    /// Looks at the blobs that have lost a reference: those without another are forgotten. Returns how many were.
    async fn forget_released(&self) -> Result<u64> {
        let (mut count, mut range) = (0, Range::prefix(RELEASED));
        loop {
            let snapshot = self.inner.engine.snapshot().await?;
            let page = snapshot.scan(Table::Job, &range, COLLECT_BATCH_COUNT, false).await?;
            let Some((last, _)) = page.last() else { return Ok(count) };
            range.start = after(last);
            for (key, _) in &page {
                let hash = key.get(RELEASED.len()..).and_then(|hash| hash.try_into().ok());
                let id = BlobId(hash.ok_or(Error::Corrupt)?);
                count += u64::from(self.forget_one(&snapshot, &id, key).await?);
            }
        }
    }

    /// One blob of those; false when it is needed, or was forgotten before, or a writer came between.
    async fn forget_one(&self, snapshot: &Arc<dyn Snapshot>, id: &BlobId, noted: &[u8]) -> Result<bool> {
        let key = Key::blob(id);
        let mut batch = Batch { expect: Vec::new(), ops: vec![Op::Delete(Table::Job, noted.to_vec())] };
        let held = snapshot.scan(Table::BlobRef, &key.prefix(), 1, false).await?;
        let place = snapshot.get(Table::Blob, &key.clone().done()).await?;
        let dead = held.is_empty() && place.is_some();
        match (held.into_iter().next(), place) {
            // Its holder will note it again when it lets go: the note may go as long as there is that holder.
            (Some((holder, _)), _) => {
                batch.expect.push(Precondition::Present(Table::BlobRef, holder.to_vec()))
            }
            (None, Some(place)) => {
                batch.expect.push(equals(id, &Place(place)));
                batch.expect.push(Precondition::Empty(Table::BlobRef, key.prefix()));
                batch.ops.push(Op::Delete(Table::Blob, key.done()));
            }
            (None, None) => batch.expect.push(Precondition::Absent(Table::Blob, key.done())),
        }
        Ok(self.taken(batch).await? && dead)
    }

    async fn collect_segment(&self, segment: u32, why: Why, collected: &mut Collected) -> Result<()> {
        let (found, is_damaged) = match self.inner.blobs.found(segment).await {
            Err(Error::Corrupt) => (self.inner.blobs.survey(segment).await?, true),
            found => (found?, false),
        };
        let highest = found.iter().map(|found| found.sequence).max().unwrap_or(0);
        if highest >= self.inner.pins.floor() {
            return Ok(());
        }
        // Pins end when their batches have entered the order: behind this commit all of them are visible.
        let _durable = self.inner.engine.commit(Batch::default()).await?;
        let snapshot = self.inner.engine.snapshot().await?;
        // Who set a pin before this snapshot may read by an earlier one; who sets it later sees what this one sees.
        if highest >= self.inner.pins.floor() {
            return Ok(());
        }
        let sorted = sort(&snapshot, &found).await?;
        collected.forgotten_count += self.forget(&sorted.dead).await?;
        let live_bytes = sorted.live_bytes();
        let is_worth_it = why == Why::Chosen || live_bytes.saturating_mul(2) <= sorted.total_bytes;
        if sorted.is_missed {
            tracing::error!(
                segment,
                "a segment has a blob that is needed and has no place: it is kept; repair"
            );
            return Ok(());
        }
        if !is_worth_it && !is_damaged {
            return Ok(());
        }
        let moved = self.move_out(&sorted.live).await?;
        if moved.is_refused {
            return Ok(());
        }
        let _turn = self.inner.removing.lock().await;
        // What a writer took up again between the look and the batch is still here: another time. Any frame may
        // have become its blob's place meanwhile, not only those that were.
        let snapshot = self.inner.engine.snapshot().await?;
        let mut left = placed(&snapshot, &found).await?;
        left.retain(|found| !moved.lost.contains(found));
        // Who set a pin while the rest moved may read by the old places; who sets it from now on sees the new ones.
        if !left.is_empty() || highest >= self.inner.pins.floor() {
            return Ok(());
        }
        if is_damaged || !moved.lost.is_empty() {
            tracing::error!(
                segment,
                lost_count = moved.lost.len(),
                "a damaged segment is put aside; what could be read of it has moved, fsck names what could not"
            );
            self.inner.blobs.quarantine(segment).await?;
        } else {
            self.inner.blobs.remove(segment).await?;
        }
        collected.segment_count += 1;
        collected.moved_bytes += live_bytes;
        collected.freed_bytes += sorted.total_bytes.saturating_sub(live_bytes);
        Ok(())
    }

    /// For blob stores without segments: a blob that rests long enough loses its place, then its bytes. Whoever
    /// brings the same bytes meanwhile makes them young again, and they stay.
    async fn collect_single(&self, collected: &mut Collected) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.inner.blobs.unneeded(after, COLLECT_BATCH_COUNT).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let snapshot = self.inner.engine.newest().await?;
            self.forget(&placed(&snapshot, &page).await?).await?;
            let ids: Vec<_> = page.iter().map(|found| found.id).collect();
            let removed = self.inner.blobs.discard(&ids).await?;
            collected.forgotten_count += removed;
            if removed == ids.len() as u64 {
                collected.freed_bytes += page.iter().map(|found| found.bytes).sum::<u64>();
            }
        }
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

    /// Copies blobs to new places.
    async fn move_out(&self, live: &[Found]) -> Result<Moved> {
        let mut moved = Moved::default();
        for page in live.chunks(COLLECT_BATCH_COUNT) {
            let mut batch = Batch::default();
            let mut sequence = 0;
            let pin = self.inner.pins.set();
            for found in page {
                let bytes = match self.inner.blobs.read(&found.id, &found.place).await {
                    Ok(bytes) => bytes,
                    Err(Error::Corrupt) => {
                        moved.lost.push(found.clone());
                        continue;
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
                moved.is_refused = true;
                break;
            }
        }
        Ok(moved)
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

impl Inner {
    /// Whether what a pin holds cannot have been collected by age.
    ///
    /// # Errors
    /// `Unavailable` when it may have been.
    pub(crate) fn still_rests(&self, pin: &Pin) -> Result<()> {
        let old = self.blobs.is_single() && pin.age() > UPLOAD_AGE_MAX;
        if old { Err(Error::Unavailable) } else { Ok(()) }
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

/// Whether one of them is needed and has no place at all: damage that repair mends, if the bytes stay.
async fn is_missed(snapshot: &Arc<dyn Snapshot>, found: &[Found]) -> Result<bool> {
    let keys: Vec<_> = found.iter().map(|found| Key::blob(&found.id).done()).collect();
    let places = snapshot.get_many(Table::Blob, &keys).await?;
    for (found, _) in found.iter().zip(places).filter(|(_, place)| place.is_none()) {
        if !snapshot.scan(Table::BlobRef, &Key::blob(&found.id).prefix(), 1, false).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn sort(snapshot: &Arc<dyn Snapshot>, found: &[Found]) -> Result<Sorted> {
    let mut sorted = Sorted { total_bytes: found.iter().map(|found| found.bytes).sum(), ..Sorted::default() };
    sorted.is_missed = is_missed(snapshot, found).await?;
    for found in placed(snapshot, found).await? {
        let held = snapshot.scan(Table::BlobRef, &Key::blob(&found.id).prefix(), 1, false).await?;
        if held.is_empty() { sorted.dead.push(found) } else { sorted.live.push(found) }
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests;

//! The simulated blob store: frames in memory; those not synced are lost or torn when the power goes.

use super::{Lie, SimDisk, Stored, locked};
use crate::{BlobStore, Found, Frame, Place, limits::BLOB_BYTES_MAX, poison::Poison};
use async_trait::async_trait;
use bytes::Bytes;
use model::{BlobId, Error, Result};
use std::sync::Arc;

/// Blobs in memory, for tests of everything above them.
pub struct MemoryBlobs {
    disk: SimDisk,
    poison: Poison,
}

impl MemoryBlobs {
    /// A blob store on a new disk of its own, for tests that never cut the power.
    #[must_use]
    pub fn new(seed: u64) -> Arc<Self> {
        SimDisk::new(seed).blobs()
    }

    pub(super) fn open(disk: SimDisk) -> Self {
        Self { disk, poison: Poison::new() }
    }

    /// Flips one bit of the blob at this place, as a bad disk does; `NotFound` when nothing is there.
    ///
    /// # Errors
    /// `NotFound` as said.
    pub fn flip(&self, place: &Place, bit: usize) -> Result<()> {
        let mut frames = locked(&self.disk.0.frames);
        let stored =
            number(place).and_then(|number| frames.stored.get_mut(&number)).ok_or(Error::NotFound)?;
        let mut bytes = stored.bytes.to_vec();
        let byte = bytes.get_mut(bit / 8).ok_or(Error::NotFound)?;
        *byte ^= 1 << (bit % 8);
        stored.bytes = bytes.into();
        Ok(())
    }
}

/// Frames of one segment.
const SEGMENT_FRAMES: u64 = 4;

fn segment(number: u64) -> u32 {
    u32::try_from(number / SEGMENT_FRAMES).unwrap_or(u32::MAX)
}

fn place(number: u64) -> Place {
    Place(Bytes::copy_from_slice(&number.to_be_bytes()))
}

fn number(place: &Place) -> Option<u64> {
    Some(u64::from_be_bytes(place.0.as_ref().try_into().ok()?))
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    fn blob_bytes_max(&self) -> usize {
        BLOB_BYTES_MAX
    }

    async fn append(&self, bytes: Bytes) -> Result<Frame> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(Error::TooLarge(BLOB_BYTES_MAX as u64));
        }
        self.disk.stagger().await;
        if self.poison.is_set() {
            return Err(Error::Unavailable);
        }
        self.disk.step()?;
        let id = BlobId(*blake3::hash(&bytes).as_bytes());
        let mut frames = locked(&self.disk.0.frames);
        frames.appended += 1;
        let sequence = frames.appended;
        frames.stored.insert(sequence, Stored { id, bytes });
        Ok(Frame { id, place: place(sequence), sequence })
    }

    async fn sync(&self, sequence: u64) -> Result<()> {
        self.disk.stagger().await;
        if self.poison.is_set() {
            return Err(Error::Unavailable);
        }
        if locked(&self.disk.0.frames).stable >= sequence {
            return Ok(());
        }
        if let Err(error) = self.disk.step() {
            self.poison.set();
            return Err(error);
        }
        if self.disk.lies(Lie::Blobs) {
            return Ok(());
        }
        let mut frames = locked(&self.disk.0.frames);
        frames.stable = frames.appended;
        Ok(())
    }

    async fn read(&self, id: &BlobId, place: &Place) -> Result<Bytes> {
        if self.disk.is_cut() {
            return Err(Error::Unavailable);
        }
        let frames = locked(&self.disk.0.frames);
        let stored = number(place).and_then(|number| frames.stored.get(&number)).ok_or(Error::Corrupt)?;
        let whole = stored.id == *id && blake3::hash(&stored.bytes).as_bytes() == &id.0;
        if whole { Ok(stored.bytes.clone()) } else { Err(Error::Corrupt) }
    }

    async fn poisoned(&self) {
        self.poison.wait().await;
    }

    async fn sealed(&self) -> Result<Vec<u32>> {
        let frames = locked(&self.disk.0.frames);
        let written = segment(frames.appended + 1);
        let mut segments: Vec<_> = frames.stored.keys().map(|number| segment(*number)).collect();
        segments.dedup();
        segments.retain(|segment| *segment < written);
        Ok(segments)
    }

    async fn segments(&self) -> Result<Vec<u32>> {
        let frames = locked(&self.disk.0.frames);
        let mut segments: Vec<_> = frames.stored.keys().map(|number| segment(*number)).collect();
        segments.dedup();
        Ok(segments)
    }

    async fn found(&self, wanted: u32) -> Result<Vec<Found>> {
        if self.disk.is_cut() {
            return Err(Error::Unavailable);
        }
        let frames = locked(&self.disk.0.frames);
        let inside = frames.stored.iter().filter(|(number, _)| segment(**number) == wanted);
        Ok(inside
            .map(|(number, stored)| Found {
                id: stored.id,
                place: place(*number),
                bytes: stored.bytes.len() as u64,
                sequence: *number,
            })
            .collect())
    }

    async fn remove(&self, wanted: u32) -> Result<()> {
        self.disk.stagger().await;
        self.disk.step()?;
        let mut frames = locked(&self.disk.0.frames);
        if segment(frames.appended + 1) <= wanted {
            return Err(Error::Conflict);
        }
        frames.stored.retain(|number, _| segment(*number) != wanted);
        Ok(())
    }
}

//! Simulation: an engine and a blob store in memory that lose what was not synced when the power is cut, all
//! from one seed and in one thread, so that a failing run can be run again.
//!
//! A [`SimDisk`] is what survives. [`SimDisk::engine`] and [`SimDisk::blobs`] open it; [`SimDisk::cut_at`]
//! chooses the write, sync or commit at which the power goes; from then on everything answers `Unavailable`
//! until [`SimDisk::restore`], after which it is opened anew.

mod blobs;
mod dice;
mod engine;
mod env;

pub use blobs::MemoryBlobs;
pub use dice::Dice;
pub use engine::SimEngine;
pub use env::SimEnv;

use crate::Table;
use bytes::Bytes;
use model::{BlobId, Error, Result};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Every version of every row; the newest at or below a state's number is that state's.
type Rows = BTreeMap<Vec<u8>, Vec<(u64, Option<Bytes>)>>;

/// The engine's part of the disk.
#[derive(Debug, Default)]
struct Tables {
    rows: BTreeMap<Table, Rows>,
    /// Number of the newest applied batch.
    applied: u64,
    /// Number of the newest batch that is stable.
    stable: u64,
}

/// A blob in memory.
#[derive(Clone, Debug)]
struct Stored {
    id: BlobId,
    bytes: Bytes,
}

/// The blob store's part of the disk.
#[derive(Debug, Default)]
struct Frames {
    stored: BTreeMap<u64, Stored>,
    /// Number of the newest appended frame.
    appended: u64,
    /// Number of the newest stable frame.
    stable: u64,
}

/// What a lying disk says and does not do: for tests that must turn red on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Blobs are said to be stable and are not.
    Blobs,
    /// Batches are said to be stable and are not.
    Batches,
}

/// When the power goes.
#[derive(Debug, Default)]
struct Power {
    steps: u64,
    cut_at: Option<u64>,
    off: bool,
    lie: Option<Lie>,
    /// How often the power came back: what was opened in an earlier life is dead.
    life: u64,
}

#[derive(Debug)]
struct Inside {
    dice: Mutex<Dice>,
    power: Mutex<Power>,
    tables: Mutex<Tables>,
    frames: Mutex<Frames>,
}

/// The disk and the power supply of a simulated machine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SimDisk(Arc<Inside>, Option<u64>);

/// A lock whose holder cannot leave half a change behind.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimDisk {
    /// An empty disk; the seed decides every interleaving and every loss.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(
            Arc::new(Inside {
                dice: Mutex::new(Dice::new(seed)),
                power: Mutex::default(),
                tables: Mutex::default(),
                frames: Mutex::default(),
            }),
            None,
        )
    }

    /// Opens the engine on what the disk holds.
    #[must_use]
    pub fn engine(&self) -> Arc<SimEngine> {
        Arc::new(SimEngine::open(self.opened()))
    }

    /// Opens the blob store on what the disk holds.
    #[must_use]
    pub fn blobs(&self) -> Arc<MemoryBlobs> {
        Arc::new(MemoryBlobs::open(self.opened()))
    }

    /// Steps (appends, syncs, applied groups) until now.
    #[must_use]
    pub fn steps(&self) -> u64 {
        locked(&self.0.power).steps
    }

    /// The power goes at this step, counted from the beginning as [`SimDisk::steps`] does.
    pub fn cut_at(&self, step: u64) {
        locked(&self.0.power).cut_at = Some(step);
    }

    /// From now on the disk lies.
    pub fn lie(&self, lie: Lie) {
        locked(&self.0.power).lie = Some(lie);
    }

    fn lies(&self, lie: Lie) -> bool {
        locked(&self.0.power).lie == Some(lie)
    }

    /// The power goes now.
    pub fn cut(&self) {
        locked(&self.0.power).off = true;
    }

    /// Whether the power is off (or, for what was opened, has been since).
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let power = locked(&self.0.power);
        power.off || self.is_past(&power)
    }

    /// The disk as one engine or blob store holds it until the next cut.
    fn opened(&self) -> Self {
        Self(Arc::clone(&self.0), Some(locked(&self.0.power).life))
    }

    fn is_past(&self, power: &Power) -> bool {
        self.1.is_some_and(|life| life != power.life)
    }

    /// The power comes back: what was not stable is lost, or is there in part, as the dice will. Engines and
    /// blob stores opened before stay dead.
    pub fn restore(&self) {
        let mut power = locked(&self.0.power);
        *power = Power { steps: power.steps, life: power.life + 1, lie: power.lie, ..Power::default() };
        let mut dice = locked(&self.0.dice);
        locked(&self.0.tables).lose(&mut dice);
        locked(&self.0.frames).lose(&mut dice);
    }

    /// Rolls below `bound`.
    fn below(&self, bound: u64) -> u64 {
        locked(&self.0.dice).below(bound)
    }

    /// Counts a step; `Unavailable` when the power is off or goes now.
    fn step(&self) -> Result<()> {
        let mut power = locked(&self.0.power);
        if self.is_past(&power) {
            return Err(Error::Unavailable);
        }
        power.steps += 1;
        power.off |= power.cut_at.is_some_and(|at| power.steps >= at);
        if power.off { Err(Error::Unavailable) } else { Ok(()) }
    }

    /// Lets other tasks run, or not, as the dice will.
    async fn stagger(&self) {
        for _ in 0..self.below(4) {
            tokio::task::yield_now().await;
        }
    }
}

impl Tables {
    /// Keeps what is stable and an arbitrary prefix of the batches in flight, each whole.
    fn lose(&mut self, dice: &mut Dice) {
        let kept = self.stable + dice.below(self.applied - self.stable + 1);
        for rows in self.rows.values_mut() {
            rows.retain(|_, versions| {
                versions.retain(|(number, _)| *number <= kept);
                versions.drain(..versions.len().saturating_sub(1));
                versions.iter().any(|(_, value)| value.is_some())
            });
        }
        self.applied = kept;
        self.stable = kept;
    }
}

impl Frames {
    /// Keeps what is stable; of the rest each frame is lost, whole, or torn. Places of lost ones are used anew.
    fn lose(&mut self, dice: &mut Dice) {
        let stable = self.stable;
        self.stored.retain(|number, stored| {
            if *number <= stable {
                return true;
            }
            let rest = dice.below(stored.bytes.len() as u64 + 1);
            match dice.below(3) {
                0 => return false,
                1 => stored.bytes.truncate(usize::try_from(rest).unwrap_or(0)),
                _ => {}
            }
            true
        });
        self.appended = self.stored.last_key_value().map_or(stable, |(number, _)| stable.max(*number));
        self.stable = self.appended;
    }
}

#[cfg(test)]
mod tests;

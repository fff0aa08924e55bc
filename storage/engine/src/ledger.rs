//! The ledger: what an engine knows of the blob store beside it, written in the very batch of each group.
//!
//! It counts the groups, and the frames know the newest that was stable when they were appended: an engine that
//! counts fewer is behind its segments. It keeps how far the places reach: segments that end earlier have lost
//! something. And it keeps how much of each segment is the place of a blob, and of which blobs a reference went, so
//! that collection need not look at segments to know which are worth its while.
//!
//! Rows in [`Table::Meta`]: `ledger` is version 1 (1), group (8), segment (4), end (4); `live` segment (4) is the
//! number of live bytes (8). Rows in [`Table::Job`]: `released` hash (32), empty. All numbers are big-endian. An engine without them is from before there were any: the
//! counts are made once from its places, the group is 0.

use crate::{
    Range, Table,
    blobs::Spot,
    limits::LEDGER_SCAN_ROWS,
    raw::{Change, Probe, RawEngine, RawView},
};
use bytes::{Buf, BufMut, Bytes};
use model::{Error, Result};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

const KEY: &[u8] = b"ledger";
const LIVE: &[u8] = b"live";
/// What keys of [`Table::Job`] begin with that name a blob of which a reference went; its hash follows. Whoever
/// has seen that it is still needed, or has forgotten it, removes the row.
pub const RELEASED: &[u8] = b"released";
const HASH_BYTES: usize = 32;
const VERSION: u8 = 1;

/// How far an engine's places reach: nothing lies behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reach {
    /// The last segment; 0 for none.
    pub(crate) segment: u32,
    /// Where the last frame in it ends.
    pub(crate) end: u64,
}

impl Reach {
    /// Whether there are places behind this offset of a segment.
    pub(crate) fn is_past(&self, segment: u32, offset: u64) -> bool {
        self.segment == segment && self.end > offset
    }

    /// Whether there are places behind this offset, in this segment or a later one: what a later place was committed
    /// on was stable, all of the segments before it included.
    pub(crate) fn is_later_than(&self, segment: u32, offset: u64) -> bool {
        (self.segment, self.end) > (segment, offset)
    }
}

/// What the blob store may know of its engine, as of the newest stable group.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    group: AtomicU64,
    live: Mutex<BTreeMap<u32, u64>>,
}

impl Witness {
    /// The newest stable group.
    pub(crate) fn group(&self) -> u64 {
        self.group.load(Ordering::Acquire)
    }

    /// Bytes of a segment that are the place of a blob.
    pub(crate) fn live_bytes(&self, segment: u32) -> u64 {
        self.live().get(&segment).copied().unwrap_or(0)
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<u32, u64>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one group changes.
#[derive(Debug, Default)]
struct Turn {
    reach: Reach,
    /// Live bytes of the segments that it touches, after it.
    live: BTreeMap<u32, u64>,
}

/// An engine that keeps a ledger.
pub(crate) struct Ledger<E> {
    inner: E,
    witness: Arc<Witness>,
    reach: Reach,
    /// Counts that no row says yet: those of an engine that had no ledger.
    unsaid: bool,
    applied: Option<Turn>,
}

impl<E: RawEngine> Ledger<E> {
    /// Reads the ledger of an engine, or makes it.
    ///
    /// # Errors
    /// `Corrupt` when it cannot be read; `Unavailable`.
    pub(crate) fn open(inner: E) -> Result<Self> {
        let view = inner.view();
        let witness = Witness::default();
        let kept = view.get(Table::Meta, KEY)?;
        let (group, reach) = match &kept {
            Some(row) => read(row)?,
            None => (0, count(&view, &mut witness.live())?),
        };
        witness.group.store(group, Ordering::Release);
        if kept.is_some() {
            for (key, value) in view.scan(Table::Meta, &Range::prefix(LIVE), usize::MAX, false)? {
                let segment = key.get(LIVE.len()..).and_then(|rest| rest.try_into().ok());
                let segment = segment.map(u32::from_be_bytes).ok_or(Error::Corrupt)?;
                let bytes = value.as_ref().try_into().map(u64::from_be_bytes).map_err(|_| Error::Corrupt)?;
                witness.live().insert(segment, bytes);
            }
        }
        Ok(Self { inner, witness: Arc::new(witness), reach, unsaid: kept.is_none(), applied: None })
    }

    pub(crate) fn witness(&self) -> Arc<Witness> {
        Arc::clone(&self.witness)
    }

    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// Takes the blob store as it is: nothing that the engine does not know is asked for again.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) fn accept(&mut self, group: u64, reach: Reach) -> Result<()> {
        self.witness.group.fetch_max(group, Ordering::AcqRel);
        self.reach = reach;
        self.apply(Vec::new())?;
        self.sync()
    }

    /// What the places in these batches change.
    fn turn(&self, batches: &[Vec<Change>]) -> Result<Turn> {
        let mut turn = Turn { reach: self.reach, live: BTreeMap::new() };
        let live = self.witness.live();
        if self.unsaid {
            turn.live.clone_from(&live);
        }
        let mut seen: HashMap<&[u8], Option<Spot>> = HashMap::new();
        let mut view = None;
        for change in batches.iter().flatten().filter(|change| change.table == Table::Blob) {
            let new = change.value.as_deref().and_then(Spot::decode);
            let old = match seen.insert(&change.key, new) {
                Some(old) => old,
                None => {
                    let view = view.get_or_insert_with(|| self.inner.view());
                    view.get(Table::Blob, &change.key)?.as_deref().and_then(Spot::decode)
                }
            };
            let counted = |segment| live.get(&segment).copied().unwrap_or(0);
            if let Some(old) = old {
                let bytes = turn.live.entry(old.segment).or_insert_with(|| counted(old.segment));
                *bytes = bytes.saturating_sub(old.frame_bytes());
            }
            if let Some(new) = new {
                let bytes = turn.live.entry(new.segment).or_insert_with(|| counted(new.segment));
                *bytes = bytes.saturating_add(new.frame_bytes());
                turn.reach = turn.reach.max(Reach { segment: new.segment, end: new.end() });
            }
        }
        Ok(turn)
    }
}

impl<E: RawEngine> RawEngine for Ledger<E> {
    type View = E::View;

    fn view(&self) -> E::View {
        self.inner.view()
    }

    fn apply(&mut self, mut batches: Vec<Vec<Change>>) -> Result<()> {
        let turn = self.turn(&batches)?;
        let mut rows = vec![row(KEY.to_vec(), Some(written(self.witness.group() + 1, turn.reach)))];
        for (segment, bytes) in &turn.live {
            let value = (*bytes > 0).then(|| Bytes::copy_from_slice(&bytes.to_be_bytes()));
            rows.push(row([LIVE, &segment.to_be_bytes()].concat(), value));
        }
        rows.extend(released(&batches));
        // Its rows are its own, whatever the batches say of them: a copy of another store brings that one's.
        batches.iter_mut().for_each(|batch| batch.retain(|change| !is_own(change)));
        batches.push(rows);
        self.inner.apply(batches)?;
        self.applied = Some(turn);
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        // On a full disk what was applied has not happened.
        let turn = self.applied.take();
        self.inner.sync()?;
        let Some(turn) = turn else { return Ok(()) };
        self.reach = turn.reach;
        self.unsaid = false;
        let mut live = self.witness.live();
        for (segment, bytes) in turn.live {
            if bytes > 0 {
                live.insert(segment, bytes)
            } else {
                live.remove(&segment)
            };
        }
        self.witness.group.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn room(&self, bytes: usize) -> Result<()> {
        self.inner.room(bytes)
    }

    fn probe(&self) -> Option<Probe> {
        self.inner.probe()
    }

    fn view_count(&self) -> usize {
        self.inner.view_count()
    }

    fn reopen(&mut self) -> Result<()> {
        self.applied = None;
        self.inner.reopen()
    }
}

/// Rows for the blobs that lose a reference and get none: what is delivered from the queue changes hands only.
fn released(batches: &[Vec<Change>]) -> Vec<Change> {
    // The last word on each reference: one that is put and removed in the same group is not there.
    let mut references: BTreeMap<&[u8], bool> = BTreeMap::new();
    for change in batches.iter().flatten().filter(|change| change.table == Table::BlobRef) {
        references.insert(&change.key, change.value.is_some());
    }
    let mut hashes: BTreeMap<&[u8], bool> = BTreeMap::new();
    for (key, is_held) in references {
        if let Some(hash) = key.get(..HASH_BYTES) {
            *hashes.entry(hash).or_default() |= is_held;
        }
    }
    let gone = hashes.into_iter().filter(|(_, is_held)| !is_held);
    gone.map(|(hash, _)| Change {
        table: Table::Job,
        key: [RELEASED, hash].concat(),
        value: Some(Bytes::new()),
    })
    .collect()
}

/// Whether it is a row of the ledger.
fn is_own(change: &Change) -> bool {
    change.table == Table::Meta && (change.key == KEY || change.key.starts_with(LIVE))
}

fn row(key: Vec<u8>, value: Option<Bytes>) -> Change {
    Change { table: Table::Meta, key, value }
}

fn written(group: u64, reach: Reach) -> Bytes {
    let mut row = Vec::with_capacity(17);
    row.put_u8(VERSION);
    row.put_u64(group);
    row.put_u32(reach.segment);
    row.put_u32(u32::try_from(reach.end).unwrap_or(u32::MAX));
    row.into()
}

fn read(row: &[u8]) -> Result<(u64, Reach)> {
    match row.split_first() {
        Some((&VERSION, mut rest)) if rest.len() == 16 => {
            let group = rest.get_u64();
            Ok((group, Reach { segment: rest.get_u32(), end: u64::from(rest.get_u32()) }))
        }
        _ => {
            tracing::error!(known = VERSION, "the engine's ledger cannot be read");
            Err(Error::Corrupt)
        }
    }
}

/// Counts the places of an engine that never did.
fn count<V: RawView>(view: &V, live: &mut BTreeMap<u32, u64>) -> Result<Reach> {
    let (mut range, mut reach) = (Range::prefix(b""), Reach::default());
    loop {
        let page = view.scan(Table::Blob, &range, LEDGER_SCAN_ROWS, false)?;
        for spot in page.iter().filter_map(|(_, place)| Spot::decode(place)) {
            *live.entry(spot.segment).or_default() += spot.frame_bytes();
            reach = reach.max(Reach { segment: spot.segment, end: spot.end() });
        }
        match page.last() {
            Some((last, _)) if page.len() == LEDGER_SCAN_ROWS => range.start = [last, &[0][..]].concat(),
            _ => return Ok(reach),
        }
    }
}

#[cfg(test)]
mod tests;

//! The simulated engine: every version of every row in memory, committed in the task of whoever waits.

use super::{Lie, SimDisk, locked};
use crate::{
    Batch, BoxFuture, Durable, Engine, Range, Snapshot, Table,
    committer::{Core, Line},
    raw::{Change, RawEngine, RawView, Rows},
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{Error, Result};
use std::{
    ops::Bound,
    sync::{Arc, Mutex},
};

/// An engine without a thread and without a disk, for tests of everything above it.
pub struct SimEngine {
    line: Arc<Line<View>>,
    core: Arc<Mutex<Core<Raw>>>,
    disk: SimDisk,
}

impl SimEngine {
    /// An engine on a new disk of its own, for tests that never cut the power.
    #[must_use]
    pub fn new(seed: u64) -> Arc<Self> {
        SimDisk::new(seed).engine()
    }

    pub(super) fn open(disk: SimDisk) -> Self {
        let core = Core::new(Raw { disk: disk.clone() });
        Self { line: core.line(), core: Arc::new(Mutex::new(core)), disk }
    }
}

#[async_trait]
impl Engine for SimEngine {
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        if self.disk.is_cut() {
            return Err(Error::Unavailable);
        }
        self.line.snapshot()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'static, Result<Durable>> {
        let entered = self.line.enter(batch);
        let (core, disk) = (Arc::clone(&self.core), self.disk.clone());
        Box::pin(async move {
            let answer = entered?;
            // While this task steps aside others enter their batches: that is how groups form here.
            disk.stagger().await;
            locked(&core).run_waiting();
            let outcome = answer.await.unwrap_or(Err(Error::Unavailable));
            disk.stagger().await;
            outcome
        })
    }

    async fn poisoned(&self) {
        self.line.poison().wait().await;
    }

    async fn close(&self) {
        self.line.shut();
        locked(&self.core).run_waiting();
        self.line.unpublish();
    }
}

/// The committing side.
struct Raw {
    disk: SimDisk,
}

impl RawEngine for Raw {
    type View = View;

    fn view(&self) -> View {
        View { disk: self.disk.clone(), at: locked(&self.disk.0.tables).applied }
    }

    fn apply(&mut self, batches: Vec<Vec<Change>>) -> Result<()> {
        self.disk.step()?;
        let mut tables = locked(&self.disk.0.tables);
        for batch in batches {
            tables.applied += 1;
            let number = tables.applied;
            for change in batch {
                let versions = tables.rows.entry(change.table).or_default().entry(change.key).or_default();
                versions.push((number, change.value));
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.disk.step()?;
        if self.disk.lies(Lie::Batches) {
            return Ok(());
        }
        let mut tables = locked(&self.disk.0.tables);
        tables.stable = tables.applied;
        Ok(())
    }
}

/// The rows as they were after one batch.
struct View {
    disk: SimDisk,
    at: u64,
}

impl View {
    fn seen(&self, versions: &[(u64, Option<Bytes>)]) -> Option<Bytes> {
        versions.iter().rev().find(|(number, _)| *number <= self.at).and_then(|(_, value)| value.clone())
    }
}

impl RawView for View {
    const ON_DISK: bool = false;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        let tables = locked(&self.disk.0.tables);
        Ok(tables.rows.get(&table).and_then(|rows| rows.get(key)).and_then(|versions| self.seen(versions)))
    }

    fn scan(&self, table: Table, range: &Range, limit: usize, reverse: bool) -> Result<Rows> {
        if !range.end.is_empty() && range.start >= range.end {
            return Ok(Rows::new());
        }
        let end = if range.end.is_empty() { Bound::Unbounded } else { Bound::Excluded(range.end.as_slice()) };
        let tables = locked(&self.disk.0.tables);
        let Some(rows) = tables.rows.get(&table) else { return Ok(Rows::new()) };
        let found = rows.range::<[u8], _>((Bound::Included(range.start.as_slice()), end));
        let shown =
            |(key, versions): (&Vec<u8>, &Vec<_>)| Some((Bytes::copy_from_slice(key), self.seen(versions)?));
        Ok(if reverse {
            found.rev().filter_map(shown).take(limit).collect()
        } else {
            found.filter_map(shown).take(limit).collect()
        })
    }
}

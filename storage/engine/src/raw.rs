//! What an engine must do itself; everything else (grouping, preconditions, publishing, poison) is the
//! [`crate::committer`]'s, once for all engines.

use crate::{Range, Snapshot, Table, limits::SCAN_INLINE_ROWS_MAX};
use async_trait::async_trait;
use bytes::Bytes;
use model::{Error, Result};
use std::{collections::BTreeMap, sync::Arc};

/// Pairs in key order.
pub(crate) type Rows = Vec<(Bytes, Bytes)>;

/// One change that passed its preconditions; `None` removes the key.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) table: Table,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Bytes>,
}

/// A state of an engine that does not change.
pub(crate) trait RawView: Send + Sync + 'static {
    /// Whether reading may wait for a disk.
    const ON_DISK: bool;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>>;

    fn scan(&self, table: Table, range: &Range, limit: usize, reverse: bool) -> Result<Rows>;

    /// As [`crate::Engine::reclaim`]; whether there are files now that only views up to this one can want.
    fn reclaim(&self) -> Result<bool> {
        Ok(false)
    }

    /// Removes those files, called on a newer view. Where older ones are still held, the next time does it.
    fn let_go(&self) -> Result<()> {
        Ok(())
    }
}

/// Asks an engine, from another thread and while it is in a call, whether it has given up. It may wait for that call,
/// and may write out what the engine has buffered.
pub(crate) type Probe = Box<dyn Fn() -> bool + Send>;

/// An engine as the committer drives it: one caller, never two calls at once.
pub(crate) trait RawEngine: Send + 'static {
    /// Its snapshots.
    type View: RawView;

    /// The newest applied state. Called at the start and after each [`RawEngine::sync`] only.
    fn view(&self) -> Self::View;

    /// Applies the batches in order, all of them atomically; nothing need be stable yet.
    fn apply(&mut self, batches: Vec<Vec<Change>>) -> Result<()>;

    /// Makes everything applied stable. `DiskFull` says that a write (no sync) met a full disk: what was
    /// applied has not happened, views stay good, and nothing but [`RawEngine::reopen`] may be called. Any
    /// other error is final: the committer calls nothing any more.
    fn sync(&mut self) -> Result<()>;

    /// Whether there is room for a group of so many bytes.
    ///
    /// # Errors
    /// `DiskFull`; nothing has happened then.
    fn room(&self, bytes: usize) -> Result<()> {
        let _ = bytes;
        Ok(())
    }

    /// For engines that may not come back from a call.
    fn probe(&self) -> Option<Probe> {
        None
    }

    /// Views that are still held.
    fn view_count(&self) -> usize {
        0
    }

    /// Opens anew what a full disk has torn, up to the last group that was stable. Called when no view is held.
    ///
    /// # Errors
    /// `DiskFull` when it may be tried again, any other is final.
    fn reopen(&mut self) -> Result<()> {
        Err(Error::Unavailable)
    }
}

/// The last change of every key: for engines whose batches have no order inside.
pub(crate) fn merge(batches: Vec<Vec<Change>>) -> BTreeMap<(Table, Vec<u8>), Option<Bytes>> {
    let mut merged = BTreeMap::new();
    for change in batches.into_iter().flatten() {
        merged.insert((change.table, change.key), change.value);
    }
    merged
}

/// A published view: what readers get.
pub(crate) struct Shown<V>(pub(crate) Arc<V>);

#[async_trait]
impl<V: RawView> Snapshot for Shown<V> {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        self.0.get(table, key)
    }

    async fn get_many(&self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        if V::ON_DISK && keys.len() > SCAN_INLINE_ROWS_MAX {
            let (view, keys) = (Arc::clone(&self.0), keys.to_vec());
            return blocking(move || keys.iter().map(|key| view.get(table, key)).collect()).await;
        }
        keys.iter().map(|key| self.0.get(table, key)).collect()
    }

    async fn scan(&self, table: Table, range: &Range, limit: usize, reverse: bool) -> Result<Rows> {
        if V::ON_DISK && limit > SCAN_INLINE_ROWS_MAX {
            let (view, range) = (Arc::clone(&self.0), range.clone());
            return blocking(move || view.scan(table, &range, limit, reverse)).await;
        }
        self.0.scan(table, range, limit, reverse)
    }
}

/// Runs `work` where it may wait for a disk without holding up other tasks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Unavailable))
}

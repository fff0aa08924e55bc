//! The embedded engine: fjall 3.1, an LSM tree in pure Rust, exactly pinned.
//!
//! Tables share five keyspaces, by how their rows live, so that memtables are few and each compacts its own
//! kind of work: `state` (small rows, overwritten often, looked up by key), `item` (the covering rows that
//! listings scan), `churn` (rows that are soon removed: their tombstones must not slow the scans of `item`),
//! `bulk` (larger values that are rarely touched), `index` (small, scattered keys).
//!
//! fjall's own get-then-write loses updates; here one thread alone writes, and decides on what it has written.

use crate::{
    Engine, Range, Table,
    committer::Committer,
    directory,
    limits::{JOURNAL_BYTES_MAX, KEY_BYTES_MAX, MEMTABLE_BYTES_MAX, MEMTABLE_BYTES_MIN},
    raw::{Change, RawEngine, RawView, Rows, merge},
};
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice, Snapshot};
use model::{Error, Result};
use std::{ops::Bound, path::Path, sync::Arc};

/// Opens or creates the engine in a directory of its own, which it locks; blocks while it replays the journal.
/// `cache_bytes` bounds the block cache; memtables and journals are bounded in `limits.rs`.
///
/// # Errors
/// `Conflict` when another process has it open, `Invalid` for a format this build does not know, `Corrupt` or
/// `Unavailable` when it cannot be read. The cause is in the log.
pub fn open_fjall(path: &Path, cache_bytes: u64) -> Result<Arc<dyn Engine>> {
    open_fjall_with(path, cache_bytes, MEMTABLE_BYTES_MAX)
}

/// As [`open_fjall`], with memtables of another size, between the limits; it is decided when the store is made.
///
/// # Errors
/// As [`open_fjall`].
pub fn open_fjall_with(path: &Path, cache_bytes: u64, memtable_bytes: u64) -> Result<Arc<dyn Engine>> {
    let memtable_bytes = memtable_bytes.clamp(MEMTABLE_BYTES_MIN, MEMTABLE_BYTES_MAX);
    if is_vacant(path) {
        create(path, cache_bytes, memtable_bytes)?;
    }
    let opened = Fjall::open(path, cache_bytes, memtable_bytes).map_err(|error| outcome(&error))?;
    Ok(Arc::new(Committer::start(opened)?))
}

/// Whether there is nothing at all in the directory.
fn is_vacant(path: &Path) -> bool {
    std::fs::read_dir(path).map_or(!path.exists(), |mut entries| entries.next().is_none())
}

/// fjall cannot go on with a database whose making was cut short: it is made beside its place and moved there
/// whole.
fn create(path: &Path, cache_bytes: u64, memtable_bytes: u64) -> Result<()> {
    let draft = path.with_extension("making");
    let moved = || {
        std::fs::rename(&draft, path)?;
        directory::sync(
            draft.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        )
    };
    let failed = |error: std::io::Error| {
        tracing::error!(path = %draft.display(), %error, "cannot make the engine's directory");
        Error::Unavailable
    };
    if draft.exists() {
        std::fs::remove_dir_all(&draft).map_err(failed)?;
    }
    directory::make(&draft)?;
    Fjall::open(&draft, cache_bytes, memtable_bytes).map(drop).map_err(|error| outcome(&error))?;
    moved().map_err(failed)
}

const KEYSPACES: [&str; 5] = ["state", "item", "churn", "bulk", "index"];

/// The keyspace of a table, as an index into [`KEYSPACES`]. Part of the format on disk.
fn home(table: Table) -> usize {
    match table {
        Table::Meta | Table::Account | Table::Collection | Table::Child | Table::Grant | Table::Directory => {
            0
        }
        Table::Item => 1,
        Table::Changed | Table::Lock | Table::Queue | Table::Job | Table::Deleted | Table::Lease => 2,
        Table::Message | Table::Body | Table::Property => 3,
        Table::ByUid | Table::Time | Table::Blob | Table::BlobRef => 4,
    }
}

/// The cause goes to the log here, the outcome to the caller.
fn outcome(error: &fjall::Error) -> Error {
    tracing::error!(%error, "fjall");
    match error {
        fjall::Error::Locked => Error::Conflict,
        fjall::Error::InvalidVersion(_) => Error::Invalid("unknown version of the storage engine's files"),
        fjall::Error::Io(_) | fjall::Error::Storage(fjall::LsmError::Io(_)) | fjall::Error::Poisoned => {
            Error::Unavailable
        }
        _ => Error::Corrupt,
    }
}

struct Fjall {
    keyspaces: Arc<[Keyspace]>,
    pending: Vec<fjall::OwnedWriteBatch>,
    database: Database,
}

impl Fjall {
    fn open(path: &Path, cache_bytes: u64, memtable_bytes: u64) -> fjall::Result<Self> {
        let database = Database::builder(path)
            .cache_size(cache_bytes)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .manual_journal_persist(true)
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(memtable_bytes);
        let opened: fjall::Result<Vec<_>> =
            KEYSPACES.iter().map(|name| database.keyspace(name, options)).collect();
        let keyspaces = opened?.into();
        // What a killed process left in the page cache is seen by readers from now on: make it stable first.
        database.persist(PersistMode::SyncAll)?;
        Ok(Self { keyspaces, pending: Vec::new(), database })
    }
}

impl RawEngine for Fjall {
    type View = View;

    fn view(&self) -> View {
        View { snapshot: self.database.snapshot(), keyspaces: Arc::clone(&self.keyspaces) }
    }

    fn apply(&mut self, batches: Vec<Vec<Change>>) -> Result<()> {
        let mut batch = self.database.batch();
        // All of a batch's rows get one sequence number in fjall, so a key may be in it once only.
        for ((table, key), value) in merge(batches) {
            let keyspace = self.keyspaces.get(home(table)).ok_or(Error::Corrupt)?;
            let key = Slice::from(inner_key(table, &key));
            match value {
                Some(value) => batch.insert(keyspace, key, Slice::from(value)),
                None => batch.remove(keyspace, key),
            }
        }
        self.pending.push(batch);
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        // fjall writes its journal, syncs it, and only then shows the rows: nothing unsynced is ever visible.
        self.pending.drain(..).try_for_each(|batch| {
            batch.durability(Some(PersistMode::SyncData)).commit().map_err(|error| outcome(&error))
        })
    }
}

/// The key in its keyspace: the table's number goes before it.
fn inner_key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut inner = Vec::with_capacity(key.len() + 1);
    inner.push(table as u8);
    inner.extend_from_slice(key);
    inner
}

struct View {
    snapshot: Snapshot,
    keyspaces: Arc<[Keyspace]>,
}

impl View {
    fn keyspace(&self, table: Table) -> Result<&Keyspace> {
        self.keyspaces.get(home(table)).ok_or(Error::Corrupt)
    }
}

impl RawView for View {
    const ON_DISK: bool = true;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        if key.len() > KEY_BYTES_MAX {
            return Ok(None);
        }
        let found = self.snapshot.get(self.keyspace(table)?, inner_key(table, key));
        Ok(found.map_err(|error| outcome(&error))?.map(Bytes::from))
    }

    fn scan(&self, table: Table, range: &Range, limit: usize, reverse: bool) -> Result<Rows> {
        if !range.end.is_empty() && range.start >= range.end {
            return Ok(Rows::new());
        }
        let end = if range.end.is_empty() { vec![table as u8 + 1] } else { inner_key(table, &range.end) };
        let bounds = (Bound::Included(inner_key(table, &range.start)), Bound::Excluded(end));
        let found = self.snapshot.range::<Vec<u8>, _>(self.keyspace(table)?, bounds);
        if reverse { collect(found.rev().take(limit)) } else { collect(found.take(limit)) }
    }
}

fn collect(found: impl Iterator<Item = fjall::Guard>) -> Result<Rows> {
    found
        .map(|guard| {
            let (key, value) = guard.into_inner().map_err(|error| outcome(&error))?;
            let key = Bytes::from(key);
            Ok((key.slice(1..), Bytes::from(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests;

//! The embedded engine: fjall 3.1, an LSM tree in pure Rust, exactly pinned.
//!
//! Tables share five keyspaces, by how their rows live, so that memtables are few and each compacts its own
//! kind of work: `state` (small rows, overwritten often, looked up by key), `item` (the covering rows that
//! listings scan), `churn` (rows that are soon removed: their tombstones must not slow the scans of `item`),
//! `bulk` (larger values that are rarely touched), `index` (small, scattered keys).
//!
//! fjall's own get-then-write loses updates; here one thread alone writes, and decides on what it has written.
//!
//! fjall cuts damage in its journal off without a word and trusts its manifests: before it opens anything the
//! journals ([`journal`]) and manifests ([`manifest`]) are looked through here, and afterwards the number of the
//! newest group is compared with the one written down beside them ([`mark`]).

use crate::{
    Engine, Range, Table,
    committer::Committer,
    descriptors, directory,
    limits::{
        JOURNAL_BYTES_MAX, KEY_BYTES_MAX, MEMTABLE_BYTES_MAX, MEMTABLE_BYTES_MIN, REWRITE_BYTES_MAX,
        WORKER_COUNT_MAX, WORKER_COUNT_MIN,
    },
    raw::{Change, Probe, RawEngine, RawView, Rows, merge},
    space::{Space, is_full},
};
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice, Snapshot};
pub use journal::Mended;
use mark::Mark;
pub use mend::{MENDED, MendedTables};
use model::{Error, Result};
use std::{
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
pub(crate) use tables::tell as tell_damage;

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
    Ok(Arc::new(Committer::start(open_raw(path, cache_bytes, memtable_bytes)?)?))
}

/// As [`open_fjall_with`], for whoever puts something between it and the committer.
///
/// # Errors
/// As [`open_fjall`].
pub(crate) fn open_raw(path: &Path, cache_bytes: u64, memtable_bytes: u64) -> Result<impl RawEngine> {
    let sizes = Sizes::within_limits(cache_bytes, memtable_bytes);
    if is_vacant(path) {
        create(path, sizes)?;
    }
    Fjall::open(path, sizes)
}

/// Goes on without what a damaged journal has lost: leaves the damage out and keeps every whole group. Only for an
/// engine that [`open_fjall`] refuses and that cannot be restored; the store above must be checked afterwards.
///
/// # Errors
/// `Unavailable`, `DiskFull`; nothing has changed then, or it can be done again.
pub fn mend_journal(path: &Path) -> Result<Mended> {
    let mended = journal::mend(path)?;
    Mark::forget(path)?;
    Ok(mended)
}

/// Makes an engine whose files are damaged or missing anew from every row of its tables and journals that can still be
/// read; the old directory stays beside the new one. As [`mend_journal`], only for an engine that cannot be restored.
///
/// # Errors
/// `NotFound` when there is none; `Conflict` when another process has it open; `Unavailable`, `DiskFull`; nothing has changed then.
pub fn mend_tables(path: &Path, memtable_bytes: u64) -> Result<MendedTables> {
    mend::mend(path, memtable_bytes)
}

/// Whether there is nothing at all in the directory.
fn is_vacant(path: &Path) -> bool {
    std::fs::read_dir(path).map_or(!path.exists(), |mut entries| entries.next().is_none())
}

/// fjall cannot go on with a database whose making was cut short: it is made beside its place and moved there
/// whole.
fn create(path: &Path, sizes: Sizes) -> Result<()> {
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
    Opened::open(&draft, sizes).map(drop).map_err(|error| outcome(&error))?;
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
        Table::Changed
        | Table::Lock
        | Table::Queue
        | Table::Job
        | Table::Deleted
        | Table::Lease
        | Table::Seen => 2,
        Table::Message | Table::Body | Table::Property | Table::Metadata => 3,
        Table::ByUid | Table::Time | Table::Blob | Table::BlobRef | Table::Search => 4,
        Table::MessageKeys | Table::ByMessageId | Table::Copies => 4,
    }
}

/// The cause goes to the log here, the outcome to the caller.
fn outcome(error: &fjall::Error) -> Error {
    tracing::error!(%error, "fjall");
    match error {
        fjall::Error::Locked => Error::Conflict,
        fjall::Error::Io(cause) | fjall::Error::Storage(fjall::LsmError::Io(cause)) if is_full(cause) => {
            Error::DiskFull
        }
        fjall::Error::InvalidVersion(_) => Error::Invalid("unknown version of the storage engine's files"),
        fjall::Error::Io(_) | fjall::Error::Storage(fjall::LsmError::Io(_)) | fjall::Error::Poisoned => {
            Error::Unavailable
        }
        _ => Error::Corrupt,
    }
}

/// How many of fjall's threads work in the background on a machine of so many CPUs.
fn worker_count(cpus: usize) -> usize {
    cpus.clamp(WORKER_COUNT_MIN, WORKER_COUNT_MAX)
}

/// How much memory it may take.
#[derive(Clone, Copy)]
struct Sizes {
    cache_bytes: u64,
    memtable_bytes: u64,
}

impl Sizes {
    fn within_limits(cache_bytes: u64, memtable_bytes: u64) -> Self {
        Self { cache_bytes, memtable_bytes: memtable_bytes.clamp(MEMTABLE_BYTES_MIN, MEMTABLE_BYTES_MAX) }
    }
}

/// The database between two openings.
struct Opened {
    keyspaces: Arc<[Keyspace]>,
    database: Database,
}

impl Opened {
    fn open(path: &Path, sizes: Sizes) -> fjall::Result<Self> {
        let database = Database::builder(path)
            .cache_size(sizes.cache_bytes)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .manual_journal_persist(true)
            .worker_threads(worker_count(std::thread::available_parallelism().map_or(1, usize::from)))
            .max_cached_files(Some(descriptors::tables(descriptors::limit())))
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(sizes.memtable_bytes);
        let opened: fjall::Result<Vec<_>> =
            KEYSPACES.iter().map(|name| database.keyspace(name, options)).collect();
        let keyspaces = opened?.into();
        // fjall syncs each keyspace's directory and not the one that they lie in; without its names it would take
        // them for new and empty. A journaling file system keeps them with the next sync of anything; POSIX need not.
        directory::sync(&path.join("keyspaces")).map_err(|error| {
            tracing::error!(path = %path.display(), %error, "cannot sync the engine's directory");
            fjall::Error::Io(error)
        })?;
        // What a killed process left in the page cache is seen by readers from now on: make it stable first.
        database.persist(PersistMode::SyncAll)?;
        Ok(Self { keyspaces, database })
    }

    /// The number of the newest group.
    fn group(&self) -> Result<u64> {
        let keyspace = self.keyspaces.first().ok_or(Error::Corrupt)?;
        let found = self.database.snapshot().get(keyspace, GROUP_KEY).map_err(|error| outcome(&error))?;
        found.map_or(Ok(0), |row| journal::group_row(&row).map(|(group, _)| group).ok_or(Error::Corrupt))
    }

    /// Bytes that background work may want to write: memtables that wait, tables that are rewritten.
    fn work_bytes(&self) -> u64 {
        let tables: u64 = self.keyspaces.iter().map(Keyspace::disk_space).sum();
        self.database.write_buffer_size().saturating_add(tables.min(REWRITE_BYTES_MAX))
    }
}

/// Where each group writes its number: behind every table's rows.
const GROUP_KEY: [u8; 2] = [u8::MAX, b'g'];

struct Fjall {
    path: PathBuf,
    sizes: Sizes,
    pending: Option<fjall::OwnedWriteBatch>,
    opened: Option<Opened>,
    mark: Mark,
    /// The newest stable group.
    group: u64,
    /// fjall's numbers from here on are of no stable group.
    next: u64,
    space: Space,
    /// One for each view besides this one.
    views: Arc<()>,
    /// The database once more, for the probe; never held for longer than a question.
    asked: Arc<Mutex<Option<Database>>>,
}

impl Fjall {
    fn open(path: &Path, sizes: Sizes) -> Result<Self> {
        let mark = Mark::open(path)?;
        journal::prepare(path, mark.group(), None)?;
        manifest::verify(path)?;
        let opened = Opened::open(path, sizes).map_err(|error| outcome(&error))?;
        let group = opened.group()?;
        if group < mark.group() {
            tracing::error!(group, acknowledged = mark.group(), "changes that were acknowledged are missing");
            return Err(Error::Invalid("the engine is behind what it acknowledged: restore it"));
        }
        let next = opened.database.seqno();
        let (space, views) = (Space::of(path, "engine"), Arc::new(()));
        let (path, pending) = (path.to_path_buf(), None);
        let asked = Arc::new(Mutex::new(Some(opened.database.clone())));
        Ok(Self { path, sizes, pending, opened: Some(opened), mark, group, next, space, views, asked })
    }

    /// Opens and closes the way for the probe.
    fn let_ask(&self, database: Option<Database>) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = database;
    }

    fn opened(&self) -> Result<&Opened> {
        self.opened.as_ref().ok_or(Error::Unavailable)
    }

    /// What a commit that failed came to. fjall takes nothing any more after any failure.
    fn failed(&self, error: &fjall::Error) -> Error {
        self.space.forget();
        match outcome(error) {
            // A worker failed earlier, and fjall does not say of what.
            Error::Unavailable if matches!(error, fjall::Error::Poisoned) => match self.room(0) {
                Err(full) => full,
                Ok(()) => {
                    // Whoever looks for the cause finds it by name.
                    let _ = manifest::verify(&self.path);
                    tables::tell(&self.path);
                    Error::Unavailable
                }
            },
            other => other,
        }
    }
}

impl RawEngine for Fjall {
    type View = View;

    fn view(&self) -> View {
        let opened = self.opened.as_ref();
        let shown = opened.map(|opened| (opened.database.snapshot(), Arc::clone(&opened.keyspaces)));
        View { shown, _held: Arc::clone(&self.views) }
    }

    fn apply(&mut self, batches: Vec<Vec<Change>>) -> Result<()> {
        let opened = self.opened()?;
        let mut batch = opened.database.batch();
        // All of a batch's rows get one sequence number in fjall, so a key may be in it once only.
        for ((table, key), value) in merge(batches) {
            let keyspace = opened.keyspaces.get(home(table)).ok_or(Error::Corrupt)?;
            let key = Slice::from(inner_key(table, &key));
            match value {
                Some(value) => batch.insert(keyspace, key, Slice::from(value)),
                None => batch.remove(keyspace, key),
            }
        }
        let keyspace = opened.keyspaces.first().ok_or(Error::Corrupt)?;
        let next = opened.database.seqno();
        batch.insert(keyspace, GROUP_KEY, journal::group_value(self.group + 1, next));
        self.pending = Some(batch);
        self.next = next;
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        let Some(batch) = self.pending.take() else { return Ok(()) };
        // fjall writes its journal, syncs it, and only then shows the rows: nothing unsynced is ever visible.
        let done = batch.durability(Some(PersistMode::SyncData)).commit();
        done.map_err(|error| self.failed(&error))?;
        self.group += 1;
        self.mark.write(self.group);
        Ok(())
    }

    fn room(&self, bytes: usize) -> Result<()> {
        let work = self.opened.as_ref().map_or(0, Opened::work_bytes);
        self.space.take(bytes as u64, 1, work)
    }

    fn view_count(&self) -> usize {
        Arc::strong_count(&self.views) - 1
    }

    fn reopen(&mut self) -> Result<()> {
        self.pending = None;
        // Its journal's buffer is written out once more as it closes; what that adds is cut off below.
        self.let_ask(None);
        self.opened = None;
        journal::prepare(&self.path, self.mark.group(), Some(self.next))?;
        manifest::verify(&self.path)?;
        let opened = Opened::open(&self.path, self.sizes).map_err(|error| outcome(&error))?;
        if opened.group()? != self.group {
            return Err(Error::Corrupt);
        }
        self.let_ask(Some(opened.database.clone()));
        self.opened = Some(opened);
        Ok(())
    }

    /// fjall's commit waits for its workers without asking whether they live; whatever else is asked of it tells.
    fn probe(&self) -> Option<Probe> {
        let asked = Arc::clone(&self.asked);
        Some(Box::new(move || {
            let database = asked.lock().unwrap_or_else(PoisonError::into_inner);
            database.as_ref().is_some_and(|database| database.persist(PersistMode::Buffer).is_err())
        }))
    }
}

impl Drop for Fjall {
    /// The watch may live a moment longer, and must not be what keeps the database open.
    fn drop(&mut self) {
        self.let_ask(None);
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
    shown: Option<(Snapshot, Arc<[Keyspace]>)>,
    _held: Arc<()>,
}

impl View {
    fn of(&self, table: Table) -> Result<(&Snapshot, &Keyspace)> {
        let (snapshot, keyspaces) = self.shown.as_ref().ok_or(Error::Unavailable)?;
        Ok((snapshot, keyspaces.get(home(table)).ok_or(Error::Corrupt)?))
    }
}

impl RawView for View {
    const ON_DISK: bool = true;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        if key.len() > KEY_BYTES_MAX {
            return Ok(None);
        }
        let (snapshot, keyspace) = self.of(table)?;
        let found = snapshot.get(keyspace, inner_key(table, key));
        Ok(found.map_err(|error| outcome(&error))?.map(Bytes::from))
    }

    fn scan(&self, table: Table, range: &Range, limit: usize, reverse: bool) -> Result<Rows> {
        if !range.end.is_empty() && range.start >= range.end {
            return Ok(Rows::new());
        }
        let end = if range.end.is_empty() { vec![table as u8 + 1] } else { inner_key(table, &range.end) };
        let bounds = (Bound::Included(inner_key(table, &range.start)), Bound::Excluded(end));
        let (snapshot, keyspace) = self.of(table)?;
        let found = snapshot.range::<Vec<u8>, _>(keyspace, bounds);
        if reverse { collect(found.rev().take(limit)) } else { collect(found.take(limit)) }
    }

    fn reclaim(&self) -> Result<bool> {
        let (_, keyspaces) = self.shown.as_ref().ok_or(Error::Unavailable)?;
        reclaim::reclaim(keyspaces)
    }

    fn let_go(&self) -> Result<()> {
        let (_, keyspaces) = self.shown.as_ref().ok_or(Error::Unavailable)?;
        reclaim::let_go(keyspaces)
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

mod journal;
mod manifest;
mod mark;
mod mend;
mod reclaim;
mod tables;
#[cfg(test)]
mod tests;

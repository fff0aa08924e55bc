//! Loading a backup's rows into an engine: whole into an empty store, or one account to be read from.

use crate::{
    blobs::place,
    chunk::{Chunk, list, table_of},
    limits::LOAD_BATCH_BYTES,
    manifest::{Manifest, id_of},
    repository::Repository,
};
use bytes::Bytes;
use engine::{Batch, BlobStore, Engine, Op, Table};
use model::{AccountId, BlobId, Error, Result, Timestamp};
use std::{collections::HashSet, sync::Arc};
use store::Rebirth;

/// What was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Accounts.
    pub account_count: u64,
    /// Rows.
    pub row_count: u64,
    /// Octets of bodies.
    pub blob_bytes: u64,
    /// Blobs that were damaged when the backup was made, or are in the repository.
    pub missing_count: u64,
}

struct Loader<'a> {
    repository: &'a Repository,
    engine: &'a Arc<dyn Engine>,
    /// Where bodies go; `None` leaves them in the repository.
    blobs: Option<&'a Arc<dyn BlobStore>>,
    batch: Batch,
    bytes: usize,
    /// The last frame that the batch refers to.
    sequence: u64,
    placed: HashSet<BlobId>,
    loaded: Loaded,
}

impl Loader<'_> {
    async fn chunks(&mut self, id: &str, rebirth: &mut Option<Rebirth>) -> Result<()> {
        for id in list(self.repository, &id_of(id)?)? {
            let chunk = Chunk::read(self.repository, &id)?;
            for id in &chunk.needs {
                self.blob(id).await?;
            }
            for (table, key, value) in chunk.rows {
                let table = table_of(table)?;
                let holders = match store::reference_keys(table, &key, &value) {
                    // A row that was damaged when it was backed up: fsck tells of it, as it did then.
                    Err(Error::Corrupt) => Vec::new(),
                    other => other?,
                };
                for holder in holders {
                    self.put(Table::BlobRef, holder, Bytes::new());
                }
                let value = match rebirth {
                    Some(rebirth) => rebirth.row(table, value)?,
                    None => Some(value),
                };
                if let Some(value) = value {
                    self.put(table, key.to_vec(), value);
                    self.loaded.row_count += 1;
                }
                if self.bytes >= LOAD_BATCH_BYTES {
                    self.flush().await?;
                }
            }
        }
        self.flush().await
    }

    async fn blob(&mut self, id: &BlobId) -> Result<()> {
        if !self.placed.insert(*id) {
            return Ok(());
        }
        let Some(blobs) = self.blobs else {
            if self.repository.has(id) {
                self.put(Table::Blob, store::blob_key(id), place().0);
            }
            return Ok(());
        };
        match self.repository.object(id) {
            Ok(bytes) => {
                self.loaded.blob_bytes += bytes.len() as u64;
                self.bytes += bytes.len();
                let frame = blobs.append(bytes).await?;
                self.sequence = self.sequence.max(frame.sequence);
                self.put(Table::Blob, store::blob_key(id), frame.place.0);
            }
            // The item that needs it is damaged, as it was; everything else comes back.
            Err(Error::NotFound | Error::Corrupt) => self.loaded.missing_count += 1,
            Err(error) => return Err(error),
        }
        if self.bytes >= LOAD_BATCH_BYTES { self.flush().await } else { Ok(()) }
    }

    fn put(&mut self, table: Table, key: Vec<u8>, value: Bytes) {
        self.bytes += key.len() + value.len();
        self.batch.ops.push(Op::Put(table, key, value));
    }

    /// Bodies first, then what refers to them.
    async fn flush(&mut self) -> Result<()> {
        if let Some(blobs) = self.blobs
            && self.sequence > 0
        {
            blobs.sync(self.sequence).await?;
        }
        (self.bytes, self.sequence) = (0, 0);
        self.engine.commit(std::mem::take(&mut self.batch)).await.map(drop)
    }
}

fn loader<'a>(
    repository: &'a Repository,
    engine: &'a Arc<dyn Engine>,
    blobs: Option<&'a Arc<dyn BlobStore>>,
) -> Loader<'a> {
    Loader {
        repository,
        engine,
        blobs,
        batch: Batch::default(),
        bytes: 0,
        sequence: 0,
        placed: HashSet::new(),
        loaded: Loaded::default(),
    }
}

/// Restores a whole installation into an empty store, which begins a new life (see the crate's words).
///
/// # Errors
/// `Exists` when the store is not empty; `Invalid` for a backup of a newer build; `Corrupt` when rows of the backup
/// cannot be read; `Unavailable`.
pub async fn load_whole(
    repository: &Repository,
    manifest: &Manifest,
    engine: &Arc<dyn Engine>,
    blobs: &Arc<dyn BlobStore>,
    now: Timestamp,
) -> Result<Loaded> {
    manifest.check()?;
    let snapshot = engine.snapshot().await?;
    for table in [Table::Account, Table::Directory, Table::Queue, Table::BlobRef] {
        if !snapshot.scan(table, &engine::Range::prefix(b""), 1, false).await?.is_empty() {
            return Err(Error::Exists);
        }
    }
    drop(snapshot);
    let mut loader = loader(repository, engine, Some(blobs));
    // Accounts before the directory that lets anyone in and the queue that delivers to them.
    for account in &manifest.accounts {
        loader.chunks(&account.chunks, &mut Some(Rebirth::new(now))).await?;
        loader.loaded.account_count += 1;
    }
    loader.chunks(&manifest.installation, &mut None).await?;
    Ok(loader.loaded)
}

/// Loads rows as they were, bodies left in the repository: every account and the installation's own, or one account.
///
/// # Errors
/// `NotFound` when the account is not in it; as [`load_whole`].
pub async fn scratch(
    repository: &Repository,
    manifest: &Manifest,
    engine: &Arc<dyn Engine>,
    only: Option<AccountId>,
) -> Result<Loaded> {
    manifest.check()?;
    let mut loader = loader(repository, engine, None);
    if let Some(only) = only {
        let entry = manifest.by_number(only).ok_or(Error::NotFound)?;
        loader.chunks(&entry.chunks, &mut None).await?;
        return Ok(loader.loaded);
    }
    for account in &manifest.accounts {
        loader.chunks(&account.chunks, &mut None).await?;
        loader.loaded.account_count += 1;
    }
    loader.chunks(&manifest.installation, &mut None).await?;
    Ok(loader.loaded)
}

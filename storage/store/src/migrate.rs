//! A store from one engine into another: every row, every body.
//!
//! Going from one end of each table to the other, what differs is copied and what is too much is removed, so that a
//! second run goes on where the first was cut off, and mends what it finds. Bodies are read with their checksum and
//! brought to the other blob store, whose own places then stand in [`Table::Blob`]. At the end both sides are read
//! again and compared by hash, table by table and account by account. Until that has held the target carries a mark
//! and is not served.
//!
//! What belongs to an engine and not to the store stays behind: leases, notes for collection, and rows of
//! [`Table::Meta`] but the format.

use crate::{admission, key::Key, limits::SCAN_PAGE_COUNT};
use bytes::Bytes;
use engine::{Batch, BlobStore, Engine, Op, Place, RELEASED, Range, Snapshot, Table};
use model::{AccountId, BlobId, Error, Result};
use std::{collections::BTreeMap, sync::Arc};

/// Stands in [`Table::Meta`] of a target that is not yet whole.
const MARK: &[u8] = b"migrating";

/// Octets of rows that go over in one batch.
const BATCH_BYTES: usize = 4 << 20;
/// How many bodies are on their way at once.
const BODY_COUNT: usize = 32;

/// One side of a migration.
#[derive(Clone)]
pub struct Side {
    /// The rows.
    pub engine: Arc<dyn Engine>,
    /// The bodies.
    pub blobs: Arc<dyn BlobStore>,
}

/// What a copy came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Rows that were looked at.
    pub row_count: u64,
    /// Rows that were brought, changed or removed.
    pub changed_count: u64,
    /// Octets of bodies that were brought.
    pub body_bytes: u64,
}

/// Where two stores differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The table's number.
    pub table: u8,
    /// The account, for tables whose keys begin with one.
    pub account: Option<AccountId>,
}

/// Whether a migration into this store has been begun and not ended.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub async fn is_migrating(engine: &Arc<dyn Engine>) -> Result<bool> {
    Ok(engine.newest().await?.get(Table::Meta, MARK).await?.is_some())
}

/// From one store into another. Nobody may write to either meanwhile.
pub struct Migration {
    from: Side,
    to: Side,
}

type Pairs = Vec<(Bytes, Bytes)>;

impl Migration {
    /// Marks the target.
    ///
    /// # Errors
    /// `Exists` when the target holds a store that no migration has begun; `NotFound` when the source holds none;
    /// `Conflict` when the source itself is the unfinished target of another one.
    pub async fn begin(from: Side, to: Side) -> Result<Self> {
        if is_migrating(&from.engine).await? {
            return Err(Error::Conflict);
        }
        let view = from.engine.newest().await?;
        if view.get(Table::Meta, admission::KEY).await?.is_none() {
            return Err(Error::NotFound);
        }
        if !is_migrating(&to.engine).await? {
            let view = to.engine.newest().await?;
            for table in Table::ALL.iter().filter(|table| is_copied(**table)) {
                if view.get(Table::Meta, admission::KEY).await?.is_some()
                    || !view.scan(*table, &Range::prefix(b""), 1, false).await?.is_empty()
                        && *table != Table::Meta
                {
                    return Err(Error::Exists);
                }
            }
            let mark = Op::Put(Table::Meta, MARK.to_vec(), Bytes::from_static(b"1"));
            let _durable = to.engine.commit(Batch { expect: Vec::new(), ops: vec![mark] }).await?;
        }
        Ok(Self { from, to })
    }

    /// How many rows there are to look at.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn count(&self) -> Result<u64> {
        let mut count = 0;
        for table in Table::ALL.iter().filter(|table| is_copied(**table)) {
            let mut pages = Pages::new(self.from.engine.newest().await?, *table);
            while let Some(page) = pages.next().await? {
                count += page.len() as u64;
            }
        }
        Ok(count)
    }

    /// Makes the target what the source is; `told` hears how many rows were looked at.
    ///
    /// # Errors
    /// `Corrupt` when a body of the source does not match its checksum (told in the log): repair it first.
    /// `Unavailable`. What has gone over stays there, and the next run goes on.
    pub async fn copy(&self, mut told: impl FnMut(u64)) -> Result<Migrated> {
        let mut migrated = Migrated::default();
        for table in Table::ALL.iter().copied().filter(|table| is_copied(*table)) {
            let mut pages = Pages::new(self.from.engine.newest().await?, table);
            let mut from = Vec::new();
            loop {
                let page = pages.next().await?;
                // What lies between two pages of the source is too much in the target, wherever it lies.
                let end =
                    page.as_ref().and_then(|page| page.last()).map_or_else(Vec::new, |(key, _)| next(key));
                let there = self.there(table, Range { start: from, end: end.clone() }).await?;
                let page_rows = page.unwrap_or_default();
                let ops = self.differences(table, &page_rows, there, &mut migrated).await?;
                migrated.changed_count += ops.len() as u64;
                self.apply(ops).await?;
                migrated.row_count += page_rows.len() as u64;
                told(page_rows.len() as u64);
                if page_rows.is_empty() {
                    break;
                }
                from = end;
            }
        }
        Ok(migrated)
    }

    /// What the target has in a range that is one page of the source.
    async fn there(&self, table: Table, range: Range) -> Result<BTreeMap<Bytes, Bytes>> {
        let mut pages = Pages::of(self.to.engine.newest().await?, table, range);
        let mut there = BTreeMap::new();
        while let Some(page) = pages.next().await? {
            there.extend(page);
        }
        Ok(there)
    }

    async fn differences(
        &self,
        table: Table,
        page: &Pairs,
        mut there: BTreeMap<Bytes, Bytes>,
        migrated: &mut Migrated,
    ) -> Result<Vec<Op>> {
        let mut ops = Vec::new();
        if table == Table::Blob {
            for group in page.chunks(BODY_COUNT) {
                ops.extend(self.bring(group, &mut there, migrated).await?);
            }
        } else {
            for (key, value) in page {
                if there.remove(key).as_ref() != Some(value) {
                    ops.push(Op::Put(table, key.to_vec(), value.clone()));
                }
            }
        }
        ops.extend(there.into_keys().map(|key| Op::Delete(table, key.to_vec())));
        Ok(ops)
    }

    /// Brings bodies that the target does not have whole, and syncs them before their places are told.
    async fn bring(
        &self,
        group: &[(Bytes, Bytes)],
        there: &mut BTreeMap<Bytes, Bytes>,
        migrated: &mut Migrated,
    ) -> Result<Vec<Op>> {
        let (mut ops, mut sequence) = (Vec::new(), 0);
        for (key, place) in group {
            let id = blob_id(key)?;
            if let Some(place) = there.remove(key)
                && self.to.blobs.read(&id, &Place(place)).await.is_ok()
            {
                continue;
            }
            let bytes = self.from.blobs.read(&id, &Place(place.clone())).await.inspect_err(|error| {
                tracing::error!(%id, %error, "a body cannot be read");
            })?;
            migrated.body_bytes += bytes.len() as u64;
            let frame = self.to.blobs.append(bytes).await?;
            sequence = sequence.max(frame.sequence);
            ops.push(Op::Put(Table::Blob, key.to_vec(), frame.place.0));
        }
        if !ops.is_empty() {
            self.to.blobs.sync(sequence).await?;
        }
        Ok(ops)
    }

    async fn apply(&self, ops: Vec<Op>) -> Result<()> {
        let (mut batch, mut bytes) = (Batch::default(), 0);
        for op in ops {
            bytes += match &op {
                Op::Put(_, key, value) | Op::PutIfAbsent(_, key, value) => key.len() + value.len(),
                Op::Delete(_, key) => key.len(),
            };
            batch.ops.push(op);
            if bytes >= BATCH_BYTES {
                let _durable = self.to.engine.commit(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
        }
        if !batch.ops.is_empty() {
            let _durable = self.to.engine.commit(batch).await?;
        }
        Ok(())
    }

    /// Reads both sides whole and compares them; every body of the target is read too. Empty when they are the
    /// same. `told` hears how many rows of the source were read.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn compare(&self, mut told: impl FnMut(u64)) -> Result<Vec<Difference>> {
        let mut found = Vec::new();
        for table in Table::ALL.iter().copied().filter(|table| is_copied(*table)) {
            let from = self.digest(&self.from, table, false, &mut told).await?;
            let to = self.digest(&self.to, table, true, &mut |_| {}).await?;
            let accounts: std::collections::BTreeSet<_> = from.keys().chain(to.keys()).copied().collect();
            let differs = accounts.into_iter().filter(|account| from.get(account) != to.get(account));
            found.extend(differs.map(|account| Difference { table: table as u8, account }));
        }
        Ok(found)
    }

    /// A hash of each account's rows, or of the whole table where its keys begin with something else.
    async fn digest(
        &self,
        side: &Side,
        table: Table,
        bodies: bool,
        told: &mut impl FnMut(u64),
    ) -> Result<BTreeMap<Option<AccountId>, blake3::Hash>> {
        let mut hashers: BTreeMap<Option<AccountId>, blake3::Hasher> = BTreeMap::new();
        let mut pages = Pages::new(side.engine.newest().await?, table);
        while let Some(page) = pages.next().await? {
            told(page.len() as u64);
            for (key, value) in page {
                let hasher = hashers.entry(account_of(table, &key)).or_default();
                hasher.update(&(key.len() as u64).to_be_bytes()).update(&key);
                // A place is the engine's own: the same key is the same bytes, once they have been read.
                if table != Table::Blob {
                    hasher.update(&(value.len() as u64).to_be_bytes()).update(&value);
                } else if bodies && side.blobs.read(&blob_id(&key)?, &Place(value)).await.is_err() {
                    hasher.update(b"damaged");
                }
            }
        }
        Ok(hashers.into_iter().map(|(account, hasher)| (account, hasher.finalize())).collect())
    }

    /// Takes the mark off: the target may be served from now on.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn finish(self) -> Result<()> {
        let ops = vec![Op::Delete(Table::Meta, MARK.to_vec())];
        self.to.engine.commit(Batch { expect: Vec::new(), ops }).await.map(drop)
    }
}

/// Leases are about processes, not about what is stored.
fn is_copied(table: Table) -> bool {
    table != Table::Lease
}

/// Whether a row goes over.
fn is_stores(table: Table, key: &[u8]) -> bool {
    match table {
        Table::Meta => key == admission::KEY,
        // A local engine's notes for its collection.
        Table::Job => !key.starts_with(RELEASED),
        _ => true,
    }
}

/// The account whose row it is.
fn account_of(table: Table, key: &[u8]) -> Option<AccountId> {
    let global = matches!(
        table,
        Table::Meta
            | Table::Grant
            | Table::Blob
            | Table::BlobRef
            | Table::Directory
            | Table::Queue
            | Table::Job
    );
    let (number, _) = crate::key::split_number(key)?;
    (!global).then_some(AccountId(number))
}

fn blob_id(key: &[u8]) -> Result<BlobId> {
    let id = BlobId(key.try_into().map_err(|_| Error::Corrupt)?);
    debug_assert_eq!(Key::blob(&id).done(), key);
    Ok(id)
}

/// The first key behind this one.
fn next(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// A range of a table, page by page.
struct Pages {
    view: Arc<dyn Snapshot>,
    table: Table,
    range: Range,
    done: bool,
}

impl Pages {
    fn new(view: Arc<dyn Snapshot>, table: Table) -> Self {
        Self::of(view, table, Range::prefix(b""))
    }

    fn of(view: Arc<dyn Snapshot>, table: Table, range: Range) -> Self {
        Self { view, table, range, done: false }
    }

    /// The next rows that are the store's; `None` at the end.
    async fn next(&mut self) -> Result<Option<Pairs>> {
        while !self.done {
            let mut page = self.view.scan(self.table, &self.range, SCAN_PAGE_COUNT, false).await?;
            self.done = page.len() < SCAN_PAGE_COUNT;
            if let Some((last, _)) = page.last() {
                self.range.start = next(last);
            }
            page.retain(|(key, _)| is_stores(self.table, key));
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;

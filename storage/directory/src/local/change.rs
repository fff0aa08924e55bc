//! One change of the directory: reads see what it has written so far, and it is applied whole or not at all.

use super::{key, record};
use crate::Outcome;
use bytes::Bytes;
use engine::{Batch, Engine, Op, Precondition, Range, Snapshot, Table};
use model::{AccountId, Address, Error, Result, Timestamp};
use record::AccountRecord;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The most pairs read at once.
const SCAN_COUNT: usize = 256;

/// A snapshot for reading.
#[derive(Clone)]
pub(crate) struct View(pub(crate) Arc<dyn Snapshot>);

impl View {
    pub(crate) async fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        self.0.get(Table::Directory, key).await
    }

    pub(crate) async fn account(&self, id: AccountId) -> Result<Option<AccountRecord>> {
        self.get(&key::account(id)).await?.map(|bytes| record::decode(&bytes)).transpose()
    }

    pub(crate) async fn owner(&self, address: &Address) -> Result<Option<AccountId>> {
        self.get(&key::address(address)).await?.map(|bytes| record::decode(&bytes)).transpose()
    }

    /// At most `limit` pairs with this prefix, behind the key `after`.
    pub(crate) async fn list(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>> {
        let mut range = Range::prefix(prefix);
        if let Some(after) = after {
            range.start = [after, &[0]].concat();
        }
        let mut found = Vec::new();
        while found.len() < limit {
            let want = SCAN_COUNT.min(limit - found.len());
            let page = self.0.scan(Table::Directory, &range, want, false).await?;
            let Some((last, _)) = page.last() else { break };
            range.start = [last.as_ref(), &[0]].concat();
            let done = page.len() < want;
            found.extend(page);
            if done {
                break;
            }
        }
        Ok(found)
    }
}

/// A change in the making.
pub(crate) struct Change {
    view: View,
    batch: Batch,
    engine: Arc<dyn Engine>,
    now: Timestamp,
    _turn: OwnedMutexGuard<()>,
}

impl Change {
    pub(crate) async fn begin(
        engine: Arc<dyn Engine>,
        now: Timestamp,
        turn: OwnedMutexGuard<()>,
    ) -> Result<Self> {
        let view = View(engine.newest().await?);
        let mut change = Self { view, batch: Batch::default(), engine, now, _turn: turn };
        let seen = change.view.get(key::GENERATION).await?;
        let generation: u64 = seen.as_deref().map(record::decode).transpose()?.unwrap_or(0);
        change.batch.expect.push(match seen {
            Some(bytes) => Precondition::Equals(Table::Directory, key::GENERATION.to_vec(), bytes),
            None => Precondition::Absent(Table::Directory, key::GENERATION.to_vec()),
        });
        change.put(key::GENERATION.to_vec(), &generation.saturating_add(1))?;
        Ok(change)
    }

    /// The clock at its beginning.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// What was there when it began.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// A value, its own writes seen.
    pub(crate) async fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        for op in self.batch.ops.iter().rev() {
            match op {
                Op::Put(_, at, value) | Op::PutIfAbsent(_, at, value) if at == key => {
                    return Ok(Some(value.clone()));
                }
                Op::Delete(_, at) if at == key => return Ok(None),
                _ => {}
            }
        }
        self.view.get(key).await
    }

    pub(crate) async fn account(&self, id: AccountId) -> Result<AccountRecord> {
        let bytes = self.get(&key::account(id)).await?.ok_or(Error::NotFound)?;
        record::decode(&bytes)
    }

    pub(crate) fn put<T: record::Record>(&mut self, key: Vec<u8>, value: &T) -> Result<()> {
        self.batch.ops.push(Op::Put(Table::Directory, key, record::encode(value)?));
        Ok(())
    }

    pub(crate) fn put_account(&mut self, id: AccountId, record: &AccountRecord) -> Result<()> {
        self.put(key::account(id), record)
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.batch.ops.push(Op::Delete(Table::Directory, key));
    }

    /// Gives an address to an account.
    ///
    /// # Errors
    /// `NotFound` when its domain is not ours, `Exists` when somebody has it.
    pub(crate) async fn claim(&mut self, address: &Address, id: AccountId) -> Result<()> {
        if self.get(&key::domain(address.domain())).await?.is_none() {
            return Err(Error::NotFound);
        }
        if self.get(&key::address(address)).await?.is_some() {
            return Err(Error::Exists);
        }
        self.put(key::address(address), &id)
    }

    /// Waits for stable storage.
    pub(crate) async fn commit<T>(self, value: T) -> Result<Outcome<T>> {
        // Another process may have changed the directory since the snapshot: the caller tries again.
        let done = self.engine.commit(self.batch).await.map_err(|cause| match cause {
            Error::PreconditionFailed => Error::Unavailable,
            other => other,
        })?;
        Ok(Outcome::new(value, done))
    }
}

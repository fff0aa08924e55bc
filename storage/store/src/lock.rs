//! Locks (RFC 4918 6): kept with the account, so that they outlive the process; they lapse by themselves.
//!
//! A lock's record lies under the collection it belongs to, so that removing a collection removes the locks in
//! it. Lapsed locks are never told and are swept when the next lock is written.

use crate::{
    clock::CLOCK_SLACK, key::Key, limits::COLLECTION_DEPTH_MAX, reader::Reader, record, writer::Writer,
};
use engine::Table;
use model::{AccountId, CollectionId, Error, ItemId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most locks in one account.
pub const LOCK_COUNT_MAX: usize = 1_000;

/// A write lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// What the client shows to use it: `urn:uuid:...`.
    pub token: String,
    /// The locked collection, or the one that the locked item lies in.
    pub collection: CollectionId,
    /// The locked item; `None` when the collection itself is locked.
    pub item: Option<ItemId>,
    /// The principal that took it: nobody else may use its token.
    pub principal: AccountId,
    /// Whether others may lock too (RFC 4918 6.2).
    pub shared: bool,
    /// Whether it covers all below (depth infinity).
    pub infinite: bool,
    /// How long it lives after each refresh, in seconds.
    pub timeout_seconds: u64,
    /// When it lapses.
    pub expires: Timestamp,
    /// The href that was locked.
    pub root: String,
    /// The client's `owner` element, as XML that stands alone; empty for none.
    pub owner: String,
}

impl Lock {
    /// Whether it has not lapsed. One that seems to live far longer than its own time was taken before the clock
    /// went back: nobody shall wait for years for it.
    fn is_live(&self, now: Timestamp) -> bool {
        let longest = Duration::from_secs(self.timeout_seconds).saturating_add(CLOCK_SLACK).as_millis();
        let longest = i64::try_from(longest).unwrap_or(i64::MAX);
        self.expires > now && self.expires.0 <= now.0.saturating_add(longest)
    }

    fn key(&self, account: AccountId) -> Vec<u8> {
        let item = self.item.map_or(0, |item| item.0);
        Key::collection(account, self.collection).long(item).bytes(self.token.as_bytes()).done()
    }
}

impl Reader {
    /// Every lock of this account that has not lapsed.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn locks(&self) -> Result<Vec<Lock>> {
        let now = self.store().env().now();
        let mut locks = self.all_locks().await?;
        locks.retain(|lock| lock.is_live(now));
        Ok(locks)
    }

    /// A collection and those it lies in, innermost first: where a lock that covers it may stand.
    ///
    /// # Errors
    /// `NotFound` when it is not there; `Corrupt` when the way up does not end.
    pub async fn ancestors(&self, id: CollectionId) -> Result<Vec<CollectionId>> {
        let mut chain = Vec::new();
        let mut at = id;
        while at != CollectionId::ROOT {
            if chain.len() > COLLECTION_DEPTH_MAX {
                return Err(Error::Corrupt);
            }
            chain.push(at);
            at = self.collection_row(at).await?.ok_or(Error::NotFound)?.parent;
        }
        Ok(chain)
    }

    async fn all_locks(&self) -> Result<Vec<Lock>> {
        let range = Key::account(self.account()).prefix();
        // Twice the limit, so that lapsed ones that were not swept cannot hide a live one.
        let page = self.view().scan(Table::Lock, &range, LOCK_COUNT_MAX.saturating_mul(2), false).await?;
        page.iter().map(|(_, value)| record::decode(value)).collect()
    }
}

impl Writer {
    /// Keeps a lock, new or refreshed, and sweeps those that have lapsed. Whether it may be taken is the
    /// door's to decide, in this turn.
    ///
    /// # Errors
    /// `TooLarge` past [`LOCK_COUNT_MAX`].
    pub async fn put_lock(&mut self, lock: &Lock) -> Result<()> {
        self.touch();
        let now = self.store().env().now();
        let mut live = 0;
        for other in self.all_locks().await? {
            if !other.is_live(now) {
                self.delete_raw(Table::Lock, other.key(self.account()));
            } else if other.token != lock.token {
                live += 1;
            }
        }
        if live >= LOCK_COUNT_MAX {
            return Err(Error::TooLarge(LOCK_COUNT_MAX as u64));
        }
        self.put_raw(Table::Lock, lock.key(self.account()), record::encode(lock)?);
        Ok(())
    }

    /// Takes a lock away.
    pub fn remove_lock(&mut self, lock: &Lock) {
        self.touch();
        self.delete_raw(Table::Lock, lock.key(self.account()));
    }

    /// Takes away the locks of an item that goes or moves (RFC 4918 7.5, 9.6).
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn remove_item_locks(&mut self, collection: CollectionId, item: ItemId) -> Result<()> {
        self.delete_prefix(Table::Lock, &Key::collection(self.account(), collection).long(item.0)).await
    }

    /// Takes away the locks of a collection and of everything directly in it, when it moves.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn remove_collection_locks(&mut self, collection: CollectionId) -> Result<()> {
        self.delete_prefix(Table::Lock, &Key::collection(self.account(), collection)).await
    }
}

#[cfg(test)]
mod tests;

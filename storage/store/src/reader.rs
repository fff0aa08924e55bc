//! [`Reader`]: one durable snapshot of one account, seen by one principal.

use crate::{
    collection::{Collection, after},
    key::Key,
    kind::{ItemKey, Kind},
    record::{self, AccountRow, CollectionRow, Record},
    stores::Store,
    view::View,
};
use engine::Table;
use model::{AccountId, CollectionId, Error, MessageQuota, Modseq, Principal, Quota, Result};
use std::collections::BTreeMap;

/// A snapshot of an account. A [`crate::Writer`] is one too, with its own work visible.
#[derive(Clone)]
pub struct Reader {
    store: Store,
    pub(crate) view: View,
    who: Principal,
    account: AccountId,
    pub(crate) account_row: AccountRow,
    /// Records that a writer has changed, not yet encoded; `None` is a removed one.
    pub(crate) rows: BTreeMap<CollectionId, Option<CollectionRow>>,
}

impl Reader {
    pub(crate) fn new(
        store: Store,
        view: View,
        who: Principal,
        account: AccountId,
        account_row: AccountRow,
    ) -> Self {
        Self { store, view, who, account, account_row, rows: BTreeMap::new() }
    }

    /// The account that is read.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Who reads.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.who
    }

    /// The store it came from.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The account's Modseq: the state of everything in it.
    #[must_use]
    pub fn modseq(&self) -> Modseq {
        self.account_row.modseq
    }

    /// What the account holds and may hold.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.account_row.quota
    }

    /// How many messages the account holds and may hold.
    #[must_use]
    pub fn message_quota(&self) -> MessageQuota {
        self.account_row.messages
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The account's counters.
    #[must_use]
    pub fn account_row(&self) -> &AccountRow {
        &self.account_row
    }

    /// The present record of an open collection.
    ///
    /// # Errors
    /// `NotFound` when it has gone since.
    pub async fn row<K: Kind>(&self, collection: &Collection<K>) -> Result<CollectionRow> {
        self.collection_row(collection.id).await?.ok_or(Error::NotFound)
    }

    pub(crate) async fn collection_row(&self, id: CollectionId) -> Result<Option<CollectionRow>> {
        if let Some(row) = self.rows.get(&id) {
            return Ok(row.clone());
        }
        self.load(Table::Collection, &Key::collection(self.account, id).done()).await
    }

    /// One item's covering row.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn entry<K: Kind>(&self, collection: &Collection<K>, key: &K::Key) -> Result<Option<K::Row>> {
        self.load(Table::Item, &item_key(collection, key)).await
    }

    /// Many items' covering rows, in the order of the keys.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn entries_of<K: Kind>(
        &self,
        collection: &Collection<K>,
        keys: &[K::Key],
    ) -> Result<Vec<Option<K::Row>>> {
        let keys: Vec<_> = keys.iter().map(|key| item_key(collection, key)).collect();
        let values = self.view.get_many(Table::Item, &keys).await?;
        values.into_iter().map(|value| value.as_deref().map(record::decode).transpose()).collect()
    }

    /// At most `limit` items behind `after_key` (from the first when `None`), in order.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn entries<K: Kind>(
        &self,
        collection: &Collection<K>,
        after_key: Option<&K::Key>,
        limit: usize,
    ) -> Result<Vec<(K::Key, K::Row)>> {
        let prefix = Key::collection(collection.account, collection.id);
        let range = match after_key {
            Some(key) => prefix.prefix_from(after(&item_key(collection, key).into())),
            None => prefix.prefix(),
        };
        let page = self.view.scan(Table::Item, &range, limit, false).await?;
        let mut rows = Vec::with_capacity(page.len());
        for (key, value) in page {
            let (_, name) = key.split_at_checked(prefix.len()).ok_or(Error::Corrupt)?;
            rows.push((K::Key::decode(name)?, record::decode(&value)?));
        }
        Ok(rows)
    }

    /// One record of a noun's own table.
    pub(crate) async fn load<T: Record>(&self, table: Table, key: &[u8]) -> Result<Option<T>> {
        self.view.get(table, key).await?.as_deref().map(record::decode).transpose()
    }
}

pub(crate) fn item_key<K: Kind>(collection: &Collection<K>, key: &K::Key) -> Vec<u8> {
    Key::collection(collection.account, collection.id).bytes(&key.encode()).done()
}

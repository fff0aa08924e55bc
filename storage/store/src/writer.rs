//! [`Writer`]: an account's turn and one batch. [`Committed`]: the proof that the batch is on stable storage.

use crate::{
    body::{Body, Content},
    change::Changed,
    collection::{Collection, after},
    deleted::Kept,
    key::{Key, split_number},
    kind::{ItemKey, Kind, Row, Tally},
    limits::SCAN_PAGE_COUNT,
    pin::Pin,
    reader::{Reader, item_key},
    record::{self, AccountRow, CollectionRow},
    search,
    stores::{AccountState, Flying, Store, locked},
};
use bytes::Bytes;
use engine::{Batch, Durable, Op, Precondition, Table, limits::BATCH_BYTES_MAX};
use model::{AccountId, CollectionId, CollectionKind, Error, ItemId, Modseq, Result, Timestamp, UidValidity};
use std::{collections::BTreeSet, ops::Deref, sync::Arc};
use tokio::sync::OwnedMutexGuard;

/// A value whose change is on stable storage. Every positive reply to a change takes one.
#[derive(Clone, Copy, Debug)]
pub struct Committed<T> {
    value: T,
    account: AccountId,
    modseq: Modseq,
    durable: Option<Durable>,
    /// Whether the batch had a change of its own.
    is_change: bool,
}

impl<T> Committed<T> {
    /// For records outside of any account, committed to the engine directly.
    pub(crate) fn by_engine(value: T, durable: Durable) -> Self {
        Committed {
            value,
            account: AccountId::default(),
            modseq: Modseq::default(),
            durable: Some(durable),
            is_change: true,
        }
    }

    /// The account; 0 for records outside of any.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The Modseq of the account after the commit.
    pub fn modseq(&self) -> Modseq {
        self.modseq
    }

    /// Whether anything was changed. A commit without a change waits for what it has read; the Modseq may be another's.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.is_change
    }

    /// The group commit that carried it (see [`Durable::group`]), for tests and measurements; nothing when there was
    /// nothing to commit.
    #[must_use]
    pub fn group(&self) -> Option<u64> {
        self.durable.map(|durable| durable.group)
    }

    /// What the writer came to.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same proof for another value derived from it.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Committed<U> {
        let Self { value, account, modseq, durable, is_change } = self;
        Committed { value: f(value), account, modseq, durable, is_change }
    }
}

impl<T> Deref for Committed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The account's turn: reads see the account as this batch leaves it. Dropped without [`Writer::commit`],
/// nothing has happened.
pub struct Writer {
    reader: Reader,
    state: Option<Arc<AccountState>>,
    turn: Option<OwnedMutexGuard<()>>,
    /// The account's record as it was found, which must still be there when the batch is applied.
    found: Option<Bytes>,
    old_modseq: Modseq,
    /// What the account held before this batch.
    old_used_bytes: u64,
    old_message_count: Option<u64>,
    /// Changes that no reader of this crate looks at, and the order of blob places.
    ops: Vec<Op>,
    /// Octets of keys and values that the batch has so far, its preconditions apart.
    weight: usize,
    expect: Vec<Precondition>,
    /// Keeps new blobs from being collected until the batch has its place in the order.
    pins: Vec<Arc<Pin>>,
    /// The sums of what was removed, once they were asked for.
    pub(crate) kept: Option<Kept>,
    /// An administrator brings something back: it may pass the quota.
    pub(crate) past_quota: bool,
    /// What the search index is to hear of when the batch has landed.
    pub(crate) news: search::News,
    /// Its batch is in the order of commits.
    is_handed_over: bool,
}

impl Deref for Writer {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(state) = &self.state
            && self.turn.is_some()
        {
            if !self.is_handed_over && !self.reader.view.flying.is_empty() {
                state.rely();
            }
            self.reader.store().inner.give_back(self.reader.account(), state);
        }
        drop(self.turn.take());
        if let Some(state) = self.state.take() {
            self.reader.store().inner.release(self.reader.account(), state);
        }
    }
}

impl Writer {
    pub(crate) fn new(
        reader: Reader,
        state: Arc<AccountState>,
        turn: OwnedMutexGuard<()>,
        found: Option<Bytes>,
    ) -> Self {
        let old_modseq = reader.account_row.modseq;
        let old_used_bytes = reader.account_row.quota.used_bytes;
        let old_message_count = reader.account_row.messages.count;
        Self {
            reader,
            state: Some(state),
            turn: Some(turn),
            found,
            old_modseq,
            old_used_bytes,
            old_message_count,
            ops: Vec::new(),
            weight: 0,
            expect: Vec::new(),
            pins: Vec::new(),
            kept: None,
            past_quota: false,
            news: search::News::default(),
            is_handed_over: false,
        }
    }

    pub(crate) fn is_provisioned(&self) -> bool {
        self.found.is_some()
    }

    /// The Modseq of this batch; asking for it makes the batch a change.
    pub fn touch(&mut self) -> Modseq {
        self.reader.account_row.modseq = self.old_modseq.next();
        self.reader.account_row.modseq
    }

    /// The next item of this account.
    pub fn next_item(&mut self) -> ItemId {
        let id = self.reader.account_row.next_item;
        self.reader.account_row.next_item = ItemId(id.0.saturating_add(1));
        id
    }

    pub(crate) fn next_collection(&mut self, now: Timestamp) -> (CollectionId, UidValidity) {
        let row: &mut AccountRow = &mut self.reader.account_row;
        let id = row.next_collection;
        row.next_collection = CollectionId(id.0.saturating_add(1));
        row.collection_count += 1;
        (id, self.next_uid_validity(now))
    }

    /// A UIDVALIDITY that no collection of this account has had.
    pub(crate) fn next_uid_validity(&mut self, now: Timestamp) -> UidValidity {
        let row = &mut self.reader.account_row;
        // RFC 9051 2.3.1.1: seconds make it differ after a restored backup, the counter keeps it growing when
        // the clock does not.
        let seconds = u32::try_from(now.seconds()).unwrap_or(0);
        row.uid_validity = UidValidity(row.uid_validity.0.saturating_add(1).max(seconds));
        row.uid_validity
    }

    /// Sets the account's quota from now on.
    pub fn set_quota(&mut self, limit_bytes: Option<u64>) {
        self.touch();
        self.reader.account_row.quota.limit_bytes = limit_bytes;
    }

    /// Sets how many messages the account may hold from now on; they are counted where they were not yet.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn set_message_limit(&mut self, limit: Option<u64>) -> Result<()> {
        if self.reader.account_row.messages.count.is_none() {
            let mut count = 0;
            for (id, row) in self.all_collections().await? {
                let row = self.reader.rows.get(&id).and_then(Option::as_ref).unwrap_or(&row);
                count += if row.kind == CollectionKind::Mailbox { row.count } else { 0 };
            }
            self.reader.account_row.messages.count = Some(count);
        }
        self.touch();
        self.reader.account_row.messages.limit = limit;
        Ok(())
    }

    /// Every collection's record as it is stored.
    async fn all_collections(&self) -> Result<Vec<(CollectionId, CollectionRow)>> {
        let prefix = Key::account(self.account());
        let mut range = prefix.prefix();
        let mut found = Vec::new();
        loop {
            let page = self.view().scan(Table::Collection, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let number = key.get(prefix.len()..).and_then(split_number);
                let (id, _) = number.ok_or(Error::Corrupt)?;
                found.push((CollectionId(id), record::decode(value)?));
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(found),
            }
        }
    }

    /// The account's own record, as this batch leaves it.
    pub(crate) fn account_row_mut(&mut self) -> &mut AccountRow {
        &mut self.reader.account_row
    }

    pub(crate) fn set_collection_row(&mut self, id: CollectionId, row: CollectionRow) {
        self.reader.rows.insert(id, Some(row));
    }

    pub(crate) fn drop_collection_row(&mut self, id: CollectionId, row: &CollectionRow) {
        self.touch();
        let account = &mut self.reader.account_row;
        account.collection_count = account.collection_count.saturating_sub(1);
        account.quota.used_bytes = account.quota.used_bytes.saturating_sub(row.bytes);
        account.quota.used_count = account.quota.used_count.saturating_sub(row.count);
        if let (CollectionKind::Mailbox, Some(count)) = (row.kind, &mut account.messages.count) {
            *count = count.saturating_sub(row.count);
        }
        self.reader.rows.insert(id, None);
    }

    /// Counts a collection with its items in again.
    pub(crate) fn return_collection_row(&mut self, id: CollectionId, row: CollectionRow) {
        self.touch();
        let account = &mut self.reader.account_row;
        account.collection_count += 1;
        account.quota.used_bytes = account.quota.used_bytes.saturating_add(row.bytes);
        account.quota.used_count = account.quota.used_count.saturating_add(row.count);
        if let (CollectionKind::Mailbox, Some(count)) = (row.kind, &mut account.messages.count) {
            *count = count.saturating_add(row.count);
        }
        self.reader.rows.insert(id, Some(row));
    }

    /// Adds what must hold when the batch is applied.
    pub(crate) fn expect(&mut self, condition: Precondition) {
        self.expect.push(condition);
    }

    /// Sets a record; visible to this writer's reads at once.
    pub(crate) fn put_raw(&mut self, table: Table, key: Vec<u8>, value: Bytes) {
        self.weigh_raw(table, key, Some(value));
    }

    /// Removes a record; visible to this writer's reads at once.
    pub(crate) fn delete_raw(&mut self, table: Table, key: Vec<u8>) {
        self.weigh_raw(table, key, None);
    }

    fn weigh_raw(&mut self, table: Table, key: Vec<u8>, value: Option<Bytes>) {
        let of = |value: &Option<Bytes>| value.as_ref().map_or(0, Bytes::len);
        let (key_bytes, value_bytes) = (key.len(), of(&value));
        let before = self.reader.view.own.insert((table, key), value);
        let taken_off = before.map_or(0, |before| key_bytes + of(&before));
        self.weight = (self.weight + key_bytes + value_bytes).saturating_sub(taken_off);
    }

    /// Refuses what no batch can hold before all of it is in memory: a command may name a million messages.
    fn fits(&self) -> Result<()> {
        if self.weight > BATCH_BYTES_MAX {
            return Err(Error::TooLarge(BATCH_BYTES_MAX as u64));
        }
        Ok(())
    }

    pub(crate) async fn delete_prefix(&mut self, table: Table, prefix: &Key) -> Result<()> {
        let mut range = prefix.prefix();
        loop {
            let page = self.view().scan(table, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, _) in &page {
                self.delete_raw(table, key.to_vec());
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    /// Puts an item, new or changed: row, change slot, counts and quota. Rights are the noun's to check.
    ///
    /// # Errors
    /// `OverQuota` when the account would grow past its quota; `TooLarge` when the batch would be larger than any may
    /// be.
    pub(crate) async fn put<K: Kind>(
        &mut self,
        collection: &Collection<K>,
        key: &K::Key,
        row: K::Row,
    ) -> Result<()> {
        let old = self.entry(collection, key).await?;
        self.replace(collection, key, old, row).await
    }

    /// As [`Writer::put`], where the caller has just read what stands there.
    ///
    /// # Errors
    /// As [`Writer::put`].
    pub(crate) async fn replace<K: Kind>(
        &mut self,
        collection: &Collection<K>,
        key: &K::Key,
        old: Option<K::Row>,
        mut row: K::Row,
    ) -> Result<()> {
        let modseq = self.touch();
        row.stamp(modseq, if old.is_some() { None } else { Some(modseq) });
        if let Some(old) = &old {
            self.delete_raw(Table::Changed, slot_key(collection, old.modseq(), key));
        }
        self.put_raw(Table::Changed, slot_key(collection, modseq, key), Changed::item(row.item()).encode()?);
        self.put_raw(Table::Item, item_key(collection, key), record::encode(&row)?);
        self.count(collection, old.map(|old| old.tally()), Some(row.tally())).await?;
        self.fits()
    }

    /// Removes an item, leaving its tombstone. Its body is the noun's to drop.
    ///
    /// # Errors
    /// `NotFound` when it is not there; `TooLarge` as in [`Writer::put`].
    pub(crate) async fn remove<K: Kind>(
        &mut self,
        collection: &Collection<K>,
        key: &K::Key,
    ) -> Result<K::Row> {
        let modseq = self.touch();
        let old = self.entry(collection, key).await?.ok_or(Error::NotFound)?;
        let tombstone = Changed::item(old.item()).gone(self.store().stamp());
        self.delete_raw(Table::Changed, slot_key(collection, old.modseq(), key));
        self.put_raw(Table::Changed, slot_key(collection, modseq, key), tombstone.encode()?);
        self.delete_raw(Table::Item, item_key(collection, key));
        self.count(collection, Some(old.tally()), None).await?;
        self.fits()?;
        Ok(old)
    }

    async fn count<K: Kind>(
        &mut self,
        collection: &Collection<K>,
        old: Option<Tally>,
        new: Option<Tally>,
    ) -> Result<()> {
        let modseq = self.touch();
        // The record is changed where it lies: a batch may count the items of a whole mailbox.
        if !self.reader.rows.contains_key(&collection.id) {
            let row = self.collection_row(collection.id).await?;
            self.reader.rows.insert(collection.id, row);
        }
        let row = self.reader.rows.get_mut(&collection.id).and_then(Option::as_mut).ok_or(Error::NotFound)?;
        row.modseq = modseq;
        let AccountRow { quota, messages, .. } = &mut self.reader.account_row;
        if let (CollectionKind::Mailbox, Some(count)) = (K::KIND, &mut messages.count) {
            *count = count.saturating_sub(u64::from(old.is_some())) + u64::from(new.is_some());
        }
        if let Some(old) = old {
            row.count = row.count.saturating_sub(1);
            row.bytes = row.bytes.saturating_sub(old.bytes);
            row.unseen = row.unseen.saturating_sub(u64::from(old.unseen));
            row.deleted = row.deleted.saturating_sub(u64::from(old.deleted));
            row.deleted_bytes = row.deleted_bytes.saturating_sub(if old.deleted { old.bytes } else { 0 });
            quota.used_count = quota.used_count.saturating_sub(1);
            quota.used_bytes = quota.used_bytes.saturating_sub(old.bytes);
        }
        if let Some(new) = new {
            row.count += 1;
            row.bytes += new.bytes;
            row.unseen += u64::from(new.unseen);
            row.deleted += u64::from(new.deleted);
            row.deleted_bytes += if new.deleted { new.bytes } else { 0 };
            quota.used_count += 1;
            quota.used_bytes = quota.used_bytes.saturating_add(new.bytes);
            // What leaves no more than there was is always allowed, a move into Trash above all.
            let grows = quota.used_bytes > self.old_used_bytes && !self.past_quota;
            if grows && quota.limit_bytes.is_some_and(|limit| quota.used_bytes > limit) {
                return Err(Error::OverQuota);
            }
            let one_more = messages.count > self.old_message_count && !self.past_quota;
            if K::KIND == CollectionKind::Mailbox && one_more && !messages.has_room(0) {
                return Err(Error::OverQuota);
            }
        }
        Ok(())
    }

    /// Records that an item needs a body's blobs; new blobs get their places, others must still have theirs.
    pub(crate) fn hold_blobs(&mut self, owner: ItemId, body: &Body) {
        let Content::Chunks(chunks) = &body.content else { return };
        self.pins.extend(body.pin.clone());
        for (id, place) in &body.fresh {
            self.ops.push(Op::PutIfAbsent(Table::Blob, Key::blob(id).done(), place.0.clone()));
        }
        let partly = body.fresh.len() < chunks.len();
        let brought: Option<BTreeSet<_>> = partly.then(|| body.fresh.iter().map(|(id, _)| *id).collect());
        for chunk in chunks {
            // What it did not bring must still be there; but a lost list keeps no message from being delivered.
            let is_old =
                body.fresh.is_empty() || brought.as_ref().is_some_and(|ids| !ids.contains(&chunk.id));
            if is_old && !chunk.is_list() {
                self.expect.push(Precondition::Present(Table::Blob, Key::blob(&chunk.id).done()));
            }
            let held = Key::blob_ref(&chunk.id, self.account(), owner).done();
            self.put_raw(Table::BlobRef, held, Bytes::new());
        }
    }

    /// Records that an item no longer needs a body's blobs; the collector sweeps what nobody needs.
    pub(crate) fn release_blobs(&mut self, owner: ItemId, body: &Body) {
        let Content::Chunks(chunks) = &body.content else { return };
        for chunk in chunks {
            let held = Key::blob_ref(&chunk.id, self.account(), owner).done();
            self.delete_raw(Table::BlobRef, held);
        }
    }

    /// As [`Writer::hold_blobs`] for blobs that another item of this account needs until this very batch, so that
    /// nothing can have collected them.
    pub(crate) fn share_blobs(&mut self, owner: ItemId, body: &Body) {
        let Content::Chunks(chunks) = &body.content else { return };
        for chunk in chunks {
            let held = Key::blob_ref(&chunk.id, self.account(), owner).done();
            self.put_raw(Table::BlobRef, held, Bytes::new());
        }
    }

    /// Sets the body of a calendar object, card or file, replacing an earlier one.
    pub(crate) async fn put_body(&mut self, owner: ItemId, body: &Body) -> Result<()> {
        self.release_body(owner).await?;
        self.hold_blobs(owner, body);
        self.put_raw(Table::Body, Key::item(self.account(), owner).done(), record::encode(body)?);
        Ok(())
    }

    pub(crate) async fn release_body(&mut self, owner: ItemId) -> Result<()> {
        let key = Key::item(self.account(), owner).done();
        if let Some(body) = self.load::<Body>(Table::Body, &key).await? {
            self.release_blobs(owner, &body);
            self.delete_raw(Table::Body, key);
        }
        Ok(())
    }

    /// Commits the batch and waits until it is on stable storage. The account's turn passes on as soon as the
    /// batch has its place in the order of commits, so that many writers of one account share a sync.
    ///
    /// # Errors
    /// `Unavailable` when the engine cannot take it, an earlier batch of the account failed, or another process
    /// wrote to the account in between;
    /// `Conflict` when bytes that the batch refers to were collected meanwhile. Nothing has happened then.
    pub async fn commit<T>(mut self, value: T) -> Result<Committed<T>> {
        let account = self.account();
        let Some(state) = self.state.clone() else { return Err(Error::Unavailable) };
        let mut batch = self.batch()?;
        let modseq = self.reader.account_row.modseq;
        let idle = batch.ops.is_empty();
        let built_on_others = !self.reader.view.flying.is_empty();
        if idle && self.reader.view.flying.is_empty() {
            return Ok(Committed { value, account, modseq, durable: None, is_change: false });
        }
        if idle {
            // What this writer has read must have landed, or its reply proves nothing.
            let key = Key::account(account).done();
            batch.expect.push(match self.found.take() {
                Some(found) => Precondition::Equals(Table::Account, key, found),
                None => Precondition::Absent(Table::Account, key),
            });
        }
        let (tell, landed) = tokio::sync::watch::channel(false);
        let overlay = Arc::new(std::mem::take(&mut self.reader.view.own));
        let store: Store = self.store().clone();
        let is_news = !self.news.is_empty();
        self.pins.iter().try_for_each(|pin| store.inner.still_rests(pin))?;
        if let Some(op) = store.inner.yielded(account, &state) {
            batch.ops.push(op);
        }
        let durable = store.inner.engine.commit(batch);
        state.take_off(Flying { overlay, landed });
        self.is_handed_over = true;
        drop(self);
        // The batch goes its way even when this caller is cut off, so its landing is told from a task; only there is
        // the state held, so that it can be forgotten with the landing.
        let told = state;
        let landing = tokio::spawn(async move {
            let outcome = durable.await;
            tell.send_replace(true);
            if outcome.is_ok() && !idle {
                told.changed.send_replace(modseq);
            }
            if outcome.is_ok() && is_news {
                locked(&store.inner.unindexed).insert(account);
            }
            let outcome = outcome.map_err(|error| match error {
                // What it was built on has failed: that is nothing the caller could know or mend.
                Error::PreconditionFailed if built_on_others => Error::Unavailable,
                error => store.collided(error),
            });
            store.inner.release(account, told);
            outcome
        });
        let durable = landing.await.map_err(|_| Error::Unavailable)??;
        Ok(Committed { value, account, modseq, durable: Some(durable), is_change: !idle })
    }

    /// Encodes what was changed. A batch without a change is empty: waiting for it waits for earlier ones.
    fn batch(&mut self) -> Result<Batch> {
        let account = self.account();
        self.write_kept()?;
        let gone = self.news.note(account, self.reader.account_row.next_item, self.store().stamp());
        if let Some((key, value)) = gone {
            self.put_raw(Table::Search, key, value);
        }
        let view = &self.reader.view;
        let untouched = self.reader.account_row.modseq == self.old_modseq;
        if untouched && view.own.is_empty() && self.ops.is_empty() && self.reader.rows.is_empty() {
            return Ok(Batch::default());
        }
        // Whatever was written is a change, also where a noun forgot to say so.
        self.touch();
        for (id, row) in std::mem::take(&mut self.reader.rows) {
            let key = Key::collection(account, id).done();
            let value = row.as_ref().map(record::encode).transpose()?;
            self.reader.view.own.insert((Table::Collection, key), value);
        }
        let key = Key::account(account).done();
        let row = record::encode(&self.reader.account_row)?;
        self.put_raw(Table::Account, key.clone(), row);
        let mut expect = std::mem::take(&mut self.expect);
        expect.push(match self.found.take() {
            Some(found) => Precondition::Equals(Table::Account, key, found),
            None => Precondition::Absent(Table::Account, key),
        });
        let mut ops = std::mem::take(&mut self.ops);
        ops.extend(self.reader.view.own.iter().map(|((table, key), value)| match value {
            Some(value) => Op::Put(*table, key.clone(), value.clone()),
            None => Op::Delete(*table, key.clone()),
        }));
        Ok(Batch { expect, ops })
    }
}

fn slot_key<K: Kind>(collection: &Collection<K>, modseq: Modseq, key: &K::Key) -> Vec<u8> {
    Key::changed(collection.account, collection.id, modseq).bytes(&key.encode()).done()
}

#[cfg(test)]
mod tests;

//! What was removed: kept for a while so that it can be brought back, then purged.
//!
//! A removed item becomes one row of [`Table::Deleted`], under a number of the account that only grows, so that
//! the rows lie in the order of their removal. Its message record or body stays where it is, and with it the
//! references to its blobs: removing costs one small row an item and reads nothing. A version that was
//! overwritten gets a number of its own for its body. A removed collection is one row, whatever it holds: its
//! items stay where they lie, out of sight, until it comes back or is purged page by page.
//!
//! What is kept does not count in the quota. An account with a quota keeps at most as much again: what would pass
//! that is removed at once, and the hourly purge makes room by letting the oldest go. A *hold* on an account
//! forbids every purge and keeps everything, whatever the window and the quota say.
//!
//! *Invariant:* a message record's copies are the mailbox entries and the rows here that have it; an item's body
//! has one owner, live or here; the row of the account is the sum of the others.

use crate::{
    body::Body,
    collection::{Collection, after},
    key::{Key, split_long},
    limits::{PURGE_BATCH_COUNT, SCAN_PAGE_COUNT},
    object::{ObjectFacts, ObjectKind},
    property::Properties,
    reader::Reader,
    record::{self, CollectionRow, MessageRow, ObjectRow},
    stores::Store,
    writer::Writer,
};
use engine::Table;
use format::icalendar::span::Span;
use model::{AccountId, CollectionId, CollectionKind, Error, ItemId, Modseq, Result, Timestamp, Uid};
use serde::{Deserialize, Serialize};

/// A row whose time lies further ahead than this was written by a clock that was wrong.
const AHEAD_MS: i64 = 24 * 60 * 60 * 1000;
/// Removed collections that are not kept stand here, by their number, so that they are found behind what is kept.
pub(crate) const AT_ONCE: u64 = 1 << 63;

/// What an account keeps of what was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Octets of the removed items.
    pub bytes: u64,
    /// Their number, those in removed collections too.
    pub count: u64,
    /// Nothing may be purged.
    pub hold: bool,
    /// The account itself was removed.
    pub removed: Option<RemovedAccount>,
}

/// An account that the directory does not know any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedAccount {
    /// Since when.
    pub at: Timestamp,
    /// Its address then; empty when nobody knew.
    pub address: String,
}

/// Something that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedRow {
    /// When; 0 for what is only to be purged.
    pub at: Timestamp,
    /// What.
    pub what: Deleted,
}

/// What was removed, with what brings it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deleted {
    /// A message out of a mailbox.
    Message(CollectionId, Uid, Box<MessageRow>),
    /// A calendar object, card or file, or an earlier version of one.
    Object(Box<DeletedObject>),
    /// A collection with everything in it.
    Collection(CollectionId, Box<RemovedCollection>),
}

/// A removed object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedObject {
    /// Where it lay.
    pub collection: CollectionId,
    /// What lies there.
    pub kind: CollectionKind,
    /// Its name there.
    pub name: String,
    /// It was overwritten, not removed.
    pub replaced: bool,
    /// Its iCalendar or vCard UID.
    pub uid: Option<String>,
    /// Its times, of a calendar object.
    pub span: Option<Span>,
    /// Its dead properties.
    pub properties: Properties,
    /// Its row; the body is under the number in it.
    pub row: ObjectRow,
}

/// A removed collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedCollection {
    /// Its record; counts what is left of it.
    pub row: CollectionRow,
    /// The account's Modseq that removed it, and whatever went together with it.
    pub modseq: Modseq,
    /// Its purge has begun: there is no way back.
    pub purging: bool,
}

impl Deleted {
    /// Octets and items.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        match self {
            Self::Message(_, _, row) => (row.size, 1),
            Self::Object(object) => (object.row.size, 1),
            Self::Collection(_, removed) => (removed.row.bytes, removed.row.count),
        }
    }
}

/// What a purge came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Items that are gone for good.
    pub count: u64,
    /// Their octets.
    pub bytes: u64,
}

fn kept_key(account: AccountId) -> Vec<u8> {
    Key::account(account).done()
}

pub(crate) fn row_key(account: AccountId, number: ItemId) -> Vec<u8> {
    Key::item(account, number).done()
}

/// The number in a row's key; `None` for the row of the account.
pub(crate) fn number_of(key: &[u8]) -> Option<ItemId> {
    let (_, rest) = key.split_at_checked(size_of::<u32>())?;
    split_long(rest).map(|(number, _)| ItemId(number))
}

impl Reader {
    /// The sums of what was removed, and whether it must stay.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn kept(&self) -> Result<Kept> {
        Ok(self.load(Table::Deleted, &kept_key(self.account())).await?.unwrap_or_default())
    }

    /// At most `limit` removed things behind a number, in the order of their removal.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn deleted(&self, after_number: ItemId, limit: usize) -> Result<Vec<(ItemId, DeletedRow)>> {
        let start = row_key(self.account(), ItemId(after_number.0.saturating_add(1)));
        let range = Key::account(self.account()).prefix_from(start);
        let page = self.view().scan(Table::Deleted, &range, limit, false).await?;
        let read = |(key, value): &(bytes::Bytes, bytes::Bytes)| {
            Ok((number_of(key).ok_or(Error::Corrupt)?, record::decode(value)?))
        };
        page.iter().map(read).collect()
    }

    /// Parent and name of a collection that is there.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn place(&self, id: CollectionId) -> Result<Option<(CollectionId, String)>> {
        Ok(self.collection_row(id).await?.map(|row| (row.parent, row.name)))
    }

    /// One removed thing.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`, `Corrupt`.
    pub async fn deleted_row(&self, number: ItemId) -> Result<DeletedRow> {
        self.load(Table::Deleted, &row_key(self.account(), number)).await?.ok_or(Error::NotFound)
    }
}

impl Writer {
    /// The sums, to be changed.
    pub(crate) async fn kept_mut(&mut self) -> Result<&mut Kept> {
        if self.kept.is_none() {
            self.kept = Some(self.kept().await?);
        }
        self.kept.as_mut().ok_or(Error::Corrupt)
    }

    /// Puts the sums into the batch.
    pub(crate) fn write_kept(&mut self) -> Result<()> {
        if let Some(kept) = self.kept.take() {
            let value = record::encode(&kept)?;
            self.put_raw(Table::Deleted, kept_key(self.account()), value);
        }
        Ok(())
    }

    /// Whether something of that size is kept when it is removed now.
    async fn keeps(&mut self, bytes: u64) -> Result<bool> {
        let limit = self.account_row().quota.limit_bytes;
        let window = self.store().inner.options.undelete_ms > 0;
        let kept = match &self.kept {
            Some(kept) => kept.clone(),
            None => self.kept().await?,
        };
        let room = limit.is_none_or(|limit| kept.bytes.saturating_add(bytes) <= limit);
        Ok(kept.hold || window && room)
    }

    async fn bury(&mut self, row: DeletedRow) -> Result<()> {
        let number = self.next_item();
        self.bury_under(number, row).await
    }

    async fn bury_under(&mut self, number: ItemId, row: DeletedRow) -> Result<()> {
        let (bytes, count) = row.what.size();
        let value = record::encode(&row)?;
        self.put_raw(Table::Deleted, row_key(self.account(), number), value);
        let kept = self.kept_mut().await?;
        kept.bytes = kept.bytes.saturating_add(bytes);
        kept.count = kept.count.saturating_add(count);
        Ok(())
    }

    /// Takes a row out, and out of the sums.
    pub(crate) async fn unearth(&mut self, number: ItemId, row: &DeletedRow) -> Result<()> {
        let (bytes, count) = row.what.size();
        self.delete_raw(Table::Deleted, row_key(self.account(), number));
        let kept = self.kept_mut().await?;
        kept.bytes = kept.bytes.saturating_sub(bytes);
        kept.count = kept.count.saturating_sub(count);
        Ok(())
    }

    /// Keeps a message whose entry has been removed, or lets go of it.
    pub(crate) async fn bury_message(
        &mut self,
        mailbox: CollectionId,
        uid: Uid,
        row: MessageRow,
    ) -> Result<()> {
        if !self.keeps(row.size).await? {
            return self.release_message(row.message).await;
        }
        let at = self.store().stamp();
        self.bury(DeletedRow { at, what: Deleted::Message(mailbox, uid, Box::new(row)) }).await
    }

    /// Keeps an object whose entry has been removed, its indexes not yet, or lets go of it.
    pub(crate) async fn bury_object<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        row: ObjectRow,
    ) -> Result<()> {
        if !self.keeps(row.size).await? {
            return self.release_body(row.item).await;
        }
        let properties = if row.has_properties {
            self.item_properties(collection, &[row.item]).await?.pop().unwrap_or_default()
        } else {
            Properties::new()
        };
        self.bury_as(collection, name, row.item, DeletedParts { row, replaced: false, properties }).await
    }

    /// Keeps the version of an object that is about to be overwritten, under a number of its own.
    pub(crate) async fn bury_version<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        old: ObjectRow,
    ) -> Result<()> {
        let body: Option<Body> = self.load(Table::Body, &Key::item(self.account(), old.item).done()).await?;
        let (true, Some(body)) = (self.keeps(old.size).await?, body) else { return Ok(()) };
        let holder = self.next_item();
        self.share_blobs(holder, &body);
        self.put_raw(Table::Body, Key::item(self.account(), holder).done(), record::encode(&body)?);
        let row = ObjectRow { item: holder, has_properties: false, ..old.clone() };
        let parts = DeletedParts { row, replaced: true, properties: Properties::new() };
        self.bury_as(collection, name, old.item, parts).await
    }

    async fn bury_as<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        item: ItemId,
        parts: DeletedParts,
    ) -> Result<()> {
        let ObjectFacts { uid, span } = self.object_facts(collection, name, item).await?;
        let DeletedParts { row, replaced, properties } = parts;
        let object = DeletedObject {
            collection: collection.id(),
            kind: K::KIND,
            name: name.to_owned(),
            replaced,
            uid,
            span,
            properties,
            row,
        };
        let at = self.store().stamp();
        self.bury(DeletedRow { at, what: Deleted::Object(Box::new(object)) }).await
    }

    /// Keeps a collection whose record has been removed; its items stay where they are.
    pub(crate) async fn bury_collection(&mut self, id: CollectionId, row: CollectionRow) -> Result<()> {
        let (number, at) = if self.keeps(row.bytes).await? {
            (self.next_item(), self.store().stamp())
        } else {
            (ItemId(AT_ONCE | u64::from(id.0)), Timestamp::default())
        };
        let removed = RemovedCollection { row, modseq: self.touch(), purging: false };
        self.bury_under(number, DeletedRow { at, what: Deleted::Collection(id, Box::new(removed)) }).await
    }

    /// Forbids or allows purging.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn set_hold(&mut self, hold: bool) -> Result<()> {
        self.touch();
        self.kept_mut().await?.hold = hold;
        Ok(())
    }

    /// Says that the account itself was removed, or came back.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn set_removed(&mut self, removed: Option<RemovedAccount>) -> Result<()> {
        self.touch();
        self.kept_mut().await?.removed = removed;
        Ok(())
    }
}

struct DeletedParts {
    row: ObjectRow,
    replaced: bool,
    properties: Properties,
}

/// What a page of a purge came to.
struct Step {
    purged: Purged,
    /// Where to go on; `None` at the end.
    next: Option<ItemId>,
}

/// What a page of the purge of a removed collection came to.
struct CollectionPage {
    /// Nothing is left.
    done: bool,
    left: RemovedCollection,
    /// Rows that went.
    row_count: usize,
}

impl Store {
    /// Purges what an account removed before a time, and the oldest beyond what its quota lets it keep. One commit
    /// for each page; may be left at any point. Nothing happens while the account is on hold.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn purge_deleted(&self, account: AccountId, before: Timestamp) -> Result<Purged> {
        let at_once = self.purge_from(ItemId(AT_ONCE - 1), account, Timestamp(i64::MAX)).await?;
        let aged = self.purge_from(ItemId(0), account, before).await?;
        self.remind_of_gone(account).await?;
        Ok(Purged { count: at_once.count + aged.count, bytes: at_once.bytes + aged.bytes })
    }

    async fn purge_from(&self, mut from: ItemId, account: AccountId, before: Timestamp) -> Result<Purged> {
        let mut purged = Purged::default();
        // Room is made in one go, so that it is not made again at once.
        let mut keep_bytes = u64::MAX;
        loop {
            let mut writer = self.begin_as_owner(account).await?;
            let kept = writer.kept().await?;
            if kept.hold {
                return Ok(purged);
            }
            if let Some(limit) = writer.account_row().quota.limit_bytes
                && kept.bytes > limit / 4 * 3
            {
                keep_bytes = keep_bytes.min(limit / 2);
            }
            let step = writer.purge_deleted_page(from, before, keep_bytes).await?;
            let _committed = writer.commit(()).await?;
            purged.count += step.purged.count;
            purged.bytes += step.purged.bytes;
            match step.next {
                Some(next) => from = next,
                None => return Ok(purged),
            }
        }
    }

    /// Accounts that were removed and still hold something, in order of their numbers.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn removed_accounts(&self) -> Result<Vec<(AccountId, Kept)>> {
        let (mut found, mut accounts) = (Vec::new(), self.all_accounts());
        loop {
            let page = accounts.next_page().await?;
            if page.is_empty() {
                return Ok(found);
            }
            let keys: Vec<_> = page.iter().map(|account| kept_key(*account)).collect();
            let values = self.inner.engine.snapshot().await?.get_many(Table::Deleted, &keys).await?;
            for (account, value) in page.iter().zip(values) {
                let kept: Option<Kept> = value.as_deref().map(record::decode).transpose()?;
                found.extend(kept.filter(|kept| kept.removed.is_some()).map(|kept| (*account, kept)));
            }
        }
    }
}

impl Writer {
    async fn purge_deleted_page(&mut self, from: ItemId, before: Timestamp, keep_bytes: u64) -> Result<Step> {
        let now = self.store().stamp();
        let page = self.deleted(from, PURGE_BATCH_COUNT).await?;
        let full = page.len() == PURGE_BATCH_COUNT;
        let (mut purged, mut last) = (Purged::default(), from);
        // Rows that go: one of a removed collection may stand for a page of them.
        let mut spent = 0;
        for (number, row) in page {
            if spent >= PURGE_BATCH_COUNT {
                return Ok(Step { purged, next: Some(last) });
            }
            last = number;
            spent += 1;
            if row.at.0 > now.0.saturating_add(AHEAD_MS) {
                // A clock was wrong: its time begins now, or it would stay for years.
                let value = record::encode(&DeletedRow { at: now, ..row })?;
                self.put_raw(Table::Deleted, row_key(self.account(), number), value);
                continue;
            }
            let over = self.kept_mut().await?.bytes > keep_bytes;
            if row.at >= before && !over {
                // The rows are in the order of their removal. (A clock that went back delays a few.)
                return Ok(Step { purged, next: None });
            }
            let (bytes, count) = row.what.size();
            match &row.what {
                Deleted::Message(_, _, message) => self.release_message(message.message).await?,
                Deleted::Object(object) => self.release_body(object.row.item).await?,
                Deleted::Collection(id, removed) => {
                    let CollectionPage { done, left, row_count } =
                        self.purge_collection_page(*id, removed).await?;
                    spent += row_count;
                    purged.bytes += bytes.saturating_sub(left.row.bytes);
                    purged.count += count.saturating_sub(left.row.count);
                    self.unearth(number, &row).await?;
                    if !done {
                        let what = Deleted::Collection(*id, Box::new(left));
                        self.bury_under(number, DeletedRow { at: row.at, what }).await?;
                        return Ok(Step { purged, next: Some(ItemId(number.0.saturating_sub(1))) });
                    }
                    continue;
                }
            }
            self.unearth(number, &row).await?;
            purged.bytes += bytes;
            purged.count += count;
        }
        Ok(Step { purged, next: full.then_some(last) })
    }

    /// Lets go of a page of a removed collection.
    async fn purge_collection_page(
        &mut self,
        id: CollectionId,
        removed: &RemovedCollection,
    ) -> Result<CollectionPage> {
        let mut left = RemovedCollection { purging: true, ..removed.clone() };
        let prefix = Key::collection(self.account(), id);
        let items = self.view().scan(Table::Item, &prefix.prefix(), PURGE_BATCH_COUNT, false).await?;
        for (key, value) in &items {
            let bytes = if left.row.kind == CollectionKind::Mailbox {
                let row: MessageRow = record::decode(value)?;
                self.release_message(row.message).await?;
                row.size
            } else {
                let row: ObjectRow = record::decode(value)?;
                self.release_body(row.item).await?;
                row.size
            };
            left.row.bytes = left.row.bytes.saturating_sub(bytes);
            left.row.count = left.row.count.saturating_sub(1);
            self.delete_raw(Table::Item, key.to_vec());
        }
        let mut row_count = items.len();
        if row_count == PURGE_BATCH_COUNT {
            return Ok(CollectionPage { done: false, left, row_count });
        }
        let tables = [
            Table::Changed,
            Table::ByUid,
            Table::Time,
            Table::Property,
            Table::Lock,
            Table::Metadata,
            Table::Seen,
        ];
        for table in tables {
            let page = self.view().scan(table, &prefix.prefix(), SCAN_PAGE_COUNT, false).await?;
            for (key, _) in &page {
                self.delete_raw(table, key.to_vec());
            }
            row_count += page.len();
            if page.len() == SCAN_PAGE_COUNT {
                return Ok(CollectionPage { done: false, left, row_count });
            }
        }
        Ok(CollectionPage { done: true, left, row_count })
    }

    /// Every removed collection, by number.
    pub(crate) async fn removed_collections(
        &self,
    ) -> Result<Vec<(ItemId, Timestamp, CollectionId, RemovedCollection)>> {
        let mut found = Vec::new();
        let mut range = Key::account(self.account()).prefix_from(row_key(self.account(), ItemId(0)));
        loop {
            let page = self.view().scan(Table::Deleted, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let row: DeletedRow = record::decode(value)?;
                if let Deleted::Collection(id, removed) = row.what {
                    found.push((number_of(key).ok_or(Error::Corrupt)?, row.at, id, *removed));
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(found),
            }
        }
    }
}

#[cfg(test)]
mod tests;

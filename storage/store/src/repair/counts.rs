//! Counts: what collections, the account and message records count is what is there.
//!
//! Counted on one snapshot and set right by the difference, in turns of their own: who comes and goes meanwhile
//! counts himself, so that the difference stays right.

use super::{Repair, items::Covering};
use crate::{
    collection::after,
    copies::{Copies, copies_key},
    deleted::{Deleted, DeletedRow, Kept, number_of},
    fsck::page,
    key::{Key, split_number},
    limits::REPAIR_PAGE_COUNT,
    message::MessageRecord,
    record::{self, AccountRow, CollectionRow},
    writer::Writer,
};
use engine::{Snapshot, Table};
use model::{CollectionId, CollectionKind, ItemId, Result};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// What a collection counts, with a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    count: i128,
    bytes: i128,
    unseen: i128,
    deleted: i128,
    deleted_bytes: i128,
}

impl Sums {
    fn of(row: &CollectionRow) -> Self {
        Self {
            count: row.count.into(),
            bytes: row.bytes.into(),
            unseen: row.unseen.into(),
            deleted: row.deleted.into(),
            deleted_bytes: row.deleted_bytes.into(),
        }
    }

    fn add(&mut self, item: &Covering) {
        let tally = item.tally();
        self.count += 1;
        self.bytes += i128::from(tally.bytes);
        self.unseen += i128::from(tally.unseen);
        self.deleted += i128::from(tally.deleted);
        self.deleted_bytes += if tally.deleted { i128::from(tally.bytes) } else { 0 };
    }

    fn less(self, other: Self) -> Self {
        Self {
            count: self.count - other.count,
            bytes: self.bytes - other.bytes,
            unseen: self.unseen - other.unseen,
            deleted: self.deleted - other.deleted,
            deleted_bytes: self.deleted_bytes - other.deleted_bytes,
        }
    }

    fn set(self, row: &mut CollectionRow) {
        row.count = shifted(row.count, self.count);
        row.bytes = shifted(row.bytes, self.bytes);
        row.unseen = shifted(row.unseen, self.unseen);
        row.deleted = shifted(row.deleted, self.deleted);
        row.deleted_bytes = shifted(row.deleted_bytes, self.deleted_bytes);
    }
}

pub(super) fn shifted(number: u64, by: i128) -> u64 {
    u64::try_from((i128::from(number) + by).max(0)).unwrap_or(u64::MAX)
}

/// What the account holds, what was removed left out.
#[derive(Clone, Copy, Debug, Default)]
struct Live {
    bytes: i128,
    items: i128,
    messages: i128,
}

/// What is there, as one snapshot shows it.
struct Count {
    snapshot: Arc<dyn Snapshot>,
    collections: BTreeMap<CollectionId, Sums>,
    copies: HashMap<ItemId, u32>,
    objects: HashSet<ItemId>,
}

impl Repair {
    pub(super) async fn counts(&mut self) -> Result<()> {
        let snapshot = self.store.inner.engine.snapshot().await?;
        let mut count =
            Count { snapshot, collections: BTreeMap::new(), copies: HashMap::new(), objects: HashSet::new() };
        let mut differences = BTreeMap::new();
        let mut live_sums = Live::default();
        let removed = self.count_removed(&mut count).await?;
        for (id, row, live) in self.count_collections(&mut count, removed).await? {
            let counted = count.collections.get(&id).copied().unwrap_or_default();
            if live {
                live_sums.bytes += counted.bytes;
                live_sums.items += counted.count;
                live_sums.messages += if row.kind == CollectionKind::Mailbox { counted.count } else { 0 };
            }
            let difference = counted.less(Sums::of(&row));
            if difference != Sums::default() {
                differences.insert(id, difference);
            }
        }
        self.settle_sums(&count, &differences, live_sums).await?;
        self.settle_copies(&count).await
    }

    /// What is kept of what was removed; returns the removed collections.
    async fn count_removed(&self, count: &mut Count) -> Result<Vec<(CollectionId, CollectionRow, bool)>> {
        let mut rows = Vec::new();
        let mut range = self.prefix().prefix();
        let (mut stored, mut bytes, mut items) = (Kept::default(), 0_i128, 0_i128);
        loop {
            let page = page(&count.snapshot, Table::Deleted, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for (key, value) in page {
                if number_of(&key).is_none() {
                    stored = record::decode(&value).unwrap_or_default();
                    continue;
                }
                let Ok(row) = record::decode::<DeletedRow>(&value) else { continue };
                let (row_bytes, row_items) = row.what.size();
                (bytes, items) = (bytes + i128::from(row_bytes), items + i128::from(row_items));
                match row.what {
                    Deleted::Message(_, _, row) => *count.copies.entry(row.message).or_default() += 1,
                    Deleted::Object(object) => drop(count.objects.insert(object.row.item)),
                    Deleted::Collection(id, removed) => rows.push((id, removed.row, false)),
                }
            }
        }
        self.settle_kept(bytes - i128::from(stored.bytes), items - i128::from(stored.count)).await?;
        Ok(rows)
    }

    /// The collections that are there, and those that were removed.
    async fn count_collections(
        &self,
        count: &mut Count,
        removed: Vec<(CollectionId, CollectionRow, bool)>,
    ) -> Result<Vec<(CollectionId, CollectionRow, bool)>> {
        let prefix = self.prefix();
        let mut rows = removed;
        let mut range = prefix.prefix();
        loop {
            let page = page(&count.snapshot, Table::Collection, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for (key, value) in page {
                let id = key.get(prefix.len()..).and_then(split_number);
                if let (Some((id, [])), Ok(row)) = (id, record::decode::<CollectionRow>(&value)) {
                    rows.push((CollectionId(id), row, true));
                }
            }
        }
        for (id, row, _) in &rows {
            let mut range = Key::collection(self.account, *id).prefix();
            loop {
                let page = page(&count.snapshot, Table::Item, &mut range).await?;
                if page.is_empty() {
                    break;
                }
                let sums = count.collections.entry(*id).or_default();
                for (_, value) in page {
                    let Ok(item) = Covering::decode(row.kind, &value) else { continue };
                    sums.add(&item);
                    if row.kind == CollectionKind::Mailbox {
                        *count.copies.entry(item.item()).or_default() += 1;
                    } else {
                        count.objects.insert(item.item());
                    }
                }
            }
        }
        Ok(rows)
    }

    async fn settle_sums(
        &self,
        count: &Count,
        differences: &BTreeMap<CollectionId, Sums>,
        live: Live,
    ) -> Result<()> {
        let key = Key::account(self.account).done();
        let stored = count.snapshot.get(Table::Account, &key).await?;
        let Some(stored) = stored.and_then(|value| record::decode::<AccountRow>(&value).ok()) else {
            return Ok(());
        };
        let counted = self.collection_count(count).await?;
        let by_bytes = live.bytes - i128::from(stored.quota.used_bytes);
        let by_items = live.items - i128::from(stored.quota.used_count);
        let by_collections = counted - i128::from(stored.collection_count);
        let by_messages = stored.messages.count.map_or(0, |count| live.messages - i128::from(count));
        if differences.is_empty() && (by_bytes, by_items, by_collections, by_messages) == (0, 0, 0, 0) {
            return Ok(());
        }
        let mut writer = self.turn().await?;
        for (id, difference) in differences {
            if let Some(mut row) = self.row_of(&writer, *id).await? {
                difference.set(&mut row);
                self.set_row(&mut writer, *id, row).await?;
            }
        }
        writer.touch();
        let row = writer.account_row_mut();
        row.quota.used_bytes = shifted(row.quota.used_bytes, by_bytes);
        row.quota.used_count = shifted(row.quota.used_count, by_items);
        row.collection_count = shifted(row.collection_count, by_collections);
        row.messages.count = row.messages.count.map(|count| shifted(count, by_messages));
        writer.commit(()).await.map(drop)
    }

    async fn collection_count(&self, count: &Count) -> Result<i128> {
        let mut range = self.prefix().prefix();
        let mut counted = 0;
        loop {
            let page = page(&count.snapshot, Table::Collection, &mut range).await?;
            if page.is_empty() {
                return Ok(counted);
            }
            let sound = |value: &bytes::Bytes| record::decode::<CollectionRow>(value).is_ok();
            counted += page.iter().filter(|(_, value)| sound(value)).count() as i128;
        }
    }

    /// Copies of messages; octets that no item has are put where they are found.
    async fn settle_copies(&mut self, count: &Count) -> Result<()> {
        let beside = self.copies_beside(count).await?;
        let mut wrong: Vec<(ItemId, i128)> = Vec::new();
        let mut range = self.prefix().prefix();
        loop {
            let page = page(&count.snapshot, Table::Message, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for (key, value) in page {
                let message = record::decode::<MessageRecord>(&value).ok();
                let (Some(item), Some(message)) = (super::damaged::item_of(&key), message) else { continue };
                let counted = count.copies.get(&item).copied().unwrap_or(0);
                let beside = beside.get(&item).copied().unwrap_or(0);
                let by = i128::from(counted) - i128::from(message.copies) - i128::from(beside);
                match counted {
                    0 => self.recover_message(item, by).await?,
                    _ if by != 0 => wrong.push((item, by)),
                    _ => {}
                }
            }
        }
        for page in wrong.chunks(REPAIR_PAGE_COUNT) {
            let mut writer = self.turn().await?;
            for (item, by) in page {
                let key = Key::item(self.account, *item).done();
                let Some(value) = writer.view().get(Table::Message, &key).await? else { continue };
                let Ok(mut message) = record::decode::<MessageRecord>(&value) else { continue };
                self.set_copies(&mut writer, *item, &mut message, *by).await?;
            }
            let _committed = writer.commit(()).await?;
        }
        self.recover_objects(count).await
    }

    /// Copies that message records do not count; rows that cannot be read, or that belong to no record, go.
    async fn copies_beside(&mut self, count: &Count) -> Result<HashMap<ItemId, u32>> {
        let (mut found, mut strays) = (HashMap::new(), Vec::new());
        let mut range = self.prefix().prefix();
        loop {
            let rows = page(&count.snapshot, Table::Copies, &mut range).await?;
            if rows.is_empty() {
                break;
            }
            let keys: Vec<_> = rows.iter().map(|(key, _)| key.to_vec()).collect();
            let records = count.snapshot.get_many(Table::Message, &keys).await?;
            for ((key, value), message) in rows.into_iter().zip(records) {
                match (super::damaged::item_of(&key), record::decode::<Copies>(&value)) {
                    (Some(item), Ok(Copies(copies))) if message.is_some() => {
                        found.insert(item, copies);
                    }
                    _ => strays.push((key, value)),
                }
            }
        }
        for page in strays.chunks(REPAIR_PAGE_COUNT) {
            let mut writer = self.turn().await?;
            for (key, value) in page {
                let is_same = writer.view().get(Table::Copies, key).await?.as_ref() == Some(value);
                let is_stray = record::decode::<Copies>(value).is_err()
                    || writer.view().get(Table::Message, key).await?.is_none();
                if is_same && is_stray {
                    self.discard(&mut writer, Table::Copies, key);
                }
            }
            let _committed = writer.commit(()).await?;
        }
        Ok(found)
    }

    /// Counts so many more copies, all of them in the record itself.
    pub(super) async fn set_copies(
        &self,
        writer: &mut Writer,
        item: ItemId,
        message: &mut MessageRecord,
        by: i128,
    ) -> Result<()> {
        let beside = writer.copies_beside(item).await.ok().flatten().unwrap_or_default();
        let copies = shifted(u64::from(message.copies) + u64::from(beside.0), by);
        message.copies = u32::try_from(copies.max(1)).unwrap_or(u32::MAX);
        writer.delete_raw(Table::Copies, copies_key(self.account, item));
        writer.put_raw(Table::Message, Key::item(self.account, item).done(), record::encode(message)?);
        Ok(())
    }

    /// Bodies that no object has.
    async fn recover_objects(&mut self, count: &Count) -> Result<()> {
        let mut range = self.prefix().prefix();
        loop {
            let bodies = count.snapshot.scan(Table::Body, &range, REPAIR_PAGE_COUNT, false).await?;
            for (key, _) in &bodies {
                let Some(item) = super::damaged::item_of(key) else { continue };
                if !count.objects.contains(&item) {
                    self.recover_object(item).await?;
                }
            }
            match bodies.last() {
                Some((last, _)) if bodies.len() == REPAIR_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }
}

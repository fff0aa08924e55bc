//! Items against the counts, the change log and the records of their collections.

use super::{Check, Fault};
use crate::{
    change::Changed,
    collection::after,
    key::{Key, split_long, split_number},
    kind::{AddressBook, Calendar, Folder, ItemKey, Kind, Mailbox, Row},
    lock::Lock,
    property::Properties,
    record::{AccountRow, CollectionRow, MessageRow, ObjectRow},
};
use engine::Table;
use model::{CollectionId, CollectionKind, ItemId, Modseq, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Items of a collection: by the octets of their key, the record and last change.
pub(super) type Items = BTreeMap<Vec<u8>, (ItemId, Modseq)>;

impl Check {
    pub(super) async fn check_collection(&mut self, id: CollectionId, account: &AccountRow) -> Result<()> {
        let live = self.collections.get(&id).cloned();
        let removed = self.removed.get(&id).cloned();
        let is_live = live.is_some();
        let Some((row, purging)) = live.map(|row| (row, false)).or(removed) else { return Ok(()) };
        let mut counted =
            CollectionRow { count: 0, bytes: 0, unseen: 0, deleted: 0, deleted_bytes: 0, ..row.clone() };
        let items = match row.kind {
            CollectionKind::Mailbox => self.messages_of(id, &mut counted).await?,
            CollectionKind::Calendar => self.objects_of::<Calendar>(id, &mut counted).await?,
            CollectionKind::AddressBook => self.objects_of::<AddressBook>(id, &mut counted).await?,
            CollectionKind::Folder => self.objects_of::<Folder>(id, &mut counted).await?,
        };
        if is_live {
            self.used.0 = self.used.0.saturating_add(counted.bytes);
            self.used.1 = self.used.1.saturating_add(counted.count);
            let is_mailbox = row.kind == CollectionKind::Mailbox;
            self.message_count += if is_mailbox { counted.count } else { 0 };
        }
        if purging {
            // It goes page by page, its indexes last: only what its items hold must be right.
            if (counted.bytes, counted.count) != (row.bytes, row.count) {
                self.find(Fault::Counts(id));
            }
            return Ok(());
        }
        if counted != row {
            self.find(Fault::Counts(id));
        }
        for (item, modseq) in items.values() {
            if *modseq > row.modseq {
                self.find(Fault::ModseqAhead(id, *modseq));
            }
            if *item >= account.next_item {
                self.find(Fault::NumberAhead(id));
            }
        }
        self.check_uids(id, row.kind, &items).await?;
        if row.kind == CollectionKind::Calendar {
            self.check_times(id, &items).await?;
        }
        self.check_slots(id, &row, &items).await
    }

    async fn messages_of(&mut self, id: CollectionId, counted: &mut CollectionRow) -> Result<Items> {
        let mut items = Items::new();
        let each = |check: &mut Self, name: Vec<u8>, row: MessageRow| {
            let uid = split_number(&name).map_or(u32::MAX, |(uid, _)| uid);
            if uid == 0 || uid >= counted.uid_next.0 {
                check.find(Fault::UidAhead(id, uid));
            }
            tally(counted, &row);
            *check.messages.entry(row.message).or_default() += 1;
            if check.sizes.insert(row.message, (id, row.size)).is_some_and(|(_, size)| size != row.size) {
                check.find(Fault::WrongSize(id, row.message));
            }
            items.insert(name, (row.message, row.modseq));
        };
        self.each_row::<Mailbox>(id, each).await?;
        Ok(items)
    }

    async fn objects_of<K: Kind<Row = ObjectRow>>(
        &mut self,
        id: CollectionId,
        counted: &mut CollectionRow,
    ) -> Result<Items> {
        let mut items = Items::new();
        let each = |check: &mut Self, name, row: ObjectRow| {
            tally(counted, &row);
            if row.has_properties {
                check.with_properties.insert(row.item, id);
            }
            if check.objects.insert(row.item, (id, row.size, row.hash)).is_some() {
                // Two names for one item: only one of them can have its body.
                check.find(Fault::NoContent(id, row.item));
            }
            items.insert(name, (row.item, row.modseq));
        };
        self.each_row::<K>(id, each).await?;
        Ok(items)
    }

    /// Takes every row of a collection that can be read, with the octets of its key; a page of them is in memory.
    async fn each_row<K: Kind>(
        &mut self,
        id: CollectionId,
        mut each: impl FnMut(&mut Self, Vec<u8>, K::Row) + Send,
    ) -> Result<()> {
        let prefix = Key::collection(self.account, id);
        let mut range = prefix.prefix();
        loop {
            let page = self.page(Table::Item, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                let name = key.get(prefix.len()..).unwrap_or_default().to_vec();
                if K::Key::decode(&name).is_err() || name.is_empty() {
                    self.strange(Table::Item, &key);
                    continue;
                }
                if let Some(row) = self.read(Table::Item, &key, &value) {
                    each(self, name, row);
                }
            }
        }
    }

    /// Each item has one slot, at its last change; each slot leads to an item or child or is a tombstone.
    async fn check_slots(&mut self, id: CollectionId, row: &CollectionRow, items: &Items) -> Result<()> {
        let prefix = Key::collection(self.account, id);
        let mut range = prefix.prefix();
        let (mut slotted, mut inner) = (BTreeSet::new(), BTreeSet::new());
        loop {
            let page = self.page(Table::Changed, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for (key, value) in page {
                let Some(slot) = self.read::<Changed>(Table::Changed, &key, &value) else { continue };
                let Some((modseq, name)) = key.get(prefix.len()..).and_then(split_long) else {
                    self.strange(Table::Changed, &key);
                    continue;
                };
                let modseq = Modseq(modseq);
                if modseq > row.modseq {
                    self.find(Fault::ModseqAhead(id, modseq));
                }
                if !slot.alive {
                    continue;
                }
                let right = if slot.collection {
                    let child = u32::try_from(slot.item.0).ok().map(CollectionId);
                    let there = child.and_then(|child| self.collections.get(&child));
                    let right = there.is_some_and(|row| {
                        row.parent == id && row.slot == modseq && row.name.as_bytes() == name
                    });
                    inner.extend(child.filter(|_| right));
                    right
                } else {
                    slotted.insert(name.to_vec());
                    items.get(name) == Some(&(slot.item, modseq))
                };
                if !right {
                    self.find(Fault::DanglingSlot(id, modseq));
                }
            }
        }
        for (name, (item, _)) in items {
            if !slotted.contains(name) {
                self.find(Fault::NoSlot(id, *item));
            }
        }
        let slotless = |(child, there): (&CollectionId, &CollectionRow)| {
            let slotless = there.parent == id && !inner.contains(child);
            slotless.then_some(ItemId(u64::from(child.0)))
        };
        // A mailbox's log is one of UIDs: the mailboxes in it are no members of it.
        if row.kind != CollectionKind::Mailbox {
            let slotless: Vec<_> = self.collections.iter().filter_map(slotless).collect();
            slotless.into_iter().for_each(|child| self.find(Fault::NoSlot(id, child)));
        }
        Ok(())
    }

    /// Records that hang on collections and items: dead properties, locks, indexes.
    pub(super) async fn check_records(&mut self) -> Result<()> {
        let prefix = Key::account(self.account);
        for table in [Table::Item, Table::Changed, Table::Property, Table::Lock, Table::ByUid, Table::Time] {
            let mut range = prefix.prefix();
            // One step a collection: what lies in those that are there is looked at elsewhere.
            while let Some((key, _)) = self.snapshot.scan(table, &range, 1, false).await?.into_iter().next() {
                let Some((id, _)) = key.get(prefix.len()..).and_then(split_number) else {
                    self.strange(table, &key);
                    range.start = after(&key);
                    continue;
                };
                let id_there = CollectionId(id);
                if !self.collections.contains_key(&id_there) && !self.removed.contains_key(&id_there) {
                    self.find(Fault::DanglingRecord(table, id_there));
                }
                match id.checked_add(1) {
                    Some(next) => range.start = Key::collection(self.account, CollectionId(next)).done(),
                    None => break,
                }
            }
        }
        self.check_locks().await?;
        self.check_properties().await
    }

    async fn check_locks(&mut self) -> Result<()> {
        let mut range = Key::account(self.account).prefix();
        loop {
            let page = self.page(Table::Lock, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                let _ = self.read::<Lock>(Table::Lock, &key, &value);
            }
        }
    }

    async fn check_properties(&mut self) -> Result<()> {
        let prefix = Key::account(self.account);
        let mut range = prefix.prefix();
        loop {
            let page = self.page(Table::Property, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for (key, value) in page {
                let rest = key.get(prefix.len()..).and_then(split_number);
                let split = rest.and_then(|(id, rest)| Some((CollectionId(id), split_long(rest)?)));
                let Some((id, (item, []))) = split else {
                    self.strange(Table::Property, &key);
                    continue;
                };
                let readable = self.read::<Properties>(Table::Property, &key, &value).is_some();
                let wanted = self.with_properties.remove(&ItemId(item)) == Some(id);
                let purging = self.removed.get(&id).is_some_and(|(_, purging)| *purging);
                let there = self.collections.contains_key(&id) || self.removed.contains_key(&id);
                if readable && !wanted && there && !purging {
                    self.find(Fault::Properties(id, ItemId(item)));
                }
            }
        }
        for (item, id) in std::mem::take(&mut self.with_properties) {
            self.find(Fault::Properties(id, item));
        }
        Ok(())
    }
}

fn tally(counted: &mut CollectionRow, row: &impl Row) {
    let tally = row.tally();
    counted.count += 1;
    counted.bytes = counted.bytes.saturating_add(tally.bytes);
    counted.unseen += u64::from(tally.unseen);
    counted.deleted += u64::from(tally.deleted);
    counted.deleted_bytes = counted.deleted_bytes.saturating_add(if tally.deleted { tally.bytes } else { 0 });
}

//! The change log of a collection: each slot leads to what it tells of. An item's row that is lost is made anew
//! from its slot and its body.

use super::{Note, Repair, body, items::Covering, spelled};
use crate::{
    change::Changed,
    collection::{after, child_key},
    deleted::{Deleted, DeletedRow},
    key::{Key, split_long},
    limits::REPAIR_PAGE_COUNT,
    message::MessageRecord,
    record::{self, CollectionRow, MessageRow, ObjectRow},
    writer::Writer,
};
use engine::Table;
use model::{CollectionId, CollectionKind, Flags, ItemId, Modseq, Result, Timestamp, Uid, ZonedTime};

/// A slot with what its key says.
struct Slot<'a> {
    key: &'a [u8],
    modseq: Modseq,
    name: &'a [u8],
    slot: Changed,
}

impl Repair {
    pub(super) async fn slots(&mut self, id: CollectionId) -> Result<()> {
        let prefix = Key::collection(self.account, id);
        let mut range = prefix.prefix();
        loop {
            let mut writer = self.turn().await?;
            let Some(mut row) = self.row_of(&writer, id).await? else { return Ok(()) };
            let before = row.clone();
            let page = writer.view().scan(Table::Changed, &range, REPAIR_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let split = key.get(prefix.len()..).and_then(split_long).filter(|(_, name)| !name.is_empty());
                let Some((modseq, name)) = split else {
                    self.slots_lost = true;
                    self.discard(&mut writer, Table::Changed, key);
                    continue;
                };
                let modseq = Modseq(modseq);
                match record::decode(value) {
                    Ok(slot) => {
                        self.slot(&mut writer, (id, &mut row), Slot { key, modseq, name, slot }).await?
                    }
                    Err(_) => self.unreadable_slot(&mut writer, (id, &row), (key, modseq, name)).await?,
                }
            }
            if row != before {
                self.set_row(&mut writer, id, row).await?;
            }
            let _committed = writer.commit(()).await?;
            match page.last() {
                Some((last, _)) if page.len() == REPAIR_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    async fn slot(
        &mut self,
        writer: &mut Writer,
        (id, row): (CollectionId, &mut CollectionRow),
        at: Slot<'_>,
    ) -> Result<()> {
        if !at.slot.alive {
            if at.modseq > row.modseq {
                // A tombstone from the future: it is told anew.
                row.modseq = writer.touch();
                writer.delete_raw(Table::Changed, at.key.to_vec());
                let key = Key::changed(self.account, id, row.modseq).bytes(at.name).done();
                writer.put_raw(Table::Changed, key, at.slot.encode()?);
            }
            return Ok(());
        }
        if at.slot.collection {
            return self.slot_of_collection(writer, id, &at).await;
        }
        let key = Key::collection(self.account, id).bytes(at.name).done();
        let there = writer.view().get(Table::Item, &key).await?;
        match there.as_deref().map(|value| Covering::decode(row.kind, value)) {
            Some(Ok(item)) if item.modseq() == at.modseq => {
                if item.item() != at.slot.item {
                    let slot = Changed::item(item.item()).encode()?;
                    writer.put_raw(Table::Changed, at.key.to_vec(), slot);
                }
            }
            // An older place of an item that has moved on.
            Some(Ok(_)) => writer.delete_raw(Table::Changed, at.key.to_vec()),
            _ => self.item_anew(writer, (id, row), &at).await?,
        }
        Ok(())
    }

    async fn slot_of_collection(
        &mut self,
        writer: &mut Writer,
        id: CollectionId,
        at: &Slot<'_>,
    ) -> Result<()> {
        let child = u32::try_from(at.slot.item.0).map(CollectionId).unwrap_or_default();
        let child = writer.collection_row(child).await?;
        let right = child.is_some_and(|child| {
            child.parent == id && child.slot == at.modseq && child.name.as_bytes() == at.name
        });
        if !right {
            writer.delete_raw(Table::Changed, at.key.to_vec());
            self.slots_lost = true;
        }
        Ok(())
    }

    async fn unreadable_slot(
        &mut self,
        writer: &mut Writer,
        (id, row): (CollectionId, &CollectionRow),
        (key, modseq, name): (&[u8], Modseq, &[u8]),
    ) -> Result<()> {
        let item =
            writer.view().get(Table::Item, &Key::collection(self.account, id).bytes(name).done()).await?;
        let item = item.and_then(|value| Covering::decode(row.kind, &value).ok());
        let child = std::str::from_utf8(name).map(|name| child_key(self.account, id, row.kind, name));
        let child = match child {
            Ok(key) => writer.view().get(Table::Child, &key).await?,
            Err(_) => None,
        };
        let child = child.and_then(|value| record::decode::<CollectionId>(&value).ok());
        if let Some(item) = item.filter(|item| item.modseq() == modseq) {
            writer.put_raw(Table::Changed, key.to_vec(), Changed::item(item.item()).encode()?);
            return Ok(());
        }
        if let Some(child) = child
            && writer.collection_row(child).await?.is_some_and(|row| row.slot == modseq)
        {
            writer.put_raw(Table::Changed, key.to_vec(), Changed::collection(child).encode()?);
            return Ok(());
        }
        // It may have been a tombstone.
        self.slots_lost = true;
        self.discard(writer, Table::Changed, key);
        Ok(())
    }

    /// Makes an item's row anew; where its body is gone too, the item is told as removed.
    async fn item_anew(
        &mut self,
        writer: &mut Writer,
        (id, row): (CollectionId, &mut CollectionRow),
        at: &Slot<'_>,
    ) -> Result<()> {
        if self.is_stray(writer, at.slot.item, row.kind).await? {
            self.slots_lost = true;
            writer.delete_raw(Table::Changed, at.key.to_vec());
            return Ok(());
        }
        let modseq = if at.modseq > row.modseq { writer.touch() } else { at.modseq };
        row.modseq = row.modseq.max(modseq);
        let made = match row.kind {
            CollectionKind::Mailbox => {
                let uid = <[u8; 4]>::try_from(at.name).map(u32::from_be_bytes).unwrap_or_default();
                row.uid_next = row.uid_next.max(Uid(uid).next());
                self.message_anew(writer, at.slot.item, modseq).await?.filter(|_| uid > 0)
            }
            kind => self.object_anew(writer, (id, kind), at, modseq).await?,
        };
        let key = Key::collection(self.account, id).bytes(at.name).done();
        let slot = |modseq| Key::changed(self.account, id, modseq).bytes(at.name).done();
        match made {
            Some(made) => {
                self.notes.push(Note::ItemRebuilt(id, spelled(at.name)));
                *self.standing.entry(at.slot.item).or_default() += 1;
                writer.put_raw(Table::Item, key, made.encode()?);
                if modseq != at.modseq {
                    writer.delete_raw(Table::Changed, at.key.to_vec());
                    writer.put_raw(Table::Changed, slot(modseq), at.slot.encode()?);
                }
            }
            // Octets that cannot be read now may be found by a later step: the slot is their only witness.
            None if self.may_come_back(writer, at.slot.item).await? => {}
            None => {
                let modseq = writer.touch();
                row.modseq = modseq;
                writer.delete_raw(Table::Changed, at.key.to_vec());
                writer.delete_raw(Table::Item, key);
                let gone = at.slot.gone(writer.store().env().now());
                writer.put_raw(Table::Changed, slot(modseq), gone.encode()?);
                self.notes.push(Note::Removed(Table::Changed, at.key.to_vec()));
            }
        }
        Ok(())
    }

    /// How many rows stand under each number.
    pub(super) async fn count_standing(&mut self, collections: &[CollectionId]) -> Result<()> {
        self.standing.clear();
        let mut kinds = Vec::new();
        {
            let writer = self.turn().await?;
            for id in collections {
                kinds.push((*id, self.row_of(&writer, *id).await?));
            }
        }
        let snapshot = self.store.inner.engine.snapshot().await?;
        let mut range = self.prefix().prefix();
        loop {
            let page = crate::fsck::page(&snapshot, Table::Deleted, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for row in page.iter().filter_map(|(_, value)| record::decode::<DeletedRow>(value).ok()) {
                let item = match row.what {
                    Deleted::Message(_, _, row) => row.message,
                    Deleted::Object(object) => object.row.item,
                    Deleted::Collection(..) => continue,
                };
                *self.standing.entry(item).or_default() += 1;
            }
        }
        for (id, row) in &kinds {
            let Some(row) = row else { continue };
            let mut range = Key::collection(self.account, *id).prefix();
            loop {
                let page = crate::fsck::page(&snapshot, Table::Item, &mut range).await?;
                if page.is_empty() {
                    break;
                }
                for item in page.iter().filter_map(|(_, value)| Covering::decode(row.kind, value).ok()) {
                    *self.standing.entry(item.item()).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    /// Whether everything that has these octets stands elsewhere: the slot is nobody's.
    async fn is_stray(&self, writer: &Writer, item: ItemId, kind: CollectionKind) -> Result<bool> {
        let standing = self.standing.get(&item).copied().unwrap_or(0);
        if kind != CollectionKind::Mailbox || standing == 0 {
            return Ok(standing > 0);
        }
        let value = writer.view().get(Table::Message, &Key::item(self.account, item).done()).await?;
        let message = value.and_then(|value| record::decode::<MessageRecord>(&value).ok());
        let beside = writer.copies_beside(item).await.ok().flatten().unwrap_or_default();
        Ok(message.is_some_and(|message| message.copies.saturating_add(beside.0) <= standing))
    }

    /// Whether there is a record of the octets, though it cannot be read.
    async fn may_come_back(&self, writer: &Writer, item: ItemId) -> Result<bool> {
        let key = Key::item(self.account, item).done();
        let message = writer.view().get(Table::Message, &key).await?;
        let body = writer.view().get(Table::Body, &key).await?;
        Ok(message.is_some() || body.is_some())
    }

    async fn message_anew(&self, writer: &Writer, item: ItemId, modseq: Modseq) -> Result<Option<Covering>> {
        let key = Key::item(self.account, item).done();
        let Some(value) = writer.view().get(Table::Message, &key).await? else { return Ok(None) };
        let Ok(message) = record::decode::<MessageRecord>(&value) else { return Ok(None) };
        let now = writer.store().env().now();
        let received = message.sent.unwrap_or(ZonedTime { seconds: now.seconds(), offset_minutes: 0 });
        Ok(Some(Covering::Message(MessageRow {
            message: item,
            size: message.body.size,
            received,
            saved: now,
            flags: Flags::default(),
            modseq,
            created_modseq: modseq,
        })))
    }

    async fn object_anew(
        &self,
        writer: &Writer,
        (id, kind): (CollectionId, CollectionKind),
        at: &Slot<'_>,
        modseq: Modseq,
    ) -> Result<Option<Covering>> {
        let item = at.slot.item;
        let Some(record) = body::record_of(writer, item).await? else { return Ok(None) };
        if std::str::from_utf8(at.name).is_err() {
            return Ok(None);
        }
        let octets = body::octets(writer, item).await?.unwrap_or_default();
        let properties = Key::collection(self.account, id).long(item.0).done();
        let now: Timestamp = writer.store().env().now();
        Ok(Some(Covering::Object(ObjectRow {
            item,
            size: record.size,
            hash: record.hash,
            content_type: body::content_type(kind, &octets),
            created: now,
            modified: now,
            modseq,
            created_modseq: modseq,
            has_properties: writer.view().get(Table::Property, &properties).await?.is_some(),
            mark: body::mark(kind, &octets),
        })))
    }
}

//! Items: each row has a name and number that nobody else has, a size that is its body's, and one slot.

use super::{Note, Repair, body, spelled};
use crate::{
    body::{Body, Content},
    change::Changed,
    collection::after,
    key::Key,
    kind::{Row, Tally},
    limits::REPAIR_PAGE_COUNT,
    message::MessageRecord,
    property::Properties,
    record::{self, CollectionRow, MessageRow, ObjectRow},
    writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use model::{BlobId, CollectionId, CollectionKind, Error, ItemId, Modseq, Result, Uid};

/// A covering row of either sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Covering {
    Message(MessageRow),
    Object(ObjectRow),
}

impl Covering {
    pub(super) fn decode(kind: CollectionKind, value: &[u8]) -> Result<Self> {
        match kind {
            CollectionKind::Mailbox => record::decode(value).map(Self::Message),
            _ => record::decode(value).map(Self::Object),
        }
    }

    pub(super) fn encode(&self) -> Result<Bytes> {
        match self {
            Self::Message(row) => record::encode(row),
            Self::Object(row) => record::encode(row),
        }
    }

    pub(super) fn item(&self) -> ItemId {
        match self {
            Self::Message(row) => row.message,
            Self::Object(row) => row.item,
        }
    }

    pub(super) fn modseq(&self) -> Modseq {
        match self {
            Self::Message(row) => row.modseq,
            Self::Object(row) => row.modseq,
        }
    }

    pub(super) fn tally(&self) -> Tally {
        match self {
            Self::Message(row) => row.tally(),
            Self::Object(row) => row.tally(),
        }
    }

    fn stamp(&mut self, modseq: Modseq) {
        match self {
            Self::Message(row) => row.stamp(modseq, None),
            Self::Object(row) => row.stamp(modseq, None),
        }
    }
}

/// The row that is looked at, and where it stands.
struct At<'a> {
    id: CollectionId,
    key: &'a [u8],
    name: &'a [u8],
}

impl Repair {
    pub(super) async fn items(&mut self, id: CollectionId) -> Result<()> {
        let prefix = Key::collection(self.account, id);
        let mut range = prefix.prefix();
        loop {
            let mut writer = self.turn().await?;
            let Some(mut row) = self.row_of(&writer, id).await? else { return Ok(()) };
            let before = row.clone();
            let page = writer.view().scan(Table::Item, &range, REPAIR_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                let name = key.get(prefix.len()..).unwrap_or_default();
                let named = match row.kind {
                    CollectionKind::Mailbox => name.len() == 4,
                    _ => !name.is_empty() && std::str::from_utf8(name).is_ok(),
                };
                match Covering::decode(row.kind, value) {
                    Ok(item) if named => {
                        self.item(&mut writer, &mut row, &At { id, key, name }, item).await?;
                    }
                    // Its octets, if they are there, are without an item now and are put where they are found.
                    _ => self.discard(&mut writer, Table::Item, key),
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

    async fn item(
        &mut self,
        writer: &mut Writer,
        row: &mut CollectionRow,
        at: &At<'_>,
        mut item: Covering,
    ) -> Result<()> {
        let before = item.clone();
        let next_item = &mut writer.account_row_mut().next_item;
        *next_item = (*next_item).max(ItemId(item.item().0.saturating_add(1)));
        if let Covering::Message(_) = item {
            let uid = <[u8; 4]>::try_from(at.name).map_or(0, u32::from_be_bytes);
            if uid == 0 || uid == u32::MAX {
                return self.enter(writer, row, at, item).await;
            }
            row.uid_next = row.uid_next.max(Uid(uid).next());
        }
        match &mut item {
            Covering::Message(message) => self.message(writer, message).await?,
            Covering::Object(object) => self.object(writer, at, object).await?,
        }
        let old_slot = Key::changed(self.account, at.id, item.modseq()).bytes(at.name).done();
        if item != before || item.modseq() > row.modseq {
            row.modseq = writer.touch();
            item.stamp(row.modseq);
            writer.delete_raw(Table::Changed, old_slot.clone());
            writer.put_raw(Table::Item, at.key.to_vec(), item.encode()?);
        }
        let slot = Key::changed(self.account, at.id, item.modseq()).bytes(at.name).done();
        let wanted = Changed::item(item.item()).encode()?;
        if writer.view().get(Table::Changed, &slot).await?.as_ref() != Some(&wanted) {
            self.slots_lost |= slot == old_slot;
            writer.put_raw(Table::Changed, slot, wanted);
        }
        if let Covering::Object(object) = &item {
            let name = String::from_utf8_lossy(at.name);
            self.index_item(writer, (at.id, row.kind), &name, object).await?;
        }
        Ok(())
    }

    /// A message under a number that is none gets the next one.
    async fn enter(
        &mut self,
        writer: &mut Writer,
        row: &mut CollectionRow,
        at: &At<'_>,
        mut item: Covering,
    ) -> Result<()> {
        let uid = row.uid_next;
        row.uid_next = uid.next();
        writer.delete_raw(Table::Item, at.key.to_vec());
        let slot = |modseq, name: &[u8]| Key::changed(self.account, at.id, modseq).bytes(name).done();
        writer.delete_raw(Table::Changed, slot(item.modseq(), at.name));
        row.modseq = writer.touch();
        item.stamp(row.modseq);
        let name = uid.0.to_be_bytes();
        writer.put_raw(Table::Changed, slot(row.modseq, &name), Changed::item(item.item()).encode()?);
        writer.put_raw(Table::Item, Key::collection(self.account, at.id).bytes(&name).done(), item.encode()?);
        Ok(())
    }

    async fn message(&self, writer: &Writer, row: &mut MessageRow) -> Result<()> {
        let key = Key::item(self.account, row.message).done();
        let Some(value) = writer.view().get(Table::Message, &key).await? else { return Ok(()) };
        if let Ok(message) = record::decode::<MessageRecord>(&value) {
            row.size = message.body.size;
        }
        Ok(())
    }

    async fn object(&mut self, writer: &mut Writer, at: &At<'_>, row: &mut ObjectRow) -> Result<()> {
        if let Some(stored) = body::record_of(writer, row.item).await? {
            if (stored.size, stored.hash) != (row.size, row.hash) {
                self.settle_hash(writer, row, &stored).await?;
            }
            self.share_number(writer, at, row, &stored).await?;
        }
        let key = Key::collection(self.account, at.id).long(row.item.0).done();
        let stored = writer.view().get(Table::Property, &key).await?;
        let readable = stored.as_deref().map(record::decode::<Properties>);
        if let Some(Err(_)) = readable {
            writer.delete_raw(Table::Property, key);
        }
        let there = matches!(readable, Some(Ok(_)));
        if row.has_properties && !there {
            self.notes.push(Note::PropertiesLost(at.id, spelled(at.name)));
        }
        row.has_properties = there;
        Ok(())
    }

    /// Row and record differ: the octets themselves tell which is right.
    async fn settle_hash(&self, writer: &mut Writer, row: &mut ObjectRow, stored: &Body) -> Result<()> {
        let mut hasher = blake3::Hasher::new();
        let mut size = 0_u64;
        let mut stream = writer.store().body(stored, 0..u64::MAX);
        loop {
            match stream.next().await {
                Ok(Some(octets)) => {
                    size += octets.len() as u64;
                    hasher.update(&octets);
                }
                Ok(None) => break,
                Err(Error::Corrupt) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let hash = BlobId(*hasher.finalize().as_bytes());
        (row.size, row.hash) = (size, hash);
        if (stored.size, stored.hash) != (size, hash) {
            let body = Body { size, hash, ..stored.clone() };
            let key = Key::item(self.account, row.item).done();
            writer.put_raw(Table::Body, key, record::encode(&body)?);
        }
        Ok(())
    }

    /// Where another object stands under the same number, this one gets a number and a body of its own.
    async fn share_number(
        &mut self,
        writer: &mut Writer,
        at: &At<'_>,
        row: &mut ObjectRow,
        stored: &Body,
    ) -> Result<()> {
        let owner = self.owners.entry(row.item).or_insert_with(|| at.key.to_vec());
        if owner.as_slice() == at.key {
            return Ok(());
        }
        let rival = writer.view().get(Table::Item, &owner.clone()).await?;
        let rival = rival.and_then(|value| record::decode::<ObjectRow>(&value).ok());
        if rival.is_none_or(|rival| rival.item != row.item) {
            // It has gone or moved here meanwhile.
            self.owners.insert(row.item, at.key.to_vec());
            return Ok(());
        }
        row.item = writer.next_item();
        self.owners.insert(row.item, at.key.to_vec());
        if let Content::Chunks(chunks) = &stored.content {
            for chunk in chunks {
                let held = Key::blob_ref(&chunk.id, self.account, row.item).done();
                writer.put_raw(Table::BlobRef, held, Bytes::new());
            }
        }
        let key = Key::item(self.account, row.item).done();
        writer.put_raw(Table::Body, key, record::encode(stored)?);
        Ok(())
    }
}

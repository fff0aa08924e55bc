//! What hangs on collections and items: dead properties, locks, and rows of collections that are not there.

use super::{Note, Repair};
use crate::{
    collection::after,
    fsck::annotated,
    key::{Key, split_long, split_number},
    limits::{REPAIR_PAGE_COUNT, SCAN_PAGE_COUNT},
    lock::Lock,
    property::Properties,
    record::{self, ObjectRow},
    writer::Writer,
};
use engine::Table;
use model::{CollectionId, ItemId, Result};
use std::collections::{BTreeMap, BTreeSet};

impl Repair {
    pub(super) async fn hanging(&mut self) -> Result<()> {
        let mut strays: BTreeMap<CollectionId, BTreeSet<ItemId>> = BTreeMap::new();
        self.annotations().await?;
        for table in [Table::Changed, Table::ByUid, Table::Time, Table::Lock, Table::Property] {
            let prefix = self.prefix();
            let mut range = prefix.prefix();
            loop {
                let mut writer = self.turn().await?;
                let page = writer.view().scan(table, &range, REPAIR_PAGE_COUNT, false).await?;
                let mut last = page.last().map(|(key, _)| after(key));
                let mut looked = false;
                for (key, value) in &page {
                    let split = key.get(prefix.len()..).and_then(split_number);
                    let Some((id, rest)) = split else {
                        self.discard(&mut writer, table, key);
                        continue;
                    };
                    let id = CollectionId(id);
                    let is_gone = writer.collection_row(id).await?.is_none();
                    if is_gone && !self.removed.contains_key(&id) && !looked {
                        self.look_for_removed(&writer).await?;
                        looked = true;
                    }
                    if is_gone && !self.removed.contains_key(&id) {
                        writer.delete_raw(table, key.to_vec());
                    } else if !matches!(table, Table::Lock | Table::Property) {
                        // What lies in collections that are there has been looked at.
                        last = Some(self.prefix().number(id.0.saturating_add(1)).done());
                        break;
                    } else if table == Table::Lock {
                        if record::decode::<Lock>(value).is_err() {
                            self.discard(&mut writer, table, key);
                        }
                    } else if let Some(item) = self.property(&mut writer, key, rest, value)
                        && !self.is_known(item, id)
                    {
                        strays.entry(id).or_default().insert(item);
                    }
                }
                let ended = page.is_empty();
                let _committed = writer.commit(()).await?;
                match last {
                    Some(next) if !ended => range.start = next,
                    _ => break,
                }
                if range.start >= range.end && !range.end.is_empty() {
                    break;
                }
            }
        }
        for (id, items) in strays {
            self.stray_properties(id, items).await?;
        }
        Ok(())
    }

    /// Annotations of mailboxes that are not there, and rows that are none.
    async fn annotations(&mut self) -> Result<()> {
        let prefix = self.prefix();
        let mut range = prefix.prefix();
        loop {
            let mut writer = self.turn().await?;
            let page = writer.view().scan(Table::Metadata, &range, REPAIR_PAGE_COUNT, false).await?;
            let mut looked = false;
            for (key, _) in &page {
                let Some(id) = key.get(prefix.len()..).and_then(annotated) else {
                    self.discard(&mut writer, Table::Metadata, key);
                    continue;
                };
                if id == CollectionId::ROOT || writer.collection_row(id).await?.is_some() {
                    continue;
                }
                if !self.removed.contains_key(&id) && !looked {
                    self.look_for_removed(&writer).await?;
                    looked = true;
                }
                if !self.removed.contains_key(&id) {
                    self.discard(&mut writer, Table::Metadata, key);
                }
            }
            let _committed = writer.commit(()).await?;
            match page.last() {
                Some((last, _)) if page.len() == REPAIR_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    /// The item whose properties these are; what cannot be read goes.
    fn property(&mut self, writer: &mut Writer, key: &[u8], rest: &[u8], value: &[u8]) -> Option<ItemId> {
        match (split_long(rest), record::decode::<Properties>(value)) {
            (Some((item, [])), Ok(_)) => Some(ItemId(item)),
            _ => {
                self.discard(writer, Table::Property, key);
                None
            }
        }
    }

    /// Whether the step before met this item in that collection.
    fn is_known(&self, item: ItemId, id: CollectionId) -> bool {
        if self.removed.get(&id).is_some_and(|(_, purging)| *purging) {
            return true;
        }
        let prefix = Key::collection(self.account, id).done();
        self.owners.get(&item).is_some_and(|key| key.starts_with(&prefix))
    }

    /// Properties of items that were not met: in one turn, whoever came since keeps his, the others go.
    async fn stray_properties(&mut self, id: CollectionId, mut items: BTreeSet<ItemId>) -> Result<()> {
        let mut writer = self.turn().await?;
        let prefix = Key::collection(self.account, id);
        let mut range = prefix.prefix();
        loop {
            let page = writer.view().scan(Table::Item, &range, SCAN_PAGE_COUNT, false).await?;
            for (_, value) in &page {
                if let Ok(row) = record::decode::<ObjectRow>(value) {
                    items.remove(&row.item);
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => break,
            }
        }
        for item in items {
            let key = prefix.clone().long(item.0).done();
            writer.delete_raw(Table::Property, key.clone());
            self.notes.push(Note::Removed(Table::Property, key));
        }
        writer.commit(()).await.map(drop)
    }
}

//! Dead properties of items: what clients attach and the server only keeps (RFC 4918 4). Those of collections
//! are in the collection's own record.

use crate::{
    collection::Collection,
    key::Key,
    kind::Kind,
    limits::COLLECTION_PROPERTIES_BYTES_MAX,
    object::ObjectKind,
    reader::Reader,
    record::{self, ObjectRow},
    writer::Writer,
};
use engine::Table;
use model::{AccountId, CollectionId, Error, ItemId, Modseq, Result, Rights};
use std::collections::BTreeMap;

/// Properties by the door's own names.
pub type Properties = BTreeMap<String, String>;

fn property_key(account: AccountId, collection: CollectionId, item: ItemId) -> Vec<u8> {
    Key::collection(account, collection).long(item.0).done()
}

impl Reader {
    /// The dead properties of many items of a collection, in the order of the items; empty for those that have
    /// none.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn item_properties<K: Kind>(
        &self,
        collection: &Collection<K>,
        items: &[ItemId],
    ) -> Result<Vec<Properties>> {
        let key = |item: &ItemId| property_key(self.account(), collection.id(), *item);
        let keys: Vec<_> = items.iter().map(key).collect();
        let values = self.view().get_many(Table::Property, &keys).await?;
        let read = |value: Option<bytes::Bytes>| value.as_deref().map(record::decode).transpose();
        values.into_iter().map(|value| read(value).map(Option::unwrap_or_default)).collect()
    }
}

impl Writer {
    /// Sets all dead properties of an item.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::WRITE`]; `NotFound`; `TooLarge` past
    /// [`COLLECTION_PROPERTIES_BYTES_MAX`].
    pub async fn set_item_properties<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        properties: &Properties,
    ) -> Result<ObjectRow> {
        collection.need(Rights::WRITE)?;
        let key = name.to_owned();
        let mut row = self.entry(collection, &key).await?.ok_or(Error::NotFound)?;
        let bytes: usize = properties.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > COLLECTION_PROPERTIES_BYTES_MAX {
            return Err(Error::TooLarge(COLLECTION_PROPERTIES_BYTES_MAX as u64));
        }
        row.has_properties = !properties.is_empty();
        row.modseq = Modseq::default();
        let place = property_key(self.account(), collection.id(), row.item);
        if properties.is_empty() {
            self.delete_raw(Table::Property, place);
        } else {
            self.put_raw(Table::Property, place, record::encode(properties)?);
        }
        self.put(collection, &key, row.clone()).await?;
        Ok(row)
    }

    /// Forgets the dead properties of an item that goes.
    pub(crate) fn remove_item_properties(&mut self, collection: CollectionId, item: ItemId) {
        let key = property_key(self.account(), collection, item);
        self.delete_raw(Table::Property, key);
    }

    /// Takes the dead properties of an item along into another collection.
    pub(crate) async fn move_item_properties(
        &mut self,
        item: ItemId,
        from: CollectionId,
        to: CollectionId,
    ) -> Result<()> {
        let key = property_key(self.account(), from, item);
        if from != to
            && let Some(properties) = self.view().get(Table::Property, &key).await?
        {
            self.delete_raw(Table::Property, key);
            let place = property_key(self.account(), to, item);
            self.put_raw(Table::Property, place, properties);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

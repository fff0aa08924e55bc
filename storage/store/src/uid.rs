//! The UIDs of calendar objects and cards: one object of a collection per UID (RFC 4791 5.3.2.1, RFC 6352
//! 6.3.2.1), found without reading the others.
//!
//! `Table::ByUid` maps account, collection, UID to the object's name, and, behind an octet that no UTF-8 text
//! begins with, the item back to its UID.

use crate::{
    collection::Collection,
    key::Key,
    object::{NewObject, ObjectKind},
    reader::Reader,
    record::{self, ObjectRow},
    writer::Writer,
};
use engine::Table;
use model::{CollectionKind, Error, ItemId, Result};

/// Begins the keys that lead from an item to its UID.
pub(crate) const BY_ITEM: u8 = 0xff;

fn by_uid<K: ObjectKind>(collection: &Collection<K>, uid: &str) -> Vec<u8> {
    Key::collection(collection.account(), collection.id()).bytes(uid.as_bytes()).done()
}

fn by_item<K: ObjectKind>(collection: &Collection<K>, item: ItemId) -> Vec<u8> {
    Key::collection(collection.account(), collection.id()).bytes(&[BY_ITEM]).long(item.0).done()
}

impl Reader {
    /// The name of the object that has this UID.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn name_of_uid<K: ObjectKind>(
        &self,
        collection: &Collection<K>,
        uid: &str,
    ) -> Result<Option<String>> {
        self.load(Table::ByUid, &by_uid(collection, uid)).await
    }

    /// The UID of an object, when it has one.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn uid_of<K: ObjectKind>(
        &self,
        collection: &Collection<K>,
        item: ItemId,
    ) -> Result<Option<String>> {
        self.load(Table::ByUid, &by_item(collection, item)).await
    }
}

impl Writer {
    /// Stores an object that has a UID, or none.
    ///
    /// # Errors
    /// As [`Writer::put_object`]; `Conflict` when another object has the UID.
    pub(crate) async fn put_with_uid<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        new: NewObject,
        uid: Option<&str>,
    ) -> Result<ObjectRow> {
        self.free_uid(collection, name, uid).await?;
        let row = self.put_object(collection, name, new).await?;
        self.forget_uid(collection, row.item).await?;
        self.note_uid(collection, name, row.item, uid)?;
        Ok(row)
    }

    /// Removes an object with all that is kept about it beside its row.
    ///
    /// # Errors
    /// As [`Writer::remove_object`].
    pub(crate) async fn remove_with_uid<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
    ) -> Result<ObjectRow> {
        let row = self.remove_object(collection, name).await?;
        self.forget_uid(collection, row.item).await?;
        self.remove_item_properties(collection.id(), row.item);
        self.remove_item_locks(collection.id(), row.item).await?;
        Ok(row)
    }

    /// Moves an object with all that is kept about it, its locks left behind (RFC 4918 7.5).
    ///
    /// # Errors
    /// As [`Writer::move_object`]; `Conflict` when another object there has the UID.
    pub(crate) async fn move_with_uid<K: ObjectKind>(
        &mut self,
        from: (&Collection<K>, &str),
        to: (&Collection<K>, &str),
    ) -> Result<ObjectRow> {
        let found = self.entry(from.0, &from.1.to_owned()).await?.ok_or(Error::NotFound)?;
        let uid = self.uid_of(from.0, found.item).await?;
        if from.0.id() != to.0.id() {
            self.free_uid(to.0, to.1, uid.as_deref()).await?;
        }
        let row = self.move_object(from, to).await?;
        self.forget_uid(from.0, row.item).await?;
        self.note_uid(to.0, to.1, row.item, uid.as_deref())?;
        self.remove_item_locks(from.0.id(), row.item).await?;
        self.move_item_properties(row.item, from.0.id(), to.0.id()).await?;
        Ok(row)
    }

    async fn free_uid<K: ObjectKind>(
        &self,
        collection: &Collection<K>,
        name: &str,
        uid: Option<&str>,
    ) -> Result<()> {
        let Some(uid) = uid else { return Ok(()) };
        match self.name_of_uid(collection, uid).await? {
            Some(holder) if holder != name => Err(Error::Conflict),
            _ => Ok(()),
        }
    }

    async fn forget_uid<K: ObjectKind>(&mut self, collection: &Collection<K>, item: ItemId) -> Result<()> {
        if let Some(uid) = self.uid_of(collection, item).await? {
            self.delete_raw(Table::ByUid, by_uid(collection, &uid));
            self.delete_raw(Table::ByUid, by_item(collection, item));
        }
        Ok(())
    }

    fn note_uid<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        item: ItemId,
        uid: Option<&str>,
    ) -> Result<()> {
        debug_assert!(K::KIND != CollectionKind::Folder, "files have no UID");
        let Some(uid) = uid else { return Ok(()) };
        self.put_raw(Table::ByUid, by_uid(collection, uid), record::encode(&name.to_owned())?);
        self.put_raw(Table::ByUid, by_item(collection, item), record::encode(&uid.to_owned())?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

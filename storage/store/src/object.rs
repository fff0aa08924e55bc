//! Objects: what calendars, address books and folders hold. The nouns' own files add what is theirs (UID and
//! time indexes, validation); a twin of this code must not appear in them.

use crate::{
    body::Body,
    collection::{Collection, child_key, valid_item_name},
    key::Key,
    kind::{AddressBook, Calendar, Folder, Kind},
    reader::Reader,
    record::ObjectRow,
    writer::Writer,
};
use engine::Table;
use format::icalendar::span::Span;
use model::{CollectionKind, Error, ItemId, Modseq, Result, Rights, Timestamp};

/// Kinds whose items are objects.
pub trait ObjectKind: Kind<Key = String, Row = ObjectRow> {}

impl ObjectKind for Calendar {}
impl ObjectKind for AddressBook {}
impl ObjectKind for Folder {}

/// An object to be stored.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// Its octets, uploaded.
    pub body: Body,
    /// Media type as it is to be served.
    pub content_type: String,
    /// Its modification time, when the client says so; now otherwise.
    pub modified: Option<Timestamp>,
    /// What the noun's own file needs at hand.
    pub mark: u32,
}

/// What the indexes keep of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Its iCalendar or vCard UID.
    pub uid: Option<String>,
    /// Its times, of a calendar object.
    pub span: Option<Span>,
}

impl Reader {
    /// What the indexes keep of an object.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn object_facts<K: ObjectKind>(
        &self,
        collection: &Collection<K>,
        name: &str,
        item: ItemId,
    ) -> Result<ObjectFacts> {
        let files = K::KIND == CollectionKind::Folder;
        let uid = if files { None } else { self.uid_of(collection, item).await? };
        let span = if K::KIND == CollectionKind::Calendar {
            self.span_of(&Key::collection(self.account(), collection.id()), name).await?
        } else {
            None
        };
        Ok(ObjectFacts { uid, span })
    }

    /// The body of an object.
    ///
    /// # Errors
    /// `Corrupt` when it is missing: every object has one.
    pub async fn object_body(&self, item: ItemId) -> Result<Body> {
        self.load(Table::Body, &Key::item(self.account(), item).done()).await?.ok_or(Error::Corrupt)
    }

    /// The bodies of many objects, in the order of the items.
    ///
    /// # Errors
    /// As [`Reader::object_body`].
    pub async fn object_bodies(&self, items: &[ItemId]) -> Result<Vec<Body>> {
        let keys: Vec<_> = items.iter().map(|item| Key::item(self.account(), *item).done()).collect();
        let values = self.view().get_many(Table::Body, &keys).await?;
        values.into_iter().map(|value| crate::record::decode(&value.ok_or(Error::Corrupt)?)).collect()
    }
}

impl Writer {
    /// Stores an object, new or over an earlier one of that name (which keeps its number and properties).
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::INSERT`] for a new one or [`Rights::WRITE`] for one that is there;
    /// `Exists` when a child collection has the name; `OverQuota`; as [`valid_item_name`].
    pub(crate) async fn put_object<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        new: NewObject,
    ) -> Result<ObjectRow> {
        valid_item_name(name)?;
        let key = name.to_owned();
        let old = self.entry(collection, &key).await?;
        collection.need(if old.is_some() { Rights::WRITE } else { Rights::INSERT })?;
        if K::KIND == CollectionKind::Folder {
            let child = child_key(collection.account(), collection.id(), K::KIND, name);
            if self.view().get(Table::Child, &child).await?.is_some() {
                return Err(Error::Exists);
            }
        }
        let now = self.store().env().now();
        let row = ObjectRow {
            item: old.as_ref().map_or_else(|| self.next_item(), |old| old.item),
            size: new.body.size,
            hash: new.body.hash,
            content_type: new.content_type,
            created: old.as_ref().map_or(now, |old| old.created),
            modified: new.modified.unwrap_or(now),
            modseq: Modseq::default(),
            created_modseq: old.as_ref().map_or_else(Modseq::default, |old| old.created_modseq),
            has_properties: old.as_ref().is_some_and(|old| old.has_properties),
            mark: new.mark,
        };
        if let Some(old) = old.filter(|old| old.hash != row.hash) {
            self.bury_version(collection, name, old).await?;
        }
        self.put_body(row.item, &new.body).await?;
        self.put(collection, &key, row.clone()).await?;
        Ok(row)
    }

    /// Removes an object, leaving a tombstone; its body is kept as long as it can be brought back.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` without [`Rights::DELETE`].
    pub(crate) async fn remove_object<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
    ) -> Result<ObjectRow> {
        collection.need(Rights::DELETE)?;
        let row = self.remove(collection, &name.to_owned()).await?;
        self.bury_object(collection, name, row.clone()).await?;
        Ok(row)
    }

    /// Gives an object another name or collection of the same kind in this account; its number, octets and
    /// properties go with it. What stands at the target must have been removed before.
    ///
    /// # Errors
    /// `NotFound`; `Exists`; `Forbidden` without [`Rights::DELETE`] there and [`Rights::INSERT`] here.
    pub(crate) async fn move_object<K: ObjectKind>(
        &mut self,
        from: (&Collection<K>, &str),
        to: (&Collection<K>, &str),
    ) -> Result<ObjectRow> {
        valid_item_name(to.1)?;
        from.0.need(Rights::DELETE)?;
        to.0.need(Rights::INSERT)?;
        let key = to.1.to_owned();
        if self.entry(to.0, &key).await?.is_some() {
            return Err(Error::Exists);
        }
        let row = self.remove(from.0, &from.1.to_owned()).await?;
        self.put(to.0, &key, row.clone()).await?;
        Ok(row)
    }
}

//! Bringing removed things back, as their account's owner.
//!
//! Nothing is overwritten and no number is used twice: a message comes back under a new UID (the same octets,
//! flags without \Deleted, and internal date), an object under its name, or under a free one where the name is
//! taken. Where the present object of the collection has the iCalendar or vCard UID, or for a version of an object
//! that is still there, `replace` is needed; what it replaces can be brought back in its turn. A collection comes
//! back with everything that was in it and removed with it, in one small commit; a mailbox gets a new UIDVALIDITY,
//! for in between another one may have had its name (RFC 9051 2.3.1.1), and keeps its UIDs. Whoever brings something
//! back is an administrator: the quota may be passed, and then nothing can be added until there is room.

use crate::{
    CalendarFacts,
    collection::Collection,
    deleted::{Deleted, DeletedObject, DeletedRow, RemovedCollection},
    key::Key,
    kind::{AddressBook, Calendar, Folder, Mailbox},
    limits::COLLECTION_COUNT_MAX,
    object::{NewObject, ObjectFacts, ObjectKind},
    record::{CollectionRow, MessageRow},
    stores::Store,
    writer::{Committed, Writer},
};
use engine::Table;
use model::{
    AccountId, CollectionId, CollectionKind, Error, ItemId, Modseq, Result, Rights, SystemFlags, Timestamp,
};
use std::collections::BTreeMap;

/// How something is brought back.
#[derive(Clone, Debug, Default)]
pub struct Recover {
    /// The collection to put an item into, instead of the one it lay in.
    pub into: Option<CollectionId>,
    /// Over what stands in its place.
    pub replace: bool,
}

/// Where something is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The collection, or the one that the item is in.
    pub collection: CollectionId,
    /// Its name there: the UID of a message.
    pub name: String,
}

/// The most names that are tried when one is taken.
const NAME_TRIES_MAX: u32 = 1_000;

/// The n-th name to try: `a.txt`, `a (restored).txt`, `a (restored 2).txt`.
#[must_use]
pub fn other_name(name: &str, n: u32, keep_ending: bool) -> String {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if keep_ending && !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    match n {
        0 => name.to_owned(),
        1 => format!("{stem} (restored){ending}"),
        n => format!("{stem} (restored {n}){ending}"),
    }
}

impl Store {
    /// Brings one removed thing back.
    ///
    /// # Errors
    /// `NotFound` when it is not there any more, or its collection; `Conflict` when its purge has begun, or
    /// something has its place or its UID and may not be replaced.
    pub async fn undelete(
        &self,
        account: AccountId,
        number: ItemId,
        how: &Recover,
    ) -> Result<Committed<Recovered>> {
        let mut writer = self.begin_as_owner(account).await?;
        writer.past_quota = true;
        let row = writer.deleted_row(number).await?;
        let recovered = match &row.what {
            Deleted::Message(mailbox, _, message) => {
                let into = how.into.unwrap_or(*mailbox);
                let recovered = writer.return_message(into, message).await?;
                writer.unearth(number, &row).await?;
                recovered
            }
            Deleted::Object(object) => {
                let recovered = match object.kind {
                    CollectionKind::Calendar => writer.return_object::<Calendar>(object, how).await?,
                    CollectionKind::AddressBook => writer.return_object::<AddressBook>(object, how).await?,
                    _ => writer.return_object::<Folder>(object, how).await?,
                };
                writer.release_body(object.row.item).await?;
                writer.unearth(number, &row).await?;
                recovered
            }
            Deleted::Collection(id, _) => writer.return_tree(*id).await?,
        };
        writer.commit(recovered).await
    }
}

impl Writer {
    async fn return_message(&mut self, into: CollectionId, row: &MessageRow) -> Result<Recovered> {
        let mailbox = self.open::<Mailbox>(into, Rights::INSERT).await?;
        let uid = self.next_uid(&mailbox).await?;
        let mut row = row.clone();
        row.flags.system.remove(SystemFlags::DELETED);
        row.saved = self.store().env().now();
        (row.modseq, row.created_modseq) = (Modseq::default(), Modseq::default());
        self.put(&mailbox, &uid, row).await?;
        Ok(Recovered { collection: into, name: uid.0.to_string() })
    }

    async fn return_object<K: ObjectKind>(
        &mut self,
        object: &DeletedObject,
        how: &Recover,
    ) -> Result<Recovered> {
        let collection = self.open::<K>(how.into.unwrap_or(object.collection), Rights::INSERT).await?;
        let name = self.name_for(&collection, object, how).await?;
        let body = self.object_body(object.row.item).await?;
        let new = NewObject {
            body,
            content_type: object.row.content_type.clone(),
            modified: Some(object.row.modified),
            mark: object.row.mark,
        };
        let facts = ObjectFacts { uid: object.uid.clone(), span: object.span };
        self.put_with_facts(&collection, &name, new, &facts).await?;
        if !object.properties.is_empty() {
            self.set_item_properties(&collection, &name, &object.properties).await?;
        }
        Ok(Recovered { collection: collection.id(), name })
    }

    /// The name under which an object comes back.
    async fn name_for<K: ObjectKind>(
        &self,
        collection: &Collection<K>,
        object: &DeletedObject,
        how: &Recover,
    ) -> Result<String> {
        if let Some(uid) = &object.uid
            && let Some(holder) = self.name_of_uid(collection, uid).await?
        {
            return if how.replace { Ok(holder) } else { Err(Error::Conflict) };
        }
        let there = self.entry(collection, &object.name).await?.is_some();
        if there && object.replaced && how.into.is_none() {
            return if how.replace { Ok(object.name.clone()) } else { Err(Error::Conflict) };
        }
        for n in 0..NAME_TRIES_MAX {
            let name = other_name(&object.name, n, true);
            let row = CollectionRow { name, parent: collection.id(), ..collection.row().clone() };
            let item = Key::collection(self.account(), collection.id()).bytes(row.name.as_bytes()).done();
            let taken = self.view().get(Table::Item, &item).await?.is_some();
            if !taken && self.free_name(row.parent, K::KIND, &row.name).await.is_ok() {
                return Ok(row.name);
            }
        }
        Err(Error::Exists)
    }

    /// Lets this batch pass the quota: an administrator brings something back.
    pub fn pass_quota(&mut self) {
        self.past_quota = true;
    }

    /// Puts an object with its indexes, as its noun does.
    ///
    /// # Errors
    /// As the noun's own: `Exists`, `Conflict`, `Forbidden`.
    pub async fn put_with_facts<K: ObjectKind>(
        &mut self,
        collection: &Collection<K>,
        name: &str,
        new: NewObject,
        facts: &ObjectFacts,
    ) -> Result<()> {
        match (K::KIND, facts.span, &facts.uid) {
            (CollectionKind::Calendar, Some(span), Some(uid)) => {
                let calendar = self.open::<Calendar>(collection.id(), Rights::INSERT).await?;
                let facts = CalendarFacts { uid: uid.clone(), span };
                self.put_calendar_object(&calendar, name, new, &facts).await.map(drop)
            }
            (CollectionKind::Folder, ..) => self.put_object(collection, name, new).await.map(drop),
            (_, _, uid) => self.put_with_uid(collection, name, new, uid.as_deref()).await.map(drop),
        }
    }

    /// Brings a collection back with those that lay in it.
    async fn return_tree(&mut self, id: CollectionId) -> Result<Recovered> {
        let all = self.removed_collections().await?;
        let mut inner: BTreeMap<CollectionId, Vec<CollectionId>> = BTreeMap::new();
        let mut removed_as = BTreeMap::new();
        for (number, at, id, removed) in &all {
            inner.entry(removed.row.parent).or_default().push(*id);
            removed_as.insert(*id, (*number, *at, removed));
        }
        let mut recovered = None;
        let mut waiting = vec![(id, None)];
        while let Some((id, modseq)) = waiting.pop() {
            let (number, removed_at, removed) = *removed_as.get(&id).ok_or(Error::NotFound)?;
            // What lay in it and had been removed before stays removed.
            if modseq.is_some_and(|modseq| modseq != removed.modseq) {
                continue;
            }
            if self.account_row().collection_count >= COLLECTION_COUNT_MAX {
                return Err(Error::TooLarge(COLLECTION_COUNT_MAX));
            }
            let back = self.return_collection(number, removed_at, id, removed).await?;
            recovered.get_or_insert(back);
            let inner = inner.get(&id).into_iter().flatten();
            waiting.extend(inner.map(|inner| (*inner, Some(removed.modseq))));
        }
        recovered.ok_or(Error::NotFound)
    }

    async fn return_collection(
        &mut self,
        number: ItemId,
        at: Timestamp,
        id: CollectionId,
        removed: &RemovedCollection,
    ) -> Result<Recovered> {
        if removed.purging || at == Timestamp::default() {
            return Err(Error::Conflict);
        }
        let mut row = removed.row.clone();
        if row.parent != CollectionId::ROOT && self.collection_row(row.parent).await?.is_none() {
            return Err(Error::NotFound);
        }
        let mut n = 0;
        loop {
            let name = other_name(&removed.row.name, n, false);
            if self.free_name(row.parent, row.kind, &name).await.is_ok() {
                row.name = name;
                break;
            }
            n += 1;
            if n == NAME_TRIES_MAX {
                return Err(Error::Exists);
            }
            // Another collection has its place now, and with it what it was for.
            row.special_use = None;
        }
        if row.kind == CollectionKind::Mailbox {
            let now = self.store().env().now();
            row.uid_validity = self.next_uid_validity(now);
        }
        row.modseq = self.touch();
        row.slot = row.modseq;
        let deleted = DeletedRow { at, what: Deleted::Collection(id, Box::new(removed.clone())) };
        self.unearth(number, &deleted).await?;
        self.enter_grants(id, &row);
        self.link(id, &row)?;
        self.enter_grants(id, &row);
        self.mark_parent(&row, id, true).await?;
        let name = row.name.clone();
        self.return_collection_row(id, row);
        Ok(Recovered { collection: id, name })
    }
}

#[cfg(test)]
mod tests;

//! Collections: opened with rights, created, renamed, removed.

use crate::{
    change::Changed,
    key::Key,
    kind::Kind,
    limits::{
        COLLECTION_COUNT_MAX, COLLECTION_DEPTH_MAX, COLLECTION_PROPERTIES_BYTES_MAX, NAME_BYTES_MAX,
        SCAN_PAGE_COUNT,
    },
    reader::Reader,
    record::{self, CollectionRow},
    seen::SEEN_PROPERTY,
    writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use model::{AccountId, CollectionId, CollectionKind, Error, Result, Rights, SpecialUse};
use std::{collections::BTreeMap, marker::PhantomData};

/// A collection that a principal may use: proof that its rights were checked.
///
/// `row` is its record when it was opened; a writer's [`Reader::row`] tells the present one.
#[derive(Debug)]
pub struct Collection<K: Kind> {
    pub(crate) account: AccountId,
    pub(crate) id: CollectionId,
    pub(crate) rights: Rights,
    pub(crate) row: CollectionRow,
    kind: PhantomData<K>,
}

impl<K: Kind> Clone for Collection<K> {
    fn clone(&self) -> Self {
        Self {
            account: self.account,
            id: self.id,
            rights: self.rights,
            row: self.row.clone(),
            kind: PhantomData,
        }
    }
}

impl<K: Kind> Collection<K> {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> CollectionId {
        self.id
    }

    /// The account it belongs to.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// What the principal may do with it.
    #[must_use]
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// Its record when it was opened.
    #[must_use]
    pub fn row(&self) -> &CollectionRow {
        &self.row
    }

    /// Demands more rights than it was opened with.
    ///
    /// # Errors
    /// `Forbidden` with what is missing.
    pub fn need(&self, need: Rights) -> Result<()> {
        if self.rights.contains(need) { Ok(()) } else { Err(Error::Forbidden(need - self.rights)) }
    }
}

/// What a new collection begins with.
#[derive(Clone, Debug, Default)]
pub struct NewCollection {
    /// What it is for (mailboxes).
    pub special_use: Option<SpecialUse>,
    /// Whether the owner is subscribed to it (mailboxes).
    pub subscribed: bool,
    /// Properties with a meaning to a door.
    pub properties: BTreeMap<String, String>,
}

/// Checks the name of an item: as [`valid_name`], but LF may be in it.
///
/// # Errors
/// As [`valid_name`].
pub fn valid_item_name(name: &str) -> Result<()> {
    check_name(name, |letter| letter == '\n')
}

/// Checks one name of a collection.
///
/// # Errors
/// `Invalid` for an empty one, `.`, `..`, one with `/` or a control character; `TooLarge` past
/// [`NAME_BYTES_MAX`].
pub fn valid_name(name: &str) -> Result<()> {
    check_name(name, |_| false)
}

/// Checks a name; `extra` says which control characters may be in it.
fn check_name(name: &str, extra: impl Fn(char) -> bool) -> Result<()> {
    if name.len() > NAME_BYTES_MAX {
        return Err(Error::TooLarge(NAME_BYTES_MAX as u64));
    }
    if name.is_empty()
        || name == "."
        || name == ".."
        || name.contains('/')
        || name.chars().any(|letter| letter.is_control() && !extra(letter))
    {
        return Err(Error::Invalid("not a name"));
    }
    Ok(())
}

impl Reader {
    /// Opens a collection of this kind.
    ///
    /// # Errors
    /// `NotFound` when it is not there, of another kind, or may not be known of by the principal; `Forbidden` when it
    /// is visible and rights are missing.
    pub async fn open<K: Kind>(&self, id: CollectionId, need: Rights) -> Result<Collection<K>> {
        let row = self.collection_row(id).await?.ok_or(Error::NotFound)?;
        let rights = self.rights_on(&row);
        let is_visible = rights.contains(Rights::LOOKUP);
        // What each right of a mailbox allows it allows by itself (RFC 4314 4): it need not be listed.
        let is_known = is_visible || row.kind == CollectionKind::Mailbox && rights.intersects(Rights::NAMING);
        if row.kind != K::KIND || !is_known || !(is_visible || rights.contains(need)) {
            return Err(Error::NotFound);
        }
        let collection = Collection { account: self.account(), id, rights, row, kind: PhantomData };
        collection.need(need)?;
        Ok(collection)
    }

    /// The rights of this reader's principal on a collection of this account.
    #[must_use]
    pub fn rights_on(&self, row: &CollectionRow) -> Rights {
        if self.principal().is(self.account()) {
            return Rights::OWNER;
        }
        let mine = row.grants.iter().filter(|(to, _)| self.principal().is(*to));
        mine.fold(Rights::empty(), |sum, (_, rights)| sum | *rights)
    }

    /// The collection of that name under a parent, if the principal may know of it.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn child(
        &self,
        parent: CollectionId,
        kind: CollectionKind,
        name: &str,
    ) -> Result<Option<CollectionId>> {
        let key = child_key(self.account(), parent, kind, name);
        let Some(found) = self.view().get(Table::Child, &key).await? else { return Ok(None) };
        let id: CollectionId = record::decode(&found)?;
        let row = self.collection_row(id).await?.ok_or(Error::Corrupt)?;
        Ok(self.rights_on(&row).contains(Rights::LOOKUP).then_some(id))
    }

    /// Every collection of a kind directly under a parent that the principal may know of, in order of name.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn children(
        &self,
        parent: CollectionId,
        kind: CollectionKind,
    ) -> Result<Vec<(CollectionId, CollectionRow)>> {
        let prefix = child_prefix(self.account(), parent, kind);
        let mut found = self.all_children(&prefix).await?;
        found.retain(|(_, row)| self.rights_on(row).contains(Rights::LOOKUP));
        Ok(found)
    }

    /// Whether mailboxes that the principal may know of lie directly under a parent.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn has_mailboxes(&self, parent: CollectionId) -> Result<bool> {
        let mut range = child_prefix(self.account(), parent, CollectionKind::Mailbox).prefix();
        let count = if self.principal().is(self.account()) { 1 } else { SCAN_PAGE_COUNT };
        loop {
            let page = self.view().scan(Table::Child, &range, count, false).await?;
            for (_, value) in &page {
                let row = self.collection_row(record::decode(value)?).await?.ok_or(Error::Corrupt)?;
                if self.rights_on(&row).contains(Rights::LOOKUP) {
                    return Ok(true);
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == count => range.start = after(last),
                _ => return Ok(false),
            }
        }
    }

    /// Every mailbox directly under a parent, those included that the principal may not know of.
    pub(crate) async fn all_mailboxes(
        &self,
        parent: CollectionId,
    ) -> Result<Vec<(CollectionId, CollectionRow)>> {
        self.all_children(&child_prefix(self.account(), parent, CollectionKind::Mailbox)).await
    }

    async fn all_children(&self, prefix: &Key) -> Result<Vec<(CollectionId, CollectionRow)>> {
        let mut found = Vec::new();
        let mut range = prefix.prefix();
        loop {
            let page = self.view().scan(Table::Child, &range, SCAN_PAGE_COUNT, false).await?;
            for (_, value) in &page {
                let id: CollectionId = record::decode(value)?;
                let row = self.collection_row(id).await?.ok_or(Error::Corrupt)?;
                found.push((id, row));
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(found),
            }
        }
    }

    /// How deep a collection lies: 1 for one directly under the root.
    ///
    /// # Errors
    /// `Corrupt` when the way up does not end within [`COLLECTION_DEPTH_MAX`].
    pub async fn depth(&self, id: CollectionId) -> Result<usize> {
        let mut at = id;
        for depth in 0..=COLLECTION_DEPTH_MAX {
            if at == CollectionId::ROOT {
                return Ok(depth);
            }
            at = self.collection_row(at).await?.ok_or(Error::NotFound)?.parent;
        }
        Err(Error::Corrupt)
    }
}

impl Writer {
    /// Makes a collection of this kind under a parent of the same kind or under the root.
    ///
    /// # Errors
    /// `Exists`; `NotFound` or `Forbidden` for the parent; `Invalid` or `TooLarge` for the name, the depth or
    /// the number of collections.
    pub async fn create<K: Kind>(
        &mut self,
        parent: CollectionId,
        name: &str,
        new: NewCollection,
    ) -> Result<Collection<K>> {
        valid_name(name)?;
        self.may_create::<K>(parent).await?;
        if self.depth(parent).await? >= COLLECTION_DEPTH_MAX {
            return Err(Error::TooLarge(COLLECTION_DEPTH_MAX as u64));
        }
        if self.account_row().collection_count >= COLLECTION_COUNT_MAX {
            return Err(Error::TooLarge(COLLECTION_COUNT_MAX));
        }
        self.free_name(parent, K::KIND, name).await?;
        // RFC 4314 6: what is made in a shared one is shared alike.
        let (grants, seen) = match self.collection_row(parent).await? {
            Some(row) => (row.grants, row.properties.get(SEEN_PROPERTY).cloned()),
            None => (Vec::new(), None),
        };
        let mut properties = new.properties;
        if let (Some(seen), CollectionKind::Mailbox) = (seen, K::KIND) {
            properties.entry(SEEN_PROPERTY.to_owned()).or_insert(seen);
        }
        let modseq = self.touch();
        let now = self.store().env().now();
        let (id, uid_validity) = self.next_collection(now);
        let empty = CollectionRow::empty(K::KIND, (parent, name.to_owned()), uid_validity, modseq, now);
        let row = CollectionRow {
            special_use: new.special_use,
            subscribed: new.subscribed,
            grants,
            properties,
            ..empty
        };
        check_properties(&row)?;
        self.enter_grants(id, &row);
        self.link(id, &row)?;
        self.mark_parent(&row, id, true).await?;
        self.set_collection_row(id, row.clone());
        let rights = self.rights_on(&row);
        Ok(Collection { account: self.account(), id, rights, row, kind: PhantomData })
    }

    async fn may_create<K: Kind>(&self, parent: CollectionId) -> Result<()> {
        if parent == CollectionId::ROOT {
            let owner = self.principal().is(self.account());
            return if owner { Ok(()) } else { Err(Error::NotFound) };
        }
        self.open::<K>(parent, Rights::CREATE).await.map(drop)
    }

    pub(crate) async fn free_name(
        &self,
        parent: CollectionId,
        kind: CollectionKind,
        name: &str,
    ) -> Result<()> {
        let taken =
            self.view().get(Table::Child, &child_key(self.account(), parent, kind, name)).await?.is_some();
        let item = Key::collection(self.account(), parent).bytes(name.as_bytes()).done();
        let by_item = kind == CollectionKind::Folder && self.view().get(Table::Item, &item).await?.is_some();
        if taken || by_item { Err(Error::Exists) } else { Ok(()) }
    }

    pub(crate) fn link(&mut self, id: CollectionId, row: &CollectionRow) -> Result<()> {
        let value = record::encode(&id)?;
        self.put_raw(Table::Child, child_key(self.account(), row.parent, row.kind, &row.name), value);
        Ok(())
    }

    /// Tells the parent's change log that a child collection came or went (RFC 6578 3.5).
    pub(crate) async fn mark_parent(
        &mut self,
        row: &CollectionRow,
        id: CollectionId,
        alive: bool,
    ) -> Result<()> {
        // A mailbox's log is one of UIDs: the mailboxes in it are no members of it.
        if row.parent == CollectionId::ROOT || row.kind == CollectionKind::Mailbox {
            return Ok(());
        }
        let modseq = self.touch();
        let mut parent = self.collection_row(row.parent).await?.ok_or(Error::NotFound)?;
        let there = Changed::collection(id);
        let slot_value = if alive { there } else { there.gone(self.store().stamp()) };
        let slot_at =
            |modseq| Key::changed(self.account(), row.parent, modseq).bytes(row.name.as_bytes()).done();
        let (old, slot) = (slot_at(row.slot), slot_at(modseq));
        self.delete_raw(Table::Changed, old);
        self.put_raw(Table::Changed, slot, slot_value.encode()?);
        parent.modseq = modseq;
        self.set_collection_row(row.parent, parent);
        Ok(())
    }

    /// Gives a collection another parent or name; everything below it comes along in this one record.
    ///
    /// # Errors
    /// `Exists`; `Conflict` when the new parent lies inside it; as [`Writer::create`] for parent and name.
    pub async fn rename<K: Kind>(
        &mut self,
        collection: &Collection<K>,
        parent: CollectionId,
        name: &str,
    ) -> Result<()> {
        collection.need(Rights::REMOVE)?;
        valid_name(name)?;
        self.may_create::<K>(parent).await?;
        let height = self.height(collection.id, K::KIND).await?;
        if self.depth(parent).await? + height > COLLECTION_DEPTH_MAX {
            return Err(Error::TooLarge(COLLECTION_DEPTH_MAX as u64));
        }
        let mut at = parent;
        while at != CollectionId::ROOT {
            if at == collection.id {
                return Err(Error::Conflict);
            }
            at = self.collection_row(at).await?.ok_or(Error::NotFound)?.parent;
        }
        self.free_name(parent, K::KIND, name).await?;
        let mut row = self.collection_row(collection.id).await?.ok_or(Error::NotFound)?;
        self.delete_raw(Table::Child, child_key(self.account(), row.parent, row.kind, &row.name));
        self.mark_parent(&row, collection.id, false).await?;
        row.parent = parent;
        name.clone_into(&mut row.name);
        row.modseq = self.touch();
        row.slot = row.modseq;
        self.link(collection.id, &row)?;
        self.mark_parent(&row, collection.id, true).await?;
        self.set_collection_row(collection.id, row);
        Ok(())
    }

    /// Levels of a collection with all below it, itself counted.
    async fn height(&self, id: CollectionId, kind: CollectionKind) -> Result<usize> {
        let mut level = vec![id];
        let mut height = 0;
        while !level.is_empty() && height <= COLLECTION_DEPTH_MAX {
            height += 1;
            let mut below = Vec::new();
            for parent in level {
                // Also those that the principal may not know of: they would be too deep all the same.
                let children = self.all_children(&child_prefix(self.account(), parent, kind)).await?;
                below.extend(children.into_iter().map(|(id, _)| id));
            }
            level = below;
        }
        Ok(height)
    }

    /// Removes a collection that has no collections in it, with all its items. They stay where they lie, out of
    /// sight, until the collection is purged: a small commit, whatever it holds.
    ///
    /// # Errors
    /// `Conflict` when collections lie in it; `Forbidden` without [`Rights::REMOVE`].
    pub async fn remove_collection<K: Kind>(&mut self, collection: &Collection<K>) -> Result<()> {
        collection.need(Rights::REMOVE)?;
        // Also those that the principal may not know of: nobody would ever find them again.
        let below = child_prefix(self.account(), collection.id, K::KIND);
        if !self.all_children(&below).await?.is_empty() {
            return Err(Error::Conflict);
        }
        let row = self.collection_row(collection.id).await?.ok_or(Error::NotFound)?;
        self.remove_collection_locks(collection.id).await?;
        self.delete_raw(Table::Child, child_key(self.account(), row.parent, row.kind, &row.name));
        self.mark_parent(&row, collection.id, false).await?;
        self.forget_grants(collection.id, &row);
        self.drop_collection_row(collection.id, &row);
        self.bury_collection(collection.id, row).await
    }

    /// As [`Writer::remove_collection`], whatever its kind.
    ///
    /// # Errors
    /// `NotFound`; as [`Writer::remove_collection`].
    pub async fn remove_any(&mut self, id: CollectionId) -> Result<()> {
        use crate::kind::{AddressBook, Calendar, Folder, Mailbox};
        match self.collection_row(id).await?.ok_or(Error::NotFound)?.kind {
            CollectionKind::Mailbox => self.remove_opened::<Mailbox>(id).await,
            CollectionKind::Calendar => self.remove_opened::<Calendar>(id).await,
            CollectionKind::AddressBook => self.remove_opened::<AddressBook>(id).await,
            CollectionKind::Folder => self.remove_opened::<Folder>(id).await,
        }
    }

    async fn remove_opened<K: Kind>(&mut self, id: CollectionId) -> Result<()> {
        let opened = self.open::<K>(id, Rights::REMOVE).await?;
        self.remove_collection(&opened).await
    }

    /// Changes a collection's own record: properties, subscription, special use. Grants have [`Writer::grant`].
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::ADMINISTER`]; `TooLarge` for too many properties.
    pub async fn change_collection<K: Kind>(
        &mut self,
        collection: &Collection<K>,
        change: impl FnOnce(&mut CollectionRow),
    ) -> Result<()> {
        collection.need(Rights::ADMINISTER)?;
        let old = self.collection_row(collection.id).await?.ok_or(Error::NotFound)?;
        let mut row = old.clone();
        change(&mut row);
        // Whose \Seen is goes with what has been seen: [`Writer::choose_seen`].
        match old.properties.get(SEEN_PROPERTY) {
            Some(choice) => drop(row.properties.insert(SEEN_PROPERTY.to_owned(), choice.clone())),
            None => drop(row.properties.remove(SEEN_PROPERTY)),
        }
        // Counters and place are not the caller's to set.
        let row = CollectionRow {
            special_use: row.special_use,
            subscribed: row.subscribed,
            properties: row.properties,
            modseq: self.touch(),
            ..old
        };
        check_properties(&row)?;
        self.set_collection_row(collection.id, row);
        Ok(())
    }
}

pub(crate) fn check_properties(row: &CollectionRow) -> Result<()> {
    let bytes: usize = row.properties.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > COLLECTION_PROPERTIES_BYTES_MAX {
        return Err(Error::TooLarge(COLLECTION_PROPERTIES_BYTES_MAX as u64));
    }
    Ok(())
}

fn child_prefix(account: AccountId, parent: CollectionId, kind: CollectionKind) -> Key {
    // Kinds have name spaces of their own: a mailbox and a calendar may share a name.
    let space: &[u8] = match kind {
        CollectionKind::Mailbox => b"m",
        CollectionKind::Calendar => b"c",
        CollectionKind::AddressBook => b"a",
        CollectionKind::Folder => b"f",
    };
    Key::collection(account, parent).bytes(space)
}

pub(crate) fn child_key(
    account: AccountId,
    parent: CollectionId,
    kind: CollectionKind,
    name: &str,
) -> Vec<u8> {
    child_prefix(account, parent, kind).bytes(name.as_bytes()).done()
}

/// The smallest key behind this one.
pub(crate) fn after(key: &Bytes) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

#[cfg(test)]
mod tests;

//! The indexes of calendars and address books: UIDs and times, both ways.

use super::{Check, Fault, items::Items};
use crate::{
    body::Body,
    calendar::{BY_NAME, name_key, time_key},
    key::{Key, split_long},
    record,
    stores::Store,
    uid::BY_ITEM,
};
use bytes::Bytes;
use engine::{Snapshot, Table};
use format::{
    icalendar::{limits::OBJECT_BYTES_MAX, object::Object, span::Span},
    vcard::{card::Card, limits::CARD_BYTES_MAX},
};
use model::{AccountId, CollectionId, CollectionKind, Error, ItemId, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Octets of a bucket's key before the name: level and number.
const BUCKET_BYTES: usize = 5;

impl Check {
    /// Each UID leads to an item that leads back to it, and what has a UID has it here.
    pub(super) async fn check_uids(
        &mut self,
        id: CollectionId,
        kind: CollectionKind,
        items: &Items,
    ) -> Result<()> {
        let prefix = Key::collection(self.account, id);
        let mut range = prefix.prefix();
        // UID by item, and item by UID, as the rows tell it.
        let (mut named, mut found) = (BTreeMap::new(), BTreeMap::new());
        loop {
            let page = self.page(Table::ByUid, &mut range).await?;
            if page.is_empty() {
                break;
            }
            for (key, value) in page {
                let rest = key.get(prefix.len()..).unwrap_or_default();
                let Some(text) = self.read::<String>(Table::ByUid, &key, &value) else { continue };
                match rest.split_first() {
                    Some((&BY_ITEM, item)) => match split_long(item) {
                        Some((item, [])) => drop(named.insert(ItemId(item), text.into_bytes())),
                        _ => self.strange(Table::ByUid, &key),
                    },
                    Some(_) => match items.get(text.as_bytes()) {
                        Some((item, _)) => {
                            // An object has one UID.
                            if found.insert(*item, rest.to_vec()).is_some() {
                                self.find(Fault::Index(Table::ByUid, id, *item));
                            }
                        }
                        None => self.find(Fault::DanglingRecord(Table::ByUid, id)),
                    },
                    None => self.strange(Table::ByUid, &key),
                }
            }
        }
        let ids: BTreeSet<_> = named.keys().chain(found.keys()).copied().collect();
        for item in ids.into_iter().filter(|item| named.get(item) != found.get(item)) {
            self.find(Fault::Index(Table::ByUid, id, item));
        }
        if matches!(kind, CollectionKind::Calendar | CollectionKind::AddressBook) {
            let taken: BTreeSet<_> = found.values().cloned().collect();
            for (item, _) in items.values().filter(|(item, _)| !named.contains_key(item)) {
                let uid = octets_of(&self.store, &self.snapshot, self.account, *item).await?;
                let uid = uid.and_then(|octets| uid_in(kind, &octets));
                // Of two with one UID, one has it.
                if uid.is_some_and(|uid| !taken.contains(uid.as_bytes())) {
                    self.find(Fault::Index(Table::ByUid, id, *item));
                }
            }
        }
        Ok(())
    }

    /// Each calendar object has its span, under its name and in the order of times, and nothing else has.
    pub(super) async fn check_times(&mut self, id: CollectionId, items: &Items) -> Result<()> {
        let prefix = Key::collection(self.account, id);
        let mut range = prefix.prefix();
        let mut rows = BTreeMap::new();
        loop {
            let page = self.page(Table::Time, &mut range).await?;
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        for (name, (item, _)) in items {
            let Ok(name) = std::str::from_utf8(name) else { continue };
            let by_name = rows.get(name_key(prefix.clone(), name).as_slice());
            let span = by_name.and_then(|value| record::decode::<Span>(value).ok());
            let by_time = span.and_then(|span| rows.get(time_key(prefix.clone(), &span, name).as_slice()));
            if by_name.is_none() || by_name != by_time {
                self.find(Fault::Index(Table::Time, id, *item));
            }
        }
        for key in rows.keys() {
            let rest = key.get(prefix.len()..).unwrap_or_default();
            let skipped = if rest.first() == Some(&BY_NAME) { 1 } else { BUCKET_BYTES };
            if rest.get(skipped..).is_none_or(|name| !items.contains_key(name)) {
                self.find(Fault::DanglingRecord(Table::Time, id));
            }
        }
        if rows.len() > items.len() * 2 {
            // More than one place for one object: an old one that was not taken back.
            self.find(Fault::DanglingRecord(Table::Time, id));
        }
        Ok(())
    }
}

/// The octets of an object small enough to be one of a calendar or an address book, when they can be read.
pub(crate) async fn octets_of(
    store: &Store,
    snapshot: &Arc<dyn Snapshot>,
    account: AccountId,
    item: ItemId,
) -> Result<Option<Bytes>> {
    let Some(value) = snapshot.get(Table::Body, &Key::item(account, item).done()).await? else {
        return Ok(None);
    };
    let Ok(body) = record::decode::<Body>(&value) else { return Ok(None) };
    if body.size > OBJECT_BYTES_MAX.max(CARD_BYTES_MAX) as u64 {
        return Ok(None);
    }
    match store.body(&body, 0..u64::MAX).collect().await {
        Ok(octets) => Ok(Some(octets)),
        Err(Error::Corrupt) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The UID that the octets of a calendar object or card have.
pub(crate) fn uid_in(kind: CollectionKind, octets: &[u8]) -> Option<String> {
    match kind {
        CollectionKind::Calendar => Object::parse(octets).ok()?.uid(),
        CollectionKind::AddressBook => Card::parse(octets).ok()?.uid(),
        CollectionKind::Mailbox | CollectionKind::Folder => None,
    }
}

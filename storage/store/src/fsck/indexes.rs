//! The indexes of calendars and address books: UIDs and times, both ways.

use super::{Check, Fault, items::Items};
use crate::{
    calendar::{BY_NAME, name_key, time_key},
    key::{Key, split_long},
    record,
    uid::BY_ITEM,
};
use engine::Table;
use format::icalendar::span::Span;
use model::{CollectionId, Error, ItemId, Result};
use std::collections::BTreeMap;

/// Octets of a bucket's key before the name: level and number.
const BUCKET_BYTES: usize = 5;

impl Check {
    /// Each UID leads to an item that leads back to it.
    pub(super) async fn check_uids(&mut self, id: CollectionId, items: &Items) -> Result<()> {
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
                let rest = key.get(prefix.len()..).ok_or(Error::Corrupt)?;
                let Some(text) = self.read::<String>(Table::ByUid, &key, &value) else { continue };
                match rest.split_first() {
                    Some((&BY_ITEM, item)) => {
                        let (item, _) = split_long(item).ok_or(Error::Corrupt)?;
                        named.insert(ItemId(item), text.into_bytes());
                    }
                    _ => match items.get(text.as_bytes()) {
                        Some((item, _)) => drop(found.insert(*item, rest.to_vec())),
                        None => self.find(Fault::DanglingRecord(Table::ByUid, id)),
                    },
                }
            }
        }
        let ids = named.keys().chain(found.keys()).copied().collect::<Vec<_>>();
        for item in ids.into_iter().filter(|item| named.get(item) != found.get(item)) {
            self.find(Fault::Index(Table::ByUid, id, item));
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
            let name = std::str::from_utf8(name).map_err(|_| Error::Corrupt)?;
            let by_name = rows.get(name_key(prefix.clone(), name).as_slice());
            let span = by_name.and_then(|value| record::decode::<Span>(value).ok());
            let by_time = span.and_then(|span| rows.get(time_key(prefix.clone(), &span, name).as_slice()));
            if by_name.is_none() || by_name != by_time {
                self.find(Fault::Index(Table::Time, id, *item));
            }
        }
        for key in rows.keys() {
            let rest = key.get(prefix.len()..).ok_or(Error::Corrupt)?;
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

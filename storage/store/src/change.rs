//! What changed since a Modseq: a range scan whose cost follows the number of changes.
//!
//! One live slot per item, moved on every write; a removed item leaves a tombstone until it is purged, which
//! raises the collection's floor. There is no log to replay.

use crate::{
    collection::{Collection, after},
    key::{Key, split_long},
    kind::{ItemKey, Kind},
    limits::SCAN_PAGE_COUNT,
    reader::Reader,
    record,
};
use bytes::Bytes;
use engine::Table;
use model::{CollectionId, Error, ItemId, Modseq, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A slot of the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The item, or the number of the child collection.
    pub item: ItemId,
    /// Whether it is there.
    pub alive: bool,
    /// Whether it is a child collection (folders).
    pub collection: bool,
    /// When it was removed; 0 for what is there.
    pub at: Timestamp,
}

impl Changed {
    pub(crate) fn item(item: ItemId) -> Self {
        Self { item, alive: true, collection: false, at: Timestamp::default() }
    }

    pub(crate) fn collection(id: CollectionId) -> Self {
        Self { collection: true, ..Self::item(ItemId(u64::from(id.0))) }
    }

    /// The tombstone of what this was.
    pub(crate) fn gone(self, at: Timestamp) -> Self {
        Self { alive: false, at, ..self }
    }

    pub(crate) fn encode(self) -> Result<Bytes> {
        record::encode(&self)
    }
}

/// The changes of a collection since a Modseq, each name once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSet<Key> {
    /// Items and child collections that came or changed.
    pub changed: Vec<(Key, Changed)>,
    /// Those that went (RFC 7162's VANISHED, RFC 6578's 404).
    pub removed: Vec<(Key, Changed)>,
    /// The state that is reached with these changes: the next token.
    pub upto: Modseq,
    /// Whether more changes follow behind `upto`.
    pub more: bool,
}

impl Reader {
    /// What changed after `since`, oldest first, at least one Modseq's worth and then at most `limit` entries.
    ///
    /// # Errors
    /// `StaleToken` when `since` is below the floor or above the present.
    pub async fn changes<K: Kind>(
        &self,
        collection: &Collection<K>,
        since: Modseq,
        limit: usize,
    ) -> Result<ChangeSet<K::Key>> {
        let row = self.row(collection).await?;
        if since < row.floor || since > row.modseq {
            return Err(Error::StaleToken);
        }
        let mut slots: BTreeMap<Vec<u8>, Changed> = BTreeMap::new();
        let (mut upto, mut more) = (since, false);
        let prefix = Key::collection(collection.account, collection.id);
        let mut range = prefix.prefix_from(prefix.clone().long(since.next().0).done());
        let page_count = limit.clamp(1, SCAN_PAGE_COUNT);
        // One Modseq may span pages: the scan ends where the slots end, not where the last Modseq begins.
        let mut unread = since < row.modseq;
        'scan: while unread {
            let page = self.view().scan(Table::Changed, &range, page_count, false).await?;
            unread = page.len() == page_count;
            for (key, value) in &page {
                let (modseq, name) = slot(key, prefix.len())?;
                if slots.len() >= limit && modseq > upto {
                    more = true;
                    break 'scan;
                }
                upto = modseq;
                slots.insert(name.to_vec(), record::decode(value)?);
            }
            let Some((last, _)) = page.last() else { break };
            range.start = after(last);
        }
        if !more {
            upto = row.modseq;
        }
        self.sorted_out(collection, slots, upto, more).await
    }

    /// A name that was removed and made anew is told as changed only, whichever page its tombstone is on.
    async fn sorted_out<K: Kind>(
        &self,
        collection: &Collection<K>,
        slots: BTreeMap<Vec<u8>, Changed>,
        upto: Modseq,
        more: bool,
    ) -> Result<ChangeSet<K::Key>> {
        let mut set = ChangeSet { changed: Vec::new(), removed: Vec::new(), upto, more };
        let (alive, gone): (Vec<_>, Vec<_>) = slots.into_iter().partition(|(_, slot)| slot.alive);
        for (name, slot) in alive {
            set.changed.push((K::Key::decode(&name)?, slot));
        }
        let item_key = |name: &[u8]| Key::collection(collection.account, collection.id).bytes(name).done();
        let keys: Vec<_> = gone.iter().map(|(name, _)| item_key(name)).collect();
        let now = self.view().get_many(Table::Item, &keys).await?;
        for ((name, slot), row) in gone.into_iter().zip(now) {
            if row.is_none() {
                set.removed.push((K::Key::decode(&name)?, slot));
            }
        }
        Ok(set)
    }
}

/// Splits a slot's key into its Modseq and the item's name.
fn slot(key: &[u8], prefix_bytes: usize) -> Result<(Modseq, &[u8])> {
    let (_, rest) = key.split_at_checked(prefix_bytes).ok_or(Error::Corrupt)?;
    let (modseq, name) = split_long(rest).ok_or(Error::Corrupt)?;
    Ok((Modseq(modseq), name))
}

#[cfg(test)]
mod tests;

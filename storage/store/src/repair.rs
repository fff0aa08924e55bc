//! Repair: makes everything that is derived anew from what is not, says what could not be, and never makes
//! anything worse.
//!
//! It works through accounts' turns and ordinary commits of a page of rows each, so that the server may run
//! beside it and may be cut off anywhere: every step looks at what stands there in its own turn, and a step that
//! finds nothing to do writes nothing. Rows are made from the next best witness: an item's row from its slot in
//! the change log and its body, a body's record from who is said to need its blobs, a blob's place from the
//! segments. UIDs, Modseqs and numbers only grow; where a change log may have lost something, the floor is
//! raised, so that clients look at the whole anew.

mod account;
mod body;
mod collections;
mod contents;
mod counts;
mod damaged;
mod hanging;
mod indexes;
mod items;
mod lists;
mod outside;
mod places;
mod recover;
mod removed;
mod seen;
mod slots;
mod unneeded;

pub(crate) use body::kind_by_content;
pub use damaged::Damaged;

use crate::{
    admission::{awaits_repair, is_repaired},
    fsck::{Depth, Fault, Finding},
    key::Key,
    limits::REPAIR_PASS_COUNT,
    stores::Store,
    writer::Writer,
};
use engine::Table;
use model::{AccountId, CollectionId, ItemId, Result};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

/// What a repair may do.
#[derive(Clone, Copy, Debug)]
pub struct RepairOptions {
    /// How thorough its checks are.
    pub depth: Depth,
    /// Whether items whose octets are lost are removed; otherwise they stay and are told.
    pub drop_damaged: bool,
}

/// What came of a repair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// What was wrong.
    pub found: Vec<Finding>,
    /// What still is: true losses.
    pub remaining: Vec<Finding>,
    /// What was made anew and is not quite what it was.
    pub notes: Vec<Note>,
}

/// Something that a repair could not leave as it had been.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The account's own record was made anew; its quota is the default one.
    AccountRebuilt,
    /// A collection's record was made anew under this name: its properties and grants are lost, and it has a new
    /// UIDVALIDITY.
    CollectionRebuilt(CollectionId, String),
    /// A collection got another name or parent, because its own was taken or is gone.
    CollectionMoved(CollectionId, String),
    /// An item's row was made anew from its body: flags and dates are lost.
    ItemRebuilt(CollectionId, String),
    /// The record of an item's octets was made anew.
    ContentRebuilt(ItemId),
    /// Octets without an item were put here.
    Recovered(ItemId, String),
    /// An item's dead properties are lost.
    PropertiesLost(CollectionId, String),
    /// The account is on hold from now on, because it is not known whether it was.
    Held,
    /// A record that says nothing was removed.
    Removed(Table, Vec<u8>),
    /// An item whose octets are lost was removed, as was asked for.
    Dropped(CollectionId, String),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccountRebuilt => write!(f, "the account's record was made anew; its quota is the default"),
            Self::CollectionRebuilt(id, name) => {
                write!(f, "collection {id} was made anew as {name:?}; properties and grants are lost")
            }
            Self::CollectionMoved(id, name) => write!(f, "collection {id} is now named {name:?}"),
            Self::ItemRebuilt(id, name) => {
                write!(f, "item {name:?} of collection {id} was made anew; flags and dates are lost")
            }
            Self::ContentRebuilt(item) => write!(f, "the record of the octets of item {item} was made anew"),
            Self::Recovered(item, place) => {
                write!(f, "octets without an item ({item}) were put into {place:?}")
            }
            Self::PropertiesLost(id, name) => {
                write!(f, "the dead properties of item {name:?} of collection {id} are lost")
            }
            Self::Held => write!(f, "the account is on hold, since it is not known whether it was"),
            Self::Removed(table, key) => {
                write!(f, "a row of {table:?} that says nothing was removed: {key:02x?}")
            }
            Self::Dropped(id, name) => write!(f, "damaged item {name:?} of collection {id} was removed"),
        }
    }
}

/// The repair of one account.
struct Repair {
    store: Store,
    account: AccountId,
    options: RepairOptions,
    notes: Vec<Note>,
    /// Whether the change log of the account had lost something.
    slots_lost: bool,
    /// Keys of the rows of objects, by the numbers they stand under.
    owners: HashMap<ItemId, Vec<u8>>,
    /// Removed collections: the number of their row, and whether their purge has begun.
    removed: BTreeMap<CollectionId, (ItemId, bool)>,
    /// How many rows stand under a number.
    standing: HashMap<ItemId, u32>,
}

impl Store {
    /// Repairs one account, with the places of the blobs it needs.
    ///
    /// # Errors
    /// `Unavailable`; what was done until then stays done, and the next repair goes on.
    pub async fn repair(&self, account: AccountId, options: RepairOptions) -> Result<Repaired> {
        let found = self.fsck(account, options.depth).await?;
        let mut repaired = Repaired { remaining: found.clone(), found, ..Repaired::default() };
        let (store, notes) = (self.clone(), Vec::new());
        let mut repair = Repair {
            store,
            account,
            options,
            notes,
            slots_lost: false,
            owners: HashMap::new(),
            removed: BTreeMap::new(),
            standing: HashMap::new(),
        };
        for _ in 0..REPAIR_PASS_COUNT {
            if repaired.remaining.is_empty() {
                break;
            }
            repair.pass(&repaired.remaining).await?;
            let left = self.fsck(account, options.depth).await?;
            // What no pass changes is lost.
            let settled = left == repaired.remaining;
            repaired.remaining = left;
            if settled && !(options.drop_damaged && repair.drop_damaged(&repaired.remaining).await?) {
                break;
            }
        }
        repaired.notes = repair.notes;
        Ok(repaired)
    }

    /// Repairs what belongs to no account: the queue's order, who is said to need blobs, rows without a key.
    /// `kept` names items whose octets are lost: who is said to need their blobs stays told.
    ///
    /// # Errors
    /// As [`Store::repair`].
    pub async fn repair_outside(
        &self,
        options: RepairOptions,
        kept: &BTreeSet<(AccountId, ItemId)>,
    ) -> Result<Repaired> {
        let found = self.fsck_outside(options.depth).await?;
        let mut repaired = Repaired { remaining: found.clone(), found, ..Repaired::default() };
        if !repaired.found.is_empty() {
            repaired.notes = outside::repair(self, &repaired.found, kept).await?;
            repaired.remaining = self.fsck_outside(options.depth).await?;
        }
        // Without reading octets it is not known that a place is the one where they are.
        if options.depth == Depth::Bytes && awaits_repair(&self.inner.engine).await? {
            unneeded::forget(self).await?;
            is_repaired(&self.inner.engine).await?;
        }
        Ok(repaired)
    }

    /// Repairs everything, account by account.
    ///
    /// # Errors
    /// As [`Store::repair`].
    pub async fn repair_all(&self, options: RepairOptions) -> Result<Repaired> {
        let mut all = Repaired::default();
        for (account, _) in self.fsck_accounts().await? {
            all.add(self.repair(account, options).await?);
        }
        let kept = all.lost();
        if all.remaining.iter().any(|finding| matches!(finding.fault, Fault::More(_))) {
            // Not every lost item was told, so who needs which blob is not known: nothing of it may go.
            all.remaining.extend(self.fsck_outside(options.depth).await?);
        } else {
            all.add(self.repair_outside(options, &kept).await?);
        }
        Ok(all)
    }
}

impl Repaired {
    /// Adds what came of another.
    pub fn add(&mut self, other: Self) {
        self.found.extend(other.found);
        self.remaining.extend(other.remaining);
        self.notes.extend(other.notes);
    }

    /// The items whose octets are lost or damaged.
    #[must_use]
    pub fn lost(&self) -> BTreeSet<(AccountId, ItemId)> {
        self.remaining.iter().filter_map(|finding| Some((finding.account, finding.fault.lost()?))).collect()
    }
}

impl Fault {
    /// The item whose octets this says are lost or damaged.
    #[must_use]
    pub fn lost(&self) -> Option<ItemId> {
        match self {
            Self::NoContent(_, item)
            | Self::WrongSize(_, item)
            | Self::NoBlob(item, _)
            | Self::DamagedBlob(item, _) => Some(*item),
            Self::Unreadable(Table::Message | Table::Body, key) => damaged::item_of(key),
            _ => None,
        }
    }
}

impl Repair {
    /// Every step once. Each leaves things no worse, and what one makes another may need: the next pass does it.
    async fn pass(&mut self, findings: &[Finding]) -> Result<()> {
        self.owners.clear();
        self.account_row().await?;
        self.contents_from_blobs(findings).await?;
        self.removed().await?;
        let mut collections = self.collections().await?;
        collections.extend(self.removed_whole());
        self.count_standing(&collections).await?;
        for id in collections {
            self.slots(id).await?;
            self.indexes(id).await?;
            self.items(id).await?;
        }
        self.hanging().await?;
        self.seen_pages().await?;
        self.references().await?;
        self.spare_lists(findings).await?;
        if findings.iter().any(|finding| finding.fault == Fault::Search) {
            // Searches read the messages until it is built again.
            self.store.forget_index(self.account).await?;
        }
        if findings.iter().any(|finding| matches!(finding.fault, Fault::NoBlob(..) | Fault::DamagedBlob(..)))
        {
            places::find(&self.store, findings).await?;
        }
        self.counts().await?;
        if std::mem::take(&mut self.slots_lost) {
            self.raise_floors().await?;
        }
        Ok(())
    }

    async fn turn(&self) -> Result<Writer> {
        self.store.begin_as_owner(self.account).await
    }

    fn prefix(&self) -> Key {
        Key::account(self.account)
    }

    /// Removes a row that says nothing.
    fn discard(&mut self, writer: &mut Writer, table: Table, key: &[u8]) {
        writer.delete_raw(table, key.to_vec());
        self.notes.push(Note::Removed(table, key.to_vec()));
    }
}

/// An item's name for people: its UID in a mailbox.
fn spelled(name: &[u8]) -> String {
    match <[u8; 4]>::try_from(name) {
        Ok(uid) => u32::from_be_bytes(uid).to_string(),
        Err(_) => String::from_utf8_lossy(name).into_owned(),
    }
}

#[cfg(test)]
mod tests;

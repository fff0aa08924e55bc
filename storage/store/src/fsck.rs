//! Checks every invariant of what is stored, reading one snapshot an account and changing nothing; octets are read when
//! it has been let go.
//!
//! What is derived (counts, quota, links, change slots, references) is recomputed from the items and compared.

mod blobs;
mod deleted;
mod grants;
mod indexes;
mod items;
mod metadata;
mod octets;
mod queue;
mod search;
mod seen;

pub(crate) use blobs::{needs, split_reference};
pub(crate) use indexes::uid_in;
pub(crate) use metadata::annotated;

use crate::{
    collection::{after, child_key},
    key::{Key, split_number},
    limits::{FINDING_COUNT_MAX, SCAN_PAGE_COUNT},
    queue::{QUEUE_HOLDER, QueueId},
    record::{self, AccountRow, CollectionRow, Record},
    stores::Store,
};
use bytes::Bytes;
use engine::{Range, Snapshot, Table};
use model::{AccountId, BlobId, CollectionId, ItemId, Modseq, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The account; 0 for what belongs to none.
    pub account: AccountId,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A record cannot be read.
    Unreadable(Table, Vec<u8>),
    /// The account has records, but none of its own.
    NoAccount,
    /// The number of collections is not the account's count.
    CollectionCount(u64, u64),
    /// The account's quota is not the sum of its items: used octets and items as stored, as counted.
    Quota((u64, u64), (u64, u64)),
    /// The account's number of messages is wrong: as stored, as counted.
    MessageCount(u64, u64),
    /// A collection's counts are not those of its items.
    Counts(CollectionId),
    /// A collection cannot be found under its parent and name.
    NotLinked(CollectionId),
    /// A name leads to a collection that is not there or has another name.
    DanglingName(CollectionId),
    /// A collection's number or UIDVALIDITY was not given yet: it could be given again.
    NumberAhead(CollectionId),
    /// A Modseq is higher than its collection's or account's.
    ModseqAhead(CollectionId, Modseq),
    /// A UID is not below the mailbox's next one.
    UidAhead(CollectionId, u32),
    /// An item has no slot in the change log, or a wrong one.
    NoSlot(CollectionId, ItemId),
    /// A slot leads to nothing.
    DanglingSlot(CollectionId, Modseq),
    /// An item's message record or body is missing.
    NoContent(CollectionId, ItemId),
    /// A message record or body that no item has.
    Orphan(ItemId),
    /// A message record does not count its copies rightly: as stored, as counted.
    Copies(ItemId, u32, u32),
    /// An item's size or hash is not its body's.
    WrongSize(CollectionId, ItemId),
    /// An item says it has dead properties and has none, or the other way round.
    Properties(CollectionId, ItemId),
    /// An item's line in an index is missing or not its own.
    Index(Table, CollectionId, ItemId),
    /// A record under a collection that is not there.
    DanglingRecord(Table, CollectionId),
    /// A blob that is needed has no place.
    NoBlob(ItemId, BlobId),
    /// A blob that is needed cannot be read whole.
    DamagedBlob(ItemId, BlobId),
    /// The list of a body's chunks cannot be read; the body can.
    NoList(ItemId, BlobId),
    /// A blob is needed by an item that is not recorded as needing it: it could be collected.
    NoReference(ItemId, BlobId),
    /// A blob is recorded as needed by something that does not.
    DanglingReference(ItemId, BlobId),
    /// What is kept of removed items is not their sum: octets and items as stored, as counted.
    Kept((u64, u64), (u64, u64)),
    /// A queued message stands in the order of due times wrongly or not at all, or a line or recipient belongs
    /// to no message.
    Queue(QueueId),
    /// The search index lacks messages that it says it knows, or rows of its own.
    Search,
    /// A grant is not told the other way round, or told and not given.
    Grant(CollectionId, AccountId),
    /// So many more findings of this account are not told.
    More(u64),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}: {:?}", self.account, self.fault)
    }
}

/// How thorough a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Records only.
    Records,
    /// The bytes of every blob that is needed too.
    Bytes,
}

/// What one account's records come to.
struct Check {
    store: Store,
    snapshot: Arc<dyn Snapshot>,
    account: AccountId,
    depth: Depth,
    collections: BTreeMap<CollectionId, CollectionRow>,
    /// Collections that were removed and not yet purged, and whether their purge has begun.
    removed: BTreeMap<CollectionId, (CollectionRow, bool)>,
    /// Message records and how many mailbox entries have them.
    messages: BTreeMap<ItemId, u32>,
    /// Copies that message records do not count.
    copies: BTreeMap<ItemId, u32>,
    /// Objects, with the collection and the size their row tells.
    objects: BTreeMap<ItemId, (CollectionId, u64, BlobId)>,
    /// Sizes that mailbox entries tell of their messages.
    sizes: BTreeMap<ItemId, (CollectionId, u64)>,
    /// Items with dead properties.
    with_properties: BTreeMap<ItemId, CollectionId>,
    used: (u64, u64),
    message_count: u64,
    findings: Vec<Finding>,
    /// Findings that were too many to be told.
    untold: u64,
}

impl Store {
    /// Checks one account.
    ///
    /// # Errors
    /// `Unavailable` when the engine cannot be read; what is wrong with the records is in the findings.
    pub async fn fsck(&self, account: AccountId, depth: Depth) -> Result<Vec<Finding>> {
        let _held = self.hold_segments();
        let snapshot = self.inner.engine.snapshot().await?;
        let mut check = Check::new(self.clone(), snapshot, account, depth);
        if check.run().await? {
            check.finish().await?;
        }
        Ok(check.told())
    }

    /// Checks every account, and that nothing holds blobs but what is there.
    ///
    /// # Errors
    /// As [`Store::fsck`].
    pub async fn fsck_all(&self, depth: Depth) -> Result<Vec<Finding>> {
        let _held = self.hold_segments();
        let snapshot = self.inner.engine.snapshot().await?;
        let (accounts, mut findings) = accounts_with_records(&snapshot).await?;
        drop(snapshot);
        for account in accounts {
            findings.extend(self.fsck(account, depth).await?);
        }
        let snapshot = self.inner.engine.snapshot().await?;
        findings.extend(self.fsck_outside_in(snapshot, depth).await?);
        Ok(findings)
    }

    /// Every account that has a record of any kind, with about how many items it says it has.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn fsck_accounts(&self) -> Result<Vec<(AccountId, u64)>> {
        let snapshot = self.inner.engine.snapshot().await?;
        let mut found = Vec::new();
        for account in accounts_with_records(&snapshot).await?.0 {
            let row = snapshot.get(Table::Account, &Key::account(account).done()).await?;
            let row = row.and_then(|value| record::decode::<AccountRow>(&value).ok());
            found.push((account, row.map_or(0, |row| row.quota.used_count)));
        }
        Ok(found)
    }

    /// Checks what belongs to no account: keys that cannot be read, the queue, who is said to need blobs.
    ///
    /// # Errors
    /// As [`Store::fsck`].
    pub async fn fsck_outside(&self, depth: Depth) -> Result<Vec<Finding>> {
        let _held = self.hold_segments();
        let snapshot = self.inner.engine.snapshot().await?;
        let (_, mut findings) = accounts_with_records(&snapshot).await?;
        findings.extend(self.fsck_outside_in(snapshot, depth).await?);
        Ok(findings)
    }

    async fn fsck_outside_in(&self, snapshot: Arc<dyn Snapshot>, depth: Depth) -> Result<Vec<Finding>> {
        let mut findings = blobs::references(&snapshot).await?;
        findings.extend(grants::told(&snapshot).await?);
        let mut check = Check::new(self.clone(), snapshot, QUEUE_HOLDER, depth);
        check.check_queue().await?;
        check.finish().await?;
        findings.extend(check.told());
        Ok(findings)
    }
}

/// Tables whose keys begin with the account.
pub(crate) const ACCOUNT_TABLES: [Table; 13] = [
    Table::Account,
    Table::Collection,
    Table::Child,
    Table::Item,
    Table::Changed,
    Table::Message,
    Table::Body,
    Table::ByUid,
    Table::Time,
    Table::Property,
    Table::Lock,
    Table::Deleted,
    Table::Copies,
];

/// Every account that has a record of any kind, and the keys that belong to none.
async fn accounts_with_records(snapshot: &Arc<dyn Snapshot>) -> Result<(Vec<AccountId>, Vec<Finding>)> {
    let (mut found, mut strange) = (BTreeSet::new(), Vec::new());
    for table in ACCOUNT_TABLES {
        let mut range = Range::prefix(b"");
        // One step an account: skip over what it has.
        while let Some((key, _)) = snapshot.scan(table, &range, 1, false).await?.into_iter().next() {
            let Some((id, _)) = split_number(&key) else {
                let fault = Fault::Unreadable(table, key.to_vec());
                strange.push(Finding { account: AccountId(0), fault });
                range.start = after(&key);
                continue;
            };
            found.insert(AccountId(id));
            match id.checked_add(1) {
                Some(next) => range.start = Key::account(AccountId(next)).done(),
                None => break,
            }
        }
    }
    Ok((found.into_iter().collect(), strange))
}

impl Check {
    fn new(store: Store, snapshot: Arc<dyn Snapshot>, account: AccountId, depth: Depth) -> Self {
        Self {
            store,
            snapshot,
            account,
            depth,
            collections: BTreeMap::new(),
            removed: BTreeMap::new(),
            messages: BTreeMap::new(),
            copies: BTreeMap::new(),
            objects: BTreeMap::new(),
            sizes: BTreeMap::new(),
            with_properties: BTreeMap::new(),
            used: (0, 0),
            message_count: 0,
            findings: Vec::new(),
            untold: 0,
        }
    }

    /// What was found.
    fn told(mut self) -> Vec<Finding> {
        if self.untold > 0 {
            self.findings.push(Finding { account: self.account, fault: Fault::More(self.untold) });
        }
        self.findings
    }

    /// Reads the octets, when they are to be read.
    async fn finish(&mut self) -> Result<()> {
        if self.depth == Depth::Bytes { self.check_octets().await } else { Ok(()) }
    }

    /// Checks the records; false when the account's own cannot be read, without which nothing can be said of the others.
    async fn run(&mut self) -> Result<bool> {
        let key = Key::account(self.account).done();
        let Some(row) = self.snapshot.get(Table::Account, &key).await? else {
            self.find(Fault::NoAccount);
            return Ok(false);
        };
        let Some(row) = self.read::<AccountRow>(Table::Account, &key, &row) else { return Ok(false) };
        self.load_collections().await?;
        self.check_names(&row).await?;
        self.check_grants().await?;
        self.check_deleted(&row).await?;
        for id in self.collections.keys().chain(self.removed.keys()).copied().collect::<Vec<_>>() {
            self.check_collection(id, &row).await?;
        }
        self.check_records().await?;
        self.check_metadata().await?;
        self.check_seen().await?;
        let messages = self.check_contents().await?;
        self.check_search(&messages).await?;
        let counted = self.collections.len() as u64;
        if row.collection_count != counted {
            self.find(Fault::CollectionCount(row.collection_count, counted));
        }
        let stored = (row.quota.used_bytes, row.quota.used_count);
        if stored != self.used {
            self.find(Fault::Quota(stored, self.used));
        }
        if let Some(count) = row.messages.count.filter(|count| *count != self.message_count) {
            self.find(Fault::MessageCount(count, self.message_count));
        }
        Ok(true)
    }

    fn find(&mut self, fault: Fault) {
        if self.findings.len() < FINDING_COUNT_MAX {
            self.findings.push(Finding { account: self.account, fault });
        } else {
            self.untold += 1;
        }
    }

    /// A key that is none of its table's.
    fn strange(&mut self, table: Table, key: &[u8]) {
        self.find(Fault::Unreadable(table, key.to_vec()));
    }

    /// Decodes a record, or finds it unreadable.
    fn read<T: Record>(&mut self, table: Table, key: &[u8], value: &[u8]) -> Option<T> {
        let read = record::decode(value).ok();
        if read.is_none() {
            self.find(Fault::Unreadable(table, key.to_vec()));
        }
        read
    }

    /// The next page of a range; moves the range behind it.
    async fn page(&self, table: Table, range: &mut Range) -> Result<Vec<(Bytes, Bytes)>> {
        page(&self.snapshot, table, range).await
    }

    async fn load_collections(&mut self) -> Result<()> {
        let prefix = Key::account(self.account);
        let mut range = prefix.prefix();
        loop {
            let page = self.page(Table::Collection, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                let Some((id, [])) = key.get(prefix.len()..).and_then(split_number) else {
                    self.strange(Table::Collection, &key);
                    continue;
                };
                if let Some(row) = self.read(Table::Collection, &key, &value) {
                    self.collections.insert(CollectionId(id), row);
                }
            }
        }
    }

    /// Names lead to collections, collections have their names, and numbers are below the next ones.
    async fn check_names(&mut self, account: &AccountRow) -> Result<()> {
        let mut faults = Vec::new();
        for (id, row) in &self.collections {
            let key = child_key(self.account, row.parent, row.kind, &row.name);
            let linked = self.snapshot.get(Table::Child, &key).await?;
            if linked.and_then(|value| record::decode::<CollectionId>(&value).ok()) != Some(*id) {
                faults.push(Fault::NotLinked(*id));
            }
            if row.parent != CollectionId::ROOT && !self.collections.contains_key(&row.parent) {
                faults.push(Fault::NotLinked(*id));
            }
            if *id >= account.next_collection || row.uid_validity > account.uid_validity {
                faults.push(Fault::NumberAhead(*id));
            }
            if row.modseq > account.modseq || row.floor > row.modseq {
                faults.push(Fault::ModseqAhead(*id, row.modseq));
            }
        }
        faults.into_iter().for_each(|fault| self.find(fault));
        let mut range = Key::account(self.account).prefix();
        loop {
            let page = self.page(Table::Child, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                let Some(id) = self.read::<CollectionId>(Table::Child, &key, &value) else { continue };
                let right = self.collections.get(&id).is_some_and(|row| {
                    child_key(self.account, row.parent, row.kind, &row.name) == key.as_ref()
                });
                if !right {
                    self.find(Fault::DanglingName(id));
                }
            }
        }
    }
}

/// The next page of a range; moves the range behind it.
pub(crate) async fn page(
    snapshot: &Arc<dyn Snapshot>,
    table: Table,
    range: &mut Range,
) -> Result<Vec<(Bytes, Bytes)>> {
    if !range.end.is_empty() && range.start >= range.end {
        return Ok(Vec::new());
    }
    let page = snapshot.scan(table, range, SCAN_PAGE_COUNT, false).await?;
    match page.last() {
        Some((last, _)) => range.start = after(last),
        None => range.start.clone_from(&range.end),
    }
    Ok(page)
}

#[cfg(test)]
mod tests;

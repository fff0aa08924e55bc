//! An account's index: which segments there are, bringing it up to date, and keeping segments few.
//!
//! The index is derived: it may be thrown away at any time ([`Store::forget_index`]) and is built again in the
//! background. It is written beside the account's turn, by one batch after the other, each under the precondition
//! that the index's record is as it was read: of two builders at once one gives up.

use super::{
    merge,
    segment::{Builder, DOCUMENTS, MANY, SegmentWriter, Written, row},
    text,
};
use crate::{
    collection::after,
    key::{Key, split_long, split_number},
    limits::{
        SCAN_PAGE_COUNT, SEARCH_BUILD_BYTES_MAX, SEARCH_BUILD_COUNT_MAX, SEARCH_PAGE_COUNT,
        SEARCH_TAIL_COUNT_MAX,
    },
    message::MessageRecord,
    record::{self, AccountRow},
    stores::{Store, locked},
    view::View,
};
use bytes::Bytes;
use engine::{Batch, Op, Precondition, Table};
use model::{AccountId, Error, ItemId, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the rows of segments look like. An index of another layout is built anew.
pub(crate) const LAYOUT: u8 = 1;

/// The record of an account's index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Every message up to here is in a segment, or was gone when its turn came.
    pub(crate) known_to: ItemId,
    next_segment: u32,
    /// In the order of their messages.
    pub(crate) segments: Vec<Segment>,
    /// Segments that are being written or were given up: their rows must go.
    garbage: Vec<u32>,
}

impl Index {
    fn new() -> Self {
        Self { known_to: ItemId(0), next_segment: 1, segments: Vec::new(), garbage: Vec::new() }
    }

    fn encode(&self) -> Result<Bytes> {
        postcard::to_extend(self, vec![LAYOUT]).map(Bytes::from).map_err(|_| Error::Corrupt)
    }

    #[cfg(test)]
    pub(super) fn garbage_for_test(&self) -> &[u32] {
        &self.garbage
    }

    #[cfg(test)]
    pub(super) fn next_for_test(&self) -> u32 {
        self.next_segment
    }

    /// `None` for another layout, and for what cannot be read: the index is built anew then.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (layout, octets) = bytes.split_first()?;
        (*layout == LAYOUT).then(|| postcard::from_bytes(octets).ok()).flatten()
    }
}

/// A segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) id: u32,
    /// Messages in it.
    pub(crate) count: u32,
    /// Octets of its rows.
    pub(super) bytes: u64,
}

impl Segment {
    #[cfg(test)]
    pub(super) fn for_test(count: u32) -> Self {
        Self { id: 1, count, bytes: 0 }
    }

    /// Segments of one level are merged when there are enough of them.
    pub(super) fn level(self) -> u32 {
        (self.count / SEARCH_TAIL_COUNT_MAX as u32 + 1).ilog(merge::FAN)
    }
}

/// The index of an account, if there is one that this build can read.
pub(super) async fn load(view: &View, account: AccountId) -> Result<Option<Index>> {
    Ok(view.get(Table::Search, &key(account)).await?.and_then(|bytes| Index::decode(&bytes)))
}

fn key(account: AccountId) -> Vec<u8> {
    Key::account(account).bytes(&[0]).done()
}

impl Store {
    /// Accounts that have got messages since this was asked last.
    #[must_use]
    pub fn take_unindexed(&self) -> Vec<AccountId> {
        locked(&self.inner.unindexed).drain().collect()
    }

    /// Brings the index of an account up to date, as far as one step goes: messages that came, or segments to
    /// merge. Few messages are left for the next time: reading them is quick. Returns whether there is more.
    ///
    /// # Errors
    /// `Unavailable`; `Conflict` when another builder was faster.
    pub async fn index(&self, account: AccountId) -> Result<bool> {
        let Some(mut work) = Work::begin(self, account).await? else { return Ok(false) };
        work.sweep().await?;
        if work.add().await? {
            return Ok(true);
        }
        work.merge().await
    }

    /// Throws the index of an account away; it is built again when [`Store::index`] is called.
    ///
    /// # Errors
    /// `Unavailable`; `Conflict` when others work on it at this very moment.
    pub async fn forget_index(&self, account: AccountId) -> Result<()> {
        for _ in 0..FORGET_TRIES {
            let view = View::new(self.inner.engine.snapshot().await?, Vec::new());
            let found = view.get(Table::Search, &key(account)).await?;
            let known = found.as_deref().and_then(Index::decode).map_or(1, |index| index.next_segment);
            let garbage = segments_with_rows(&view, account).await?;
            // The numbers of segments are never used again, so that what is left of them cannot be taken for new
            // ones; their rows go when the index is worked on next.
            let next_segment = garbage.last().map_or(known, |last| known.max(last.saturating_add(1)));
            let next_segment = next_segment.saturating_add(1);
            let index = Index { next_segment, garbage: garbage.into_iter().collect(), ..Index::new() };
            // Whoever wrote a segment meanwhile has changed the record before, and its rows were not seen here.
            let same = match found {
                Some(found) => Precondition::Equals(Table::Search, key(account), found),
                None => Precondition::Absent(Table::Search, key(account)),
            };
            let ops = vec![Op::Put(Table::Search, key(account), index.encode()?)];
            match self.inner.engine.commit(Batch { expect: vec![same], ops }).await {
                Ok(_durable) => {
                    locked(&self.inner.unindexed).insert(account);
                    return Ok(());
                }
                Err(Error::PreconditionFailed) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Conflict)
    }
}

/// How often throwing an index away is tried against others who work on it.
const FORGET_TRIES: usize = 8;

/// The segments of which there are rows, whatever the record says: one look for each.
async fn segments_with_rows(view: &View, account: AccountId) -> Result<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    for part in DOCUMENTS..=MANY {
        let mut range = Key::account(account).bytes(&[part]).prefix();
        loop {
            let page = view.scan(Table::Search, &range, 1, false).await?;
            let Some((at, _)) = page.first() else { break };
            let Some((id, _)) = at.get(SEGMENT_AT..).and_then(split_number) else {
                range.start = after(at);
                continue;
            };
            found.insert(id);
            let Some(next) = id.checked_add(1) else { break };
            range.start = row(account, part, next).done();
        }
    }
    Ok(found)
}

/// Where a row's key names its segment: behind the account and the part.
const SEGMENT_AT: usize = 4 + 1;

/// An account whose index is worked on.
struct Work<'s> {
    store: &'s Store,
    account: AccountId,
    view: View,
    /// The record as it is stored.
    found: Option<Bytes>,
    index: Index,
}

impl<'s> Work<'s> {
    /// `None` when there is certainly nothing to do.
    async fn begin(store: &'s Store, account: AccountId) -> Result<Option<Self>> {
        let view = View::new(store.inner.engine.snapshot().await?, Vec::new());
        let Some(row) = view.get(Table::Account, &Key::account(account).done()).await? else {
            return Ok(None);
        };
        let row: AccountRow = record::decode(&row)?;
        let found = view.get(Table::Search, &key(account)).await?;
        let index = match found.as_deref().map(Index::decode) {
            Some(Some(index)) => index,
            Some(None) => {
                store.forget_index(account).await?;
                return Ok(None);
            }
            None => Index::new(),
        };
        let few = row.next_item.0.saturating_sub(index.known_to.0) <= SEARCH_TAIL_COUNT_MAX as u64;
        if few && index.garbage.is_empty() && merge::choose(&index.segments).is_none() {
            return Ok(None);
        }
        Ok(Some(Self { store, account, view, found, index }))
    }

    /// Writes the record, if it is still as it was read.
    async fn save(&mut self) -> Result<()> {
        let stored = self.index.encode()?;
        let present = Precondition::Present(Table::Account, Key::account(self.account).done());
        let same = match self.found.take() {
            Some(found) => Precondition::Equals(Table::Search, key(self.account), found),
            None => Precondition::Absent(Table::Search, key(self.account)),
        };
        let ops = vec![Op::Put(Table::Search, key(self.account), stored.clone())];
        let batch = Batch { expect: vec![present, same], ops };
        match self.store.inner.engine.commit(batch).await {
            Ok(_durable) => self.found = Some(stored),
            Err(Error::PreconditionFailed) => return Err(Error::Conflict),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A number for a segment that is going to be written, noted so that its rows are never forgotten.
    async fn new_segment(&mut self) -> Result<u32> {
        let id = self.index.next_segment;
        self.index.next_segment = id.checked_add(1).ok_or(Error::Corrupt)?;
        self.index.garbage.push(id);
        self.save().await?;
        Ok(id)
    }

    /// Writes a segment as long as the record is what it is now.
    fn segment(&self, id: u32) -> Result<SegmentWriter<'s>> {
        let record = self.found.clone().ok_or(Error::Corrupt)?;
        Ok(SegmentWriter::new(&*self.store.inner.engine, self.account, id, (key(self.account), record)))
    }

    /// Removes the rows of segments that nothing needs.
    async fn sweep(&mut self) -> Result<()> {
        if self.index.garbage.is_empty() {
            return Ok(());
        }
        // The record changes first: whoever still writes one of them gives up at its next batch.
        self.index.next_segment = self.index.next_segment.checked_add(1).ok_or(Error::Corrupt)?;
        self.save().await?;
        self.view = View::new(self.store.inner.engine.snapshot().await?, Vec::new());
        for segment in std::mem::take(&mut self.index.garbage) {
            for part in DOCUMENTS..=MANY {
                delete_rows(self.store, &self.view, &row(self.account, part, segment)).await?;
            }
        }
        self.save().await
    }

    /// Enters messages that came; `false` when too few did.
    async fn add(&mut self) -> Result<bool> {
        let mut page = self.messages(SEARCH_TAIL_COUNT_MAX).await?;
        if page.len() < SEARCH_TAIL_COUNT_MAX {
            return Ok(false);
        }
        let id = self.new_segment().await?;
        let mut builder = Builder::default();
        while !page.is_empty() {
            for (item, value) in &page {
                self.enter(&mut builder, *item, value).await?;
                self.index.known_to = *item;
                if builder.bytes() >= SEARCH_BUILD_BYTES_MAX || builder.count() >= SEARCH_BUILD_COUNT_MAX {
                    break;
                }
            }
            if builder.bytes() >= SEARCH_BUILD_BYTES_MAX || builder.count() >= SEARCH_BUILD_COUNT_MAX {
                break;
            }
            page = self.messages(SEARCH_PAGE_COUNT).await?;
        }
        let out = self.segment(id)?;
        let written = builder.write(out).await?;
        self.index.segments.push(Segment { id, count: written.count, bytes: written.bytes });
        self.index.garbage.retain(|other| *other != id);
        self.save().await?;
        Ok(true)
    }

    async fn enter(&self, builder: &mut Builder, item: ItemId, value: &[u8]) -> Result<()> {
        match record::decode::<MessageRecord>(value) {
            Ok(record) => text::enter(self.store, builder, item, &record).await,
            Err(_) => {
                let number = builder.begin(item);
                builder.unsure(number);
                Ok(())
            }
        }
    }

    /// The next messages behind those that are known.
    async fn messages(&self, limit: usize) -> Result<Vec<(ItemId, Bytes)>> {
        let prefix = Key::account(self.account);
        let start = Key::item(self.account, ItemId(self.index.known_to.0.saturating_add(1))).done();
        let page = self.view.scan(Table::Message, &prefix.prefix_from(start), limit, false).await?;
        page.into_iter()
            .map(|(key, value)| {
                let rest = key.get(prefix.len()..).and_then(split_long).ok_or(Error::Corrupt)?;
                Ok((ItemId(rest.0), value))
            })
            .collect()
    }

    /// Makes one segment of several; `false` when there are few enough.
    async fn merge(&mut self) -> Result<bool> {
        let Some(chosen) = merge::choose(&self.index.segments) else { return Ok(false) };
        let old: Vec<Segment> = self.index.segments.get(chosen.clone()).unwrap_or_default().to_vec();
        let id = self.new_segment().await?;
        let out = self.segment(id)?;
        let Written { count, bytes } = merge::merge(&self.view, self.account, &old, out).await?;
        self.index.segments.splice(chosen, [Segment { id, count, bytes }]);
        self.index.garbage.retain(|other| *other != id);
        self.index.garbage.extend(old.iter().map(|segment| segment.id));
        self.save().await?;
        Ok(true)
    }
}

/// Removes the rows under a prefix, but for the record itself, in bounded batches.
async fn delete_rows(store: &Store, view: &View, prefix: &Key) -> Result<()> {
    let mut range = prefix.prefix();
    loop {
        let page = view.scan(Table::Search, &range, SCAN_PAGE_COUNT, false).await?;
        if page.is_empty() {
            // Nothing to sync for.
            return Ok(());
        }
        let ops = page.iter().map(|(key, _)| Op::Delete(Table::Search, key.to_vec())).collect();
        let _durable = store.inner.engine.commit(Batch { expect: Vec::new(), ops }).await?;
        match page.last() {
            Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
            _ => return Ok(()),
        }
    }
}

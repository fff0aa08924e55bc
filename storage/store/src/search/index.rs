//! An account's index: which segments there are, and throwing it away.
//!
//! The index is derived: it may be thrown away at any time ([`Store::forget_index`]) and is built again in the
//! background.

use super::{
    merge,
    segment::{DOCUMENTS, MANY, row},
};
use crate::{
    collection::after,
    key::{Key, split_number},
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
    pub(super) next_segment: u32,
    /// In the order of their messages.
    pub(crate) segments: Vec<Segment>,
    /// Segments that are being written or were given up: their rows must go.
    pub(super) garbage: Vec<u32>,
}

impl Index {
    pub(super) fn new() -> Self {
        Self { known_to: ItemId(0), next_segment: 1, segments: Vec::new(), garbage: Vec::new() }
    }

    pub(super) fn encode(&self) -> Result<Bytes> {
        postcard::to_extend(self, vec![LAYOUT]).map(Bytes::from).map_err(|_| Error::Corrupt)
    }

    /// `None` for another layout, and for what cannot be read: the index is built anew then.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
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

    /// Segments of one level are merged when there are enough of them; what they become is of the next one, so that
    /// a message is written anew once a level. By messages and not by octets: merged segments share their terms, and
    /// may come to fewer octets than one of them had messages for.
    pub(super) fn level(self) -> u32 {
        self.count.max(1).ilog(merge::FAN)
    }
}

/// The index of an account, if there is one that this build can read.
pub(super) async fn load(view: &View, account: AccountId) -> Result<Option<Index>> {
    Ok(view.get(Table::Search, &key(account)).await?.and_then(|bytes| Index::decode(&bytes)))
}

pub(super) fn key(account: AccountId) -> Vec<u8> {
    Key::account(account).bytes(&[0]).done()
}

impl Store {
    /// Accounts that have got messages since this was asked last.
    #[must_use]
    pub fn take_unindexed(&self) -> Vec<AccountId> {
        locked(&self.inner.unindexed).drain().collect()
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

//! Bringing an index up to date, keeping its segments few, and letting what was purged go out of it.
//!
//! It is written beside the account's turn, by one batch after the other, each under the precondition that the
//! index's record is as it was read: of two builders at once one gives up. Segments never change, so the state that
//! is read from is let go of and renewed on the way: the engine keeps in memory what is written behind a state that
//! is held, and a build takes long.
//!
//! What was purged goes when its segment is merged. A segment that waits for neighbours of its size may wait for
//! years, so it is written anew by itself once one in [`SEARCH_GONE_PART_MAX`] of its messages has gone, or one of
//! them has been gone for [`SEARCH_GONE_TIME_MAX`].

use super::{
    gone::{self, Note},
    index::{Index, Segment, key},
    merge,
    segment::{Bounds, Builder, DOCUMENTS, Documents, MANY, SegmentWriter, Written, row},
    text,
};
use crate::{
    collection::after,
    key::{Key, split_long},
    limits::{
        SCAN_PAGE_COUNT, SEARCH_GONE_PART_MAX, SEARCH_GONE_TIME_MAX, SEARCH_PAGE_COUNT, SEARCH_TAIL_COUNT_MAX,
    },
    message::MessageRecord,
    record::{self, AccountRow},
    stores::{Store, locked},
    view::View,
};
use bytes::Bytes;
use engine::{Batch, Op, Precondition, Table};
use model::{AccountId, Error, ItemId, Result, Timestamp};
use std::ops::Range;

impl Store {
    /// Brings the index of an account up to date, as far as one step goes: messages that came, segments to merge, or
    /// one out of which much has gone. Few messages are left for the next time: reading them is quick. Returns whether
    /// there is more.
    ///
    /// # Errors
    /// `Unavailable`; `Conflict` when another builder was faster.
    pub async fn index(&self, account: AccountId) -> Result<bool> {
        self.index_within(account, Bounds::default()).await
    }

    /// Lets the account be looked at again while something that was purged may stand in its index: it grows old there.
    pub(crate) async fn remind_of_gone(&self, account: AccountId) -> Result<()> {
        if gone::is_noted(&state(self).await?, account).await? {
            locked(&self.inner.unindexed).insert(account);
        }
        Ok(())
    }

    /// As [`Store::index`], taking on no more than this in one step.
    pub(super) async fn index_within(&self, account: AccountId, bounds: Bounds) -> Result<bool> {
        let Some(mut work) = Work::begin(self, account).await? else { return Ok(false) };
        work.sweep().await?;
        if work.add(bounds).await? {
            return Ok(true);
        }
        let tidied = match work.merge().await {
            Ok(false) => work.forget().await,
            other => other,
        };
        match tidied {
            Err(Error::Corrupt) => work.give_up().await,
            other => other,
        }
    }
}

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
        let view = state(store).await?;
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
        let tidy = index.garbage.is_empty() && merge::choose(&index.segments).is_none();
        if few && tidy && !gone::is_noted(&view, account).await? {
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

    /// Writes the record as another one, so that whoever else is at work gives up at its next batch; what is read from
    /// here on is of a later state.
    async fn take_over(&mut self) -> Result<()> {
        self.index.next_segment = self.index.next_segment.checked_add(1).ok_or(Error::Corrupt)?;
        self.save().await?;
        self.view = state(self.store).await?;
        Ok(())
    }

    /// A number for a segment that is going to be written, noted so that its rows are never forgotten.
    async fn new_segment(&mut self) -> Result<u32> {
        let id = self.index.next_segment;
        self.index.garbage.push(id);
        self.take_over().await?;
        Ok(id)
    }

    /// Writes a segment as long as the record is what it is now.
    fn segment(&self, id: u32) -> Result<SegmentWriter<'s>> {
        let record = self.found.clone().ok_or(Error::Corrupt)?;
        Ok(SegmentWriter::new(&*self.store.inner.engine, self.account, id, (key(self.account), record)))
    }

    /// Puts a segment that was written into the place of others. One without messages is left to the next sweep.
    async fn put(&mut self, id: u32, Written { count, bytes }: Written, place: Range<usize>) -> Result<()> {
        let new = (count > 0).then_some(Segment { id, count, bytes });
        let old: Vec<Segment> = self.index.segments.splice(place, new).collect();
        self.index.garbage.extend(old.iter().map(|segment| segment.id));
        if new.is_some() {
            self.index.garbage.retain(|other| *other != id);
        }
        self.save().await
    }

    /// Removes the rows of segments that nothing needs.
    async fn sweep(&mut self) -> Result<()> {
        if self.index.garbage.is_empty() {
            return Ok(());
        }
        self.take_over().await?;
        for segment in std::mem::take(&mut self.index.garbage) {
            for part in DOCUMENTS..=MANY {
                delete_rows(self.store, &self.view, &row(self.account, part, segment)).await?;
            }
        }
        self.save().await
    }

    /// Enters messages that came; `false` when too few did.
    async fn add(&mut self, bounds: Bounds) -> Result<bool> {
        if self.messages(SEARCH_TAIL_COUNT_MAX).await?.len() < SEARCH_TAIL_COUNT_MAX {
            return Ok(false);
        }
        let id = self.new_segment().await?;
        let mut builder = Builder::new(bounds);
        'pages: loop {
            let page = self.messages(SEARCH_PAGE_COUNT).await?;
            if page.is_empty() {
                break;
            }
            for (item, value) in &page {
                self.enter(&mut builder, *item, value).await?;
                self.index.known_to = *item;
                if builder.is_full() {
                    break 'pages;
                }
            }
            self.view = state(self.store).await?;
        }
        let written = builder.write(self.segment(id)?).await?;
        let end = self.index.segments.len();
        self.put(id, written, end..end).await?;
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
        self.rewrite(chosen).await?;
        Ok(true)
    }

    /// Writes neighbours anew as one segment, without the messages that have gone.
    async fn rewrite(&mut self, chosen: Range<usize>) -> Result<()> {
        let old: Vec<Segment> = self.index.segments.get(chosen.clone()).unwrap_or_default().to_vec();
        let id = self.new_segment().await?;
        let written = merge::merge(self.store, self.account, &old, self.segment(id)?).await?;
        self.put(id, written, chosen).await
    }

    /// Writes the first segment anew out of which enough has gone, or anything long ago; `false` when there is none.
    /// What no segment has any more is struck off the notes then.
    async fn forget(&mut self) -> Result<bool> {
        let notes = gone::notes(&self.view, self.account).await?;
        if notes.is_empty() {
            return Ok(false);
        }
        let age_ms = i64::try_from(SEARCH_GONE_TIME_MAX.as_millis()).unwrap_or(i64::MAX);
        let overdue = Timestamp(self.store.stamp().0.saturating_sub(age_ms));
        let mut stand = vec![false; notes.len()];
        for (place, segment) in self.index.segments.clone().into_iter().enumerate() {
            let documents = Documents::load(&self.view, self.account, segment.id).await?;
            let mut here = Vec::new();
            for (at, note) in notes.iter().enumerate() {
                here.extend(documents.among(&note.items).map(|item| (at, item)));
            }
            let is_due = |here: &[(usize, ItemId)]| {
                let share = here.len() as u64 * SEARCH_GONE_PART_MAX > u64::from(segment.count);
                let old = |(at, _): &(usize, ItemId)| notes.get(*at).is_some_and(|note| note.at < overdue);
                share || here.iter().any(old)
            };
            if is_due(&here) {
                // Repair may have made a record again; writing the segment anew would not take such a message out.
                here = self.without_records(here).await?;
                if is_due(&here) {
                    self.rewrite(place..place + 1).await?;
                    return Ok(true);
                }
            }
            for (at, _) in here {
                if let Some(stands) = stand.get_mut(at) {
                    *stands = true;
                }
            }
        }
        let done: Vec<&Note> =
            notes.iter().zip(stand).filter(|(_, stands)| !stands).map(|(note, _)| note).collect();
        self.strike(&done).await?;
        Ok(false)
    }

    async fn without_records(&self, items: Vec<(usize, ItemId)>) -> Result<Vec<(usize, ItemId)>> {
        let mut gone = Vec::new();
        for page in items.chunks(SCAN_PAGE_COUNT) {
            let keys: Vec<_> = page.iter().map(|(_, item)| Key::item(self.account, *item).done()).collect();
            let records = self.view.get_many(Table::Message, &keys).await?;
            gone.extend(page.iter().zip(records).filter(|(_, record)| record.is_none()).map(|(it, _)| *it));
        }
        Ok(gone)
    }

    /// Removes notes. Somebody may be entering the very messages from a state of before: they give up first.
    async fn strike(&mut self, notes: &[&Note]) -> Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        self.take_over().await?;
        for page in notes.chunks(SCAN_PAGE_COUNT) {
            let ops = page.iter().map(|note| Op::Delete(Table::Search, note.key.to_vec())).collect();
            let _durable = self.store.inner.engine.commit(Batch { expect: Vec::new(), ops }).await?;
        }
        Ok(())
    }

    /// What is derived and damaged is made again, unless the rows have gone because somebody else was faster.
    async fn give_up(self) -> Result<bool> {
        let now = state(self.store).await?.get(Table::Search, &key(self.account)).await?;
        if now != self.found {
            return Err(Error::Conflict);
        }
        tracing::error!(account = %self.account, "the search index is damaged; it is built again");
        self.store.forget_index(self.account).await?;
        Ok(true)
    }
}

/// The newest stable state.
pub(super) async fn state(store: &Store) -> Result<View> {
    Ok(View::new(store.inner.engine.snapshot().await?, Vec::new()))
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

#[cfg(test)]
mod tests;

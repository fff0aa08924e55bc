//! Purging tombstones: the change log keeps what was removed for a while, then forgets it and raises the floor,
//! so that its space follows the number of items and an old token is refused instead of answered wrongly.

use crate::{
    change::Changed,
    collection::after,
    key::{Key, split_long},
    limits::SCAN_PAGE_COUNT,
    record,
    stores::Store,
    writer::Writer,
};
use engine::Table;
use model::{AccountId, CollectionId, Error, Modseq, Result, Timestamp};

impl Store {
    /// Forgets the tombstones of an account that are older than `before`; returns how many. One commit for
    /// each page of slots, so that the account's writers never wait long.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn purge(&self, account: AccountId, before: Timestamp) -> Result<u64> {
        let mut purged = 0;
        // Its own statement: the writer's turn must have ended before the loop takes turns.
        let collections = self.begin_as_owner(account).await?.collection_ids().await?;
        for collection in collections {
            let mut from = Modseq(0);
            loop {
                let mut writer = self.begin_as_owner(account).await?;
                let (count, next) = writer.purge_page(collection, from, before).await?;
                let _committed = writer.commit(()).await?;
                purged += count;
                match next {
                    Some(next) => from = next,
                    None => break,
                }
            }
        }
        Ok(purged)
    }
}

impl Writer {
    async fn collection_ids(&self) -> Result<Vec<CollectionId>> {
        let prefix = Key::account(self.account());
        let mut range = prefix.prefix();
        let mut ids = Vec::new();
        loop {
            let page = self.view().scan(Table::Collection, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, _) in &page {
                let (_, rest) = key.split_at_checked(prefix.len()).ok_or(Error::Corrupt)?;
                ids.push(
                    crate::key::split_number(rest).map(|(id, _)| CollectionId(id)).ok_or(Error::Corrupt)?,
                );
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => return Ok(ids),
            }
        }
    }

    /// Looks at one page of slots from a Modseq on; returns how many tombstones went and where to go on.
    async fn purge_page(
        &mut self,
        id: CollectionId,
        from: Modseq,
        before: Timestamp,
    ) -> Result<(u64, Option<Modseq>)> {
        let Some(mut row) = self.collection_row(id).await? else { return Ok((0, None)) };
        let prefix = Key::collection(self.account(), id);
        let range = prefix.prefix_from(prefix.clone().long(from.0).done());
        let page = self.view().scan(Table::Changed, &range, SCAN_PAGE_COUNT, false).await?;
        let (mut count, mut last) = (0, from);
        for (key, value) in &page {
            let (_, rest) = key.split_at_checked(prefix.len()).ok_or(Error::Corrupt)?;
            let modseq = split_long(rest).map(|(modseq, _)| Modseq(modseq)).ok_or(Error::Corrupt)?;
            last = modseq;
            let slot: Changed = record::decode(value)?;
            if !slot.alive && slot.at < before {
                self.delete_raw(Table::Changed, key.to_vec());
                row.floor = row.floor.max(modseq);
                count += 1;
            }
        }
        if count > 0 {
            // The log of the collection changed, not the collection: its Modseq stays, the account's moves on.
            self.touch();
            self.set_collection_row(id, row);
        }
        // A page full of one Modseq must not be read again for ever: go on behind it.
        let full = page.len() == SCAN_PAGE_COUNT;
        let next = if last == from && count == 0 { last.next() } else { last };
        Ok((count, full.then_some(next)))
    }
}

#[cfg(test)]
mod tests;

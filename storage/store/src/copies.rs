//! How many mailbox entries and removed messages share a message record.
//!
//! A record counts those it was made with; each copy made later is counted in a small row beside it, so that copying
//! a mailbox writes no record anew: one COPY is one batch, and a batch is bounded. What is let go of is counted off
//! that row first.

use crate::{
    key::Key, limits::SCAN_PAGE_COUNT, message::MessageRecord, reader::Reader, record, writer::Writer,
};
use engine::Table;
use model::{AccountId, Error, ItemId, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Copies of a message that its record does not count; no row where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Copies(pub(crate) u32);

pub(crate) fn copies_key(account: AccountId, message: ItemId) -> Vec<u8> {
    Key::item(account, message).done()
}

impl Reader {
    /// How many mailbox entries and removed messages share a message record.
    ///
    /// # Errors
    /// As [`Reader::message`].
    pub async fn copies(&self, id: ItemId) -> Result<u32> {
        let beside = self.copies_beside(id).await?.unwrap_or_default();
        Ok(self.message(id).await?.copies.saturating_add(beside.0))
    }

    /// Those that the record does not count.
    pub(crate) async fn copies_beside(&self, id: ItemId) -> Result<Option<Copies>> {
        self.load(Table::Copies, &copies_key(self.account(), id)).await
    }
}

impl Writer {
    /// Counts one more copy of each message; one that is named twice is counted twice.
    pub(crate) async fn share_messages(&mut self, ids: &[ItemId]) -> Result<()> {
        let mut more: BTreeMap<ItemId, u32> = BTreeMap::new();
        for id in ids {
            let count = more.entry(*id).or_default();
            *count = count.saturating_add(1);
        }
        let more: Vec<_> = more.into_iter().collect();
        for page in more.chunks(SCAN_PAGE_COUNT) {
            let keys: Vec<_> = page.iter().map(|(id, _)| copies_key(self.account(), *id)).collect();
            let found = self.view().get_many(Table::Copies, &keys).await?;
            for (((_, more), key), found) in page.iter().zip(keys).zip(found) {
                let before: Copies = found.as_deref().map(record::decode).transpose()?.unwrap_or_default();
                let after = before.0.checked_add(*more).ok_or(Error::TooLarge(u64::from(u32::MAX)))?;
                self.put_raw(Table::Copies, key, record::encode(&Copies(after))?);
            }
        }
        Ok(())
    }

    /// Counts one copy less; the last takes the record and its blobs with it.
    pub(crate) async fn release_message(&mut self, id: ItemId) -> Result<()> {
        let beside = copies_key(self.account(), id);
        if let Some(Copies(count)) = self.copies_beside(id).await? {
            match count.saturating_sub(1) {
                0 => self.delete_raw(Table::Copies, beside),
                left => self.put_raw(Table::Copies, beside, record::encode(&Copies(left))?),
            }
            if count > 0 {
                return Ok(());
            }
        }
        let mut message: MessageRecord = self.message(id).await?;
        let key = Key::item(self.account(), id).done();
        message.copies = message.copies.saturating_sub(1);
        if message.copies > 0 {
            self.put_raw(Table::Message, key, record::encode(&message)?);
        } else {
            self.release_blobs(id, &message.body);
            self.delete_raw(Table::Message, key);
            self.news.gone.push(id);
            self.drop_keys(id).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Mail in flight: each message stands once in the order of due times and has its bytes; each recipient and each
//! line of that order belongs to a message.

use super::{Check, Fault};
use crate::{
    key::{split_long, split_number},
    queue::{EntryRow, QueueId, QueueRecipient, due_key, entry_key, split_due},
};
use bytes::Bytes;
use engine::{Range, Table};
use model::{ItemId, Result};

impl Check {
    pub(super) async fn check_queue(&mut self) -> Result<()> {
        let mut range = Range::prefix(b"");
        loop {
            let page = self.page(Table::Queue, &mut range).await?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, value) in page {
                self.check_queue_row(&key, &value).await?;
            }
        }
    }

    async fn check_queue_row(&mut self, key: &Bytes, value: &[u8]) -> Result<()> {
        let split = key.split_first().and_then(|(sort, rest)| Some((*sort, split_long(rest)?)));
        match split {
            Some((b'e', (id, []))) => self.check_entry(QueueId(id), key, value).await,
            Some((b'r', (id, rest))) if split_number(rest).is_some_and(|(_, rest)| rest.is_empty()) => {
                let readable = self.read::<QueueRecipient>(Table::Queue, key, value).is_some();
                if readable && self.queued(QueueId(id)).await?.is_none() {
                    self.find(Fault::Queue(QueueId(id)));
                }
                Ok(())
            }
            Some((b'd', _)) if key.len() == 17 => {
                let (due, id) = split_due(key)?;
                let row = self.queued(id).await?;
                let row = row.and_then(|value| crate::record::decode::<EntryRow>(&value).ok());
                if row.is_none_or(|row| due_key(row.due, id) != due_key(due, id)) {
                    self.find(Fault::Queue(id));
                }
                Ok(())
            }
            _ => {
                self.strange(Table::Queue, key);
                Ok(())
            }
        }
    }

    async fn queued(&self, id: QueueId) -> Result<Option<Bytes>> {
        self.snapshot.get(Table::Queue, &entry_key(id)).await
    }

    async fn check_entry(&mut self, id: QueueId, key: &[u8], value: &[u8]) -> Result<()> {
        let Some(row) = self.read::<EntryRow>(Table::Queue, key, value) else { return Ok(()) };
        if self.snapshot.get(Table::Queue, &due_key(row.due, id)).await?.is_none() {
            self.find(Fault::Queue(id));
        }
        self.check_body(ItemId(id.0), &row.entry.message.body).await
    }
}

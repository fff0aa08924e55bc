//! What messages are sorted and threaded by, in records of their own beside the message records: sorting a
//! mailbox reads a few hundred octets of each message and opens no body (RFC 5256).
//!
//! The thread of a message (RFC 8474 5.3) is settled when it arrives and never changes: the thread of the oldest
//! message it can be traced to by message ids, as long as the base subject is the same. For that every message
//! id that a message has or answers leads to it.
//!
//! Messages that arrived before these records were kept have none: what they say is read from the header then,
//! and each is a thread of its own.

use crate::{
    key::Key,
    message::MessageRecord,
    reader::Reader,
    record::{self, MessageRow},
    writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use format::{
    collation::Collation,
    mime::{limits::HEADER_BYTES_MAX, summary::Summary},
};
use model::{Error, ItemId, Result, ZonedTime};
use serde::{Deserialize, Serialize};

/// Message ids that a new message is traced by: its own, and so many of the last it answers.
pub const TRACED_COUNT_MAX: usize = 12;

/// A message id, hashed.
pub type MessageIdHash = [u8; 16];

/// What a message is sorted and threaded by. Texts are folded as `i;unicode-casemap` does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageKeys {
    /// The first message of the thread.
    pub thread: ItemId,
    /// The Date field, where it could be read.
    pub sent: Option<ZonedTime>,
    /// The base subject.
    pub subject: String,
    /// Whether the subject says that it answers or forwards something.
    pub is_reply: bool,
    /// Local part of the first address of From.
    pub from: String,
    /// Of To.
    pub to: String,
    /// Of Cc.
    pub cc: String,
    /// What people see of the first address of From (RFC 5957).
    pub display_from: String,
    /// Of To.
    pub display_to: String,
    /// Its own message id.
    pub message_id: Option<MessageIdHash>,
    /// Those it answers, oldest first.
    pub references: Vec<MessageIdHash>,
}

impl MessageKeys {
    /// From what its header says.
    #[must_use]
    pub fn of(summary: Summary, sent: Option<ZonedTime>) -> Self {
        let hashed = |id: &String| hash(id);
        Self {
            thread: ItemId::default(),
            sent,
            subject: summary.subject,
            is_reply: summary.is_reply,
            from: summary.from,
            to: summary.to,
            cc: summary.cc,
            display_from: summary.display_from,
            display_to: summary.display_to,
            message_id: Some(&summary.message_id).filter(|id| !id.is_empty()).map(hashed),
            references: summary.references.iter().map(hashed).collect(),
        }
    }

    /// The message ids that lead to it, its own first.
    fn traces(&self) -> impl Iterator<Item = &MessageIdHash> {
        self.message_id.iter().chain(self.references.iter().rev()).take(TRACED_COUNT_MAX)
    }
}

/// A message id as it is compared.
fn hash(id: &str) -> MessageIdHash {
    let whole = blake3::hash(id.as_bytes());
    whole.as_bytes().first_chunk().copied().unwrap_or_default()
}

impl Reader {
    /// What messages are sorted and threaded by, in the order of the rows.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn message_keys(&self, rows: &[&MessageRow]) -> Result<Vec<MessageKeys>> {
        let at: Vec<_> = rows.iter().map(|row| Key::item(self.account(), row.message).done()).collect();
        let values = self.view().get_many(Table::MessageKeys, &at).await?;
        let mut found = Vec::with_capacity(rows.len());
        for (row, value) in rows.iter().zip(values) {
            found.push(match value {
                Some(value) => record::decode(&value)?,
                None => {
                    let keys = self.read_keys(&self.message(row.message).await?).await?;
                    MessageKeys { thread: row.message, ..keys }
                }
            });
        }
        Ok(found)
    }

    /// The same with texts as another collation compares them; their headers are read for it. Those of a damaged
    /// message are as they were kept.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn message_keys_collated(
        &self,
        rows: &[&MessageRow],
        collation: Collation,
    ) -> Result<Vec<MessageKeys>> {
        let mut found = self.message_keys(rows).await?;
        if collation == Collation::UnicodeCasemap {
            return Ok(found);
        }
        for (row, keys) in rows.iter().zip(&mut found) {
            // Headers that are in memory must not keep others from their turn.
            tokio::task::yield_now().await;
            let read = async { self.header_of(&self.message(row.message).await?).await };
            let header = match read.await {
                Ok(Some(header)) => header,
                Ok(None) | Err(Error::Corrupt) => continue,
                Err(error) => return Err(error),
            };
            let Summary { subject, from, to, cc, display_from, display_to, .. } =
                Summary::collated(&header, collation);
            *keys = MessageKeys { subject, from, to, cc, display_from, display_to, ..std::mem::take(keys) };
        }
        Ok(found)
    }

    /// The keys of a message whose header must be read for them.
    async fn read_keys(&self, record: &MessageRecord) -> Result<MessageKeys> {
        Ok(match self.header_of(record).await? {
            Some(header) => MessageKeys::of(Summary::of(&header), record.sent),
            None => MessageKeys { sent: record.sent, ..MessageKeys::default() },
        })
    }

    /// A message's header; `None` where its record has no parts, as in tests below this storey.
    async fn header_of(&self, record: &MessageRecord) -> Result<Option<Bytes>> {
        let Ok(parts) = record.part_table() else { return Ok(None) };
        let header = parts.root().map(|root| root.header).unwrap_or_default();
        let header = header.partial(0, HEADER_BYTES_MAX as u64);
        Ok(Some(self.store().body(&record.body, header.range()).collect().await?))
    }
}

impl Writer {
    /// Settles the thread of a new message and keeps what it is sorted by.
    pub(crate) async fn put_keys(
        &mut self,
        message: ItemId,
        record: &MessageRecord,
        keys: Option<MessageKeys>,
    ) -> Result<()> {
        let mut keys = match keys {
            Some(keys) => keys,
            None => self.read_keys(record).await?,
        };
        keys.thread = self.thread_of(&keys).await?.unwrap_or(message);
        for id in keys.traces() {
            let key = Key::account(self.account()).bytes(id).long(message.0).done();
            self.put_raw(Table::ByMessageId, key, Bytes::new());
        }
        self.put_raw(Table::MessageKeys, Key::item(self.account(), message).done(), record::encode(&keys)?);
        Ok(())
    }

    /// The thread that a message belongs to, if there is one.
    async fn thread_of(&self, keys: &MessageKeys) -> Result<Option<ItemId>> {
        for id in keys.traces() {
            let prefix = Key::account(self.account()).bytes(id);
            let found = self.view().scan(Table::ByMessageId, &prefix.prefix(), 1, false).await?;
            let Some((key, _)) = found.first() else { continue };
            let other =
                key.last_chunk().copied().map(u64::from_be_bytes).map(ItemId).ok_or(Error::Corrupt)?;
            let at = Key::item(self.account(), other).done();
            let other: Option<MessageKeys> = self.load(Table::MessageKeys, &at).await?;
            if let Some(other) = other.filter(|other| other.subject == keys.subject) {
                return Ok(Some(other.thread));
            }
        }
        Ok(None)
    }

    /// Forgets what a message was sorted and threaded by.
    pub(crate) async fn drop_keys(&mut self, message: ItemId) -> Result<()> {
        let at = Key::item(self.account(), message).done();
        let Some(keys) = self.load::<MessageKeys>(Table::MessageKeys, &at).await? else { return Ok(()) };
        for id in keys.traces() {
            let key = Key::account(self.account()).bytes(id).long(message.0).done();
            self.delete_raw(Table::ByMessageId, key);
        }
        self.delete_raw(Table::MessageKeys, at);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

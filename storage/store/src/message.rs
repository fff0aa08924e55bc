//! Message records: what FETCH needs, made once at arrival, shared by every copy in the account.

use crate::{
    body::Body, body::Chunk, body::Content, collection::Collection, flagging::allowed_flags, key::Key,
    keys::MessageKeys, kind::Mailbox, reader::Reader, record, record::MessageRow, writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use model::{BlobId, Error, Flags, ItemId, Modseq, Result, Rights, SystemFlags, Uid, ZonedTime};
use serde::{Deserialize, Serialize};

/// Fewer records than these are read one by one.
const RUN_COUNT_MIN: usize = 8;

/// A message as it arrived, and what was read from it then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// How many mailbox entries share it; copies made later are counted beside it ([`Reader::copies`]).
    pub copies: u32,
    /// Its octets.
    pub body: Body,
    /// ENVELOPE as the wire wants it (RFC 9051 7.5.2).
    pub envelope: Bytes,
    /// BODY as the wire wants it.
    pub structure: Bytes,
    /// BODYSTRUCTURE as the wire wants it.
    pub extended_structure: Bytes,
    /// Offsets of headers and parts, in the encoding of `format::mime`.
    pub parts: Bytes,
    /// The Date field, where it could be read.
    pub sent: Option<ZonedTime>,
}

/// A message on its way into a mailbox; made by an [`crate::Arrival`].
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its octets and what was read from them.
    pub record: MessageRecord,
    /// Flags and keywords it arrives with.
    pub flags: Flags,
    /// INTERNALDATE.
    pub received: ZonedTime,
    /// What it is sorted and threaded by; read from its header where it is not given.
    pub keys: Option<MessageKeys>,
}

impl Reader {
    /// One message record.
    ///
    /// # Errors
    /// `Corrupt` when it is missing: every mailbox entry has one.
    pub async fn message(&self, id: ItemId) -> Result<MessageRecord> {
        let value = self.view().get(Table::Message, &Key::item(self.account(), id).done()).await?;
        read(&value.ok_or(Error::Corrupt)?)
    }
}

impl Reader {
    /// Many message records, in the order of the ids.
    ///
    /// # Errors
    /// As [`Reader::message`].
    pub async fn messages(&self, ids: &[ItemId]) -> Result<Vec<MessageRecord>> {
        let keys: Vec<_> = ids.iter().map(|id| Key::item(self.account(), *id).done()).collect();
        let values = match run_length(ids) {
            Some(length) => self.run(&keys, length).await?,
            None => self.view().get_many(Table::Message, &keys).await?,
        };
        values.into_iter().map(|value| read(&value.ok_or(Error::Corrupt)?)).collect()
    }

    /// The records under ascending keys, read in one sweep from the first to the last.
    async fn run(&self, keys: &[Vec<u8>], length: usize) -> Result<Vec<Option<Bytes>>> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let range = Key::account(self.account()).prefix_from(first.clone());
        let mut rows = self.view().scan(Table::Message, &range, length, false).await?.into_iter().peekable();
        let value = |key: &Vec<u8>| {
            while rows.next_if(|(other, _)| other < key).is_some() {}
            rows.next_if(|(other, _)| other == key).map(|(_, value)| value)
        };
        Ok(keys.iter().map(value).collect())
    }
}

/// A record whose octets stay where they were read: nothing of a small body is copied.
fn read(value: &Bytes) -> Result<MessageRecord> {
    let Ok(stored) = record::decode_borrowed::<MessageRecord, Stored>(value) else {
        // Of another version, or damaged: the long way reads it, or tells what is wrong with it.
        return record::decode(value);
    };
    let shared = |octets: &[u8]| value.slice_ref(octets);
    let content = match stored.body.content {
        StoredContent::Inline(octets) => Content::Inline(shared(octets)),
        StoredContent::Chunks(chunks) => Content::Chunks(chunks),
    };
    let StoredBody { size, hash, .. } = stored.body;
    Ok(MessageRecord {
        copies: stored.copies,
        body: Body { size, hash, content, fresh: Vec::new(), pin: None },
        envelope: shared(stored.envelope),
        structure: shared(stored.structure),
        extended_structure: shared(stored.extended_structure),
        parts: shared(stored.parts),
        sent: stored.sent,
    })
}

/// [`MessageRecord`] as it lies in its row.
#[derive(Deserialize)]
struct Stored<'a> {
    copies: u32,
    #[serde(borrow)]
    body: StoredBody<'a>,
    envelope: &'a [u8],
    structure: &'a [u8],
    extended_structure: &'a [u8],
    parts: &'a [u8],
    sent: Option<ZonedTime>,
}

/// [`Body`] as it lies in a row.
#[derive(Deserialize)]
struct StoredBody<'a> {
    size: u64,
    hash: BlobId,
    #[serde(borrow)]
    content: StoredContent<'a>,
}

/// [`Content`] as it lies in a row.
#[derive(Deserialize)]
enum StoredContent<'a> {
    Inline(&'a [u8]),
    Chunks(Vec<Chunk>),
}

/// How many ids lie between the first and the last of them, where nearly all of those are asked for: messages that
/// came one after the other are. A sweep costs a fraction of as many single reads.
fn run_length(ids: &[ItemId]) -> Option<usize> {
    let (first, last) = (ids.first()?, ids.last()?);
    let length = usize::try_from(last.0.checked_sub(first.0)?).ok()?.checked_add(1)?;
    let is_run = ids.len() >= RUN_COUNT_MIN && length <= ids.len().saturating_mul(5) / 4;
    (is_run && ids.is_sorted_by(|one, next| one < next)).then_some(length)
}

impl Writer {
    /// Puts a message into a mailbox under its next UID.
    ///
    /// # Errors
    /// `Forbidden` without [`Rights::INSERT`]; `OverQuota`.
    pub async fn append(&mut self, mailbox: &Collection<Mailbox>, new: NewMessage) -> Result<Uid> {
        mailbox.need(Rights::INSERT)?;
        let uid = self.next_uid(mailbox).await?;
        let message = self.next_item();
        let mut flags = allowed_flags(mailbox.rights(), new.flags);
        let own_seen = self.seer(&self.row(mailbox).await?).is_some();
        // To its owner it is a new message, whoever has written it there.
        let is_seen = own_seen && flags.system.contains(SystemFlags::SEEN);
        if own_seen {
            flags.system.remove(SystemFlags::SEEN);
        }
        let row = MessageRow {
            message,
            size: new.record.body.size,
            received: new.received,
            saved: self.store().env().now(),
            flags,
            modseq: Modseq::default(),
            created_modseq: Modseq::default(),
        };
        self.put_keys(message, &new.record, new.keys).await?;
        self.put_message(message, &MessageRecord { copies: 1, ..new.record })?;
        self.put(mailbox, &uid, row).await?;
        if is_seen {
            self.mark_seen(mailbox, &[uid]).await?;
        }
        Ok(uid)
    }

    /// Stores a record for a new message.
    pub(crate) fn put_message(&mut self, id: ItemId, record: &MessageRecord) -> Result<()> {
        self.hold_blobs(id, &record.body);
        self.news.has_new = true;
        self.put_raw(Table::Message, Key::item(self.account(), id).done(), record::encode(record)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

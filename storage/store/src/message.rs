//! Message records: what FETCH needs, made once at arrival, shared by every copy in the account.

use crate::{
    body::Body, collection::Collection, flagging::allowed_flags, key::Key, keys::MessageKeys, kind::Mailbox,
    reader::Reader, record, record::MessageRow, writer::Writer,
};
use bytes::Bytes;
use engine::Table;
use model::{Error, Flags, ItemId, Modseq, Result, Rights, SystemFlags, Uid, ZonedTime};
use serde::{Deserialize, Serialize};

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
        self.load(Table::Message, &Key::item(self.account(), id).done()).await?.ok_or(Error::Corrupt)
    }
}

impl Reader {
    /// Many message records, in the order of the ids.
    ///
    /// # Errors
    /// As [`Reader::message`].
    pub async fn messages(&self, ids: &[ItemId]) -> Result<Vec<MessageRecord>> {
        let keys: Vec<_> = ids.iter().map(|id| Key::item(self.account(), *id).done()).collect();
        let values = self.view().get_many(Table::Message, &keys).await?;
        values.into_iter().map(|value| record::decode(&value.ok_or(Error::Corrupt)?)).collect()
    }
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

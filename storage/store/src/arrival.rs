//! A message that is arriving: its octets go to the blob store and through the MIME scanner at the same time,
//! so that it is never held whole and never parsed again.
//!
//! Used by every way in: APPEND, local delivery, import.

use crate::{
    body::{Body, Upload},
    keys::MessageKeys,
    message::{MessageRecord, NewMessage},
    stores::Store,
};
use bytes::Bytes;
use format::mime::summary::Summary;
use format::mime::{Digest, Parts, Scanner, limits::Limits};
use model::{Error, Flags, Result, ZonedTime};

/// A message that is being received.
pub struct Arrival {
    upload: Upload,
    scanner: Scanner,
}

impl Arrival {
    /// Begins to receive a message of at most `size_max` octets.
    #[must_use]
    pub fn new(store: &Store, size_max: u64) -> Self {
        Self { upload: store.upload(size_max), scanner: Scanner::new(Limits::default()) }
    }

    /// Takes the next octets.
    ///
    /// # Errors
    /// As [`Upload::write`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.scanner.push(bytes);
        self.upload.write(bytes).await
    }

    /// Octets received so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.upload.size()
    }

    /// The whole message, its octets on stable storage (or small enough to go with the commit).
    ///
    /// # Errors
    /// As [`Upload::finish`].
    pub async fn finish(self, flags: Flags, received: ZonedTime) -> Result<NewMessage> {
        let body = self.upload.finish().await?;
        let structure = self.scanner.finish();
        let summary = Summary::of(structure.header(0));
        let record = record_of(structure.digest(), body)?;
        let keys = Some(MessageKeys::of(summary, record.sent));
        Ok(NewMessage { record, flags, received, keys })
    }
}

/// The record of a message from what the scanner read of its octets.
pub(crate) fn record_of(digest: Digest, body: Body) -> Result<MessageRecord> {
    let Digest { envelope, body: structure, body_structure, sent, parts } = digest;
    let parts = postcard::to_stdvec(&parts).map_err(|_| Error::Corrupt)?;
    Ok(MessageRecord {
        copies: 1,
        body,
        envelope: envelope.into(),
        structure: structure.into(),
        extended_structure: body_structure.into(),
        parts: Bytes::from(parts),
        sent: sent.map(|date| ZonedTime { seconds: date.seconds, offset_minutes: date.offset_minutes }),
    })
}

impl MessageRecord {
    /// The table of its parts.
    ///
    /// # Errors
    /// `Corrupt` when it cannot be read.
    pub fn part_table(&self) -> Result<Parts> {
        postcard::from_bytes(&self.parts).map_err(|_| Error::Corrupt)
    }
}

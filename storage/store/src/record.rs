//! Rows as they are stored: one version octet, then postcard. Every kind of record has a version of its own; the
//! reader takes the earlier ones too and the next write of that record makes it the present one. A version that
//! is not known is refused, never guessed at.
//!
//! To change what a record holds:
//! 1. keep the struct as it was, under its version, in `record/former.rs`, with `From` for the new one;
//! 2. in the table below raise the version and name the former one: `AccountRow: 2, 1 => former::AccountRow1;`
//! 3. leave the golden octets of `record/tests.rs` as they are and add a line for the new version;
//! 4. raise [`crate::FORMAT`], so that an older build refuses the store instead of stumbling over a record.
//!
//! A struct that lies inside others (`Body` in `MessageRecord`, that in `EntryRow`) changes all of them. The golden
//! octets tell: a record whose octets change without a new version turns them red.

mod former;

use crate::{
    body::Body, change::Changed, copies::Copies, deleted::DeletedRow, deleted::Kept, keys::MessageKeys,
    lock::Lock, message::MessageRecord, property::Properties, queue::EntryRow, queue::QueueRecipient,
    seen::SeenRuns,
};
use bytes::Bytes;
use format::icalendar::span::Span;
use model::{
    AccountId, BlobId, CollectionId, CollectionKind, Error, Flags, ItemId, MessageQuota, Modseq, Quota,
    Result, Rights, SpecialUse, Timestamp, Uid, UidValidity, ZonedTime,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// A kind of row.
pub trait Record: Serialize + DeserializeOwned {
    /// What the log calls it.
    const NAME: &'static str;
    /// The version that this build writes.
    const VERSION: u8;

    /// Reads the octets, without the version's, of an earlier version; `None` for a version that is not known.
    fn upgrade(version: u8, octets: &[u8]) -> Option<postcard::Result<Self>>;
}

/// The kinds of row with their versions: `Kind: present version, former version => former struct, ...;`
macro_rules! records {
    ($($kind:ty: $version:literal $(, $old:literal => $former:ty)*;)*) => {$(
        impl Record for $kind {
            const NAME: &'static str = stringify!($kind);
            const VERSION: u8 = $version;

            fn upgrade(version: u8, octets: &[u8]) -> Option<postcard::Result<Self>> {
                match version {
                    $($old => Some(postcard::from_bytes::<$former>(octets).map(Self::from)),)*
                    _ => { let _ = octets; None }
                }
            }
        }
    )*};
}

records! {
    AccountRow: 2, 1 => former::AccountRow1;
    CollectionRow: 1;
    CollectionId: 1;
    MessageRow: 1;
    ObjectRow: 1;
    MessageRecord: 1;
    MessageKeys: 1;
    Copies: 1;
    Body: 1;
    Changed: 1;
    Lock: 1;
    Properties: 1;
    Span: 1;
    String: 1;
    EntryRow: 1;
    QueueRecipient: 1;
    Kept: 1;
    DeletedRow: 1;
    SeenRuns: 1;
}

pub(crate) fn encode<T: Record>(value: &T) -> Result<Bytes> {
    postcard::to_extend(value, vec![T::VERSION]).map(Bytes::from).map_err(|cause| {
        tracing::error!(record = T::NAME, %cause, "a record cannot be written");
        Error::Corrupt
    })
}

pub(crate) fn decode<T: Record>(bytes: &[u8]) -> Result<T> {
    let (version, octets) = bytes.split_first().ok_or(Error::Corrupt)?;
    let read = if *version == T::VERSION {
        Some(postcard::from_bytes(octets))
    } else {
        T::upgrade(*version, octets)
    };
    let Some(read) = read else {
        tracing::error!(
            record = T::NAME,
            found = version,
            known = T::VERSION,
            "a record of a version that this build does not know"
        );
        return Err(Error::Corrupt);
    };
    read.map_err(|cause| {
        tracing::error!(record = T::NAME, version, %cause, "a record cannot be read");
        Error::Corrupt
    })
}

/// Reads a record of the present version of `T` as `B`, which borrows from the octets what `T` would copy.
///
/// # Errors
/// `Corrupt` for any other version, and where it cannot be read.
pub(crate) fn decode_borrowed<'a, T: Record, B: Deserialize<'a>>(bytes: &'a [u8]) -> Result<B> {
    match bytes.split_first() {
        Some((version, octets)) if *version == T::VERSION => {
            postcard::from_bytes(octets).map_err(|_| Error::Corrupt)
        }
        _ => Err(Error::Corrupt),
    }
}

/// An account's counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The last Modseq given.
    pub modseq: Modseq,
    /// The next collection.
    pub next_collection: CollectionId,
    /// The next item.
    pub next_item: ItemId,
    /// The last UIDVALIDITY given.
    pub uid_validity: UidValidity,
    /// What it holds and may hold.
    pub quota: Quota,
    /// Number of collections.
    pub collection_count: u64,
    /// How many messages it holds and may hold.
    pub messages: MessageQuota,
}

/// A collection's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRow {
    /// What it holds.
    pub kind: CollectionKind,
    /// The collection it lies in; [`CollectionId::ROOT`] for the account itself.
    pub parent: CollectionId,
    /// Its name under the parent: a mailbox's last level, a DAV path segment.
    pub name: String,
    /// Tells it apart from earlier collections of that name.
    pub uid_validity: UidValidity,
    /// The next UID (mailboxes).
    pub uid_next: Uid,
    /// The last Modseq that changed it or anything in it: HIGHESTMODSEQ, ctag, sync token.
    pub modseq: Modseq,
    /// The Modseq that made it.
    pub created_modseq: Modseq,
    /// The Modseq under which its parent's change log tells of it.
    pub slot: Modseq,
    /// Tombstones at or below this Modseq may be gone: an older token is refused.
    pub floor: Modseq,
    /// Number of items.
    pub count: u64,
    /// Sum of the items' sizes, in octets.
    pub bytes: u64,
    /// Messages without \Seen.
    pub unseen: u64,
    /// Messages with \Deleted.
    pub deleted: u64,
    /// Octets of messages with \Deleted (RFC 9208 DELETED-STORAGE).
    pub deleted_bytes: u64,
    /// What it is for (mailboxes).
    pub special_use: Option<SpecialUse>,
    /// Whether the owner subscribed it (mailboxes).
    pub subscribed: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Who else may do what.
    pub grants: Vec<(AccountId, Rights)>,
    /// Properties with a meaning to a door (`displayname`, `calendar-color`, ...), by the door's own names.
    pub properties: BTreeMap<String, String>,
}

impl CollectionRow {
    /// A collection with nothing in it, of nobody else, that comes into being at this Modseq: every older token is
    /// refused.
    pub(crate) fn empty(
        kind: CollectionKind,
        (parent, name): (CollectionId, String),
        uid_validity: UidValidity,
        modseq: Modseq,
        created: Timestamp,
    ) -> Self {
        Self {
            kind,
            parent,
            name,
            uid_validity,
            uid_next: Uid(1),
            modseq,
            created_modseq: modseq,
            slot: modseq,
            floor: modseq,
            count: 0,
            bytes: 0,
            unseen: 0,
            deleted: 0,
            deleted_bytes: 0,
            special_use: None,
            subscribed: false,
            created,
            grants: Vec::new(),
            properties: BTreeMap::new(),
        }
    }
}

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// The message record, shared by copies.
    pub message: ItemId,
    /// RFC822.SIZE.
    pub size: u64,
    /// INTERNALDATE.
    pub received: ZonedTime,
    /// When it came into this mailbox (RFC 8514).
    pub saved: Timestamp,
    /// Flags and keywords.
    pub flags: Flags,
    /// Last change.
    pub modseq: Modseq,
    /// Arrival.
    pub created_modseq: Modseq,
}

/// A calendar object, card or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRow {
    /// The item; its body is under this number.
    pub item: ItemId,
    /// Octets.
    pub size: u64,
    /// Hash of the octets: the ETag.
    pub hash: BlobId,
    /// Media type as it is served.
    pub content_type: String,
    /// When it was made.
    pub created: Timestamp,
    /// When its octets last changed (or what the client says, for files).
    pub modified: Timestamp,
    /// Last change.
    pub modseq: Modseq,
    /// Arrival.
    pub created_modseq: Modseq,
    /// Whether it has dead properties.
    pub has_properties: bool,
    /// What the noun's own file needs at hand (component kind of a calendar object, ...).
    pub mark: u32,
}

#[cfg(test)]
mod tests;

//! The four kinds of collection as types, so that a mailbox cannot be opened as a calendar.

use crate::record::{MessageRow, ObjectRow, Record};
use model::{CollectionKind, Error, ItemId, Modseq, Result, SystemFlags, Uid};
use std::fmt::Debug;

/// A kind of collection.
pub trait Kind: Send + Sync + 'static {
    /// Its tag in the collection's record.
    const KIND: CollectionKind;
    /// What names an item.
    type Key: ItemKey;
    /// The covering row of an item.
    type Row: Row;
}

/// What names an item inside its collection.
pub trait ItemKey: Clone + Ord + Debug + Send + Sync + 'static {
    /// Octets that sort as the key does.
    fn encode(&self) -> Vec<u8>;
    /// Reads them back.
    ///
    /// # Errors
    /// `Corrupt` when they are not a key.
    fn decode(bytes: &[u8]) -> Result<Self>;
}

/// What an item adds to the counts of its collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Octets.
    pub bytes: u64,
    /// A message without \Seen.
    pub unseen: bool,
    /// A message with \Deleted.
    pub deleted: bool,
}

/// A covering row.
pub trait Row: Record + Clone + Debug + Send + Sync + 'static {
    /// The item or message record.
    fn item(&self) -> ItemId;
    /// Last change.
    fn modseq(&self) -> Modseq;
    /// Sets last change and, when given, arrival.
    fn stamp(&mut self, changed: Modseq, created: Option<Modseq>);
    /// What it counts.
    fn tally(&self) -> Tally;
}

impl ItemKey for Uid {
    fn encode(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        bytes.try_into().map(|octets| Self(u32::from_be_bytes(octets))).map_err(|_| Error::Corrupt)
    }
}

impl ItemKey for String {
    fn encode(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        Self::from_utf8(bytes.to_vec()).map_err(|_| Error::Corrupt)
    }
}

impl Row for MessageRow {
    fn item(&self) -> ItemId {
        self.message
    }

    fn modseq(&self) -> Modseq {
        self.modseq
    }

    fn stamp(&mut self, changed: Modseq, created: Option<Modseq>) {
        self.modseq = changed;
        self.created_modseq = created.unwrap_or(self.created_modseq);
    }

    fn tally(&self) -> Tally {
        Tally {
            bytes: self.size,
            unseen: !self.flags.system.contains(SystemFlags::SEEN),
            deleted: self.flags.system.contains(SystemFlags::DELETED),
        }
    }
}

impl Row for ObjectRow {
    fn item(&self) -> ItemId {
        self.item
    }

    fn modseq(&self) -> Modseq {
        self.modseq
    }

    fn stamp(&mut self, changed: Modseq, created: Option<Modseq>) {
        self.modseq = changed;
        self.created_modseq = created.unwrap_or(self.created_modseq);
    }

    fn tally(&self) -> Tally {
        Tally { bytes: self.size, unseen: false, deleted: false }
    }
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, $key:ty, $row:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl Kind for $name {
            const KIND: CollectionKind = CollectionKind::$name;
            type Key = $key;
            type Row = $row;
        }
    };
}

kind!(
    /// Messages by UID.
    Mailbox, Uid, MessageRow
);
kind!(
    /// Calendar objects by name.
    Calendar, String, ObjectRow
);
kind!(
    /// Cards by name.
    AddressBook, String, ObjectRow
);
kind!(
    /// Files by name.
    Folder, String, ObjectRow
);

//! What is committed: an atomic list of changes under preconditions.

use bytes::Bytes;

/// The tables of the key space. The number is part of the format on disk: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Table {
    /// Facts of the installation: format version, generation of ids.
    Meta = 0,
    /// account -> counters, Modseq, quota.
    Account = 1,
    /// account, collection -> its record.
    Collection = 2,
    /// account, parent, name -> collection.
    Child = 3,
    /// account, collection, UID or name -> covering row.
    Item = 4,
    /// account, collection, Modseq, UID or name -> what changed.
    Changed = 5,
    /// account, item -> message record (envelope, structure, body place), shared by copies.
    Message = 6,
    /// account, item -> body of a calendar object, card or file.
    Body = 7,
    /// account, collection, iCalendar or vCard UID -> name.
    ByUid = 8,
    /// account, collection, time bucket, name -> span.
    Time = 9,
    /// account, collection or item -> dead properties.
    Property = 10,
    /// account, ... -> locks, and their expiry index.
    Lock = 11,
    /// principal -> collections shared with it.
    Grant = 12,
    /// hash -> place of the bytes.
    Blob = 13,
    /// hash, account, item -> who needs the bytes.
    BlobRef = 14,
    /// Tenants, domains, accounts, aliases, groups, credentials.
    Directory = 15,
    /// Mail in flight.
    Queue = 16,
    /// Work that must still be done.
    Job = 17,
    /// account -> sums and hold; account, number -> what was removed and can still be brought back.
    Deleted = 18,
    /// account, or the name of a job -> which of several processes has its turn.
    Lease = 19,
    /// account, collection, principal or 0 for all, name -> annotation (RFC 5464).
    Metadata = 20,
    /// account, segment ... -> the search index, which is derived.
    Search = 21,
    /// account, collection, principal or 0 for all, page of UIDs -> which of them that principal has seen.
    Seen = 22,
    /// What messages are sorted and threaded by.
    MessageKeys = 23,
    /// Messages by the message ids that they have or answer.
    ByMessageId = 24,
    /// account, item -> copies of a message that its record does not count.
    Copies = 25,
}

/// Whom the rows of a table belong to: what a backup and a copy must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Keys begin with the account.
    Account,
    /// To the installation as a whole.
    Installation,
    /// To this store alone: where its bytes are, who has which turn, indexes that are built again.
    Store,
}

impl Table {
    /// Whom its rows belong to.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Account
            | Self::Collection
            | Self::Child
            | Self::Item
            | Self::Changed
            | Self::Message
            | Self::Body
            | Self::ByUid
            | Self::Time
            | Self::Property
            | Self::Lock
            | Self::Deleted
            | Self::Metadata
            | Self::Seen
            | Self::MessageKeys
            | Self::ByMessageId
            | Self::Copies => Scope::Account,
            // Grants stand under who has them: groups, and everybody, too.
            Self::Grant | Self::Directory | Self::Queue | Self::Job => Scope::Installation,
            Self::Meta | Self::Blob | Self::BlobRef | Self::Lease | Self::Search => Scope::Store,
        }
    }

    /// Every table, in the order of its number.
    pub const ALL: &'static [Self] = &[
        Self::Meta,
        Self::Account,
        Self::Collection,
        Self::Child,
        Self::Item,
        Self::Changed,
        Self::Message,
        Self::Body,
        Self::ByUid,
        Self::Time,
        Self::Property,
        Self::Lock,
        Self::Grant,
        Self::Blob,
        Self::BlobRef,
        Self::Directory,
        Self::Queue,
        Self::Job,
        Self::Deleted,
        Self::Lease,
        Self::Metadata,
        Self::Search,
        Self::Seen,
        Self::MessageKeys,
        Self::ByMessageId,
        Self::Copies,
    ];
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Sets the value.
    Put(Table, Vec<u8>, Bytes),
    /// Sets the value unless the key is there when the batch is applied.
    PutIfAbsent(Table, Vec<u8>, Bytes),
    /// Removes the key; it need not be there.
    Delete(Table, Vec<u8>),
}

/// What must hold when the batch is applied, seen after every earlier batch of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The key is not there.
    Absent(Table, Vec<u8>),
    /// The key is there.
    Present(Table, Vec<u8>),
    /// The key has exactly this value.
    Equals(Table, Vec<u8>, Bytes),
    /// No key lies in the range.
    Empty(Table, Range),
}

/// A half-open range of keys; an empty `end` is no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// First key of the range.
    pub start: Vec<u8>,
    /// First key behind the range; empty for none.
    pub end: Vec<u8>,
}

impl Range {
    /// All keys with this prefix.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while let Some(last) = end.pop() {
            if last < u8::MAX {
                end.push(last + 1);
                break;
            }
        }
        Self { start: prefix.to_vec(), end }
    }
}

/// Changes that happen together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// What must hold.
    pub expect: Vec<Precondition>,
    /// What changes, later ones over earlier ones.
    pub ops: Vec<Op>,
}

/// Proof that a batch is on stable storage. Only engines make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[must_use = "a commit that nobody waits for must not be acknowledged"]
pub struct Durable {
    /// Number of the group commit that carried the batch; grows with time, for logs and tests.
    pub group: u64,
}

impl Durable {
    pub(crate) fn new(group: u64) -> Self {
        Self { group }
    }
}

//! What a collection holds, and what it is for.

use serde::{Deserialize, Serialize};

/// The four kinds of collection; one store holds them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CollectionKind {
    /// Messages, numbered by [`crate::Uid`] (RFC 9051).
    Mailbox,
    /// Calendar objects, named by the client (RFC 4791).
    Calendar,
    /// Cards, named by the client (RFC 6352).
    AddressBook,
    /// Files and further folders, named by the client (RFC 4918).
    Folder,
}

/// What a mailbox is for (RFC 6154), or that it is the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SpecialUse {
    /// RFC 9051 5.1: where deliveries arrive. Not an attribute on the wire.
    Inbox,
    /// `\All`
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`
    Flagged,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

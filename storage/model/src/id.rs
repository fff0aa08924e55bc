//! Identities and counters. All are small integers so that keys sort and rows stay short.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// An account or a group: every owner and every principal of an installation has one, never reused.
    AccountId(u32)
);
number!(
    /// A collection inside its account; never reused in that account. 0 is the account's root.
    CollectionId(u32)
);
number!(
    /// An item inside its account: a message, calendar object, card or file. Never reused in that account.
    ItemId(u64)
);
number!(
    /// RFC 9051 2.3.1.1: a message's number in its mailbox; never 0, never reused.
    Uid(u32)
);
number!(
    /// RFC 9051 2.3.1.1: tells two mailboxes of one name apart; strictly grows inside an account, never 0.
    UidValidity(u32)
);
number!(
    /// The account's change counter: IMAP's MODSEQ, DAV's sync token and ctag, JMAP's state. Never goes back.
    Modseq(u64)
);

impl AccountId {
    /// Everybody who has logged in, as somebody to whom something is granted (RFC 4314 2, `anyone`); the number
    /// is never given to an account.
    pub const ANYONE: Self = Self(u32::MAX);
}

impl CollectionId {
    /// The account itself as a parent of its top collections.
    pub const ROOT: Self = Self(0);
}

impl Modseq {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Uid {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Immutable bytes are named by their BLAKE3 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

//! Rights of RFC 4314; DAV privileges (RFC 3744) map onto the same bits.

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

bitflags! {
    /// What a principal may do with a collection. Letters are those of RFC 4314 2.1.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub struct Rights: u16 {
        /// `l`: the collection is visible.
        const LOOKUP = 1 << 0;
        /// `r`: read items.
        const READ = 1 << 1;
        /// `s`: keep \Seen.
        const SEEN = 1 << 2;
        /// `w`: change flags, or the content of items that exist.
        const WRITE = 1 << 3;
        /// `i`: add items.
        const INSERT = 1 << 4;
        /// `p`: deliver to it by address.
        const POST = 1 << 5;
        /// `k`: create collections below it.
        const CREATE = 1 << 6;
        /// `x`: remove the collection itself.
        const REMOVE = 1 << 7;
        /// `t`: mark items as deleted, remove items.
        const DELETE = 1 << 8;
        /// `e`: expunge.
        const EXPUNGE = 1 << 9;
        /// `a`: see and change the grants.
        const ADMINISTER = 1 << 10;
    }
}

impl Rights {
    /// What an owner has.
    pub const OWNER: Self = Self::all();
    /// Whoever has one of these may speak of a mailbox by its name, seen in listings or not (RFC 4314 4, MYRIGHTS).
    pub const NAMING: Self = Self::LOOKUP
        .union(Self::READ)
        .union(Self::INSERT)
        .union(Self::CREATE)
        .union(Self::REMOVE)
        .union(Self::ADMINISTER);
    /// Whoever has one of these beside `l` sees the annotations of a mailbox and may have ones of their own
    /// (RFC 5464 3.3).
    pub const ANNOTATING: Self =
        Self::READ.union(Self::SEEN).union(Self::WRITE).union(Self::INSERT).union(Self::POST);
}

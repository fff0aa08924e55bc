//! The outcomes of every operation on the store. Each door maps them in its one `reply.rs`.
//!
//! Causes (an I/O error, a bad checksum) go to the log where they happen, never into these values, so that
//! nothing of the inside can reach the wire.

use crate::Rights;

/// What an operation came to when it did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Absent, or the principal has no right to know that it is there.
    #[error("not found")]
    NotFound,
    /// Visible, but this right is missing.
    #[error("forbidden: needs {0:?}")]
    Forbidden(Rights),
    /// Something of that name, address or UID is there already.
    #[error("exists already")]
    Exists,
    /// The state of the target does not allow it (in use, not empty, parent missing, a cycle).
    #[error("conflict")]
    Conflict,
    /// Another principal's or another token's lock stands in the way (RFC 4918 6).
    #[error("locked")]
    Locked,
    /// A condition of the request no longer holds; nothing was changed.
    #[error("precondition failed")]
    PreconditionFailed,
    /// A sync token is below the retention floor, above the present, or of another collection.
    #[error("stale token")]
    StaleToken,
    /// The account's quota would be passed.
    #[error("over quota")]
    OverQuota,
    /// A named limit would be passed; the number is that limit in its own unit.
    #[error("too large: limit {0}")]
    TooLarge(u64),
    /// The data is not what it claims to be; the text is ours and safe to show.
    #[error("invalid: {0}")]
    Invalid(&'static str),
    /// The server's disk has no room for it; nothing was changed, reading goes on. For operators, not for users.
    #[error("the disk is full")]
    DiskFull,
    /// Not now: the engine or a peer cannot answer, try again later.
    #[error("unavailable")]
    Unavailable,
    /// Stored data does not match its checksum or its format. Raises an alarm.
    #[error("corrupt")]
    Corrupt,
}

/// Result with the store's outcomes.
pub type Result<T, E = Error> = std::result::Result<T, E>;

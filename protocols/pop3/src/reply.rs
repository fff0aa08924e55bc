//! Replies (RFC 1939 3) with response codes (RFC 2449 8, RFC 3206), and the one mapping of the store's outcomes. All
//! texts are ours, and nothing that a client sent is ever part of one.

use crate::maildrop::Updated;
use model::Error;
use store::Committed;

/// The single line of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    line: String,
    misuse: bool,
}

impl Reply {
    /// `+OK`.
    pub(crate) fn ok(text: impl AsRef<str>) -> Self {
        Self { line: format!("+OK {}", text.as_ref()), misuse: false }
    }

    /// `-ERR` for what cannot be done.
    pub(crate) fn no(text: &str) -> Self {
        Self { line: format!("-ERR {text}"), misuse: false }
    }

    /// `-ERR` for what no client should send: such replies are counted and slow it down.
    pub(crate) fn bad(text: &str) -> Self {
        Self { line: format!("-ERR {text}"), misuse: true }
    }

    /// A wrong login (RFC 3206 4).
    pub(crate) fn wrong_login() -> Self {
        Self { line: "-ERR [AUTH] wrong login or password".to_owned(), misuse: false }
    }

    /// The answer to QUIT: only the proof that what was marked is gone from stable storage makes it.
    pub(crate) fn updated(updated: &Committed<Updated>) -> Self {
        Self::ok(format!("bye, {} removed", updated.removed))
    }

    /// The answer to an outcome.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::NotFound => Self::no("there is no such message any more"),
            Error::Forbidden(_) => Self::no("[SYS/PERM] not permitted"),
            Error::TooLarge(_) => Self::bad("line too long"),
            Error::Invalid(text) => Self::bad(text),
            // RFC 3206 5: a person has to look at it.
            Error::Corrupt => Self::no("[SYS/PERM] this cannot be read, tell the administrator"),
            _ => Self::no("[SYS/TEMP] not now, try again later"),
        }
    }

    /// Whether it counts as an error of the client.
    pub(crate) fn is_misuse(&self) -> bool {
        self.misuse
    }

    /// As it goes over the wire.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut wire = self.line.clone().into_bytes();
        wire.extend_from_slice(b"\r\n");
        wire
    }
}

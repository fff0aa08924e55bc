//! Replies (RFC 1939 3) with response codes (RFC 2449 8, RFC 3206), and the one mapping of the store's outcomes. All
//! texts are ours, and nothing that a client sent is ever part of one.

use crate::maildrop::Updated;
use model::Error;
use sasl::talk::Answer;
use store::Committed;

/// An answer, or the last of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    wire: Vec<u8>,
    misuse: bool,
    /// It is what follows the first line, of a message perhaps.
    is_rest: bool,
}

impl Reply {
    fn line(text: &str, misuse: bool) -> Self {
        Self { wire: format!("{text}\r\n").into_bytes(), misuse, is_rest: false }
    }

    /// `+OK`.
    pub(crate) fn ok(text: impl AsRef<str>) -> Self {
        Self::line(&format!("+OK {}", text.as_ref()), false)
    }

    /// `-ERR` for what cannot be done.
    pub(crate) fn no(text: &str) -> Self {
        Self::line(&format!("-ERR {text}"), false)
    }

    /// `-ERR` for what no client should send.
    pub(crate) fn bad(text: &str) -> Self {
        Self::line(&format!("-ERR {text}"), true)
    }

    /// The line that asks for the next one of a login (RFC 5034 4).
    pub(crate) fn challenge(text: &str) -> Self {
        Self::line(&format!("+ {text}"), false)
    }

    /// What is left of an answer of several lines, and the dot that ends it.
    pub(crate) fn rest(lines: impl Into<Vec<u8>>) -> Self {
        let mut wire = lines.into();
        wire.extend_from_slice(b".\r\n");
        Self { wire, misuse: false, is_rest: true }
    }

    /// A wrong login (RFC 3206 4).
    pub(crate) fn wrong_login() -> Self {
        Self::no("[AUTH] wrong login or password")
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
}

impl Answer for Reply {
    fn encode(&self) -> Vec<u8> {
        self.wire.clone()
    }

    fn is_misuse(&self) -> bool {
        self.misuse
    }

    fn is_message(&self) -> bool {
        self.is_rest
    }
}

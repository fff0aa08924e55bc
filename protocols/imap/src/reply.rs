//! Outcomes of commands, and the one mapping of [`model::Error`] to IMAP's own words (RFC 9051 7.1, RFC 5530).

use model::{AccountId, Error, Modseq};
use store::Committed;

/// Why a command did not succeed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// Not IMAP: BAD.
    Bad(&'static str),
    /// IMAP, but not in this state: BAD, and not counted as nonsense is.
    Misplaced(&'static str),
    /// The same with a response code.
    BadCode(&'static str, &'static str),
    /// IMAP, refused: NO with a response code.
    No(Option<&'static str>, &'static str),
    /// The store's outcome.
    Store(Error),
    /// The session must end: BYE.
    Bye(&'static str),
    /// The same with a response code.
    ByeCode(&'static str, &'static str),
    /// The client is gone or takes nothing: no word reaches it any more.
    Gone,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// A command that succeeded: its tagged OK.
#[derive(Debug)]
pub(crate) struct Done {
    /// Response code, without its brackets.
    pub code: Option<String>,
    /// For people.
    pub text: &'static str,
    /// It was refused after all, with a code of its own making: NO.
    pub refused: bool,
    /// The account that was changed, and its state then.
    pub change: Option<(AccountId, Modseq)>,
}

impl Done {
    /// Something was told; nothing was changed.
    pub(crate) fn told(text: &'static str) -> Self {
        Self { code: None, text, refused: false, change: None }
    }

    /// Refused with a code that names something.
    pub(crate) fn refused(code: impl Into<String>, text: &'static str) -> Self {
        Self { code: Some(code.into()), text, refused: true, change: None }
    }

    /// Something was changed, and here is the proof that it lasts.
    pub(crate) fn changed<T>(proof: &Committed<T>, text: &'static str) -> Self {
        let change = proof.is_change().then(|| (proof.account(), proof.modseq()));
        Self { code: None, text, refused: false, change }
    }

    /// With a response code.
    pub(crate) fn with_code(self, code: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..self }
    }
}

/// What a command came to.
pub(crate) type Outcome = Result<Done, Failure>;

/// The tagged line of a failure: condition, response code, text. `None` where no tagged line is due.
pub(crate) fn words(failure: Failure) -> Option<(&'static str, Option<&'static str>, &'static str)> {
    let no = |code, text| Some(("NO", Some(code), text));
    match failure {
        Failure::Bad(text) | Failure::Misplaced(text) => Some(("BAD", None, text)),
        Failure::BadCode(code, text) => Some(("BAD", Some(code), text)),
        Failure::No(code, text) => Some(("NO", code, text)),
        Failure::Bye(_) | Failure::ByeCode(..) | Failure::Gone => None,
        Failure::Store(error) => match error {
            Error::NotFound => no("NONEXISTENT", "No such mailbox"),
            Error::Forbidden(_) => no("NOPERM", "You have no right to do that"),
            Error::Exists => no("ALREADYEXISTS", "It is there already"),
            Error::Conflict => no("INUSE", "Its state does not allow that, try again"),
            Error::Locked => no("INUSE", "It is locked"),
            Error::PreconditionFailed | Error::StaleToken => no("INUSE", "It has changed, try again"),
            Error::OverQuota => no("OVERQUOTA", "That would pass the quota"),
            Error::TooLarge(_) => no("LIMIT", "A limit would be passed"),
            Error::Invalid(text) => no("CANNOT", text),
            // RFC 5530 3: a subsystem's trouble, not the user's quota.
            Error::DiskFull => no("UNAVAILABLE", "The server has no room for it, try again later"),
            Error::Unavailable => no("UNAVAILABLE", "Not now, try again later"),
            Error::Corrupt => no("SERVERBUG", "Stored data is damaged; the operator has been told"),
            _ => no("SERVERBUG", "Internal error"),
        },
    }
}

#[cfg(test)]
mod tests;

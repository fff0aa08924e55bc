//! Why a command ends without having done its work: told on standard error, exit status 1.

use std::fmt;

/// What went wrong, for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    busy: bool,
}

impl Failure {
    /// In one sentence or several lines.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), busy: false }
    }

    /// Another process holds what is wanted; it may soon let go, or answer.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self { message: message.into(), busy: true }
    }

    /// Whether waiting may help.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Something happened to something.
    pub(crate) fn of(what: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<crate::admin::Refusal> for Failure {
    fn from(refusal: crate::admin::Refusal) -> Self {
        Self::new(refusal.message)
    }
}

//! Why a command ends without having done its work: told on standard error, exit status 1.

use std::fmt;

/// What went wrong, for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// In one sentence or several lines.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Something happened to something.
    pub(crate) fn of(what: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<crate::admin::Refusal> for Failure {
    fn from(refusal: crate::admin::Refusal) -> Self {
        Self(refusal.message)
    }
}

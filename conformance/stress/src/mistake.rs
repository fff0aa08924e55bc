//! Mistakes made on purpose: a stress test that has never failed proves nothing. With `--mistake` the clients, or
//! the model, overlook something once in a while, and the run must end with a failure.

use clap::ValueEnum;

/// What is overlooked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mistake {
    /// An EXISTS.
    Exists,
    /// An EXPUNGE.
    Expunge,
    /// A VANISHED.
    Vanished,
    /// The flags in a FETCH.
    Flags,
    /// In the model, one's own STORE of a keyword.
    Keyword,
    /// In the model, that a message is marked to be removed.
    Deleted,
    /// In the model, what a copy is a copy of.
    Copy,
}

/// How often something was overlooked.
#[derive(Clone, Debug)]
pub(crate) struct Mistakes {
    kind: Option<Mistake>,
    chances: u32,
}

/// Each so-manieth chance is missed.
const EACH: u32 = 12;

impl Mistakes {
    /// Mistakes of one kind, or none.
    #[must_use]
    pub(crate) fn new(kind: Option<Mistake>) -> Self {
        Self { kind, chances: 0 }
    }

    /// Whether this is overlooked now.
    pub(crate) fn make(&mut self, kind: Mistake) -> bool {
        if self.kind != Some(kind) {
            return false;
        }
        self.chances += 1;
        self.chances.is_multiple_of(EACH)
    }
}

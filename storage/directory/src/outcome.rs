//! Proof that a change of the directory is durable.

use engine::Durable;

/// What a durable change gave. Only a commit makes one, so success cannot be told before it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "take the value: it is the proof that the change is on stable storage"]
pub struct Outcome<T> {
    value: T,
}

impl<T> Outcome<T> {
    pub(crate) fn new(value: T, _proof: Durable) -> Self {
        Self { value }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

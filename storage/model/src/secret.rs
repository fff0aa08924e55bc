//! A password or other proof on its way to the directory: never printed, compared only there.

use std::fmt;

/// The longest secret taken, in octets. Longer ones are refused before any hash is computed.
pub const SECRET_BYTES_MAX: usize = 1024;

/// What a client proves itself with. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text as the client sent it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the directory's hashing, nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Overwrites the memory: a courtesy against core dumps and swapped pages, not a guarantee, since copies made
/// by the kernel or by TLS buffers are beyond its reach.
impl Drop for Secret {
    fn drop(&mut self) {
        wipe(std::mem::take(&mut self.0).into_bytes());
    }
}

/// Overwrites bytes that held a secret, then lets them go.
pub fn wipe(mut bytes: Vec<u8>) {
    bytes.fill(0);
    // Keeps the compiler from leaving out a write whose value nobody reads.
    std::hint::black_box(bytes.as_slice());
}

//! Message flags: the system flags of RFC 9051 2.3.2 as bits, keywords as text.

use crate::{Error, Result};
use bitflags::bitflags;
use serde::{Deserialize, Serialize};

/// The longest keyword, in octets.
pub const KEYWORD_BYTES_MAX: usize = 128;
/// The most keywords on one message.
pub const KEYWORD_COUNT_MAX: usize = 64;

bitflags! {
    /// The system flags.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub struct SystemFlags: u8 {
        /// `\Seen`
        const SEEN = 1;
        /// `\Answered`
        const ANSWERED = 2;
        /// `\Flagged`
        const FLAGGED = 4;
        /// `\Deleted`
        const DELETED = 8;
        /// `\Draft`
        const DRAFT = 16;
    }
}

/// A keyword: an IMAP atom, compared without case, spelled as first given.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Keyword(String);

impl Keyword {
    /// Takes an IMAP atom.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no atom, [`Error::TooLarge`] past [`KEYWORD_BYTES_MAX`].
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > KEYWORD_BYTES_MAX {
            return Err(Error::TooLarge(KEYWORD_BYTES_MAX as u64));
        }
        let special = |b: u8| b <= b' ' || b >= 0x7f || b"(){%*\"\\]".contains(&b);
        if text.is_empty() || text.bytes().any(special) {
            return Err(Error::Invalid("not a keyword"));
        }
        Ok(Self(text.to_owned()))
    }

    /// As spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for Keyword {}

/// All flags of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// System flags.
    pub system: SystemFlags,
    /// Keywords in the order they were set, at most [`KEYWORD_COUNT_MAX`].
    pub keywords: Vec<Keyword>,
}

impl Flags {
    /// Adds what is missing.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when the message would carry more than [`KEYWORD_COUNT_MAX`] keywords.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.system |= other.system;
        for keyword in &other.keywords {
            if !self.keywords.contains(keyword) {
                self.keywords.push(keyword.clone());
            }
        }
        if self.keywords.len() > KEYWORD_COUNT_MAX {
            Err(Error::TooLarge(KEYWORD_COUNT_MAX as u64))
        } else {
            Ok(())
        }
    }

    /// Removes what is there.
    pub fn remove(&mut self, other: &Self) {
        self.system -= other.system;
        self.keywords.retain(|keyword| !other.keywords.contains(keyword));
    }
}

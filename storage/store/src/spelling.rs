//! How names of mailboxes are spelled: they are kept in Unicode's form C (RFC 9051 5.1, RFC 5198). One that comes
//! otherwise spelled means the mailbox of that form, unless there is one spelled just so from before; what is made below
//! such a one lies below it.

use crate::{mailbox::DELIMITER, reader::Reader};
use model::Result;
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A name in Unicode's form C.
#[must_use]
pub fn composed(name: &str) -> Cow<'_, str> {
    if name.is_ascii() || is_nfc(name) { Cow::Borrowed(name) } else { Cow::Owned(name.nfc().collect()) }
}

impl Reader {
    /// The spelling of a path that means a mailbox, there or yet to be made: as it is where there is one spelled just so,
    /// else that of form C; above and in place of what is not there, what is there in form D or as it is spelled.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn spelled<'p>(&self, path: &'p str) -> Result<Cow<'p, str>> {
        if path.is_ascii() || self.mailbox_at(path).await?.is_some() {
            return Ok(Cow::Borrowed(path));
        }
        let whole = composed(path);
        if matches!(whole, Cow::Owned(_)) && self.mailbox_at(&whole).await?.is_some() {
            return Ok(whole);
        }
        // What lies above need not be known, where one mailbox is shared without it: the longest that is known counts.
        let (mut found, mut rest) = (None, path);
        for (end, _) in path.rmatch_indices(DELIMITER) {
            let (above, below) = path.split_at(end);
            if self.mailbox_at(above).await?.is_some() {
                (found, rest) = (Some(above.to_owned()), below.strip_prefix(DELIMITER).unwrap_or(below));
                break;
            }
        }
        let mut is_there = true;
        for level in rest.split(DELIMITER) {
            let full = |level: &str| match &found {
                Some(above) => format!("{above}{DELIMITER}{level}"),
                None => level.to_owned(),
            };
            let mut next = full(&composed(level));
            if is_there {
                is_there = false;
                for known in [full(level), next.clone(), full(&level.nfd().collect::<String>())] {
                    if self.mailbox_at(&known).await?.is_some() {
                        (next, is_there) = (known, true);
                        break;
                    }
                }
            }
            found = Some(next);
        }
        Ok(found.map_or(Cow::Borrowed(path), Cow::Owned))
    }
}

//! \Recent (RFC 3501 2.3.2): the messages of a mailbox that no session was told of before.
//!
//! UIDs only grow, so one number a mailbox says it all: the first UID that is still new to everyone. A session
//! that opens the mailbox for writing, or has it open when messages come, takes them and moves the number on;
//! EXAMINE and STATUS only look at it. IMAP4rev2 has no \Recent any more (RFC 9051 appendix E).
//!
//! The numbers are kept in memory: a durable one would cost a commit for every SELECT that finds new mail. What
//! arrived before this process began counts as told.

use crate::limits::{RECENT_KEPT_COUNT_MAX, ROWS_AT_ONCE};
use model::{AccountId, CollectionId, Result, Timestamp, Uid};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{Collection, Mailbox, Reader};

/// A mailbox of an installation.
type Place = (AccountId, CollectionId);

/// What is still new to everyone.
#[derive(Debug)]
pub(crate) struct Recent {
    since: Timestamp,
    first: Mutex<HashMap<Place, u32>>,
}

impl Recent {
    /// Nothing that was there before this moment is new.
    pub(crate) fn new(since: Timestamp) -> Self {
        Self { since, first: Mutex::default() }
    }

    /// The first UID that no session was told of.
    ///
    /// # Errors
    /// `NotFound` when the mailbox has gone; `Unavailable`, `Corrupt`.
    pub(crate) async fn first(&self, reader: &Reader, mailbox: &Collection<Mailbox>) -> Result<u32> {
        let place = (mailbox.account(), mailbox.id());
        let known = self.lock().get(&place).copied();
        if let Some(first) = known {
            return Ok(first);
        }
        let found = self.find(reader, mailbox).await?;
        Ok(*entered(&mut self.lock(), place, found))
    }

    /// Takes what is below `next`; returns the first UID as it was before.
    ///
    /// # Errors
    /// As [`Recent::first`].
    pub(crate) async fn take(
        &self,
        reader: &Reader,
        mailbox: &Collection<Mailbox>,
        next: u32,
    ) -> Result<u32> {
        let found = self.first(reader, mailbox).await?;
        let mut known = self.lock();
        let first = entered(&mut known, (mailbox.account(), mailbox.id()), found);
        let before = *first;
        *first = before.max(next);
        Ok(before)
    }

    /// How many messages are new to everyone.
    ///
    /// # Errors
    /// As [`Recent::first`].
    pub(crate) async fn count(&self, reader: &Reader, mailbox: &Collection<Mailbox>) -> Result<u64> {
        let mut last = Uid(self.first(reader, mailbox).await?.saturating_sub(1));
        let mut count = 0;
        loop {
            let page = reader.entries(mailbox, Some(&last), ROWS_AT_ONCE).await?;
            count += page.len() as u64;
            match page.last() {
                Some((uid, _)) if page.len() == ROWS_AT_ONCE => last = *uid,
                _ => return Ok(count),
            }
        }
    }

    /// Looks for the first message that was put there since this process began.
    async fn find(&self, reader: &Reader, mailbox: &Collection<Mailbox>) -> Result<u32> {
        let (mut low, mut high) = (1, reader.row(mailbox).await?.uid_next.0);
        while low < high {
            let middle = low + (high - low) / 2;
            let page = reader.entries(mailbox, Some(&Uid(middle - 1)), 1).await?;
            match page.first() {
                Some((uid, row)) if row.saved < self.since => low = uid.0.saturating_add(1),
                _ => high = middle,
            }
        }
        Ok(low)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, u32>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a mailbox, entered if it is not there. Where there are too many all are forgotten: what they
/// knew is found again, but for what came and was told since this process began.
fn entered(known: &mut HashMap<Place, u32>, place: Place, found: u32) -> &mut u32 {
    if known.len() >= RECENT_KEPT_COUNT_MAX && !known.contains_key(&place) {
        known.clear();
    }
    known.entry(place).or_insert(found)
}

#[cfg(test)]
mod tests;

//! What happened to a mailbox since a state that the client knows (RFC 7162): what changed, from the store's
//! change log; what vanished, from its tombstones.
//!
//! Tombstones are kept down to the mailbox's floor. Below it nobody remembers what was removed, so that every
//! UID that is not there counts as vanished, as RFC 7162 3.2.6 wants; matching numbers that the client tells
//! bound that (3.2.5.2).

use super::table::Table;
use crate::limits::{CHANGES_AT_ONCE, ROWS_AT_ONCE};
use crate::wire::decoder::sequence::Intervals;
use model::{Error, Modseq, Result, Uid};
use store::{Collection, Mailbox, Reader};

/// What happened since a state.
pub(crate) struct Since {
    /// UIDs that came or changed; `None` where only the rows say it.
    changed: Option<Vec<u32>>,
    /// UIDs that were removed; `None` where nobody remembers.
    removed: Option<Vec<u32>>,
    state: Modseq,
}

impl Since {
    /// Looks into the change log.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`, `NotFound`.
    pub(crate) async fn read(reader: &Reader, mailbox: &Collection<Mailbox>, state: Modseq) -> Result<Self> {
        let changes = match reader.changes(mailbox, state, CHANGES_AT_ONCE).await {
            Ok(changes) if !changes.more => changes,
            // Where more has changed, reading the rows costs no more than reading the log.
            Ok(_) | Err(Error::StaleToken) => return Ok(Self { changed: None, removed: None, state }),
            Err(error) => return Err(error),
        };
        let sorted = |mut uids: Vec<u32>| {
            uids.sort_unstable();
            uids
        };
        let changed = sorted(changes.changed.into_iter().map(|(uid, _)| uid.0).collect());
        let removed = sorted(changes.removed.into_iter().map(|(uid, _)| uid.0).collect());
        Ok(Self { changed: Some(changed), removed: Some(removed), state })
    }

    /// Those of the messages that changed; `uids` ascend and are in the table.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub(crate) async fn changed(
        &self,
        reader: &Reader,
        mailbox: &Collection<Mailbox>,
        table: &Table,
        uids: &[Uid],
    ) -> Result<Vec<Uid>> {
        if let Some(changed) = &self.changed {
            return Ok(uids.iter().copied().filter(|uid| changed.binary_search(&uid.0).is_ok()).collect());
        }
        let mut found = Vec::new();
        for uids in uids.chunks(ROWS_AT_ONCE) {
            let rows = table.rows(reader, mailbox, uids).await?;
            let newer = uids
                .iter()
                .zip(rows)
                .filter(|(_, row)| row.as_ref().is_some_and(|row| row.modseq > self.state));
            found.extend(newer.map(|(uid, _)| *uid));
            tokio::task::yield_now().await;
        }
        Ok(found)
    }

    /// Those of the UIDs `asked` for that vanished: not in `known`, which is what the client has open, nor in
    /// the table. Where nobody remembers, those behind `matched` that are not there.
    pub(crate) fn vanished(
        &self,
        asked: &Intervals,
        known: &Table,
        table: &Table,
        matched: u32,
    ) -> Intervals {
        let there = |uid: u32| known.index(uid).is_some() || table.index(uid).is_some();
        if let Some(removed) = &self.removed {
            return Intervals::collect(
                removed.iter().copied().filter(|&uid| asked.contains(uid) && !there(uid)),
            );
        }
        let mut missing = Intervals::default();
        for &(low, high) in &asked.0 {
            gaps(&mut missing, (low.max(matched.saturating_add(1)), high), known, table);
        }
        missing
    }
}

/// Adds the UIDs of a range that are in neither table.
fn gaps(missing: &mut Intervals, (low, high): (u32, u32), known: &Table, table: &Table) {
    let mut next = low;
    let mut both = Merged { left: known.from(low), right: table.from(low) };
    while next <= high {
        let there = both.next().filter(|&uid| uid <= high);
        let end = there.map_or(high, |uid| uid - 1);
        if next <= end {
            missing.0.push((next, end));
        }
        match there.and_then(|uid| uid.checked_add(1)) {
            Some(after) => next = after,
            None => return,
        }
    }
}

/// Two ascending lists as one without doubles.
struct Merged<'a> {
    left: &'a [u32],
    right: &'a [u32],
}

impl Iterator for Merged<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let least = match (self.left.first(), self.right.first()) {
            (Some(&left), Some(&right)) => left.min(right),
            (Some(&only), None) | (None, Some(&only)) => only,
            (None, None) => return None,
        };
        for list in [&mut self.left, &mut self.right] {
            if let Some((first, rest)) = list.split_first()
                && *first == least
            {
                *list = rest;
            }
        }
        Some(least)
    }
}

#[cfg(test)]
mod tests;

//! Reading a message's parts in their order: what was read for one part and not used is there for the next.
//!
//! A message of many small parts would otherwise have each of its chunks read, and unpacked, once a part.

use crate::{body::Body, stores::Store};
use bytes::Bytes;
use model::Result;
use std::fmt;
use std::ops::Range;

/// A body that is read from its beginning to its end, more or less.
pub struct Ahead<'a> {
    store: &'a Store,
    body: &'a Body,
    /// Where `waiting` begins.
    start: u64,
    waiting: Bytes,
}

impl<'a> Ahead<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: &'a Store, body: &'a Body) -> Self {
        Self { store, body, start: 0, waiting: Bytes::new() }
    }

    /// The next octets of the range, which then begins behind them; `None` at its end.
    ///
    /// # Errors
    /// `Corrupt`, `Unavailable`.
    pub async fn next(&mut self, range: &mut Range<u64>) -> Result<Option<Bytes>> {
        if range.is_empty() {
            return Ok(None);
        }
        if self.piece(range).is_none() {
            self.start = range.start;
            let mut rest = self.store.body(self.body, range.start..u64::MAX);
            self.waiting = rest.next().await?.unwrap_or_default();
        }
        let piece = self.piece(range);
        range.start += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Ok(piece)
    }

    /// All of the range.
    ///
    /// # Errors
    /// `Corrupt`, `Unavailable`.
    pub async fn collect(&mut self, mut range: Range<u64>) -> Result<Bytes> {
        let Some(first) = self.next(&mut range).await? else { return Ok(Bytes::new()) };
        if range.is_empty() {
            return Ok(first);
        }
        let mut all = first.to_vec();
        while let Some(more) = self.next(&mut range).await? {
            all.extend_from_slice(&more);
        }
        Ok(all.into())
    }

    /// What waits of the range's beginning.
    fn piece(&self, range: &Range<u64>) -> Option<Bytes> {
        let from = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(range.end - self.start).unwrap_or(usize::MAX).min(self.waiting.len());
        (from < to).then(|| self.waiting.slice(from..to))
    }
}

impl fmt::Debug for Ahead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store::Ahead(at {})", self.start)
    }
}

#[cfg(test)]
mod tests;

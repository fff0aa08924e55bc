//! What one group comes to: which batches are refused by what goes before them in the group, which expectations
//! the database must judge, and the last change of every key.
//!
//! A key that an earlier batch of the group has changed is judged here; any other one is judged by the database,
//! against the state before the group. What neither can judge ends the group in front of it.

use crate::{Batch, Op, Precondition, Range, Table};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Bound,
};

/// What stands at a key after the batches so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last<'a> {
    Put(&'a Bytes),
    /// Put unless the database has the key: there in any case, with a value that is not known here.
    PutIfAbsent(&'a Bytes),
    Delete,
}

type Overlay<'a> = BTreeMap<(Table, &'a [u8]), Last<'a>>;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// In the group, if the database says so too.
    Admitted,
    /// An earlier batch of the group forbids it.
    Refused,
    /// Neither: it goes into the next group, and so does everything behind it.
    Later,
}

/// A group as one statement.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    pub(super) overlay: Overlay<'a>,
    /// What the database must judge, with the number of the batch.
    pub(super) asked: Vec<(i32, &'a Precondition)>,
}

impl<'a> Plan<'a> {
    /// Takes a batch in. On anything but `Admitted` nothing has changed.
    pub(super) fn admit(&mut self, number: i32, batch: &'a Batch) -> Verdict {
        let mut asked = Vec::new();
        for expected in &batch.expect {
            match self.judge(expected) {
                Some(true) => {}
                Some(false) => return Verdict::Refused,
                None if self.is_open(expected) => asked.push((number, expected)),
                None => return Verdict::Later,
            }
        }
        self.asked.extend(asked);
        for op in &batch.ops {
            match op {
                Op::Put(table, key, value) => {
                    self.overlay.insert((*table, key), Last::Put(value));
                }
                Op::Delete(table, key) => {
                    self.overlay.insert((*table, key), Last::Delete);
                }
                Op::PutIfAbsent(table, key, value) => match self.overlay.entry((*table, key)) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(Last::PutIfAbsent(value));
                    }
                    Entry::Occupied(mut laid) if *laid.get() == Last::Delete => {
                        laid.insert(Last::Put(value));
                    }
                    Entry::Occupied(_) => {}
                },
            }
        }
        Verdict::Admitted
    }

    /// Whether an expectation holds, as far as the group itself can tell.
    fn judge(&self, expected: &Precondition) -> Option<bool> {
        match expected {
            Precondition::Absent(table, key) => self.laid(*table, key).map(|last| last == Last::Delete),
            Precondition::Present(table, key) => self.laid(*table, key).map(|last| last != Last::Delete),
            Precondition::Equals(table, key, value) => match self.laid(*table, key)? {
                Last::Put(laid) => Some(laid == value),
                Last::Delete => Some(false),
                Last::PutIfAbsent(_) => None,
            },
            Precondition::Empty(_, range) if is_void(range) => Some(true),
            Precondition::Empty(table, range) => {
                self.within(*table, range).any(|last| last != Last::Delete).then_some(false)
            }
        }
    }

    /// Whether the group has not touched what is expected, so that the state before it decides.
    fn is_open(&self, expected: &Precondition) -> bool {
        match expected {
            Precondition::Absent(table, key)
            | Precondition::Present(table, key)
            | Precondition::Equals(table, key, _) => self.laid(*table, key).is_none(),
            Precondition::Empty(table, range) => self.within(*table, range).next().is_none(),
        }
    }

    fn laid(&self, table: Table, key: &[u8]) -> Option<Last<'a>> {
        self.overlay.get(&(table, key)).copied()
    }

    fn within<'b>(&'b self, table: Table, range: &'b Range) -> impl Iterator<Item = Last<'a>> + 'b {
        let from = (Bound::Included((table, range.start.as_slice())), Bound::Unbounded);
        self.overlay
            .range::<(Table, &[u8]), _>(from)
            .take_while(move |((of, key), _)| {
                *of == table && (range.end.is_empty() || *key < range.end.as_slice())
            })
            .map(|(_, last)| *last)
    }
}

/// Whether no key can lie in the range.
pub(super) fn is_void(range: &Range) -> bool {
    !range.end.is_empty() && range.start >= range.end
}

#[cfg(test)]
mod tests;

//! Which batches of a group may happen: each is judged against the durable state overlaid with every earlier
//! batch of its group that passed.

use crate::{
    Batch, Op, Precondition, Range, Table,
    raw::{Change, RawView},
};
use bytes::Bytes;
use model::{Error, Result};
use std::{collections::BTreeMap, ops::Bound};

type Overlay<'a> = BTreeMap<(Table, &'a [u8]), Option<&'a Bytes>>;

/// Judges a group's batches in their order.
pub(crate) struct Judge<'a, V> {
    view: &'a V,
    overlay: Overlay<'a>,
}

impl<'a, V: RawView> Judge<'a, V> {
    pub(crate) fn new(view: &'a V) -> Self {
        Self { view, overlay: BTreeMap::new() }
    }

    /// Tells for each of the batch's operations whether it takes effect, and lays them over the state that
    /// later batches see. On error nothing is laid over.
    pub(crate) fn admit(&mut self, batch: &'a Batch) -> Result<Vec<bool>> {
        for expected in &batch.expect {
            if !self.holds(expected)? {
                return Err(Error::PreconditionFailed);
            }
        }
        let mut mine = Overlay::new();
        let mut effective = Vec::with_capacity(batch.ops.len());
        for op in &batch.ops {
            let effect = match op {
                Op::Put(table, key, value) => Some((*table, key, Some(value))),
                Op::Delete(table, key) => Some((*table, key, None)),
                Op::PutIfAbsent(table, key, value) => {
                    let there = match mine.get(&(*table, key.as_slice())) {
                        Some(value) => value.is_some(),
                        None => self.is_present(*table, key)?,
                    };
                    (!there).then_some((*table, key, Some(value)))
                }
            };
            effective.push(effect.is_some());
            if let Some((table, key, value)) = effect {
                mine.insert((table, key.as_slice()), value);
            }
        }
        self.overlay.append(&mut mine);
        Ok(effective)
    }

    fn holds(&self, expected: &Precondition) -> Result<bool> {
        match expected {
            Precondition::Absent(table, key) => Ok(!self.is_present(*table, key)?),
            Precondition::Present(table, key) => self.is_present(*table, key),
            Precondition::Equals(table, key, value) => match self.overlay.get(&(*table, key.as_slice())) {
                Some(laid) => Ok(*laid == Some(value)),
                None => Ok(self.view.get(*table, key)?.as_ref() == Some(value)),
            },
            Precondition::Empty(table, range) => self.is_empty(*table, range),
        }
    }

    fn is_present(&self, table: Table, key: &[u8]) -> Result<bool> {
        match self.overlay.get(&(table, key)) {
            Some(laid) => Ok(laid.is_some()),
            None => Ok(self.view.get(table, key)?.is_some()),
        }
    }

    fn is_empty(&self, table: Table, range: &Range) -> Result<bool> {
        if !range.end.is_empty() && range.start >= range.end {
            return Ok(true);
        }
        let from = Bound::Included((table, range.start.as_slice()));
        let laid = self.overlay.range((from, Bound::Unbounded)).take_while(|((of, key), _)| {
            *of == table && (range.end.is_empty() || *key < range.end.as_slice())
        });
        let mut removed = 0_usize;
        for (_, value) in laid {
            if value.is_some() {
                return Ok(false);
            }
            removed += 1;
        }
        // Each removal of the group can hide one row, so one row more than those decides.
        let rows = self.view.scan(table, range, removed + 1, false)?;
        Ok(rows.iter().all(|(key, _)| self.overlay.contains_key(&(table, key.as_ref()))))
    }
}

/// The batch's operations that take effect.
pub(crate) fn changes(batch: Batch, effective: &[bool]) -> Vec<Change> {
    let kept = batch.ops.into_iter().zip(effective).filter(|(_, effective)| **effective);
    kept.map(|(op, _)| match op {
        Op::Put(table, key, value) | Op::PutIfAbsent(table, key, value) => {
            Change { table, key, value: Some(value) }
        }
        Op::Delete(table, key) => Change { table, key, value: None },
    })
    .collect()
}

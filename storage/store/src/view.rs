//! A snapshot with batches over it: what a reader sees, and what a writer sees of its own work.

use bytes::Bytes;
use engine::{Range, Snapshot, Table};
use model::Result;
use std::{collections::BTreeMap, sync::Arc};

/// Changes over a snapshot; `None` is a removed key.
pub(crate) type Overlay = BTreeMap<(Table, Vec<u8>), Option<Bytes>>;

/// The durable snapshot, the account's batches in flight over it (oldest first), one's own work on top.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) snapshot: Arc<dyn Snapshot>,
    pub(crate) flying: Vec<Arc<Overlay>>,
    pub(crate) own: Overlay,
}

impl View {
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>, flying: Vec<Arc<Overlay>>) -> Self {
        Self { snapshot, flying, own: Overlay::new() }
    }

    fn over(&self, table: Table, key: &[u8]) -> Option<Option<Bytes>> {
        if self.own.is_empty() && self.flying.is_empty() {
            return None;
        }
        let full = (table, key.to_vec());
        let own = self.own.get(&full);
        own.or_else(|| self.flying.iter().rev().find_map(|layer| layer.get(&full))).cloned()
    }

    pub(crate) async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>> {
        match self.over(table, key) {
            Some(value) => Ok(value),
            None => self.snapshot.get(table, key).await,
        }
    }

    pub(crate) async fn get_many(&self, table: Table, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let mut values = self.snapshot.get_many(table, keys).await?;
        for (value, key) in values.iter_mut().zip(keys) {
            if let Some(newer) = self.over(table, key) {
                *value = newer;
            }
        }
        Ok(values)
    }

    /// At most `limit` pairs in key order, or from the end of the range.
    pub(crate) async fn scan(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>> {
        let layers = self.layers(table, range);
        if layers.is_empty() {
            return self.snapshot.scan(table, range, limit, reverse).await;
        }
        // Removed keys make room for as many more below, so that the limit still means pairs returned.
        let below = self.snapshot.scan(table, range, limit.saturating_add(layers.len()), reverse).await?;
        let mut merged: BTreeMap<Bytes, Option<Bytes>> =
            below.into_iter().map(|(key, value)| (key, Some(value))).collect();
        let edge = if reverse { merged.keys().next().cloned() } else { merged.keys().next_back().cloned() };
        let full = merged.len() == limit.saturating_add(layers.len());
        for (key, value) in layers {
            // Past the edge of a full page lie rows that were not read: they belong to the next page.
            let past =
                full && edge.as_ref().is_some_and(|edge| if reverse { key < *edge } else { key > *edge });
            if !past {
                merged.insert(key, value);
            }
        }
        let pairs = merged.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Ok(if reverse { pairs.rev().take(limit).collect() } else { pairs.take(limit).collect() })
    }

    fn layers(&self, table: Table, range: &Range) -> BTreeMap<Bytes, Option<Bytes>> {
        let mut found = BTreeMap::new();
        for layer in self.flying.iter().map(Arc::as_ref).chain([&self.own]) {
            let from = (table, range.start.clone());
            for ((layer_table, key), value) in layer.range(from..) {
                let behind = !range.end.is_empty() && *key >= range.end;
                if *layer_table != table || behind {
                    break;
                }
                found.insert(Bytes::copy_from_slice(key), value.clone());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;

//! Chunks: rows in the order of tables and keys, with the blobs they need, cut where the keys say so.

use crate::{
    limits::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_ROWS, SCAN_COUNT},
    pack::hash,
    repository::Repository,
};
use bytes::Bytes;
use engine::{Range, Snapshot, Table};
use model::{BlobId, Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A row: number of its table, key, value.
pub(crate) type Row = (u8, Bytes, Bytes);

/// Some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chunk {
    /// Blobs that the rows need.
    pub(crate) needs: Vec<BlobId>,
    pub(crate) rows: Vec<Row>,
}

impl Chunk {
    pub(crate) fn read(repository: &Repository, id: &BlobId) -> Result<Self> {
        postcard::from_bytes(&repository.object(id)?).map_err(|_| Error::Corrupt)
    }
}

/// A list of chunks.
pub(crate) fn list(repository: &Repository, id: &BlobId) -> Result<Vec<BlobId>> {
    postcard::from_bytes(&repository.object(id)?).map_err(|_| Error::Corrupt)
}

pub(crate) fn table_of(number: u8) -> Result<Table> {
    Table::ALL.iter().copied().find(|table| *table as u8 == number).ok_or(Error::Corrupt)
}

/// Whether a chunk may end behind this key.
fn ends(key: &[u8]) -> bool {
    hash(key).0.first_chunk::<8>().is_some_and(|head| u64::from_be_bytes(*head).is_multiple_of(CHUNK_ROWS))
}

/// Reads ranges of tables into chunks.
pub(crate) struct Cutter {
    chunk: Chunk,
    bytes: usize,
    pub(crate) rows: u64,
}

impl Cutter {
    pub(crate) fn new() -> Self {
        Self { chunk: Chunk::default(), bytes: 0, rows: 0 }
    }

    /// Takes a row; a chunk that ends with it.
    pub(crate) fn row(&mut self, table: Table, key: Bytes, value: Bytes) -> Result<Option<Chunk>> {
        match store::needed(table, &key, &value) {
            Ok(needs) => self.chunk.needs.extend(needs),
            // A row that cannot be read goes along as it is; one damaged row must not keep all others from being
            // backed up.
            Err(Error::Corrupt) => tracing::error!(?table, "a damaged row goes into the backup as it is"),
            Err(error) => return Err(error),
        }
        self.bytes += key.len() + value.len();
        self.rows += 1;
        let end = self.bytes >= CHUNK_BYTES_MAX || self.bytes >= CHUNK_BYTES_MIN && ends(&key);
        self.chunk.rows.push((table as u8, key, value));
        Ok(if end { self.end() } else { None })
    }

    /// What is left.
    pub(crate) fn end(&mut self) -> Option<Chunk> {
        self.bytes = 0;
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.needs.sort_unstable();
        chunk.needs.dedup();
        (!chunk.rows.is_empty()).then_some(chunk)
    }
}

/// The next page of a range; moves the range behind it.
pub(crate) async fn page(
    snapshot: &Arc<dyn Snapshot>,
    table: Table,
    range: &mut Range,
) -> Result<Vec<(Bytes, Bytes)>> {
    if !range.end.is_empty() && range.start >= range.end {
        return Ok(Vec::new());
    }
    let page = snapshot.scan(table, range, SCAN_COUNT, false).await?;
    if let Some((last, _)) = page.last() {
        range.start = last.to_vec();
        range.start.push(0);
    }
    Ok(page)
}

#[cfg(test)]
mod tests;

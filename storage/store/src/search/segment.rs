//! Segments: the terms of a run of messages, sorted, and for each the messages that have it.
//!
//! A segment never changes. Its rows in [`Table::Search`], behind the account:
//!
//! | octet | then | value |
//! |---|---|---|
//! | 1 | segment | the messages, ascending; a message's place is its number in the segment |
//! | 2 | segment, field, chunk | terms, each between zero octets, sorted |
//! | 3 | segment, field, chunk | for each of them the numbers of its messages; nothing where they are many |
//! | 4 | segment, field, chunk, term | the numbers of the messages of a term that has many |
//!
//! (Octet 0 is the record of the index, octet 5 are the notes of `gone.rs`.)
//!
//! Terms stand uncompressed side by side because questions are substrings: a chunk is looked through at the
//! speed of memory. Numbers are differences in LEB128.

use crate::{
    key::Key,
    limits::{
        SEARCH_BATCH_BYTES, SEARCH_BUILD_BYTES_MAX, SEARCH_BUILD_COUNT_MAX, SEARCH_PART_BYTES_MAX,
        SEARCH_TERM_COUNT_MAX,
    },
    view::View,
};
use bytes::Bytes;
use engine::{Batch, Engine, Op, Precondition, Table};
use model::{AccountId, Error, ItemId, Result};
use std::collections::HashMap;

/// The octets of terms after which a chunk ends.
const CHUNK_BYTES: usize = 64 * 1024;
/// Numbers that take more octets than this have a row of their own.
const FEW_BYTES_MAX: usize = 256;

pub(crate) const DOCUMENTS: u8 = 1;
pub(crate) const TERMS: u8 = 2;
pub(crate) const FEW: u8 = 3;
pub(crate) const MANY: u8 = 4;
pub(crate) const GONE: u8 = 5;

pub(crate) fn row(account: AccountId, part: u8, segment: u32) -> Key {
    Key::account(account).bytes(&[part]).number(segment)
}

/// Appends a number, seven bits an octet.
pub(crate) fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front.
pub(crate) fn take_number(bytes: &mut &[u8]) -> Result<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(Error::Corrupt)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Error::Corrupt)
}

/// The messages that have a term, by number, ascending.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    bytes: Vec<u8>,
    last: Option<u32>,
}

impl Numbers {
    /// Adds a number that is not smaller than the last; the same one again adds nothing.
    pub(crate) fn push(&mut self, number: u32) {
        if self.last == Some(number) {
            return;
        }
        put_number(u64::from(number.saturating_sub(self.last.unwrap_or(0))), &mut self.bytes);
        self.last = Some(number);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads what was written.
    pub(crate) fn each(mut bytes: &[u8], mut sink: impl FnMut(u32)) -> Result<()> {
        let mut number = 0u64;
        while !bytes.is_empty() {
            number = number.saturating_add(take_number(&mut bytes)?);
            sink(u32::try_from(number).map_err(|_| Error::Corrupt)?);
        }
        Ok(())
    }
}

/// Appends how many messages there are, and which, ascending.
pub(super) fn put_items(items: &[ItemId], out: &mut Vec<u8>) {
    put_number(items.len() as u64, out);
    let mut last = 0;
    for item in items {
        put_number(item.0.saturating_sub(last), out);
        last = item.0;
    }
}

/// Takes what [`put_items`] wrote off the front.
pub(super) fn take_items(bytes: &mut &[u8]) -> Result<Vec<ItemId>> {
    let (mut items, mut item) = (Vec::new(), 0u64);
    for _ in 0..take_number(bytes)? {
        item = item.saturating_add(take_number(bytes)?);
        items.push(ItemId(item));
    }
    Ok(items)
}

/// How much is taken on at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Memory of a builder, about.
    pub(crate) build_bytes: usize,
    /// Messages of a builder.
    pub(crate) build_count: usize,
    /// Octets of one part of a message.
    pub(crate) part_bytes: u64,
    /// Terms of one message.
    pub(crate) term_count: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            build_bytes: SEARCH_BUILD_BYTES_MAX,
            build_count: SEARCH_BUILD_COUNT_MAX,
            part_bytes: SEARCH_PART_BYTES_MAX,
            term_count: SEARCH_TERM_COUNT_MAX,
        }
    }
}

/// Terms of messages that are indexed now.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    bounds: Bounds,
    /// Field and term.
    terms: HashMap<Box<[u8]>, Numbers>,
    documents: Documents,
    bytes: usize,
    key: Vec<u8>,
}

/// What a term costs in memory beside its own octets, about.
const TERM_OVERHEAD_BYTES: usize = 112;

impl Builder {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Whether what is there is to be written before more comes.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= self.bounds.build_bytes || self.documents.items.len() >= self.bounds.build_count
    }

    #[cfg(test)]
    pub(super) fn bytes_for_test(&self) -> usize {
        self.bytes
    }

    /// The number of the next message.
    pub(crate) fn begin(&mut self, item: ItemId) -> u32 {
        let number = u32::try_from(self.documents.items.len()).unwrap_or(u32::MAX);
        self.documents.items.push(item);
        number
    }

    /// Enters a term of a message; `true` when the message did not have it.
    pub(crate) fn add(&mut self, field: u8, term: &[u8], number: u32) -> bool {
        self.key.clear();
        self.key.push(field);
        self.key.extend_from_slice(term);
        if let Some(numbers) = self.terms.get_mut(self.key.as_slice()) {
            let is_new = numbers.last != Some(number);
            numbers.push(number);
            self.bytes += usize::from(is_new) * 2;
            return is_new;
        }
        let mut numbers = Numbers::default();
        numbers.push(number);
        self.bytes += self.key.len() + TERM_OVERHEAD_BYTES;
        self.terms.insert(self.key.as_slice().into(), numbers);
        true
    }

    /// Whether a message has a term of a field.
    pub(crate) fn has(&self, field: u8, term: &[u8], number: u32) -> bool {
        let key = [&[field], term].concat();
        self.terms.get(key.as_slice()).is_some_and(|numbers| numbers.last == Some(number))
    }

    /// Every term with its field.
    pub(super) fn terms(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.terms.keys().filter_map(|key| key.split_first()).map(|(field, term)| (*field, term))
    }

    /// A message that the terms do not tell all of.
    pub(crate) fn unsure(&mut self, number: u32) {
        self.documents.unsure.push(number);
    }

    /// Writes it all.
    pub(crate) async fn write(self, mut out: SegmentWriter<'_>) -> Result<Written> {
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (key, numbers) in terms {
            let (field, term) = key.split_first().ok_or(Error::Corrupt)?;
            out.push(*field, term, numbers.bytes()).await?;
        }
        out.finish(&self.documents).await
    }
}

/// The messages of a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Documents {
    /// Ascending.
    pub(crate) items: Vec<ItemId>,
    /// Numbers of those whose terms are not all here: they must always be looked at.
    pub(crate) unsure: Vec<u32>,
}

impl Documents {
    /// Those of a segment.
    pub(super) async fn load(view: &View, account: AccountId, segment: u32) -> Result<Self> {
        let key = row(account, DOCUMENTS, segment).done();
        Self::decode(&view.get(Table::Search, &key).await?.ok_or(Error::Corrupt)?)
    }

    /// Which of these, which ascend, are among them.
    pub(super) fn among<'a>(&'a self, items: &'a [ItemId]) -> impl Iterator<Item = ItemId> + 'a {
        let from = items.partition_point(|item| self.items.first().is_none_or(|first| item < first));
        let to = items.partition_point(|item| self.items.last().is_some_and(|last| item <= last));
        let near = items.get(from..to).unwrap_or_default().iter().copied();
        near.filter(|item| self.items.binary_search(item).is_ok())
    }

    fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.items.len() * 2 + 16);
        put_items(&self.items, &mut out);
        let mut unsure = Numbers::default();
        self.unsure.iter().for_each(|number| unsure.push(*number));
        out.extend_from_slice(unsure.bytes());
        out.into()
    }

    pub(crate) fn decode(mut bytes: &[u8]) -> Result<Self> {
        let mut documents = Self { items: take_items(&mut bytes)?, unsure: Vec::new() };
        Numbers::each(bytes, |number| documents.unsure.push(number))?;
        Ok(documents)
    }
}

/// What a segment came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) count: u32,
    pub(crate) bytes: u64,
}

/// Writes the rows of a segment in bounded batches. They mean nothing until the account's record names them.
pub(crate) struct SegmentWriter<'e> {
    engine: &'e dyn Engine,
    account: AccountId,
    segment: u32,
    /// The index's record, which must be as it was when the segment was begun.
    record: (Vec<u8>, Bytes),
    /// Field and number of the chunk at hand.
    at: Option<(u8, u32)>,
    terms: Vec<u8>,
    few: Vec<u8>,
    /// Number of the next term in the chunk.
    term: u32,
    ops: Vec<Op>,
    ops_bytes: usize,
    bytes: u64,
}

impl<'e> SegmentWriter<'e> {
    pub(crate) fn new(
        engine: &'e dyn Engine,
        account: AccountId,
        segment: u32,
        record: (Vec<u8>, Bytes),
    ) -> Self {
        Self {
            engine,
            account,
            segment,
            record,
            at: None,
            terms: Vec::new(),
            few: Vec::new(),
            term: 0,
            ops: Vec::new(),
            ops_bytes: 0,
            bytes: 0,
        }
    }

    fn key(&self, part: u8, (field, chunk): (u8, u32)) -> Key {
        row(self.account, part, self.segment).bytes(&[field]).number(chunk)
    }

    /// Takes the next term, in order of field and term.
    pub(crate) async fn push(&mut self, field: u8, term: &[u8], numbers: &[u8]) -> Result<()> {
        let at = match self.at {
            Some(at) if at.0 == field && self.terms.len() < CHUNK_BYTES => at,
            Some((last, chunk)) => {
                self.end_chunk().await?;
                if last == field { (field, chunk + 1) } else { (field, 0) }
            }
            None => (field, 0),
        };
        self.at = Some(at);
        if self.terms.is_empty() {
            self.terms.push(0);
        }
        self.terms.extend_from_slice(term);
        self.terms.push(0);
        if numbers.len() <= FEW_BYTES_MAX {
            put_number(numbers.len() as u64, &mut self.few);
            self.few.extend_from_slice(numbers);
        } else {
            put_number(0, &mut self.few);
            let key = self.key(MANY, at).number(self.term).done();
            self.put(key, Bytes::copy_from_slice(numbers));
        }
        self.term += 1;
        Ok(())
    }

    async fn end_chunk(&mut self) -> Result<()> {
        if let Some(at) = self.at.take() {
            let (terms, few) = (std::mem::take(&mut self.terms), std::mem::take(&mut self.few));
            self.put(self.key(TERMS, at).done(), terms.into());
            self.put(self.key(FEW, at).done(), few.into());
            self.term = 0;
        }
        if self.ops_bytes >= SEARCH_BATCH_BYTES { self.flush().await } else { Ok(()) }
    }

    fn put(&mut self, key: Vec<u8>, value: Bytes) {
        self.ops_bytes += key.len() + value.len();
        self.bytes += (key.len() + value.len()) as u64;
        self.ops.push(Op::Put(Table::Search, key, value));
    }

    async fn flush(&mut self) -> Result<()> {
        let ops = std::mem::take(&mut self.ops);
        self.ops_bytes = 0;
        // Another builder, or whoever throws the index away, changes the record before any row.
        let (key, record) = self.record.clone();
        let expect = vec![Precondition::Equals(Table::Search, key, record)];
        self.engine.commit(Batch { expect, ops }).await.map(|_durable| ()).map_err(|error| match error {
            Error::PreconditionFailed => Error::Conflict,
            other => other,
        })
    }

    pub(crate) async fn finish(mut self, documents: &Documents) -> Result<Written> {
        self.end_chunk().await?;
        self.put(row(self.account, DOCUMENTS, self.segment).done(), documents.encode());
        self.flush().await?;
        let count = u32::try_from(documents.items.len()).map_err(|_| Error::Corrupt)?;
        Ok(Written { count, bytes: self.bytes })
    }
}

/// The numbers of each term of a chunk, in the order of the terms: `None` where they are many.
pub(crate) fn few(mut bytes: &[u8]) -> Result<Vec<Option<&[u8]>>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(take_number(&mut bytes)?).map_err(|_| Error::Corrupt)?;
        let (numbers, rest) = bytes.split_at_checked(length).ok_or(Error::Corrupt)?;
        found.push((length > 0).then_some(numbers));
        bytes = rest;
    }
    Ok(found)
}

#[cfg(test)]
mod tests;

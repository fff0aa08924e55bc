//! Making one segment of several neighbours, so that a question asks few; messages that have gone are left out.
//!
//! In memory are the messages of all of them, one chunk of terms of each, and the numbers of one term that many
//! messages have.

use super::{
    build::state,
    index::Segment,
    segment::{Documents, FEW, MANY, Numbers, SegmentWriter, TERMS, Written, few, row},
};
use crate::{
    collection::after,
    key::Key,
    limits::{SCAN_PAGE_COUNT, SEARCH_STATE_COUNT},
    stores::Store,
    view::View,
};
use bytes::Bytes;
use engine::{Range, Table};
use model::{AccountId, Error, Result};
use std::collections::VecDeque;

/// So many segments of a level become one of the next.
pub(super) const FAN: u32 = 8;

/// The segments to merge next: the newest ones, when enough of them are small.
pub(super) fn choose(segments: &[Segment]) -> Option<std::ops::Range<usize>> {
    let levels: Vec<u32> = segments.iter().map(|segment| segment.level()).collect();
    let highest = levels.iter().max().copied()?;
    (0..=highest).find_map(|level| {
        let tail = levels.iter().rev().take_while(|other| **other <= level);
        let (of_level, all) = tail.fold((0, 0), |(n, all), other| (n + u32::from(*other == level), all + 1));
        (of_level >= FAN).then_some(levels.len() - all..levels.len())
    })
}

/// Writes the merged segment.
pub(super) async fn merge(
    store: &Store,
    account: AccountId,
    old: &[Segment],
    mut out: SegmentWriter<'_>,
) -> Result<Written> {
    let mut view = state(store).await?;
    let mut documents = Documents::default();
    let mut sources = Vec::with_capacity(old.len());
    for segment in old {
        sources.push(Source::open(&view, account, segment.id, &mut documents).await?);
    }
    let mut chunk_count = 0;
    loop {
        for source in &mut sources {
            chunk_count += usize::from(source.fill(&view).await?);
        }
        if chunk_count >= SEARCH_STATE_COUNT {
            (view, chunk_count) = (state(store).await?, 0);
        }
        let heads = sources.iter().filter_map(|source| source.terms.front());
        let Some(next) = heads.map(|term| (term.field, &term.term)).min() else { break };
        let (field, term) = (next.0, next.1.clone());
        let mut numbers = Numbers::default();
        for source in &mut sources {
            source.take(&view, (field, &term), &mut numbers).await?;
        }
        if !numbers.bytes().is_empty() {
            out.push(field, &term, numbers.bytes()).await?;
        }
    }
    out.finish(&documents).await
}

struct Term {
    field: u8,
    term: Bytes,
    numbers: Where,
}

/// Where a term's numbers are.
enum Where {
    Here(Bytes),
    /// In a row of their own, which is read when it is the term's turn.
    Row(Vec<u8>),
}

/// A segment that is read from its first term to its last.
struct Source {
    /// What is left of its chunks.
    range: Range,
    /// New number of each message; none for one that has gone.
    renumbered: Vec<Option<u32>>,
    terms: VecDeque<Term>,
    is_over: bool,
}

impl Source {
    /// Reads the segment's messages and adds those that are still there to the new ones.
    async fn open(view: &View, account: AccountId, segment: u32, new: &mut Documents) -> Result<Self> {
        let old = Documents::load(view, account, segment).await?;
        let mut renumbered = Vec::with_capacity(old.items.len());
        for page in old.items.chunks(SCAN_PAGE_COUNT) {
            let keys: Vec<_> = page.iter().map(|item| Key::item(account, *item).done()).collect();
            for (item, record) in page.iter().zip(view.get_many(Table::Message, &keys).await?) {
                let number = u32::try_from(new.items.len()).map_err(|_| Error::Corrupt)?;
                renumbered.push(record.is_some().then_some(number));
                if record.is_some() {
                    new.items.push(*item);
                }
            }
        }
        let still = |number: &u32| renumbered.get(*number as usize).copied().flatten();
        new.unsure.extend(old.unsure.iter().filter_map(still));
        let range = row(account, TERMS, segment).prefix();
        Ok(Self { range, renumbered, terms: VecDeque::new(), is_over: false })
    }

    /// Reads the next chunk when the last is used up; whether it has read one.
    async fn fill(&mut self, view: &View) -> Result<bool> {
        if !self.terms.is_empty() || self.is_over {
            return Ok(false);
        }
        let page = view.scan(Table::Search, &self.range, 1, false).await?;
        let Some((key, terms)) = page.into_iter().next() else {
            self.is_over = true;
            return Ok(false);
        };
        self.range.start = after(&key);
        let field = *key.get(FIELD_AT).ok_or(Error::Corrupt)?;
        let rows = view.get(Table::Search, &part(&key, FEW)).await?.ok_or(Error::Corrupt)?;
        let words = terms.split(|byte| *byte == 0).filter(|term| !term.is_empty());
        for (place, (term, numbers)) in (0u32..).zip(words.zip(few(&rows)?)) {
            let numbers = match numbers {
                Some(numbers) => Where::Here(rows.slice_ref(numbers)),
                None => Where::Row([part(&key, MANY).as_slice(), &place.to_be_bytes()].concat()),
            };
            self.terms.push_back(Term { field, term: terms.slice_ref(term), numbers });
        }
        // Other work gets its time between chunks.
        tokio::task::yield_now().await;
        Ok(true)
    }

    /// Takes the first term if it is this one, and adds its messages by their new numbers.
    async fn take(&mut self, view: &View, (field, term): (u8, &Bytes), numbers: &mut Numbers) -> Result<()> {
        let is_next = self.terms.front().is_some_and(|head| head.field == field && head.term == *term);
        let Some(head) = is_next.then(|| self.terms.pop_front()).flatten() else { return Ok(()) };
        let old = match head.numbers {
            Where::Here(old) => old,
            Where::Row(key) => view.get(Table::Search, &key).await?.ok_or(Error::Corrupt)?,
        };
        let renumbered = &self.renumbered;
        Numbers::each(&old, |number| {
            if let Some(number) = renumbered.get(number as usize).copied().flatten() {
                numbers.push(number);
            }
        })
    }
}

/// Where a chunk's key says what part it is, and which field: behind the account, and behind the segment.
const PART_AT: usize = 4;
const FIELD_AT: usize = PART_AT + 1 + 4;

/// The key of another part of a chunk.
pub(super) fn part(chunk: &[u8], part: u8) -> Vec<u8> {
    let mut key = chunk.to_vec();
    if let Some(octet) = key.get_mut(PART_AT) {
        *octet = part;
    }
    key
}

#[cfg(test)]
mod tests;

//! Making one segment of several neighbours, so that a question asks few; messages that have gone are left out.

use super::{
    index::Segment,
    segment::{DOCUMENTS, Documents, FEW, MANY, Numbers, SegmentWriter, TERMS, Written, few, row},
};
use crate::{collection::after, key::Key, limits::SCAN_PAGE_COUNT, view::View};
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
    view: &View,
    account: AccountId,
    old: &[Segment],
    mut out: SegmentWriter<'_>,
) -> Result<Written> {
    let mut documents = Documents::default();
    let mut sources = Vec::with_capacity(old.len());
    for segment in old {
        sources.push(Source::open(view, account, segment.id, &mut documents).await?);
    }
    loop {
        for source in &mut sources {
            source.fill().await?;
        }
        let heads = sources.iter().filter_map(|source| source.terms.front());
        let Some(next) = heads.map(|term| (term.field, &term.term)).min() else { break };
        let (field, term) = (next.0, next.1.clone());
        let mut numbers = Numbers::default();
        for source in &mut sources {
            source.take(field, &term, &mut numbers)?;
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
    numbers: Bytes,
}

/// A segment that is read from its first term to its last.
struct Source<'a> {
    view: &'a View,
    /// What is left of its chunks.
    range: Range,
    /// New number of each message; none for one that has gone.
    renumbered: Vec<Option<u32>>,
    terms: VecDeque<Term>,
    is_over: bool,
}

impl<'a> Source<'a> {
    /// Reads the segment's messages and adds those that are still there to the new ones.
    async fn open(view: &'a View, account: AccountId, segment: u32, new: &mut Documents) -> Result<Self> {
        let key = row(account, DOCUMENTS, segment).done();
        let old = Documents::decode(&view.get(Table::Search, &key).await?.ok_or(Error::Corrupt)?)?;
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
        Ok(Self { view, range, renumbered, terms: VecDeque::new(), is_over: false })
    }

    /// Reads the next chunk when the last is used up.
    async fn fill(&mut self) -> Result<()> {
        if !self.terms.is_empty() || self.is_over {
            return Ok(());
        }
        let page = self.view.scan(Table::Search, &self.range, 1, false).await?;
        let Some((key, terms)) = page.into_iter().next() else {
            self.is_over = true;
            return Ok(());
        };
        self.range.start = after(&key);
        let field = *key.get(FIELD_AT).ok_or(Error::Corrupt)?;
        let rows = self.view.get(Table::Search, &part(&key, FEW)).await?.ok_or(Error::Corrupt)?;
        let words = terms.split(|byte| *byte == 0).filter(|term| !term.is_empty());
        for (place, (term, numbers)) in (0u32..).zip(words.zip(few(&rows)?)) {
            let numbers = match numbers {
                Some(numbers) => Bytes::copy_from_slice(numbers),
                None => {
                    let many = [part(&key, MANY).as_slice(), &place.to_be_bytes()].concat();
                    self.view.get(Table::Search, &many).await?.ok_or(Error::Corrupt)?
                }
            };
            self.terms.push_back(Term { field, term: Bytes::copy_from_slice(term), numbers });
        }
        // Other work gets its time between chunks.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Takes the first term if it is this one, and adds its messages by their new numbers.
    fn take(&mut self, field: u8, term: &Bytes, numbers: &mut Numbers) -> Result<()> {
        let renumbered = &self.renumbered;
        let add = |number: u32| {
            if let Some(number) = renumbered.get(number as usize).copied().flatten() {
                numbers.push(number);
            }
        };
        if self.terms.front().is_none_or(|head| head.field != field || head.term != *term) {
            return Ok(());
        }
        self.terms.pop_front().map_or(Ok(()), |head| Numbers::each(&head.numbers, add))
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

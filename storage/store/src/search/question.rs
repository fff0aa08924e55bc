//! Asking the index: which messages have a string, which may have it, and up to where it knows.

use super::{
    field,
    index::{self, Segment},
    merge::part,
    segment::{Documents, FEW, MANY, Numbers, TERMS, few, row},
    tokens::{Piece, Pieces},
};
use crate::{
    collection::after,
    limits::{SEARCH_CHUNKS_AT_ONCE, SEARCH_COST_OF_MESSAGE, SEARCH_COST_OF_OCTET},
    reader::Reader,
    view::View,
};
use bytes::Bytes;
use engine::Table;
use memchr::memmem::Finder;
use model::{AccountId, Error, ItemId, Result};

/// Where a string is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// In the body's text and the headers of its parts (SEARCH BODY).
    Body,
    /// In the body and in the header (SEARCH TEXT).
    Anywhere,
    /// In the values of a header field, its name folded (SEARCH HEADER).
    Header(String),
    /// The same, and in its addresses as ENVELOPE has them (SEARCH FROM).
    Address(String),
}

/// What the index says to one question.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    /// Messages up to here are known.
    known_to: Option<ItemId>,
    /// Ascending: whose terms show what was asked for.
    items: Vec<ItemId>,
    /// Ascending: whose terms are not all known.
    unsure: Vec<ItemId>,
    /// Whether the terms decide.
    sure: bool,
}

impl Hits {
    /// Whether a message has the string; `None` when it must be looked at.
    #[must_use]
    pub fn verdict(&self, item: ItemId) -> Option<bool> {
        if self.known_to.is_none_or(|known| item > known) || self.unsure.binary_search(&item).is_ok() {
            return None;
        }
        match self.items.binary_search(&item) {
            Ok(_) if self.sure => Some(true),
            Ok(_) => None,
            Err(_) => Some(false),
        }
    }
}

/// The messages that a search is about, where they are few beside all of the account.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Ascending; with the octets of each.
    all: Vec<(ItemId, u64)>,
}

impl Candidates {
    /// From messages in any order, each with its octets.
    #[must_use]
    pub fn new(mut all: Vec<(ItemId, u64)>) -> Self {
        all.sort_unstable();
        Self { all }
    }

    /// Those that are among these, which ascend, and what reading them would cost in octets of terms.
    fn among(&self, items: &[ItemId]) -> (Vec<ItemId>, u64) {
        let from =
            items.first().map_or(self.all.len(), |first| self.all.partition_point(|(item, _)| item < first));
        let to = items.last().map_or(from, |last| self.all.partition_point(|(item, _)| item <= last));
        let mut cost = 0u64;
        let near = self.all.get(from..to).unwrap_or_default().iter();
        let inside = near.filter(|(item, _)| items.binary_search(item).is_ok()).map(|(item, bytes)| {
            let octets = bytes.saturating_mul(SEARCH_COST_OF_OCTET).saturating_add(SEARCH_COST_OF_MESSAGE);
            cost = cost.saturating_add(octets);
            *item
        });
        (inside.collect(), cost)
    }
}

impl Reader {
    /// Octets of the index of the account's messages; 0 where there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn search_bytes(&self) -> Result<u64> {
        let index = index::load(self.view(), self.account()).await?;
        Ok(index.map_or(0, |index| index.segments.iter().map(|segment| segment.bytes).sum()))
    }

    /// Asks the index of the account's messages for a folded string ([`format::mime::search::fold`]).
    /// With candidates the answer is about these only, and segments are passed by that have none of them, or so few
    /// that it is quicker to look at them.
    ///
    /// # Errors
    /// `Unavailable`. An index that is damaged knows nothing: the caller looks at the messages.
    pub async fn search(&self, place: &Where, text: &str, candidates: Option<&Candidates>) -> Result<Hits> {
        match self.ask(place, text, candidates).await {
            Err(Error::Corrupt) => {
                tracing::error!(account = %self.account(), "the search index is damaged; messages are read instead");
                Ok(Hits::default())
            }
            other => other,
        }
    }

    async fn ask(&self, place: &Where, text: &str, candidates: Option<&Candidates>) -> Result<Hits> {
        let Some(pieces) = Pieces::of(text) else { return Ok(Hits::default()) };
        let Some(index) = index::load(self.view(), self.account()).await? else { return Ok(Hits::default()) };
        let (fields, decides) = fields(place);
        let mut hits =
            Hits { known_to: Some(index.known_to), sure: decides && pieces.sure, ..Hits::default() };
        for segment in &index.segments {
            let asked = Asked { view: self.view(), account: self.account(), segment };
            asked.answer((&fields, &pieces), candidates, &mut hits).await?;
        }
        Ok(hits)
    }
}

/// The fields to look in, and whether what stands there decides.
pub(super) fn fields(place: &Where) -> (Vec<u8>, bool) {
    match place {
        Where::Body => (vec![field::BODY], true),
        Where::Anywhere => (field::all(), true),
        Where::Header(name) => {
            let known = field::of_name(name);
            (vec![known], known != field::HEADER)
        }
        Where::Address(name) => {
            let known = field::of_name(name);
            (std::iter::once(known).chain(field::plain(known)).collect(), known != field::HEADER)
        }
    }
}

/// A set of numbers under a bound.
#[derive(Clone)]
struct Set(Vec<u64>);

impl Set {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn insert(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }

    fn has(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    fn retain(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// One segment that is asked.
pub(super) struct Asked<'a> {
    pub(super) view: &'a View,
    pub(super) account: AccountId,
    pub(super) segment: &'a Segment,
}

impl Asked<'_> {
    async fn answer(
        &self,
        (fields, pieces): (&[u8], &Pieces),
        candidates: Option<&Candidates>,
        hits: &mut Hits,
    ) -> Result<()> {
        let documents = Documents::load(self.view, self.account, self.segment.id).await?;
        if let Some(candidates) = candidates {
            let (inside, cost) = candidates.among(&documents.items);
            if cost < self.segment.bytes.saturating_mul(pieces.all.len() as u64) {
                hits.unsure.extend(inside);
                return Ok(());
            }
        }
        let item = |number: &u32| documents.items.get(*number as usize).copied();
        hits.unsure.extend(documents.unsure.iter().filter_map(item));
        let mut found: Option<Set> = None;
        for piece in &pieces.all {
            let mut set = Set::new(documents.items.len());
            for field in fields {
                self.collect(*field, piece, &mut set).await?;
            }
            match &mut found {
                Some(found) => found.retain(&set),
                None => found = Some(set),
            }
            if found.as_ref().is_some_and(Set::is_empty) {
                return Ok(());
            }
        }
        if let Some(found) = found {
            let items = documents.items.iter().enumerate();
            hits.items.extend(items.filter(|(number, _)| found.has(*number)).map(|(_, item)| *item));
        }
        Ok(())
    }

    /// Adds the messages that have a term with the piece in it.
    async fn collect(&self, field: u8, piece: &Piece, set: &mut Set) -> Result<()> {
        let finder = Finder::new(&piece.pattern);
        let prefix = row(self.account, TERMS, self.segment.id).bytes(&[field]);
        let mut range = prefix.prefix();
        loop {
            let page = self.view.scan(Table::Search, &range, SEARCH_CHUNKS_AT_ONCE, false).await?;
            for (key, terms) in &page {
                let matching = terms_with(terms, &finder);
                if !matching.is_empty() {
                    self.numbers(key, &matching, |number| set.insert(number)).await?;
                }
            }
            tokio::task::yield_now().await;
            match page.last() {
                Some((last, _)) if page.len() == SEARCH_CHUNKS_AT_ONCE => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    /// Tells the messages of some terms of a chunk.
    pub(super) async fn numbers(
        &self,
        chunk: &Bytes,
        terms: &[u32],
        mut sink: impl FnMut(u32),
    ) -> Result<()> {
        let rows = self.view.get(Table::Search, &part(chunk, FEW)).await?.ok_or(Error::Corrupt)?;
        let rows = few(&rows)?;
        let mut many = Vec::new();
        for term in terms {
            match rows.get(*term as usize).ok_or(Error::Corrupt)? {
                Some(numbers) => Numbers::each(numbers, &mut sink)?,
                None => many.push([part(chunk, MANY).as_slice(), &term.to_be_bytes()].concat()),
            }
        }
        for numbers in self.view.get_many(Table::Search, &many).await? {
            Numbers::each(&numbers.ok_or(Error::Corrupt)?, &mut sink)?;
        }
        Ok(())
    }
}

/// The places of the terms of a chunk that have the pattern.
fn terms_with(terms: &[u8], finder: &Finder<'_>) -> Vec<u32> {
    let mut found = Vec::new();
    // A pattern that begins with the border must see the border; others never match one.
    let (mut at, mut seen) = (0, 0u32);
    while let Some(rest) = terms.get(at..)
        && let Some(hit) = finder.find(rest)
    {
        let first = hit + usize::from(finder.needle().first() == Some(&0));
        let borders = rest.get(..first).map_or(0, |passed| memchr::memchr_iter(0, passed).count());
        seen = seen.saturating_add(u32::try_from(borders).unwrap_or(u32::MAX));
        found.push(seen.saturating_sub(1));
        match rest.get(first..).and_then(|inside| memchr::memchr(0, inside)) {
            // From the border on, which the next term may need.
            Some(end) => at += first + end,
            None => break,
        }
    }
    found
}

#[cfg(test)]
mod tests;

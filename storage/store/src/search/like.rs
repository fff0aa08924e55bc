//! Asking for words that are alike (RFC 6203), with how much: the terms of the index are compared one by one, those
//! of messages that it does not know are made for the question.

use super::{
    field, index,
    question::{Asked, Where, fields},
    segment::{Builder, Documents, TERMS, row},
    text,
};
use crate::{collection::after, limits::SEARCH_CHUNKS_AT_ONCE, message::MessageRecord, reader::Reader};
use engine::Table;
use format::mime::like::Word;
use model::{Error, ItemId, Result};
use std::collections::HashMap;

/// Terms that are compared with a word before others get their turn.
const TERMS_AT_ONCE: usize = 1_000;

/// How much alike the best word of each message is.
#[derive(Clone, Debug, Default)]
pub struct Likes {
    known_to: Option<ItemId>,
    /// Ascending: whose terms are not all known.
    unsure: Vec<ItemId>,
    scores: HashMap<ItemId, u8>,
}

impl Likes {
    /// From 1 to 100, 0 where no word is alike; `None` when the message must be looked at.
    #[must_use]
    pub fn score(&self, item: ItemId) -> Option<u8> {
        if self.known_to.is_none_or(|known| item > known) || self.unsure.binary_search(&item).is_ok() {
            return None;
        }
        Some(self.scores.get(&item).copied().unwrap_or(0))
    }
}

/// What a word in a field counts for, in hundredths.
fn weight(place: u8) -> u16 {
    match place {
        field::BODY => 80,
        field::HEADER => 60,
        _ => 100,
    }
}

fn score(word: &Word, place: u8, term: &[u8]) -> u8 {
    let likeness = word.likeness(whole(term));
    u8::try_from(u16::from(likeness) * weight(place) / 100).unwrap_or(100)
}

/// A term without the characters that were cut in two where a window of a long run begins and ends.
fn whole(term: &[u8]) -> &str {
    let begin = term.iter().position(|byte| byte & 0xc0 != 0x80).unwrap_or(term.len());
    let term = term.get(begin..).unwrap_or_default();
    match std::str::from_utf8(term) {
        Ok(text) => text,
        Err(error) => {
            term.get(..error.valid_up_to()).and_then(|head| std::str::from_utf8(head).ok()).unwrap_or("")
        }
    }
}

impl Reader {
    /// Asks the index for a word.
    ///
    /// # Errors
    /// `Unavailable`. An index that is damaged knows nothing: the caller looks at the messages.
    pub async fn search_like(&self, place: &Where, word: &Word) -> Result<Likes> {
        match self.ask_like(place, word).await {
            Err(Error::Corrupt) => {
                tracing::error!(account = %self.account(), "the search index is damaged; messages are read instead");
                Ok(Likes::default())
            }
            other => other,
        }
    }

    async fn ask_like(&self, place: &Where, word: &Word) -> Result<Likes> {
        let Some(index) = index::load(self.view(), self.account()).await? else {
            return Ok(Likes::default());
        };
        let mut likes = Likes { known_to: Some(index.known_to), ..Likes::default() };
        for segment in &index.segments {
            let asked = Asked { view: self.view(), account: self.account(), segment };
            let documents = Documents::load(self.view(), self.account(), segment.id).await?;
            let item = |number: &u32| documents.items.get(*number as usize).copied();
            likes.unsure.extend(documents.unsure.iter().filter_map(item));
            for place in fields(place).0 {
                asked
                    .like(place, word, |number, score| {
                        if let Some(item) = item(&number) {
                            let best = likes.scores.entry(item).or_default();
                            *best = score.max(*best);
                        }
                    })
                    .await?;
            }
        }
        Ok(likes)
    }

    /// How much alike the words of a message are to each that is asked for, as [`Likes::score`] tells it.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn message_like(&self, record: &MessageRecord, asked: &[(Where, Word)]) -> Result<Vec<u8>> {
        let mut builder = Builder::default();
        text::enter(self.store(), &mut builder, ItemId(0), record).await?;
        let mut scores = Vec::with_capacity(asked.len());
        for (place, word) in asked {
            let (fields, _) = fields(place);
            let (mut best, mut compared) = (0, 0);
            for (field, term) in builder.terms().filter(|(field, _)| fields.contains(field)) {
                best = score(word, field, term).max(best);
                compared += 1;
                if compared % TERMS_AT_ONCE == 0 {
                    // A long message has many words: others must get their turn.
                    tokio::task::yield_now().await;
                }
            }
            scores.push(best);
        }
        Ok(scores)
    }
}

impl Asked<'_> {
    /// Tells the messages that have a term of a field that is alike.
    async fn like(&self, place: u8, word: &Word, mut sink: impl FnMut(u32, u8)) -> Result<()> {
        let prefix = row(self.account, TERMS, self.segment.id).bytes(&[place]);
        let mut range = prefix.prefix();
        loop {
            let page = self.view.scan(Table::Search, &range, SEARCH_CHUNKS_AT_ONCE, false).await?;
            for (key, terms) in &page {
                // Each stands between zero octets.
                let terms = terms.split(|byte| *byte == 0).skip(1);
                let scores = terms.map(|term| score(word, place, term)).enumerate();
                let alike: Vec<(u32, u8)> = scores
                    .filter(|(_, score)| *score > 0)
                    .filter_map(|(term, score)| Some((u32::try_from(term).ok()?, score)))
                    .collect();
                for (term, score) in alike {
                    self.numbers(key, &[term], |number| sink(number, score)).await?;
                }
                tokio::task::yield_now().await;
            }
            match page.last() {
                Some((last, _)) if page.len() == SEARCH_CHUNKS_AT_ONCE => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }
}

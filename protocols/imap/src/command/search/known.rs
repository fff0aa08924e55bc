//! What the search index knows of the strings of one search, asked once for all messages.

use super::matching::Test;
use crate::limits::SEARCH_UNINDEXED_COUNT_MAX;
use crate::reply::Failure;
use format::mime::like::Word;
use model::ItemId;
use store::{Hits, Likes, Reader, Where};

/// The index's answers.
#[derive(Default)]
pub(crate) struct Known {
    exact: Vec<(Where, String, Hits)>,
    alike: Vec<(Where, Word, Likes)>,
}

impl Known {
    /// Asks for every string of a test, where there are enough messages to make it worth while.
    pub(super) async fn ask(reader: &Reader, test: &Test, messages: usize) -> Result<Self, Failure> {
        let mut known = Self::default();
        if messages <= SEARCH_UNINDEXED_COUNT_MAX {
            return Ok(known);
        }
        let mut strings = Vec::new();
        test.strings(&mut strings);
        for (place, text) in strings {
            if !known.exact.iter().any(|(other, same, _)| *other == place && same == text) {
                let hits = reader.search(&place, text).await?;
                known.exact.push((place, text.to_owned(), hits));
            }
        }
        for (place, word) in test.words() {
            if !known.alike.iter().any(|(other, same, _)| *other == place && *same == word) {
                let likes = reader.search_like(&place, &word).await?;
                known.alike.push((place, word, likes));
            }
        }
        Ok(known)
    }

    /// Whether a message has a string in its body.
    pub(super) fn body(&self, text: &str, message: ItemId) -> Option<bool> {
        self.verdict(text, message, |place| matches!(place, Where::Body))
    }

    /// Whether it has it anywhere.
    pub(super) fn anywhere(&self, text: &str, message: ItemId) -> Option<bool> {
        self.verdict(text, message, |place| matches!(place, Where::Anywhere))
    }

    /// Whether a field of its header has it.
    pub(super) fn header(&self, name: &str, text: &str, message: ItemId) -> Option<bool> {
        self.verdict(text, message, |place| matches!(place, Where::Header(known) if known == name))
    }

    /// Whether a field of addresses has it.
    pub(super) fn address(&self, name: &str, text: &str, message: ItemId) -> Option<bool> {
        self.verdict(text, message, |place| matches!(place, Where::Address(known) if known == name))
    }

    /// How much alike the words of a message are to one.
    pub(super) fn likeness(&self, (place, word): &(Where, Word), message: ItemId) -> Option<u8> {
        let (_, _, likes) = self.alike.iter().find(|(known, same, _)| known == place && same == word)?;
        likes.score(message)
    }

    fn verdict(&self, text: &str, message: ItemId, is: impl Fn(&Where) -> bool) -> Option<bool> {
        let (_, _, hits) = self.exact.iter().find(|(place, known, _)| is(place) && known == text)?;
        hits.verdict(message)
    }
}

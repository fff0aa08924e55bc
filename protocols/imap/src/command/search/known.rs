//! What the search index knows of the strings of one search, asked once for all messages.

use super::matching::Test;
use crate::limits::SEARCH_UNINDEXED_COUNT_MAX;
use crate::reply::Failure;
use model::ItemId;
use store::{Hits, Reader, Where};

/// The index's answers.
#[derive(Default)]
pub(crate) struct Known(Vec<(Where, String, Hits)>);

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
            if !known.0.iter().any(|(other, same, _)| *other == place && same == text) {
                let hits = reader.search(&place, text).await?;
                known.0.push((place, text.to_owned(), hits));
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

    fn verdict(&self, text: &str, message: ItemId, is: impl Fn(&Where) -> bool) -> Option<bool> {
        let (_, _, hits) = self.0.iter().find(|(place, known, _)| is(place) && known == text)?;
        hits.verdict(message)
    }
}

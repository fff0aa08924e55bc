//! What the search index knows of the strings of one search, asked once for all messages.

use super::Candidate;
use super::matching::Test;
use super::scope::Scope;
use crate::limits::{ROWS_AT_ONCE, SEARCH_UNINDEXED_COUNT_MAX};
use crate::reply::Failure;
use format::mime::like::Word;
use model::{ItemId, Uid};
use store::{Candidates, Hits, Likes, SEARCH_NARROW_BYTES, Where};

/// The index's answers.
#[derive(Default)]
pub(crate) struct Known {
    exact: Vec<(Where, String, Hits)>,
    alike: Vec<(Where, Word, Likes)>,
}

impl Known {
    /// Asks for every string of a test, where there are enough messages to make it worth while.
    pub(super) async fn ask(scope: &Scope, test: &Test, messages: &[Candidate]) -> Result<Self, Failure> {
        let (mut known, reader) = (Self::default(), &scope.reader);
        if messages.len() <= SEARCH_UNINDEXED_COUNT_MAX {
            return Ok(known);
        }
        let mut strings = Vec::new();
        test.strings(&mut strings);
        let is_large = !strings.is_empty() && reader.search_bytes().await? >= SEARCH_NARROW_BYTES;
        let candidates = if is_large { Some(candidates(scope, messages).await?) } else { None };
        for (place, sought) in strings {
            let text = &sought.indexed;
            if !known.exact.iter().any(|(other, same, _)| *other == place && same == text) {
                let hits = reader.search(&place, text, candidates.as_ref()).await?;
                known.exact.push((place, text.clone(), hits));
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

/// Which messages of the account are searched: in a large one they may be few of all.
async fn candidates(scope: &Scope, messages: &[Candidate]) -> Result<Candidates, Failure> {
    let mut all = Vec::with_capacity(messages.len());
    for chunk in messages.chunks(ROWS_AT_ONCE) {
        let uids: Vec<Uid> = chunk.iter().map(|candidate| Uid(candidate.uid)).collect();
        let rows = scope.rows(&uids).await?;
        all.extend(rows.into_iter().flatten().map(|row| (row.message, row.size)));
        tokio::task::yield_now().await;
    }
    Ok(Candidates::new(all))
}

#[cfg(test)]
mod tests;

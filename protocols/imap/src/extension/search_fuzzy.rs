//! SEARCH=FUZZY (RFC 6203): `FUZZY key` finds what is alike, and says how much (RELEVANCY, 1 to 100).
//!
//! A string is taken word by word: a message has it when for each word it has one that is alike, in whatever
//! order. Alike are words that differ in accents, that go on, that have a slip or two, or that the word is a part of
//! ([`format::mime::like`]). Other keys are judged exactly, as RFC 6203 5 allows. The best of a result has 100.

use super::{Extension, When};
use crate::reply::Failure;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::{self as grammar, Budget, SearchKey};
use crate::words::{OptionWord, SearchWord};
use std::collections::HashMap;

pub(super) const EXTENSION: Extension = Extension {
    name: "SEARCH=FUZZY",
    rfc: "RFC 6203",
    capability: Some("SEARCH=FUZZY"),
    when: When::LoggedIn,
    search: &[SearchWord { name: "FUZZY", parse: key }],
    search_returns: &[OptionWord {
        name: "RELEVANCY",
        parse: |_, options| {
            options.relevancy = true;
            Ok(())
        },
    }],
    ..Extension::PLAIN
};

/// How relevant messages are, by UID; those that are not here matched exactly.
pub(crate) type Scores = HashMap<u32, u8>;

/// What matched exactly.
pub(crate) const SCORE_MAX: u8 = 100;

/// ` key`
fn key(cursor: &mut Cursor<'_>, budget: &mut Budget, depth: usize) -> Parsed<SearchKey> {
    cursor.space()?;
    let key = grammar::key(cursor, budget, depth + 1)?;
    budget.spend_words(&key)?;
    Ok(SearchKey::Fuzzy(Box::new(key)))
}

/// Refuses to tell of relevancy where nothing is fuzzy (RFC 6203 4, 6).
pub(crate) fn may_ask(asked: bool, key: &SearchKey) -> Result<(), Failure> {
    match asked && !key.is_fuzzy() {
        true => Err(Failure::Bad("RELEVANCY needs a FUZZY key")),
        false => Ok(()),
    }
}

/// Stretches scores so that the best is [`SCORE_MAX`] and none is below 1.
pub(crate) fn stretch(scores: &mut Scores) {
    let best = u16::from(scores.values().copied().max().unwrap_or(SCORE_MAX).max(1));
    for score in scores.values_mut() {
        let stretched = u16::from(*score) * u16::from(SCORE_MAX) / best;
        *score = u8::try_from(stretched).unwrap_or(SCORE_MAX).max(1);
    }
}

/// How relevant a message is.
pub(crate) fn score(scores: &Scores, uid: u32) -> u8 {
    scores.get(&uid).copied().unwrap_or(SCORE_MAX)
}

#[cfg(test)]
mod tests;

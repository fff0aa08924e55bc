//! The index that makes searching for text quick: derived, exact, built in the background.
//!
//! SEARCH TEXT, BODY, HEADER and FROM want a *substring* of what a reader sees (RFC 9051 6.4.4), which an index of
//! words cannot answer. This one keeps, for every message, the runs of letters and digits of the very text that a
//! full scan would look at, and looks for the string inside those terms: a string without spaces or signs is then
//! decided exactly; of any other the runs that it has to show leave few messages to be read. What arrived since
//! the last build is read.
//!
//! *Invariant:* an answer with the index is the answer without it. Whatever the index cannot be sure of -
//! messages behind [`Hits`]' bound, ones that could not be read or have too many terms, a damaged index - is
//! "must be looked at", never "has it not".
//!
//! *Invariant:* what is purged is noted in the batch that purges it, until no segment has it any more: nothing of it
//! stays in the index for longer than [`crate::SEARCH_GONE_TIME_MAX`] behind the builder.

mod build;
mod covered;
mod field;
mod gone;
mod index;
mod like;
mod merge;
mod question;
mod segment;
mod text;
mod tokens;

pub(crate) use covered::{Covered, covered};
pub(crate) use gone::News;
pub use like::Likes;
pub use question::{Candidates, Hits, Where};

#[cfg(test)]
mod tests;

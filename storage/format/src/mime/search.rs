//! Substring search in Unicode without regard to case (RFC 9051 6.4.4), over bodies that come in pieces.
//!
//! Characters are compared as `i;unicode-casemap` does (RFC 5051 2), decomposed one by one and case removed, unless
//! another collation is asked for (RFC 5255 4.6). Case is removed by full upper-casing, so that `ß` finds `SS` and
//! final sigmas are sigmas.

use super::limits::TEXT_PIECE_BYTES_MAX;
use super::section::Part;
use super::text::{Extractor, header_text};
use crate::collation::Collation;
use memchr::memmem::Finder;

/// `text` with composition and case removed: what is equal to a reader is equal in this form.
pub fn fold(text: &str) -> String {
    Collation::UnicodeCasemap.fold(text)
}

/// A string to look for.
#[derive(Clone, Debug)]
pub struct Needle {
    finder: Finder<'static>,
}

impl Needle {
    /// Prepares `text`; the empty string is found everywhere.
    pub fn new(text: &str) -> Needle {
        Needle::collated(text, Collation::UnicodeCasemap)
    }

    /// The same for a search that compares by another collation.
    pub fn collated(text: &str, collation: Collation) -> Needle {
        Needle { finder: Finder::new(collation.fold(text).as_bytes()).into_owned() }
    }

    fn len(&self) -> usize {
        self.finder.needle().len()
    }
}

/// The search through a message's body that is read in pieces, for SEARCH BODY and TEXT: give each part in
/// document order to [`BodySearch::part`] with its header, then its body's octets to [`BodySearch::push`].
///
/// The text of a body is what its text parts say, and the headers of its parts and of messages inside. One
/// pass serves many needles; what is kept is the end of the text seen last.
#[derive(Debug)]
pub struct BodySearch<'n> {
    needles: &'n [Needle],
    collation: Collation,
    found: Vec<bool>,
    longest: usize,
    /// The end of what was seen, shorter than the longest needle, and the piece at hand; folded.
    window: String,
    extractor: Option<Extractor>,
    text: String,
}

impl<'n> BodySearch<'n> {
    /// A search that has seen nothing yet.
    pub fn new(needles: &'n [Needle]) -> BodySearch<'n> {
        BodySearch::collated(needles, Collation::UnicodeCasemap)
    }

    /// The same for needles of another collation.
    pub fn collated(needles: &'n [Needle], collation: Collation) -> BodySearch<'n> {
        BodySearch {
            needles,
            collation,
            found: needles.iter().map(|needle| needle.len() == 0).collect(),
            longest: needles.iter().map(Needle::len).max().unwrap_or_default(),
            window: String::new(),
            extractor: None,
            text: String::new(),
        }
    }

    /// Goes on to the next part; `true` when its body is wanted, too. `index` is the part's in the table.
    pub fn part(&mut self, index: usize, part: &Part, header: &[u8]) -> bool {
        self.end_part();
        if index > 0 {
            header_text(header, &mut self.text);
            self.look();
            self.window.clear();
        }
        self.extractor = Extractor::new(part, header);
        self.extractor.is_some() && !self.is_done()
    }

    /// Takes the next octets of the body of the part at hand.
    pub fn push(&mut self, chunk: &[u8]) {
        for piece in chunk.chunks(TEXT_PIECE_BYTES_MAX) {
            if let Some(extractor) = &mut self.extractor {
                extractor.push(piece, &mut self.text);
                self.look();
            }
        }
    }

    /// Whether nothing more can be found.
    pub fn is_done(&self) -> bool {
        self.found.iter().all(|&found| found)
    }

    /// The message is over: which needles were found, in their order.
    pub fn finish(mut self) -> Vec<bool> {
        self.end_part();
        self.found
    }

    /// Looks at the text that came in.
    fn look(&mut self) {
        self.collation.fold_into(&self.text, &mut self.window);
        self.text.clear();
        for (needle, found) in self.needles.iter().zip(&mut self.found) {
            *found = *found || needle.finder.find(self.window.as_bytes()).is_some();
        }
        let cut = self.window.len().saturating_sub(self.longest.saturating_sub(1));
        let cut = (0..=cut).rev().find(|&at| self.window.is_char_boundary(at)).unwrap_or_default();
        self.window.drain(..cut);
    }

    /// The part at hand is over; what comes next does not join on to it.
    fn end_part(&mut self) {
        if let Some(extractor) = self.extractor.take() {
            extractor.finish(&mut self.text);
            self.look();
            self.window.clear();
        }
    }
}

#[cfg(test)]
mod tests;

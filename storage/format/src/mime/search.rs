//! Substring search in Unicode without regard to case (RFC 9051 6.4.4), over text that comes in pieces.
//!
//! Characters are compared as `i;unicode-casemap` does (RFC 5051 2): case removed, then decomposed one by one.
//! Case is removed by full upper-casing, so that `ß` finds `SS` and final sigmas are sigmas.

use super::header::fields;
use super::limits::TEXT_PIECE_BYTES_MAX;
use super::section::{Part, Parts};
use super::text::{Extractor, header_text};
use super::words;
use memchr::memmem::Finder;
use unicode_normalization::char::decompose_compatible;

/// A string to look for.
#[derive(Clone, Debug)]
pub struct Needle {
    finder: Finder<'static>,
}

impl Needle {
    /// Prepares `text`; the empty string is found everywhere.
    pub fn new(text: &str) -> Needle {
        let mut folded = String::new();
        fold(text, &mut folded);
        Needle { finder: Finder::new(folded.as_bytes()).into_owned() }
    }

    /// Whether it is in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        let mut folded = String::with_capacity(text.len());
        fold(text, &mut folded);
        self.finder.find(folded.as_bytes()).is_some()
    }

    /// Looks for it in text that comes in pieces.
    pub fn stream(&self) -> Stream<'_> {
        Stream { needle: self, window: String::new(), found: self.finder.needle().is_empty() }
    }
}

/// A [`Needle`] on its way through a text.
#[derive(Clone, Debug)]
pub struct Stream<'n> {
    needle: &'n Needle,
    /// The end of what was seen, shorter than the needle, and the piece at hand; case removed.
    window: String,
    found: bool,
}

impl Stream<'_> {
    /// Takes the next piece; whether the needle has been found by now.
    pub fn push(&mut self, piece: &str) -> bool {
        if self.found {
            return true;
        }
        fold(piece, &mut self.window);
        self.found = self.needle.finder.find(self.window.as_bytes()).is_some();
        let keep = self.needle.finder.needle().len().saturating_sub(1);
        let cut = self.window.len().saturating_sub(keep);
        let cut = (0..=cut).rev().find(|&at| self.window.is_char_boundary(at)).unwrap_or_default();
        self.window.drain(..cut);
        self.found
    }

    /// What does not join on to what came before: a new part, a new field.
    pub fn restart(&mut self) {
        self.window.clear();
    }

    /// Whether the needle has been found.
    pub fn is_found(&self) -> bool {
        self.found
    }
}

/// Appends `text` with case removed.
fn fold(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        if let Some(added) = out.get_mut(start..) {
            added.make_ascii_uppercase();
        }
    } else {
        for upper in text.chars().flat_map(char::to_uppercase) {
            decompose_compatible(upper, |piece| out.push(piece));
        }
    }
}

/// SEARCH HEADER: whether a field of this name has the needle in its decoded text.
pub fn in_field(block: &[u8], name: &[u8], needle: &Needle) -> bool {
    fields(block)
        .filter(|field| field.name.eq_ignore_ascii_case(name))
        .any(|field| needle.is_in(&words::decode(field.value)))
}

/// Whether the decoded header block has the needle.
pub fn in_header(block: &[u8], needle: &Needle) -> bool {
    let mut text = String::new();
    header_text(block, &mut text);
    needle.is_in(&text)
}

/// The search through a message's body that is read in pieces, for SEARCH BODY and TEXT: give each part to
/// [`BodySearch::part`] with its header, then its body's octets to [`BodySearch::push`].
///
/// The text of the body is: what text parts say, and the headers of parts and of messages inside.
#[derive(Debug)]
pub struct BodySearch<'n> {
    stream: Stream<'n>,
    extractor: Option<Extractor>,
    text: String,
}

impl<'n> BodySearch<'n> {
    /// A search that has seen nothing yet.
    pub fn new(needle: &'n Needle) -> BodySearch<'n> {
        BodySearch { stream: needle.stream(), extractor: None, text: String::new() }
    }

    /// Goes on to the next part; `true` when its body is wanted, too. `index` is the part's in [`Parts`].
    pub fn part(&mut self, index: usize, part: &Part, header: &[u8]) -> bool {
        self.end_part();
        if index > 0 {
            header_text(header, &mut self.text);
            self.look();
            self.stream.restart();
        }
        self.extractor = Extractor::new(part, header);
        self.extractor.is_some() && !self.stream.is_found()
    }

    /// Takes the next octets of the body of the part at hand; whether the needle has been found.
    pub fn push(&mut self, chunk: &[u8]) -> bool {
        for piece in chunk.chunks(TEXT_PIECE_BYTES_MAX) {
            if let Some(extractor) = &mut self.extractor {
                extractor.push(piece, &mut self.text);
            }
            if self.look() {
                return true;
            }
        }
        self.stream.is_found()
    }

    /// The message is over; whether the needle was found.
    pub fn finish(mut self) -> bool {
        self.end_part();
        self.stream.is_found()
    }

    fn look(&mut self) -> bool {
        let found = self.stream.push(&self.text);
        self.text.clear();
        found
    }

    fn end_part(&mut self) {
        if let Some(extractor) = self.extractor.take() {
            extractor.finish(&mut self.text);
            self.look();
            self.stream.restart();
        }
    }
}

/// SEARCH BODY on a message that is in memory.
pub fn in_body(parts: &Parts, message: &[u8], needle: &Needle) -> bool {
    let mut search = BodySearch::new(needle);
    for (index, part) in parts.iter().enumerate() {
        if search.part(index, part, part.header.of(message)) && search.push(part.body.of(message)) {
            return true;
        }
    }
    search.finish()
}

/// SEARCH TEXT on a message that is in memory: header or body.
pub fn in_text(parts: &Parts, message: &[u8], needle: &Needle) -> bool {
    let header = parts.root().map(|root| root.header.of(message)).unwrap_or_default();
    in_header(header, needle) || in_body(parts, message, needle)
}

#[cfg(test)]
mod tests;

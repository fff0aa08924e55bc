//! The first words of what a message says (RFC 8970), from a body that comes in pieces.

use super::limits::{PREVIEW_CHARS_MAX, TEXT_PIECE_BYTES_MAX};
use super::section::Part;
use super::text::Extractor;

/// A preview on its way.
#[derive(Debug)]
pub struct Preview {
    extractor: Extractor,
    /// Text that is not yet on one line.
    fresh: String,
    out: String,
}

impl Preview {
    /// For the part with this header block; `None` when the part is not text, or is attached.
    pub fn begin(part: &Part, header: &[u8]) -> Option<Preview> {
        let extractor = Extractor::of_what_is_shown(part, header)?;
        Some(Preview { extractor, fresh: String::new(), out: String::new() })
    }

    /// Whether more of the body would change nothing.
    pub fn is_done(&self) -> bool {
        self.out.len() > 4 * PREVIEW_CHARS_MAX
    }

    /// Takes the next octets of the body; what is not needed any more is not decoded.
    pub fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(TEXT_PIECE_BYTES_MAX) {
            if self.is_done() {
                return;
            }
            self.extractor.push(piece, &mut self.fresh);
            // A word may go on in the next piece.
            let whole = self.fresh.rfind(char::is_whitespace).map_or(0, |at| at);
            let rest = self.fresh.split_off(whole);
            gather(&mut self.fresh, &mut self.out);
            self.fresh = rest;
        }
    }

    /// At most [`PREVIEW_CHARS_MAX`] characters on one line; empty when there is no text.
    pub fn finish(self) -> String {
        let Preview { extractor, mut fresh, mut out } = self;
        extractor.finish(&mut fresh);
        gather(&mut fresh, &mut out);
        out.chars().filter(|char| !char.is_control()).take(PREVIEW_CHARS_MAX).collect()
    }
}

/// Moves words behind each other.
fn gather(fresh: &mut String, out: &mut String) {
    for word in fresh.split_whitespace() {
        if out.len() > 4 * PREVIEW_CHARS_MAX {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    fresh.clear();
}

#[cfg(test)]
mod tests;

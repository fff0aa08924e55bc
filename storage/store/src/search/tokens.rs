//! Cutting folded text into tokens, and questions into what the tokens must show.
//!
//! A token is a run of ASCII letters and digits and of octets beyond ASCII. Text is folded before, so that
//! tokens compare as [`format::mime::search`] does. A run longer than [`TOKEN_BYTES_MAX`] becomes windows that
//! overlap by half: a string of at most [`PIECE_BYTES_MAX`] octets that lies in the run lies in a window.

/// The most octets of a token.
pub(crate) const TOKEN_BYTES_MAX: usize = 64;
/// The most octets of a string that is sure to lie in one window of a long run.
pub(crate) const PIECE_BYTES_MAX: usize = TOKEN_BYTES_MAX / 2;

/// Whether an octet of folded text belongs to tokens.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Cuts text that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Tokenizer {
    run: Vec<u8>,
}

impl Tokenizer {
    /// Takes the next text, which joins on to what came before.
    pub(crate) fn push(&mut self, text: &str, sink: &mut impl FnMut(&[u8])) {
        for run in text.as_bytes().split_inclusive(|byte| !is_token(*byte)) {
            match run.split_last() {
                Some((last, head)) if !is_token(*last) => {
                    self.extend(head, sink);
                    self.end(sink);
                }
                _ => self.extend(run, sink),
            }
        }
    }

    /// The text is over: what comes next does not join on to it.
    pub(crate) fn end(&mut self, sink: &mut impl FnMut(&[u8])) {
        if !self.run.is_empty() {
            sink(&self.run);
            self.run.clear();
        }
    }

    fn extend(&mut self, mut bytes: &[u8], sink: &mut impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            if self.run.len() == TOKEN_BYTES_MAX {
                sink(&self.run);
                self.run.drain(..TOKEN_BYTES_MAX - PIECE_BYTES_MAX);
            }
            let room = TOKEN_BYTES_MAX - self.run.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.run.extend_from_slice(now);
            bytes = later;
        }
    }
}

/// What one token must show for a message to come into question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// With a zero octet where the token must begin or end; tokens stand between zero octets.
    pub(crate) pattern: Vec<u8>,
}

/// A question taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// Every one must be in the message.
    pub(crate) all: Vec<Piece>,
    /// Whether a message that shows all of them has the string; else it must be looked at.
    pub(crate) sure: bool,
}

impl Pieces {
    /// Takes a folded string apart; `None` when no token can tell of it.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut all = Vec::new();
        let mut at = 0;
        for run in bytes.split(|byte| !is_token(*byte)) {
            let end = at + run.len();
            if !run.is_empty() {
                all.push(Piece::new(run, at > 0, end < bytes.len()));
            }
            at = end + 1;
        }
        let sure = bytes.len() <= PIECE_BYTES_MAX && bytes.iter().all(|byte| is_token(*byte));
        (!all.is_empty()).then_some(Self { all, sure })
    }
}

impl Piece {
    fn new(run: &[u8], begins: bool, ends: bool) -> Self {
        let mut pattern = Vec::with_capacity(run.len() + 2);
        if let Some(head) = run.get(..PIECE_BYTES_MAX).filter(|_| run.len() > PIECE_BYTES_MAX) {
            // Windows hold this much of it; the rest is for whoever looks at the message.
            pattern.extend_from_slice(head);
            return Self { pattern };
        }
        if begins {
            pattern.push(0);
        }
        pattern.extend_from_slice(run);
        if ends {
            pattern.push(0);
        }
        Self { pattern }
    }
}

#[cfg(test)]
mod tests;

//! Message data on the wire: dots unstuffed, its end found (RFC 5321 4.5.2).
//!
//! Only CRLF.CRLF ends a message. A CR or LF that is not part of a CRLF makes the whole message refused: to
//! servers behind us it could mean an end where we saw none (SMTP smuggling, CVE-2023-51764 and its kin).

/// Where in a line the decoder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Behind a CRLF, or at the very beginning.
    Start,
    /// Behind the dot that begins a line.
    Dot,
    /// Behind that dot and a CR.
    DotCr,
    /// Inside a line.
    Text,
    /// Behind a CR inside a line.
    Cr,
}

/// What one piece of input came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fed {
    /// How many octets of the piece belong to the message and its end.
    pub(crate) taken: usize,
    /// Whether the end was found.
    pub(crate) ended: bool,
}

/// The decoder.
#[derive(Debug)]
pub(crate) struct Dots {
    state: State,
    bare: bool,
    eight_bit: bool,
}

impl Dots {
    pub(crate) fn new() -> Self {
        Self { state: State::Start, bare: false, eight_bit: false }
    }

    /// Whether a CR or LF stood alone somewhere.
    pub(crate) fn bare(&self) -> bool {
        self.bare
    }

    /// Whether any octet was beyond US-ASCII.
    pub(crate) fn eight_bit(&self) -> bool {
        self.eight_bit
    }

    /// Decodes a piece onto the end of `out`.
    pub(crate) fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Fed {
        let mut rest = piece;
        while let Some((&octet, behind)) = rest.split_first() {
            if self.state == State::Text {
                // The common case at once: everything up to the next CR or LF.
                let length = rest.iter().position(|&o| o == b'\r' || o == b'\n').unwrap_or(rest.len());
                if length > 0 {
                    let (run, left) = rest.split_at(length);
                    self.eight_bit |= !run.is_ascii();
                    out.extend_from_slice(run);
                    rest = left;
                    continue;
                }
            }
            rest = behind;
            if self.step(octet, out) {
                return Fed { taken: piece.len() - rest.len(), ended: true };
            }
        }
        Fed { taken: piece.len(), ended: false }
    }

    /// One octet; true when it was the last of the message's end.
    fn step(&mut self, octet: u8, out: &mut Vec<u8>) -> bool {
        self.eight_bit |= !octet.is_ascii();
        self.state = match (self.state, octet) {
            (State::DotCr, b'\n') => return true,
            (State::Start, b'.') => State::Dot,
            (State::Dot, b'\r') => State::DotCr,
            (State::Cr, b'\n') => {
                out.extend_from_slice(b"\r\n");
                State::Start
            }
            (State::Start | State::Text, b'\r') => State::Cr,
            (_, b'\n') => {
                self.bare = true;
                State::Text
            }
            (State::Cr | State::DotCr, _) => {
                self.bare = true;
                if octet == b'\r' { State::Cr } else { State::Text }
            }
            (State::Start | State::Dot | State::Text, _) => {
                out.push(octet);
                State::Text
            }
        };
        false
    }
}

#[cfg(test)]
pub(crate) mod tests;

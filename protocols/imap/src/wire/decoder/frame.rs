//! Framing: from octets to lines and literals, before any grammar (RFC 9051 2.2.1, 4.3; RFC 7888).
//!
//! Sans I/O. What ends in `{n}` CRLF has a literal behind it wherever it stands, since no quoted string
//! crosses a line; so the frame of a command can be seen without understanding it, and a command that makes
//! no sense is still swallowed whole.

use crate::limits::LINE_BYTES_MAX;
use crate::reply::Failure;

/// The announcement of a literal at the end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiteralHeader {
    /// Octets that follow.
    pub size: u64,
    /// Whether the client waits for `+` before it sends them.
    pub synchronizing: bool,
    /// `~{n}`: may hold NUL (RFC 3516).
    pub binary: bool,
}

/// What a line ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The command is whole.
    Whole,
    /// A literal comes next.
    Literal(LiteralHeader),
}

/// Octets that arrived and were not consumed yet.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    buffer: Vec<u8>,
    start: usize,
    /// How much behind `start` was searched for a line's end already.
    searched: usize,
}

impl Framer {
    /// Adds octets from the connection.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        } else if self.start > LINE_BYTES_MAX {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// What arrived and was not consumed.
    pub(crate) fn buffered(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Gives the memory back when nothing waits: an idle session holds no buffer.
    pub(crate) fn release(&mut self) {
        if self.start == self.buffer.len() {
            *self = Self::default();
        }
    }

    /// Moves the next line, with its CRLF, to the end of `command`.
    ///
    /// `None` when its end has not arrived yet.
    ///
    /// # Errors
    /// Bye when the line is longer than [`LINE_BYTES_MAX`]: where it ends is not known, nor what follows.
    pub(crate) fn line(&mut self, command: &mut Vec<u8>) -> Result<Option<Line>, Failure> {
        let waiting = self.buffered();
        let fresh = waiting.get(self.searched..).unwrap_or_default();
        let Some(at) = fresh.iter().position(|&byte| byte == b'\n') else {
            let length = waiting.len();
            self.searched = length;
            return if length > LINE_BYTES_MAX { Err(too_long()) } else { Ok(None) };
        };
        let length = self.searched + at + 1;
        let Some(line) = waiting.get(..length) else { return Ok(None) };
        if length > LINE_BYTES_MAX {
            return Err(too_long());
        }
        // A bare LF ends a line too: telnet and scripts send it, and it can be nothing else.
        let content = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(line);
        command.extend_from_slice(content);
        command.extend_from_slice(b"\r\n");
        let kind = literal_header(content).map_or(Line::Whole, Line::Literal);
        self.consume(length);
        Ok(Some(kind))
    }

    /// Takes at most `most` of what waits.
    pub(crate) fn take(&mut self, most: u64) -> Vec<u8> {
        let waiting = self.buffered();
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(waiting.len());
        let taken = waiting.get(..count).unwrap_or_default().to_vec();
        self.consume(count);
        taken
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.buffer.len());
        self.searched = 0;
    }
}

fn too_long() -> Failure {
    Failure::Bye("Line too long")
}

/// The literal announced at the end of a line, if there is one.
fn literal_header(line: &[u8]) -> Option<LiteralHeader> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.iter().rposition(|&byte| byte == b'{')?;
    let (before, rest) = inside.split_at_checked(open)?;
    let number = rest.get(1..)?;
    let (number, synchronizing) = match number.strip_suffix(b"+") {
        Some(number) => (number, false),
        None => (number, true),
    };
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // A number beyond all bounds announces a literal too, one that is refused for its size.
    let size =
        number.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(LiteralHeader { size, synchronizing, binary: before.ends_with(b"~") })
}

#[cfg(test)]
mod tests;

//! A message as it stands in a reply of several lines (RFC 1939 3): lines end in CRLF, one that begins with a dot gets
//! another dot in front. TOP stops behind so many lines of the body.

/// Makes the reply's lines of a message that comes in pieces.
#[derive(Debug)]
pub(crate) struct Stuffer {
    /// Octets of the line so far.
    length: u64,
    /// Whether the last octet was a CR.
    behind_cr: bool,
    /// Whether the blank line behind the header has passed.
    in_body: bool,
    /// Lines of the body that are still wanted; `None` is all.
    left: Option<u64>,
}

impl Stuffer {
    /// For a whole message, or for its header and so many lines of its body.
    pub(crate) fn new(body_lines: Option<u64>) -> Self {
        Self { length: 0, behind_cr: false, in_body: false, left: body_lines }
    }

    /// Whether nothing more is wanted.
    pub(crate) fn is_done(&self) -> bool {
        self.length == 0 && self.in_body && self.left == Some(0)
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for line in piece.split_inclusive(|&octet| octet == b'\n') {
            if self.is_done() {
                return;
            }
            if self.length == 0 && line.starts_with(b".") {
                out.push(b'.');
            }
            match line.strip_suffix(b"\n") {
                Some(text) => {
                    self.text(text, out);
                    self.end_line(out);
                }
                None => self.text(line, out),
            }
        }
    }

    fn text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if let Some(last) = text.last() {
            out.extend_from_slice(text);
            self.length += text.len() as u64;
            self.behind_cr = *last == b'\r';
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        // A bare LF in the message ends a line for many clients: for all of them then.
        out.extend_from_slice(if self.behind_cr { b"\n" } else { b"\r\n" });
        let blank = self.length == u64::from(self.behind_cr);
        if self.in_body {
            self.left = self.left.map(|left| left.saturating_sub(1));
        } else {
            self.in_body = blank;
        }
        self.length = 0;
        self.behind_cr = false;
    }

    /// Ends the last line.
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) {
        if self.length > 0 {
            self.behind_cr = false;
            self.end_line(out);
        }
    }
}

#[cfg(test)]
mod tests;

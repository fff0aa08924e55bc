//! Header blocks: fields in their raw form, unfolding, and the filter behind HEADER.FIELDS (RFC 5322 2.2).

use super::cursor::is_space;
use super::limits::LINE_HEAD_BYTES_MAX;

/// What a line of a header block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Empty: the header ends here.
    Blank,
    /// Starts with white space: goes on with the field above.
    Continuation,
    /// `name:` with the length of the name.
    Field(usize),
    /// An mbox separator, `From ` without a colon right behind.
    Envelope,
    /// Nothing that belongs in a header.
    Junk,
}

/// Says what a line is, from its first [`LINE_HEAD_BYTES_MAX`] octets at most, without its end.
pub(crate) fn classify(line: &[u8]) -> Line {
    let head = line.get(..LINE_HEAD_BYTES_MAX).unwrap_or(line);
    match head.first() {
        None => return Line::Blank,
        Some(b' ' | b'\t') => return Line::Continuation,
        Some(b'\r') if head.iter().all(|&byte| byte == b'\r') => return Line::Blank,
        Some(_) => {}
    }
    match memchr::memchr(b':', head) {
        Some(colon) => {
            let name = head.get(..colon).unwrap_or_default().trim_ascii_end();
            // RFC 5322 2.2: printable octets; 8-bit names are seen in the wild and harmless.
            if name.iter().all(|&byte| byte > b' ' && byte != 127) {
                return Line::Field(name.len());
            }
            if line.starts_with(b"From ") { Line::Envelope } else { Line::Junk }
        }
        None if line.starts_with(b"From ") => Line::Envelope,
        None => Line::Junk,
    }
}

/// One field of a header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written, without the colon; empty for an mbox `From ` line.
    pub name: &'a [u8],
    /// The value as written: folding inside, but without the end of its last line.
    pub value: &'a [u8],
    /// The whole field with all its line ends.
    pub raw: &'a [u8],
}

impl Field<'_> {
    /// Whether the field has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header block, in order, up to the blank line; lines that are no fields are skipped.
pub fn fields(block: &[u8]) -> Fields<'_> {
    Fields { rest: block }
}

/// Iterator of [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// Splits the first line, its end included, off.
fn split_line(block: &[u8]) -> (&[u8], &[u8]) {
    let length = memchr::memchr(b'\n', block).map_or(block.len(), |at| at + 1);
    block.split_at_checked(length).unwrap_or((block, &[]))
}

/// A line without its LF or CRLF.
pub(crate) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let (line, _) = split_line(self.rest);
            let name_length = match classify(without_end(line)) {
                Line::Field(length) => length,
                Line::Envelope => 0,
                Line::Continuation | Line::Junk if !line.is_empty() => {
                    self.rest = split_line(self.rest).1;
                    continue;
                }
                _ => return None,
            };
            let mut length = line.len();
            while let Some(b' ' | b'\t') = self.rest.get(length) {
                length += split_line(self.rest.get(length..).unwrap_or_default()).0.len();
            }
            let (raw, rest) = self.rest.split_at_checked(length)?;
            self.rest = rest;
            let (name, after) = raw.split_at_checked(name_length)?;
            let value = match memchr::memchr(b':', after) {
                Some(colon) if !name.is_empty() || colon == 0 => after.get(colon + 1..).unwrap_or_default(),
                _ => after,
            };
            return Some(Field { name, value: without_end(value), raw });
        }
    }
}

/// The value of the first field of this name, raw.
pub fn first<'a>(block: &'a [u8], name: &str) -> Option<&'a [u8]> {
    fields(block).find(|field| field.is(name)).map(|field| field.value)
}

/// A value on one line: line ends removed (RFC 5322 2.2.3), white space at both ends too.
pub fn unfold(value: &[u8]) -> Vec<u8> {
    let start = value.iter().position(|&byte| !is_space(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|&byte| !is_space(byte)).map_or(start, |at| at + 1);
    let inner = value.get(start..end).unwrap_or_default();
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => {}
            b'\r' if bytes.peek() == Some(&b'\n') => {}
            _ => out.push(byte),
        }
    }
    out
}

/// Which fields of a header block HEADER.FIELDS or HEADER.FIELDS.NOT sends (RFC 9051 6.4.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFilter {
    /// Lower case.
    names: Vec<Vec<u8>>,
    not: bool,
}

impl FieldFilter {
    /// The fields with these names; with `not`, the fields with other names.
    pub fn new<N: AsRef<[u8]>>(names: impl IntoIterator<Item = N>, not: bool) -> FieldFilter {
        FieldFilter { names: names.into_iter().map(|name| name.as_ref().to_ascii_lowercase()).collect(), not }
    }

    /// Whether a field of this name passes.
    pub fn takes(&self, name: &[u8]) -> bool {
        self.names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)) != self.not
    }

    /// The passing fields of a whole header block as written, and its blank line when it has one.
    pub fn apply(&self, block: &[u8]) -> Vec<u8> {
        let mut stream = self.stream();
        let mut out = Vec::new();
        stream.push(block, &mut out);
        stream.finish(&mut out);
        out
    }

    /// The same for a header block that comes in pieces, in constant memory.
    pub fn stream(&self) -> FilterStream<'_> {
        FilterStream { filter: self, head: Vec::new(), pass: Pass::Undecided, kept: self.not }
    }
}

/// What happens to the line a [`FilterStream`] is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Not enough of the line seen yet; it is in `head`.
    Undecided,
    /// Goes out.
    Keep,
    /// Is left out.
    Drop,
}

/// A [`FieldFilter`] at work on a header block in pieces.
#[derive(Clone, Debug)]
pub struct FilterStream<'a> {
    filter: &'a FieldFilter,
    head: Vec<u8>,
    pass: Pass,
    /// Whether the field that a continuation line belongs to is kept.
    kept: bool,
}

impl FilterStream<'_> {
    /// Takes the next octets of the block and appends what passes to `out`.
    pub fn push(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        while !chunk.is_empty() {
            let (piece, rest) = split_line(chunk);
            chunk = rest;
            if self.pass == Pass::Undecided {
                let is_enough = piece.ends_with(b"\n")
                    || piece.contains(&b':')
                    || self.head.len() + piece.len() > LINE_HEAD_BYTES_MAX;
                if is_enough && self.head.is_empty() {
                    self.decide(piece, out);
                } else {
                    self.head.extend_from_slice(piece);
                    if is_enough {
                        let head = std::mem::take(&mut self.head);
                        self.decide(&head, out);
                    }
                }
            } else if self.pass == Pass::Keep {
                out.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.pass = Pass::Undecided;
            }
        }
    }

    /// Decides a line from its start, which goes out when the line does.
    fn decide(&mut self, head: &[u8], out: &mut Vec<u8>) {
        let keep = match classify(without_end(head)) {
            Line::Blank => true,
            Line::Continuation => self.kept,
            Line::Field(length) => {
                self.kept = self.filter.takes(head.get(..length).unwrap_or_default());
                self.kept
            }
            Line::Envelope | Line::Junk => {
                self.kept = self.filter.not;
                self.kept
            }
        };
        if keep {
            out.extend_from_slice(head);
        }
        self.pass = if keep { Pass::Keep } else { Pass::Drop };
    }

    /// The block is over.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let head = std::mem::take(&mut self.head);
        if !head.is_empty() {
            self.decide(&head, out);
        }
    }
}

#[cfg(test)]
mod tests;

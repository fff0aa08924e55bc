//! The incremental MIME parser: octets in, in any chunks, each seen once; a tree of parts out (RFC 2045, 2046).
//!
//! It keeps header blocks (bounded) and a stack of open containers, never bodies, so that a message of any
//! size streams through it into the store. Only LF ends a line; a CR before it belongs to the line's end.
//!
//! Readings of broken messages, chosen so that no octet is hidden from the user:
//! - a header without any field: there is none, all of it is body;
//! - a header line that looks like a delimiter: the blank line is missing, the body starts there;
//! - other header lines that are no fields: pieces of broken fields, which mean nothing (Dovecot's reading);
//! - a multipart without usable boundary, or whose boundary never comes: text/plain (RFC 2045 5.2);
//! - a multipart that is not closed ends with its container;
//! - message/rfc822 in an encoding it must not have (RFC 2046 5.2.1), and anything past a limit: an opaque leaf.

use super::content::ContentType;
use super::header;
use super::limits::{BOUNDARY_BYTES_MAX, LINE_HEAD_BYTES_MAX, Limits};
use super::section::{Encoding, Kind, Part, Parts, Span};
use super::{Date, bodystructure, envelope};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How a part's content is told to clients, where that is not what its header claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// By its Content-Type; without one as text/plain, in a digest as message/rfc822 (RFC 2046 5.1.5).
    Claimed,
    /// As text/plain, whatever it claims.
    Text,
    /// As application/octet-stream, whatever it claims.
    Opaque,
}

/// What the scanner knows of a part beyond [`Part`].
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    /// Where the looked-at octets of its header are in [`Structure::headers`].
    pub(crate) kept: Range<usize>,
    /// Whether its container is a multipart/digest.
    pub(crate) in_digest: bool,
    /// How it is told.
    pub(crate) reading: Reading,
}

/// An open part; the top of the stack is the one that octets belong to.
#[derive(Debug)]
struct Open {
    index: usize,
    /// Of a multipart that is not closed.
    boundary: Option<Vec<u8>>,
    is_digest: bool,
    /// Where its header or, when that is over, its body starts, and how many LF octets are before that.
    start: u64,
    lf_before: u64,
    /// What its header has so far.
    seen: Seen,
}

/// What a header has so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// Lines, but no field among them: the blank line may be missing.
    Junk,
    Field,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Body,
}

/// Push parser of one message.
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    parts: Vec<Part>,
    details: Vec<Detail>,
    headers: Vec<u8>,
    open: Vec<Open>,
    boundaries: usize,
    state: State,
    /// Octets taken.
    offset: u64,
    /// LF octets in finished lines.
    lf: u64,
    line: PartialLine,
    /// Length of `headers` at the start of the line.
    kept_before_line: usize,
    /// How long the end of the line before is: 1 for LF, 2 for CRLF.
    eol_before: u64,
}

/// The line whose end has not come yet.
#[derive(Debug, Default)]
struct PartialLine {
    start: u64,
    len: u64,
    /// Its first octets.
    head: Vec<u8>,
    /// Its last octet so far.
    last: u8,
}

impl Scanner {
    /// A scanner at the first octet of a message.
    pub fn new(limits: Limits) -> Scanner {
        let mut scanner = Scanner {
            limits,
            parts: Vec::new(),
            details: Vec::new(),
            headers: Vec::new(),
            open: Vec::new(),
            boundaries: 0,
            state: State::Header,
            offset: 0,
            lf: 0,
            line: PartialLine::default(),
            kept_before_line: 0,
            eol_before: 0,
        };
        scanner.open_part(0, 0, false);
        scanner
    }

    /// Takes the next octets of the message.
    pub fn push(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while !rest.is_empty() {
            if self.state == State::Body && self.boundaries == 0 {
                // No line can mean anything any more: count and go.
                self.lf += memchr::memchr_iter(b'\n', rest).count() as u64;
                self.offset += rest.len() as u64;
                return;
            }
            let Some(at) = memchr::memchr(b'\n', rest) else {
                self.take_piece(rest);
                return;
            };
            let (piece, after) = rest.split_at_checked(at + 1).unwrap_or((rest, &[]));
            rest = after;
            self.take_line(piece);
        }
    }

    /// The message is over.
    pub fn finish(mut self) -> Structure {
        if self.line.len > 0 {
            let line = std::mem::take(&mut self.line);
            self.end_line(&line.head, line.len, 0, line.start);
        }
        while self.state == State::Header {
            self.end_header(self.offset, self.lf);
        }
        self.close_above(0, self.offset, 0);
        Structure { parts: Parts(self.parts), details: self.details, headers: self.headers }
    }

    /// Takes octets without LF.
    fn take_piece(&mut self, piece: &[u8]) {
        self.keep(piece);
        let room = LINE_HEAD_BYTES_MAX.saturating_sub(self.line.head.len());
        self.line.head.extend_from_slice(piece.get(..room).unwrap_or(piece));
        self.line.len += piece.len() as u64;
        self.line.last = piece.last().copied().unwrap_or(self.line.last);
        self.offset += piece.len() as u64;
    }

    /// Takes octets that end with the first LF.
    fn take_line(&mut self, piece: &[u8]) {
        self.keep(piece);
        self.offset += piece.len() as u64;
        let before = match piece.len() {
            1 if self.line.len > 0 => Some(self.line.last),
            length => length.checked_sub(2).and_then(|at| piece.get(at).copied()),
        };
        let eol = if before == Some(b'\r') { 2 } else { 1 };
        if self.line.len == 0 {
            let head = piece.get(..LINE_HEAD_BYTES_MAX).unwrap_or(piece);
            let start = self.line.start;
            self.line.start = self.offset;
            self.end_line(head, piece.len() as u64, eol, start);
        } else {
            let mut line = std::mem::take(&mut self.line);
            self.line.start = self.offset;
            let room = LINE_HEAD_BYTES_MAX.saturating_sub(line.head.len());
            line.head.extend_from_slice(piece.get(..room).unwrap_or(piece));
            self.end_line(&line.head, line.len + piece.len() as u64, eol, line.start);
            line.head.clear();
            self.line.head = line.head;
        }
    }

    /// In a header, keeps octets as far as the limits go.
    fn keep(&mut self, piece: &[u8]) {
        if self.state != State::Header {
            return;
        }
        let Some(detail) = self.open.last().and_then(|open| self.details.get(open.index)) else { return };
        let own = self.limits.header_bytes_max.saturating_sub(self.headers.len() - detail.kept.start);
        let room = own.min(self.limits.headers_bytes_max.saturating_sub(self.headers.len()));
        self.headers.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }

    /// Says what a whole line means. `head`: its first octets; `len` and `eol`: its length and that of its end.
    fn end_line(&mut self, head: &[u8], len: u64, eol: u64, start: u64) {
        let is_short = len <= head.len() as u64;
        let text = if is_short {
            head.get(..head.len().saturating_sub(eol as usize)).unwrap_or_default()
        } else {
            head
        };
        if !(is_short && text.starts_with(b"--") && self.end_delimiter(text, start, start + len)) {
            while self.state == State::Header {
                match header::classify(text) {
                    header::Line::Blank => {
                        self.end_header(start + len, self.lf + u64::from(eol > 0));
                        break;
                    }
                    // It looks like a delimiter: the blank line is missing. The line is the body's: of a
                    // multipart whose first boundary it may be, or the header's of a message inside.
                    header::Line::Junk if text.starts_with(b"--") => {
                        self.headers.truncate(self.kept_before_line);
                        self.end_header(start, self.lf);
                        if is_short && self.end_delimiter(text, start, start + len) {
                            break;
                        }
                    }
                    line => {
                        self.see(line);
                        break;
                    }
                }
            }
        }
        self.lf += u64::from(eol > 0);
        self.eol_before = eol;
        self.kept_before_line = self.headers.len();
    }

    /// Remembers that the open header has this line.
    fn see(&mut self, line: header::Line) {
        let Some(open) = self.open.last_mut() else { return };
        match line {
            header::Line::Field(_) | header::Line::Envelope => open.seen = Seen::Field,
            header::Line::Junk if open.seen == Seen::Nothing => open.seen = Seen::Junk,
            _ => {}
        }
    }

    /// When the line is a delimiter of an open multipart, acts on it.
    fn end_delimiter(&mut self, text: &[u8], start: u64, end: u64) -> bool {
        let Some(line) = text.strip_prefix(b"--") else { return false };
        let line = line.trim_ascii_end();
        let found = self.open.iter().enumerate().rev().find_map(|(level, open)| {
            let tail = line.strip_prefix(open.boundary.as_deref()?)?;
            matches!(tail, b"" | b"--").then_some((level, tail.len() == 2))
        });
        let Some((level, closes)) = found else { return false };
        if !closes && self.parts.len() >= self.limits.parts_max {
            return false;
        }
        if self.state == State::Header {
            self.headers.truncate(self.kept_before_line);
        }
        while self.state == State::Header {
            self.end_header(start, self.lf);
        }
        self.close_above(level + 1, start, self.eol_before);
        let Some(multipart) = self.open.last_mut() else { return true };
        if closes {
            multipart.boundary = None;
            self.boundaries -= 1;
        } else {
            let is_digest = multipart.is_digest;
            self.open_part(end, self.lf + 1, is_digest);
        }
        true
    }

    /// Opens a part whose header starts at `start`, behind so many LF octets.
    fn open_part(&mut self, start: u64, lf_before: u64, in_digest: bool) {
        let index = self.parts.len();
        let empty = Span { start, len: 0 };
        self.parts.push(Part {
            kind: Kind::Basic,
            encoding: Encoding::SevenBit,
            header: empty,
            body: empty,
            lines: 0,
            end: 0,
        });
        let kept = self.headers.len()..self.headers.len();
        self.details.push(Detail { kept, in_digest, reading: Reading::Claimed });
        self.open.push(Open {
            index,
            boundary: None,
            is_digest: false,
            start,
            lf_before,
            seen: Seen::Nothing,
        });
        self.state = State::Header;
        self.kept_before_line = self.headers.len();
    }

    /// The header of the top part is over and its body starts at `start`; a header without any field was
    /// none, and all of it is body.
    fn end_header(&mut self, start: u64, lf_before: u64) {
        self.state = State::Body;
        let has_room = self.open.len() < self.limits.depth_max && self.parts.len() < self.limits.parts_max;
        let Some(open) = self.open.last_mut() else { return };
        let (Some(part), Some(detail)) = (self.parts.get_mut(open.index), self.details.get_mut(open.index))
        else {
            return;
        };
        if open.seen == Seen::Junk {
            self.headers.truncate(detail.kept.start);
            detail.in_digest = false;
        } else {
            (open.start, open.lf_before) = (start, lf_before);
        }
        let (start, lf_before) = (open.start, open.lf_before);
        part.header = Span::between(part.header.start, start);
        detail.kept.end = self.headers.len();
        let block = self.headers.get(detail.kept.clone()).unwrap_or_default();
        part.encoding = Encoding::parse(header::first(block, "Content-Transfer-Encoding"));
        let truncated = (block.len() as u64) < part.header.len;
        let plan = plan(block, truncated, detail.in_digest, part.encoding, has_room);
        part.kind = plan.kind;
        detail.reading = plan.reading;
        open.is_digest = plan.is_digest;
        self.boundaries += usize::from(plan.boundary.is_some());
        open.boundary = plan.boundary;
        if part.kind == Kind::Message {
            self.open_part(start, lf_before, false);
        }
    }

    /// Closes the open parts from `level` of the stack on, before a delimiter or the end at `position`; the
    /// line end before a delimiter, of `eol` octets, is the delimiter's (RFC 2046 5.1.1).
    fn close_above(&mut self, level: usize, position: u64, eol: u64) {
        let mut cap = None;
        let total = self.parts.len();
        for open in self.open.get(level..).unwrap_or_default() {
            let Some(part) = self.parts.get_mut(open.index) else { continue };
            let is_empty = position <= open.start;
            let end = if is_empty { open.start } else { position.saturating_sub(eol) };
            // What is inside cannot go on behind what it is in.
            let end = end.min(*cap.get_or_insert(end));
            part.header = Span::between(part.header.start.min(end), part.header.end().min(end));
            part.body = Span::between(open.start.min(end), end);
            let all = self.lf - open.lf_before.min(self.lf);
            part.lines = if part.body.len == 0 { 0 } else { all - u64::from(eol > 0).min(all) };
            part.end = u32::try_from(total).unwrap_or(u32::MAX);
            if part.kind == Kind::Multipart && total == open.index + 1 {
                part.kind = Kind::Text;
                if let Some(detail) = self.details.get_mut(open.index) {
                    detail.reading = Reading::Text;
                }
            }
            self.boundaries -= usize::from(open.boundary.is_some());
        }
        self.open.truncate(level);
    }
}

/// What the end of a header decides.
struct Plan {
    kind: Kind,
    reading: Reading,
    boundary: Option<Vec<u8>>,
    is_digest: bool,
}

/// Decides how a part is read. `truncated`: more header follows than `block`; `has_room`: the limits let the
/// part be opened.
fn plan(block: &[u8], truncated: bool, in_digest: bool, encoding: Encoding, has_room: bool) -> Plan {
    let leaf = |kind, reading| Plan { kind, reading, boundary: None, is_digest: false };
    let is_plain = matches!(encoding, Encoding::SevenBit | Encoding::EightBit | Encoding::Binary);
    let message = || match has_room && is_plain {
        true => leaf(Kind::Message, Reading::Claimed),
        false => leaf(Kind::Basic, Reading::Opaque),
    };
    let Some(value) = header::first(block, "Content-Type") else {
        return match (truncated, in_digest) {
            (true, _) => leaf(Kind::Basic, Reading::Opaque),
            (false, true) => message(),
            (false, false) => leaf(Kind::Text, Reading::Claimed),
        };
    };
    let Some(content) = ContentType::parse(value) else { return leaf(Kind::Text, Reading::Text) };
    if content.is("multipart", "") {
        let boundary = content.params.value("boundary").map(|(_, text)| text.trim_ascii_end().to_vec());
        let usable = boundary.filter(|text| (1..=BOUNDARY_BYTES_MAX).contains(&text.len()));
        return match usable {
            None => leaf(Kind::Text, Reading::Text),
            Some(_) if !has_room => leaf(Kind::Basic, Reading::Opaque),
            boundary => Plan {
                kind: Kind::Multipart,
                reading: Reading::Claimed,
                boundary,
                is_digest: content.is("multipart", "digest"),
            },
        };
    }
    if content.is("message", "rfc822") || content.is("message", "global") {
        return message();
    }
    leaf(if content.is("text", "") { Kind::Text } else { Kind::Basic }, Reading::Claimed)
}

/// What a scanner found: the parts and their headers.
#[derive(Debug)]
pub struct Structure {
    pub(crate) parts: Parts,
    pub(crate) details: Vec<Detail>,
    pub(crate) headers: Vec<u8>,
}

impl Structure {
    /// The table of parts.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The raw header block of the part at an index, as far as [`Limits`] let it be kept.
    pub fn header(&self, index: usize) -> &[u8] {
        let kept = self.details.get(index).map(|detail| detail.kept.clone());
        kept.and_then(|kept| self.headers.get(kept)).unwrap_or_default()
    }

    /// Everything that is kept of a message beside its octets.
    pub fn digest(&self) -> Digest {
        let header = self.header(0);
        Digest {
            envelope: envelope::envelope(header),
            body: bodystructure::body(self),
            body_structure: bodystructure::body_structure(self),
            sent: header::first(header, "Date").and_then(Date::parse),
            parts: self.parts.clone(),
        }
    }
}

/// What the store keeps of a message, made once at arrival; the octet strings are sent verbatim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The value of the fetch item ENVELOPE.
    pub envelope: Vec<u8>,
    /// The value of the fetch item BODY.
    pub body: Vec<u8>,
    /// The value of the fetch item BODYSTRUCTURE.
    pub body_structure: Vec<u8>,
    /// The Date field, for SEARCH SENTBEFORE and SORT DATE; `None` when absent or not understood.
    pub sent: Option<Date>,
    /// Where everything is.
    pub parts: Parts,
}

#[cfg(test)]
mod tests;

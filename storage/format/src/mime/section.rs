//! Sections: `BODY[1.2.MIME]` to octets (RFC 9051 6.4.5.1), over a table made once at arrival.

use super::header::FieldFilter;
use super::limits::{SECTION_DEPTH_MAX, SECTION_FIELDS_MAX};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A run of octets of the stored message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first octet.
    pub start: u64,
    /// Number of octets.
    pub len: u64,
}

impl Span {
    /// From the first offset to before the second.
    pub(crate) fn between(start: u64, end: u64) -> Span {
        Span { start, len: end.saturating_sub(start) }
    }

    /// The offset behind the last octet.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }

    /// The same as a range.
    pub fn range(&self) -> Range<u64> {
        self.start..self.end()
    }

    /// The octets of `message` in this span; what the message lacks is missing.
    pub fn of<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX).min(message.len());
        let end = usize::try_from(self.end()).unwrap_or(usize::MAX).min(message.len());
        message.get(start..end).unwrap_or_default()
    }

    /// The part `<offset.count>` of it (RFC 9051 6.4.5.2): empty, not wrong, where it starts behind the end.
    pub fn partial(&self, offset: u64, count: u64) -> Span {
        let offset = offset.min(self.len);
        Span { start: self.start + offset, len: count.min(self.len - offset) }
    }
}

/// What a part is to IMAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A leaf that is not text; also everything opaque.
    Basic,
    /// A text leaf.
    Text,
    /// A multipart with at least one child.
    Multipart,
    /// An opened message/rfc822 or message/global; its only child is the message inside.
    Message,
}

/// Content-Transfer-Encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// Also the default.
    SevenBit,
    /// Lines of any octets.
    EightBit,
    /// Any octets.
    Binary,
    /// RFC 2045 6.7.
    QuotedPrintable,
    /// RFC 2045 6.8.
    Base64,
    /// Something else; cannot be decoded.
    Unknown,
}

/// One part: where it is in the stored octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is.
    pub kind: Kind,
    /// How its body is encoded.
    pub encoding: Encoding,
    /// Its header block with the blank line.
    pub header: Span,
    /// Its body: of a multipart everything from preamble to epilogue.
    pub body: Span,
    /// LF octets in the body.
    pub lines: u64,
    /// Index in the table behind its last descendant.
    pub end: u32,
}

/// All parts of a message in document order: a part's children follow it, and `end` closes its subtree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts(pub(crate) Vec<Part>);

impl Parts {
    /// The message itself.
    pub fn root(&self) -> Option<&Part> {
        self.0.first()
    }

    /// Octets of the whole message: RFC822.SIZE.
    pub fn size(&self) -> u64 {
        self.root().map_or(0, |root| root.body.end())
    }

    /// The part at an index of the table.
    pub fn get(&self, index: usize) -> Option<&Part> {
        self.0.get(index)
    }

    /// All parts in document order.
    pub fn iter(&self) -> std::slice::Iter<'_, Part> {
        self.0.iter()
    }

    /// Indices of the children of the part at `index`.
    pub fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.get(index).map_or(0, |part| part.end as usize);
        let first = Some(index + 1).filter(|&first| first < end);
        std::iter::successors(first, move |&at| {
            let next = self.get(at)?.end as usize;
            (next > at && next < end).then_some(next)
        })
    }

    /// The index of the part with this number, e.g. `[1, 2]`; `None` when there is none or `path` is empty.
    ///
    /// A message that is no multipart has one part, number 1, which is its body (RFC 9051 6.4.5.1).
    pub fn find(&self, path: &[u32]) -> Option<usize> {
        let mut at = None;
        for &number in path {
            let nth = usize::try_from(number).ok()?.checked_sub(1)?;
            // Numbers count the parts of the multipart at hand; a message's own multipart has no number.
            let container = match at {
                None => 0,
                Some(index) => match self.get(index)?.kind {
                    Kind::Multipart => index,
                    Kind::Message => index + 1,
                    Kind::Basic | Kind::Text => return None,
                },
            };
            at = Some(match self.get(container)?.kind {
                Kind::Multipart => self.children(container).nth(nth)?,
                _ if nth == 0 => container,
                _ => return None,
            });
        }
        at
    }

    /// What a section is of this message; `None` (on the wire NIL) when the message has no such part, or a
    /// part that has no such thing (`1.HEADER` of a part that is no message).
    pub fn resolve(&self, section: &Section) -> Option<Slice> {
        if section.path.is_empty() {
            let root = self.root()?;
            return match &section.what {
                What::Whole => Some(Slice::Range(Span { start: 0, len: self.size() })),
                What::Mime => None,
                what => Some(Self::of_message(root, what)),
            };
        }
        let index = self.find(&section.path)?;
        let part = self.get(index)?;
        match &section.what {
            What::Whole => Some(Slice::Range(part.body)),
            What::Mime => Some(Slice::Range(part.header)),
            what if part.kind == Kind::Message => Some(Self::of_message(self.get(index + 1)?, what)),
            _ => None,
        }
    }

    fn of_message(message: &Part, what: &What) -> Slice {
        match what {
            What::Fields(names) => {
                Slice::Filtered { header: message.header, filter: FieldFilter::new(names, false) }
            }
            What::FieldsNot(names) => {
                Slice::Filtered { header: message.header, filter: FieldFilter::new(names, true) }
            }
            What::Header | What::Mime => Slice::Range(message.header),
            What::Text | What::Whole => Slice::Range(message.body),
        }
    }
}

/// What a section names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slice {
    /// These octets of the stored message.
    Range(Span),
    /// These octets after the filter.
    Filtered {
        /// The header block.
        header: Span,
        /// Which of its fields.
        filter: FieldFilter,
    },
}

/// The word at the end of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing: the whole message, or the body of a part.
    Whole,
    /// HEADER
    Header,
    /// HEADER.FIELDS
    Fields(Vec<Vec<u8>>),
    /// HEADER.FIELDS.NOT
    FieldsNot(Vec<Vec<u8>>),
    /// TEXT
    Text,
    /// MIME
    Mime,
}

/// A section specification: what stands between the brackets of `BODY[...]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Part numbers.
    pub path: Vec<u32>,
    /// The word behind them.
    pub what: What,
}

impl Section {
    /// Reads what stands between the brackets, e.g. `1.2.HEADER.FIELDS (TO "CC")`; `None` when it is none.
    ///
    /// Field names may be atoms or quoted strings; names that came as literals need [`Section`] built by hand.
    pub fn parse(spec: &[u8]) -> Option<Section> {
        let mut rest = spec;
        let mut path = Vec::new();
        while rest.first().is_some_and(u8::is_ascii_digit) {
            let length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at_checked(length)?;
            let number = std::str::from_utf8(digits).ok()?.parse().ok().filter(|&number| number > 0)?;
            path.push(number);
            if path.len() > SECTION_DEPTH_MAX {
                return None;
            }
            rest = match after.split_first() {
                None => return Some(Section { path, what: What::Whole }),
                Some((b'.', after)) if !after.is_empty() => after,
                Some(_) => return None,
            };
        }
        let (word, list) = match memchr::memchr(b' ', rest) {
            Some(at) => (rest.get(..at)?, Some(rest.get(at + 1..)?)),
            None => (rest, None),
        };
        let what = match (word.to_ascii_uppercase().as_slice(), list) {
            (b"", None) if path.is_empty() => What::Whole,
            (b"HEADER", None) => What::Header,
            (b"TEXT", None) => What::Text,
            (b"MIME", None) if !path.is_empty() => What::Mime,
            (b"HEADER.FIELDS", Some(list)) => What::Fields(names(list)?),
            (b"HEADER.FIELDS.NOT", Some(list)) => What::FieldsNot(names(list)?),
            _ => return None,
        };
        Some(Section { path, what })
    }
}

/// Reads `(A B "C")`: one name at least.
fn names(list: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = list.strip_prefix(b"(")?.strip_suffix(b")")?;
    let mut found = Vec::new();
    loop {
        let (name, after) = if let Some(quoted) = rest.strip_prefix(b"\"") {
            let end = memchr::memchr(b'"', quoted)?;
            (quoted.get(..end)?, quoted.get(end + 1..)?)
        } else {
            rest.split_at_checked(memchr::memchr(b' ', rest).unwrap_or(rest.len()))?
        };
        let legal = !name.is_empty() && !name.iter().any(|byte| b"()\"\\ \r\n\0".contains(byte));
        if !legal || found.len() >= SECTION_FIELDS_MAX {
            return None;
        }
        found.push(name.to_vec());
        match after.split_first() {
            None => return Some(found),
            Some((b' ', after)) => rest = after,
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests;

//! Content lines (RFC 5545 3.1, RFC 6350 3.2): unfolded for reading, kept octet for octet for writing.
//!
//! [`Lines`] walks raw octets and copies only what is folded. Each [`Line`] remembers the octets it came from,
//! so that an edit can write every other line back exactly as it was sent. Tolerances that real producers
//! need: bare LF, blank lines, a byte order mark, octets that are not UTF-8 (read as U+FFFD, kept as sent),
//! quotes that never close. A line that has no colon comes out with an empty name.

use super::limits::LINE_BYTES_MAX;
use model::{Error, Result};
use std::borrow::Cow;

/// One logical content line.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    raw: &'a [u8],
    text: Cow<'a, str>,
    name_at: usize,
    name_end: usize,
    value_at: usize,
}

impl<'a> Line<'a> {
    /// Reads a line from its unfolded text; `raw` are the octets to write back.
    fn new(raw: &'a [u8], text: Cow<'a, str>) -> Self {
        let (head, value_at) = match colon(&text) {
            Some(at) => (text.get(..at).unwrap_or(""), at.saturating_add(1)),
            None => return Self { raw, name_at: 0, name_end: 0, value_at: 0, text },
        };
        let name_end = head.find(';').unwrap_or(head.len());
        let name_at = head.get(..name_end).and_then(|name| name.rfind('.')).map_or(0, |dot| dot + 1);
        Self { raw, name_at, name_end, value_at, text }
    }

    /// Reads one line of text that is not part of any stream, without its line end.
    #[must_use]
    pub fn from_text(text: &'a str) -> Self {
        Self::new(text.as_bytes(), Cow::Borrowed(text))
    }

    /// The octets as sent: folds and line end included.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The whole unfolded line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The property name as spelled; empty when the line is no content line.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(self.name_at..self.name_end).unwrap_or("").trim()
    }

    /// The group before the name (RFC 6350 3.3), vCard only.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.name_at.checked_sub(1).and_then(|dot| self.text.get(..dot))
    }

    /// Whether the property has this name; names are compared without case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The value as sent, unfolded and still escaped.
    #[must_use]
    pub fn value(&self) -> &str {
        self.text.get(self.value_at..).unwrap_or("")
    }

    /// What stands before the value: name and parameters, with the colon.
    #[must_use]
    pub fn head(&self) -> &str {
        self.text.get(..self.value_at).unwrap_or("")
    }

    /// The value as text: escapes of RFC 5545 3.3.11 undone.
    #[must_use]
    pub fn text_value(&self) -> Cow<'_, str> {
        unescape(self.value())
    }

    /// The parameters in their order.
    #[must_use]
    pub fn params(&self) -> Params<'_> {
        let end = self.value_at.saturating_sub(1);
        Params { rest: self.text.get(self.name_end..end).unwrap_or("") }
    }

    /// The first value of the parameter of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.params().find(|param| param.name.eq_ignore_ascii_case(name)).map(|param| param.first())
    }
}

/// Where the head ends: the first colon outside quotes, or the first of all where a quote never closes.
fn colon(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b':' if !quoted => return Some(at),
            _ => {}
        }
    }
    text.find(':')
}

/// Walks the parameters of one line.
#[derive(Clone, Debug)]
pub struct Params<'a> {
    rest: &'a str,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// As spelled. vCard 2.1 writes bare values (`TEL;HOME:`): those have an empty name.
    pub name: &'a str,
    /// All values as sent, quotes included.
    pub value: &'a str,
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        loop {
            let rest = self.rest.strip_prefix(';')?;
            let end = unquoted(rest, ';').unwrap_or(rest.len());
            let (one, more) = rest.split_at_checked(end)?;
            self.rest = more;
            match one.split_once('=') {
                Some((name, value)) => return Some(Param { name: name.trim(), value }),
                None if one.is_empty() => {}
                None => return Some(Param { name: "", value: one }),
            }
        }
    }
}

impl<'a> Param<'a> {
    /// The values: split at commas outside quotes, quotes and carets (RFC 6868) undone.
    pub fn values(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let mut rest = Some(self.value);
        std::iter::from_fn(move || {
            let text = rest?;
            let end = unquoted(text, ',');
            rest = end.and_then(|end| text.get(end.saturating_add(1)..));
            Some(param_text(text.get(..end.unwrap_or(text.len())).unwrap_or("")))
        })
    }

    /// The first value.
    #[must_use]
    pub fn first(&self) -> Cow<'a, str> {
        self.values().next().unwrap_or_default()
    }
}

/// Where `wanted` first stands outside quotes.
fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == wanted && !quoted).then_some(at)
    })
}

/// RFC 6868 3.2: undoes quotes and carets.
fn param_text(text: &str) -> Cow<'_, str> {
    let bare = text.trim_matches('"');
    if !bare.contains('^') {
        return Cow::Borrowed(bare);
    }
    let mut out = String::with_capacity(bare.len());
    let mut chars = bare.chars().peekable();
    while let Some(c) = chars.next() {
        let known = match (c, chars.peek()) {
            ('^', Some('n')) => Some('\n'),
            ('^', Some('^')) => Some('^'),
            ('^', Some('\'')) => Some('"'),
            _ => None,
        };
        if known.is_some() {
            chars.next();
        }
        out.push(known.unwrap_or(c));
    }
    Cow::Owned(out)
}

/// RFC 5545 3.3.11: undoes backslash escapes; a backslash before anything else stays.
#[must_use]
pub fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let known = match (c, chars.peek()) {
            ('\\', Some('n' | 'N')) => Some('\n'),
            ('\\', Some(&escaped @ ('\\' | ',' | ';' | ':'))) => Some(escaped),
            _ => None,
        };
        if known.is_some() {
            chars.next();
        }
        out.push(known.unwrap_or(c));
    }
    Cow::Owned(out)
}

/// RFC 5545 3.3.11, RFC 6350 3.4: a text as a value.
#[must_use]
pub fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;");
    text.replace("\r\n", "\\n").replace('\n', "\\n")
}

/// Splits a value at `separator` where no backslash stands before it; the parts stay escaped.
pub fn split_escaped(value: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let end = text.bytes().position(|byte| {
            let hit = byte == separator && !escaped;
            escaped = byte == b'\\' && !escaped;
            hit
        });
        rest = end.and_then(|end| text.get(end.saturating_add(1)..));
        text.get(..end.unwrap_or(text.len()))
    })
}

/// Walks the logical lines of a stream; blank ones are passed over.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    quoted_printable: bool,
}

impl<'a> Lines<'a> {
    /// Over the octets of an iCalendar or vCard 3 or 4 stream.
    #[must_use]
    pub fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets), quoted_printable: false }
    }

    /// Over a vCard stream: in vCard 2.1 a quoted-printable value goes on behind a line ending in `=`.
    #[must_use]
    pub fn vcard(octets: &'a [u8]) -> Self {
        Self { quoted_printable: true, ..Self::new(octets) }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The end of the physical line at `from`: content end and start of the next one.
    fn physical(&self, from: usize) -> (usize, usize) {
        let tail = self.rest.get(from..).unwrap_or_default();
        match tail.iter().position(|&byte| byte == b'\n') {
            Some(at) => {
                let end = from.saturating_add(at);
                let cr = at > 0 && tail.get(at - 1) == Some(&b'\r');
                (end.saturating_sub(usize::from(cr)), end.saturating_add(1))
            }
            None => (self.rest.len(), self.rest.len()),
        }
    }

    /// Whether the physical line that begins here goes on with the one before.
    fn continues(&self, next: usize) -> bool {
        matches!(self.rest.get(next), Some(b' ' | b'\t'))
    }

    /// One logical line: its unfolded octets and where the next one begins.
    fn logical(&self) -> Result<(Cow<'a, [u8]>, usize)> {
        let (end, mut next) = self.physical(0);
        let first = self.rest.get(..end).unwrap_or_default();
        let mut octets = Cow::Borrowed(first);
        while self.continues(next) {
            let (end, after) = self.physical(next);
            octets.to_mut().extend_from_slice(self.rest.get(next.saturating_add(1)..end).unwrap_or_default());
            next = after;
            if octets.len() > LINE_BYTES_MAX {
                break;
            }
        }
        if self.quoted_printable && is_quoted_printable(&octets) {
            while octets.last() == Some(&b'=') && next < self.rest.len() {
                let (end, after) = self.physical(next);
                let more = octets.to_mut();
                more.pop();
                more.extend_from_slice(self.rest.get(next..end).unwrap_or_default());
                next = after;
                if octets.len() > LINE_BYTES_MAX {
                    break;
                }
            }
        }
        if octets.len() > LINE_BYTES_MAX {
            return Err(Error::TooLarge(LINE_BYTES_MAX as u64));
        }
        Ok((octets, next))
    }
}

/// Whether the head of the line says `QUOTED-PRINTABLE`.
fn is_quoted_printable(octets: &[u8]) -> bool {
    let head = octets.split(|&byte| byte == b':').next().unwrap_or_default();
    octets.last() == Some(&b'=')
        && head.windows(16).any(|part| part.eq_ignore_ascii_case(b"QUOTED-PRINTABLE"))
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (octets, next) = match self.logical() {
                Ok(line) => line,
                Err(error) => {
                    self.rest = &[];
                    return Some(Err(error));
                }
            };
            let (raw, rest) = self.rest.split_at_checked(next)?;
            self.rest = rest;
            if octets.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let text = match octets {
                Cow::Borrowed(octets) => String::from_utf8_lossy(octets),
                Cow::Owned(octets) => Cow::Owned(match String::from_utf8(octets) {
                    Ok(text) => text,
                    Err(bad) => String::from_utf8_lossy(bad.as_bytes()).into_owned(),
                }),
            };
            return Some(Ok(Line::new(raw, text)));
        }
        None
    }
}

/// Writes one line that we make ourselves, folded at 75 octets (RFC 5545 3.1) and ended by CRLF.
pub fn write_line(out: &mut Vec<u8>, text: &str) {
    let mut width = 0usize;
    for c in text.chars() {
        if width.saturating_add(c.len_utf8()) > 75 {
            out.extend_from_slice(b"\r\n ");
            width = 1;
        }
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        width = width.saturating_add(c.len_utf8());
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;

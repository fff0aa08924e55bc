//! Internationalized header fields for clients that know none (RFC 6858): names and texts become encoded words
//! (RFC 2047), parameters RFC 2231's form, addresses that cannot be written in US-ASCII one that goes nowhere.
//!
//! A message streams through: one field is held at a time, fields of US-ASCII and everything behind the header pass as
//! they are. So do fields that are 8-bit without being UTF-8: nobody knows what they mean.

use super::header::{Line, classify, unfold, without_end};
use super::limits::DOWNGRADED_FIELD_BYTES_MAX;

/// Stands for an address that cannot be told (RFC 6858 2.1; RFC 6761 6.4: the domain is nobody's).
const ADDRESS: &str = "invalid@internationalized-address.invalid";
/// Columns of a line before it is folded (RFC 5322 2.1.1).
const COLUMNS: usize = 76;
/// Columns of an encoded word without its frame (RFC 2047 2: 75 with it).
const WORD_COLUMNS: usize = 75 - "=?UTF-8?Q?".len() - "?=".len();

/// Fields that hold addresses (RFC 5322 3.6.2, 3.6.3, 3.6.6; RFC 8098).
const ADDRESS_FIELDS: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Resent-Cc",
    "Resent-Bcc",
    "Return-Path",
    "Disposition-Notification-To",
    "Errors-To",
    "Delivered-To",
];
/// Fields with parameters (RFC 2045 5, RFC 2183).
const PARAMETER_FIELDS: &[&str] = &["Content-Type", "Content-Disposition"];
/// Fields where an encoded word may not stand: what is beyond US-ASCII there cannot be told.
const STRICT_FIELDS: &[&str] = &[
    "Message-ID",
    "In-Reply-To",
    "References",
    "Resent-Message-ID",
    "Date",
    "Resent-Date",
    "Received",
    "MIME-Version",
    "Content-Transfer-Encoding",
    "Content-ID",
];

/// A message on its way to such a client.
#[derive(Debug, Default)]
pub struct Downgrade {
    in_body: bool,
    /// The field at hand, with its line ends.
    field: Vec<u8>,
    /// How much of it is whole lines.
    lines: usize,
    /// The field at hand was too long to be rewritten; the rest of it goes without what is beyond US-ASCII.
    overlong: bool,
}

impl Downgrade {
    /// Takes the next octets.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while !rest.is_empty() {
            if self.in_body {
                out.extend_from_slice(rest);
                return;
            }
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            self.field.extend_from_slice(line);
            if line.ends_with(b"\n") {
                self.end_line(out);
            } else if self.field.len() > DOWNGRADED_FIELD_BYTES_MAX {
                self.cut(out);
            }
            rest = behind;
        }
    }

    /// The end of the message.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.flush(self.field.len(), out);
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        let line = self.field.get(self.lines..).unwrap_or_default();
        match classify(without_end(line)) {
            Line::Continuation => {}
            Line::Blank => {
                self.flush(self.lines, out);
                out.append(&mut self.field);
                self.in_body = true;
                return;
            }
            Line::Field(_) | Line::Envelope | Line::Junk => {
                self.flush(self.lines, out);
                self.overlong = false;
            }
        }
        self.lines = self.field.len();
        if self.lines > DOWNGRADED_FIELD_BYTES_MAX {
            self.cut(out);
        }
    }

    /// Lets go of a field that is too long.
    fn cut(&mut self, out: &mut Vec<u8>) {
        self.overlong = true;
        self.flush(self.field.len(), out);
    }

    /// Writes the field at hand: so many octets of what is held.
    fn flush(&mut self, length: usize, out: &mut Vec<u8>) {
        let behind = self.field.split_off(length.min(self.field.len()));
        let field = std::mem::replace(&mut self.field, behind);
        self.lines = 0;
        if field.is_ascii() {
            out.extend_from_slice(&field);
        } else if self.overlong {
            out.extend(field.iter().map(|octet| if octet.is_ascii() { *octet } else { b'?' }));
        } else {
            match rewritten(&field) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => out.extend_from_slice(&field),
            }
        }
    }
}

/// A whole field anew; `None` when it is not UTF-8 or no field.
fn rewritten(field: &[u8]) -> Option<String> {
    let line = unfold(without_end(field));
    let (name, value) = std::str::from_utf8(&line).ok()?.split_once(':')?;
    let is_in = |known: &[&str]| known.iter().any(|other| other.eq_ignore_ascii_case(name.trim_end()));
    let value = value.trim();
    let words = if !name.is_ascii() {
        return None;
    } else if is_in(ADDRESS_FIELDS) {
        addresses(value)
    } else if is_in(PARAMETER_FIELDS) {
        parameters(value)
    } else if is_in(STRICT_FIELDS) {
        value.split(' ').map(plain).collect()
    } else {
        text(value)
    };
    let mut out = format!("{name}:");
    let mut column = out.len();
    for word in words {
        if column + 1 + word.len() > COLUMNS {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(&word);
        column += 1 + word.len();
    }
    out.push_str("\r\n");
    Some(out)
}

/// A word without what is beyond US-ASCII.
fn plain(word: &str) -> String {
    word.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect()
}

/// Text for people: runs of words beyond US-ASCII become encoded words, their blanks inside.
fn text(value: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for word in value.split(' ') {
        if !word.is_ascii() {
            run.push(word);
            continue;
        }
        encode(&std::mem::take(&mut run).join(" "), &mut out);
        out.push(word.to_owned());
    }
    encode(&run.join(" "), &mut out);
    out
}

/// Text as encoded words (RFC 2047 4.2), in the form that may stand anywhere; nothing for an empty one.
fn encode(text: &str, out: &mut Vec<String>) {
    let mut word = String::new();
    for character in text.chars() {
        let mut octets = [0; 4];
        let encoded: String = match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '!' | '*' | '+' | '-' | '/' => character.to_string(),
            _ => character.encode_utf8(&mut octets).bytes().map(|octet| format!("={octet:02X}")).collect(),
        };
        if word.len() + encoded.len() > WORD_COLUMNS {
            out.push(format!("=?UTF-8?Q?{word}?="));
            word.clear();
        }
        word.push_str(&encoded);
    }
    if !word.is_empty() {
        out.push(format!("=?UTF-8?Q?{word}?="));
    }
}

/// A list of addresses (RFC 5322 3.4): names and comments encoded, addresses that cannot be told replaced.
fn addresses(value: &str) -> Vec<String> {
    let mut list = List::default();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => closing(rest, '"'),
            '(' => closing(rest, ')'),
            '<' => closing(rest, '>'),
            ',' | ':' | ';' | ' ' | '\t' => 1,
            _ => rest.find([',', ':', ';', ' ', '\t', '"', '(', '<']).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = behind;
        match first {
            ' ' | '\t' => {}
            ',' | ':' | ';' => list.attach(token),
            _ if token.is_ascii() => list.add(token.to_owned()),
            '<' => list.add(format!("<{ADDRESS}>")),
            '"' => list.phrase(&unquoted(token)),
            '(' => {
                list.settle();
                let mut words = Vec::new();
                encode(token.trim_matches(['(', ')']), &mut words);
                list.words.push(format!("({})", words.join(" ")));
            }
            _ if token.contains('@') => list.add(ADDRESS.to_owned()),
            _ => list.phrase(token),
        }
    }
    list.settle();
    list.words
}

/// Words of an address list as they are made.
#[derive(Default)]
struct List {
    words: Vec<String>,
    /// A name beyond US-ASCII, not yet encoded.
    name: Vec<String>,
}

impl List {
    fn phrase(&mut self, name: &str) {
        self.name.push(name.to_owned());
    }

    fn settle(&mut self) {
        encode(&std::mem::take(&mut self.name).join(" "), &mut self.words);
    }

    fn add(&mut self, word: String) {
        self.settle();
        self.words.push(word);
    }

    /// Puts a mark right behind the last word.
    fn attach(&mut self, mark: &str) {
        self.settle();
        match self.words.last_mut() {
            Some(last) => last.push_str(mark),
            None => self.words.push(mark.to_owned()),
        }
    }
}

/// Where the quoted thing at the beginning of `text` ends; backslashes hide what follows them.
fn closing(text: &str, end: char) -> usize {
    let mut hidden = false;
    for (at, character) in text.char_indices().skip(1) {
        if character == end && !hidden {
            return at + character.len_utf8();
        }
        hidden = character == '\\' && !hidden;
    }
    text.len()
}

/// What a quoted string says.
fn unquoted(token: &str) -> String {
    let inner = token.strip_prefix('"').unwrap_or(token);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::new();
    let mut hidden = false;
    for character in inner.chars() {
        if character == '\\' && !hidden {
            hidden = true;
            continue;
        }
        hidden = false;
        out.push(character);
    }
    out
}

/// A value with parameters: those beyond US-ASCII in the extended form (RFC 2231 4).
fn parameters(value: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let mut end = rest.len();
        let mut at = 0;
        while let Some((found, character)) =
            rest.get(at..).and_then(|t| t.char_indices().find(|(_, c)| matches!(c, ';' | '"')))
        {
            if character == ';' {
                end = at + found;
                break;
            }
            at += found + closing(rest.get(at + found..).unwrap_or_default(), '"');
        }
        let (piece, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        pieces.push(parameter(piece.trim()));
        rest = behind.strip_prefix(';').unwrap_or_default();
    }
    let last = pieces.len().saturating_sub(1);
    let ended = |(index, piece): (usize, String)| if index < last { piece + ";" } else { piece };
    pieces.into_iter().enumerate().map(ended).collect()
}

fn parameter(piece: &str) -> String {
    if piece.is_ascii() {
        return piece.to_owned();
    }
    let Some((name, value)) = piece.split_once('=').filter(|(name, _)| name.is_ascii()) else {
        return plain(piece);
    };
    let encoded: String = unquoted(value.trim())
        .bytes()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(octet).to_string(),
            _ => format!("%{octet:02X}"),
        })
        .collect();
    format!("{}*=UTF-8''{encoded}", name.trim())
}

#[cfg(test)]
mod tests;

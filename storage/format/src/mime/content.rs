//! Content-Type, Content-Disposition, Content-Language, Content-Transfer-Encoding (RFC 2045, 2183, 3282) in
//! their raw form, as BODYSTRUCTURE wants them: comments and quotes gone, nothing decoded.

use super::cursor::{Cursor, is_space};
use super::limits::{LANGUAGES_MAX, PARAMS_MAX, TYPE_BYTES_MAX};
use super::section::Encoding;

/// Parameters in order, names and values as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(pub Vec<(Vec<u8>, Vec<u8>)>);

/// A Content-Type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// As written, e.g. `text`.
    pub kind: Vec<u8>,
    /// As written, e.g. `plain`.
    pub subtype: Vec<u8>,
    /// Everything behind.
    pub params: Params,
}

impl ContentType {
    /// Whether it is this type, in any case; with an empty `subtype`, any subtype.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind.as_bytes())
            && (subtype.is_empty() || self.subtype.eq_ignore_ascii_case(subtype.as_bytes()))
    }

    /// Reads a field value; `None` when it has no type and subtype (RFC 2045 5.2: then text/plain).
    pub fn parse(value: &[u8]) -> Option<ContentType> {
        let mut cursor = Cursor::new(value);
        cursor.comments();
        let kind = cursor.take_while(is_token);
        cursor.comments();
        if kind.is_empty() || !cursor.eat(b'/') {
            return None;
        }
        cursor.comments();
        let subtype = cursor.take_while(is_token);
        if subtype.is_empty() || kind.len().max(subtype.len()) > TYPE_BYTES_MAX {
            return None;
        }
        Some(ContentType {
            kind: kind.to_vec(),
            subtype: subtype.to_vec(),
            params: Params::parse(&mut cursor),
        })
    }
}

/// A Content-Disposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// As written, e.g. `attachment`.
    pub kind: Vec<u8>,
    /// Everything behind.
    pub params: Params,
}

impl Disposition {
    /// Reads a field value; `None` when it names no disposition.
    pub fn parse(value: &[u8]) -> Option<Disposition> {
        let mut cursor = Cursor::new(value);
        cursor.comments();
        let kind = cursor.take_while(is_token);
        if kind.is_empty() || kind.len() > TYPE_BYTES_MAX {
            return None;
        }
        Some(Disposition { kind: kind.to_vec(), params: Params::parse(&mut cursor) })
    }
}

/// The language tags of a Content-Language value.
pub fn languages(value: &[u8]) -> Vec<Vec<u8>> {
    let mut cursor = Cursor::new(value);
    let mut found = Vec::new();
    while !cursor.is_empty() && found.len() < LANGUAGES_MAX {
        cursor.comments();
        let tag = cursor.take_while(is_token);
        if !tag.is_empty() {
            found.push(tag.to_vec());
        }
        cursor.take_while(|byte| byte != b',' && byte != b'(');
        cursor.comments();
        cursor.eat(b',');
    }
    found
}

/// The token of a Content-Transfer-Encoding value as written; `None` when there is none.
pub fn encoding_token(value: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(value);
    cursor.comments();
    cursor.eat(b'"');
    let token = cursor.take_while(is_token);
    (1..=TYPE_BYTES_MAX).contains(&token.len()).then_some(token)
}

impl Encoding {
    /// Reads a field value; absent or empty is 7bit (RFC 2045 6.1).
    pub fn parse(value: Option<&[u8]>) -> Encoding {
        let Some(token) = value.and_then(encoding_token) else { return Encoding::SevenBit };
        const KNOWN: [(&str, Encoding); 5] = [
            ("7bit", Encoding::SevenBit),
            ("8bit", Encoding::EightBit),
            ("binary", Encoding::Binary),
            ("quoted-printable", Encoding::QuotedPrintable),
            ("base64", Encoding::Base64),
        ];
        let known = KNOWN.iter().find(|(name, _)| token.eq_ignore_ascii_case(name.as_bytes()));
        known.map_or(Encoding::Unknown, |&(_, encoding)| encoding)
    }
}

impl Params {
    /// Reads `*(";" name "=" value)` where the cursor stands.
    fn parse(cursor: &mut Cursor<'_>) -> Params {
        let mut params = Vec::new();
        cursor.comments();
        // The first semicolon is forgotten by some programs.
        let mut is_at_name = cursor.peek().is_some_and(is_token);
        while params.len() < PARAMS_MAX && (std::mem::take(&mut is_at_name) || skip_to_semicolon(cursor)) {
            cursor.comments();
            let name = cursor.take_while(|byte| is_token(byte) && byte != b'=');
            cursor.comments();
            if name.is_empty() || !cursor.eat(b'=') {
                continue;
            }
            cursor.comments();
            let value = cursor.quoted().unwrap_or_else(|| bare_value(cursor));
            params.push((name.to_vec(), value));
        }
        Params(params)
    }

    /// The raw value of the first parameter of exactly this name, in any case.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_slice())
    }

    /// The value of a parameter with its RFC 2231 sections put together and their percent signs resolved:
    /// (charset, octets). The charset is empty where none is said.
    pub fn value(&self, name: &str) -> Option<(Vec<u8>, Vec<u8>)> {
        if let Some(value) = self.raw(&format!("{name}*")) {
            let (charset, text) = split_charset(value);
            return Some((charset.to_vec(), percent_decode(text)));
        }
        if let Some(value) = self.raw(name) {
            return Some((Vec::new(), value.to_vec()));
        }
        let (mut charset, mut joined) = (Vec::new(), Vec::new());
        for section in 0..self.0.len() {
            if let Some(value) = self.raw(&format!("{name}*{section}*")) {
                let text = if section == 0 {
                    let (said, text) = split_charset(value);
                    charset = said.to_vec();
                    text
                } else {
                    value
                };
                joined.extend(percent_decode(text));
            } else if let Some(value) = self.raw(&format!("{name}*{section}")) {
                joined.extend_from_slice(value);
            } else if section == 0 {
                return None;
            } else {
                break;
            }
        }
        (!self.0.is_empty()).then_some((charset, joined))
    }
}

/// Moves behind the next semicolon outside comments and quotes; `false` at the end of the value.
fn skip_to_semicolon(cursor: &mut Cursor<'_>) -> bool {
    loop {
        cursor.comments();
        match cursor.peek() {
            None => return false,
            Some(b';') => {
                cursor.next();
                return true;
            }
            Some(_) => {
                if cursor.quoted().is_none() {
                    cursor.next();
                }
            }
        }
    }
}

/// A value without quotes. More than tokens are seen in the wild (`filename=a b.pdf`, `boundary=a=b?`), so it
/// goes to the semicolon, or to a comment behind white space. A quote that is never closed is left out.
fn bare_value(cursor: &mut Cursor<'_>) -> Vec<u8> {
    let mut value = Vec::new();
    let mut after_space = false;
    cursor.eat(b'"');
    while let Some(byte) = cursor.peek() {
        if byte == b';' || (byte == b'(' && after_space) {
            break;
        }
        after_space = is_space(byte);
        if !matches!(byte, b'\r' | b'\n' | 0) {
            value.push(byte);
        }
        cursor.next();
    }
    value.truncate(value.trim_ascii_end().len());
    value
}

/// RFC 2231 4: `charset'language'text`; a value without both quotes is text.
fn split_charset(value: &[u8]) -> (&[u8], &[u8]) {
    let mut pieces = value.splitn(3, |&byte| byte == b'\'');
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(text)) => (charset, text),
        _ => (&[], value),
    }
}

/// Resolves `%41`; what is no such thing stays.
fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = digits.filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = after;
            }
        }
    }
    out
}

/// RFC 2045 5.1 `token`, with 8-bit octets let through because they are seen.
fn is_token(byte: u8) -> bool {
    byte > b' ' && byte != 127 && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}

#[cfg(test)]
mod tests;

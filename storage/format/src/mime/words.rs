//! Header text to Unicode: encoded words (RFC 2047), charsets, parameter values (RFC 2231). For searching and
//! for people; never for what IMAP sends, which is raw.

use super::content::Params;
use super::decode::{self, base64};
use super::header::unfold;
use super::section::Encoding;
use std::borrow::Cow;

/// Octets in a charset as text. Unknown charsets, and octets that are illegal in theirs, are read as UTF-8 if
/// they are that and as windows-1252 if not, so that ASCII always stays readable.
pub fn charset_text<'a>(octets: &'a [u8], charset: &[u8]) -> Cow<'a, str> {
    if let Some(encoding) = self::charset(charset)
        && let (text, _, false) = encoding.decode(octets)
    {
        return text;
    }
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0,
    }
}

/// The charset of this name; `None` for names that are unknown or say nothing (US-ASCII, which is what much
/// mail claims whose octets are something else). A language behind `*` (RFC 2231 5) is no part of the name.
pub(crate) fn charset(name: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let label = name.split(|&byte| byte == b'*').next().unwrap_or_default();
    let is_ascii = [&b"us-ascii"[..], b"ascii"].iter().any(|ascii| label.eq_ignore_ascii_case(ascii));
    encoding_rs::Encoding::for_label(label).filter(|_| !is_ascii)
}

/// A header field value on one line, its encoded words decoded.
///
/// White space between two encoded words is dropped (RFC 2047 6.2), and neighbours in the same charset are
/// decoded together, since some programs split characters between them.
pub fn decode(value: &[u8]) -> String {
    let line = unfold(value);
    let mut out = String::with_capacity(line.len());
    let mut pending: Option<(&[u8], Vec<u8>)> = None;
    let mut rest = line.as_slice();
    while !rest.is_empty() {
        let start = memchr::memmem::find(rest, b"=?").unwrap_or(rest.len());
        let (plain, after) = rest.split_at_checked(start).unwrap_or((rest, &[]));
        let is_between = pending.is_some() && plain.trim_ascii().is_empty();
        let word = EncodedWord::take(after);
        if !(is_between && word.is_some()) {
            flush(&mut out, &mut pending);
            out.push_str(&charset_text(plain, b""));
        }
        let Some((word, after)) = word else {
            flush(&mut out, &mut pending);
            let mark = after.get(..2).unwrap_or(after);
            out.push_str(&charset_text(mark, b""));
            rest = after.get(mark.len()..).unwrap_or_default();
            continue;
        };
        let octets = word.octets();
        match &mut pending {
            Some((charset, joined)) if charset.eq_ignore_ascii_case(word.charset) => joined.extend(octets),
            _ => {
                flush(&mut out, &mut pending);
                pending = Some((word.charset, octets));
            }
        }
        rest = after;
    }
    flush(&mut out, &mut pending);
    out
}

fn flush(out: &mut String, pending: &mut Option<(&[u8], Vec<u8>)>) {
    if let Some((charset, octets)) = pending.take() {
        out.push_str(&charset_text(&octets, charset));
    }
}

/// `=?charset?encoding?text?=`
struct EncodedWord<'a> {
    charset: &'a [u8],
    is_base64: bool,
    text: &'a [u8],
}

/// Octets that an encoded word is looked for in; RFC 2047 2 allows 75, programs have been seen with more.
const ENCODED_WORD_BYTES_MAX: usize = 1_024;

impl<'a> EncodedWord<'a> {
    /// Takes one from the start of `input`.
    fn take(input: &'a [u8]) -> Option<(EncodedWord<'a>, &'a [u8])> {
        let window = input.get(..ENCODED_WORD_BYTES_MAX).unwrap_or(input);
        let inside = window.strip_prefix(b"=?")?;
        let mut fields = inside.splitn(3, |&byte| byte == b'?');
        let (charset, encoding, rest) = (fields.next()?, fields.next()?, fields.next()?);
        let is_base64 = match encoding {
            b"B" | b"b" => true,
            b"Q" | b"q" => false,
            _ => return None,
        };
        if charset.is_empty() || charset.iter().any(|byte| !byte.is_ascii_graphic()) {
            return None;
        }
        let end = memchr::memmem::find(rest, b"?=")?;
        let text = rest.get(..end)?;
        let length = 2 + charset.len() + 1 + encoding.len() + 1 + end + 2;
        Some((EncodedWord { charset, is_base64, text }, input.get(length..)?))
    }

    fn octets(&self) -> Vec<u8> {
        if self.is_base64 {
            return base64(self.text);
        }
        // RFC 2047 4.2: `_` is a blank. A bare one at the end would be taken for padding (RFC 2045 6.7).
        let spell = |byte: &u8| if *byte == b'_' { b"=20".to_vec() } else { vec![*byte] };
        let spaced: Vec<u8> = self.text.iter().flat_map(spell).collect();
        decode::whole(Encoding::QuotedPrintable, &spaced)
    }
}

/// A parameter's value as text: RFC 2231 sections joined and decoded; encoded words too, which are illegal
/// there and everywhere.
pub fn param(params: &Params, name: &str) -> Option<String> {
    let (charset, octets) = params.value(name)?;
    if charset.is_empty() {
        return Some(decode(&octets));
    }
    Some(charset_text(&octets, &charset).into_owned())
}

#[cfg(test)]
mod tests;

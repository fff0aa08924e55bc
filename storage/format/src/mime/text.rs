//! The text of a message for people and for SEARCH: decoded, in Unicode, from the parts that are text.

use super::content::{ContentType, Disposition};
use super::decode::Decoder;
use super::header::{self, fields};
use super::html::Stripper;
use super::limits::{HEADER_BYTES_MAX, PREVIEW_CHARS_MAX, TEXT_PIECE_BYTES_MAX};
use super::section::{Kind, Part, Parts};
use super::words;

/// Turns the body of one text part into text, in pieces, in constant memory.
#[derive(Debug)]
pub struct Extractor {
    transfer: Decoder,
    charset: Charset,
    html: Option<Stripper>,
    octets: Vec<u8>,
    decoded: String,
}

impl Extractor {
    /// For the part with this header block; `None` when the part is not text.
    pub fn new(part: &Part, header: &[u8]) -> Option<Extractor> {
        Self::with(part, header, Stripper::default)
    }

    /// The same for a part that is shown with the message; `None` for attachments too.
    pub fn of_what_is_shown(part: &Part, header: &[u8]) -> Option<Extractor> {
        let disposition = header::first(header, "Content-Disposition").and_then(Disposition::parse);
        if disposition.is_some_and(|it| it.kind.eq_ignore_ascii_case(b"attachment")) {
            return None;
        }
        Self::with(part, header, Stripper::of_what_is_shown)
    }

    fn with(part: &Part, header: &[u8], stripper: fn() -> Stripper) -> Option<Extractor> {
        if part.kind != Kind::Text {
            return None;
        }
        let content = header::first(header, "Content-Type").and_then(ContentType::parse);
        let charset = content.as_ref().and_then(|content| content.params.value("charset"));
        let is_html = content.as_ref().is_some_and(|content| content.is("text", "html"));
        Some(Extractor {
            transfer: Decoder::new(part.encoding),
            charset: Charset::new(&charset.map(|(_, name)| name).unwrap_or_default()),
            html: is_html.then(stripper),
            octets: Vec::new(),
            decoded: String::new(),
        })
    }

    /// Takes the next octets of the body and appends their text to `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut String) {
        for piece in chunk.chunks(TEXT_PIECE_BYTES_MAX) {
            self.octets.clear();
            self.transfer.push(piece, &mut self.octets);
            self.decode(false, out);
        }
    }

    /// The body is over.
    pub fn finish(mut self, out: &mut String) {
        self.octets.clear();
        self.transfer.clone().finish(&mut self.octets);
        self.decode(true, out);
        if let Some(html) = self.html {
            html.finish(out);
        }
    }

    fn decode(&mut self, is_last: bool, out: &mut String) {
        match &mut self.html {
            None => self.charset.push(&self.octets, is_last, out),
            Some(html) => {
                self.decoded.clear();
                self.charset.push(&self.octets, is_last, &mut self.decoded);
                html.push(&self.decoded, out);
            }
        }
    }
}

/// A charset at work.
#[derive(Debug)]
enum Charset {
    Known(encoding_rs::Decoder),
    /// UTF-8 as long as it is that; holds the start of an unfinished character.
    Guess(Vec<u8>),
}

impl Charset {
    fn new(label: &[u8]) -> Charset {
        match words::charset(label) {
            Some(encoding) if encoding != encoding_rs::UTF_8 => Charset::Known(encoding.new_decoder()),
            _ => Charset::Guess(Vec::new()),
        }
    }

    fn push(&mut self, octets: &[u8], is_last: bool, out: &mut String) {
        match self {
            Charset::Known(decoder) => {
                let room = decoder.max_utf8_buffer_length(octets.len()).unwrap_or(octets.len() * 3 + 16);
                out.reserve(room);
                let (_, _, _) = decoder.decode_to_string(octets, out, is_last);
            }
            Charset::Guess(held) => {
                held.extend_from_slice(octets);
                let valid = match std::str::from_utf8(held) {
                    Ok(_) => held.len(),
                    Err(error) if error.error_len().is_none() && !is_last => error.valid_up_to(),
                    Err(_) => {
                        // Not UTF-8 after all: the rest is read as what mail without a charset mostly is.
                        let octets = std::mem::take(held);
                        *self = Charset::Known(encoding_rs::WINDOWS_1252.new_decoder_without_bom_handling());
                        return self.push(&octets, is_last, out);
                    }
                };
                let rest = held.split_off(valid);
                out.push_str(&String::from_utf8_lossy(held));
                *held = rest;
            }
        }
    }
}

/// The fields of a header block as text, one `Name: value` a line, encoded words decoded; file names that
/// RFC 2231 hides are added. Looks at [`HEADER_BYTES_MAX`] octets.
pub fn header_text(block: &[u8], out: &mut String) {
    for field in fields(block.get(..HEADER_BYTES_MAX).unwrap_or(block)) {
        out.push_str(&words::charset_text(field.name, b""));
        out.push_str(": ");
        out.push_str(&words::decode(field.value));
        let params = if field.is("Content-Type") {
            ContentType::parse(field.value).map(|content| content.params)
        } else if field.is("Content-Disposition") {
            Disposition::parse(field.value).map(|disposition| disposition.params)
        } else {
            None
        };
        for name in ["name", "filename"] {
            if let Some(value) = params.as_ref().and_then(|params| words::param(params, name)) {
                out.push(' ');
                out.push_str(&value);
            }
        }
        out.push('\n');
    }
}

/// The text of a message that is in memory, at most about `bytes_max` octets of it: its header if wanted, then
/// part by part headers and text.
pub fn of_message(parts: &Parts, message: &[u8], with_header: bool, bytes_max: usize) -> String {
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        if out.len() >= bytes_max {
            break;
        }
        let header = part.header.of(message);
        if index > 0 || with_header {
            header_text(header, &mut out);
            out.push('\n');
        }
        if let Some(mut extractor) = Extractor::new(part, header) {
            for piece in part.body.of(message).chunks(TEXT_PIECE_BYTES_MAX) {
                if out.len() >= bytes_max {
                    break;
                }
                extractor.push(piece, &mut out);
            }
            extractor.finish(&mut out);
            out.push('\n');
        }
    }
    truncate(&mut out, bytes_max);
    out
}

/// The first [`PREVIEW_CHARS_MAX`] characters of what the message says (RFC 8970 3), on one line; empty when
/// it has no text.
pub fn preview(parts: &Parts, message: &[u8]) -> String {
    let mut out = String::new();
    for part in parts.iter() {
        let header = part.header.of(message);
        let Some(mut extractor) = Extractor::of_what_is_shown(part, header) else { continue };
        let mut text = String::new();
        for piece in part.body.of(message).chunks(TEXT_PIECE_BYTES_MAX).take(PREVIEW_PIECES_MAX) {
            extractor.push(piece, &mut text);
            if text.split_whitespace().map(str::len).sum::<usize>() > 4 * PREVIEW_CHARS_MAX {
                break;
            }
        }
        extractor.finish(&mut text);
        for word in text.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
            if out.len() > 4 * PREVIEW_CHARS_MAX {
                break;
            }
        }
        if !out.is_empty() {
            break;
        }
    }
    out.chars().filter(|char| !char.is_control()).take(PREVIEW_CHARS_MAX).collect()
}

/// Pieces of a part's body that a preview looks at: style sheets may come first.
const PREVIEW_PIECES_MAX: usize = 16;

/// Cuts at a character's border.
fn truncate(text: &mut String, bytes_max: usize) {
    let cut = (0..=bytes_max.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    text.truncate(cut.unwrap_or_default());
}

#[cfg(test)]
mod tests;

//! Content-Transfer-Encoding undone, in pieces of any size (RFC 2045 6.7, 6.8). Tolerant: what cannot be in
//! base64 is skipped, what is no escape in quoted-printable stays as it is.

use super::section::Encoding;

/// A decoder of one body.
#[derive(Clone, Debug)]
pub struct Decoder {
    encoding: Encoding,
    /// base64: the bits of an unfinished group.
    bits: u32,
    count: u8,
    /// base64: padding was met.
    ended: bool,
    /// quoted-printable: an unfinished escape, or white space whose meaning the line's end decides.
    held: Vec<u8>,
}

/// White space that may be held back at a line's end; more of it is content.
const HELD_BYTES_MAX: usize = 1_024;

impl Decoder {
    /// A decoder at the first octet of a body.
    pub fn new(encoding: Encoding) -> Decoder {
        Decoder { encoding, bits: 0, count: 0, ended: false, held: Vec::new() }
    }

    /// Takes encoded octets and appends what they mean to `out`.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Base64 => chunk.iter().for_each(|&byte| self.base64(byte, out)),
            Encoding::QuotedPrintable => chunk.iter().for_each(|&byte| self.quoted_printable(byte, out)),
            _ => out.extend_from_slice(chunk),
        }
    }

    /// The body is over.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if self.held.first() == Some(&b'=') {
            // `=` at the very end is a soft break without its line end.
            let keep = self.held.get(1..).is_some_and(|rest| !rest.trim_ascii().is_empty());
            if keep {
                out.append(&mut self.held);
            }
        }
    }

    fn base64(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // Padding ends the content: what mailing lists put behind it is not part of it.
                self.ended |= self.count >= 2;
                return;
            }
            _ => return,
        };
        self.bits = self.bits << 6 | u32::from(value);
        self.count += 1;
        let bytes = self.bits.to_be_bytes();
        // An octet is whole after the second, third and fourth sextet.
        match self.count {
            2 => out.push((self.bits >> 4) as u8),
            3 => out.push((self.bits >> 2) as u8),
            4 => {
                out.extend(bytes.last());
                (self.bits, self.count) = (0, 0);
            }
            _ => {}
        }
    }

    fn quoted_printable(&mut self, byte: u8, out: &mut Vec<u8>) {
        match (self.held.first().copied(), byte) {
            (Some(b'='), _) => self.escape(byte, out),
            (Some(_), b'\n') => {
                // White space before a line's end was added on the way (RFC 2045 6.7 rule 3).
                let has_cr = self.held.ends_with(b"\r");
                self.held.clear();
                out.extend_from_slice(if has_cr { b"\r\n" } else { b"\n" });
            }
            (_, b' ' | b'\t' | b'\r') if self.held.len() < HELD_BYTES_MAX => self.held.push(byte),
            _ => {
                out.append(&mut self.held);
                if byte == b'=' { self.held.push(byte) } else { out.push(byte) }
            }
        }
    }

    /// Goes on with `=`, which is in `held`.
    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        let rest = self.held.get(1..).unwrap_or_default();
        let is_break = rest.iter().all(|&held| matches!(held, b' ' | b'\t' | b'\r'));
        match (rest.first().copied(), byte) {
            (_, b'\n') if is_break => self.held.clear(),
            (_, b' ' | b'\t' | b'\r') if is_break && self.held.len() < HELD_BYTES_MAX => self.held.push(byte),
            (None, _) if byte.is_ascii_hexdigit() => self.held.push(byte),
            (Some(high), _) if high.is_ascii_hexdigit() && byte.is_ascii_hexdigit() => {
                out.push(hex(high) << 4 | hex(byte));
                self.held.clear();
            }
            _ => {
                out.append(&mut self.held);
                self.quoted_printable(byte, out);
            }
        }
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

/// Decodes a body that is in memory.
pub fn whole(encoding: Encoding, octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut decoder = Decoder::new(encoding);
    decoder.push(octets, &mut out);
    decoder.finish(&mut out);
    out
}

/// Decodes base64.
pub fn base64(octets: &[u8]) -> Vec<u8> {
    whole(Encoding::Base64, octets)
}

#[cfg(test)]
mod tests;

//! Writing replies straight into the output buffer; no reply is built as a value first.

use super::{date, utf7};
use crate::language::{self, Language};
use model::{Flags, Keyword, Modseq, SystemFlags, ZonedTime};

/// Quoted strings longer than this are sent as literals: some clients have short line buffers.
const QUOTED_BYTES_MAX: usize = 1_000;

/// Octets on their way to the client.
#[derive(Debug)]
pub(crate) struct Output {
    buffer: Vec<u8>,
    /// Whether names and texts may be UTF-8 as they are (after ENABLE IMAP4rev2 or UTF8=ACCEPT).
    pub utf8: bool,
    /// Whether the Modseq of a message was told since the client's view was last looked after.
    pub told_modseq: bool,
    /// What people are spoken to in (RFC 5255 3).
    pub language: &'static Language,
}

impl Default for Output {
    fn default() -> Self {
        Self { buffer: Vec::new(), utf8: false, told_modseq: false, language: &language::FIRST }
    }
}

impl Output {
    /// What waits to be sent.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// How much waits to be sent.
    pub(crate) fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Forgets what was sent; large memory is given back.
    pub(crate) fn sent(&mut self) {
        self.buffer.clear();
    }

    /// Gives the memory back when nothing waits.
    pub(crate) fn release(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// Cuts off what was written behind this mark.
    pub(crate) fn truncate(&mut self, mark: usize) {
        self.buffer.truncate(mark);
    }

    /// Octets as they are.
    pub(crate) fn raw(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.buffer.extend_from_slice(bytes.as_ref());
        self
    }

    /// A text for people, in the session's language.
    pub(crate) fn say(&mut self, text: &str) -> &mut Self {
        let language = self.language;
        self.raw(language.say(text))
    }

    /// The end of a line.
    pub(crate) fn crlf(&mut self) {
        self.raw(b"\r\n");
    }

    /// A number.
    pub(crate) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        let mut number: u64 = number.into();
        let mut digits = [0u8; 20];
        let mut used = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            used += 1;
            if number == 0 {
                break;
            }
        }
        self.raw(digits.get(digits.len() - used..).unwrap_or_default())
    }

    /// The announcement of a literal of so many octets, which the caller writes behind it.
    pub(crate) fn literal_header(&mut self, size: u64) -> &mut Self {
        self.raw(b"{").number(size).raw(b"}\r\n")
    }

    /// A string: quoted where that is possible, a literal otherwise.
    pub(crate) fn string(&mut self, bytes: &[u8]) -> &mut Self {
        let plain = |&byte: &u8| (b' '..0x7f).contains(&byte);
        let text = |&byte: &u8| byte >= b' ' && byte != 0x7f;
        let fits = bytes.len() <= QUOTED_BYTES_MAX
            && (bytes.iter().all(plain)
                || self.utf8 && bytes.iter().all(text) && std::str::from_utf8(bytes).is_ok());
        if !fits {
            return self.literal_header(bytes.len() as u64).raw(bytes);
        }
        self.raw(b"\"");
        for &byte in bytes {
            if byte == b'"' || byte == b'\\' {
                self.buffer.push(b'\\');
            }
            self.buffer.push(byte);
        }
        self.raw(b"\"")
    }

    /// An atom where the octets are one, else a string.
    pub(crate) fn astring(&mut self, bytes: &[u8]) -> &mut Self {
        let atom = !bytes.is_empty()
            && !bytes.eq_ignore_ascii_case(b"NIL")
            && bytes.iter().all(|&byte| super::decoder::cursor::is_atom(byte));
        if atom { self.raw(bytes) } else { self.string(bytes) }
    }

    /// A mailbox name as this session spells it.
    pub(crate) fn mailbox(&mut self, name: &str) -> &mut Self {
        if self.utf8 { self.astring(name.as_bytes()) } else { self.astring(utf7::encode(name).as_bytes()) }
    }

    /// INTERNALDATE.
    pub(crate) fn date_time(&mut self, time: ZonedTime) -> &mut Self {
        self.raw(b"\"").raw(date::format(time)).raw(b"\"")
    }

    /// `MODSEQ (5)` (RFC 7162 3.1.4.2).
    pub(crate) fn modseq(&mut self, modseq: Modseq) -> &mut Self {
        self.told_modseq = true;
        self.raw(b"MODSEQ (").number(modseq.0).raw(b")")
    }

    /// `(\Seen $Junk)`
    pub(crate) fn flags(&mut self, flags: &Flags) -> &mut Self {
        self.flag_parts(flags.system, &flags.keywords)
    }

    /// The same from parts.
    pub(crate) fn flag_parts(&mut self, system: SystemFlags, keywords: &[Keyword]) -> &mut Self {
        self.told_flags(false, system, keywords)
    }

    /// The flags of a message as a session is told of them, with \Recent where it has it.
    pub(crate) fn told_flags(
        &mut self,
        recent: bool,
        system: SystemFlags,
        keywords: &[Keyword],
    ) -> &mut Self {
        self.raw(b"(");
        let mut separator = "";
        if recent {
            self.raw(b"\\Recent");
            separator = " ";
        }
        for (flag, name) in SYSTEM_FLAGS {
            if system.contains(flag) {
                self.raw(separator).raw(name);
                separator = " ";
            }
        }
        for keyword in keywords {
            self.raw(separator).raw(keyword.as_str());
            separator = " ";
        }
        self.raw(b")")
    }

    /// Ascending numbers as a sequence set: `1:3,5`.
    pub(crate) fn set(&mut self, numbers: impl IntoIterator<Item = u32>) -> &mut Self {
        self.intervals(&super::decoder::sequence::Intervals::collect(numbers).0)
    }

    /// Numbers in their order as a sequence set, runs drawn together: `5,1:3`.
    pub(crate) fn runs(&mut self, numbers: impl IntoIterator<Item = u32>) -> &mut Self {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some((_, high)) if high.checked_add(1) == Some(number) => *high = number,
                _ => runs.push((number, number)),
            }
        }
        self.intervals(&runs)
    }

    /// Intervals as a sequence set.
    pub(crate) fn intervals(&mut self, intervals: &[(u32, u32)]) -> &mut Self {
        let mut separator = "";
        for &(low, high) in intervals {
            self.raw(separator).number(low);
            if high > low {
                self.raw(b":").number(high);
            }
            separator = ",";
        }
        self
    }
}

/// The system flags by their names on the wire.
pub(crate) const SYSTEM_FLAGS: [(SystemFlags, &str); 5] = [
    (SystemFlags::ANSWERED, "\\Answered"),
    (SystemFlags::FLAGGED, "\\Flagged"),
    (SystemFlags::DELETED, "\\Deleted"),
    (SystemFlags::SEEN, "\\Seen"),
    (SystemFlags::DRAFT, "\\Draft"),
];

#[cfg(test)]
mod tests;

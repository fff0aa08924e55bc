//! Reads a server's replies with imap-codec, whose grammar knows nothing of this server.
//!
//! Its enums are closed, so some extensions' replies are beyond it; each of these forms is named here with its RFC,
//! and whatever else it cannot read is a fault.

use imap_codec::decode::{Decoder, GreetingDecodeError, ResponseDecodeError};
use imap_codec::{GreetingCodec, ResponseCodec};
use std::collections::BTreeMap;

/// Forms beyond imap-codec 2.0.0-alpha.10: what such a reply holds, and whose it is.
const BEYOND: &[(&str, &str)] = &[
    ("* ESEARCH", "ESEARCH (RFC 4731, RFC 9051 7.3.4)"),
    (" UIDFETCH ", "UIDONLY (RFC 9586)"),
    ("* ACL ", "ACL (RFC 4314)"),
    ("* MYRIGHTS ", "ACL (RFC 4314)"),
    ("* LISTRIGHTS ", "ACL (RFC 4314)"),
    ("* LANGUAGE", "LANGUAGE (RFC 5255)"),
    ("* COMPARATOR", "I18NLEVEL=2 (RFC 5255)"),
    ("* XLIST ", "XLIST"),
    ("* FILTER", "FILTERS (RFC 5466)"),
    ("* UIDBATCHES", "UIDBATCHES"),
    ("EMAILID ", "OBJECTID (RFC 8474)"),
    ("THREADID ", "OBJECTID (RFC 8474)"),
    ("MAILBOXID ", "OBJECTID (RFC 8474)"),
    ("SAVEDATE ", "SAVEDATE (RFC 8514)"),
    ("PREVIEW ", "PREVIEW (RFC 8970)"),
    ("APPENDLIMIT ", "APPENDLIMIT (RFC 7889)"),
    ("DELETED-STORAGE ", "QUOTA (RFC 9208)"),
    ("DELETED ", "STATUS DELETED (RFC 9051)"),
    ("BINARY.SIZE[", "BINARY (RFC 3516)"),
    ("BINARY[", "BINARY (RFC 3516)"),
    ("CHILDINFO", "LIST-EXTENDED (RFC 5258)"),
    ("OLDNAME", "LIST-EXTENDED (RFC 9051)"),
    ("\\NonExistent", "LIST-EXTENDED (RFC 5258)"),
];
/// Nested deeper than this many parentheses imap-codec refuses to read.
const DEPTH_MAX: usize = 8;

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// Replies that imap-codec read.
    pub read: u64,
    /// Replies beyond it, by the extension.
    pub beyond: BTreeMap<&'static str, u64>,
    /// Replies that are no IMAP.
    pub faults: Vec<String>,
}

impl Reading {
    /// Reads everything of one connection: greeting or not, replies, and perhaps a last one that was cut off.
    pub fn take(&mut self, heard: &[u8]) {
        let mut rest = match GreetingCodec::new().decode(heard) {
            Ok((rest, _)) => {
                self.read += 1;
                rest
            }
            Err(GreetingDecodeError::Incomplete) => return,
            Err(GreetingDecodeError::Failed) => heard,
        };
        while !rest.is_empty() {
            let length = reply_length(rest);
            let Some((reply, behind)) = length.and_then(|length| rest.split_at_checked(length)) else {
                return;
            };
            self.reply(reply);
            rest = behind;
        }
    }

    /// Reads one whole reply, with its last CRLF.
    pub fn reply(&mut self, reply: &[u8]) {
        match ResponseCodec::new().decode(reply) {
            Ok(([], _)) => self.read += 1,
            Ok((left, _)) => self.faults.push(format!("{} octets too many: {}", left.len(), shown(reply))),
            Err(error) => self.unread(reply, &error),
        }
    }

    fn unread(&mut self, reply: &[u8], error: &ResponseDecodeError) {
        let text = String::from_utf8_lossy(reply);
        let line = text.split("\r\n").next().unwrap_or_default();
        let known = BEYOND.iter().find(|(form, _)| text.contains(form)).map(|(_, whose)| *whose);
        let known = known.or_else(|| is_status_in_another_language(&text).then_some("LANGUAGE (RFC 5255)"));
        let known =
            known.or_else(|| (depth(line) > DEPTH_MAX).then_some("nested deeper than imap-codec reads"));
        match known {
            Some(whose) => *self.beyond.entry(whose).or_default() += 1,
            None => self.faults.push(format!("{error:?}: {}", shown(reply))),
        }
    }
}

/// RFC 5255 lets the text of a status be UTF-8; with other letters in their place it must be readable.
fn is_status_in_another_language(reply: &str) -> bool {
    let mut words = reply.split(' ');
    let condition = words.nth(1).unwrap_or_default();
    let plain: String = reply.chars().map(|char| if char.is_ascii() { char } else { 'x' }).collect();
    ["OK", "NO", "BAD", "BYE"].contains(&condition)
        && !reply.is_ascii()
        && !reply.contains('\u{fffd}')
        && matches!(ResponseCodec::new().decode(plain.as_bytes()), Ok(([], _)))
}

fn depth(line: &str) -> usize {
    let mut open = 0usize;
    let mut deepest = 0;
    for byte in line.bytes() {
        match byte {
            b'(' => open += 1,
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn shown(reply: &[u8]) -> String {
    String::from_utf8_lossy(reply.get(..reply.len().min(600)).unwrap_or(reply)).into_owned()
}

/// Octets of the first reply, its literals counted in; `None` where its end is not there.
fn reply_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let end = bytes.get(at..)?.windows(2).position(|two| two == b"\r\n")?;
        let line = bytes.get(at..at + end)?;
        at += end + 2;
        match literal(line) {
            Some(size) => at = at.checked_add(size).filter(|at| *at <= bytes.len())?,
            None => return Some(at),
        }
    }
}

/// The size of the literal that a line announces.
#[must_use]
pub fn literal(line: &[u8]) -> Option<usize> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.iter().rposition(|&byte| byte == b'{')?;
    std::str::from_utf8(inside.get(open + 1..)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;

//! Address lists (RFC 5322 3.4, with the obsolete forms of 4.4), tolerant: every value gives some list.
//!
//! One parser serves ENVELOPE (raw octets, groups, routes) and the check of From on submission, so that both
//! see the same addresses.

use super::cursor::{Cursor, is_space};
use super::limits::ADDRESSES_MAX;
use super::words;

/// Octets of an encoded word that is taken as one piece whatever it holds; RFC 2047 2 allows 75.
const ENCODED_WORD_BYTES_MAX: usize = 256;

/// A mailbox of an address list, ready for people and for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name in front, or the comment behind, encoded words decoded; empty when there is none.
    pub display: String,
    /// What stands before the `@`, quotes removed; undecodable octets become U+FFFD.
    pub local: String,
    /// What stands behind it; empty when there is no `@`.
    pub domain: String,
}

/// All mailboxes of an address header field, those inside groups included.
pub fn addresses(header_value: &[u8]) -> Vec<Mailbox> {
    let mailboxes = parse(header_value).into_iter().filter_map(|item| match item {
        Item::Mailbox { name, local, domain, .. } => Some(Mailbox {
            display: name.map(|name| words::decode(&name)).unwrap_or_default(),
            local: String::from_utf8_lossy(&local).into_owned(),
            domain: String::from_utf8_lossy(&domain).into_owned(),
        }),
        Item::GroupStart(_) | Item::GroupEnd => None,
    });
    mailboxes.collect()
}

/// One element of an address list as ENVELOPE tells it (RFC 9051 7.5.2); nothing is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// `name <@route:local@domain>`
    Mailbox { name: Option<Vec<u8>>, route: Option<Vec<u8>>, local: Vec<u8>, domain: Vec<u8> },
    /// `name:`
    GroupStart(Vec<u8>),
    /// `;`
    GroupEnd,
}

/// Reads an address list; at most [`ADDRESSES_MAX`] elements and the end of an open group.
pub(crate) fn parse(value: &[u8]) -> Vec<Item> {
    let mut parser = Parser { cursor: Cursor::new(value), items: Vec::new(), in_group: false };
    while parser.items.len() < ADDRESSES_MAX && parser.element() {}
    if parser.in_group {
        parser.items.push(Item::GroupEnd);
    }
    parser.items
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    items: Vec<Item>,
    in_group: bool,
}

/// Words in front of a comma, both as a phrase and as an address, until it is known which they are.
#[derive(Default)]
struct Words {
    /// With one space where there was white space or a comment.
    phrase: Vec<u8>,
    /// Without any.
    spec: Vec<u8>,
    /// Where the last `@` is in `spec`.
    at: Option<usize>,
    gap: bool,
    comment: Option<Vec<u8>>,
}

impl Words {
    fn push(&mut self, octets: &[u8]) {
        if self.gap && !self.phrase.is_empty() {
            self.phrase.push(b' ');
        }
        self.gap = false;
        self.phrase.extend_from_slice(octets);
        self.spec.extend_from_slice(octets);
    }

    /// What the words and a comment behind them name.
    fn name(phrase: Vec<u8>, comment: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let named = Some(phrase).filter(|phrase| !phrase.is_empty());
        named.or(comment.map(|comment| comment.trim_ascii().to_vec()).filter(|comment| !comment.is_empty()))
    }

    /// The words as `local@domain`.
    fn split(self) -> (Vec<u8>, Vec<u8>) {
        let mut local = self.spec;
        let domain = self.at.map(|at| local.split_off(at)).unwrap_or_default();
        (local, domain.get(1..).unwrap_or_default().to_vec())
    }
}

impl Parser<'_> {
    /// Reads up to and with the next comma, semicolon or group name; `false` at the end of the value.
    fn element(&mut self) -> bool {
        let mut words = Words::default();
        loop {
            match self.cursor.peek() {
                None => {
                    self.bare(words);
                    return false;
                }
                Some(b',') => {
                    self.cursor.next();
                    self.bare(words);
                    return true;
                }
                Some(b';') => {
                    self.cursor.next();
                    self.bare(words);
                    if std::mem::take(&mut self.in_group) {
                        self.items.push(Item::GroupEnd);
                    }
                    return true;
                }
                Some(b':') if !self.in_group && words.at.is_none() => {
                    self.cursor.next();
                    self.in_group = true;
                    self.items.push(Item::GroupStart(words.phrase));
                    return true;
                }
                Some(b'<') => {
                    self.cursor.next();
                    self.angle(words);
                    return true;
                }
                // Opened by nothing.
                Some(b'>') => {
                    self.cursor.next();
                }
                Some(_) => self.word(&mut words),
            }
        }
    }

    /// Takes white space, a comment, a quoted string, an encoded word or an octet.
    fn word(&mut self, words: &mut Words) {
        match self.cursor.peek() {
            Some(b'(') if self.cursor.at_comment() => {
                words.comment = self.cursor.comments().or(words.comment.take());
                words.gap = true;
            }
            Some(b'"') => match self.cursor.quoted() {
                Some(quoted) => words.push(&quoted),
                None => self.octet(words),
            },
            Some(b'=') => match self.cursor.encoded_word(ENCODED_WORD_BYTES_MAX) {
                Some(word) => words.push(word),
                None => self.octet(words),
            },
            Some(byte) if is_space(byte) => words.gap = self.cursor.spaces(),
            _ => self.octet(words),
        }
    }

    fn octet(&mut self, words: &mut Words) {
        let Some(byte) = self.cursor.next() else { return };
        words.push(&[byte]);
        if byte == b'@' {
            words.at = Some(words.spec.len() - 1);
        }
    }

    /// Words without angle brackets: an address, a local part alone, or a name; nothing when there are none.
    fn bare(&mut self, mut words: Words) {
        if words.spec.is_empty() {
            return;
        }
        if words.at.is_none() && words.phrase.len() > words.spec.len() {
            // Several words and no address: a name.
            let name = Some(words.phrase);
            return self.items.push(Item::Mailbox {
                name,
                route: None,
                local: Vec::new(),
                domain: Vec::new(),
            });
        }
        let name = Words::name(Vec::new(), words.comment.take());
        let (local, domain) = words.split();
        self.items.push(Item::Mailbox { name, route: None, local, domain });
    }

    /// What stands in angle brackets (the cursor is behind `<`), up to and with the comma or before the
    /// semicolon behind.
    fn angle(&mut self, before: Words) {
        let mut inside = Words::default();
        let mut route = None;
        loop {
            match self.cursor.peek() {
                None => break,
                Some(b'>') => {
                    self.cursor.next();
                    break;
                }
                // A route: `@a,@b:` (RFC 5322 4.4).
                Some(b':') if inside.spec.first() == Some(&b'@') => {
                    self.cursor.next();
                    route = Some(std::mem::take(&mut inside).spec);
                }
                Some(b',') if inside.spec.first() != Some(&b'@') => break,
                Some(_) => self.word(&mut inside),
            }
        }
        let mut comment = before.comment;
        loop {
            comment = self.cursor.comments().or(comment);
            match self.cursor.peek() {
                None | Some(b';') => break,
                Some(b',') => {
                    self.cursor.next();
                    break;
                }
                Some(_) => {
                    if self.cursor.quoted().is_none() {
                        self.cursor.next();
                    }
                }
            }
        }
        let (local, domain) = inside.split();
        self.items.push(Item::Mailbox { name: Words::name(before.phrase, comment), route, local, domain });
    }
}

#[cfg(test)]
mod tests;

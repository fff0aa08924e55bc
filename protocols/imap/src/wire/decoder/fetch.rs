//! What FETCH asks for (RFC 9051 6.4.5, RFC 3516 as far as IMAP4rev2 has it).

use super::cursor::{Cursor, Parsed, utf8_of};
use super::select;
use crate::extension;
use crate::limits::{FETCH_ITEM_COUNT_MAX, HEADER_FIELD_COUNT_MAX, KEPT_ITEMS_BYTES_MAX, PART_DEPTH_MAX};
use crate::reply::Failure;
use crate::words::{self, FetchValue, FetchWord};
use model::Modseq;

/// One thing to tell of each message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FetchItem {
    /// `UID`
    Uid,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Size,
    /// `ENVELOPE`
    Envelope,
    /// `BODY`, the structure without extension data
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `BODY[...]` and what RFC 3501 called `RFC822...`
    Section(SectionItem),
    /// `BINARY[...]` (RFC 9051 6.4.5)
    Binary {
        /// Which part; empty is the whole message.
        part: Vec<u32>,
        /// Without setting \Seen.
        peek: bool,
        /// Start and most octets.
        partial: Option<(u64, u64)>,
    },
    /// `BINARY.SIZE[...]`
    BinarySize(Vec<u32>),
    /// One of an extension.
    Extended(&'static FetchWord),
}

/// What narrows a FETCH (RFC 4466 2.4); all are brought by extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct FetchModifiers {
    /// Only messages that changed after this state (RFC 7162 3.1.4.1).
    pub changed_since: Option<Modseq>,
    /// And the UIDs that vanished since (RFC 7162 3.2.6).
    pub vanished: bool,
    /// Only these of the messages, counted from the first or, below 0, from the last (RFC 9394 3.2).
    pub partial: Option<(i64, i64)>,
}

/// Reads ` (CHANGEDSINCE 1 ...)` behind the items, if it is there.
pub(crate) fn modifiers(cursor: &mut Cursor<'_>) -> Parsed<FetchModifiers> {
    let mut modifiers = FetchModifiers::default();
    select::options(cursor, || extension::ALL.iter().map(|it| it.fetch_modifiers), &mut modifiers)?;
    Ok(modifiers)
}

/// What must be read to tell an item; each includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The shared table.
    Table,
    /// The mailbox's row.
    Row,
    /// The message's record.
    Record,
}

/// Octets of a message, and how the reply names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SectionItem {
    /// Which octets.
    pub section: Section,
    /// Without setting \Seen.
    pub peek: bool,
    /// Start and most octets.
    pub partial: Option<(u64, u64)>,
    /// The name of RFC 3501 6.4.5 that was asked by.
    pub legacy: Option<&'static str>,
}

/// A part and what of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// Part numbers; empty is the message itself.
    pub part: Vec<u32>,
    /// What of the part.
    pub what: SectionText,
}

/// What of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SectionText {
    /// All of it.
    #[default]
    All,
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS (...)`, names as the client spelled them.
    Fields(Vec<String>),
    /// `HEADER.FIELDS.NOT (...)`
    FieldsNot(Vec<String>),
    /// `TEXT`
    Text,
    /// `MIME`
    Mime,
}

impl FetchItem {
    /// Whether telling it sets \Seen.
    pub(crate) fn sets_seen(&self) -> bool {
        match self {
            Self::Section(item) => !item.peek,
            Self::Binary { peek, .. } => !peek,
            _ => false,
        }
    }

    /// What it is made from.
    pub(crate) fn source(&self) -> Source {
        match self {
            Self::Uid | Self::Flags => Source::Table,
            Self::InternalDate | Self::Size => Source::Row,
            Self::Extended(word) => match word.value {
                FetchValue::Row(_) | FetchValue::Read(_) => Source::Row,
                FetchValue::Record(_) => Source::Record,
            },
            _ => Source::Record,
        }
    }

    /// Whether it can be long; those come behind the short ones (some clients read a reply up to its first
    /// literal only).
    pub(crate) fn is_bulky(&self) -> bool {
        matches!(self, Self::Section(_) | Self::Binary { .. })
    }
}

/// As [`parse`], of items that are kept for messages that come, so that a session stays small: a list without
/// macros (RFC 5465 8).
pub(crate) fn parse_kept(cursor: &mut Cursor<'_>) -> Parsed<Vec<FetchItem>> {
    let before = cursor.rest().len();
    cursor.expect(b'(', "Expected a list of items")?;
    let items = list(cursor, |_| None)?;
    match before - cursor.rest().len() <= KEPT_ITEMS_BYTES_MAX {
        true => Ok(items),
        false => Err(Failure::No(Some("LIMIT"), "Too much to tell of each message")),
    }
}

/// Reads a macro, one item or a list of items.
pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Vec<FetchItem>> {
    if let Some(items) = parse_macro(cursor) {
        return Ok(items);
    }
    if !cursor.eat(b'(') {
        return Ok(vec![item(cursor)?]);
    }
    // Clients have been seen to put a macro into a list; it is no ambiguity.
    list(cursor, parse_macro)
}

/// Reads a list of items behind its parenthesis.
fn list(
    cursor: &mut Cursor<'_>,
    of_macro: fn(&mut Cursor<'_>) -> Option<Vec<FetchItem>>,
) -> Parsed<Vec<FetchItem>> {
    let mut items = Vec::new();
    while cursor.eat(b' ') {}
    loop {
        match of_macro(cursor) {
            Some(list) => items.extend(list),
            None => items.push(item(cursor)?),
        }
        if items.len() > FETCH_ITEM_COUNT_MAX {
            return Err(Failure::No(Some("LIMIT"), "Too many items"));
        }
        while cursor.eat(b' ') {}
        if cursor.eat(b')') {
            return Ok(items);
        }
    }
}

fn parse_macro(cursor: &mut Cursor<'_>) -> Option<Vec<FetchItem>> {
    use FetchItem::{Body, Envelope, Flags, InternalDate, Size};
    if cursor.word("ALL") {
        Some(vec![Flags, InternalDate, Size, Envelope])
    } else if cursor.word("FAST") {
        Some(vec![Flags, InternalDate, Size])
    } else if cursor.word("FULL") {
        Some(vec![Flags, InternalDate, Size, Envelope, Body])
    } else {
        None
    }
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<FetchItem> {
    let name = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let legacy = |name, what, peek| {
        let section = Section { part: Vec::new(), what };
        Ok(FetchItem::Section(SectionItem { section, peek, partial: None, legacy: Some(name) }))
    };
    match name {
        _ if is("UID") => Ok(FetchItem::Uid),
        _ if is("FLAGS") => Ok(FetchItem::Flags),
        _ if is("INTERNALDATE") => Ok(FetchItem::InternalDate),
        _ if is("RFC822.SIZE") => Ok(FetchItem::Size),
        _ if is("ENVELOPE") => Ok(FetchItem::Envelope),
        _ if is("BODYSTRUCTURE") => Ok(FetchItem::BodyStructure),
        _ if is("RFC822") => legacy("RFC822", SectionText::All, false),
        _ if is("RFC822.HEADER") => legacy("RFC822.HEADER", SectionText::Header, true),
        _ if is("RFC822.TEXT") => legacy("RFC822.TEXT", SectionText::Text, false),
        _ if is("BODY") && cursor.peek() != Some(b'[') => Ok(FetchItem::Body),
        _ if is("BODY") || is("BODY.PEEK") => {
            let section = bracketed(cursor)?;
            let partial = partial(cursor)?;
            let peek = is("BODY.PEEK");
            Ok(FetchItem::Section(SectionItem { section, peek, partial, legacy: None }))
        }
        _ if is("BINARY") || is("BINARY.PEEK") => {
            let part = binary_part(cursor)?;
            Ok(FetchItem::Binary { part, peek: is("BINARY.PEEK"), partial: partial(cursor)? })
        }
        _ if is("BINARY.SIZE") => Ok(FetchItem::BinarySize(binary_part(cursor)?)),
        _ => {
            let known = extension::ALL.iter().map(|it| it.fetch);
            let word = words::find(known, name).ok_or(Failure::Bad("Unknown FETCH item"))?;
            if let Some(argument) = word.argument {
                argument(cursor)?;
            }
            Ok(FetchItem::Extended(word))
        }
    }
}

/// `[1.2]`
fn binary_part(cursor: &mut Cursor<'_>) -> Parsed<Vec<u32>> {
    cursor.expect(b'[', "Expected a section")?;
    let mut part = Vec::new();
    if cursor.eat(b']') {
        return Ok(part);
    }
    loop {
        part.push(cursor.nz_number().map_err(|_| Failure::Bad("Bad section"))?);
        if part.len() > PART_DEPTH_MAX {
            return Err(Failure::No(Some("LIMIT"), "Section too deep"));
        }
        if !cursor.eat(b'.') {
            cursor.expect(b']', "Bad section")?;
            return Ok(part);
        }
    }
}

/// `[1.2.HEADER.FIELDS (a b)]`
pub(crate) fn bracketed(cursor: &mut Cursor<'_>) -> Parsed<Section> {
    cursor.expect(b'[', "Expected a section")?;
    let mut section = Section::default();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        section.part.push(cursor.nz_number()?);
        if section.part.len() > PART_DEPTH_MAX {
            return Err(Failure::No(Some("LIMIT"), "Section too deep"));
        }
        if !cursor.eat(b'.') {
            cursor.expect(b']', "Bad section")?;
            return Ok(section);
        }
    }
    if cursor.eat(b']') {
        // `BODY[1.]` has a dot too many.
        return if section.part.is_empty() { Ok(section) } else { Err(Failure::Bad("Bad section")) };
    }
    let word = cursor.take_while(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    section.what = match word {
        _ if is("HEADER") => SectionText::Header,
        _ if is("TEXT") => SectionText::Text,
        _ if is("MIME") && !section.part.is_empty() => SectionText::Mime,
        _ if is("HEADER.FIELDS") => SectionText::Fields(fields(cursor)?),
        _ if is("HEADER.FIELDS.NOT") => SectionText::FieldsNot(fields(cursor)?),
        _ => return Err(Failure::Bad("Bad section")),
    };
    cursor.expect(b']', "Bad section")?;
    Ok(section)
}

fn fields(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    cursor.space()?;
    cursor.expect(b'(', "Expected a list of fields")?;
    let mut names = Vec::new();
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        let name = utf8_of(cursor.astring()?)?;
        if name.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Failure::Bad("Bad field name"));
        }
        names.push(name.into_owned());
        if names.len() > HEADER_FIELD_COUNT_MAX {
            return Err(Failure::No(Some("LIMIT"), "Too many field names"));
        }
        while cursor.eat(b' ') {}
    }
    if names.is_empty() { Err(Failure::Bad("Expected a field name")) } else { Ok(names) }
}

/// `<start.count>`
fn partial(cursor: &mut Cursor<'_>) -> Parsed<Option<(u64, u64)>> {
    if !cursor.eat(b'<') {
        return Ok(None);
    }
    let start = cursor.number64()?;
    cursor.expect(b'.', "Bad partial")?;
    let count = cursor.number64()?;
    cursor.expect(b'>', "Bad partial")?;
    if count == 0 { Err(Failure::Bad("Bad partial")) } else { Ok(Some((start, count))) }
}

#[cfg(test)]
mod tests;

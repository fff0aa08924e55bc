//! What STATUS asks for (RFC 9051 6.3.11); extensions bring more.

use super::cursor::{Cursor, Parsed};
use crate::extension;
use crate::reply::Failure;
use crate::words::{self, StatusWord};

/// One figure of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusItem {
    /// `MESSAGES`
    Messages,
    /// `RECENT` (RFC 3501)
    Recent,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
    /// `UNSEEN`
    Unseen,
    /// `DELETED`
    Deleted,
    /// One of an extension.
    Extended(&'static StatusWord),
}

/// Those of RFC 9051, by their names.
const KNOWN: [(&str, StatusItem); 6] = [
    ("MESSAGES", StatusItem::Messages),
    ("RECENT", StatusItem::Recent),
    ("UIDNEXT", StatusItem::UidNext),
    ("UIDVALIDITY", StatusItem::UidValidity),
    ("UNSEEN", StatusItem::Unseen),
    ("DELETED", StatusItem::Deleted),
];

impl StatusItem {
    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Extended(word) => word.name,
            known => KNOWN.iter().find(|(_, item)| *item == known).map_or("", |(name, _)| name),
        }
    }

    /// The item of that name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, item)| *item);
        let extended = || words::find(extension::ALL.iter().map(|it| it.status), name).map(Self::Extended);
        known.or_else(extended)
    }
}

/// Reads `(MESSAGES UNSEEN)`.
pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Vec<StatusItem>> {
    cursor.expect(b'(', "Expected a list of status items")?;
    let mut items = Vec::new();
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        let item = StatusItem::find(cursor.atom()?).ok_or(Failure::Bad("Unknown status item"))?;
        if !items.contains(&item) {
            items.push(item);
        }
        while cursor.eat(b' ') {}
    }
    if items.is_empty() { Err(Failure::Bad("Expected a status item")) } else { Ok(items) }
}

//! What STATUS asks for (RFC 9051 6.3.11, RFC 8438, RFC 7889).

use super::cursor::{Cursor, Parsed};
use crate::reply::Failure;

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
    /// `SIZE`
    Size,
    /// `APPENDLIMIT`
    AppendLimit,
}

impl StatusItem {
    /// All of them, by their names.
    pub(crate) const ALL: [(&'static str, Self); 8] = [
        ("MESSAGES", Self::Messages),
        ("RECENT", Self::Recent),
        ("UIDNEXT", Self::UidNext),
        ("UIDVALIDITY", Self::UidValidity),
        ("UNSEEN", Self::Unseen),
        ("DELETED", Self::Deleted),
        ("SIZE", Self::Size),
        ("APPENDLIMIT", Self::AppendLimit),
    ];
}

/// Reads `(MESSAGES UNSEEN)`.
pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Vec<StatusItem>> {
    cursor.expect(b'(', "Expected a list of status items")?;
    let mut items = Vec::new();
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        let name = cursor.atom()?;
        let known = StatusItem::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, item) = known.ok_or(Failure::Bad("Unknown status item"))?;
        if !items.contains(item) {
            items.push(*item);
        }
        while cursor.eat(b' ') {}
    }
    if items.is_empty() { Err(Failure::Bad("Expected a status item")) } else { Ok(items) }
}

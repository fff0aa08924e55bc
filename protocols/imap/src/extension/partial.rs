//! PARTIAL (RFC 9394): a page of a search result, or of the messages of a FETCH, counted from either end.

use super::{Extension, When};
use crate::reply::Failure;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::words::OptionWord;

pub(super) const EXTENSION: Extension = Extension {
    name: "PARTIAL",
    rfc: "RFC 9394",
    capability: Some("PARTIAL"),
    when: When::LoggedIn,
    search_returns: &[OptionWord {
        name: "PARTIAL",
        parse: |cursor, options| once(&mut options.partial, range(cursor)?),
    }],
    fetch_modifiers: &[OptionWord {
        name: "PARTIAL",
        parse: |cursor, modifiers| once(&mut modifiers.partial, range(cursor)?),
    }],
    ..Extension::PLAIN
};

fn once(slot: &mut Option<(i64, i64)>, range: (i64, i64)) -> Parsed<()> {
    match slot.replace(range) {
        None => Ok(()),
        Some(_) => Err(Failure::Bad("One PARTIAL at a time")),
    }
}

/// ` 1:100` or ` -1:-100`: both ends from the same side (RFC 9394 4, partial-range).
fn range(cursor: &mut Cursor<'_>) -> Parsed<(i64, i64)> {
    cursor.space()?;
    let first = end(cursor)?;
    cursor.expect(b':', "Expected a range")?;
    let last = end(cursor)?;
    if (first < 0) != (last < 0) {
        return Err(Failure::Bad("Expected a range"));
    }
    // RFC 9394 4: the same either way round; RFC 5267 5: it is told back as it was asked for.
    Ok((first, last))
}

fn end(cursor: &mut Cursor<'_>) -> Parsed<i64> {
    let from_the_end = cursor.eat(b'-');
    let number = i64::from(cursor.nz_number()?);
    Ok(if from_the_end { -number } else { number })
}

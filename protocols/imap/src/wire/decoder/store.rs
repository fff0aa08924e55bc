//! What STORE does to the flags (RFC 9051 6.4.6).

use super::cursor::{Cursor, Parsed};
use crate::reply::Failure;
use model::Flags;

/// How the flags are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreMode {
    /// They become these.
    Replace,
    /// These are added.
    Add,
    /// These are taken off.
    Remove,
}

/// Everything behind the sequence set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreFlags {
    /// How.
    pub mode: StoreMode,
    /// The new flags are not told back.
    pub silent: bool,
    /// Which.
    pub flags: Flags,
}

/// Reads `+FLAGS.SILENT (...)` and its kin.
pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Parsed<StoreFlags> {
    let mode = if cursor.eat(b'+') {
        StoreMode::Add
    } else if cursor.eat(b'-') {
        StoreMode::Remove
    } else {
        StoreMode::Replace
    };
    let name = cursor.take_while(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    let silent = name.eq_ignore_ascii_case("FLAGS.SILENT");
    if !silent && !name.eq_ignore_ascii_case("FLAGS") {
        return Err(Failure::Bad("Unknown STORE item"));
    }
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') { cursor.flag_list()? } else { bare_flags(cursor)? };
    Ok(StoreFlags { mode, silent, flags })
}

/// Flags without parentheses (RFC 9051 9, store-att-flags).
fn bare_flags(cursor: &mut Cursor<'_>) -> Parsed<Flags> {
    let mut flags = Flags::default();
    cursor.flag(&mut flags)?;
    while !cursor.at_end() {
        cursor.space()?;
        cursor.flag(&mut flags)?;
    }
    Ok(flags)
}

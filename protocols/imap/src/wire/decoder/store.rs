//! What STORE does to the flags (RFC 9051 6.4.6).

use super::cursor::{Cursor, Parsed};
use super::select;
use crate::extension;
use crate::reply::Failure;
use model::{Flags, Modseq};

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

/// What a STORE depends on (RFC 4466 2.5); all are brought by extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoreModifiers {
    /// Messages that changed after this state stay as they are (RFC 7162 3.1.3).
    pub unchanged_since: Option<Modseq>,
}

/// Reads `(UNCHANGEDSINCE 1) `, if it is there.
pub(crate) fn modifiers(cursor: &mut Cursor<'_>) -> Parsed<StoreModifiers> {
    let mut modifiers = StoreModifiers::default();
    if cursor.peek() == Some(b'(') {
        select::list(cursor, || extension::ALL.iter().map(|it| it.store_modifiers), &mut modifiers)?;
        cursor.space()?;
    }
    Ok(modifiers)
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

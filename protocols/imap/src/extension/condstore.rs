//! CONDSTORE (RFC 7162 3.1): every message has a Modseq, flags can be changed on the condition that nobody
//! changed them since, and only what changed can be asked for.
//!
//! The Modseq is the account's change counter, as the store keeps it; it is on in a session from the first
//! command that speaks of it.

use super::{Extension, When};
use crate::command::search::matching::Facts;
use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::{Budget, SearchKey};
use crate::wire::encoder::Output;
use crate::words::{Condition, FetchValue, FetchWord, OptionWord, SearchWord, StatusWord};
use model::Modseq;
use std::sync::Arc;

/// The FETCH item.
pub(crate) const MODSEQ: FetchWord = FetchWord {
    name: "MODSEQ",
    argument: None,
    asked: Some(Session::enable_condstore),
    value: FetchValue::Row(|out, _, row| {
        out.told_modseq = true;
        out.raw(b"(").number(row.modseq.0).raw(b")");
    }),
};

pub(super) const EXTENSION: Extension = Extension {
    name: "CONDSTORE",
    rfc: "RFC 7162",
    capability: Some("CONDSTORE"),
    when: When::LoggedIn,
    enable: Some(Session::enable_condstore),
    fetch: &[MODSEQ],
    fetch_modifiers: &[OptionWord {
        name: "CHANGEDSINCE",
        parse: |cursor, modifiers| {
            modifiers.changed_since = Some(modseq(cursor)?);
            Ok(())
        },
    }],
    search: &[SearchWord { name: "MODSEQ", parse: search_key }],
    status: &[StatusWord {
        name: "HIGHESTMODSEQ",
        asked: Some(Session::enable_condstore),
        value: |out, _, row| {
            out.number(row.modseq.0);
        },
    }],
    store_modifiers: &[OptionWord {
        name: "UNCHANGEDSINCE",
        parse: |cursor, modifiers| {
            modifiers.unchanged_since = Some(modseq(cursor)?);
            Ok(())
        },
    }],
    select: &[OptionWord {
        name: "CONDSTORE",
        parse: |_, parameters| {
            parameters.condstore = true;
            Ok(())
        },
    }],
    selected: Some(|out, _, row| {
        tell_state(out, row.modseq);
    }),
    codes: &["HIGHESTMODSEQ", "MODIFIED"],
    ..Extension::PLAIN
};

/// `* OK [HIGHESTMODSEQ 12345]`: the state from which a client that comes back asks what has happened.
pub(crate) fn tell_state(out: &mut Output, state: Modseq) {
    out.raw(b"* OK [HIGHESTMODSEQ ").number(state.0).raw(b"] ").say("The state of the mailbox").crlf();
}

/// ` 12345`; 0 is taken everywhere, since iOS asks for CHANGEDSINCE 0.
pub(super) fn modseq(cursor: &mut Cursor<'_>) -> Parsed<Modseq> {
    cursor.space()?;
    cursor.number64().map(Modseq)
}

/// ` ["/flags/\\name" type] 12345` (RFC 7162 3.1.5): one Modseq serves all flags of a message, so that the
/// name asked for makes no difference, as the RFC allows.
fn search_key(cursor: &mut Cursor<'_>, _: &mut Budget, _: usize) -> Parsed<SearchKey> {
    cursor.space()?;
    if cursor.peek() == Some(b'"') {
        cursor.string()?;
        cursor.space()?;
        if !["priv", "shared", "all"].iter().any(|kind| cursor.word(kind)) {
            return Err(Failure::Bad("Expected priv, shared or all"));
        }
        cursor.space()?;
    }
    cursor.number64().map(|modseq| SearchKey::Extended(Arc::new(ChangedSince(Modseq(modseq)))))
}

#[derive(Debug)]
struct ChangedSince(Modseq);

impl Condition for ChangedSince {
    fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        facts.row.map(|row| row.modseq >= self.0)
    }

    fn tells_modseq(&self) -> bool {
        true
    }
}

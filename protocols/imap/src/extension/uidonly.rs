//! UIDONLY (RFC 9586): once enabled, no sequence numbers go in either direction.
//!
//! FETCH replies become UIDFETCH, EXPUNGE becomes VANISHED; commands that need numbers are BAD [UIDREQUIRED].

use super::{Extension, When};
use crate::command::{self, Verb};
use crate::reply::Failure;
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::wire::decoder::search::SearchKey;

pub(super) const EXTENSION: Extension = Extension {
    name: "UIDONLY",
    rfc: "RFC 9586",
    capability: Some("UIDONLY"),
    when: When::LoggedIn,
    needs: &["ENABLE"],
    enable: Some(|session| session.enabled |= Enabled::UIDONLY),
    codes: &["UIDREQUIRED"],
    ..Extension::PLAIN
};

const REQUIRED: Failure = Failure::BadCode("UIDREQUIRED", "UIDONLY is enabled");

/// Refuses commands that speak by number and have a form that speaks by UID (RFC 9586 3.1).
pub(crate) fn may_run(session: &Session, verb: &Verb) -> Result<(), Failure> {
    let by_number = !verb.uid && verb.name != "EXPUNGE" && command::find(verb.name, true).is_some();
    if by_number && session.has(Enabled::UIDONLY) { Err(REQUIRED) } else { Ok(()) }
}

/// Refuses numbers among the keys of a search (RFC 9586 3.1).
pub(crate) fn may_search(session: &Session, key: &SearchKey) -> Result<(), Failure> {
    if session.has(Enabled::UIDONLY) && key.has_numbers() { Err(REQUIRED) } else { Ok(()) }
}

/// Refuses matching numbers in QRESYNC (RFC 9586 3.6).
pub(crate) fn may_match(session: &Session, matched: bool) -> Result<(), Failure> {
    if session.has(Enabled::UIDONLY) && matched { Err(REQUIRED) } else { Ok(()) }
}

//! LITERAL- (RFC 7888 5): told where LITERAL+ is hidden, since never both may be. A literal whose `+` the client does not
//! wait for is short then; a longer one is swallowed, so that the session can go on, and refused.

use super::{Extension, When, is_hidden, literal_plus};
use crate::limits::LITERAL_UNASKED_BYTES_MAX;
use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::frame::LiteralHeader;

pub(super) const EXTENSION: Extension = Extension {
    name: "LITERAL-",
    rfc: "RFC 7888",
    capability: Some("LITERAL-"),
    when: When::InPlaceOf(&literal_plus::EXTENSION),
    codes: &["TOOBIG"],
    ..Extension::PLAIN
};

/// Refuses a literal that is too long to come without being asked for.
///
/// # Errors
/// Bad with TOOBIG, as RFC 7888 5 wants it.
pub(crate) fn may_come(session: &Session, header: LiteralHeader) -> Result<(), Failure> {
    let is_short = header.synchronizing || header.size <= LITERAL_UNASKED_BYTES_MAX;
    let any_length = || literal_plus::EXTENSION.capability.is_some_and(|name| !is_hidden(session, name));
    match is_short || any_length() {
        true => Ok(()),
        false => Err(Failure::BadCode("TOOBIG", "A literal of that size must be asked for")),
    }
}

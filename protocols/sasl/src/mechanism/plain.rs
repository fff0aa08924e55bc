//! PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd` in one message.
//!
//! Acting for somebody else is not offered: an authzid must be empty or the login itself. (A server that
//! looked the authzid up and forgot whose password it had checked is CVE-2023-27582.)

use super::{Decoded, Mechanism, Step, credentials};
use model::{Error, Result};

/// The registry's line.
pub(super) const MECHANISM: Mechanism = Mechanism { name: "PLAIN", in_imap: true, start: || Box::new(Plain) };

struct Plain;

impl Step for Plain {
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded> {
        let Some(message) = message else { return Ok(Decoded::Challenge(b"")) };
        let mut fields = message.split(|&octet| octet == 0);
        let (Some(authzid), Some(login), Some(secret), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Error::Invalid("not a PLAIN message"));
        };
        if !authzid.is_empty() && !authzid.eq_ignore_ascii_case(login) {
            return Err(Error::Forbidden(model::Rights::empty()));
        }
        credentials(login, secret).map(Decoded::Credentials)
    }
}

//! PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd` in one message.
//!
//! Acting for somebody else is not offered: an authzid must be empty or the login itself.

use super::{Decoded, Mechanism, Step, credentials, may_act_as};
use model::{Error, Result};

/// The registry's line.
pub(super) const MECHANISM: Mechanism =
    Mechanism { name: "PLAIN", in_imap: true, usable: |_, _| true, start: |_| Box::new(Plain) };

struct Plain;

impl Step for Plain {
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded> {
        let Some(message) = message else { return Ok(Decoded::Challenge(Vec::new())) };
        let mut fields = message.split(|&octet| octet == 0);
        let (Some(authzid), Some(login), Some(secret), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Error::Invalid("not a PLAIN message"));
        };
        may_act_as(authzid, login)?;
        credentials(login, secret).map(Decoded::Credentials)
    }
}

//! EXTERNAL (RFC 4422 appendix A): who the client is has been shown by its certificate, in the TLS handshake.
//!
//! Offered only to a peer that has shown one. The one message is the authorization identity: empty for "who the
//! certificate says", or one of the addresses in it.

use super::{Decoded, Mechanism, Step};
use crate::limits::LOGIN_BYTES_MAX;
use model::{Error, Result};

/// The registry's line.
pub(super) const MECHANISM: Mechanism = Mechanism {
    name: "EXTERNAL",
    in_imap: true,
    usable: |peer, _| peer.tls && peer.channel.as_ref().is_some_and(|channel| !channel.addresses.is_empty()),
    start: |_| Box::new(External),
};

struct External;

impl Step for External {
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded> {
        let Some(message) = message else { return Ok(Decoded::Challenge(Vec::new())) };
        let bad = Error::Invalid("not an EXTERNAL message");
        if message.len() > LOGIN_BYTES_MAX || message.contains(&0) {
            return Err(bad);
        }
        let login = str::from_utf8(message).map_err(|_| bad)?;
        Ok(Decoded::Certificate(login.to_owned()))
    }
}

//! STLS (RFC 2595 4).

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};
use sasl::door::refuse_buffered;
use sasl::talk::Then;

pub(super) const STLS: Command = Command { verb: "STLS", when: When::Authorization, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(Reply::bad("no parameters are allowed"));
        }
        if !session.client.peer.offers_starttls() {
            return go(Reply::bad("TLS is not to be had, or is there already"));
        }
        // Commands that were put in front of the handshake are nobody's (CVE-2021-33515).
        if refuse_buffered(session.client.connection.buffered()).is_err() {
            return Ok((Reply::bad("nothing may follow STLS"), Then::Close));
        }
        Ok((Reply::ok("go ahead"), Then::Upgrade))
    })
}

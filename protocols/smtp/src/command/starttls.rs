//! STARTTLS (RFC 3207).

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};
use sasl::door::refuse_buffered;
use sasl::talk::Then;

pub(super) const STARTTLS: Command =
    Command { verb: "STARTTLS", when: When::GREETED.and(When::OUTSIDE), run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(Reply::new(501, "5.5.4", "no parameters are allowed"));
        }
        if !session.client.peer.offers_starttls() {
            return go(Reply::new(503, "5.5.1", "TLS is not to be had, or is there already"));
        }
        // Commands that were put in front of the handshake are nobody's (CVE-2021-33515).
        if refuse_buffered(session.client.connection.buffered()).is_err() {
            return Ok((Reply::new(501, "5.5.1", "nothing may follow STARTTLS"), Then::Close));
        }
        Ok((Reply::new(220, "2.0.0", "go ahead"), Then::Upgrade))
    })
}

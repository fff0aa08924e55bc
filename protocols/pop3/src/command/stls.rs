//! STLS (RFC 2595 4).

use super::{Command, Outcome, Then, When, go};
use crate::{reply::Reply, session::Session};
use sasl::door::refuse_buffered;

pub(super) const STLS: Command = Command { verb: "STLS", when: When::Authorization, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(session, &Reply::bad("no parameters are allowed"));
        }
        if !session.peer.offers_starttls() {
            return go(session, &Reply::bad("TLS is not to be had, or is there already"));
        }
        // Commands that were put in front of the handshake are nobody's (CVE-2021-33515).
        if refuse_buffered(session.connection.buffered()).is_err() {
            session.say(&Reply::bad("nothing may follow STLS"));
            return Ok(Then::Close);
        }
        session.say(&Reply::ok("go ahead"));
        Ok(Then::Upgrade)
    })
}

//! CAPA (RFC 2449 5).

use super::{Command, Outcome, Then, When, go};
use crate::{capability, reply::Reply, session::Session};

pub(super) const CAPA: Command = Command { verb: "CAPA", when: When::Any, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(session, &Reply::bad("no parameters are allowed"));
        }
        session.say(&Reply::ok("capabilities follow"));
        let lines: Vec<String> =
            capability::ALL.iter().filter_map(|capability| (capability.line)(session)).collect();
        for line in lines {
            session.connection.queue(line.as_bytes());
            session.connection.queue(b"\r\n");
        }
        session.connection.queue(b".\r\n");
        Ok(Then::Go)
    })
}

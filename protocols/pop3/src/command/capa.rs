//! CAPA (RFC 2449 5).

use super::{Command, Outcome, When, go};
use crate::{capability, reply::Reply, session::Session};

pub(super) const CAPA: Command = Command { verb: "CAPA", when: When::Any, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(Reply::bad("no parameters are allowed"));
        }
        session.client.say(&Reply::ok("capabilities follow"));
        let lines = capability::ALL.iter().filter_map(|capability| (capability.line)(session));
        go(Reply::rest(lines.map(|line| format!("{line}\r\n")).collect::<String>()))
    })
}

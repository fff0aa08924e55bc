//! NOOP (RFC 1939 5).

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};

pub(super) const NOOP: Command = Command { verb: "NOOP", when: When::Transaction, run };

fn run<'a>(_: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        let reply = if rest.is_empty() { Reply::ok("") } else { Reply::bad("no parameters are allowed") };
        go(reply)
    })
}

//! RSET (RFC 1939 5): takes every mark off.

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};

pub(super) const RSET: Command = Command { verb: "RSET", when: When::Transaction, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(Reply::bad("no parameters are allowed"));
        }
        if let Some(opened) = &mut session.opened {
            opened.maildrop.reset();
        }
        go(Reply::ok("nothing will be removed"))
    })
}

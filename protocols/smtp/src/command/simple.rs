//! The verbs of one line: RSET, NOOP, VRFY, HELP, QUIT (RFC 5321 4.1.1.5 to 4.1.1.10).

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};
use sasl::talk::Then;

pub(super) const RSET: Command = Command { verb: "RSET", when: When::ANY, run: reset };
pub(super) const NOOP: Command = Command {
    verb: "NOOP",
    when: When::ANY,
    run: |_, _| Box::pin(async { go(Reply::new(250, "2.0.0", "ok")) }),
};
/// RFC 5321 7.3: says nothing about who is here. It needs no greeting (4.1.4).
pub(super) const VRFY: Command = Command { verb: "VRFY", when: When::LOGGED_IN, run: verify };
pub(super) const HELP: Command = Command {
    verb: "HELP",
    when: When::ANY,
    run: |_, _| Box::pin(async { go(Reply::new(214, "2.0.0", "this is a submission server, see RFC 6409")) }),
};
pub(super) const QUIT: Command = Command { verb: "QUIT", when: When::ANY, run: quit };

/// RFC 5321 4.1.1: RSET, DATA and QUIT take no parameters.
fn no_parameters() -> Reply {
    Reply::new(501, "5.5.4", "no parameters are allowed")
}

fn reset<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(no_parameters());
        }
        session.transaction = None;
        go(Reply::new(250, "2.0.0", "ok"))
    })
}

fn quit<'a>(_: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        match rest {
            "" => Ok((Reply::new(221, "2.0.0", "bye"), Then::Close)),
            _ => go(no_parameters()),
        }
    })
}

fn verify<'a>(_: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        go(match rest {
            "" => Reply::new(501, "5.5.4", "a name is missing"),
            _ => Reply::new(252, "2.5.0", "send mail and see"),
        })
    })
}

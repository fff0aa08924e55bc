//! DELE (RFC 1939 5): marks a message; QUIT removes it.

use super::{Command, Outcome, When, go, no_such_message, number};
use crate::{reply::Reply, session::Session};

pub(super) const DELE: Command = Command { verb: "DELE", when: When::Transaction, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        let Some(number) = number(rest) else { return go(no_such_message()) };
        let marked = session.opened.as_mut().is_some_and(|opened| opened.maildrop.mark(number));
        let reply = if marked { Reply::ok("will be removed") } else { no_such_message() };
        go(reply)
    })
}

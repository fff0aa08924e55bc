//! TOP (RFC 1939 7): the header and so many lines of the body.

use super::{Command, Outcome, When, go, no_such_message, number, retr::send};
use crate::{reply::Reply, session::Session};

pub(super) const TOP: Command = Command { verb: "TOP", when: When::Transaction, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        let Some((message, lines)) = rest.split_once(' ') else {
            return go(Reply::bad("a message and a number of lines are needed"));
        };
        let Some(lines) = number(lines) else {
            return go(Reply::bad("not a number of lines"));
        };
        match number(message) {
            Some(message) => send(session, message, Some(lines as u64)).await,
            None => go(no_such_message()),
        }
    })
}

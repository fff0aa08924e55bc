//! STAT (RFC 1939 5): how many messages there are and how large they are together, those that are marked left out.

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};

pub(super) const STAT: Command = Command { verb: "STAT", when: When::Transaction, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        let tally = session.opened.as_ref().map(|opened| opened.maildrop.tally());
        match tally.filter(|_| rest.is_empty()) {
            Some((count, octets)) => go(Reply::ok(format!("{count} {octets}"))),
            None => go(Reply::bad("no parameters are allowed")),
        }
    })
}

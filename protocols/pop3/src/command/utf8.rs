//! UTF8 (RFC 6856 2.1): the client understands UTF-8 in header fields. Names and passwords are UTF-8 with or without it.

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};

pub(super) const UTF8: Command = Command { verb: "UTF8", when: When::Authorization, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(Reply::bad("no parameters are allowed"));
        }
        session.utf8 = true;
        go(Reply::ok("UTF-8 from now on"))
    })
}

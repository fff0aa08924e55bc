//! QUIT (RFC 1939 6): what is marked is removed, on stable storage before the answer.

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};
use sasl::talk::Then;

pub(super) const QUIT: Command = Command { verb: "QUIT", when: When::Any, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !rest.is_empty() {
            return go(Reply::bad("no parameters are allowed"));
        }
        let reply = match &session.opened {
            None => Reply::ok("bye"),
            Some(opened) => match opened.maildrop.update(&session.context.store, &opened.who).await {
                Ok(None) => Reply::ok("bye"),
                Ok(Some(updated)) => Reply::updated(&updated),
                Err(error) => {
                    tracing::warn!(%error, "marked messages were not removed");
                    Reply::no("[SYS/TEMP] some deleted messages not removed")
                }
            },
        };
        Ok((reply, Then::Close))
    })
}

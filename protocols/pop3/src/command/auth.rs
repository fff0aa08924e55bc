//! AUTH (RFC 5034). Without a mechanism it lists them, as older clients ask (RFC 1734's servers did).

use super::{Command, Outcome, When, go};
use crate::{capability, reply::Reply, session::Session};
use sasl::talk::authenticate;

pub(super) const AUTH: Command = Command { verb: "AUTH", when: When::Authorization, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !session.client.peer.may_authenticate() {
            return go(Reply::bad("use STLS first"));
        }
        if rest.is_empty() {
            session.client.say(&Reply::ok("mechanisms follow"));
            let names: String = capability::mechanisms(session).map(|name| format!("{name}\r\n")).collect();
            return go(Reply::rest(names));
        }
        let directory = session.context.directory.clone();
        let peer = session.client.peer.clone();
        match authenticate(session, rest, &peer, directory.as_ref()).await? {
            Some(outcome) => session.enter(outcome).await,
            None => go(Reply::bad("no such mechanism")),
        }
    })
}

//! USER and PASS (RFC 1939 7). What stands behind the space is the name, or the password, blanks and all.

use super::{Command, Outcome, When, go};
use crate::{reply::Reply, session::Session};
use directory::Proof;
use model::{Error, Rights};
use sasl::mechanism;

pub(super) const USER: Command = Command { verb: "USER", when: When::Authorization, run: user };
pub(super) const PASS: Command = Command { verb: "PASS", when: When::Authorization, run: pass };

/// Says nothing about whether there is such a name.
fn user<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !session.client.peer.may_authenticate() {
            return go(Reply::bad("use STLS first"));
        }
        if rest.is_empty() {
            return go(Reply::bad("a name is missing"));
        }
        session.name = Some(rest.to_owned());
        go(Reply::ok("and the password"))
    })
}

fn pass<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        let Some(name) = session.name.take() else { return go(Reply::bad("say USER first")) };
        let outcome = match mechanism::credentials(name.as_bytes(), rest.as_bytes()) {
            Ok(given) => {
                let proof = Proof::Password { login: &given.login, secret: &given.secret };
                session.context.directory.admit(proof, session.client.peer.addr.ip()).await
            }
            // A password that no account can have is a wrong one.
            Err(_) => Err(Error::Forbidden(Rights::empty())),
        };
        session.enter(outcome).await
    })
}

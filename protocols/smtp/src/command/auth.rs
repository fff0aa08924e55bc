//! AUTH (RFC 4954).

use super::{Command, Outcome, When, go};
use crate::{limits::LOGIN_FAILURE_COUNT_MAX, reply::Reply, session::Session, wire::End};
use directory::Admitted;
use model::Error;
use sasl::sessions::Known;
use sasl::talk::{Then, authenticate};

pub(super) const AUTH: Command = Command { verb: "AUTH", when: When::GREETED.and(When::OUTSIDE), run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if session.principal.is_some() {
            return go(Reply::new(503, "5.5.1", "logged in already"));
        }
        if !session.client.peer.may_authenticate() {
            return go(Reply::new(538, "5.7.11", "STARTTLS required"));
        }
        if rest.is_empty() {
            return go(Reply::new(501, "5.5.4", "a mechanism is missing"));
        }
        let directory = session.context.directory.clone();
        let peer = session.client.peer.unbound();
        match authenticate(session, rest, &peer, directory.as_ref()).await? {
            Some(outcome) => told(session, outcome),
            None => go(Reply::new(504, "5.5.4", "no such mechanism")),
        }
    })
}

fn refusal(error: &Error) -> Reply {
    match error {
        Error::TooLarge(_) => Reply::new(500, "5.5.6", "line too long"),
        Error::Invalid(text) => Reply::new(501, "5.5.2", *text),
        Error::Forbidden(_) => Reply::new(535, "5.7.8", "wrong login or password"),
        // RFC 4954 6: temporary.
        _ => Reply::new(454, "4.7.0", "logins are not to be had now, try again later"),
    }
}

/// A wrong login counts; what is no login at all does not, nor one that nobody can judge now.
fn told(session: &mut Session, outcome: model::Result<Admitted>) -> Result<(Reply, Then), End> {
    let addr = session.client.peer.addr;
    match outcome {
        Ok(admitted) => {
            tracing::info!(%addr, account = %admitted.principal.account, "logged in");
            let present = session.context.sessions.enter(Known {
                account: admitted.principal.account,
                app_password: admitted.app_password,
                door: "submission",
                from: addr,
                since: session.context.delivery.now(),
                client: None,
            });
            session.principal = Some(admitted.principal);
            session.client.has_logged_in(present);
            go(Reply::new(235, "2.7.0", "welcome"))
        }
        Err(error) => {
            if matches!(error, Error::Forbidden(_)) {
                tracing::info!(%addr, "login refused");
                if session.client.has_failed(LOGIN_FAILURE_COUNT_MAX) {
                    return Ok((Reply::new(421, "4.7.0", "too many wrong logins"), Then::Close));
                }
            }
            go(refusal(&error))
        }
    }
}

#[cfg(test)]
mod tests;

//! AUTH (RFC 4954).

use super::{Command, Outcome, Then, When, go};
use crate::{
    limits::LOGIN_FAILURE_COUNT_MAX,
    reply::Reply,
    session::Session,
    wire::{End, Input},
};
use directory::Admitted;
use model::{Error, Result};
use sasl::{Dialogue, Mechanism, limits::RESPONSE_BYTES_MAX, log_in};

pub(super) const AUTH: Command =
    Command { verb: "AUTH", when: When::GREETED.and(When::OUTSIDE), takes_data: false, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if session.principal.is_some() {
            return go(Reply::new(503, "5.5.1", "logged in already"));
        }
        if !session.peer.may_authenticate() {
            return go(Reply::new(538, "5.7.11", "STARTTLS required"));
        }
        let (mechanism, initial) = match rest.split_once(' ') {
            Some((mechanism, initial)) => (mechanism, Some(initial.as_bytes())),
            None => (rest, None),
        };
        let directory = session.context.directory.clone();
        let peer = session.peer.unbound();
        let Some(mechanism) = Mechanism::find(mechanism, &peer, directory.as_ref()) else {
            return go(Reply::new(504, "5.5.4", "no such mechanism"));
        };
        let outcome = log_in(session, mechanism, initial, &peer, directory.as_ref()).await;
        match outcome {
            Ok(outcome) => told(session, outcome),
            Err(Stop::Refused(error)) => go(refusal(error)),
            Err(Stop::End(end)) => Err(end),
        }
    })
}

/// Why an exchange is not gone on with.
pub(crate) enum Stop {
    /// The client's line cannot be taken.
    Refused(Error),
    /// The session ends.
    End(End),
}

impl Dialogue for Session {
    type End = Stop;

    async fn ask(&mut self, challenge: &str) -> Result<Vec<u8>, Stop> {
        self.say(&Reply::plain(334, vec![challenge.to_owned()]));
        match self.line(RESPONSE_BYTES_MAX + 2).await.map_err(Stop::End)? {
            Input::Line(line) => Ok(line),
            Input::TooLong => Err(Stop::Refused(Error::TooLarge(RESPONSE_BYTES_MAX as u64))),
            Input::Bare => Err(Stop::Refused(Error::Invalid("a line ends in CRLF"))),
        }
    }

    async fn within<T: Send>(&mut self, work: impl Future<Output = T> + Send) -> Result<T, Stop> {
        Ok(work.await)
    }
}

fn refusal(error: Error) -> Reply {
    match error {
        Error::TooLarge(_) => Reply::new(500, "5.5.6", "line too long"),
        Error::Invalid(text) => Reply::new(501, "5.5.2", text),
        Error::Forbidden(_) => Reply::new(535, "5.7.8", "wrong login or password"),
        // RFC 4954 6: temporary.
        _ => Reply::new(454, "4.7.0", "logins are not to be had now, try again later"),
    }
}

/// A wrong login counts; what is no login at all does not.
fn told(session: &mut Session, outcome: Result<Admitted>) -> std::result::Result<(Reply, Then), End> {
    let addr = session.peer.addr;
    match outcome {
        Ok(admitted) => {
            tracing::info!(%addr, account = %admitted.principal.account, "logged in");
            session.principal = Some(admitted.principal);
            session.peer.channel = None;
            go(Reply::new(235, "2.7.0", "welcome"))
        }
        Err(error @ (Error::Invalid(_) | Error::TooLarge(_))) => go(refusal(error)),
        Err(error) => {
            tracing::info!(%addr, %error, "login refused");
            session.login_failures += 1;
            if session.login_failures >= LOGIN_FAILURE_COUNT_MAX {
                return Ok((Reply::new(421, "4.7.0", "too many wrong logins"), Then::Close));
            }
            go(refusal(error))
        }
    }
}

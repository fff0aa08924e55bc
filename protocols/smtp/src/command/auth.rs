//! AUTH (RFC 4954).

use super::{Command, Outcome, Then, When, go};
use crate::{
    limits::LOGIN_FAILURE_COUNT_MAX,
    reply::Reply,
    session::Session,
    wire::{End, Input},
};
use model::{Error, wipe};
use sasl::{Credentials, Exchange, Next, limits::RESPONSE_BYTES_MAX};

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
        let Some(mut exchange) = Exchange::start(mechanism) else {
            return go(Reply::new(504, "5.5.4", "no such mechanism"));
        };
        let mut next = exchange.initial(initial);
        loop {
            match next {
                Ok(Next::Credentials(credentials)) => return log_in(session, credentials).await,
                Ok(Next::Challenge(text)) => session.say(&Reply::plain(334, vec![text])),
                Err(error) => return go(refusal(error)),
            }
            next = match session.line(RESPONSE_BYTES_MAX + 2).await? {
                Input::Line(line) => {
                    let next = exchange.respond(&line);
                    wipe(line);
                    next
                }
                Input::TooLong => Err(Error::TooLarge(RESPONSE_BYTES_MAX as u64)),
                Input::Bare => Err(Error::Invalid("a line ends in CRLF")),
            };
        }
    })
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

async fn log_in(session: &mut Session, credentials: Credentials) -> Result<(Reply, Then), End> {
    let Credentials { login, secret } = credentials;
    let addr = session.peer.addr;
    let proved = session.context.directory.authenticate(&login, &secret, addr.ip()).await;
    match proved {
        Ok(principal) => {
            tracing::info!(%addr, account = %principal.account, "logged in");
            session.principal = Some(principal);
            go(Reply::new(235, "2.7.0", "welcome"))
        }
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

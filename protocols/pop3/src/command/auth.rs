//! AUTH (RFC 5034). Without a mechanism it lists them, as older clients ask (RFC 1734's servers did).

use super::{Command, Outcome, Then, When, go};
use crate::{capability, reply::Reply, session::Session};
use model::Error;
use sasl::line::{End, Input};
use sasl::{Dialogue, Mechanism, limits::RESPONSE_BYTES_MAX, log_in};

pub(super) const AUTH: Command = Command { verb: "AUTH", when: When::Authorization, run };

fn run<'a>(session: &'a mut Session, rest: &'a str) -> Outcome<'a> {
    Box::pin(async move {
        if !session.peer.may_authenticate() {
            return go(session, &Reply::bad("use STLS first"));
        }
        if rest.is_empty() {
            return list(session);
        }
        let (mechanism, initial) = match rest.split_once(' ') {
            Some((mechanism, initial)) => (mechanism, Some(initial.as_bytes())),
            None => (rest, None),
        };
        let directory = session.context.directory.clone();
        let peer = session.peer.clone();
        let Some(mechanism) = Mechanism::find(mechanism, &peer, directory.as_ref()) else {
            return go(session, &Reply::bad("no such mechanism"));
        };
        match log_in(session, mechanism, initial, &peer, directory.as_ref()).await {
            Ok(outcome) => session.enter(outcome).await,
            Err(Stop::Refused(error)) => go(session, &Reply::of(&error)),
            Err(Stop::End(end)) => Err(end),
        }
    })
}

fn list(session: &mut Session) -> Result<Then, End> {
    let names: Vec<&str> = capability::mechanisms(session).collect();
    session.say(&Reply::ok("mechanisms follow"));
    for name in names {
        session.connection.queue(name.as_bytes());
        session.connection.queue(b"\r\n");
    }
    session.connection.queue(b".\r\n");
    Ok(Then::Go)
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
        self.connection.queue(format!("+ {challenge}\r\n").as_bytes());
        match self.line().await.map_err(Stop::End)? {
            Input::Line(line) => Ok(line),
            Input::TooLong => Err(Stop::Refused(Error::TooLarge(RESPONSE_BYTES_MAX as u64))),
            Input::Bare => Err(Stop::Refused(Error::Invalid("a line ends in CRLF"))),
        }
    }

    async fn within<T: Send>(&mut self, work: impl Future<Output = T> + Send) -> Result<T, Stop> {
        Ok(work.await)
    }
}

//! What a door does that talks in verbs and lines (SMTP, POP3): its loop, its patience, its answers to what is no
//! command, TLS in the middle and logins. Such a door states its verbs, its states, and how it spells things.
//!
//! *Invariant:* what was said before TLS counts for nothing inside it, except what was counted against the client.

use crate::door::{Drain, Peer, Stream};
use crate::limits::{ERROR_DELAY, HARD_ERROR_COUNT_MAX, RESPONSE_BYTES_MAX, SOFT_ERROR_COUNT_MAX};
use crate::line::{Connection, End, Input, Patience};
use crate::sessions::Present;
use crate::trace::LineTrace;
use crate::{Dialogue, Mechanism, log_in};
use directory::{Admitted, Directory};
use model::{Error, wipe};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

/// Verbs of another protocol: somebody's browser was sent here (ALPACA). Nobody talks on with those.
const FOREIGN_VERBS: &[&str] =
    &["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE"];

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next command.
    Go,
    /// The end of the connection.
    Close,
    /// A TLS handshake.
    Upgrade,
}

/// An answer in the door's spelling.
pub trait Answer: Send {
    /// As it goes over the wire.
    fn encode(&self) -> Vec<u8>;

    /// Whether it tells of something that no client should send: such answers are counted and slow the client down.
    fn is_misuse(&self) -> bool;

    /// Whether it may hold lines of a message, which no trace shows.
    fn is_message(&self) -> bool {
        false
    }
}

/// What no client should send in the place of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse<'a> {
    /// A line past the limit.
    TooLong,
    /// A line with a CR or LF that is not part of a CRLF.
    Bare,
    /// A line that is not UTF-8.
    NotUtf8,
    /// A verb that is none of the door's.
    Unknown(&'a str),
}

/// Why the server ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The client talks to a door of another kind.
    Foreign,
    /// It has made too many errors.
    Errors,
    /// It has taken too long.
    Slow,
    /// The server wants to stop.
    Drained,
}

/// What a command comes to: its last answer, and what follows it.
pub type Outcome<'a, S> = Pin<Box<dyn Future<Output = Result<(<S as Talk>::Answer, Then), End>> + Send + 'a>>;

/// A command as its door knows it.
pub struct Command<S: Talk> {
    /// Its name in capitals; clients may spell it as they like.
    pub verb: &'static str,
    /// When it may come.
    pub when: S::When,
    /// Runs it on what stands behind the verb and its space.
    pub run: for<'a> fn(&'a mut S, &'a str) -> Outcome<'a, S>,
}

/// A session of a door that talks in verbs and lines.
pub trait Talk: Sized + Send + 'static {
    /// How it answers.
    type Answer: Answer;
    /// When a command may come.
    type When: Copy + Send + Sync;

    /// Every command.
    const COMMANDS: &'static [Command<Self>];
    /// The longest command line, in octets with its CRLF.
    const LINE_BYTES_MAX: usize;
    /// How long a client may say nothing between commands.
    const IDLE_TIME_MAX: Duration;
    /// Whether blanks at the end of a line mean nothing (RFC 5321 4.1.1). They may end a password of POP3.
    const DROPS_TRAILING_BLANKS: bool;

    /// The client's end.
    fn client(&mut self) -> &mut Client;

    /// What is said first.
    fn greeting(&self) -> Self::Answer;

    /// Whether somebody has logged in.
    fn is_logged_in(&self) -> bool;

    /// Why a command may not come now, and what follows that answer.
    fn refusal(&self, when: Self::When) -> Option<(Self::Answer, Then)>;

    /// The answer to what is no command.
    fn misuse(misuse: Misuse<'_>) -> Self::Answer;

    /// What is said at the end; `None` where the protocol has no word for it.
    fn farewell(why: Farewell) -> Option<Self::Answer>;

    /// The line that carries a challenge of a login.
    fn challenge(text: &str) -> Self::Answer;

    /// Forgets what was said before TLS.
    fn begin_anew(&mut self);

    /// Whether a trace shows what stands behind a verb: never what could be a password, or the line of a message that was
    /// refused before it came.
    fn is_shown(command: &Command<Self>, rest: &str) -> bool;
}

/// An answer after which the session goes on, in the form in which commands return it.
///
/// # Errors
/// None: the form has room for the end of a session.
pub fn go<A>(answer: A) -> Result<(A, Then), End> {
    Ok((answer, Then::Go))
}

/// The client's end of a session.
pub struct Client {
    /// Its octets.
    pub connection: Connection,
    /// Who it is.
    pub peer: Peer,
    drain: Drain,
    errors: u32,
    wrong_logins: u32,
    stranger_until: Instant,
    /// Its place in the list of who is logged in.
    present: Option<Present>,
    /// Takes it down, where the account is traced.
    trace: LineTrace,
}

impl Client {
    /// Somebody who has just come.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, peer: Peer, drain: Drain) -> Self {
        Self {
            connection: Connection::new(stream),
            stranger_until: Instant::now() + peer.stranger_time(),
            peer,
            drain,
            errors: 0,
            wrong_logins: 0,
            present: None,
            trace: LineTrace::default(),
        }
    }

    /// Queues an answer; it is written when the client has nothing more in flight.
    pub fn say(&mut self, answer: &impl Answer) {
        let lines = answer.encode();
        self.trace.said(if answer.is_message() { b"..." } else { &lines });
        self.connection.queue(&lines);
    }

    /// Counts a wrong login; whether there have been `most` of them.
    pub fn has_failed(&mut self, most: u32) -> bool {
        self.wrong_logins += 1;
        self.wrong_logins >= most
    }

    /// Notes a login.
    pub fn has_logged_in(&mut self, present: Present) {
        self.present = Some(present);
    }

    /// The handshake behind the positive answer.
    async fn upgrade(&mut self) -> Result<(), End> {
        let acceptor = self.peer.acceptor.clone().ok_or(End::Closed)?;
        let channel = self.connection.upgrade(&acceptor).await?;
        self.peer.tls = true;
        self.peer.channel = Some(channel);
        // Who was known before is nobody inside it.
        (self.present, self.trace) = (None, LineTrace::default());
        self.stranger_until = Instant::now() + self.peer.stranger_time();
        Ok(())
    }
}

/// Serves one session until the client or the server has had enough.
///
/// # Errors
/// Why it was cut.
pub async fn serve<S: Talk>(mut session: S) -> Result<(), End> {
    let greeting = session.greeting();
    session.client().say(&greeting);
    let end = loop {
        match turn(&mut session).await {
            Ok(Then::Go) => {}
            Ok(Then::Upgrade) => {
                session.client().upgrade().await?;
                session.begin_anew();
            }
            Ok(Then::Close) => break None,
            // There is nobody to say anything to.
            Err(End::Closed) => return Err(End::Closed),
            Err(end) => break Some(end),
        }
    };
    let why = end.map(|end| if end == End::Slow { Farewell::Slow } else { Farewell::Drained });
    if let Some(word) = why.and_then(S::farewell) {
        session.client().say(&word);
    }
    session.client().connection.close().await;
    if end == Some(End::Slow) { Err(End::Slow) } else { Ok(()) }
}

/// One line and its answer.
async fn turn<S: Talk>(session: &mut S) -> Result<Then, End> {
    let input = line(session, S::LINE_BYTES_MAX).await?;
    answer(session, input).await
}

/// The next line, under the deadlines of this moment.
async fn line<S: Talk>(session: &mut S, max: usize) -> Result<Input, End> {
    let is_known = session.is_logged_in();
    let client = session.client();
    let until = (!is_known).then_some(client.stranger_until);
    if client.connection.buffered().is_empty() {
        client.connection.flush().await?;
        client.connection.release();
    }
    client.connection.line(max, Patience { idle: S::IDLE_TIME_MAX, until }, &client.drain).await
}

async fn answer<S: Talk>(session: &mut S, input: Input) -> Result<Then, End> {
    let (mut answer, mut then) = match input {
        Input::TooLong => (S::misuse(Misuse::TooLong), Then::Go),
        Input::Bare => (S::misuse(Misuse::Bare), Then::Go),
        Input::Line(line) => {
            let outcome = match str::from_utf8(&line) {
                Ok(text) => {
                    take_down(session, text);
                    dispatch(session, text).await
                }
                Err(_) => go(S::misuse(Misuse::NotUtf8)),
            };
            // It may have held a password.
            wipe(line);
            outcome?
        }
    };
    if answer.is_misuse() {
        let client = session.client();
        client.errors += 1;
        if client.errors >= HARD_ERROR_COUNT_MAX {
            answer = S::farewell(Farewell::Errors).unwrap_or(answer);
            then = Then::Close;
        } else if client.errors > SOFT_ERROR_COUNT_MAX {
            tokio::time::sleep(ERROR_DELAY).await;
        }
    }
    session.client().say(&answer);
    Ok(then)
}

/// Takes a command down, where the account is traced.
fn take_down<S: Talk>(session: &mut S, line: &str) {
    let Client { present: Some(present), trace, .. } = session.client() else { return };
    trace.heard(present, || {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match S::COMMANDS.iter().find(|known| known.verb.eq_ignore_ascii_case(verb)) {
            Some(known) if rest.is_empty() => known.verb.to_owned(),
            Some(known) if S::is_shown(known, rest) => format!("{} {rest}", known.verb),
            Some(known) => format!("{} ...", known.verb),
            None => "? ...".to_owned(),
        }
    });
}

async fn dispatch<S: Talk>(session: &mut S, line: &str) -> Result<(S::Answer, Then), End> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = if S::DROPS_TRAILING_BLANKS { rest.trim_end_matches(' ') } else { rest };
    let Some(found) = S::COMMANDS.iter().find(|known| known.verb.eq_ignore_ascii_case(verb)) else {
        if FOREIGN_VERBS.iter().any(|foreign| foreign.eq_ignore_ascii_case(verb)) {
            return S::farewell(Farewell::Foreign).map(|word| (word, Then::Close)).ok_or(End::Closed);
        }
        return go(S::misuse(Misuse::Unknown(verb)));
    };
    match session.refusal(found.when) {
        Some(refusal) => Ok(refusal),
        None => (found.run)(session, rest).await,
    }
}

/// What AUTH does behind its verb (RFC 4954 4, RFC 5034 4): `None` when there is no mechanism of that name for this
/// peer; else what the login came to, `Invalid` or `TooLarge` for what is no login at all.
///
/// # Errors
/// Why the client says nothing more.
pub async fn authenticate<S: Talk>(
    session: &mut S,
    rest: &str,
    peer: &Peer,
    directory: &dyn Directory,
) -> Result<Option<model::Result<Admitted>>, End> {
    let (name, initial) = match rest.split_once(' ') {
        Some((name, initial)) => (name, Some(initial.as_bytes())),
        None => (rest, None),
    };
    let Some(mechanism) = Mechanism::find(name, peer, directory) else { return Ok(None) };
    match log_in(session, mechanism, initial, peer, directory).await {
        Ok(outcome) => Ok(Some(outcome)),
        Err(Stop::Refused(error)) => Ok(Some(Err(error))),
        Err(Stop::End(end)) => Err(end),
    }
}

/// Why an exchange is not gone on with.
#[derive(Debug)]
pub enum Stop {
    /// The client's line cannot be taken.
    Refused(Error),
    /// The session ends.
    End(End),
}

impl<S: Talk> Dialogue for S {
    type End = Stop;

    async fn ask(&mut self, challenge: &str) -> Result<Vec<u8>, Stop> {
        self.client().say(&S::challenge(challenge));
        match line(self, RESPONSE_BYTES_MAX + 2).await.map_err(Stop::End)? {
            Input::Line(line) => Ok(line),
            Input::TooLong => Err(Stop::Refused(Error::TooLarge(RESPONSE_BYTES_MAX as u64))),
            Input::Bare => Err(Stop::Refused(Error::Invalid("a line ends in CRLF"))),
        }
    }

    async fn within<T: Send>(&mut self, work: impl Future<Output = T> + Send) -> Result<T, Stop> {
        Ok(work.await)
    }
}

#[cfg(test)]
mod tests;

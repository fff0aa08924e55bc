//! A session: its states (RFC 1939 3), its loop, and which command may come when.

use crate::{
    Context,
    command::{self, Then, When},
    limits::{
        ERROR_DELAY, HARD_ERROR_COUNT_MAX, IDLE_TIME_MAX, LINE_BYTES_MAX, LOGIN_FAILURE_COUNT_MAX,
        MESSAGE_COUNT_MAX, SOFT_ERROR_COUNT_MAX, STRANGER_TIME_MAX,
    },
    maildrop::Maildrop,
    reply::Reply,
};
use directory::Admitted;
use model::{Error, Principal, wipe};
use sasl::door::{self, Drain, Peer, Stream};
use sasl::line::{Connection, End, Input, Patience};
use sasl::sessions::{Known, Present};
use std::sync::Arc;
use tokio::time::Instant;

/// Verbs of another protocol: somebody's browser was sent here (ALPACA). Nobody answers to those.
const FOREIGN_VERBS: &[&str] =
    &["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE"];

/// Somebody who logged in, and the list that was made then.
pub(crate) struct Opened {
    pub(crate) who: Principal,
    pub(crate) maildrop: Maildrop,
    /// Its place in the list of who is logged in.
    _present: Present,
}

/// One client's session.
pub(crate) struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) connection: Connection,
    pub(crate) peer: Peer,
    pub(crate) drain: Drain,
    /// What USER said.
    pub(crate) name: Option<String>,
    /// There from the login on: the TRANSACTION state.
    pub(crate) opened: Option<Opened>,
    /// Whether the client understands UTF-8 in header fields.
    pub(crate) utf8: bool,
    pub(crate) login_failures: u32,
    errors: u32,
    stranger_until: Instant,
}

impl Session {
    pub(crate) fn new(context: Arc<Context>, stream: Box<dyn Stream>, peer: Peer, drain: Drain) -> Self {
        Self {
            context,
            connection: Connection::new(stream),
            peer,
            drain,
            name: None,
            opened: None,
            utf8: false,
            login_failures: 0,
            errors: 0,
            stranger_until: Instant::now() + STRANGER_TIME_MAX,
        }
    }

    /// Runs until the client or the server has had enough.
    pub(crate) async fn run(mut self) -> Result<(), End> {
        self.say(&Reply::ok("Collegium ready"));
        loop {
            let then = match self.line().await {
                Ok(input) => self.answer(input).await,
                Err(end) => Err(end),
            };
            match then {
                Ok(Then::Go) => {}
                Ok(Then::Close) => {
                    self.connection.close().await;
                    return Ok(());
                }
                Ok(Then::Upgrade) => self = self.upgrade().await?,
                // RFC 1939 3: no autologout, and no end by the server, removes anything; and nothing is said that
                // would be taken for the answer to the next command.
                Err(end) => {
                    self.connection.close().await;
                    return if end == End::Drained { Ok(()) } else { Err(end) };
                }
            }
        }
    }

    /// The next line, under the deadlines of this moment.
    pub(crate) async fn line(&mut self) -> Result<Input, End> {
        let until = self.opened.is_none().then_some(self.stranger_until);
        if self.connection.buffered().is_empty() {
            self.connection.flush().await?;
            self.connection.release();
        }
        self.connection.line(LINE_BYTES_MAX, Patience { idle: IDLE_TIME_MAX, until }, &self.drain).await
    }

    /// Queues a reply; it is written when the client has nothing more in flight.
    pub(crate) fn say(&mut self, reply: &Reply) {
        self.errors += u32::from(reply.is_misuse());
        self.connection.queue(&reply.encode());
    }

    async fn answer(&mut self, input: Input) -> Result<Then, End> {
        let before = self.errors;
        let then = match input {
            Input::TooLong => self.refuse("line too long"),
            Input::Bare => self.refuse("a line ends in CRLF and holds no other CR or LF"),
            Input::Line(line) => {
                let then = match str::from_utf8(&line) {
                    Ok(text) => self.dispatch(text).await,
                    Err(_) => self.refuse("not UTF-8"),
                };
                // It may have held a password.
                wipe(line);
                then
            }
        };
        if self.errors > before {
            if self.errors >= HARD_ERROR_COUNT_MAX {
                return Ok(Then::Close);
            }
            if self.errors > SOFT_ERROR_COUNT_MAX {
                tokio::time::sleep(ERROR_DELAY).await;
            }
        }
        then
    }

    /// Answers what no client should send.
    fn refuse(&mut self, text: &str) -> Result<Then, End> {
        self.say(&Reply::bad(text));
        Ok(Then::Go)
    }

    async fn dispatch(&mut self, line: &str) -> Result<Then, End> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let Some(found) = command::ALL.iter().find(|known| known.verb.eq_ignore_ascii_case(verb)) else {
            if FOREIGN_VERBS.iter().any(|foreign| foreign.eq_ignore_ascii_case(verb)) {
                return Err(End::Closed);
            }
            return self.refuse("unknown command");
        };
        match (found.when, &self.opened) {
            (When::Authorization, Some(_)) => self.refuse("logged in already"),
            (When::Transaction, None) => self.refuse("log in first"),
            _ => (found.run)(self, rest).await,
        }
    }

    /// Ends a login: opens the maildrop, or says why not. A wrong login counts; what is no login at all does not.
    pub(crate) async fn enter(&mut self, outcome: model::Result<Admitted>) -> Result<Then, End> {
        let addr = self.peer.addr;
        match outcome {
            Ok(admitted) => {
                let who = admitted.principal;
                match Maildrop::open(&self.context.store, &who, MESSAGE_COUNT_MAX).await {
                    Ok(maildrop) => {
                        tracing::info!(%addr, account = %who.account, "logged in");
                        let (count, octets) = maildrop.tally();
                        let present = self.context.sessions.enter(Known {
                            account: who.account,
                            app_password: admitted.app_password,
                            door: "pop3",
                            from: addr,
                            since: self.context.store.env().now(),
                            client: None,
                        });
                        self.opened = Some(Opened { who, maildrop, _present: present });
                        self.peer.channel = None;
                        self.say(&Reply::ok(format!("{count} messages ({octets} octets)")));
                    }
                    Err(error) => self.say(&Reply::of(&error)),
                }
            }
            Err(Error::Forbidden(_)) => {
                tracing::info!(%addr, "login refused");
                self.login_failures += 1;
                self.say(&Reply::wrong_login());
                if self.login_failures >= LOGIN_FAILURE_COUNT_MAX {
                    return Ok(Then::Close);
                }
            }
            Err(error) => self.say(&Reply::of(&error)),
        }
        Ok(Then::Go)
    }

    /// The handshake behind the positive answer to STLS; nothing said before it counts (RFC 2595 4).
    async fn upgrade(mut self) -> Result<Self, End> {
        self.connection.flush().await?;
        let Some(acceptor) = self.peer.acceptor.clone() else { return Err(End::Closed) };
        let stream = door::upgrade(self.connection.into_stream(), &acceptor).await;
        let (stream, channel) = stream.map_err(|_| End::Closed)?;
        Ok(Self {
            connection: Connection::new(stream),
            peer: Peer { tls: true, channel: Some(channel), ..self.peer },
            name: None,
            opened: None,
            utf8: false,
            ..self
        })
    }
}

//! A session: its state, its loop, and which command may come when.

use crate::{
    Context,
    command::{self, Then, When},
    limits::{
        ERROR_DELAY, HARD_ERROR_COUNT_MAX, IDLE_TIME_MAX, LINE_BYTES_MAX, SOFT_ERROR_COUNT_MAX,
        STRANGER_TIME_MAX,
    },
    reply::Reply,
    wire::{Connection, End, Input, Patience},
};
use delivery::Recipient;
use model::{Address, Principal, wipe};
use sasl::door::{self, Drain, Peer, Stream};
use std::sync::Arc;
use tokio::time::Instant;

/// Verbs of another protocol: somebody's browser was sent here (ALPACA). Nobody answers twice to those.
const FOREIGN_VERBS: &[&str] =
    &["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE"];

/// Verbs that are known and not served (RFC 5321 4.2.4).
const UNSERVED_VERBS: &[&str] = &["EXPN", "BDAT", "ETRN", "TURN", "ATRN", "SEND", "SOML", "SAML"];

/// How the client greeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hello {
    /// HELO: no extensions.
    Basic,
    /// EHLO.
    Extended,
}

/// What the parameters of MAIL said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MailOptions {
    pub(crate) size: Option<u64>,
    pub(crate) eight_bit: bool,
    pub(crate) smtputf8: bool,
}

/// A message that is being described.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) sender: Option<Address>,
    pub(crate) options: MailOptions,
    pub(crate) recipients: Vec<Recipient>,
    /// What the principal may send as.
    pub(crate) identities: Vec<Address>,
}

/// One client's session.
pub(crate) struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) connection: Connection,
    pub(crate) peer: Peer,
    pub(crate) drain: Drain,
    pub(crate) hello: Option<Hello>,
    pub(crate) principal: Option<Principal>,
    pub(crate) transaction: Option<Transaction>,
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
            hello: None,
            principal: None,
            transaction: None,
            login_failures: 0,
            errors: 0,
            stranger_until: Instant::now() + STRANGER_TIME_MAX,
        }
    }

    /// Runs until the client or the server has had enough.
    pub(crate) async fn run(mut self) -> Result<(), End> {
        let hostname = self.context.delivery.hostname().to_owned();
        self.say(&Reply::plain(220, vec![format!("{hostname} ESMTP Collegium ready")]));
        loop {
            let input = match self.line(LINE_BYTES_MAX).await {
                Ok(input) => input,
                Err(end) => return self.cut(end).await,
            };
            let then = match self.answer(input).await {
                Ok(then) => then,
                Err(end) => return self.cut(end).await,
            };
            match then {
                Then::Go => {}
                Then::Close => {
                    self.connection.close().await;
                    return Ok(());
                }
                Then::Upgrade => self = self.upgrade().await?,
            }
        }
    }

    /// The next line, under the deadlines of this moment.
    pub(crate) async fn line(&mut self, max: usize) -> Result<Input, End> {
        let until = self.principal.is_none().then_some(self.stranger_until);
        self.connection.line(max, Patience { idle: IDLE_TIME_MAX, until }, &self.drain).await
    }

    /// Queues a reply; it is written when the client has nothing more in flight.
    pub(crate) fn say(&mut self, reply: &Reply) {
        self.connection.queue(&reply.encode());
    }

    async fn answer(&mut self, input: Input) -> Result<Then, End> {
        let (reply, mut then) = match input {
            Input::TooLong => (Reply::new(500, "5.5.6", "line too long"), Then::Go),
            Input::Bare => {
                (Reply::new(500, "5.5.2", "a line ends in CRLF and holds no other CR or LF"), Then::Go)
            }
            Input::Line(line) => {
                let answer = match str::from_utf8(&line) {
                    Ok(line) => self.dispatch(line).await?,
                    Err(_) => (Reply::new(500, "5.5.2", "not UTF-8"), Then::Go),
                };
                // It may have held a password.
                wipe(line);
                answer
            }
        };
        let mut reply = reply;
        if reply.is_misuse() {
            self.errors += 1;
            if self.errors > SOFT_ERROR_COUNT_MAX {
                tokio::time::sleep(ERROR_DELAY).await;
            }
            if self.errors >= HARD_ERROR_COUNT_MAX {
                reply = Reply::new(421, "4.7.0", "too many errors");
                then = Then::Close;
            }
        }
        self.say(&reply);
        Ok(then)
    }

    async fn dispatch(&mut self, line: &str) -> Result<(Reply, Then), End> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let go = |reply| Ok((reply, Then::Go));
        let Some(found) = command::ALL.iter().find(|known| known.verb.eq_ignore_ascii_case(verb)) else {
            if FOREIGN_VERBS.iter().any(|foreign| foreign.eq_ignore_ascii_case(verb)) {
                return Ok((Reply::new(421, "4.7.0", "this is not that protocol"), Then::Close));
            }
            if UNSERVED_VERBS.iter().any(|unserved| unserved.eq_ignore_ascii_case(verb)) {
                return go(Reply::new(502, "5.5.1", "not served here"));
            }
            return go(Reply::new(500, "5.5.1", "unknown command"));
        };
        if let Some(refusal) = self.refusal(found.when) {
            // Lines behind a refused DATA would be a message's; they are not taken for commands.
            let message_follows = found.takes_data && !self.connection.buffered().is_empty();
            return Ok((refusal, if message_follows { Then::Close } else { Then::Go }));
        }
        (found.run)(self, rest.trim_end_matches(' ')).await
    }

    /// Why a command may not come now.
    fn refusal(&self, when: When) -> Option<Reply> {
        let order = |text: &str| Some(Reply::new(503, "5.5.1", text));
        if when.contains(When::GREETED) && self.hello.is_none() {
            return order("say EHLO first");
        }
        if when.contains(When::KNOWN) && self.principal.is_none() {
            let text =
                if self.peer.may_authenticate() { "authentication required" } else { "STARTTLS required" };
            return Some(Reply::new(530, "5.7.0", text));
        }
        if when.contains(When::OUTSIDE) && self.transaction.is_some() {
            return order("a message is being described already");
        }
        if when.contains(When::INSIDE) && self.transaction.is_none() {
            return order("say MAIL first");
        }
        None
    }

    /// The handshake behind the positive answer to STARTTLS; the session begins anew inside TLS
    /// (RFC 3207 4.2).
    async fn upgrade(mut self) -> Result<Self, End> {
        self.connection.flush().await?;
        let Some(acceptor) = self.peer.acceptor.clone() else { return Err(End::Closed) };
        let stream = door::upgrade(self.connection.into_stream(), &acceptor).await;
        let (stream, channel) = stream.map_err(|_| End::Closed)?;
        Ok(Self {
            connection: Connection::new(stream),
            peer: Peer { tls: true, channel: Some(channel), ..self.peer },
            hello: None,
            principal: None,
            transaction: None,
            context: self.context,
            drain: self.drain,
            login_failures: self.login_failures,
            errors: self.errors,
            stranger_until: self.stranger_until,
        })
    }

    /// Says why the server ends the session, where that can be said.
    async fn cut(mut self, end: End) -> Result<(), End> {
        match end {
            End::Closed => return Err(end),
            End::Slow => self.say(&Reply::new(421, "4.4.2", "too slow")),
            End::Drained => self.say(&Reply::new(421, "4.3.2", "the server is going down")),
        }
        self.connection.close().await;
        if end == End::Drained { Ok(()) } else { Err(end) }
    }
}

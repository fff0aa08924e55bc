//! A session: its states (RFC 1939 3), and which command may come when.

use crate::{
    Context,
    command::{self, Command, When},
    limits::{IDLE_TIME_MAX, LINE_BYTES_MAX, LOGIN_FAILURE_COUNT_MAX, MESSAGE_COUNT_MAX},
    maildrop::Maildrop,
    reply::Reply,
};
use directory::Admitted;
use model::{Error, Principal};
use sasl::door::{Drain, Peer, Stream};
use sasl::line::End;
use sasl::sessions::Known;
use sasl::talk::{Client, Farewell, Misuse, Talk, Then, go};
use std::{sync::Arc, time::Duration};

/// Somebody who logged in, and the list that was made then.
pub(crate) struct Opened {
    pub(crate) who: Principal,
    pub(crate) maildrop: Maildrop,
}

/// One client's session.
pub(crate) struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) client: Client,
    /// What USER said.
    pub(crate) name: Option<String>,
    /// There from the login on: the TRANSACTION state.
    pub(crate) opened: Option<Opened>,
    /// Whether the client understands UTF-8 in header fields.
    pub(crate) utf8: bool,
}

impl Session {
    pub(crate) fn new(context: Arc<Context>, stream: Box<dyn Stream>, peer: Peer, drain: Drain) -> Self {
        let client = Client::new(stream, peer, drain);
        Self { context, client, name: None, opened: None, utf8: false }
    }

    /// Ends a login: opens the maildrop, or says why not. A wrong login counts; what is no login at all does not.
    pub(crate) async fn enter(&mut self, outcome: model::Result<Admitted>) -> Result<(Reply, Then), End> {
        let addr = self.client.peer.addr;
        let admitted = match outcome {
            Ok(admitted) => admitted,
            Err(Error::Forbidden(_)) => {
                tracing::info!(%addr, "login refused");
                let is_last = self.client.has_failed(LOGIN_FAILURE_COUNT_MAX);
                return Ok((Reply::wrong_login(), if is_last { Then::Close } else { Then::Go }));
            }
            Err(error) => return go(Reply::of(&error)),
        };
        let who = admitted.principal;
        let maildrop = match Maildrop::open(&self.context.store, &who, MESSAGE_COUNT_MAX).await {
            Ok(maildrop) => maildrop,
            Err(error) => return go(Reply::of(&error)),
        };
        tracing::info!(%addr, account = %who.account, "logged in");
        let present = self.context.sessions.enter(Known {
            account: who.account,
            app_password: admitted.app_password,
            door: "pop3",
            from: addr,
            since: self.context.store.env().now(),
            client: None,
        });
        self.client.has_logged_in(present);
        let (count, octets) = maildrop.tally();
        self.opened = Some(Opened { who, maildrop });
        go(Reply::ok(format!("{count} messages ({octets} octets)")))
    }
}

impl Talk for Session {
    type Answer = Reply;
    type When = When;

    const COMMANDS: &'static [Command] = command::ALL;
    const LINE_BYTES_MAX: usize = LINE_BYTES_MAX;
    const IDLE_TIME_MAX: Duration = IDLE_TIME_MAX;
    const DROPS_TRAILING_BLANKS: bool = false;

    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn greeting(&self) -> Reply {
        Reply::ok("Collegium ready")
    }

    fn is_logged_in(&self) -> bool {
        self.opened.is_some()
    }

    fn refusal(&self, when: When) -> Option<(Reply, Then)> {
        match (when, self.is_logged_in()) {
            (When::Authorization, true) => Some((Reply::bad("logged in already"), Then::Go)),
            (When::Transaction, false) => Some((Reply::bad("log in first"), Then::Go)),
            _ => None,
        }
    }

    fn misuse(misuse: Misuse<'_>) -> Reply {
        Reply::bad(match misuse {
            Misuse::TooLong => "line too long",
            Misuse::Bare => "a line ends in CRLF and holds no other CR or LF",
            Misuse::NotUtf8 => "not UTF-8",
            Misuse::Unknown(_) => "unknown command",
        })
    }

    /// Nothing is said that would be taken for the answer to the next command. RFC 1939 3: no end by the server
    /// removes anything.
    fn farewell(_: Farewell) -> Option<Reply> {
        None
    }

    fn challenge(text: &str) -> Reply {
        Reply::challenge(text)
    }

    fn begin_anew(&mut self) {
        self.name = None;
        self.utf8 = false;
    }

    /// Numbers, but behind no verb of a login.
    fn is_shown(command: &Command, rest: &str) -> bool {
        let is_plain = rest.bytes().all(|octet| octet.is_ascii_digit() || octet == b' ');
        is_plain && command.when != When::Authorization
    }
}

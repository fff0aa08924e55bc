//! A session: its state, and which command may come when.

use crate::{
    Context,
    command::{self, Command, When, data::behind_refused_data},
    limits::{IDLE_TIME_MAX, LINE_BYTES_MAX, REACH_COUNT_MAX, RECIPIENT_COUNT_MAX},
    reply::Reply,
};
use delivery::Recipient;
use model::{Address, Principal};
use sasl::door::{Drain, Peer, Stream};
use sasl::talk::{Client, Farewell, Misuse, Talk, Then};
use std::{sync::Arc, time::Duration};

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

impl Transaction {
    /// Adds a recipient; one that is there already is not added again.
    ///
    /// # Errors
    /// RFC 5321 4.5.3.1.10: no more than the queue takes, so that the client sends the rest in another transaction.
    pub(crate) fn add(&mut self, recipient: Recipient) -> Result<(), Reply> {
        let same =
            |known: &Recipient| known.address == recipient.address && known.spelled == recipient.spelled;
        if self.recipients.iter().any(same) {
            return Ok(());
        }
        let reached = self.recipients.iter().chain([&recipient]).map(|known| known.route.reach());
        if self.recipients.len() >= RECIPIENT_COUNT_MAX || reached.sum::<usize>() > REACH_COUNT_MAX {
            return Err(Reply::new(452, "4.5.3", "too many recipients"));
        }
        self.recipients.push(recipient);
        Ok(())
    }
}

/// One client's session.
pub(crate) struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) client: Client,
    pub(crate) hello: Option<Hello>,
    pub(crate) principal: Option<Principal>,
    pub(crate) transaction: Option<Transaction>,
}

impl Session {
    pub(crate) fn new(context: Arc<Context>, stream: Box<dyn Stream>, peer: Peer, drain: Drain) -> Self {
        let client = Client::new(stream, peer, drain);
        Self { context, client, hello: None, principal: None, transaction: None }
    }

    /// Why a command may not come now.
    fn out_of_order(&self, when: When) -> Option<Reply> {
        let order = |text: &str| Some(Reply::new(503, "5.5.1", text));
        if when.contains(When::GREETED) && self.hello.is_none() {
            return order("say EHLO first");
        }
        if when.contains(When::LOGGED_IN) && self.principal.is_none() {
            let may = self.client.peer.may_authenticate();
            let text = if may { "authentication required" } else { "STARTTLS required" };
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
}

impl Talk for Session {
    type Answer = Reply;
    type When = When;

    const COMMANDS: &'static [Command] = command::ALL;
    const LINE_BYTES_MAX: usize = LINE_BYTES_MAX;
    const IDLE_TIME_MAX: Duration = IDLE_TIME_MAX;
    const DROPS_TRAILING_BLANKS: bool = true;

    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn greeting(&self) -> Reply {
        Reply::plain(220, vec![format!("{} ESMTP Collegium ready", self.context.delivery.hostname())])
    }

    fn is_logged_in(&self) -> bool {
        self.principal.is_some()
    }

    fn refusal(&self, when: When) -> Option<(Reply, Then)> {
        let reply = self.out_of_order(when)?;
        let then = if when.contains(When::BEFORE_DATA) { behind_refused_data(self) } else { Then::Go };
        Some((reply, then))
    }

    fn misuse(misuse: Misuse<'_>) -> Reply {
        match misuse {
            Misuse::TooLong => Reply::new(500, "5.5.6", "line too long"),
            Misuse::Bare => Reply::new(500, "5.5.2", "a line ends in CRLF and holds no other CR or LF"),
            Misuse::NotUtf8 => Reply::new(500, "5.5.2", "not UTF-8"),
            Misuse::Unknown(verb) if UNSERVED_VERBS.iter().any(|known| known.eq_ignore_ascii_case(verb)) => {
                Reply::new(502, "5.5.1", "not served here")
            }
            Misuse::Unknown(_) => Reply::new(500, "5.5.1", "unknown command"),
        }
    }

    fn farewell(why: Farewell) -> Option<Reply> {
        let (status, text) = match why {
            Farewell::Foreign => ("4.7.0", "this is not that protocol"),
            Farewell::Errors => ("4.7.0", "too many errors"),
            Farewell::Slow => ("4.4.2", "too slow"),
            Farewell::Drained => ("4.3.2", "the server is going down"),
        };
        Some(Reply::new(421, status, text))
    }

    fn challenge(text: &str) -> Reply {
        Reply::plain(334, vec![text.to_owned()])
    }

    /// RFC 3207 4.2.
    fn begin_anew(&mut self) {
        self.hello = None;
        self.principal = None;
        self.transaction = None;
    }

    /// Whom a message is from and for, and how the client greets.
    fn is_shown(command: &Command, rest: &str) -> bool {
        let begins =
            |with: &str| rest.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        match command.verb {
            "MAIL" => begins("FROM:<"),
            "RCPT" => begins("TO:<"),
            "EHLO" | "HELO" => !rest.contains(' '),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;

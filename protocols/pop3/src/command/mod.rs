//! One verb per file, or one file for those of one purpose; this is the list of them, with when each may come.

mod auth;
mod capa;
mod dele;
mod list;
mod noop;
mod quit;
mod retr;
mod rset;
mod stat;
mod stls;
mod top;
mod uidl;
mod user;
mod utf8;

use crate::{reply::Reply, session::Session};
use futures_util::future::BoxFuture;
use sasl::line::End;

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The next command.
    Go,
    /// The end of the connection.
    Close,
    /// A TLS handshake.
    Upgrade,
}

/// The states in which a command may come (RFC 1939 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before login.
    Authorization,
    /// After login.
    Transaction,
    /// Both.
    Any,
}

/// What a command comes to; it has said its answer itself.
pub(crate) type Outcome<'a> = BoxFuture<'a, Result<Then, End>>;

/// A command as the list knows it.
pub(crate) struct Command {
    pub(crate) verb: &'static str,
    pub(crate) when: When,
    /// Runs it on what stands behind the verb and its space.
    pub(crate) run: for<'a> fn(&'a mut Session, &'a str) -> Outcome<'a>,
}

/// Every command.
pub(crate) const ALL: &[Command] = &[
    user::USER,
    user::PASS,
    auth::AUTH,
    stls::STLS,
    utf8::UTF8,
    capa::CAPA,
    stat::STAT,
    list::LIST,
    uidl::UIDL,
    retr::RETR,
    top::TOP,
    dele::DELE,
    rset::RSET,
    noop::NOOP,
    quit::QUIT,
];

/// Says an answer after which the session goes on.
pub(crate) fn go(session: &mut Session, reply: &Reply) -> Result<Then, End> {
    session.say(reply);
    Ok(Then::Go)
}

/// A message's number as RFC 1939 writes it; what is no number names no message.
pub(crate) fn number(text: &str) -> Option<usize> {
    (text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// The answer for a number that names no message, or one that is marked as deleted.
pub(crate) fn no_such_message() -> Reply {
    Reply::no("no such message")
}

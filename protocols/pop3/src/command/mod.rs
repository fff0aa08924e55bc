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
use sasl::talk;

pub(crate) use sasl::talk::go;

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

/// A command as the list knows it.
pub(crate) type Command = talk::Command<Session>;

/// What a command comes to.
pub(crate) type Outcome<'a> = talk::Outcome<'a, Session>;

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

/// A message's number as RFC 1939 writes it; what is no number names no message.
pub(crate) fn number(text: &str) -> Option<usize> {
    (text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// The answer for a number that names no message, or one that is marked as deleted.
pub(crate) fn no_such_message() -> Reply {
    Reply::no("no such message")
}

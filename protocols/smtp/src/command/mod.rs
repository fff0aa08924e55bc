//! One verb per file; this is the list of them, with when each may come.

mod auth;
pub(crate) mod data;
mod ehlo;
mod mail;
mod rcpt;
mod simple;
mod starttls;

use crate::{reply::Reply, session::Session};
use sasl::talk;

pub(crate) use sasl::talk::go;

/// When a command may come, as a set of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When(u8);

impl When {
    /// Always.
    pub(crate) const ANY: Self = Self(0);
    /// After EHLO or HELO.
    pub(crate) const GREETED: Self = Self(1);
    /// After a login, with or without a greeting since.
    pub(crate) const LOGGED_IN: Self = Self(2);
    /// After a login and a greeting.
    pub(crate) const KNOWN: Self = Self::GREETED.and(Self::LOGGED_IN);
    /// Not between MAIL and the end of its message.
    pub(crate) const OUTSIDE: Self = Self(4);
    /// Only there.
    pub(crate) const INSIDE: Self = Self(8);
    /// No condition: a message follows its positive answer.
    pub(crate) const BEFORE_DATA: Self = Self(16);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A command as the list knows it.
pub(crate) type Command = talk::Command<Session>;

/// What a command comes to.
pub(crate) type Outcome<'a> = talk::Outcome<'a, Session>;

/// Every command.
pub(crate) const ALL: &[Command] = &[
    ehlo::EHLO,
    ehlo::HELO,
    starttls::STARTTLS,
    auth::AUTH,
    mail::MAIL,
    rcpt::RCPT,
    data::DATA,
    simple::RSET,
    simple::NOOP,
    simple::VRFY,
    simple::HELP,
    simple::QUIT,
];

/// Parameters of MAIL and RCPT: `name[=value]` behind single spaces (RFC 5321 4.1.2).
pub(crate) fn parameters(text: &str) -> Result<Vec<(&str, Option<&str>)>, Reply> {
    let bad = || Reply::new(501, "5.5.4", "not a parameter");
    let mut found: Vec<(&str, Option<&str>)> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let valued = value.is_none_or(|v| !v.is_empty() && !v.bytes().any(|b| b <= b' ' || b == 0x7f));
        if !named || !valued || found.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(bad());
        }
        found.push((name, value));
    }
    Ok(found)
}

//! The registry of commands: one verb per file, each an entry here or in its extension.
//!
//! The entry says in which states a verb is allowed and what it does to sequence numbers, so that the
//! dispatcher, not each command, keeps the ordering rules (RFC 9051 5.5, 7.5.1).

pub(crate) mod append;
mod authenticate;
mod capability;
mod close;
pub(crate) mod copy;
mod create;
mod delete;
pub(crate) mod expunge;
pub(crate) mod fetch;
pub(crate) mod list;
mod login;
mod logout;
mod lsub;
mod noop;
mod rename;
pub(crate) mod search;
pub(crate) mod select;
pub(crate) mod starttls;
pub(crate) mod status;
mod store;
mod subscribe;

use crate::extension;
use crate::reply::Outcome;
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;
use futures_util::future::BoxFuture;
use model::Uid;

bitflags::bitflags! {
    /// States of a session (RFC 9051 3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct States: u8 {
        /// Before login.
        const NOT_AUTHENTICATED = 1;
        /// After login, no mailbox open.
        const AUTHENTICATED = 2;
        /// A mailbox is open.
        const SELECTED = 4;
        /// After login.
        const LOGGED_IN = 6;
        /// Always.
        const ANY = 7;
    }
}

/// Messages page by page, each to be one commit; where there are none, one page of none, for its proof.
pub(crate) fn pages(uids: &[Uid], page_count: usize) -> impl Iterator<Item = &[Uid]> {
    uids.is_empty().then_some(uids).into_iter().chain(uids.chunks(page_count))
}

/// What a verb has to do with sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequences {
    /// It uses them: no EXPUNGE may be told while it runs.
    Used,
    /// EXPUNGE may be told before its tagged reply.
    Free,
}

/// A command as the registry knows it.
pub(crate) struct Verb {
    /// Its name, in capitals.
    pub name: &'static str,
    /// Whether `UID` stands before it.
    pub uid: bool,
    /// When it is allowed.
    pub states: States,
    /// What it has to do with sequence numbers.
    pub sequences: Sequences,
    /// Reads the arguments and does it.
    pub run: for<'a> fn(&'a mut Session, Cursor<'a>) -> BoxFuture<'a, Outcome>,
}

/// The commands of RFC 3501 and 9051 that no extension brought before.
const BASE: &[&[Verb]] = &[
    capability::VERBS,
    noop::VERBS,
    logout::VERBS,
    starttls::VERBS,
    authenticate::VERBS,
    login::VERBS,
    select::VERBS,
    create::VERBS,
    delete::VERBS,
    rename::VERBS,
    subscribe::VERBS,
    list::VERBS,
    lsub::VERBS,
    status::VERBS,
    append::VERBS,
    close::VERBS,
    expunge::VERBS,
    search::VERBS,
    fetch::VERBS,
    store::VERBS,
    copy::VERBS,
];

/// Every command of this server.
pub(crate) fn all() -> impl Iterator<Item = &'static Verb> {
    let of_extensions = extension::ALL.iter().map(|extension| extension.commands);
    BASE.iter().copied().chain(of_extensions).flatten()
}

/// The command of that name.
pub(crate) fn find(name: &str, uid: bool) -> Option<&'static Verb> {
    all().find(|verb| verb.uid == uid && verb.name.eq_ignore_ascii_case(name))
}

/// Whether the literal that stands at the end of what was gathered so far is a message that is to be streamed,
/// and not a mailbox name. What is wrong before it is found out by the command, which then refuses it.
pub(crate) fn takes_message(command: &Cursor<'_>) -> bool {
    let mut cursor = *command;
    if cursor.tag().is_err() || cursor.space().is_err() {
        return false;
    }
    let by_uid = cursor.word("UID") && cursor.space().is_ok();
    let replaces = cursor.word("REPLACE");
    if !replaces && (by_uid || !cursor.word("APPEND")) || cursor.space().is_err() {
        return false;
    }
    if replaces && (SequenceSet::parse(&mut cursor).is_err() || cursor.space().is_err()) {
        // Refused by the command, which must not be asked to hold a message first.
        return true;
    }
    let name_is_literal = matches!(cursor.peek(), Some(b'{' | b'~'));
    cursor.mailbox().is_ok() || !name_is_literal
}

#[cfg(test)]
mod tests;

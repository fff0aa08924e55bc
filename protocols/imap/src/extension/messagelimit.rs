//! MESSAGELIMIT and SAVELIMIT (RFC 9738): a bound on the messages that one command works on, where the installation sets
//! one.
//!
//! SEARCH, FETCH, STORE, MOVE and UID EXPUNGE then work on those with the highest UIDs, from the highest down, and tell
//! of the lowest that they reached; COPY and APPEND, which are done whole or not at all, are refused. EXPUNGE, CLOSE and
//! STATUS are not bounded, nor is SORT, whose keys are kept (3.3). Who is not told of the capability is not bounded.

use super::{Extension, When, is_hidden};
use crate::Config;
use crate::command::search::matching::Facts;
use crate::limits::MESSAGE_LIMIT_MIN;
use crate::reply::Done;
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::SearchKey;
use crate::words::{Condition, SearchWord};
use model::Uid;
use std::sync::Arc;

const NAME: &str = "MESSAGELIMIT=";
const SAVE_NAME: &str = "SAVELIMIT=";

pub(super) const EXTENSION: Extension = Extension {
    name: "MESSAGELIMIT",
    rfc: "RFC 9738",
    capability: Some(NAME),
    figure: Some(|config| config.message_limit.map(|limit| limit.0)),
    when: When::LoggedIn,
    search: &[
        SearchWord { name: "UIDAFTER", parse: |cursor, _, _| key(cursor, true) },
        SearchWord { name: "UIDBEFORE", parse: |cursor, _, _| key(cursor, false) },
    ],
    codes: &["MESSAGELIMIT"],
    ..Extension::PLAIN
};

/// Told instead of the other (RFC 9738 3), where COPY and APPEND alone are bounded.
pub(super) const SAVE: Extension = Extension {
    name: "SAVELIMIT",
    rfc: "RFC 9738",
    capability: Some(SAVE_NAME),
    figure: Some(|config| match config.message_limit {
        Some(_) => None,
        None => config.save_limit.map(|limit| limit.0),
    }),
    when: When::LoggedIn,
    ..Extension::PLAIN
};

/// A bound as the configuration has it: RFC 9738 3 wants none lower than [`MESSAGE_LIMIT_MIN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "u32")]
pub struct MessageLimit(u32);

impl TryFrom<u32> for MessageLimit {
    type Error = String;

    fn try_from(figure: u32) -> Result<Self, String> {
        match figure >= MESSAGE_LIMIT_MIN {
            true => Ok(Self(figure)),
            false => Err(format!("a command must be allowed {MESSAGE_LIMIT_MIN} messages at least")),
        }
    }
}

/// The most messages that a command of this session works on.
pub(crate) fn most(session: &Session) -> Option<usize> {
    figure_of(session, NAME, |config| config.message_limit)
}

/// The most that COPY or APPEND puts into a mailbox.
pub(crate) fn most_saved(session: &Session) -> Option<usize> {
    let saved = figure_of(session, SAVE_NAME, |config| config.save_limit);
    most(session).into_iter().chain(saved).min()
}

fn figure_of(session: &Session, name: &str, of: fn(&Config) -> Option<MessageLimit>) -> Option<usize> {
    let is_told = |limit: &MessageLimit| !is_hidden(session, &format!("{name}{}", limit.0));
    let limit = of(&session.context.config).filter(is_told)?;
    usize::try_from(limit.0).ok()
}

/// A command that did not get to all of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partial {
    most: usize,
    /// The lowest UID that it got to.
    lowest: u32,
}

impl Partial {
    /// `MESSAGELIMIT 1000 23221`
    pub(crate) fn code(self) -> String {
        format!("MESSAGELIMIT {} {}", self.most, self.lowest)
    }

    /// Concludes a command that succeeded: the code stands in its tagged reply, or, where that has one already, in an
    /// untagged NO before it (RFC 9738 3.1).
    pub(crate) fn conclude(this: Option<Self>, session: &mut Session, done: Done) -> Done {
        let Some(partial) = this else { return done };
        if done.code.is_none() {
            return done.with_code(partial.code());
        }
        let out = &mut session.connection.out;
        out.raw(b"* NO [").raw(partial.code()).raw(b"] ").say("Not all messages were reached").crlf();
        done
    }
}

/// Leaves of a command's messages, which ascend, as many as it may work on: the highest.
pub(crate) fn cut<T>(most: Option<usize>, messages: &mut Vec<T>, uid: impl Fn(&T) -> u32) -> Option<Partial> {
    let most = most?;
    let beyond = messages.len().checked_sub(most).filter(|beyond| *beyond > 0)?;
    messages.drain(..beyond);
    Some(Partial { most, lowest: messages.first().map_or(0, uid) })
}

/// Refuses what is to be done whole and cannot be.
pub(crate) fn refused(most: usize) -> Done {
    Done::refused(format!("MESSAGELIMIT {most}"), "Too many messages at once, take fewer")
}

/// Refuses a COPY of too many, and tells up to where it could have gone.
pub(crate) fn may_save(session: &Session, uids: &[Uid]) -> Result<(), Done> {
    let Some(most) = most_saved(session) else { return Ok(()) };
    let reached = cut(Some(most), &mut uids.to_vec(), |uid| uid.0);
    match reached {
        Some(partial) => Err(Done::refused(partial.code(), "Too many messages at once, take fewer")),
        None => Ok(()),
    }
}

/// ` uid`: a UID above or below it (RFC 9738 3.2).
fn key(cursor: &mut Cursor<'_>, after: bool) -> Parsed<SearchKey> {
    cursor.space()?;
    Ok(SearchKey::Extended(Arc::new(Side { after, uid: cursor.nz_number()? })))
}

#[derive(Debug)]
struct Side {
    after: bool,
    uid: u32,
}

impl Condition for Side {
    fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        Some(self.may_be(facts.uid))
    }

    fn may_be(&self, uid: u32) -> bool {
        if self.after { uid > self.uid } else { uid < self.uid }
    }
}

#[cfg(test)]
mod tests;

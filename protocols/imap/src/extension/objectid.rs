//! OBJECTID (RFC 8474): names of mailboxes, messages and threads that last.
//!
//! MAILBOXID is the collection's number, which RENAME keeps. EMAILID is the message record's, which copies share
//! and MOVE keeps. All of them name the account too, since others' mailboxes are seen as well. THREADID is settled when a message arrives and never changes.

use super::{Extension, When};
use crate::command::search::matching::Facts;
use crate::reply::Failure;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::SearchKey;
use crate::wire::encoder::Output;
use crate::words::{Condition, FetchValue, FetchWord, MailboxPlace, SearchWord, StatusWord};
use model::{AccountId, ItemId};
use std::sync::Arc;

pub(super) const EXTENSION: Extension = Extension {
    name: "OBJECTID",
    rfc: "RFC 8474",
    capability: Some("OBJECTID"),
    when: When::LoggedIn,
    fetch: &[
        FetchWord {
            name: "EMAILID",
            argument: None,
            asked: None,
            value: FetchValue::Row(|out, account, row| {
                out.raw(format!("(M{account}-{})", row.message));
            }),
        },
        FetchWord {
            name: "THREADID",
            argument: None,
            asked: None,
            value: FetchValue::Read(|session, reader, row| {
                Box::pin(async move {
                    let keys = reader.message_keys(&[row]).await?;
                    let thread = keys.first().map_or(row.message, |keys| keys.thread);
                    session.connection.out.raw(format!("(T{}-{thread})", reader.account()));
                    Ok(())
                })
            }),
        },
    ],
    search: &[
        SearchWord { name: "EMAILID", parse: |cursor, _, _| key(cursor, b'M', Which::Email) },
        SearchWord { name: "THREADID", parse: |cursor, _, _| key(cursor, b'T', Which::Thread) },
    ],
    status: &[StatusWord { name: "MAILBOXID", asked: None, value: |out, id, _| mailbox_id(out, id) }],
    selected: Some(|out, id, _| {
        out.raw(b"* OK [MAILBOXID ");
        mailbox_id(out, id);
        out.raw(b"] Its name for good").crlf();
    }),
    codes: &["MAILBOXID"],
    ..Extension::PLAIN
};

/// `(F7-5)`
pub(crate) fn mailbox_id(out: &mut Output, (account, id): MailboxPlace) {
    out.raw(format!("(F{account}-{id})"));
}

/// Which name is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Email,
    Thread,
}

/// ` M123`; what was never given as a name finds nothing (RFC 8474 6).
fn key(cursor: &mut Cursor<'_>, letter: u8, which: Which) -> Parsed<SearchKey> {
    cursor.space()?;
    let text = cursor.text()?;
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.is_empty() || text.len() > 255 || !text.bytes().all(valid) {
        return Err(Failure::Bad("Expected an object id"));
    }
    let named = text.strip_prefix(char::from(letter)).and_then(|rest| rest.split_once('-'));
    let id = named
        .and_then(|(account, item)| Some((AccountId(account.parse().ok()?), ItemId(item.parse().ok()?))));
    Ok(SearchKey::Extended(Arc::new(Named { which, id })))
}

#[derive(Debug)]
struct Named {
    which: Which,
    /// Whose, and which.
    id: Option<(AccountId, ItemId)>,
}

impl Condition for Named {
    fn asks_thread(&self) -> bool {
        self.which == Which::Thread
    }

    fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        let Some((_, id)) = self.id.filter(|(account, _)| *account == facts.account) else {
            return Some(false);
        };
        match self.which {
            Which::Email => facts.row.map(|row| row.message == id),
            Which::Thread => facts.thread.map(|thread| thread == id),
        }
    }
}

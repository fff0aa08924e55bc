//! XLIST: what Gmail had before RFC 6154, for the clients that know nothing else. LIST with special uses, whose
//! names differ in two places, and INBOX marked.

use super::{Extension, When};
use crate::command::list::{Listing, attribute, names, patterns};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::list as grammar;
use store::INBOX;

pub(super) const EXTENSION: Extension = Extension {
    name: "XLIST",
    rfc: "RFC 6154 (its ancestor)",
    capability: Some("XLIST"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "XLIST",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let list = grammar::parse_lsub(&mut cursor)?;
    cursor.end()?;
    if list.asks_delimiter() {
        // As with LIST, an empty pattern asks for the delimiter.
        session.connection.out.raw(b"* XLIST (\\Noselect) \"/\" \"\"").crlf();
        return Ok(Done::told("XLIST completed"));
    }
    let Listing { names, .. } = names(session, false).await?;
    let patterns = patterns(&list);
    for (place, name) in &names {
        let Some(row) = name.row.as_ref().filter(|_| patterns.iter().any(|it| it.matches(&place.path)))
        else {
            continue;
        };
        let children = if name.has_children { "\\HasChildren" } else { "\\HasNoChildren" };
        let special = match attribute(row) {
            Some("\\All") => " \\AllMail",
            Some("\\Junk") => " \\Spam",
            Some("\\Flagged") => " \\Starred",
            Some("\\Archive") => " \\Archive",
            Some("\\Drafts") => " \\Drafts",
            Some("\\Sent") => " \\Sent",
            Some("\\Trash") => " \\Trash",
            _ if place.path == INBOX => " \\Inbox",
            _ => "",
        };
        let out = &mut session.connection.out;
        out.raw(b"* XLIST (")
            .raw(if name.closed { "\\Noselect " } else { "" })
            .raw(children)
            .raw(special)
            .raw(b") \"/\" ")
            .mailbox(&place.path)
            .crlf();
        session.connection.flush_if_large().await?;
    }
    Ok(Done::told("XLIST completed"))
}

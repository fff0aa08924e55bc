//! LSUB (RFC 3501 6.3.9), for clients of IMAP4rev1.

use super::list::{Listing, Pattern, attribute, names, patterns};
use super::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::list as grammar;
use store::DELIMITER;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "LSUB",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let list = grammar::parse_lsub(&mut cursor)?;
    cursor.end()?;
    let Listing { names, .. } = names(session, true).await?;
    let patterns = patterns(&list);
    for (place, name) in &names {
        if !patterns.iter().any(|pattern| pattern.matches(&place.path)) {
            continue;
        }
        let stem = format!("{}{DELIMITER}", place.path);
        let below = || names.iter().any(|(other, name)| name.subscribed && other.path.starts_with(&stem));
        let attributes = if name.subscribed {
            name.row.as_ref().and_then(attribute).unwrap_or_default()
        } else if patterns.iter().any(Pattern::has_percent) && below() {
            // RFC 3501 6.3.9: the stem of a subscribed name, where `%` stops above it.
            "\\Noselect"
        } else {
            continue;
        };
        let out = &mut session.connection.out;
        out.raw(b"* LSUB (").raw(attributes).raw(b") \"/\" ").mailbox(&place.path).crlf();
        session.connection.flush_if_large().await?;
    }
    Ok(Done::told("LSUB completed"))
}

//! RENAME (RFC 9051 6.3.6).

use super::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::place::{composed, is_stem};
use crate::wire::decoder::cursor::Cursor;
use model::{Error, Rights};
use store::{DELIMITER, INBOX};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "RENAME",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let from = cursor.mailbox()?;
    cursor.space()?;
    let to = cursor.mailbox()?;
    cursor.end()?;
    let to = to.strip_suffix(DELIMITER).unwrap_or(&to);
    if to.eq_ignore_ascii_case(INBOX) {
        return Err(Failure::No(Some("ALREADYEXISTS"), "INBOX is there already"));
    }
    if is_stem(to) {
        return Err(Failure::No(Some("CANNOT"), "That name stands for others' mailboxes"));
    }
    let (source, mut target) = (session.place(&from).await?, session.place(to).await?);
    if source == target && from != to {
        // From another spelling to the one that names are kept in.
        target.path = composed(&target.path).into_owned();
        target.name = composed(&target.name).into_owned();
    }
    if source.account != target.account {
        return Err(Failure::No(Some("CANNOT"), "A mailbox stays in its account; copy the messages"));
    }
    let mut writer = session.writer_of(source.account).await?;
    match writer.rename_mailbox(&source.path, &target.path).await {
        Err(Error::Conflict) => {
            return Err(Failure::No(Some("CANNOT"), "A mailbox cannot move into itself"));
        }
        renamed => renamed?,
    }
    let renamed = writer.open_mailbox(&target.path, Rights::empty()).await;
    let subscribed = renamed.is_ok_and(|renamed| renamed.row().subscribed && session.is_own(source.account));
    let proof = writer.commit(()).await?;
    if session.rev2 {
        tell_renamed(session, &from, &target.name, subscribed);
    }
    Ok(Done::changed(&proof, "RENAME completed"))
}

/// `* LIST () "/" to ("OLDNAME" ("from"))`: which name became which (RFC 9051 6.3.9.7), and whether it is subscribed to
/// by that (6.3.4, 6.3.6).
pub(super) fn tell_renamed(session: &mut Session, from: &str, to: &str, subscribed: bool) {
    let out = &mut session.connection.out;
    out.raw(b"* LIST (").raw(if subscribed { "\\Subscribed" } else { "" }).raw(b") \"/\" ").mailbox(to);
    out.raw(b" (\"OLDNAME\" (").mailbox(from).raw(b"))").crlf();
}

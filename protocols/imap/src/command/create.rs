//! CREATE (RFC 9051 6.3.4).

use super::{Sequences, States, Verb};
use crate::extension;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::place::is_stem;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::select::options;
use store::{DELIMITER, INBOX, NewCollection};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "CREATE",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    let mut new = NewCollection::default();
    options(&mut cursor, || extension::ALL.iter().map(|it| it.create), &mut new)?;
    cursor.end()?;
    // RFC 9051 6.3.4: a delimiter at the end says that names will be made below it; it is no part of the name.
    let name = name.strip_suffix(DELIMITER).unwrap_or(&name);
    if name.eq_ignore_ascii_case(INBOX) {
        return Err(Failure::No(Some("ALREADYEXISTS"), "INBOX is there already"));
    }
    if is_stem(name) {
        return Err(Failure::No(Some("CANNOT"), "That name stands for others' mailboxes"));
    }
    let place = session.place(name).await?;
    let mut writer = session.writer_of(place.account).await?;
    writer.create_mailbox(&place.path, new).await?;
    let proof = writer.commit(()).await?;
    Ok(Done::changed(&proof, "CREATE completed"))
}

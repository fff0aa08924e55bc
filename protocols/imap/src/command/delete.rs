//! DELETE (RFC 9051 6.3.5). A mailbox with others in it is refused, so that no name becomes a mere stem.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::Error;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "DELETE",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    let mut writer = session.writer().await?;
    let removed = match writer.remove_mailbox(&name).await {
        Err(Error::Conflict) => {
            return Err(Failure::No(Some("HASCHILDREN"), "Delete the mailboxes in it first"));
        }
        removed => removed?,
    };
    let proof = writer.commit(()).await?;
    if session.selected.as_ref().is_some_and(|selected| selected.mailbox.id() == removed) {
        session.selected = None;
        session.connection.out.raw(b"* OK [CLOSED] The open mailbox was deleted").crlf();
    }
    Ok(Done::changed(&proof, "DELETE completed"))
}

//! DELETE (RFC 9051 6.3.5). A mailbox with others in it is refused, so that no name becomes a mere stem.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::Error;
use store::{Collection, Mailbox};

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
    let place = session.place(&name).await?;
    let mut writer = session.writer_of(place.account).await?;
    let removed = match writer.remove_mailbox(&place.path).await {
        Err(Error::Conflict) => {
            return Err(Failure::No(Some("HASCHILDREN"), "Delete the mailboxes in it first"));
        }
        removed => removed?,
    };
    let proof = writer.commit(()).await?;
    let was_open =
        |mailbox: &Collection<Mailbox>| (mailbox.account(), mailbox.id()) == (place.account, removed);
    if session.selected.as_ref().is_some_and(|selected| was_open(&selected.mailbox)) {
        session.selected = None;
        session.connection.out.raw(b"* OK [CLOSED] ").say("The open mailbox was deleted").crlf();
    }
    if session.rev2 && place.name != name {
        // RFC 9051 6.3.9.7: another spelling was asked for.
        let out = &mut session.connection.out;
        out.raw(b"* LIST (\\NonExistent) \"/\" ").mailbox(&place.name);
        out.raw(b" (\"OLDNAME\" (").mailbox(&name).raw(b"))").crlf();
    }
    Ok(Done::changed(&proof, "DELETE completed"))
}

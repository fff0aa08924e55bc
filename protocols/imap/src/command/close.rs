//! CLOSE (RFC 9051 6.4.1): expunges without telling, then closes.

use super::expunge::{deleted, remove};
use super::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::Rights;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "CLOSE",
    uid: false,
    states: States::SELECTED,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    let selected = session.selected()?;
    let mailbox = selected.mailbox.clone();
    if selected.read_only || !mailbox.rights().contains(Rights::EXPUNGE) {
        session.selected = None;
        return Ok(Done::told("CLOSE completed"));
    }
    let uids = deleted(session).await?;
    let proof = remove(session, &mailbox, &uids).await?;
    session.selected = None;
    // RFC 7162 3.2.8: not the state, which the client could take for that of another mailbox.
    Ok(Done::changed(&proof, "CLOSE completed"))
}

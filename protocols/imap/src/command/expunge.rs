//! EXPUNGE (RFC 9051 6.4.3); the EXPUNGE replies are told by the dispatcher, as for every removal.

use super::select::writable;
use super::{Sequences, States, Verb};
use crate::extension::notify;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;
use model::{SystemFlags, Uid};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "EXPUNGE",
    uid: false,
    states: States::SELECTED,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.end()?;
    expunge(session, None).await
}

/// Removes what carries \Deleted: everywhere, or among these UIDs (RFC 4315 2.1).
pub(crate) async fn expunge(session: &mut Session, set: Option<&SequenceSet>) -> Outcome {
    notify::tell_once(session);
    let selected = session.selected()?;
    writable(selected)?;
    let mailbox = selected.mailbox.clone();
    let uids = match set {
        Some(set) => selected.choose(set, true)?.into_iter().map(|(_, uid)| uid).collect(),
        None => deleted(session).await?,
    };
    let mut writer = session.selected_writer().await?;
    let work = async {
        let gone = writer.expunge(&mailbox, &uids).await?;
        writer.commit(gone).await
    };
    let proof = session.patiently(work).await??;
    let done = Done::changed(&proof, "EXPUNGE completed");
    Ok(if proof.is_empty() { done } else { session.with_state(done, proof.modseq()) })
}

/// UIDs of messages with \Deleted, without reading a row of any other.
pub(super) async fn deleted(session: &mut Session) -> Result<Vec<Uid>, Failure> {
    let (_, table) = session.latest().await?;
    Ok(table.flagged(SystemFlags::DELETED))
}

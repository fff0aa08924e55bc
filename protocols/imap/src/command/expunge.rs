//! EXPUNGE (RFC 9051 6.4.3); the EXPUNGE replies are told by the dispatcher, as for every removal.

use super::select::writable;
use super::{Sequences, States, Verb, pages};
use crate::extension::messagelimit::{self, Partial};
use crate::extension::notify;
use crate::limits::CHANGE_PAGE_COUNT;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;
use model::{Error, SystemFlags, Uid};
use store::{Collection, Committed, Mailbox};

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
    let (uids, partial) = match set {
        Some(set) => {
            let chosen = selected.choose(set, true)?;
            let deleted = deleted(session).await?;
            let mut uids: Vec<Uid> = chosen
                .into_iter()
                .map(|(_, uid)| uid)
                .filter(|uid| deleted.binary_search(uid).is_ok())
                .collect();
            let partial = messagelimit::cut(messagelimit::most(session), &mut uids, |uid| uid.0);
            (uids, partial)
        }
        // RFC 9738 3.1: without a set it is not bounded.
        None => (deleted(session).await?, None),
    };
    let proof = remove(session, &mailbox, &uids).await?;
    let done = Done::changed(&proof, "EXPUNGE completed");
    let done = if *proof == 0 { done } else { session.with_state(done, proof.modseq()) };
    Ok(Partial::conclude(partial, session, done))
}

/// Removes those of the messages that carry \Deleted, durably, page by page; how many went.
pub(super) async fn remove(
    session: &mut Session,
    mailbox: &Collection<Mailbox>,
    uids: &[Uid],
) -> Result<Committed<usize>, Failure> {
    let (mut count, mut done_count, mut proof) = (0, 0, None);
    for page in pages(uids, CHANGE_PAGE_COUNT) {
        let mut writer = session.selected_writer().await?;
        let work = async {
            let gone = writer.expunge(mailbox, page).await?.len();
            writer.commit(gone).await
        };
        let done = session.patiently_on((done_count, uids.len()), work).await??;
        done_count += page.len();
        let gone = *done;
        count += gone;
        let done = done.map(|_| count);
        // The state is that of the last page which changed something.
        if gone > 0 || proof.is_none() {
            proof = Some(done);
        }
    }
    Ok(proof.ok_or(Error::Unavailable)?)
}

/// UIDs of messages with \Deleted, without reading a row of any other.
pub(super) async fn deleted(session: &mut Session) -> Result<Vec<Uid>, Failure> {
    let (_, table) = session.latest().await?;
    Ok(table.flagged(SystemFlags::DELETED))
}

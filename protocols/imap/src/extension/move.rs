//! MOVE (RFC 6851): copy, tell, remove, in one commit; a message is never in both mailboxes or in neither.

use super::{Extension, When, notify};
use crate::command::copy::{arguments, copy, copy_code, target};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::{Rights, Uid};

pub(super) const EXTENSION: Extension = Extension {
    name: "MOVE",
    rfc: "RFC 6851",
    capability: Some("MOVE"),
    when: When::LoggedIn,
    commands: &[
        Verb {
            name: "MOVE",
            uid: false,
            states: States::SELECTED,
            sequences: Sequences::Free,
            run: |session, cursor| Box::pin(run(session, cursor, false)),
        },
        Verb {
            name: "MOVE",
            uid: true,
            states: States::SELECTED,
            sequences: Sequences::Free,
            run: |session, cursor| Box::pin(run(session, cursor, true)),
        },
    ],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    let (uids, name) = arguments(session, &mut cursor, by_uid)?;
    let selected = session.selected()?;
    if selected.read_only {
        return Err(Failure::No(Some("READ-ONLY"), "The mailbox is read-only"));
    }
    let from = selected.mailbox.clone();
    notify::tell_once(session);
    let (mut writer, to) = target(session, &name).await?;
    let proof = if from.account() == to.account() {
        let work = async {
            let pairs = writer.move_messages(&from, &to, &uids).await?;
            writer.commit(pairs).await
        };
        session.patiently(work).await??
    } else {
        // Two accounts, two commits: what is cut off between them is in both, never in neither.
        from.need(Rights::READ | Rights::DELETE | Rights::EXPUNGE)?;
        let copied = copy(session, writer, (&from, &to), &uids).await?;
        let mut source = session.writer_of(from.account()).await?;
        let gone: Vec<Uid> = copied.iter().map(|(old, _)| *old).collect();
        source.remove_messages(&from, &gone).await?;
        source.commit(()).await?.map(|()| copied.into_inner())
    };
    // RFC 6851 4.3: COPYUID comes before the EXPUNGE replies, in an untagged OK.
    if let Some(code) = copy_code(to.row().uid_validity, &proof) {
        session.connection.out.raw(b"* OK [").raw(code).raw(b"] ").say("Moved").crlf();
    }
    let done = Done::changed(&proof, "MOVE completed");
    Ok(match (proof.is_empty(), by_uid) {
        (false, _) => session.with_state(done, proof.modseq()),
        // RFC 5530: what was named by number has gone, and that is not told yet.
        (true, false) if !uids.is_empty() => done.with_code("EXPUNGEISSUED"),
        (true, _) => done,
    })
}

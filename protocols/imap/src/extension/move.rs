//! MOVE (RFC 6851): copy, tell, remove, in one commit; a message is never in both mailboxes or in neither. Many
//! messages are moved page by page (RFC 6851 3.3: each is moved or is not).

use super::messagelimit::{self, Partial};
use super::{Extension, When, notify};
use crate::command::copy::{arguments, copy, copy_code, target};
use crate::command::{Sequences, States, Verb, pages};
use crate::limits::{CHANGE_PAGE_COUNT, MOVE_AWAY_PAGE_COUNT};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::{Error, Rights, Uid};
use store::{Collection, Committed, Mailbox};

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
    let (mut uids, name) = arguments(session, &mut cursor, by_uid)?;
    let partial = messagelimit::cut(messagelimit::most(session), &mut uids, |uid| uid.0);
    let selected = session.selected()?;
    if selected.read_only {
        return Err(Failure::No(Some("READ-ONLY"), "The mailbox is read-only"));
    }
    let from = selected.mailbox.clone();
    notify::tell_once(session);
    let mut moved = Moved::default();
    let outcome = move_all(session, &from, &name, &uids, &mut moved).await;
    // RFC 6851 4.3: COPYUID comes before the EXPUNGE replies, in an untagged OK; what was moved before a failure too.
    if let Some(code) = moved.to.as_ref().and_then(|to| copy_code(to, &moved.pairs)) {
        session.connection.out.raw(b"* OK [").raw(code).raw(b"] ").say("Moved").crlf();
    }
    let proof = outcome?;
    let done = Done::changed(&proof, "MOVE completed");
    let done = match (moved.pairs.is_empty(), by_uid) {
        (false, _) => session.with_state(done, proof.modseq()),
        // RFC 5530: what was named by number has gone, and that is not told yet.
        (true, false) if !uids.is_empty() => done.with_code("EXPUNGEISSUED"),
        (true, _) => done,
    };
    Ok(Partial::conclude(partial, session, done))
}

/// What has been moved.
#[derive(Default)]
struct Moved {
    pairs: Vec<(Uid, Uid)>,
    /// The target, when it was opened.
    to: Option<Collection<Mailbox>>,
}

/// Moves page by page; the proof is that of the last page which moved something.
async fn move_all(
    session: &mut Session,
    from: &Collection<Mailbox>,
    name: &str,
    uids: &[Uid],
    moved: &mut Moved,
) -> Result<Committed<()>, Failure> {
    let (_, to) = target(session, name).await?;
    moved.to = Some(to.clone());
    let is_near = from.account() == to.account();
    let (mut done_count, mut proof) = (0, None);
    for page in pages(uids, if is_near { CHANGE_PAGE_COUNT } else { MOVE_AWAY_PAGE_COUNT }) {
        let done = move_page(session, (from, &to, name), page, (done_count, uids.len())).await?;
        done_count += page.len();
        let is_empty = done.is_empty();
        let done = done.map(|pairs| moved.pairs.extend(pairs));
        if !is_empty || proof.is_none() {
            proof = Some(done);
        }
    }
    Ok(proof.ok_or(Error::Unavailable)?)
}

async fn move_page(
    session: &mut Session,
    (from, first, name): (&Collection<Mailbox>, &Collection<Mailbox>, &str),
    uids: &[Uid],
    so_far: (usize, usize),
) -> Result<Committed<Vec<(Uid, Uid)>>, Failure> {
    let (mut writer, to) = target(session, name).await?;
    if to.id() != first.id() {
        // Another one has got the name since.
        return Err(Failure::Store(Error::Conflict));
    }
    if from.account() == to.account() {
        let work = async {
            let pairs = writer.move_messages(from, &to, uids).await?;
            writer.commit(pairs).await
        };
        return Ok(session.patiently_on(so_far, work).await??);
    }
    // Two accounts, two commits: what is cut off between them is in both, never in neither.
    from.need(Rights::READ | Rights::DELETE | Rights::EXPUNGE)?;
    let copied = copy(session, writer, (from, &to), uids).await?;
    let mut source = session.writer_of(from.account()).await?;
    let gone: Vec<Uid> = copied.iter().map(|(old, _)| *old).collect();
    source.remove_messages(from, &gone).await?;
    Ok(source.commit(()).await?.map(|()| copied.into_inner()))
}

//! COPY and UID COPY (RFC 9051 6.4.7), with the COPYUID of UIDPLUS; MOVE shares it.

use super::{Sequences, States, Verb};
use crate::extension::messagelimit;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;
use crate::wire::encoder::Output;
use model::{Error, Rights, Uid};
use store::{Collection, Committed, Mailbox, Writer};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "COPY",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, false)),
    },
    Verb {
        name: "COPY",
        uid: true,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, true)),
    },
];

/// Reads the arguments: which UIDs, and where to.
pub(crate) fn arguments(
    session: &mut Session,
    cursor: &mut Cursor<'_>,
    by_uid: bool,
) -> Result<(Vec<Uid>, String), Failure> {
    cursor.space()?;
    let set = SequenceSet::parse(cursor)?;
    cursor.space()?;
    let target = cursor.mailbox()?;
    cursor.end()?;
    let chosen = session.selected()?.choose(&set, by_uid)?;
    Ok((chosen.into_iter().map(|(_, uid)| uid).collect(), target))
}

/// The mailbox to copy or append to; one that could be made is told so (RFC 9051 6.4.7).
pub(crate) async fn target(session: &Session, name: &str) -> Result<(Writer, Collection<Mailbox>), Failure> {
    let place = session.place(name).await.map_err(or_create)?;
    let writer = session.writer_of(place.account).await.map_err(or_create)?;
    let mailbox = writer.open_mailbox(&place.path, Rights::INSERT).await;
    let mailbox = mailbox.map_err(|error| or_create(error.into()))?;
    Ok((writer, mailbox))
}

/// What is not there could be made.
pub(crate) fn or_create(failure: Failure) -> Failure {
    match failure {
        Failure::Store(Error::NotFound) => Failure::No(Some("TRYCREATE"), "No such mailbox"),
        other => other,
    }
}

/// Copies, durably, inside an account or out of another one.
pub(crate) async fn copy(
    session: &mut Session,
    mut writer: Writer,
    (from, to): (&Collection<Mailbox>, &Collection<Mailbox>),
    uids: &[Uid],
) -> Result<Committed<Vec<(Uid, Uid)>>, Failure> {
    let source = match from.account() == to.account() {
        true => None,
        false => Some(session.reader_of(from.account()).await?),
    };
    let work = async {
        let pairs = match &source {
            None => writer.copy_messages(from, to, uids).await?,
            Some(source) => writer.copy_from(source, from, to, uids).await?,
        };
        writer.commit(pairs).await
    };
    Ok(session.patiently(work).await??)
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    let (uids, name) = arguments(session, &mut cursor, by_uid)?;
    if let Err(refused) = messagelimit::may_save(session, &uids) {
        return Ok(refused);
    }
    let from = session.selected()?.mailbox.clone();
    let (writer, to) = target(session, &name).await?;
    let proof = copy(session, writer, (&from, &to), &uids).await?;
    session.note_made(&to, proof.iter().map(|(_, new)| *new));
    let done = Done::changed(&proof, "COPY completed");
    Ok(match code(&to, uids.len(), &proof, by_uid) {
        Some(code) => done.with_code(code),
        None => done,
    })
}

/// The code of COPY and MOVE: the new UIDs, or that what was named by number has gone (RFC 5530); UIDs that are
/// not there are passed over without a word (RFC 9051 6.4.9).
fn code(to: &Collection<Mailbox>, asked: usize, pairs: &[(Uid, Uid)], by_uid: bool) -> Option<String> {
    let is_gone = pairs.is_empty() && asked > 0 && !by_uid;
    copy_code(to, pairs).or_else(|| is_gone.then(|| "EXPUNGEISSUED".to_owned()))
}

/// `COPYUID validity old new` (RFC 4315 3); none when nothing was copied, nor for whoever may not open the mailbox,
/// which it would tell of (RFC 9051 6.4.7).
pub(crate) fn copy_code(to: &Collection<Mailbox>, pairs: &[(Uid, Uid)]) -> Option<String> {
    if pairs.is_empty() || !to.rights().contains(Rights::READ) {
        return None;
    }
    let mut out = Output::default();
    out.raw(b"COPYUID ").number(to.row().uid_validity.0).raw(b" ");
    out.set(pairs.iter().map(|(old, _)| old.0)).raw(b" ").set(pairs.iter().map(|(_, new)| new.0));
    String::from_utf8(out.bytes().to_vec()).ok()
}

//! COPY and UID COPY (RFC 9051 6.4.7), with the COPYUID of UIDPLUS; MOVE shares it.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;
use crate::wire::encoder::Output;
use model::{Error, Rights, Uid, UidValidity};
use store::{Mailbox, Writer};

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
pub(crate) async fn target(writer: &Writer, name: &str) -> Result<store::Collection<Mailbox>, Failure> {
    writer.open_mailbox(name, Rights::INSERT).await.map_err(|error| match error {
        Error::NotFound => Failure::No(Some("TRYCREATE"), "No such mailbox"),
        other => Failure::Store(other),
    })
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    let (uids, name) = arguments(session, &mut cursor, by_uid)?;
    let from = session.selected()?.mailbox.clone();
    let mut writer = session.writer().await?;
    let to = target(&writer, &name).await?;
    let pairs = writer.copy_messages(&from, &to, &uids).await?;
    let proof = writer.commit(pairs).await?;
    let done = Done::changed(&proof, "COPY completed");
    Ok(match copy_code(to.row().uid_validity, &proof) {
        Some(code) => done.with_code(code),
        None => done,
    })
}

/// `COPYUID validity old new` (RFC 4315 3); none when nothing was copied.
pub(crate) fn copy_code(validity: UidValidity, pairs: &[(Uid, Uid)]) -> Option<String> {
    if pairs.is_empty() {
        return None;
    }
    let mut out = Output::default();
    out.raw(b"COPYUID ").number(validity.0).raw(b" ");
    out.set(pairs.iter().map(|(old, _)| old.0)).raw(b" ").set(pairs.iter().map(|(_, new)| new.0));
    String::from_utf8(out.bytes().to_vec()).ok()
}

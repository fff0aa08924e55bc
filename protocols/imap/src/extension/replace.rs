//! REPLACE (RFC 8508): a message takes the place of another one, which goes in the same commit.

use super::{Extension, When, notify};
use crate::command::append::{Incoming, append_code, is_end, receive};
use crate::command::copy::target;
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use model::{Flags, Rights, SystemFlags, Uid};
use store::{Collection, FlagChange, Mailbox, Writer};

pub(super) const EXTENSION: Extension = Extension {
    name: "REPLACE",
    rfc: "RFC 8508",
    capability: Some("REPLACE"),
    when: When::LoggedIn,
    commands: &[
        Verb {
            name: "REPLACE",
            uid: false,
            states: States::SELECTED,
            sequences: Sequences::Free,
            run: |session, cursor| Box::pin(run(session, cursor, false)),
        },
        Verb {
            name: "REPLACE",
            uid: true,
            states: States::SELECTED,
            sequences: Sequences::Free,
            run: |session, cursor| Box::pin(run(session, cursor, true)),
        },
    ],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    cursor.space()?;
    // RFC 8508 5: `*` is the last message, as everywhere.
    let number = if cursor.eat(b'*') { None } else { Some(cursor.nz_number()?) };
    cursor.space()?;
    let mut incoming = Incoming::new(cursor.mailbox()?);
    let old = old(session, number, by_uid)?;
    let mut rest = cursor.rest().to_vec();
    let message = match Box::pin(receive(session, &mut incoming, &mut rest)).await? {
        Ok(message) => message,
        Err(refused) => return Ok(refused),
    };
    if !is_end(&rest) {
        return Err(Failure::Bad("One message takes the place of one"));
    }
    let from = session.selected()?.mailbox.clone();
    let (mut writer, to) = target(session, incoming.mailbox()).await?;
    let new = writer.append(&to, message).await?;
    let proof = if from.account() == to.account() {
        remove(&mut writer, &from, old).await?;
        writer.commit(vec![new]).await?
    } else {
        // Two accounts, two commits: what is cut off between them is there twice, never lost.
        let added = writer.commit(vec![new]).await?;
        let mut source = session.selected_writer().await?;
        remove(&mut source, &from, old).await?;
        source.commit(()).await?.map(|()| added.into_inner())
    };
    session.note_made(&to, proof.iter().copied());
    notify::tell_once(session);
    // RFC 8508 3.4: the new UID is told before the old message goes.
    if let Some(code) = append_code(&to, &proof) {
        session.connection.out.raw(b"* OK [").raw(code).raw(b"] ").say("Replaced").crlf();
    }
    Ok(session.with_state(Done::changed(&proof, "REPLACE completed"), proof.modseq()))
}

/// As STORE +FLAGS \\Deleted and UID EXPUNGE, with the rights that these need (RFC 8508 3.1).
async fn remove(writer: &mut Writer, from: &Collection<Mailbox>, old: Uid) -> Result<(), Failure> {
    let deleted = FlagChange::Add(Flags { system: SystemFlags::DELETED, ..Flags::default() });
    writer.change_flags(from, &[old], &deleted).await?;
    if writer.expunge(from, &[old]).await?.is_empty() {
        return Err(Failure::No(None, "The message has gone"));
    }
    Ok(())
}

/// The UID of the message that is to go.
fn old(session: &mut Session, number: Option<u32>, by_uid: bool) -> Result<Uid, Failure> {
    let selected = session.selected()?;
    crate::command::select::writable(selected)?;
    // Before anything is received: the new message must not stay beside the old one.
    selected.mailbox.need(Rights::DELETE | Rights::EXPUNGE)?;
    let uids = &selected.view.uids;
    let (uid, missing) = match (number, by_uid) {
        (None, false) => (uids.last().copied(), Failure::Bad("No such message number")),
        (None, true) => (uids.last().copied(), Failure::No(None, "No such message")),
        (Some(number), false) => {
            let place = usize::try_from(number - 1).ok();
            (place.and_then(|place| uids.get(place).copied()), Failure::Bad("No such message number"))
        }
        (Some(uid), true) => (selected.view.index(uid).map(|_| uid), Failure::No(None, "No such message")),
    };
    uid.map(Uid).ok_or(missing)
}

//! CREATE (RFC 9051 6.3.4).

use super::{Sequences, States, Verb};
use crate::command::rename::tell_renamed;
use crate::extension;
use crate::extension::objectid::mailbox_id;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::place::is_stem;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::select::options;
use crate::wire::encoder::Output;
use model::SpecialUse;
use store::{DELIMITER, INBOX, NewCollection, Writer};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "CREATE",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    let mut new = NewCollection::default();
    options(&mut cursor, || extension::ALL.iter().map(|it| it.create), &mut new)?;
    cursor.end()?;
    // RFC 9051 6.3.4: a delimiter at the end says that names will be made below it; it is no part of the name.
    let name = name.strip_suffix(DELIMITER).unwrap_or(&name);
    if name.eq_ignore_ascii_case(INBOX) {
        return Err(Failure::No(Some("ALREADYEXISTS"), "INBOX is there already"));
    }
    if is_stem(name) {
        return Err(Failure::No(Some("CANNOT"), "That name stands for others' mailboxes"));
    }
    let place = session.place(name).await?;
    let mut writer = session.writer_of(place.account).await?;
    if let Some(wanted) = new.special_use {
        // Clients of the owner would file mail there.
        if place.account != session.account()?.1 {
            return Err(Failure::No(Some("USEATTR"), "Only the owner gives a mailbox its use"));
        }
        special_use_is_free(&writer, wanted).await?;
    }
    let made = writer.create_mailbox(&place.path, new).await?;
    let subscribed = made.row().subscribed && session.is_own(place.account);
    let proof = writer.commit(made.id()).await?;
    if session.rev2 && place.name != name {
        // RFC 9051 6.3.9.7: it was made under another name than was asked for.
        tell_renamed(session, name, &place.name, subscribed);
    }
    // RFC 8474 4.1: the new mailbox's name for good.
    let mut code = Output::default();
    code.raw(b"MAILBOXID ");
    mailbox_id(&mut code, (place.account, *proof));
    let code = String::from_utf8_lossy(code.bytes()).into_owned();
    Ok(Done::changed(&proof, "CREATE completed").with_code(code))
}

/// A use is for one mailbox: a second one would make clients choose at random (RFC 6154 3 lets us refuse).
async fn special_use_is_free(writer: &Writer, wanted: SpecialUse) -> Result<(), Failure> {
    let taken = writer.mailboxes().await?.iter().any(|mailbox| mailbox.row.special_use == Some(wanted));
    if taken { Err(Failure::No(Some("USEATTR"), "Another mailbox has that use")) } else { Ok(()) }
}

//! STATUS (RFC 9051 6.3.11): counts kept by the store, no message is looked at.

use super::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::status::{self, StatusItem};
use crate::wire::encoder::Output;
use crate::words::{MailboxPlace, StatusWord};
use model::{CollectionId, Rights};
use std::borrow::Cow;
use store::{CollectionRow, Mailbox, Reader};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "STATUS",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let items = status::parse(&mut cursor)?;
    cursor.end()?;
    asked(session, &items);
    let place = session.place(&name).await?;
    let reader = session.reader_of(place.account).await?;
    let mailbox = reader.open_mailbox(&place.path, Rights::READ).await?;
    let row = reader.row::<Mailbox>(&mailbox).await?;
    let row = as_seen(session, &reader, mailbox.id(), &row, items.contains(&StatusItem::Unseen)).await?;
    let recent = recent(session, &reader, &place.path, &items).await?;
    tell(
        &mut session.connection.out,
        &name,
        &Figures { id: (mailbox.account(), mailbox.id()), row: &row, recent },
        &items,
    );
    Ok(Done::told("STATUS completed"))
}

/// How many messages no session was told of, where that is asked for.
pub(super) async fn recent(
    session: &Session,
    reader: &Reader,
    name: &str,
    items: &[StatusItem],
) -> Result<u64, Failure> {
    if !items.contains(&StatusItem::Recent) {
        return Ok(0);
    }
    let mailbox = reader.open_mailbox(name, Rights::READ).await?;
    Ok(session.context.recent.count(reader, &mailbox).await?)
}

/// A mailbox's record as this principal sees it: where \Seen is each user's own, so is how many messages are without it,
/// which is counted where it is asked for.
pub(crate) async fn as_seen<'r>(
    session: &Session,
    reader: &Reader,
    id: CollectionId,
    row: &'r CollectionRow,
    is_asked_for: bool,
) -> Result<Cow<'r, CollectionRow>, Failure> {
    if !is_asked_for || reader.seer(row).is_none() {
        return Ok(Cow::Borrowed(row));
    }
    let mailbox = reader.open::<Mailbox>(id, Rights::READ).await?;
    let table = session.context.tables.at(reader, &mailbox, None).await?;
    Ok(Cow::Owned(CollectionRow { unseen: table.unseen_count(), ..row.clone() }))
}

/// What asking for items does to the session.
pub(super) fn asked(session: &mut Session, items: &[StatusItem]) {
    for item in items {
        if let StatusItem::Extended(StatusWord { asked: Some(asked), .. }) = item {
            asked(session);
        }
    }
}

/// Where the figures of a mailbox come from.
pub(crate) struct Figures<'a> {
    pub id: MailboxPlace,
    pub row: &'a CollectionRow,
    pub recent: u64,
}

/// `* STATUS name (MESSAGES 3)`
pub(crate) fn tell(out: &mut Output, name: &str, figures: &Figures<'_>, items: &[StatusItem]) {
    let Figures { id, row, recent } = figures;
    out.raw(b"* STATUS ").mailbox(name).raw(b" (");
    let mut separator = "";
    for item in items {
        out.raw(separator).raw(item.name()).raw(b" ");
        separator = " ";
        let value = match item {
            StatusItem::Messages => row.count,
            StatusItem::Recent => *recent,
            StatusItem::UidNext => u64::from(row.uid_next.0),
            StatusItem::UidValidity => u64::from(row.uid_validity.0),
            StatusItem::Unseen => row.unseen,
            StatusItem::Deleted => row.deleted,
            StatusItem::Extended(word) => {
                (word.value)(out, *id, row);
                continue;
            }
        };
        out.number(value);
    }
    out.raw(b")").crlf();
}

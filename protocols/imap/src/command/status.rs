//! STATUS (RFC 9051 6.3.11): counts kept by the store, no message is looked at.

use super::{Sequences, States, Verb};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::status::{self, StatusItem};
use crate::wire::encoder::Output;
use model::Rights;
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
    let reader = session.reader().await?;
    let mailbox = reader.open_mailbox(&name, Rights::READ).await?;
    let row = reader.row::<Mailbox>(&mailbox).await?;
    let recent = recent(session, &reader, &name, &items).await?;
    tell(&mut session.connection.out, &name, (&row, recent), &items);
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

/// `* STATUS name (MESSAGES 3)`
pub(super) fn tell(out: &mut Output, name: &str, (row, recent): (&CollectionRow, u64), items: &[StatusItem]) {
    out.raw(b"* STATUS ").mailbox(name).raw(b" (");
    let mut separator = "";
    for item in items {
        let value = match item {
            StatusItem::Messages => row.count,
            StatusItem::Recent => recent,
            StatusItem::UidNext => u64::from(row.uid_next.0),
            StatusItem::UidValidity => u64::from(row.uid_validity.0),
            StatusItem::Unseen => row.unseen,
            StatusItem::Deleted => row.deleted,
            StatusItem::Size => row.bytes,
            StatusItem::AppendLimit => MESSAGE_BYTES_MAX,
        };
        let name = StatusItem::ALL.iter().find(|(_, known)| known == item).map_or("", |(name, _)| name);
        out.raw(separator).raw(name).raw(b" ").number(value);
        separator = " ";
    }
    out.raw(b")").crlf();
}

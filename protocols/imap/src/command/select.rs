//! SELECT and EXAMINE (RFC 9051 6.3.2, 6.3.3).

use super::list::{self, Name};
use super::{Sequences, States, Verb};
use crate::extension::{self, qresync, uidonly};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::session::selected::{Selected, permanent_flags};
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::select::parameters;
use crate::wire::decoder::sequence::Intervals;
use model::Rights;
use store::{Collection, CollectionRow, Mailbox, Reader};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "SELECT",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, false)),
    },
    Verb {
        name: "EXAMINE",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, true)),
    },
];

/// Rights that change something an open mailbox shows.
const CHANGING: Rights =
    Rights::SEEN.union(Rights::WRITE).union(Rights::INSERT).union(Rights::DELETE).union(Rights::EXPUNGE);

async fn run(session: &mut Session, mut cursor: Cursor<'_>, examine: bool) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    let parameters = parameters(&mut cursor)?;
    cursor.end()?;
    if parameters.resync.is_some() && !session.has(Enabled::QRESYNC) {
        // RFC 7162 3.2.5: it must have been enabled.
        return Err(Failure::Bad("QRESYNC is not enabled"));
    }
    let matched = parameters.resync.as_ref().is_some_and(|resync| resync.matched.is_some());
    uidonly::may_match(session, matched)?;
    // RFC 9051 6.3.2: the mailbox that was open is closed even when this one cannot be opened.
    if session.selected.take().is_some() {
        session.connection.out.raw(b"* OK [CLOSED] ").say("The other mailbox is closed").crlf();
    }
    let place = session.place(&name).await?;
    let reader = session.reader_of(place.account).await?;
    let mailbox = reader.open_mailbox(&place.path, Rights::READ).await?;
    let view = session.context.tables.at(&reader, &mailbox, None).await?;
    let row = reader.row::<Mailbox>(&mailbox).await?;
    let read_only = examine || !mailbox.rights().intersects(CHANGING);
    // RFC 4314 5.2: what is one's own alone does not make a mailbox READ-WRITE; PERMANENTFLAGS tells of it.
    let is_own = reader.seer(&row).is_some();
    let shared = if is_own { CHANGING.difference(Rights::SEEN) } else { CHANGING };
    let told_read_only = examine || !mailbox.rights().intersects(shared);
    let recent = recent(session, &reader, &mailbox, (view.max_uid(), read_only)).await?;
    let selected = Selected {
        mailbox,
        read_only,
        keywords: view.keywords(),
        view,
        told: Vec::new(),
        saved: Intervals::default(),
        recent,
        contexts: Vec::new(),
        made: Vec::new(),
    };
    let name = match session.rev2 {
        false => None,
        true => Some(Named {
            attributes: attributes(session, &reader, &selected.mailbox, &row).await?,
            told: place.name,
            asked: name,
        }),
    };
    tell(session, &selected, &row, name.as_ref());
    if parameters.condstore {
        session.enable_condstore();
    }
    session.selected = Some(Box::new(selected));
    if let Some(resync) = &parameters.resync
        && let Err(failure) = Box::pin(qresync::tell(session, &reader, &row, resync)).await
    {
        // RFC 9051 6.3.2: after a SELECT that failed nothing is selected.
        session.selected = None;
        return Err(failure);
    }
    let done = Done::told(if examine { "EXAMINE completed" } else { "SELECT completed" });
    Ok(done.with_code(if told_read_only { "READ-ONLY" } else { "READ-WRITE" }))
}

/// What IMAP4rev2 tells of an opened mailbox's name.
struct Named {
    attributes: Vec<&'static str>,
    told: String,
    asked: String,
}

/// The attributes that LIST would tell now (RFC 9051 6.3.2).
async fn attributes(
    session: &Session,
    reader: &Reader,
    mailbox: &Collection<Mailbox>,
    row: &CollectionRow,
) -> Result<Vec<&'static str>, Failure> {
    let mut row = row.clone();
    if !session.is_own(mailbox.account()) {
        // What it is for, it is for its owner.
        row.special_use = None;
    }
    let has_children = reader.has_mailboxes(mailbox.id()).await?;
    Ok(list::attributes(&Name { row: Some(row), has_children, ..Name::default() }, false))
}

fn tell(session: &mut Session, selected: &Selected, row: &CollectionRow, name: Option<&Named>) {
    let by_uid = session.has(Enabled::UIDONLY);
    let out = &mut session.connection.out;
    let flags = selected.all_flags();
    out.raw(b"* FLAGS ").flags(&flags).crlf();
    if selected.read_only {
        out.raw(b"* OK [PERMANENTFLAGS ()] ").say("Nothing can be changed").crlf();
    } else {
        permanent_flags(out, &flags, selected.mailbox.rights());
    }
    out.raw(b"* ").number(selected.view.len() as u64).raw(b" EXISTS").crlf();
    if let Some(Named { attributes, told, asked }) = name {
        out.raw(b"* LIST (").raw(attributes.join(" ")).raw(b") \"/\" ").mailbox(told);
        if told != asked {
            // RFC 9051 6.3.2: it has another name than was asked for.
            out.raw(b" (\"OLDNAME\" (").mailbox(asked).raw(b"))");
        }
        out.crlf();
    } else {
        out.raw(b"* ").number(selected.recent_count()).raw(b" RECENT").crlf();
        let first = selected.view.first_unseen().filter(|_| !by_uid);
        if let Some(first) = first {
            let number = first as u64 + 1;
            out.raw(b"* OK [UNSEEN ").number(number).raw(b"] ").say("The first unseen message").crlf();
        }
    }
    out.raw(b"* OK [UIDVALIDITY ").number(row.uid_validity.0).raw(b"] ").say("UIDs are valid").crlf();
    out.raw(b"* OK [UIDNEXT ").number(row.uid_next.0).raw(b"] ").say("The next UID").crlf();
    for also in extension::ALL.iter().filter_map(|it| it.selected) {
        also(out, (selected.mailbox.account(), selected.mailbox.id()), row);
    }
}

/// The UIDs that are \Recent here: EXAMINE leaves them to others (RFC 3501 6.3.2).
async fn recent(
    session: &Session,
    reader: &Reader,
    mailbox: &Collection<Mailbox>,
    (last, read_only): (u32, bool),
) -> Result<Intervals, Failure> {
    let recent = &session.context.recent;
    let first = if read_only {
        recent.first(reader, mailbox).await?
    } else {
        recent.take(reader, mailbox, last.saturating_add(1)).await?
    };
    let some = first <= last && !session.rev2;
    Ok(Intervals(if some { vec![(first, last)] } else { Vec::new() }))
}

/// Only for writing: the mailbox must be open, and not only for reading.
pub(crate) fn writable(selected: &Selected) -> Result<(), Failure> {
    if selected.read_only { Err(Failure::No(Some("READ-ONLY"), "The mailbox is read-only")) } else { Ok(()) }
}

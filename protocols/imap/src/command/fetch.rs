//! FETCH and UID FETCH (RFC 9051 6.4.5).
//!
//! FLAGS and UID come from the shared table, dates and sizes from the rows, structures ready-made from the
//! message records, bodies in windows from the store: each command reads no more than it asks for.

pub(crate) mod body;

use super::{Sequences, States, Verb};
use crate::command::search::result::slice;
use crate::extension::messagelimit::{self, Partial};
use crate::extension::{condstore, qresync};
use crate::limits::{READING_RENEWED_AFTER, ROWS_AT_ONCE, YIELDS_AFTER};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::session::resync::Since;
use crate::session::selected::Chosen;
use crate::session::table::Table;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::fetch::{self as grammar, FetchItem, FetchModifiers, Source};
use crate::wire::decoder::sequence::{Intervals, SequenceSet};
use crate::words::{FetchValue, FetchWord};
use model::{AccountId, Error, Flags, ItemId, Modseq, SystemFlags, Uid};
use std::sync::Arc;
use store::{FlagChange, MessageRecord, MessageRow, Reader};
use tokio::time::Instant;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "FETCH",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Used,
        run: |session, cursor| Box::pin(run(session, cursor, false)),
    },
    Verb {
        name: "FETCH",
        uid: true,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, true)),
    },
];

/// Message records read at a time: their small bodies come with them.
const RECORDS_AT_ONCE: usize = 64;

/// What a FETCH is about.
struct Plan {
    items: Vec<FetchItem>,
    /// Something of it is in the rows.
    rows: bool,
    /// Something of it is in the message records.
    records: bool,
    /// What has gone, and is not told of yet, is told as the client knows it (RFC 2180 4.1.1).
    tells_gone: bool,
    /// The newest state.
    table: Arc<Table>,
    account: AccountId,
    /// UIDs whose \Seen this FETCH has set: their flags are told.
    seen: Vec<u32>,
    /// UIDs that are \Recent in this session.
    recent: Intervals,
    /// The highest UID is told first (RFC 9738 3.1).
    downwards: bool,
}

/// Where a plan reads from. A state of the store costs memory for all that is written behind it, and a client may take
/// its time: a state is held for [`READING_RENEWED_AFTER`] about, and not while bodies are told.
struct Reading {
    held: Option<(Reader, Instant)>,
}

impl Reading {
    fn new(reader: Reader) -> Self {
        Self { held: Some((reader, Instant::now())) }
    }

    /// The reader that is held, or a new one.
    async fn reader(&mut self, session: &Session) -> Result<&Reader, Failure> {
        let held = match self.held.take() {
            Some(held) if held.1.elapsed() < READING_RENEWED_AFTER => held,
            _ => (session.selected_reader().await?, Instant::now()),
        };
        Ok(&self.held.insert(held).0)
    }

    fn let_go(&mut self) {
        self.held = None;
    }
}

/// One message of a FETCH.
struct Target {
    /// Sequence number less one.
    place: usize,
    uid: Uid,
    /// Its place in the newest table; `None` when it has gone from there.
    index: Option<usize>,
    row: Option<MessageRow>,
    record: Option<MessageRecord>,
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    cursor.space()?;
    let set = SequenceSet::parse(&mut cursor)?;
    cursor.space()?;
    let mut items = grammar::parse(&mut cursor)?;
    let modifiers = grammar::modifiers(&mut cursor)?;
    cursor.end()?;
    may_ask(session, &modifiers, by_uid)?;
    let chosen = session.selected()?.choose(&set, by_uid)?;
    let most = messagelimit::most(session);
    if let (Some((first, last)), Some(most)) = (modifiers.partial, most)
        && first.abs_diff(last) >= most as u64
    {
        return Ok(messagelimit::refused(most));
    }
    complete(session, &mut items, &modifiers, by_uid);
    let mut chosen = narrow(session, &set, &modifiers, chosen).await?;
    let partial = messagelimit::cut(most, &mut chosen, |(_, uid)| uid.0);
    let seen = set_seen(session, &items, &chosen).await?;
    let (reader, table) = session.latest().await?;
    let keywords = table.keywords();
    session.tell_keywords(&keywords);
    let source = items.iter().map(FetchItem::source).max().unwrap_or(Source::Table);
    let (rows, records) = (source >= Source::Row, source >= Source::Record);
    let recent = session.selected()?.recent.clone();
    // UID and FLAGS are in the client's view; by UID, EXPUNGE comes with the answer.
    let tells_gone = !by_uid && !rows;
    let downwards = partial.is_some();
    let account = reader.account();
    let plan = Plan { items, rows, records, tells_gone, table, account, seen, recent, downwards };
    let told = tell_all(session, &plan, Reading::new(reader), &chosen).await?;
    let done = Done::told("FETCH completed");
    // RFC 5530: some were removed by others and are not told of yet.
    let done = if told < chosen.len() { done.with_code("EXPUNGEISSUED") } else { done };
    Ok(Partial::conclude(partial, session, done))
}

/// RFC 7162 3.2.6: VANISHED belongs to UID FETCH with CHANGEDSINCE, in a session that enabled QRESYNC.
fn may_ask(session: &Session, modifiers: &FetchModifiers, by_uid: bool) -> Result<(), Failure> {
    let allowed = by_uid && modifiers.changed_since.is_some() && session.has(Enabled::QRESYNC);
    if modifiers.vanished && !allowed {
        return Err(Failure::Bad("VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC"));
    }
    Ok(())
}

/// Items that come along with others, in the order in which they are told.
fn complete(session: &mut Session, items: &mut Vec<FetchItem>, modifiers: &FetchModifiers, by_uid: bool) {
    // RFC 9586 3.3: UIDFETCH names the UID already.
    if by_uid && !items.contains(&FetchItem::Uid) && !session.has(Enabled::UIDONLY) {
        items.insert(0, FetchItem::Uid);
    }
    if modifiers.changed_since.is_some() {
        session.enable_condstore();
    }
    for item in items.iter() {
        if let FetchItem::Extended(FetchWord { asked: Some(asked), .. }) = item {
            asked(session);
        }
    }
    // RFC 7162 3.1.4.1, 3.1.4.2: with CHANGEDSINCE, and with flags that change here.
    let changes = session.has(Enabled::CONDSTORE) && items.iter().any(FetchItem::sets_seen);
    // RFC 7162 3.2.4: a client that keeps states knows messages by UID.
    let is_named = items.contains(&FetchItem::Uid) || session.has(Enabled::UIDONLY);
    if changes && session.has(Enabled::QRESYNC) && !is_named {
        items.insert(0, FetchItem::Uid);
    }
    let modseq = FetchItem::Extended(&condstore::MODSEQ);
    if (modifiers.changed_since.is_some() || changes) && !items.contains(&modseq) {
        items.push(modseq);
    }
    // Short items first: some clients stop reading at the first literal.
    items.sort_by_key(FetchItem::is_bulky);
}

/// Takes what the modifiers leave of the messages, and tells what vanished where that is asked for.
async fn narrow(
    session: &mut Session,
    set: &SequenceSet,
    modifiers: &FetchModifiers,
    chosen: Chosen,
) -> Result<Chosen, Failure> {
    // RFC 9394 3.4: first the range, then what has changed of it.
    let chosen = match modifiers.partial {
        Some(range) => slice(&chosen, range).to_vec(),
        None => chosen,
    };
    match modifiers.changed_since {
        Some(state) => changed_since(session, set, (state, modifiers.vanished), chosen).await,
        None => Ok(chosen),
    }
}

/// Those of the messages that changed since a state; with it what vanished, where that is asked for.
async fn changed_since(
    session: &mut Session,
    set: &SequenceSet,
    (state, vanished): (Modseq, bool),
    chosen: Chosen,
) -> Result<Chosen, Failure> {
    let (reader, table) = session.latest().await?;
    let (mailbox, view) = {
        let selected = session.selected()?;
        (selected.mailbox.clone(), selected.view.clone())
    };
    let since = Since::read(&reader, &mailbox, state).await?;
    if vanished {
        let last = reader.row(&mailbox).await?.uid_next.0.saturating_sub(1);
        let asked = match set {
            SequenceSet::Ranges(ranges) => Intervals::resolve(ranges, last),
            SequenceSet::Saved => session.selected()?.saved.clone(),
        };
        let vanished = since.vanished(&qresync::within(&asked, last), &view, &table, 0);
        if !vanished.0.is_empty() {
            session.connection.out.raw(b"* VANISHED (EARLIER) ").intervals(&vanished.0).crlf();
        }
    }
    let uids: Vec<Uid> =
        chosen.iter().map(|(_, uid)| *uid).filter(|uid| table.index(uid.0).is_some()).collect();
    let changed = since.changed(&reader, &mailbox, &table, &uids).await?;
    Ok(chosen.into_iter().filter(|(_, uid)| changed.binary_search(uid).is_ok()).collect())
}

/// Sets \Seen, durably, where a section without PEEK is asked for; returns which messages it was new to.
async fn set_seen(
    session: &mut Session,
    items: &[FetchItem],
    chosen: &[(usize, Uid)],
) -> Result<Vec<u32>, Failure> {
    if !items.iter().any(FetchItem::sets_seen) || session.selected()?.read_only {
        return Ok(Vec::new());
    }
    let (_, table) = session.latest().await?;
    let unseen =
        |uid: &Uid| table.index(uid.0).is_some_and(|index| !table.flags(index).0.contains(SystemFlags::SEEN));
    let uids: Vec<Uid> = chosen.iter().map(|(_, uid)| *uid).filter(unseen).collect();
    let mailbox = session.selected()?.mailbox.clone();
    if uids.is_empty() || !mailbox.rights().contains(model::Rights::SEEN) {
        return Ok(Vec::new());
    }
    let change = FlagChange::Add(Flags { system: SystemFlags::SEEN, ..Flags::default() });
    let mut writer = session.selected_writer().await?;
    let now = writer.change_flags(&mailbox, &uids, &change).await?;
    let proof = writer.commit(now).await?;
    Ok(proof.iter().map(|(uid, _)| uid.0).collect())
}

/// Tells items of messages that the client did not ask for with FETCH (RFC 5465 5.2); \Seen is not set.
///
/// # Errors
/// `Unavailable`; Gone.
pub(crate) async fn tell_unasked(
    session: &mut Session,
    (reader, table): (&Reader, &Arc<Table>),
    mut items: Vec<FetchItem>,
    chosen: &[(usize, Uid)],
) -> Result<(), Failure> {
    if session.rev2 && !items.contains(&FetchItem::Uid) && !session.has(Enabled::UIDONLY) {
        // RFC 9051 7.5.2
        items.insert(0, FetchItem::Uid);
    }
    items.sort_by_key(FetchItem::is_bulky);
    let source = items.iter().map(FetchItem::source).max().unwrap_or(Source::Table);
    let plan = Plan {
        rows: source >= Source::Row,
        records: source >= Source::Record,
        tells_gone: false,
        table: table.clone(),
        account: reader.account(),
        seen: Vec::new(),
        recent: session.selected()?.recent.clone(),
        downwards: false,
        items,
    };
    for one in chosen.chunks(1) {
        match tell_all(session, &plan, Reading::new(reader.clone()), one).await {
            // What is damaged, or cannot be decoded, is told to whoever asks for it.
            Ok(_) | Err(Failure::Store(Error::Corrupt) | Failure::No(..)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Tells of every message that is still there; returns how many those are.
async fn tell_all(
    session: &mut Session,
    plan: &Plan,
    mut reading: Reading,
    chosen: &[(usize, Uid)],
) -> Result<usize, Failure> {
    let (mut told, mut damaged, mut since) = (0, None, Instant::now());
    let at_once = if plan.records { RECORDS_AT_ONCE } else { ROWS_AT_ONCE };
    let mut left = chosen;
    while !left.is_empty() {
        let chunk;
        (chunk, left) = match plan.downwards {
            true => last(left, at_once),
            false => left.split_at(at_once.min(left.len())),
        };
        let mut targets = targets(session, plan, &mut reading, chunk).await?;
        if plan.downwards {
            targets.reverse();
        }
        for target in targets {
            let (mark, flushes) = (session.connection.out.len(), session.connection.flushes);
            if let Err(failure) = tell(session, plan, &mut reading, &target).await {
                // A reply that was begun is taken back; one that is on its way can only be broken off.
                if flushes != session.connection.flushes {
                    return Err(Failure::Gone);
                }
                session.connection.out.truncate(mark);
                session.selected()?.untell(target.uid);
                if !matches!(failure, Failure::Store(Error::Corrupt)) {
                    return Err(failure);
                }
                // The others are whole; that this one is not is told at the end.
                damaged = Some(failure);
            }
            told += usize::from(target.index.is_some());
            session.connection.flush_if_large().await?;
        }
        // A long answer from memory must not keep other sessions from theirs.
        if since.elapsed() > YIELDS_AFTER {
            tokio::task::yield_now().await;
            since = Instant::now();
        }
    }
    damaged.map_or(Ok(told), Err)
}

/// The last of a list, so many at the most, and what stands before them.
fn last<T>(list: &[T], count: usize) -> (&[T], &[T]) {
    let (before, last) = list.split_at(list.len().saturating_sub(count));
    (last, before)
}

/// Reads what the plan needs of some messages; those that have gone are left out.
async fn targets(
    session: &mut Session,
    plan: &Plan,
    reading: &mut Reading,
    chunk: &[(usize, Uid)],
) -> Result<Vec<Target>, Failure> {
    let mut targets = Vec::with_capacity(chunk.len());
    for &(place, uid) in chunk {
        let index = plan.table.index(uid.0);
        if index.is_some() || plan.tells_gone {
            targets.push(Target { place, uid, index, row: None, record: None });
        }
    }
    if plan.rows {
        let mailbox = session.selected()?.mailbox.clone();
        let uids: Vec<Uid> = targets.iter().map(|target| target.uid).collect();
        let rows = plan.table.rows(reading.reader(session).await?, &mailbox, &uids).await?;
        for (target, row) in targets.iter_mut().zip(rows) {
            // Flags are told as the table has them: with a later MODSEQ the change between would never be told.
            let modseq = |row: &MessageRow| row.modseq.min(plan.table.modseq);
            target.row = row.map(|row| MessageRow { modseq: modseq(&row), ..row });
        }
        targets.retain(|target| target.row.is_some());
    }
    if plan.records {
        let ids: Vec<_> = targets.iter().filter_map(|target| Some(target.row.as_ref()?.message)).collect();
        for (target, record) in targets.iter_mut().zip(records(reading.reader(session).await?, &ids).await?) {
            target.record = record;
        }
    }
    Ok(targets)
}

/// Message records; damaged ones are left out.
async fn records(reader: &Reader, ids: &[ItemId]) -> Result<Vec<Option<MessageRecord>>, Failure> {
    match reader.messages(ids).await {
        Ok(records) => return Ok(records.into_iter().map(Some).collect()),
        Err(Error::Corrupt) => {}
        Err(error) => return Err(error.into()),
    }
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        match reader.message(*id).await {
            Ok(record) => records.push(Some(record)),
            Err(Error::Corrupt) => records.push(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(records)
}

/// One `* n FETCH (...)`.
async fn tell(
    session: &mut Session,
    plan: &Plan,
    reading: &mut Reading,
    target: &Target,
) -> Result<(), Failure> {
    session.begin_fetch(target.place, target.uid.0);
    let mut separator = "";
    let flags_are_new = plan.seen.binary_search(&target.uid.0).is_ok();
    if flags_are_new && !plan.items.contains(&FetchItem::Flags) {
        tell_flags(session, plan, target)?;
        separator = " ";
    }
    for item in &plan.items {
        session.connection.out.raw(separator);
        separator = " ";
        tell_item(session, plan, reading, (target, item)).await?;
    }
    session.connection.out.raw(b")").crlf();
    Ok(())
}

/// `FLAGS (...)`: those of now, or the last ones that the client knows of.
fn tell_flags(session: &mut Session, plan: &Plan, target: &Target) -> Result<(), Failure> {
    let recent = plan.recent.contains(target.uid.0);
    let Some(index) = target.index else {
        let Flags { system, keywords } = session.selected()?.known(target.uid);
        session.connection.out.raw(b"FLAGS ").told_flags(recent, system, &keywords);
        return Ok(());
    };
    let (system, keywords) = plan.table.flags(index);
    session.connection.out.raw(b"FLAGS ").told_flags(recent, system, keywords);
    let selected = session.selected()?;
    // Ahead of the client's view: when that moves on, it is from here that changes count.
    if !Arc::ptr_eq(&plan.table, &selected.view) {
        let known = selected.known(target.uid);
        if (known.system, known.keywords.as_slice()) != (system, keywords) {
            selected.tell(target.uid, system, keywords);
        }
    }
    Ok(())
}

async fn tell_item(
    session: &mut Session,
    plan: &Plan,
    reading: &mut Reading,
    (target, item): (&Target, &FetchItem),
) -> Result<(), Failure> {
    let out = &mut session.connection.out;
    match (item, &target.row, &target.record) {
        (FetchItem::Uid, ..) => {
            out.raw(b"UID ").number(target.uid.0);
        }
        (FetchItem::Flags, ..) => tell_flags(session, plan, target)?,
        (FetchItem::InternalDate, Some(row), _) => {
            out.raw(b"INTERNALDATE ").date_time(row.received);
        }
        (FetchItem::Size, Some(row), _) => {
            out.raw(b"RFC822.SIZE ").number(row.size);
        }
        (FetchItem::Envelope, _, Some(record)) => {
            out.raw(b"ENVELOPE ").raw(&record.envelope);
        }
        (FetchItem::Body, _, Some(record)) => {
            out.raw(b"BODY ").raw(&record.structure);
        }
        (FetchItem::BodyStructure, _, Some(record)) => {
            out.raw(b"BODYSTRUCTURE ").raw(&record.extended_structure);
        }
        (FetchItem::Extended(word), Some(row), record) => {
            out.raw(word.name).raw(b" ");
            match (&word.value, record) {
                (FetchValue::Row(value), _) => value(out, plan.account, row),
                (FetchValue::Read(value), _) => {
                    let reader = reading.reader(session).await?.clone();
                    value(session, &reader, row).await?;
                }
                (FetchValue::Record(value), Some(record)) => {
                    let reader = reading.reader(session).await?.clone();
                    value(session, &reader, row, record).await?;
                }
                _ => return Err(Failure::Store(Error::Corrupt)),
            }
        }
        (_, _, Some(record)) => {
            reading.let_go();
            body::tell(session, record, item).await?;
        }
        _ => return Err(Failure::Store(Error::Corrupt)),
    }
    Ok(())
}

//! STORE and UID STORE (RFC 9051 6.4.6).

use super::select::writable;
use super::{Sequences, States, Verb, pages};
use crate::extension::messagelimit::{self, Partial};
use crate::limits::CHANGE_PAGE_COUNT;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;
use crate::wire::decoder::store::{self as grammar, StoreMode};
use crate::wire::encoder::Output;
use model::{Error, Flags, Modseq, Uid};
use store::{Collection, Committed, FlagChange, Flagged, Mailbox};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "STORE",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Used,
        run: |session, cursor| Box::pin(run(session, cursor, false)),
    },
    Verb {
        name: "STORE",
        uid: true,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, true)),
    },
];

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    cursor.space()?;
    let set = SequenceSet::parse(&mut cursor)?;
    cursor.space()?;
    let modifiers = grammar::modifiers(&mut cursor)?;
    let store = grammar::parse(&mut cursor)?;
    cursor.end()?;
    if modifiers.unchanged_since.is_some() {
        session.enable_condstore();
    }
    let selected = session.selected()?;
    writable(selected)?;
    let chosen = selected.choose(&set, by_uid)?;
    let mailbox = selected.mailbox.clone();
    let mut uids: Vec<Uid> = chosen.iter().map(|(_, uid)| *uid).collect();
    let partial = messagelimit::cut(messagelimit::most(session), &mut uids, |uid| uid.0);
    let change = match store.mode {
        StoreMode::Replace => FlagChange::Replace(store.flags),
        StoreMode::Add => FlagChange::Add(store.flags),
        StoreMode::Remove => FlagChange::Remove(store.flags),
    };
    if let FlagChange::Replace(flags) | FlagChange::Add(flags) = &change {
        session.tell_keywords(&flags.keywords);
    }
    let proof = change_flags(session, &mailbox, uids.clone(), &change, modifiers.unchanged_since).await?;
    let conditional = modifiers.unchanged_since.is_some();
    let how = Telling { by_uid, silent: store.silent, conditional, states: proof.states.clone() };
    let mut now: Vec<_> = proof.flagged.now.iter().collect();
    if partial.is_some() {
        now.reverse();
    }
    for (uid, flags, modseq) in now {
        let told = Told { uid: *uid, flags, modseq: *modseq };
        tell(session, &how, &change, &told).await?;
    }
    let some_gone = proof.flagged.now.len() + proof.flagged.modified.len() < uids.len();
    if some_gone && !by_uid && !conditional && !session.has(Enabled::QRESYNC) {
        tell_gone(session, &how, &change, &uids).await?;
    }
    let done = Done::changed(&proof, "STORE completed");
    if !proof.flagged.modified.is_empty() {
        // RFC 7162 3.1.3: which of them had changed meanwhile.
        let modified: Vec<u32> = session.numbers(&proof.flagged.modified, by_uid)?;
        let mut code = Output::default();
        code.raw(b"MODIFIED ").set(modified);
        let done = Done { text: "Conditional STORE failed", ..done };
        let done = done.with_code(String::from_utf8_lossy(code.bytes()));
        return Ok(Partial::conclude(partial, session, done));
    }
    // RFC 5530: messages that others removed and the client was not told of yet.
    let done = if some_gone { done.with_code("EXPUNGEISSUED") } else { done };
    Ok(Partial::conclude(partial, session, done))
}

/// What STORE did.
struct Stored {
    flagged: Flagged,
    /// The Modseqs of its commits.
    states: Vec<Modseq>,
}

/// Changes flags, durably, page by page. Where one fails, what was changed before it is told as others' changes are.
async fn change_flags(
    session: &mut Session,
    mailbox: &Collection<Mailbox>,
    mut uids: Vec<Uid>,
    change: &FlagChange,
    unchanged_since: Option<Modseq>,
) -> Result<Committed<Stored>, Failure> {
    // Each once, also across pages: the first change would fail the condition of the second.
    uids.sort_unstable();
    uids.dedup();
    let mut stored = Stored { flagged: Flagged::default(), states: Vec::new() };
    let (mut done_count, mut proof) = (0, None);
    for page in pages(&uids, CHANGE_PAGE_COUNT) {
        let mut writer = session.selected_writer().await?;
        let work = async {
            let flagged = writer.change_flags_page(mailbox, page, change, unchanged_since).await?;
            writer.commit(flagged).await
        };
        let done = session.patiently_on((done_count, uids.len()), work).await??;
        done_count += page.len();
        stored.states.push(done.modseq());
        proof = Some(done.map(|flagged| stored.flagged.add(flagged)));
    }
    stored.flagged.allowed()?;
    let proof = proof.ok_or(Error::Unavailable)?;
    Ok(proof.map(|()| stored))
}

/// How what STORE did is told.
struct Telling {
    by_uid: bool,
    silent: bool,
    conditional: bool,
    /// The Modseqs of what was changed.
    states: Vec<Modseq>,
}

/// A message after STORE.
struct Told<'a> {
    uid: Uid,
    flags: &'a Flags,
    modseq: Modseq,
}

/// Tells the change of messages that others removed and the client was not told of yet: its view of them goes on
/// until it is (RFC 2180 4.2), and the code of the answer says that they have gone. Their Modseq is the mailbox's, which
/// is behind none that was told; with QRESYNC, where clients go by Modseqs what vanished, nothing is told of them.
async fn tell_gone(
    session: &mut Session,
    how: &Telling,
    change: &FlagChange,
    uids: &[Uid],
) -> Result<(), Failure> {
    let (_, table) = session.latest().await?;
    // A silent change tells none.
    let modseq = if how.silent { Modseq(0) } else { table.modseq };
    for uid in uids.iter().filter(|uid| table.index(uid.0).is_none()) {
        let known = session.selected()?.known(*uid);
        let Ok(flags) = change.apply(&known) else { continue };
        tell(session, how, change, &Told { uid: *uid, flags: &flags, modseq }).await?;
    }
    Ok(())
}

async fn tell(
    session: &mut Session,
    how: &Telling,
    change: &FlagChange,
    told: &Told<'_>,
) -> Result<(), Failure> {
    let Told { uid, flags, modseq } = *told;
    let with_modseq = session.has(Enabled::CONDSTORE);
    // RFC 9051 7.5.2: a FETCH reply that no FETCH asked for names its UID; RFC 9586 3.3: UIDFETCH does so already.
    let named = how.by_uid || session.rev2 || session.has(Enabled::QRESYNC);
    let with_uid = named && !session.has(Enabled::UIDONLY);
    let selected = session.selected()?;
    let recent = selected.recent.contains(uid.0);
    let Some(place) = selected.view.index(uid.0) else { return Ok(()) };
    if how.silent {
        // RFC 3501 6.4.6: what others changed is told all the same, behind this command.
        let expected = change.apply(&selected.known(uid)).unwrap_or_else(|_| flags.clone());
        selected.tell(uid, expected.system, &expected.keywords);
        // RFC 7162 3.1.3: the new Modseq is told even so.
        if !with_modseq || !how.conditional && !how.states.contains(&modseq) {
            return Ok(());
        }
    } else {
        selected.tell(uid, flags.system, &flags.keywords);
        session.tell_keywords(&flags.keywords);
    }
    let out = session.begin_fetch(place, uid.0);
    let mut separator = "";
    if with_uid {
        out.raw(b"UID ").number(uid.0);
        separator = " ";
    }
    if !how.silent {
        out.raw(separator).raw(b"FLAGS ").told_flags(recent, flags.system, &flags.keywords);
        separator = " ";
    }
    if with_modseq {
        out.raw(separator).modseq(modseq);
    }
    out.raw(b")").crlf();
    session.connection.flush_if_large().await
}

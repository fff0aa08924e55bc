//! STORE and UID STORE (RFC 9051 6.4.6).

use super::select::writable;
use super::{Sequences, States, Verb};
use crate::reply::{Done, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::sequence::SequenceSet;
use crate::wire::decoder::store::{self as grammar, StoreMode};
use model::Uid;
use store::FlagChange;

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
    let _modifiers = grammar::modifiers(&mut cursor)?;
    let store = grammar::parse(&mut cursor)?;
    cursor.end()?;
    let selected = session.selected()?;
    writable(selected)?;
    let chosen = selected.choose(&set, by_uid)?;
    let mailbox = selected.mailbox.clone();
    let uids: Vec<Uid> = chosen.iter().map(|(_, uid)| *uid).collect();
    let change = match store.mode {
        StoreMode::Replace => FlagChange::Replace(store.flags),
        StoreMode::Add => FlagChange::Add(store.flags),
        StoreMode::Remove => FlagChange::Remove(store.flags),
    };
    if let FlagChange::Replace(flags) | FlagChange::Add(flags) = &change {
        session.tell_keywords(&flags.keywords);
    }
    let mut writer = session.selected_writer().await?;
    let now = writer.change_flags(&mailbox, &uids, &change).await?;
    let proof = writer.commit(now).await?;
    let missing = proof.len() < uids.len();
    let mut places = chosen.into_iter();
    for (uid, flags) in proof.iter() {
        let place = places.find(|(_, other)| other == uid);
        let selected = session.selected()?;
        if store.silent {
            // RFC 3501 6.4.6: what others changed is told all the same, behind this command.
            let expected = change.apply(&selected.known(*uid)).unwrap_or_else(|_| flags.clone());
            selected.tell(*uid, expected.system, &expected.keywords);
            continue;
        }
        selected.tell(*uid, flags.system, &flags.keywords);
        let recent = selected.recent.contains(uid.0);
        let Some((place, _)) = place else { continue };
        session.tell_keywords(&flags.keywords);
        let out = &mut session.connection.out;
        out.raw(b"* ").number(place as u64 + 1).raw(b" FETCH (");
        if by_uid {
            out.raw(b"UID ").number(uid.0).raw(b" ");
        }
        out.raw(b"FLAGS ").told_flags(recent, flags.system, &flags.keywords).raw(b")").crlf();
        session.connection.flush_if_large().await?;
    }
    let done = Done::changed(&proof, "STORE completed");
    // RFC 5530: messages that others removed and the client was not told of yet.
    Ok(if missing { done.with_code("EXPUNGEISSUED") } else { done })
}

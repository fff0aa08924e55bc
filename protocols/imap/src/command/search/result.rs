//! Telling what SEARCH found: SEARCH as RFC 3501 has it, ESEARCH as RFC 4731 and 9051 do; and keeping it as `$`.

use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::search::Return;
use crate::wire::decoder::sequence::Intervals;
use model::Modseq;

/// Tells and keeps; `found` are sequence numbers with UIDs, ascending.
pub(super) fn tell(
    session: &mut Session,
    options: Option<Return>,
    found: &[(u32, u32)],
    by_uid: bool,
    modseq: Option<Modseq>,
) -> Result<(), Failure> {
    let number = |&(number, uid): &(u32, u32)| if by_uid { uid } else { number };
    // RFC 9051 6.4.4: with IMAP4rev2 enabled, a SEARCH without RETURN is one with RETURN (ALL).
    let implied = session.rev2.then_some(Return { all: true, ..Return::default() });
    let Some(options) = options.or(implied) else {
        let out = &mut session.connection.out;
        out.raw(b"* SEARCH");
        for entry in found {
            out.raw(b" ").number(number(entry));
        }
        if let Some(modseq) = modseq {
            out.raw(b" (MODSEQ ").number(modseq.0).raw(b")");
        }
        out.crlf();
        return Ok(());
    };
    if options.save {
        session.selected()?.saved = kept(options, found);
        // RFC 5182 2.1: nothing is told where nothing but SAVE was asked for.
        if options == (Return { save: true, ..Return::default() }) {
            return Ok(());
        }
    }
    let tag = session.tag.clone();
    let out = &mut session.connection.out;
    out.raw(b"* ESEARCH (TAG ").string(tag.as_bytes()).raw(b")");
    if by_uid {
        out.raw(b" UID");
    }
    if let (true, Some(first)) = (options.min, found.first()) {
        out.raw(b" MIN ").number(number(first));
    }
    if let (true, Some(last)) = (options.max, found.last()) {
        out.raw(b" MAX ").number(number(last));
    }
    if options.count {
        out.raw(b" COUNT ").number(found.len() as u64);
    }
    if options.all && !found.is_empty() {
        out.raw(b" ALL ").set(found.iter().map(number));
    }
    if let Some(modseq) = modseq {
        out.raw(b" MODSEQ ").number(modseq.0);
    }
    out.crlf();
    Ok(())
}

/// The messages whose Modseqs the answer sums up (RFC 7162 3.1.10): the ends alone, where only they are told.
pub(super) fn spoken_of(options: Option<Return>, found: &[(u32, u32)]) -> Vec<(u32, u32)> {
    match options {
        Some(options) if !(options.all || options.count) && (options.min || options.max) => {
            let first = found.first().filter(|_| options.min);
            let last = found.last().filter(|_| options.max);
            first.into_iter().chain(last).copied().collect()
        }
        _ => found.to_vec(),
    }
}

/// What `$` stands for afterwards (RFC 5182 2.1): all of it, unless only the ends were asked for.
fn kept(options: Return, found: &[(u32, u32)]) -> Intervals {
    let uid = |entry: &(u32, u32)| entry.1;
    if options.all || options.count || !(options.min || options.max) {
        return Intervals::collect(found.iter().map(uid));
    }
    let first = found.first().filter(|_| options.min).map(uid);
    let last = found.last().filter(|_| options.max).map(uid);
    Intervals::collect(first.into_iter().chain(last))
}

//! Telling what SEARCH or SORT found: as RFC 3501 and 5256 have it, or by ESEARCH as RFC 4731, 5267, 9051 and
//! 9394 do; and keeping it as `$`.

use crate::extension::search_fuzzy::{Scores, score};
use crate::reply::Failure;
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::wire::decoder::search::Return;
use crate::wire::decoder::sequence::Intervals;
use crate::wire::encoder::Output;
use model::{Modseq, UidValidity};

/// How a result is told.
pub(crate) struct Telling<'a> {
    /// The name of the reply where no options were given.
    pub word: &'a str,
    /// By UID.
    pub by_uid: bool,
    /// The highest Modseq, where it is to be told.
    pub modseq: Option<Modseq>,
    /// Which mailbox it is of, where that is to be told (RFC 7377 2.1).
    pub mailbox: Option<(&'a str, UidValidity)>,
}

/// Tells and keeps; `found` are sequence numbers with UIDs, in the order of the result.
pub(super) fn tell(
    session: &mut Session,
    options: Option<&Return>,
    found: &[(u32, u32)],
    how: &Telling<'_>,
    scores: &Scores,
) -> Result<(), Failure> {
    let number = |&(number, uid): &(u32, u32)| if how.by_uid { uid } else { number };
    // RFC 9051 6.4.4: with IMAP4rev2 enabled, a SEARCH without RETURN is one with RETURN (ALL).
    let extended = session.rev2 || session.has(Enabled::UIDONLY);
    let all = Return { all: true, ..Return::default() };
    let implied = (extended && how.word == "SEARCH" || how.mailbox.is_some()).then_some(&all);
    let Some(options) = options.or(implied) else {
        let out = &mut session.connection.out;
        out.raw(b"* ").raw(how.word);
        for entry in found {
            out.raw(b" ").number(number(entry));
        }
        if let Some(modseq) = how.modseq {
            out.raw(b" (MODSEQ ").number(modseq.0).raw(b")");
        }
        out.crlf();
        return Ok(());
    };
    if options.save {
        session.selected()?.saved = kept(options, found);
        // RFC 5182 2.1: nothing is told where nothing but SAVE was asked for.
        if *options == (Return { save: true, ..Return::default() }) {
            return Ok(());
        }
    }
    let tag = session.tag.clone();
    let out = &mut session.connection.out;
    correlators(out, &tag, how.mailbox);
    if how.by_uid {
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
        out.raw(b" ALL ").runs(found.iter().map(number));
    }
    if let Some(range) = options.partial {
        out.raw(b" PARTIAL (").raw(format!("{}:{} ", range.0, range.1));
        match slice(found, range) {
            [] => out.raw(b"NIL"),
            some => out.runs(some.iter().map(number)),
        };
        out.raw(b")");
    }
    if options.relevancy {
        let told = options.partial.map_or(found, |range| slice(found, range));
        let list: Vec<String> = told.iter().map(|(_, uid)| score(scores, *uid).to_string()).collect();
        out.raw(b" RELEVANCY (").raw(list.join(" ")).raw(b")");
    }
    if let Some(modseq) = how.modseq {
        out.raw(b" MODSEQ ").number(modseq.0);
    }
    out.crlf();
    Ok(())
}

/// `* ESEARCH (TAG "a" MAILBOX b UIDVALIDITY 1)`: what a reply belongs to.
pub(crate) fn correlators(out: &mut Output, tag: &str, mailbox: Option<(&str, UidValidity)>) {
    out.raw(b"* ESEARCH (TAG ").string(tag.as_bytes());
    if let Some((name, validity)) = mailbox {
        out.raw(b" MAILBOX ").mailbox(name).raw(b" UIDVALIDITY ").number(validity.0);
    }
    out.raw(b")");
}

/// The messages whose Modseqs the answer sums up (RFC 7162 3.1.10): the ends alone, where only they are told.
pub(super) fn spoken_of(options: Option<&Return>, found: &[(u32, u32)]) -> Vec<(u32, u32)> {
    match options {
        Some(Return { partial: Some(range), count: false, .. }) => slice(found, *range).to_vec(),
        Some(options) if !(options.all || options.count) && (options.min || options.max) => {
            let first = found.first().filter(|_| options.min);
            let last = found.last().filter(|_| options.max);
            first.into_iter().chain(last).copied().collect()
        }
        _ => found.to_vec(),
    }
}

/// What `$` stands for afterwards (RFC 5182 2.1): all of it, unless only the ends were asked for, or a part of it
/// (RFC 9394 3.2).
fn kept(options: &Return, found: &[(u32, u32)]) -> Intervals {
    let sorted = |uids: &mut dyn Iterator<Item = u32>| {
        let mut uids: Vec<u32> = uids.collect();
        uids.sort_unstable();
        Intervals::collect(uids)
    };
    let uid = |entry: &(u32, u32)| entry.1;
    let of_part = options.partial.is_some() || options.min || options.max;
    if options.all || options.count || !of_part {
        return sorted(&mut found.iter().map(uid));
    }
    let first = found.first().filter(|_| options.min).map(uid);
    let last = found.last().filter(|_| options.max).map(uid);
    let part = options.partial.map_or(&[][..], |range| slice(found, range));
    sorted(&mut first.into_iter().chain(last).chain(part.iter().map(uid)))
}

/// The part of a list from one place to another, counted from 1 or, below 0, from its end (RFC 9394 3.1).
pub(crate) fn slice<T>(list: &[T], (one, other): (i64, i64)) -> &[T] {
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { length.saturating_add(at).saturating_add(1) } else { at };
    let (first, last) = (place(one.min(other)).max(1), place(one.max(other)).min(length));
    let index = |at: i64| usize::try_from(at).unwrap_or(0);
    if first > last { &[] } else { list.get(index(first - 1)..index(last)).unwrap_or_default() }
}

#[cfg(test)]
mod tests;

//! CONTEXT=SEARCH and CONTEXT=SORT (RFC 5267 4): a search whose result is kept up to date. Whenever the client is
//! told of changes in its open mailbox, it is told as well what came into each result and what left it.
//!
//! A result is kept as UIDs, 4 octets a message. Only what came or changed is judged again; where a message belongs
//! in a sorted result is found by halving, so that no sort key is kept.

use super::search_fuzzy::Scores;
use super::sort::{self, Criterion};
use super::{Extension, When};
use crate::command::search::matching::Test;
use crate::command::search::result;
use crate::command::search::scope::Scope;
use crate::command::search::{Among, Program, find};
use crate::command::{Sequences, States, Verb};
use crate::limits::{UPDATE_COUNT_MAX, UPDATE_MESSAGE_COUNT_MAX};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::table::Table;
use crate::wire::decoder::cursor::{Cursor, Parsed, utf8_of};
use crate::wire::decoder::fetch::{self, FetchItem};
use crate::wire::decoder::search::Return;
use crate::wire::encoder::Output;
use crate::words::OptionWord;
use model::{Uid, UidValidity};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

pub(super) const EXTENSION: Extension = Extension {
    name: "CONTEXT=SEARCH",
    rfc: "RFC 5267",
    capability: Some("CONTEXT=SEARCH"),
    when: When::LoggedIn,
    needs: &["ESEARCH"],
    commands: &[Verb {
        name: "CANCELUPDATE",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(cancel(session, cursor)),
    }],
    search_returns: &[
        OptionWord {
            name: "CONTEXT",
            parse: |_, options| {
                options.context = true;
                Ok(())
            },
        },
        OptionWord { name: "UPDATE", parse: update_option },
    ],
    codes: &["NOUPDATE"],
    ..Extension::PLAIN
};

pub(super) const SORT: Extension = Extension {
    name: "CONTEXT=SORT",
    capability: Some("CONTEXT=SORT"),
    needs: &["ESORT"],
    commands: &[],
    search_returns: &[],
    codes: &[],
    ..EXTENSION
};

/// `UPDATE`, with what is to be told of messages that come (RFC 5465 7): `UPDATE (UID FLAGS)`.
fn update_option(cursor: &mut Cursor<'_>, options: &mut Return) -> Parsed<()> {
    let mut ahead = *cursor;
    let mut items = Vec::new();
    if ahead.eat(b' ') && ahead.peek() == Some(b'(') {
        items = fetch::parse_kept(&mut ahead)?;
        *cursor = ahead;
    }
    match options.update.replace(items.into()) {
        None => Ok(()),
        Some(_) => Err(Failure::Bad("One UPDATE at a time")),
    }
}

/// A search whose result is kept up to date.
pub(crate) struct Context {
    /// Tag of its command, by which the client knows it.
    tag: String,
    by_uid: bool,
    test: Test,
    /// What the result is sorted by; by UID where there is nothing.
    criteria: Box<[Criterion]>,
    /// UIDs in the order of the result.
    members: Vec<u32>,
    /// What is told of messages that come.
    items: Arc<[FetchItem]>,
    /// Which mailbox it is of, where its replies say so.
    mailbox: Option<Arc<Named>>,
}

/// A mailbox as ESEARCH names it (RFC 7377 2.1).
type Named = (String, UidValidity);

/// How a search gives its result.
pub(crate) struct How<'a> {
    /// By UID.
    pub by_uid: bool,
    /// What it is sorted by.
    pub criteria: &'a [Criterion],
    /// The mailbox, where that is to be told.
    pub mailbox: Option<Named>,
}

/// Refuses a tag that is in use (RFC 5267 4.3).
pub(crate) fn may_update(session: &Session, options: Option<&Return>) -> Result<(), Failure> {
    let updates = options.is_some_and(|options| options.update.is_some());
    let known = session.selected.as_ref().map_or(&[][..], |selected| &selected.contexts);
    if updates && known.iter().any(|context| context.tag == session.tag) {
        return Err(Failure::Bad("That tag is in use by a search with UPDATE"));
    }
    Ok(())
}

/// Keeps a result from now on, if that was asked for and there is room (RFC 5267 4.3.1).
pub(crate) async fn begin(
    session: &mut Session,
    program: &Program,
    found: &[(u32, u32)],
    how: How<'_>,
) -> Result<(), Failure> {
    let Some(items) = program.options.as_ref().and_then(|options| options.update.clone()) else {
        return Ok(());
    };
    let scope = session.scope().await?;
    let tag = session.tag.clone();
    let contexts = &mut session.selected()?.contexts;
    // How relevant a message is depends on all others of the result.
    let moves = how.criteria.iter().any(Criterion::is_relevancy);
    if moves || program.partial.is_some() || !has_room(contexts, found.len()) {
        refuse(session, &tag, "Too many searches are kept up to date");
        return Ok(());
    }
    let test = Test::prepare(&program.key, &scope, program.collation);
    let members = found.iter().map(|(_, uid)| *uid).collect();
    let (criteria, mailbox) = (how.criteria.into(), how.mailbox.map(Arc::new));
    contexts.push(Context { tag, by_uid: how.by_uid, test, criteria, members, items, mailbox });
    Ok(())
}

/// Whether another result of so many messages can be kept.
fn has_room(contexts: &[Context], count: usize) -> bool {
    let messages = contexts.iter().map(|context| context.members.len()).sum::<usize>() + count;
    contexts.len() < UPDATE_COUNT_MAX && (contexts.is_empty() || messages <= UPDATE_MESSAGE_COUNT_MAX)
}

/// Keeps no result up to date any more, and says so (RFC 5267 4.3.1): the client asks again if it wants to know.
pub(crate) fn give_up(session: &mut Session, why: &str) -> Result<(), Failure> {
    for context in std::mem::take(&mut session.selected()?.contexts) {
        refuse(session, &context.tag, why);
    }
    Ok(())
}

fn refuse(session: &mut Session, tag: &str, why: &str) {
    let out = &mut session.connection.out;
    out.raw(b"* NO [NOUPDATE ").string(tag.as_bytes()).raw(b"] ").raw(why).crlf();
}

/// `CANCELUPDATE "tag" "tag"` (RFC 5267 4.3.5)
async fn cancel(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let mut tags = Vec::new();
    while tags.is_empty() || !cursor.at_end() {
        cursor.space()?;
        tags.push(utf8_of(cursor.astring()?)?.into_owned());
    }
    cursor.end()?;
    let contexts = &mut session.selected()?.contexts;
    let known = |tag: &String| contexts.iter().any(|context| context.tag == *tag);
    if !tags.iter().all(known) {
        return Err(Failure::No(None, "No search of that tag is kept up to date"));
    }
    contexts.retain(|context| !tags.contains(&context.tag));
    Ok(Done::told("CANCELUPDATE completed"))
}

/// What happens to one result.
#[derive(Default)]
pub(crate) struct Change {
    tag: String,
    by_uid: bool,
    /// Places in the result, counted from 1 or all 0, with UIDs, in the order in which they leave it.
    removed: Vec<(usize, u32)>,
    /// In the same way what comes into it.
    added: Vec<(usize, u32)>,
    /// What is to be told of those that are new in the mailbox.
    pub items: Arc<[FetchItem]>,
    mailbox: Option<Arc<Named>>,
}

impl Change {
    /// Whether a message comes into the result.
    pub(crate) fn adds(&self, uid: u32) -> bool {
        self.added.iter().any(|(_, added)| *added == uid)
    }

    /// `* ESEARCH (TAG "B01") UID REMOVEFROM (0 32768) ADDTO (0 32770)`; numbers as `table` has them.
    pub(crate) fn tell(&self, out: &mut Output, table: &Table) {
        if self.removed.is_empty() && self.added.is_empty() {
            return;
        }
        result::correlators(out, &self.tag, self.mailbox.as_deref().map(|(name, of)| (name.as_str(), *of)));
        if self.by_uid {
            out.raw(b" UID");
        }
        for (word, list) in [(" REMOVEFROM (", &self.removed), (" ADDTO (", &self.added)] {
            if list.is_empty() {
                continue;
            }
            out.raw(word);
            let number = |uid: u32| match self.by_uid {
                true => uid,
                false => table.index(uid).and_then(|place| u32::try_from(place + 1).ok()).unwrap_or(0),
            };
            let mut separator = "";
            // Those at place 0 are one set, as short as it can be.
            for pairs in list.chunk_by(|one, other| one.0 == 0 && other.0 == 0) {
                let place = pairs.first().map_or(0, |(place, _)| *place as u64);
                out.raw(separator).number(place).raw(b" ").runs(pairs.iter().map(|(_, uid)| number(*uid)));
                separator = " ";
            }
            out.raw(b")");
        }
        out.crlf();
    }
}

impl Context {
    fn is_sorted(&self) -> bool {
        !self.criteria.is_empty()
    }

    fn change(&self) -> Change {
        let (tag, items, mailbox) = (self.tag.clone(), self.items.clone(), self.mailbox.clone());
        Change { tag, by_uid: self.by_uid, items, mailbox, ..Change::default() }
    }

    /// Takes messages out of the result; the last ones first, so that no place shifts before it is told.
    fn take_out(&mut self, goes: impl Fn(u32) -> bool) -> Vec<(usize, u32)> {
        let places = self.members.iter().enumerate().map(|(place, uid)| (place + 1, *uid));
        let mut removed: Vec<(usize, u32)> = places.filter(|(_, uid)| goes(*uid)).collect();
        if removed.is_empty() {
            return removed;
        }
        self.members.retain(|uid| !goes(*uid));
        if self.is_sorted() {
            removed.reverse();
        } else {
            removed.iter_mut().for_each(|(place, _)| *place = 0);
        }
        removed
    }

    /// Puts a message where it belongs; returns the place it has then.
    async fn put_in(&mut self, scope: &Scope, uid: u32) -> Result<usize, Failure> {
        if !self.is_sorted() {
            let place = self.members.partition_point(|member| *member < uid);
            self.members.insert(place, uid);
            return Ok(0);
        }
        let of = async |uid: u32| -> Result<_, Failure> {
            Ok(sort::values(scope, &self.criteria, &[Uid(uid)], &Scores::new()).await?.pop().flatten())
        };
        let Some(mine) = of(uid).await? else { return Ok(0) };
        let (mut low, mut high) = (0, self.members.len());
        while low < high {
            let middle = low + (high - low) / 2;
            // What has gone and is not told of yet has its place and nothing to compare: the next one counts.
            let (mut after, mut order) = (middle, Ordering::Greater);
            while let Some(&member) = self.members.get(after).filter(|_| after < high) {
                after += 1;
                if let Some(values) = of(member).await? {
                    order = sort::compare(&self.criteria, &values, &mine).then(member.cmp(&uid));
                    break;
                }
            }
            if order == Ordering::Less { low = after } else { high = middle }
        }
        self.members.insert(low, uid);
        Ok(low + 1)
    }
}

/// Takes what is not in the new table out of every result, and tells of it: before the removals themselves are
/// told, while the old numbers hold (RFC 5267 4.3.4).
pub(crate) fn leave(contexts: &mut [Context], out: &mut Output, old: &Table, new: &Table) {
    for context in contexts {
        let removed = context.take_out(|uid| new.index(uid).is_none());
        Change { removed, ..context.change() }.tell(out, old);
    }
}

/// What comes into the results and leaves them, of messages that came or changed; ascending UIDs.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub(crate) async fn update(
    session: &mut Session,
    scope: &Scope,
    touched: &[u32],
) -> Result<Vec<Change>, Failure> {
    let mut contexts = std::mem::take(&mut session.selected()?.contexts);
    let outcome = update_each(session, scope, &mut contexts, touched).await;
    session.selected()?.contexts = contexts;
    outcome
}

async fn update_each(
    session: &mut Session,
    scope: &Scope,
    contexts: &mut [Context],
    touched: &[u32],
) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for context in contexts {
        let found: HashSet<u32> = find(session, scope, &context.test, Among::Touched(touched))
            .await?
            .0
            .into_iter()
            .map(|(_, uid)| uid)
            .collect();
        let mut change = context.change();
        let leaves = |uid: u32| touched.binary_search(&uid).is_ok() && !found.contains(&uid);
        change.removed = context.take_out(leaves);
        let members: HashSet<u32> = match found.is_empty() {
            true => HashSet::new(),
            false => context.members.iter().copied().collect(),
        };
        for &uid in touched.iter().filter(|uid| found.contains(uid) && !members.contains(uid)) {
            let place = context.put_in(scope, uid).await?;
            if place > 0 || !context.is_sorted() {
                change.added.push((place, uid));
            }
        }
        changes.push(change);
    }
    Ok(changes)
}

#[cfg(test)]
mod tests;

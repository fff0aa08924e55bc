//! SORT (RFC 5256), with ESORT's return options (RFC 5267) and the display names of SORT=DISPLAY (RFC 5957).
//!
//! What messages are sorted by was read at their arrival; no header and no body is opened, unless the client compares
//! texts otherwise than by default (RFC 5255 4).

use super::i18nlevel::Comparator;
use super::search_fuzzy::{self, Scores};
use super::{Extension, When, context};
use crate::command::search::result::Telling;
use crate::command::search::scope::Scope;
use crate::command::search::{Found, Program, found_by, highest_of};
use crate::command::{Sequences, States, Verb};
use crate::limits::{ROWS_AT_ONCE, SORT_KEY_COUNT_MAX};
use crate::reply::{Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search as grammar;
use format::collation::Collation;
use model::Uid;
use std::cmp::Ordering;
use store::{MessageKeys, MessageRow};

pub(super) const EXTENSION: Extension = Extension {
    name: "SORT",
    rfc: "RFC 5256",
    capability: Some("SORT"),
    when: When::LoggedIn,
    commands: &[
        Verb {
            name: "SORT",
            uid: false,
            states: States::SELECTED,
            sequences: Sequences::Used,
            run: |session, cursor| Box::pin(run(session, cursor, false)),
        },
        Verb {
            name: "SORT",
            uid: true,
            states: States::SELECTED,
            sequences: Sequences::Free,
            run: |session, cursor| Box::pin(run(session, cursor, true)),
        },
    ],
    ..Extension::PLAIN
};

/// What messages are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Arrival,
    Cc,
    Date,
    From,
    Size,
    Subject,
    To,
    DisplayFrom,
    DisplayTo,
    /// RFC 6203 6: the most relevant first.
    Relevancy,
}

const NAMES: [(&str, By); 10] = [
    ("ARRIVAL", By::Arrival),
    ("CC", By::Cc),
    ("DATE", By::Date),
    ("FROM", By::From),
    ("SIZE", By::Size),
    ("SUBJECT", By::Subject),
    ("TO", By::To),
    ("DISPLAYFROM", By::DisplayFrom),
    ("DISPLAYTO", By::DisplayTo),
    ("RELEVANCY", By::Relevancy),
];

impl By {
    /// Whether it is a text, which the active comparator compares (RFC 5255 4.2, RFC 5957 3).
    fn is_text(self) -> bool {
        matches!(self, Self::Cc | Self::From | Self::Subject | Self::To | Self::DisplayFrom | Self::DisplayTo)
    }
}

/// One criterion, and whether it is turned round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Criterion {
    by: By,
    reverse: bool,
    /// How texts are compared.
    collation: Collation,
}

impl Criterion {
    /// Whether it is how relevant a message is.
    pub(super) fn is_relevancy(&self) -> bool {
        self.by == By::Relevancy
    }
}

/// A value that is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number(i64),
    Text(String),
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    cursor.space()?;
    let options = grammar::return_options(&mut cursor)?;
    let criteria = criteria(&mut cursor, session.comparator)?;
    cursor.space()?;
    let mut program = Program::of_sort(session, &mut cursor, options)?;
    if let Err(refused) = program.ready(session).await? {
        return Ok(refused);
    }
    search_fuzzy::may_ask(criteria.iter().any(Criterion::is_relevancy), &program.key)?;
    // RFC 9738 3.3: keys are kept for every order, so that no bound keeps messages out of it.
    program.most = None;
    let found = found_by(session, &mut program).await?;
    let scope = session.scope().await?;
    let sorted = sort(session, &scope, (&criteria, &program.scores), found).await?;
    let modseq = highest_of(session, &program, &sorted).await?;
    program.tell(session, &sorted, &Telling { word: "SORT", by_uid, modseq, mailbox: None })?;
    context::begin(session, &program, &sorted, context::How { by_uid, criteria: &criteria, mailbox: None })
        .await?;
    Ok(program.done("SORT completed", by_uid))
}

/// `(REVERSE DATE SUBJECT)`
fn criteria(cursor: &mut Cursor<'_>, comparator: Comparator) -> Parsed<Vec<Criterion>> {
    cursor.expect(b'(', "Expected a list of sort keys")?;
    while cursor.eat(b' ') {}
    let mut criteria = Vec::new();
    while !cursor.eat(b')') {
        let mut reverse = false;
        let mut name = cursor.atom()?;
        if name.eq_ignore_ascii_case("REVERSE") {
            reverse = true;
            cursor.space()?;
            name = cursor.atom()?;
        }
        let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, by) = *known.ok_or(Failure::Bad("Unknown sort key"))?;
        // RFC 4790 3.3: a comparator may itself be turned round.
        let reverse = reverse != (comparator.descending && by.is_text());
        criteria.push(Criterion { by, reverse, collation: comparator.collation });
        if criteria.len() > SORT_KEY_COUNT_MAX {
            return Err(Failure::No(Some("LIMIT"), "Too many sort keys"));
        }
        while cursor.eat(b' ') {}
    }
    if criteria.is_empty() { Err(Failure::Bad("Expected a sort key")) } else { Ok(criteria) }
}

/// Sorts messages; where all is equal by sequence number (RFC 5256 3).
async fn sort(
    session: &mut Session,
    scope: &Scope,
    (criteria, scores): (&[Criterion], &Scores),
    found: Found,
) -> Result<Found, Failure> {
    let mut entries = Vec::with_capacity(found.len());
    for chunk in found.chunks(ROWS_AT_ONCE) {
        session.progress(entries.len(), found.len()).await?;
        let uids: Vec<Uid> = chunk.iter().map(|(_, uid)| Uid(*uid)).collect();
        let values = values(scope, criteria, &uids, scores).await?;
        entries.extend(chunk.iter().zip(values).filter_map(|(id, values)| Some((values?, *id))));
        // Thousands of messages are read: others must get their turn.
        tokio::task::yield_now().await;
    }
    entries.sort_by(|left, right| compare(criteria, &left.0, &right.0).then(left.1.cmp(&right.1)));
    Ok(entries.into_iter().map(|(_, id)| id).collect())
}

/// What messages are compared by; `None` for those that have gone. The UIDs ascend.
pub(super) async fn values(
    scope: &Scope,
    criteria: &[Criterion],
    uids: &[Uid],
    scores: &Scores,
) -> Result<Vec<Option<Vec<Value>>>, Failure> {
    let rows = scope.rows(uids).await?;
    let there: Vec<&MessageRow> = rows.iter().flatten().collect();
    let text = criteria.iter().find(|it| it.by.is_text());
    let keys = match text {
        Some(text) => scope.reader.message_keys_collated(&there, text.collation).await?,
        None if criteria.iter().any(|it| it.by == By::Date) => scope.reader.message_keys(&there).await?,
        None => vec![MessageKeys::default(); there.len()],
    };
    let mut keys = keys.into_iter();
    let of = |uid: &Uid, row: &MessageRow, keys: &MessageKeys| {
        let relevancy = Value::Number(-i64::from(search_fuzzy::score(scores, uid.0)));
        let value = |by| if by == By::Relevancy { relevancy.clone() } else { value(by, row, keys) };
        criteria.iter().map(|it| value(it.by)).collect::<Vec<_>>()
    };
    let both = uids.iter().zip(&rows);
    Ok(both.map(|(uid, row)| row.as_ref().and_then(|row| Some(of(uid, row, &keys.next()?)))).collect())
}

pub(super) fn compare(criteria: &[Criterion], left: &[Value], right: &[Value]) -> Ordering {
    for (criterion, (left, right)) in criteria.iter().zip(left.iter().zip(right)) {
        let order = left.cmp(right);
        if order != Ordering::Equal {
            return if criterion.reverse { order.reverse() } else { order };
        }
    }
    Ordering::Equal
}

fn value(by: By, row: &MessageRow, keys: &MessageKeys) -> Value {
    match by {
        By::Arrival => Value::Number(row.received.seconds),
        By::Date => Value::Number(sent(row, keys)),
        By::Size => Value::Number(i64::try_from(row.size).unwrap_or(i64::MAX)),
        By::Cc => Value::Text(keys.cc.clone()),
        By::From => Value::Text(keys.from.clone()),
        By::To => Value::Text(keys.to.clone()),
        By::Subject => Value::Text(keys.subject.clone()),
        By::DisplayFrom => Value::Text(keys.display_from.clone()),
        By::DisplayTo => Value::Text(keys.display_to.clone()),
        // Known of the search, not of the message.
        By::Relevancy => Value::Number(0),
    }
}

/// The sent date in UTC, or INTERNALDATE where there is none (RFC 5256 2.2).
pub(super) fn sent(row: &MessageRow, keys: &MessageKeys) -> i64 {
    keys.sent.unwrap_or(row.received).seconds
}

#[cfg(test)]
mod tests;

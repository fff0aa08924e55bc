//! SEARCH and UID SEARCH (RFC 9051 6.4.4): exact. The search index decides most strings; of each message that it
//! leaves open only what is still needed to decide is read.
//!
//! Keys are judged with three values: true, false, and "not known from what was read so far". The shared table
//! answers most searches without reading anything.

mod known;
pub(crate) mod matching;
pub(crate) mod result;
pub(crate) mod scope;

use super::{Sequences, States, Verb};
use crate::extension::messagelimit::{self, Partial};
use crate::extension::search_fuzzy::{self, Scores};
use crate::extension::{context, filters, uidonly};
use crate::limits::ROWS_AT_ONCE;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::search::{self as grammar, Return, SearchKey};
use crate::wire::decoder::sequence::Intervals;
use format::collation::Collation;
use known::Known;
use matching::{Facts, Test};
use model::{Error, Modseq, Uid};
use result::Telling;
use scope::Scope;
use std::sync::Arc;
use store::{MessageRow, Reader};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "SEARCH",
        uid: false,
        states: States::SELECTED,
        sequences: Sequences::Used,
        run: |session, cursor| Box::pin(run(session, cursor, false)),
    },
    Verb {
        name: "SEARCH",
        uid: true,
        states: States::SELECTED,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor, true)),
    },
];

/// A message that is judged.
struct Candidate {
    /// Sequence number.
    number: u32,
    uid: u32,
    /// Its place in the newest table.
    index: usize,
}

/// Which messages are looked at; UIDs ascend.
#[derive(Clone, Copy)]
pub(crate) enum Among<'a> {
    /// All of them.
    All,
    /// As many of the highest as one command may look at.
    Highest(&'a [u32]),
    /// Those that came or changed, for a result that is kept up to date; no command waits for it.
    Touched(&'a [u32]),
}

/// Messages that were found: their sequence numbers and UIDs.
pub(crate) type Found = Vec<(u32, u32)>;

/// What SEARCH, SORT and THREAD look for, and how they tell of it.
pub(crate) struct Program {
    /// What to tell; `None` without RETURN.
    pub options: Option<Return>,
    /// The condition.
    pub key: SearchKey,
    /// How relevant each of what was found is.
    pub scores: Scores,
    /// Whether messages were left out that the client still counts, since others have removed them.
    left_out: bool,
    /// How texts are compared, from when it is made ready.
    pub collation: Collation,
    /// The most messages that it looks at, from when it is made ready.
    pub most: Option<usize>,
    /// How many it has looked at.
    pub looked_at: usize,
    /// That it did not get to all of them.
    pub partial: Option<Partial>,
}

impl Program {
    /// To be made ready and run.
    fn new(options: Option<Return>, key: SearchKey) -> Self {
        Self {
            options,
            key,
            scores: Scores::new(),
            left_out: false,
            collation: Collation::UnicodeCasemap,
            most: None,
            looked_at: 0,
            partial: None,
        }
    }

    /// Reads everything up to the end of the command, as SEARCH and ESEARCH have it.
    pub(crate) fn of_search(session: &mut Session, cursor: &mut Cursor<'_>) -> Result<Self, Failure> {
        cursor.space()?;
        let options = grammar::return_options(cursor)?;
        let read = grammar::parse(cursor).and_then(|search| cursor.end().map(|()| search));
        let search = read.inspect_err(|failure| forget_refused(session, options.as_ref(), failure))?;
        if search.has_charset && session.has(Enabled::UTF8) {
            // RFC 9755 3.
            return Err(Failure::Bad("CHARSET is not used with UTF8=ACCEPT"));
        }
        Ok(Self::new(options, search.key))
    }

    /// Reads charset and keys up to the end of the command, as SORT and THREAD have them (RFC 5256 5).
    pub(crate) fn of_sort(
        session: &mut Session,
        cursor: &mut Cursor<'_>,
        options: Option<Return>,
    ) -> Result<Self, Failure> {
        let read = grammar::charset(cursor).and_then(|()| grammar::keys(cursor));
        let read = read.and_then(|key| cursor.end().map(|()| key));
        let key = read.inspect_err(|failure| forget_refused(session, options.as_ref(), failure))?;
        Ok(Self::new(options, key))
    }

    /// Makes it ready to be run: what is kept under a name is put in; a refusal of that is told with its code.
    ///
    /// # Errors
    /// Bad for numbers where there are none, for a tag that is in use.
    pub(crate) async fn ready(&mut self, session: &mut Session) -> Result<Result<(), Done>, Failure> {
        if let Err(refused) = filters::expand(session, &mut self.key).await? {
            forget(session, self.options.as_ref());
            return Ok(Err(refused));
        }
        session.numbers_used = self.key.has_numbers();
        self.collation = session.comparator.collation;
        self.most = messagelimit::most(session);
        uidonly::may_search(session, &self.key)?;
        context::may_update(session, self.options.as_ref())?;
        let asked = self.options.as_ref().is_some_and(|options| options.relevancy);
        search_fuzzy::may_ask(asked, &self.key)?;
        if self.key.tells_modseq() {
            session.enable_condstore();
        }
        Ok(Ok(()))
    }

    /// Tells what was found, in its order.
    pub(crate) fn tell(
        &self,
        session: &mut Session,
        found: &[(u32, u32)],
        how: &Telling<'_>,
    ) -> Result<(), Failure> {
        result::tell(session, self.options.as_ref(), found, how, &self.scores)
    }

    /// OK, which says that messages were left out (RFC 5530); by UID, EXPUNGE comes with the answer.
    pub(crate) fn done(&self, text: &'static str, by_uid: bool) -> Done {
        let done = Done::told(text);
        let waits = !by_uid || self.key.has_numbers();
        if self.left_out && waits { done.with_code("EXPUNGEISSUED") } else { done }
    }
}

/// RFC 5182 2.1: a search that was to be kept and is refused leaves an empty result.
fn forget(session: &mut Session, options: Option<&Return>) {
    if options.is_some_and(|options| options.save)
        && let Some(selected) = session.selected.as_deref_mut()
    {
        selected.saved = Intervals::default();
    }
}

/// The same of one that could not be read; where it is BAD the old result stays.
fn forget_refused(session: &mut Session, options: Option<&Return>, failure: &Failure) {
    if matches!(failure, Failure::No(..)) {
        forget(session, options);
    }
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>, by_uid: bool) -> Outcome {
    let mut program = Program::of_search(session, &mut cursor)?;
    if let Err(refused) = program.ready(session).await? {
        return Ok(refused);
    }
    let found = found_by(session, &mut program).await?;
    let modseq = highest_of(session, &program, &found).await?;
    program.tell(session, &found, &Telling { word: "SEARCH", by_uid, modseq, mailbox: None })?;
    context::begin(session, &program, &found, context::How { by_uid, criteria: &[], mailbox: None }).await?;
    let done = program.done("SEARCH completed", by_uid);
    Ok(Partial::conclude(program.partial, session, done))
}

/// The messages of the open mailbox that a program finds, ascending.
pub(crate) async fn found_by(session: &mut Session, program: &mut Program) -> Result<Found, Failure> {
    let outcome = match session.scope().await {
        Ok(scope) => found_in(session, &scope, program).await,
        Err(failure) => Err(failure),
    };
    if outcome.is_err() {
        forget(session, program.options.as_ref());
    }
    outcome
}

/// The messages of a mailbox that a program finds, ascending.
pub(crate) async fn found_in(
    session: &mut Session,
    scope: &Scope,
    program: &mut Program,
) -> Result<Found, Failure> {
    let test = Test::prepare(&program.key, scope, program.collation);
    let (found, scores) = match program.most {
        None => find(session, scope, &test, Among::All).await?,
        Some(most) => {
            // RFC 9738 3.1: what is looked at counts, not what is found.
            let mut among: Vec<u32> =
                scope.view.uids.iter().copied().filter(|uid| test.may_be(*uid)).collect();
            program.partial = messagelimit::cut(Some(most), &mut among, |uid| *uid);
            program.looked_at = among.len();
            find(session, scope, &test, Among::Highest(&among)).await?
        }
    };
    program.scores = scores;
    program.left_out = scope.has_gone();
    search_fuzzy::stretch(&mut program.scores);
    Ok(found)
}

/// The highest Modseq of what is told, where the program asks for one (RFC 7162 3.1.5, 3.1.10).
pub(crate) async fn highest_of(
    session: &mut Session,
    program: &Program,
    found: &[(u32, u32)],
) -> Result<Option<Modseq>, Failure> {
    if !program.key.tells_modseq() {
        return Ok(None);
    }
    let scope = session.scope().await?;
    highest_in(&scope, program, found).await
}

/// The same of any mailbox.
pub(crate) async fn highest_in(
    scope: &Scope,
    program: &Program,
    found: &[(u32, u32)],
) -> Result<Option<Modseq>, Failure> {
    if !program.key.tells_modseq() {
        return Ok(None);
    }
    let mut spoken = result::spoken_of(program.options.as_ref(), found);
    // SORT has them in an order of its own.
    spoken.sort_unstable_by_key(|(_, uid)| *uid);
    let mut highest = None;
    for chunk in spoken.chunks(ROWS_AT_ONCE) {
        let uids: Vec<Uid> = chunk.iter().map(|(_, uid)| Uid(*uid)).collect();
        let rows = scope.rows(&uids).await?;
        highest = highest.max(rows.into_iter().flatten().map(|row| row.modseq).max());
    }
    Ok(highest)
}

/// The messages that match, ascending; and how much they do where that differs.
pub(crate) async fn find(
    session: &mut Session,
    scope: &Scope,
    test: &Test,
    among: Among<'_>,
) -> Result<(Found, Scores), Failure> {
    let now = session.context.store.env().now().seconds();
    let Scope { reader, view, table, recent, .. } = scope;
    let here = (reader.account(), now);
    let same = Arc::ptr_eq(view, table);
    let (mut found, mut scores) = (Vec::new(), Scores::new());
    let mut undecided = Vec::new();
    for (number, (place, &uid)) in (1u32..).zip(view.uids.iter().enumerate()) {
        if let Among::Highest(uids) | Among::Touched(uids) = among
            && uids.binary_search(&uid).is_err()
        {
            continue;
        }
        let Some(index) = (if same { Some(place) } else { table.index(uid) }) else { continue };
        let facts = Facts::of_table((uid, recent.contains(uid)), here, table.flags(index));
        match test.judge(&facts) {
            Some(true) => found.push((number, uid)),
            Some(false) => {}
            None => undecided.push(Candidate { number, uid, index }),
        }
    }
    if undecided.is_empty() {
        return Ok((found, scores));
    }
    let known = Known::ask(scope, test, &undecided).await?;
    let mut done = view.len() - undecided.len();
    for chunk in undecided.chunks(ROWS_AT_ONCE) {
        let uids: Vec<Uid> = chunk.iter().map(|candidate| Uid(candidate.uid)).collect();
        let rows = scope.rows(&uids).await?;
        for (candidate, row) in chunk.iter().zip(rows) {
            if !matches!(among, Among::Touched(_)) {
                session.progress(done, view.len()).await?;
            }
            done += 1;
            let Some(row) = row else { continue };
            let &Candidate { number, uid, index } = candidate;
            let facts = Facts {
                row: Some(&row),
                known: Some(&known),
                ..Facts::of_table((uid, recent.contains(uid)), here, table.flags(index))
            };
            match judge_deeper(reader, test, facts, &row).await {
                Ok(Some(score)) => {
                    found.push((number, uid));
                    if test.is_fuzzy() {
                        scores.insert(uid, score);
                    }
                }
                // A damaged message does not keep the others from being found; reading it tells the log.
                Ok(None) | Err(Failure::Store(Error::Corrupt)) => {}
                Err(failure) => return Err(failure),
            }
        }
        tokio::task::yield_now().await;
    }
    found.sort_unstable();
    Ok((found, scores))
}

/// Judges with the row, then with the record, the words, the header and the text, as far as that is needed; how
/// relevant a message is that matches.
async fn judge_deeper(
    reader: &Reader,
    test: &Test,
    facts: Facts<'_>,
    row: &MessageRow,
) -> Result<Option<u8>, Failure> {
    let judge = |facts: &Facts<'_>| test.judge(facts).map(|matches| matches.then(|| test.relevancy(facts)));
    if let Some(verdict) = judge(&facts) {
        return Ok(verdict);
    }
    let mut facts = facts;
    if test.asks_thread() {
        facts.thread = reader.message_keys(&[row]).await?.first().map(|keys| keys.thread);
        if let Some(verdict) = judge(&facts) {
            return Ok(verdict);
        }
    }
    let record = reader.message(row.message).await?;
    let facts = Facts { record: Some(&record), ..facts };
    if let Some(verdict) = judge(&facts) {
        return Ok(verdict);
    }
    // Reading and decoding bodies takes time that others must get as well.
    tokio::task::yield_now().await;
    let words = test.words();
    let mut alike = Vec::new();
    if !words.is_empty() {
        let scores = reader.message_like(&record, &words).await?;
        alike.extend(words.into_iter().zip(scores));
    }
    let facts = Facts { alike: Some(&alike), ..facts };
    if let Some(verdict) = judge(&facts) {
        return Ok(verdict);
    }
    let table = record.part_table()?;
    let header = matching::header(reader, &record, &table, test).await?;
    let facts = Facts { header: Some(&header), ..facts };
    if let Some(verdict) = judge(&facts) {
        return Ok(verdict);
    }
    let found = matching::found(reader, &record, &table, test).await?;
    Ok(judge(&Facts { found: Some(&found), ..facts }).flatten())
}

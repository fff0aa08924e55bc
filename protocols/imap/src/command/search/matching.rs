//! Judging one message: keys over what is known of it, and the text that keys look at.
//!
//! Text is compared as people read it: transfer encodings, charsets, encoded words and HTML decoded, then as the
//! active comparator has it (RFC 5255 4.6), which takes no notice of case unless the client chose another one. It is
//! an exact search, not one by words. Bodies are read once for all strings of a search, in pieces.

use super::known::Known;
use super::scope::Scope;
use crate::extension::search_fuzzy::SCORE_MAX;
use crate::limits::FUZZY_WORD_COUNT_MAX;
use crate::reply::Failure;
use crate::wire::date::local_day;
use crate::wire::decoder::search::{DateKind, DateTest, SearchKey};
use crate::wire::decoder::sequence::{Intervals, SequenceSet};
use crate::words::SharedCondition;
use bytes::Bytes;
use format::collation::Collation;
use format::mime::like::Word;
use format::mime::limits::HEADER_BYTES_MAX;
use format::mime::search::{BodySearch, Needle, fold};
use format::mime::{Parts, addresses, header as fields, words};
use model::{AccountId, ItemId, Keyword, SystemFlags};
use std::collections::BTreeSet;
use store::{Ahead, MessageRecord, MessageRow, Reader, SEARCH_PART_BYTES_MAX, Where};

/// What is known of a message so far.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// Its UID.
    pub uid: u32,
    /// Whether this session was the first to be told of it.
    pub recent: bool,
    /// Its flags.
    pub system: SystemFlags,
    /// Its keywords.
    pub keywords: &'a [Keyword],
    /// Whose mailbox it is in.
    pub account: AccountId,
    /// Seconds since 1970, for all messages of a search the same.
    pub now: i64,
    /// Its row in the mailbox, once it was read.
    pub row: Option<&'a MessageRow>,
    /// Its thread, once it was read.
    pub thread: Option<ItemId>,
    /// Its record, once it was read.
    pub record: Option<&'a MessageRecord>,
    /// Its header, once it was read.
    pub header: Option<&'a Header>,
    /// Those of the strings looked for that the body has.
    pub found: Option<&'a BTreeSet<String>>,
    /// How much alike its words are to those looked for, once it was read.
    pub alike: Option<&'a [((Where, Word), u8)]>,
    /// What the search index says, of messages whose row was read.
    pub known: Option<&'a Known>,
}

impl<'a> Facts<'a> {
    /// What the shared table knows.
    pub(crate) fn of_table(
        (uid, recent): (u32, bool),
        (account, now): (AccountId, i64),
        (system, keywords): (SystemFlags, &'a [Keyword]),
    ) -> Self {
        Self {
            uid,
            recent,
            system,
            keywords,
            account,
            now,
            row: None,
            thread: None,
            record: None,
            header: None,
            found: None,
            alike: None,
            known: None,
        }
    }
}

/// A header, as a collation compares it.
pub(crate) struct Header {
    fields: Vec<Field>,
    block: Bytes,
    collation: Collation,
}

/// A field of a header, decoded.
struct Field {
    /// Names have no case, whatever the collation.
    name: String,
    /// The name as the collation has it.
    shown: String,
    value: String,
}

/// A string that is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    /// As the collation has it.
    text: String,
    /// As the search index has it.
    pub indexed: String,
    collation: Collation,
}

impl Sought {
    pub(super) fn new(text: &str, collation: Collation) -> Self {
        Self { text: collation.fold(text), indexed: fold(text), collation }
    }

    /// What the search index's verdict says. It takes no notice of case: what it does not find no other collation
    /// finds either, but what it finds another one may not.
    fn verdict(&self, of_index: Option<bool>) -> Option<bool> {
        of_index.filter(|found| !found || self.collation == Collation::UnicodeCasemap)
    }
}

/// A search key made ready: sets resolved, texts as they are compared.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Always(bool),
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Uids(Intervals),
    Recent,
    Flag(SystemFlags),
    Keyword(Keyword),
    Larger(u64),
    Smaller(u64),
    Date(DateKind, DateTest, i64),
    Header(String, Sought),
    Address(String, Sought),
    Body(Sought),
    Text(Sought),
    /// For each of the words there is one that is alike.
    Like(Vec<(Where, Word)>),
    Extended(SharedCondition),
}

impl Test {
    /// Makes a key ready for a mailbox. Numbers and `*` mean what they mean now (RFC 5267 4.3).
    pub(crate) fn prepare(key: &SearchKey, scope: &Scope, collation: Collation) -> Self {
        let sought = |text: &str| Sought::new(text, collation);
        let all = |keys: &[SearchKey]| keys.iter().map(|key| Self::prepare(key, scope, collation)).collect();
        let set = |set: &SequenceSet, by_uid: bool| match set {
            SequenceSet::Saved => Self::Uids(scope.saved.clone()),
            SequenceSet::Ranges(ranges) if by_uid => {
                Self::Uids(Intervals::resolve(ranges, scope.view.max_uid()))
            }
            SequenceSet::Ranges(ranges) => Self::Uids(scope.uids_of(ranges)),
        };
        match key {
            SearchKey::All => Self::Always(true),
            SearchKey::Recent => Self::Recent,
            SearchKey::And(keys) => Self::All(all(keys)),
            SearchKey::Or(pair) => Self::Any(vec![
                Self::prepare(&pair.0, scope, collation),
                Self::prepare(&pair.1, scope, collation),
            ]),
            SearchKey::Not(key) => Self::Not(Box::new(Self::prepare(key, scope, collation))),
            SearchKey::Sequence(ranges) => set(ranges, false),
            SearchKey::Uid(ranges) => set(ranges, true),
            SearchKey::Flag(flag) => Self::Flag(*flag),
            SearchKey::Keyword(keyword) => Self::Keyword(keyword.clone()),
            SearchKey::Larger(size) => Self::Larger(*size),
            SearchKey::Smaller(size) => Self::Smaller(*size),
            SearchKey::Date(kind, test, day) => Self::Date(*kind, *test, *day),
            SearchKey::Header(name, text) => Self::Header(fold(name), sought(text)),
            SearchKey::Address(name, text) => Self::Address(fold(name), sought(text)),
            SearchKey::Body(text) => Self::Body(sought(text)),
            SearchKey::Text(text) => Self::Text(sought(text)),
            SearchKey::Extended(condition) => Self::Extended(condition.clone()),
            SearchKey::Fuzzy(key) => Self::fuzzy(key, scope, collation),
            // Put in before; a name that is still there finds nothing.
            SearchKey::Named(_) => Self::Always(false),
        }
    }

    /// The same, where strings need not be exact: words are alike in any case, whatever the collation.
    fn fuzzy(key: &SearchKey, scope: &Scope, collation: Collation) -> Self {
        let inside = |key: &SearchKey| Self::fuzzy(key, scope, collation);
        let (place, text) = match key {
            SearchKey::And(keys) => return Self::All(keys.iter().map(inside).collect()),
            SearchKey::Or(pair) => return Self::Any(vec![inside(&pair.0), inside(&pair.1)]),
            SearchKey::Not(key) => return Self::Not(Box::new(inside(key))),
            SearchKey::Fuzzy(key) => return inside(key),
            SearchKey::Header(name, text) => (Where::Header(fold(name)), text),
            SearchKey::Address(name, text) => (Where::Address(fold(name)), text),
            SearchKey::Body(text) => (Where::Body, text),
            SearchKey::Text(text) => (Where::Anywhere, text),
            other => return Self::prepare(other, scope, collation),
        };
        let words = Word::all(&fold(text));
        // Signs alone are alike to nothing.
        if words.is_empty() || words.len() > FUZZY_WORD_COUNT_MAX {
            return Self::prepare(key, scope, collation);
        }
        Self::Like(words.into_iter().map(|word| (place.clone(), word)).collect())
    }

    /// Whether the message matches; `None` when the facts do not say.
    pub(super) fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::Always(verdict) => Some(*verdict),
            Self::All(tests) => all(tests, facts, true),
            Self::Any(tests) => all(tests, facts, false),
            Self::Not(test) => test.judge(facts).map(|verdict| !verdict),
            Self::Uids(uids) => Some(uids.contains(facts.uid)),
            Self::Recent => Some(facts.recent),
            Self::Flag(flag) => Some(facts.system.contains(*flag)),
            Self::Keyword(keyword) => Some(facts.keywords.contains(keyword)),
            Self::Larger(size) => facts.row.map(|row| row.size > *size),
            Self::Smaller(size) => facts.row.map(|row| row.size < *size),
            Self::Date(DateKind::Internal, test, day) => {
                facts.row.map(|row| test.holds(local_day(row.received), *day))
            }
            Self::Date(DateKind::Sent, test, day) => {
                let sent = facts.record?.sent;
                Some(sent.is_some_and(|sent| test.holds(local_day(sent), *day)))
            }
            Self::Header(name, sought) => match facts.header {
                Some(header) => Some(header.has(name, &sought.text)),
                None => sought.verdict(facts.known?.header(name, &sought.indexed, facts.row?.message)),
            },
            Self::Address(name, sought) => match facts.header {
                Some(header) => Some(header.has_address(name, &sought.text)),
                None => sought.verdict(facts.known?.address(name, &sought.indexed, facts.row?.message)),
            },
            Self::Like(words) => likeness(words, facts).map(|score| score > 0),
            Self::Extended(condition) => condition.judge(facts),
            Self::Body(sought) => match facts.found {
                Some(found) => Some(found.contains(&sought.text)),
                None => sought.verdict(facts.known?.body(&sought.indexed, facts.row?.message)),
            },
            Self::Text(sought) => match (facts.header, facts.found) {
                (Some(header), _) if header.has_anywhere(&sought.text) => Some(true),
                (Some(_), Some(found)) => Some(found.contains(&sought.text)),
                _ => sought.verdict(facts.known?.anywhere(&sought.indexed, facts.row?.message)),
            },
        }
    }

    /// Whether a message of that UID may match, as far as the sets that all of it must be in say.
    pub(super) fn may_be(&self, uid: u32) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.may_be(uid)),
            Self::Uids(uids) => uids.contains(uid),
            Self::Extended(condition) => condition.may_be(uid),
            _ => true,
        }
    }

    /// How relevant a message is that matches, as far as that is known.
    pub(super) fn relevancy(&self, facts: &Facts<'_>) -> u8 {
        let of = |test: &Self| u32::from(test.relevancy(facts));
        let score = match self {
            Self::Like(words) => return likeness(words, facts).unwrap_or(SCORE_MAX),
            Self::All(tests) => {
                let fuzzy: Vec<u32> = tests.iter().filter(|test| test.is_fuzzy()).map(of).collect();
                let count = u32::try_from(fuzzy.len()).unwrap_or(u32::MAX);
                fuzzy.iter().sum::<u32>().checked_div(count)
            }
            Self::Any(tests) => tests.iter().filter(|test| test.judge(facts) == Some(true)).map(of).max(),
            _ => None,
        };
        score.and_then(|score| u8::try_from(score).ok()).unwrap_or(SCORE_MAX)
    }

    /// Whether it says how relevant messages are.
    pub(super) fn is_fuzzy(&self) -> bool {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().any(Self::is_fuzzy),
            Self::Not(test) => test.is_fuzzy(),
            Self::Like(_) => true,
            _ => false,
        }
    }

    /// Every word that one alike is looked for, and where.
    pub(super) fn words(&self) -> Vec<(Where, Word)> {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().flat_map(Self::words).collect(),
            Self::Not(test) => test.words(),
            Self::Like(words) => words.clone(),
            _ => Vec::new(),
        }
    }

    /// Every string that is looked for, and where.
    pub(super) fn strings<'t>(&'t self, strings: &mut Vec<(Where, &'t Sought)>) {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().for_each(|test| test.strings(strings)),
            Self::Not(test) => test.strings(strings),
            Self::Body(text) => strings.push((Where::Body, text)),
            Self::Text(text) => strings.push((Where::Anywhere, text)),
            Self::Header(name, text) => strings.push((Where::Header(name.clone()), text)),
            Self::Address(name, text) => strings.push((Where::Address(name.clone()), text)),
            _ => {}
        }
    }

    /// How its strings are compared; all of them alike.
    fn collation(&self) -> Option<Collation> {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().find_map(Self::collation),
            Self::Not(test) => test.collation(),
            Self::Body(text) | Self::Text(text) | Self::Header(_, text) | Self::Address(_, text) => {
                Some(text.collation)
            }
            _ => None,
        }
    }

    /// Whether a message's thread is asked for.
    pub(super) fn asks_thread(&self) -> bool {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().any(Self::asks_thread),
            Self::Not(test) => test.asks_thread(),
            Self::Extended(condition) => condition.asks_thread(),
            _ => false,
        }
    }
}

/// How much alike a message is to all words together; 0 where one has none.
fn likeness(words: &[(Where, Word)], facts: &Facts<'_>) -> Option<u8> {
    let mut sum = 0;
    for pair in words {
        let read = facts.alike.and_then(|alike| alike.iter().find(|(known, _)| known == pair));
        let score = match read {
            Some((_, score)) => *score,
            None => facts.known?.likeness(pair, facts.row?.message)?,
        };
        if score == 0 {
            return Some(0);
        }
        sum += u32::from(score);
    }
    let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
    u8::try_from(sum.checked_div(count)?).ok()
}

/// `every`: whether all hold; otherwise: whether any holds.
fn all(tests: &[Test], facts: &Facts<'_>, every: bool) -> Option<bool> {
    let mut verdict = Some(every);
    for test in tests {
        match test.judge(facts) {
            Some(found) if found != every => return Some(!every),
            Some(_) => {}
            None => verdict = None,
        }
    }
    verdict
}

impl Header {
    fn read(block: Bytes, collation: Collation) -> Self {
        let field = |field: fields::Field<'_>| {
            let name = String::from_utf8_lossy(field.name);
            let value = collation.fold(&words::decode(&fields::unfold(field.value)));
            Field { shown: collation.fold(&name), name: fold(&name), value }
        };
        Self { fields: fields::fields(&block).map(field).collect(), block, collation }
    }

    /// Whether a field of that name holds the text; any field of that name, where the text is empty.
    fn has(&self, name: &str, text: &str) -> bool {
        self.fields.iter().any(|field| field.name == name && field.value.contains(text))
    }

    /// The same for a field of addresses, which are also looked at as ENVELOPE has them: without comments
    /// and folding (RFC 9051 6.4.4, FROM).
    fn has_address(&self, name: &str, text: &str) -> bool {
        let plain = |field: fields::Field<'_>| {
            let mailboxes = addresses(&fields::unfold(field.value)).into_iter();
            mailboxes.map(|it| format!("{} <{}@{}>", it.display, it.local, it.domain)).collect::<Vec<_>>()
        };
        let holds = |address: &String| self.collation.fold(address).contains(text);
        self.has(name, text)
            || fields::fields(&self.block)
                .filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))
                .any(|field| plain(field).iter().any(holds))
    }

    fn has_anywhere(&self, text: &str) -> bool {
        self.fields.iter().any(|Field { shown, value, .. }| {
            value.contains(text) || shown.contains(text) || format!("{shown}: {value}").contains(text)
        })
    }
}

/// The message's own header, as a test compares it.
pub(super) async fn header(
    reader: &Reader,
    record: &MessageRecord,
    parts: &Parts,
    test: &Test,
) -> Result<Header, Failure> {
    // What lies beyond the limit is not looked at.
    let span = parts.root().map(|root| root.header).unwrap_or_default().partial(0, HEADER_BYTES_MAX as u64);
    let block = reader.store().body(&record.body, span.range()).collect().await?;
    Ok(Header::read(block, test.collation().unwrap_or(Collation::UnicodeCasemap)))
}

/// Which of the strings of a test the body has.
pub(super) async fn found(
    reader: &Reader,
    record: &MessageRecord,
    parts: &Parts,
    test: &Test,
) -> Result<BTreeSet<String>, Failure> {
    let mut texts = Vec::new();
    test.strings(&mut texts);
    texts.retain(|(place, _)| matches!(place, Where::Body | Where::Anywhere));
    let collation = test.collation().unwrap_or(Collation::UnicodeCasemap);
    let needles: Vec<Needle> =
        texts.iter().map(|(_, sought)| Needle::collated(&sought.text, collation)).collect();
    let mut search = BodySearch::collated(&needles, collation);
    let mut ahead = Ahead::new(reader.store(), &record.body);
    for (index, part) in parts.iter().enumerate() {
        let header = ahead.collect(part.header.partial(0, HEADER_BYTES_MAX as u64).range()).await?;
        if !search.part(index, part, &header) {
            continue;
        }
        let mut range = part.body.partial(0, SEARCH_PART_BYTES_MAX).range();
        while !search.is_done()
            && let Some(bytes) = ahead.next(&mut range).await?
        {
            search.push(&bytes);
            // Decoding takes time that others must get as well.
            tokio::task::yield_now().await;
        }
    }
    let found = search.finish();
    let found = texts.into_iter().zip(found).filter(|(_, found)| *found);
    Ok(found.map(|((_, sought), _)| sought.text.clone()).collect())
}

#[cfg(test)]
mod tests;

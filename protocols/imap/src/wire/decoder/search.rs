//! What SEARCH asks for (RFC 9051 6.4.4, RFC 4731, RFC 5182).
//!
//! The tree is bounded in depth and in the number of its keys before it is built.

use super::cursor::{Cursor, Parsed, system_flag, utf8_of};
use super::fetch::FetchItem;
use super::sequence::SequenceSet;
use crate::extension;
use crate::limits::{
    FUZZY_WORDS_OF_SEARCH_COUNT_MAX, NESTING_MAX, SEARCH_KEY_COUNT_MAX, SEARCH_TEXT_COUNT_MAX,
};
use crate::reply::Failure;
use crate::wire::date;
use crate::words::{self, SharedCondition};
use format::mime::like::Word;
use format::mime::search::fold;
use model::{Keyword, SystemFlags};
use std::sync::Arc;

/// A condition on one message.
#[derive(Clone, Debug)]
pub(crate) enum SearchKey {
    /// Every message.
    All,
    /// This session was the first to be told of it (RFC 3501 6.4.4).
    Recent,
    /// All of them hold.
    And(Vec<SearchKey>),
    /// One of them holds.
    Or(Box<(SearchKey, SearchKey)>),
    /// It does not hold.
    Not(Box<SearchKey>),
    /// By sequence number.
    Sequence(SequenceSet),
    /// By UID.
    Uid(SequenceSet),
    /// The flag is set.
    Flag(SystemFlags),
    /// The keyword is set.
    Keyword(Keyword),
    /// More octets than this.
    Larger(u64),
    /// Fewer octets than this.
    Smaller(u64),
    /// A date of the message compared with a day.
    Date(DateKind, DateTest, i64),
    /// The field holds the text; an empty text: the field is there.
    Header(String, String),
    /// The field of addresses holds the text, as it stands there or as ENVELOPE has it.
    Address(String, String),
    /// The text of the body holds it.
    Body(String),
    /// The header or the text of the body holds it.
    Text(String),
    /// One of an extension.
    Extended(SharedCondition),
    /// What is alike (RFC 6203).
    Fuzzy(Box<SearchKey>),
    /// A search that is kept under a name, which is put in before anything is judged (RFC 5466).
    Named(String),
}

impl SearchKey {
    /// Words in its strings.
    fn word_count(&self) -> usize {
        match self {
            Self::And(keys) => keys.iter().map(Self::word_count).sum(),
            Self::Or(pair) => pair.0.word_count() + pair.1.word_count(),
            Self::Not(key) => key.word_count(),
            Self::Header(_, text) | Self::Address(_, text) | Self::Body(text) | Self::Text(text) => {
                Word::all(&fold(text)).len()
            }
            // What is FUZZY inside was counted there.
            _ => 0,
        }
    }

    /// Whether messages are named by sequence number; `$` is not.
    pub(crate) fn has_numbers(&self) -> bool {
        match self {
            Self::And(keys) => keys.iter().any(Self::has_numbers),
            Self::Or(pair) => pair.0.has_numbers() || pair.1.has_numbers(),
            Self::Not(key) | Self::Fuzzy(key) => key.has_numbers(),
            Self::Sequence(set) => *set != SequenceSet::Saved,
            _ => false,
        }
    }

    /// Whether something in it need not be exact.
    pub(crate) fn is_fuzzy(&self) -> bool {
        match self {
            Self::And(keys) => keys.iter().any(Self::is_fuzzy),
            Self::Or(pair) => pair.0.is_fuzzy() || pair.1.is_fuzzy(),
            Self::Not(key) => key.is_fuzzy(),
            Self::Fuzzy(_) => true,
            _ => false,
        }
    }

    /// Whether the answer must name the highest Modseq of what was found (RFC 7162 3.1.5).
    pub(crate) fn tells_modseq(&self) -> bool {
        match self {
            Self::And(keys) => keys.iter().any(Self::tells_modseq),
            Self::Or(pair) => pair.0.tells_modseq() || pair.1.tells_modseq(),
            Self::Not(key) | Self::Fuzzy(key) => key.tells_modseq(),
            Self::Extended(condition) => condition.tells_modseq(),
            _ => false,
        }
    }
}

/// Which date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateKind {
    /// INTERNALDATE
    Internal,
    /// The Date field.
    Sent,
}

/// How it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateTest {
    /// Earlier than the day.
    Before,
    /// On the day.
    On,
    /// On the day or later.
    Since,
}

impl DateTest {
    /// Whether the day of a message passes.
    pub(crate) fn holds(self, of_message: i64, day: i64) -> bool {
        match self {
            Self::Before => of_message < day,
            Self::On => of_message == day,
            Self::Since => of_message >= day,
        }
    }
}

/// What is told of the result (RFC 9051 6.4.4, RETURN).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Return {
    /// The smallest number.
    pub min: bool,
    /// The largest number.
    pub max: bool,
    /// Every number.
    pub all: bool,
    /// How many.
    pub count: bool,
    /// Keep it as `$` (RFC 5182).
    pub save: bool,
    /// Only these of the result, counted from the first or, below 0, from the last (RFC 9394 3.1).
    pub partial: Option<(i64, i64)>,
    /// How relevant each of it is (RFC 6203 4).
    pub relevancy: bool,
    /// More of the kind will be asked for (RFC 5267 4.2).
    pub context: bool,
    /// Tell how the result changes (RFC 5267 4.3), and of messages that come these items (RFC 5465 7).
    pub update: Option<Arc<[FetchItem]>>,
}

/// A SEARCH without what it is to tell.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// Whether a charset was named.
    pub has_charset: bool,
    /// The condition.
    pub key: SearchKey,
}

/// Reads everything behind `SEARCH` and its return options.
pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Search> {
    let has_charset = cursor.word("CHARSET");
    if has_charset {
        cursor.space()?;
        charset(cursor)?;
    }
    Ok(Search { has_charset, key: keys(cursor)? })
}

/// `RETURN (...) `, if it is there.
pub(crate) fn return_options(cursor: &mut Cursor<'_>) -> Parsed<Option<Return>> {
    if cursor.word("RETURN") { options(cursor).map(Some) } else { Ok(None) }
}

/// The name of a charset and a space.
pub(crate) fn charset(cursor: &mut Cursor<'_>) -> Parsed<()> {
    let charset = cursor.text()?;
    if !["UTF-8", "UTF8", "US-ASCII", "ASCII"].iter().any(|known| known.eq_ignore_ascii_case(&charset)) {
        return Err(Failure::No(Some("BADCHARSET (US-ASCII UTF-8)"), "Unknown charset"));
    }
    cursor.space()
}

/// Keys up to the end of the command.
pub(crate) fn keys(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    keys_within(cursor, &mut Budget::new())
}

/// The same, where other keys were counted before.
pub(crate) fn keys_within(cursor: &mut Cursor<'_>, budget: &mut Budget) -> Parsed<SearchKey> {
    let mut keys = vec![key(cursor, budget, 0)?];
    while !cursor.at_end() {
        cursor.space()?;
        keys.push(key(cursor, budget, 0)?);
    }
    Ok(one_or_and(keys))
}

fn one_or_and(mut keys: Vec<SearchKey>) -> SearchKey {
    match (keys.len(), keys.pop()) {
        (1, Some(key)) => key,
        (_, Some(last)) => {
            keys.push(last);
            SearchKey::And(keys)
        }
        (_, None) => SearchKey::All,
    }
}

fn options(cursor: &mut Cursor<'_>) -> Parsed<Return> {
    let mut options = Return::default();
    cursor.space()?;
    cursor.expect(b'(', "Expected a list of return options")?;
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        let name = cursor.atom()?;
        match name.to_ascii_uppercase().as_str() {
            "MIN" => options.min = true,
            "MAX" => options.max = true,
            // RFC 9394 3.1: no more than one of ALL and PARTIAL.
            "ALL" if options.all => return Err(Failure::Bad("One ALL at a time")),
            "ALL" => options.all = true,
            "COUNT" => options.count = true,
            name => {
                let known = extension::ALL.iter().map(|it| it.search_returns);
                let word = words::find(known, name).ok_or(Failure::Bad("Unknown return option"))?;
                (word.parse)(cursor, &mut options)?;
            }
        }
        while cursor.eat(b' ') {}
    }
    cursor.space()?;
    if options.partial.is_some() && options.all {
        // RFC 9394 3.1: one or the other.
        return Err(Failure::Bad("ALL and PARTIAL exclude each other"));
    }
    // RFC 4731 3.1: RETURN () is RETURN (ALL); CONTEXT is a hint and asks for nothing (RFC 5267 4.2).
    if options == (Return { context: options.context, ..Return::default() }) {
        options.all = true;
    }
    Ok(options)
}

/// Reads one key.
pub(crate) fn key(cursor: &mut Cursor<'_>, budget: &mut Budget, depth: usize) -> Parsed<SearchKey> {
    spend(&mut budget.keys)?;
    if depth > NESTING_MAX {
        return Err(Failure::No(Some("LIMIT"), "Search nested too deep"));
    }
    if cursor.eat(b'(') {
        let mut keys = Vec::new();
        while cursor.eat(b' ') {}
        loop {
            keys.push(key(cursor, budget, depth + 1)?);
            while cursor.eat(b' ') {}
            if cursor.eat(b')') {
                return Ok(one_or_and(keys));
            }
        }
    }
    if cursor.peek().is_some_and(SequenceSet::begins) || cursor.peek() == Some(b'$') {
        return SequenceSet::parse(cursor).map(SearchKey::Sequence);
    }
    let name = cursor.atom()?.to_ascii_uppercase();
    if let Some(key) = flag_key(&name) {
        return Ok(key);
    }
    match name.as_str() {
        "NOT" => {
            cursor.space()?;
            Ok(SearchKey::Not(Box::new(key(cursor, budget, depth + 1)?)))
        }
        "OR" => {
            cursor.space()?;
            let first = key(cursor, budget, depth + 1)?;
            cursor.space()?;
            let second = key(cursor, budget, depth + 1)?;
            Ok(SearchKey::Or(Box::new((first, second))))
        }
        _ => {
            if let Some(word) = words::find(extension::ALL.iter().map(|it| it.search), &name) {
                return (word.parse)(cursor, budget, depth);
            }
            let key = argument_key(cursor, &name)?;
            if matches!(key, SearchKey::Body(_) | SearchKey::Text(_)) {
                spend(&mut budget.texts)?;
            }
            Ok(key)
        }
    }
}

/// What may still be asked for. Texts are counted apart: each is looked for in all octets of all messages.
pub(crate) struct Budget {
    keys: usize,
    texts: usize,
    fuzzy_words: usize,
}

impl Budget {
    /// All that one search may have.
    pub(crate) fn new() -> Self {
        Self {
            keys: SEARCH_KEY_COUNT_MAX,
            texts: SEARCH_TEXT_COUNT_MAX,
            fuzzy_words: FUZZY_WORDS_OF_SEARCH_COUNT_MAX,
        }
    }

    /// Takes the words of a key that is to be judged by likeness.
    pub(crate) fn spend_words(&mut self, key: &SearchKey) -> Parsed<()> {
        let left = self.fuzzy_words.checked_sub(key.word_count());
        self.fuzzy_words = left.ok_or(Failure::No(Some("LIMIT"), "Too many search keys"))?;
        Ok(())
    }
}

fn spend(budget: &mut usize) -> Parsed<()> {
    *budget = budget.checked_sub(1).ok_or(Failure::No(Some("LIMIT"), "Too many search keys"))?;
    Ok(())
}

/// Keys without an argument.
fn flag_key(name: &str) -> Option<SearchKey> {
    let not = |key| Some(SearchKey::Not(Box::new(key)));
    match name {
        "ALL" => return Some(SearchKey::All),
        // RFC 3501 6.4.4; with IMAP4rev2 no message is recent.
        "RECENT" => return Some(SearchKey::Recent),
        "OLD" => return not(SearchKey::Recent),
        "NEW" => {
            let unseen = not(SearchKey::Flag(SystemFlags::SEEN))?;
            return Some(SearchKey::And(vec![SearchKey::Recent, unseen]));
        }
        _ => {}
    }
    if let Some(flag) = system_flag(name) {
        return Some(SearchKey::Flag(flag));
    }
    system_flag(name.strip_prefix("UN")?).and_then(|flag| not(SearchKey::Flag(flag)))
}

/// Keys with one.
fn argument_key(cursor: &mut Cursor<'_>, name: &str) -> Parsed<SearchKey> {
    use DateKind::{Internal, Sent};
    use DateTest::{Before, On, Since};
    let unknown = Err(Failure::Bad("Unknown search key"));
    if cursor.at_end() {
        return unknown;
    }
    cursor.space()?;
    let field = |cursor: &mut Cursor<'_>, name: &str| Ok(SearchKey::Header(name.to_owned(), needle(cursor)?));
    let by_date = |cursor: &mut Cursor<'_>, kind, test| Ok(SearchKey::Date(kind, test, day(cursor)?));
    match name {
        "UID" => SequenceSet::parse(cursor).map(SearchKey::Uid),
        "BCC" | "CC" | "FROM" | "TO" => Ok(SearchKey::Address(name.to_owned(), needle(cursor)?)),
        "SUBJECT" => field(cursor, name),
        "HEADER" => {
            let name = utf8_of(cursor.astring()?)?.into_owned();
            cursor.space()?;
            field(cursor, &name)
        }
        "BODY" => Ok(SearchKey::Body(needle(cursor)?)),
        "TEXT" => Ok(SearchKey::Text(needle(cursor)?)),
        "KEYWORD" => keyword(cursor),
        "UNKEYWORD" => Ok(SearchKey::Not(Box::new(keyword(cursor)?))),
        "LARGER" => cursor.number64().map(SearchKey::Larger),
        "SMALLER" => cursor.number64().map(SearchKey::Smaller),
        "BEFORE" => by_date(cursor, Internal, Before),
        "ON" => by_date(cursor, Internal, On),
        "SINCE" => by_date(cursor, Internal, Since),
        "SENTBEFORE" => by_date(cursor, Sent, Before),
        "SENTON" => by_date(cursor, Sent, On),
        "SENTSINCE" => by_date(cursor, Sent, Since),
        _ => unknown,
    }
}

fn needle(cursor: &mut Cursor<'_>) -> Parsed<String> {
    Ok(utf8_of(cursor.astring()?)?.into_owned())
}

fn keyword(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    // Thunderbird and others ask for `KEYWORD \Seen`-like names; a system flag there is no atom: BAD.
    Keyword::parse(cursor.atom()?).map(SearchKey::Keyword).map_err(|_| Failure::Bad("Bad keyword"))
}

/// A date as a day number.
pub(crate) fn day(cursor: &mut Cursor<'_>) -> Parsed<i64> {
    let text = utf8_of(cursor.astring()?)?;
    date::parse_date(&text).ok_or(Failure::Bad("Bad date"))
}

#[cfg(test)]
mod tests;

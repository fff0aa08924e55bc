//! The grammar of the `If` header (RFC 4918 10.4.2).

use crate::limits::{IF_CONDITION_COUNT_MAX, IF_HEADER_BYTES_MAX};
use crate::{Refusal, Reply};
use model::Error;
use std::collections::HashSet;

/// What a condition asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A lock covers the resource.
    Token(String),
    /// The resource has this ETag, quotes included.
    Etag(String),
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct If {
    /// Whether it is negated.
    pub(crate) not: bool,
    /// What it asks about.
    pub(crate) state: State,
}

/// Conditions that must all hold for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// The resource; `None` for the request's own.
    pub(crate) tag: Option<String>,
    /// The conditions.
    pub(crate) conditions: Vec<If>,
}

/// The whole field: any list that holds is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfHeader {
    /// The lists.
    pub(crate) lists: Vec<List>,
}

impl IfHeader {
    /// Reads it.
    ///
    /// # Errors
    /// 400 for bad grammar or past a limit.
    pub(crate) fn parse(text: &str) -> Reply<Self> {
        if text.len() > IF_HEADER_BYTES_MAX {
            return Err(Error::TooLarge(IF_HEADER_BYTES_MAX as u64).into());
        }
        let mut lists = Vec::new();
        let mut tag: Option<String> = None;
        let mut left = IF_CONDITION_COUNT_MAX;
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            match first {
                '<' => {
                    let (uri, tail) = between(rest, '<', '>')?;
                    tag = Some(uri.to_owned());
                    rest = tail.trim_start();
                    // A tag must be followed by a list.
                    if !rest.starts_with('(') {
                        return Err(Refusal::bad_request());
                    }
                }
                '(' => {
                    let (conditions, tail) = list(rest.get(1..).unwrap_or_default(), &mut left)?;
                    lists.push(List { tag: tag.clone(), conditions });
                    rest = tail.trim_start();
                }
                _ => return Err(Refusal::bad_request()),
            }
        }
        if lists.is_empty() { Err(Refusal::bad_request()) } else { Ok(Self { lists }) }
    }

    /// Every lock token that stands in it.
    pub(crate) fn tokens(&self) -> HashSet<String> {
        let conditions = self.lists.iter().flat_map(|list| &list.conditions);
        let tokens = conditions.filter_map(|condition| match &condition.state {
            State::Token(token) => Some(token.clone()),
            State::Etag(_) => None,
        });
        tokens.collect()
    }
}

fn list<'a>(text: &'a str, left: &mut usize) -> Reply<(Vec<If>, &'a str)> {
    let mut conditions = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(tail) = rest.strip_prefix(')') {
            let whole = if conditions.is_empty() { Err(Refusal::bad_request()) } else { Ok(()) };
            return whole.map(|()| (conditions, tail));
        }
        *left = left.checked_sub(1).ok_or(Error::TooLarge(IF_CONDITION_COUNT_MAX as u64))?;
        let not = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("not"));
        if not {
            rest = rest.get(3..).unwrap_or_default().trim_start();
        }
        let (state, tail) = if rest.starts_with('<') {
            let (token, tail) = between(rest, '<', '>')?;
            (State::Token(token.to_owned()), tail)
        } else {
            let (tag, tail) = between(rest, '[', ']')?;
            (State::Etag(tag.trim().to_owned()), tail)
        };
        conditions.push(If { not, state });
        rest = tail.trim_start();
    }
}

fn between(text: &str, open: char, close: char) -> Reply<(&str, &str)> {
    let inner = text.strip_prefix(open).ok_or_else(Refusal::bad_request)?;
    inner.split_once(close).ok_or_else(Refusal::bad_request)
}

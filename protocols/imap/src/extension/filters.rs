//! FILTERS (RFC 5466): searches kept under a name, as annotations of the server; `SEARCH FILTER name` puts one in.
//!
//! `/private/filters/values/<name>` is the user's own, `/shared/filters/values/<name>` comes from the
//! configuration; where both are there the private one is taken.

use super::{Extension, When};
use crate::limits::FILTER_COUNT_MAX;
use crate::reply::{Done, Failure};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::{self as grammar, Budget, SearchKey};
use crate::words::SearchWord;
use store::{Annotated, Audience};

pub(super) const EXTENSION: Extension = Extension {
    name: "FILTERS",
    rfc: "RFC 5466",
    capability: Some("FILTERS"),
    when: When::LoggedIn,
    search: &[SearchWord { name: "FILTER", parse: |cursor, _, _| name(cursor) }],
    codes: &["UNDEFINED-FILTER"],
    ..Extension::PLAIN
};

/// Where the searches are, behind `/private` or `/shared`; annotations have no case.
pub(super) const VALUES: &str = "/filters/values/";

/// ` name`: an atom without a slash (RFC 5466 4).
fn name(cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    cursor.space()?;
    match cursor.atom()? {
        name if name.contains('/') => Err(Failure::Bad("Not the name of a filter")),
        name => Ok(SearchKey::Named(name.to_owned())),
    }
}

/// Whether a value is a whole search, as it is to be before it is kept (RFC 5466 3.2).
pub(super) fn is_search(value: &[u8]) -> bool {
    let mut cursor = Cursor::new(value, false);
    std::str::from_utf8(value).is_ok() && grammar::keys(&mut cursor).is_ok()
}

/// Filters of this session.
struct Kept {
    private: Vec<(String, bytes::Bytes)>,
    /// What may still be asked for by all of them together.
    budget: Budget,
    /// How many were put in.
    count: usize,
}

/// Puts filters in place of their names; `Err` is the refusal for one that is not there (RFC 5466 3.1).
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub(crate) async fn expand(session: &Session, key: &mut SearchKey) -> Result<Result<(), Done>, Failure> {
    if !names_any(key) {
        return Ok(Ok(()));
    }
    let private = session.reader().await?.annotations(Annotated::Account, Audience::Private).await?;
    let mut kept = Kept { private, budget: Budget::new(), count: 0 };
    let outcome = put_in(session, &mut kept, key, &mut Vec::new());
    Ok(outcome.map_err(|name| Done::refused(format!("UNDEFINED-FILTER {name}"), "No such filter")))
}

fn names_any(key: &SearchKey) -> bool {
    match key {
        SearchKey::And(keys) => keys.iter().any(names_any),
        SearchKey::Or(pair) => names_any(&pair.0) || names_any(&pair.1),
        SearchKey::Not(key) | SearchKey::Fuzzy(key) => names_any(key),
        SearchKey::Named(_) => true,
        _ => false,
    }
}

/// `inside`: the filters that this key stands in. One that stands in itself is as good as none.
fn put_in(
    session: &Session,
    kept: &mut Kept,
    key: &mut SearchKey,
    inside: &mut Vec<String>,
) -> Result<(), String> {
    match key {
        SearchKey::And(keys) => keys.iter_mut().try_for_each(|key| put_in(session, kept, key, inside)),
        SearchKey::Or(pair) => {
            put_in(session, kept, &mut pair.0, inside)?;
            put_in(session, kept, &mut pair.1, inside)
        }
        SearchKey::Not(key) | SearchKey::Fuzzy(key) => put_in(session, kept, key, inside),
        SearchKey::Named(name) => {
            let name = name.clone();
            let known = name.to_ascii_lowercase();
            kept.count += 1;
            if inside.contains(&known) || kept.count > FILTER_COUNT_MAX {
                return Err(name);
            }
            let mut found = kept.find(session, &known).ok_or_else(|| name.clone())?;
            inside.push(known);
            // A filter inside that is not there is told by its own name.
            put_in(session, kept, &mut found, inside)?;
            inside.pop();
            *key = found;
            Ok(())
        }
        _ => Ok(()),
    }
}

impl Kept {
    /// The search of that name; none where it is no search.
    fn find(&mut self, session: &Session, name: &str) -> Option<SearchKey> {
        let entry = format!("{VALUES}{name}");
        let private = self.private.iter().find(|(known, _)| *known == entry).map(|(_, value)| value.to_vec());
        let shared = || session.context.config.filter(name).map(|value| value.as_bytes().to_vec());
        let value = private.or_else(shared)?;
        grammar::keys_within(&mut Cursor::new(&value, false), &mut self.budget).ok()
    }
}

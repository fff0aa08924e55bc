//! WITHIN (RFC 5032): YOUNGER and OLDER than so many seconds, by INTERNALDATE.

use super::{Extension, When};
use crate::command::search::matching::Facts;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::SearchKey;
use crate::words::{Condition, SearchWord};
use std::sync::Arc;

pub(super) const EXTENSION: Extension = Extension {
    name: "WITHIN",
    rfc: "RFC 5032",
    capability: Some("WITHIN"),
    when: When::LoggedIn,
    search: &[
        SearchWord { name: "YOUNGER", parse: |cursor, _, _| key(cursor, true) },
        SearchWord { name: "OLDER", parse: |cursor, _, _| key(cursor, false) },
    ],
    ..Extension::PLAIN
};

fn key(cursor: &mut Cursor<'_>, younger: bool) -> Parsed<SearchKey> {
    cursor.space()?;
    let seconds = i64::from(cursor.nz_number()?);
    Ok(SearchKey::Extended(Arc::new(Age { younger, seconds })))
}

#[derive(Debug)]
struct Age {
    younger: bool,
    seconds: i64,
}

impl Condition for Age {
    fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        // RFC 5032 2: within the interval, its end included, in either direction.
        let since = facts.now.saturating_sub(self.seconds);
        facts.row.map(|row| {
            let received = row.received.seconds;
            if self.younger { received >= since } else { received <= since }
        })
    }
}

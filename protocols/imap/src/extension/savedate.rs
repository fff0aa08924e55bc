//! SAVEDATE (RFC 8514): when a message came into its mailbox, to be told and searched by.

use super::{Extension, When};
use crate::command::search::matching::Facts;
use crate::reply::Failure;
use crate::wire::date;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::{DateTest, SearchKey, day};
use crate::words::{Condition, FetchValue, FetchWord, SearchWord};
use model::ZonedTime;
use std::sync::Arc;
use store::MessageRow;

pub(super) const EXTENSION: Extension = Extension {
    name: "SAVEDATE",
    rfc: "RFC 8514",
    capability: Some("SAVEDATE"),
    when: When::LoggedIn,
    fetch: &[FetchWord {
        name: "SAVEDATE",
        argument: None,
        asked: None,
        value: FetchValue::Row(|out, _, row| {
            out.date_time(saved(row));
        }),
    }],
    search: &[
        SearchWord { name: "SAVEDBEFORE", parse: |cursor, _, _| key(cursor, DateTest::Before) },
        SearchWord { name: "SAVEDON", parse: |cursor, _, _| key(cursor, DateTest::On) },
        SearchWord { name: "SAVEDSINCE", parse: |cursor, _, _| key(cursor, DateTest::Since) },
        // Every mailbox here keeps save dates (RFC 8514 4.3.4).
        SearchWord { name: "SAVEDATESUPPORTED", parse: |_, _, _| Ok(SearchKey::All) },
    ],
    ..Extension::PLAIN
};

fn saved(row: &MessageRow) -> ZonedTime {
    ZonedTime { seconds: row.saved.seconds(), offset_minutes: 0 }
}

fn key(cursor: &mut Cursor<'_>, test: DateTest) -> Parsed<SearchKey> {
    cursor.space().map_err(|_| Failure::Bad("Expected a date"))?;
    Ok(SearchKey::Extended(Arc::new(Saved { test, day: day(cursor)? })))
}

#[derive(Debug)]
struct Saved {
    test: DateTest,
    day: i64,
}

impl Condition for Saved {
    fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        facts.row.map(|row| self.test.holds(date::local_day(saved(row)), self.day))
    }
}

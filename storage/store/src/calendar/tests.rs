//! The time index against a plain comparison, and the one-object-per-UID rule.

use super::*;
use crate::testing::{object, store, writer};
use crate::{DEFAULT_CALENDAR, Store};
use format::icalendar::object::Object;
use model::{CollectionId, CollectionKind, Rights};

async fn calendar(reader: &Reader, name: &str) -> Collection<Calendar> {
    let id = reader.child(CollectionId::ROOT, CollectionKind::Calendar, name).await.unwrap().unwrap();
    reader.open(id, Rights::READ).await.unwrap()
}

fn event(uid: &str, lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

async fn put_all(store: &Store, events: &[(String, String)]) {
    let mut turn = writer(store).await;
    let open = calendar(&turn, DEFAULT_CALENDAR).await;
    for (name, text) in events {
        let new = object(store, text.as_bytes()).await;
        let parsed = Object::parse(text.as_bytes()).unwrap();
        let facts = CalendarFacts { uid: parsed.uid().unwrap(), span: Span::of(&parsed).unwrap() };
        turn.put_calendar_object(&open, name, new, &facts).await.unwrap();
    }
    turn.commit(()).await.unwrap();
}

async fn names(store: &Store, start: i64, end: i64) -> Vec<(String, bool)> {
    let reader = crate::testing::reader(store).await;
    let open = calendar(&reader, DEFAULT_CALENDAR).await;
    let range = Range { start: Some(start), end: Some(end) };
    let found = reader.calendar_candidates(&open, Component::Event, &range, &Zone::Utc).await.unwrap();
    found.into_iter().map(|candidate| (candidate.name, candidate.sure)).collect()
}

#[tokio::test]
async fn a_range_finds_exactly_what_touches_it() {
    let store = store();
    let mut events = Vec::new();
    // Every length from an hour to 40 years, so that every size of bucket is used.
    for n in 0..200i64 {
        let start = 1_700_000_000 + n * 86_400 * 9;
        let hours = [1, 30, 24 * 20, 24 * 200, 24 * 1000, 24 * 365 * 40][usize::try_from(n % 6).unwrap()];
        let utc = format::icalendar::time::utc_text;
        let lines = format!("DTSTART:{}\r\nDTEND:{}", utc(start), utc(start + hours * 3600));
        events.push((start, start + hours * 3600, (format!("{n:03}.ics"), event(&format!("u{n}"), &lines))));
    }
    put_all(&store, &events.iter().map(|(.., event)| event.clone()).collect::<Vec<_>>()).await;
    for (from, length) in
        [(1_700_000_000, 1), (1_750_000_000, 2_600_000), (1_600_000_000, 400_000_000), (1_900_000_000, 60)]
    {
        let until = from + length;
        let expected: Vec<(String, bool)> = events
            .iter()
            .filter(|(start, end, _)| *start < until && *end > from)
            .map(|(.., (name, _))| (name.clone(), true))
            .collect();
        assert_eq!(names(&store, from, until).await, expected, "{from} {length}");
    }
}

#[tokio::test]
async fn endless_series_are_always_candidates_until_they_begin() {
    let store = store();
    let forever = event("forever", "DTSTART:20200101T100000Z\r\nRRULE:FREQ=WEEKLY");
    put_all(&store, &[("forever.ics".to_owned(), forever)]).await;
    assert_eq!(names(&store, 1_900_000_000, 1_900_000_060).await, [("forever.ics".to_owned(), false)]);
    assert_eq!(names(&store, 1_000_000_000, 1_000_000_060).await, []);
}

#[tokio::test]
async fn the_index_follows_change_move_and_removal() {
    let store = store();
    let at = |day: &str| event("one", &format!("DTSTART:{day}T100000Z\r\nDTEND:{day}T110000Z"));
    put_all(&store, &[("one.ics".to_owned(), at("20260101"))]).await;
    put_all(&store, &[("one.ics".to_owned(), at("20270101"))]).await;
    assert_eq!(names(&store, 1_767_225_600, 1_767_312_000).await, []);
    assert_eq!(names(&store, 1_798_761_600, 1_798_848_000).await, [("one.ics".to_owned(), true)]);
    let mut turn = writer(&store).await;
    let open = calendar(&turn, DEFAULT_CALENDAR).await;
    turn.move_calendar_object((&open, "one.ics"), (&open, "two.ics")).await.unwrap();
    turn.commit(()).await.unwrap();
    assert_eq!(names(&store, 1_798_761_600, 1_798_848_000).await, [("two.ics".to_owned(), true)]);
    let mut turn = writer(&store).await;
    let open = calendar(&turn, DEFAULT_CALENDAR).await;
    turn.remove_calendar_object(&open, "two.ics").await.unwrap();
    assert_eq!(turn.name_of_uid(&open, "one").await.unwrap(), None);
    turn.commit(()).await.unwrap();
    assert_eq!(names(&store, 0, i64::MAX / 2).await, []);
}

#[tokio::test]
async fn one_object_per_uid() {
    let store = store();
    let text = event("same", "DTSTART:20260101T100000Z");
    put_all(&store, &[("one.ics".to_owned(), text.clone())]).await;
    let mut turn = writer(&store).await;
    let open = calendar(&turn, DEFAULT_CALENDAR).await;
    let parsed = Object::parse(text.as_bytes()).unwrap();
    let facts = CalendarFacts { uid: parsed.uid().unwrap(), span: Span::of(&parsed).unwrap() };
    let new = object(&store, text.as_bytes()).await;
    let refused = turn.put_calendar_object(&open, "two.ics", new.clone(), &facts).await;
    assert_eq!(refused.unwrap_err(), Error::Conflict);
    assert_eq!(turn.name_of_uid(&open, "same").await.unwrap().as_deref(), Some("one.ics"));
    turn.put_calendar_object(&open, "one.ics", new, &facts).await.unwrap();
}

//! Whole objects: master, dates, exceptions, overrides.

use super::*;
use crate::icalendar::object::Object;
use crate::icalendar::time::utc_text;

fn instances_between(parts: &str, range: Range) -> (Vec<(String, i64, usize)>, Ended) {
    let text = format!("BEGIN:VCALENDAR\r\n{parts}END:VCALENDAR\r\n");
    let object = Object::parse(text.as_bytes()).unwrap();
    let mut found = Vec::new();
    let ended = object.series(&Zone::Utc).visit(&range, &mut |instance| {
        found.push((utc_text(instance.start), instance.end - instance.start, instance.component));
        ControlFlow::Continue(())
    });
    found.sort();
    (found, ended)
}

fn instances(parts: &str) -> Vec<(String, i64, usize)> {
    instances_between(parts, Range::default()).0
}

fn starts(parts: &str) -> Vec<String> {
    instances(parts).into_iter().map(|(start, ..)| start).collect()
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\n")
}

#[test]
fn a_local_time_stays_while_its_instant_moves() {
    let found = instances(&event(
        "DTSTART;TZID=Europe/Berlin:20260327T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3",
    ));
    assert_eq!(
        found,
        [
            ("20260327T080000Z".into(), 3600, 0),
            ("20260328T080000Z".into(), 3600, 0),
            ("20260329T070000Z".into(), 3600, 0),
        ]
    );
}

/// A start in the gap must not make the event vanish.
#[test]
fn an_instance_in_a_gap_is_kept() {
    let found = starts(&event("DTSTART;TZID=Europe/Berlin:20260328T023000\r\nRRULE:FREQ=DAILY;COUNT=3"));
    assert_eq!(found, ["20260328T013000Z", "20260329T013000Z", "20260330T003000Z"]);
}

#[test]
fn until_in_utc_counts_in_the_zone_of_the_start() {
    let found = starts(&event(
        "DTSTART;TZID=America/New_York:20260101T200000\r\nRRULE:FREQ=DAILY;UNTIL=20260103T010000Z",
    ));
    assert_eq!(found, ["20260102T010000Z", "20260103T010000Z"]);
}

#[test]
fn dates_are_added_once_and_exceptions_taken_out() {
    let lines = "DTSTART:20260101T100000Z\r\nDTEND:20260101T110000Z\r\nRRULE:FREQ=DAILY;COUNT=4\r\n\
        RDATE:20260102T100000Z,20260110T100000Z\r\nRDATE;VALUE=PERIOD:20260120T100000Z/PT3H,20260121T100000Z/20260121T103000Z\r\n\
        EXDATE:20260103T100000Z\r\nEXDATE;TZID=Europe/Berlin:20260104T110000";
    let found = instances(&event(lines));
    assert_eq!(
        found,
        [
            ("20260101T100000Z".into(), 3600, 0),
            ("20260102T100000Z".into(), 3600, 0),
            ("20260110T100000Z".into(), 3600, 0),
            ("20260120T100000Z".into(), 10_800, 0),
            ("20260121T100000Z".into(), 1800, 0),
        ]
    );
}

#[test]
fn exceptions_told_as_dates_take_the_day_out() {
    let lines = "DTSTART:20260101T100000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20260102";
    assert_eq!(starts(&event(lines)), ["20260101T100000Z", "20260103T100000Z"]);
}

#[test]
fn rules_are_joined_and_excluded_ones_taken_out() {
    let lines = "DTSTART:20260105T100000Z\r\nRRULE:FREQ=DAILY;COUNT=6\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEXRULE:FREQ=DAILY;INTERVAL=2;COUNT=2";
    assert_eq!(
        starts(&event(lines)),
        [
            "20260106T100000Z",
            "20260108T100000Z",
            "20260109T100000Z",
            "20260110T100000Z",
            "20260112T100000Z",
            "20260119T100000Z",
        ]
    );
}

#[test]
fn all_day_events_last_days() {
    let found = instances(&event(
        "DTSTART;VALUE=DATE:20260328\r\nDTEND;VALUE=DATE:20260330\r\nRRULE:FREQ=YEARLY;COUNT=2",
    ));
    assert_eq!(found, [("20260328T000000Z".into(), 172_800, 0), ("20270328T000000Z".into(), 172_800, 0)]);
    assert_eq!(instances(&event("DTSTART;VALUE=DATE:20260328"))[0].1, 86_400);
    assert_eq!(instances(&event("DTSTART:20260328T100000Z"))[0].1, 0);
    assert_eq!(instances(&event("DTSTART:20260328T100000Z\r\nDTEND:20260327T100000Z"))[0].1, 0);
}

#[test]
fn overrides_stand_for_their_instance_wherever_they_are() {
    let master =
        event("DTSTART;TZID=Europe/Berlin:20260101T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3");
    let moved = event("RECURRENCE-ID:20260102T090000Z\r\nDTSTART:20260201T090000Z\r\nDURATION:PT2H");
    let found = instances(&format!("{master}{moved}"));
    assert_eq!(
        found,
        [
            ("20260101T090000Z".into(), 3600, 0),
            ("20260103T090000Z".into(), 3600, 0),
            ("20260201T090000Z".into(), 7200, 1),
        ]
    );
    let alone = instances(&moved);
    assert_eq!(alone, [("20260201T090000Z".into(), 7200, 0)]);
}

#[test]
fn this_and_future_moves_all_that_follow() {
    let master =
        event("DTSTART;TZID=Europe/Berlin:20260327T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=4");
    let later = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260328T100000\r\nDTSTART;TZID=Europe/Berlin:20260328T120000\r\nDURATION:PT2H",
    );
    let found = instances(&format!("{master}{later}"));
    assert_eq!(
        found,
        [
            ("20260327T090000Z".into(), 3600, 0),
            ("20260328T110000Z".into(), 7200, 1),
            ("20260329T100000Z".into(), 7200, 1),
            ("20260330T100000Z".into(), 7200, 1),
        ]
    );
}

#[test]
fn a_range_far_from_the_start_is_reached() {
    let range = Range { start: Some(4_000_000_000), end: Some(4_000_604_800) };
    let (found, ended) = instances_between(&event("DTSTART:19700101T100000Z\r\nRRULE:FREQ=DAILY"), range);
    assert_eq!((found.len(), ended), (7, Ended::Whole));
}

/// CVE-2025-59045 and its kin: what would fill the memory is told as exhausted, not left out.
#[test]
fn bombs_are_told() {
    let bomb = event("DTSTART:20260101T000000Z\r\nRRULE:FREQ=SECONDLY");
    let (found, ended) =
        instances_between(&bomb, Range { start: Some(1_900_000_000), end: Some(2_000_000_000) });
    assert_eq!((found.len(), ended), (INSTANCE_COUNT_MAX, Ended::Exhausted));
    let fits = Range { start: Some(1_900_000_000), end: Some(1_900_000_000 + INSTANCE_COUNT_MAX as i64 - 1) };
    let (found, ended) = instances_between(&bomb, fits);
    assert_eq!((found.len(), ended), (INSTANCE_COUNT_MAX, Ended::Whole));
    let long = event("DTSTART:20260101T000000Z\r\nDURATION:P9000D\r\nRRULE:FREQ=MINUTELY");
    assert_eq!(instances_between(&long, fits).1, Ended::Exhausted);
    let excluded = event("DTSTART:20260101T000000Z\r\nRRULE:FREQ=SECONDLY\r\nEXRULE:FREQ=SECONDLY");
    assert_eq!(
        instances_between(&excluded, Range { start: Some(1_900_000_000), end: Some(2_000_000_000) }).1,
        Ended::Exhausted
    );
}

#[test]
fn first_and_last() {
    let ends = |parts: &str| {
        let text = format!("BEGIN:VCALENDAR\r\n{parts}END:VCALENDAR\r\n");
        let object = Object::parse(text.as_bytes()).unwrap();
        let series = object.series(&Zone::Utc);
        (series.first().map(utc_text), series.last().map(utc_text))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        ends(&event("DTSTART:20260101T000000Z\r\nRRULE:FREQ=DAILY")),
        (some("20260101T000000Z"), None)
    );
    assert_eq!(
        ends(&event("DTSTART:20260101T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3")),
        (some("20260101T000000Z"), some("20260103T010000Z"))
    );
    let until =
        ends(&event("DTSTART:20260101T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;UNTIL=20260103T000000Z"));
    assert!(until.1 >= some("20260103T010000Z") && until.1 < some("20260105T000000Z"), "{until:?}");
    assert_eq!(ends("BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n"), (None, some(&utc_text(i64::MIN))));
}

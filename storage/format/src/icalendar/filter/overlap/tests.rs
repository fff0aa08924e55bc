//! The tables of RFC 4791 9.9, row by row. The component stands from 10 to 20; ranges are tried around it.

use super::*;
use crate::icalendar::time::utc_text;

fn utc(second: i64) -> String {
    utc_text(1_000_000 + second)
}

fn object(parts: &str) -> String {
    format!("BEGIN:VCALENDAR\r\n{parts}END:VCALENDAR\r\n")
}

/// Which of the ranges [from, until) touch.
fn touched(name: &str, lines: &str, ranges: &[(i64, i64)]) -> Vec<bool> {
    let text = object(&format!("BEGIN:{name}\r\nUID:1\r\n{lines}END:{name}\r\n"));
    let object = Object::parse(text.as_bytes()).unwrap();
    let range =
        |(from, until): &(i64, i64)| Range { start: Some(1_000_000 + from), end: Some(1_000_000 + until) };
    ranges.iter().map(|pair| overlaps(&object, name, &range(pair), &Zone::Utc).any()).collect()
}

/// Before, up to the start, over the start, inside, over the end, from the end on, after, all.
const AROUND: [(i64, i64); 8] = [(0, 5), (0, 10), (5, 11), (12, 15), (15, 25), (20, 25), (21, 25), (0, 30)];

#[test]
fn events() {
    let during = [false, false, true, true, true, false, false, true];
    let ends = format!("DTSTART:{}\r\nDTEND:{}\r\n", utc(10), utc(20));
    assert_eq!(touched("VEVENT", &ends, &AROUND), during);
    let lasts = format!("DTSTART:{}\r\nDURATION:PT10S\r\n", utc(10));
    assert_eq!(touched("VEVENT", &lasts, &AROUND), during);
    for point in [format!("DTSTART:{}\r\n", utc(10)), format!("DTSTART:{}\r\nDURATION:PT0S\r\n", utc(10))] {
        assert_eq!(
            touched("VEVENT", &point, &[(5, 10), (10, 11), (5, 11), (11, 12)]),
            [false, true, true, false]
        );
    }
    let day = "DTSTART;VALUE=DATE:19700112\r\n";
    let start = 950_400 - 1_000_000;
    assert_eq!(
        touched(
            "VEVENT",
            day,
            &[(start - 5, start), (start + 86_399, start + 86_405), (start + 86_400, start + 86_405)]
        ),
        [false, true, false]
    );
}

#[test]
fn todos_with_times() {
    let both = format!("DTSTART:{}\r\nDUE:{}\r\n", utc(10), utc(20));
    assert_eq!(touched("VTODO", &both, &AROUND), [false, false, true, true, true, false, false, true]);
    let lasts = format!("DTSTART:{}\r\nDURATION:PT10S\r\n", utc(10));
    assert_eq!(touched("VTODO", &lasts, &AROUND), [false, false, true, true, true, true, false, true]);
    let starts = format!("DTSTART:{}\r\n", utc(10));
    assert_eq!(touched("VTODO", &starts, &[(5, 10), (10, 11), (11, 12)]), [false, true, false]);
    let due = format!("DUE:{}\r\n", utc(20));
    assert_eq!(touched("VTODO", &due, &[(5, 19), (5, 20), (19, 25), (20, 25)]), [false, true, true, false]);
}

#[test]
fn todos_without_times() {
    let around = [(0, 9), (0, 10), (10, 12), (15, 16), (20, 25), (21, 25)];
    let both = format!("CREATED:{}\r\nCOMPLETED:{}\r\n", utc(10), utc(20));
    assert_eq!(touched("VTODO", &both, &around), [false, true, true, true, true, false]);
    let completed = format!("COMPLETED:{}\r\n", utc(20));
    assert_eq!(
        touched("VTODO", &completed, &[(0, 19), (0, 20), (20, 25), (21, 25)]),
        [false, true, true, false]
    );
    let created = format!("CREATED:{}\r\n", utc(10));
    assert_eq!(touched("VTODO", &created, &[(0, 10), (0, 11), (100, 200)]), [false, true, true]);
    assert_eq!(touched("VTODO", "", &[(0, 1)]), [true]);
}

#[test]
fn journals() {
    let at = format!("DTSTART:{}\r\n", utc(10));
    assert_eq!(touched("VJOURNAL", &at, &[(5, 10), (10, 11), (11, 12)]), [false, true, false]);
    assert_eq!(touched("VJOURNAL", "", &[(0, 1)]), [false]);
}

#[test]
fn free_and_busy_time() {
    let whole = format!("DTSTART:{}\r\nDTEND:{}\r\n", utc(10), utc(20));
    assert_eq!(touched("VFREEBUSY", &whole, &AROUND), [false, false, true, true, true, true, false, true]);
    let periods = format!("FREEBUSY:{}/PT1S,{}/{}\r\n", utc(10), utc(19), utc(20));
    assert_eq!(
        touched("VFREEBUSY", &periods, &AROUND),
        [false, false, true, false, true, false, false, true]
    );
    assert_eq!(touched("VFREEBUSY", "", &[(0, 1)]), [false]);
}

fn rings(event: &str, alarm: &str, from: i64, until: i64) -> bool {
    let text = object(&format!(
        "BEGIN:VEVENT\r\nUID:1\r\n{event}BEGIN:VALARM\r\n{alarm}END:VALARM\r\nEND:VEVENT\r\n"
    ));
    let object = Object::parse(text.as_bytes()).unwrap();
    let parent = object.parts()[0].clone();
    let alarm = parent.components().next().unwrap();
    let range = Range { start: Some(1_000_000 + from), end: Some(1_000_000 + until) };
    Alarmed::of(&object, "VEVENT", &Zone::Utc).rings(&parent, alarm, &range)
}

#[test]
fn alarms_ring_at_their_trigger_and_again() {
    let event = format!("DTSTART:{}\r\nDTEND:{}\r\n", utc(1000), utc(2000));
    assert!(rings(&event, "TRIGGER:-PT1M\r\n", 940, 941) && !rings(&event, "TRIGGER:-PT1M\r\n", 941, 2000));
    assert!(rings(&event, "TRIGGER;RELATED=END:PT0S\r\n", 2000, 2001));
    assert!(rings(&event, &format!("TRIGGER;VALUE=DATE-TIME:{}\r\n", utc(50)), 50, 51));
    assert!(rings(&event, "TRIGGER:-PT1M\r\nREPEAT:2\r\nDURATION:PT30S\r\n", 1000, 1001));
    assert!(!rings(&event, "TRIGGER:-PT1M\r\nREPEAT:1\r\nDURATION:PT30S\r\n", 1000, 1001));
    let daily = format!("{event}RRULE:FREQ=DAILY\r\n");
    assert!(rings(&daily, "TRIGGER:-PT1M\r\n", 940 + 86_400 * 9, 941 + 86_400 * 9));
}

/// What is too much to count is shown, not hidden.
#[test]
fn an_exhausted_series_counts_as_touching() {
    let lines = "DTSTART:19700101T000000Z\r\nRRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=5\r\n";
    assert_eq!(touched("VEVENT", lines, &[(1_000_000_000, 1_000_000_001)]), [true]);
}

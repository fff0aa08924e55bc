//! Expanded and limited output.

use super::*;
use crate::icalendar::limits::INSTANCE_COUNT_MAX;

fn utc(text: &str) -> i64 {
    Moment::parse(text, None, &Zones::default()).unwrap().instant(&Zone::Utc)
}

fn range(start: &str, end: &str) -> Range {
    Range { start: Some(utc(start)), end: Some(utc(end)) }
}

/// RFC 4791 appendix B, abcd2.ics, and the answer of 7.8.3.
const SERIES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:US/Eastern\r\nBEGIN:DAYLIGHT\r\n\
    DTSTART:20000404T020000\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\n\
    END:DAYLIGHT\r\nBEGIN:STANDARD\r\nDTSTART:20001026T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n\
    TZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\n\
    DTSTART;TZID=US/Eastern:20060102T120000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:Event #2\r\n\
    UID:00959BC664CA650E933C892C@example.com\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\n\
    DTSTART;TZID=US/Eastern:20060104T140000\r\nDURATION:PT1H\r\nRECURRENCE-ID;TZID=US/Eastern:20060104T120000\r\n\
    SUMMARY:Event #2 bis\r\nUID:00959BC664CA650E933C892C@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn expand_as_the_specification_shows() {
    let object = Object::parse(SERIES.as_bytes()).unwrap();
    let out = expand(&object, &range("20060103T000000Z", "20060105T000000Z"), &Zone::Utc).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\nDTSTART:20060103T170000Z\r\n\
         RECURRENCE-ID:20060103T170000Z\r\nDURATION:PT1H\r\nSUMMARY:Event #2\r\nUID:00959BC664CA650E933C892C@example.com\r\n\
         END:VEVENT\r\nBEGIN:VEVENT\r\nDTSTAMP:20060206T001121Z\r\nDTSTART:20060104T190000Z\r\n\
         RECURRENCE-ID:20060104T170000Z\r\nDURATION:PT1H\r\nSUMMARY:Event #2 bis\r\nUID:00959BC664CA650E933C892C@example.com\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    );
}

#[test]
fn dates_and_floating_times_stay_what_they_are() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20260103\r\nRRULE:FREQ=WEEKLY;COUNT=2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let object = Object::parse(text.as_bytes()).unwrap();
    let out = expand(&object, &range("20260105T000000Z", "20260120T000000Z"), &berlin).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("DTSTART;VALUE=DATE:20260108\r\nRECURRENCE-ID;VALUE=DATE:20260108\r\nDTEND;VALUE=DATE:20260110\r\n"), "{text}");
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260701T100000\r\nDTEND:20260701T110000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let out = expand(
        &Object::parse(text.as_bytes()).unwrap(),
        &range("20260630T000000Z", "20260720T000000Z"),
        &berlin,
    )
    .unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), text);
}

#[test]
fn too_many_instances_are_an_error_and_not_a_part() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T000000Z\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let object = Object::parse(text.as_bytes()).unwrap();
    let start = utc("20260101T000000Z");
    let until = |count: usize| Range { start: Some(start), end: Some(start + i64::try_from(count).unwrap()) };
    assert!(expand(&object, &until(INSTANCE_COUNT_MAX - 1), &Zone::Utc).is_ok());
    assert_eq!(
        expand(&object, &until(INSTANCE_COUNT_MAX + 1), &Zone::Utc),
        Err(Error::TooLarge(INSTANCE_COUNT_MAX as u64))
    );
}

/// RFC 4791 7.8.2: the override is given where the range touches what it is or what it was.
#[test]
fn limited_to_the_overrides_of_a_range() {
    let object = Object::parse(SERIES.as_bytes()).unwrap();
    let limited = |start: &str, end: &str| limit_recurrence_set(&object, &range(start, end), &Zone::Utc);
    assert_eq!(limited("20060103T000000Z", "20060105T000000Z"), SERIES.as_bytes());
    assert_eq!(limited("20060104T170000Z", "20060104T173000Z"), SERIES.as_bytes());
    assert_eq!(limited("20060104T193000Z", "20060104T194500Z"), SERIES.as_bytes());
    let without = limited("20060105T000000Z", "20060106T000000Z");
    assert!(!String::from_utf8(without).unwrap().contains("bis"));
}

#[test]
fn free_busy_periods_of_a_range() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nUID:1\r\nFREEBUSY;FBTYPE=BUSY:20060102T150000Z/PT1H,20060104T150000Z/PT1H\r\nFREEBUSY:20060109T150000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n";
    let object = Object::parse(text.as_bytes()).unwrap();
    let out = String::from_utf8(limit_freebusy_set(&object, &range("20060104T000000Z", "20060105T000000Z")))
        .unwrap();
    assert!(out.contains("FREEBUSY;FBTYPE=BUSY:20060104T150000Z/PT1H\r\nEND:VFREEBUSY"), "{out}");
}

//! Zones of calendars and reports.

use super::*;

#[test]
fn one_zone_in_a_calendar() {
    let zone = "BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    let calendar = |inside: &str| format!("\n  BEGIN:VCALENDAR\r\n{inside}END:VCALENDAR\r\n");
    assert!(parse(&calendar(zone)).is_ok());
    for bad in [calendar(""), calendar(&zone.repeat(2)), zone.to_owned(), String::new()] {
        assert!(parse(&bad).is_err(), "{bad}");
    }
}

#[test]
fn zone_text_ends_at_its_limit() {
    let sized = |size: usize| {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nX:\r\nEND:VCALENDAR\r\n";
        text.replace("X:", &format!("X:{}", "a".repeat(size - text.len())))
    };
    assert!(parse(&sized(TIMEZONE_BYTES_MAX)).is_ok());
    assert!(parse(&sized(TIMEZONE_BYTES_MAX + 1)).is_err());
}

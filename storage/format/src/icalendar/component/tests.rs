//! The tree: what is refused, and the limits.

use super::*;
use crate::icalendar::limits;

fn parse(text: &str) -> Result<Vec<Component<'_>>> {
    parse_stream(text.as_bytes(), Lines::new(text.as_bytes()))
}

#[test]
fn order_and_octets_are_kept() {
    let text = "begin:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:vevent\r\nUID:1\r\nEND:VEVENT\r\nX-LATE:1\r\nEND:VCALENDAR\r\n";
    let all = parse(text).unwrap();
    let calendar = &all[0];
    assert_eq!((calendar.name(), calendar.raw()), ("VCALENDAR", text.as_bytes()));
    assert_eq!(calendar.lines().map(Line::name).collect::<Vec<_>>(), ["VERSION", "X-LATE"]);
    let event = calendar.components().next().unwrap();
    assert_eq!(event.raw(), b"BEGIN:vevent\r\nUID:1\r\nEND:VEVENT\r\n");
    assert!(event.line("uid").is_some() && event.line("DTSTART").is_none());
}

#[test]
fn what_does_not_nest_is_refused() {
    let bad = [
        "BEGIN:A\r\nEND:B\r\n",
        "BEGIN:A\r\n",
        "END:A\r\n",
        "X:1\r\n",
        "BEGIN:A\r\nno colon\r\nEND:A\r\n",
        "BEGIN:A\r\nBEGIN:B\r\nEND:A\r\nEND:B\r\n",
    ];
    for text in bad {
        assert!(matches!(parse(text), Err(Error::Invalid(_))), "{text}");
    }
}

#[test]
fn nesting_ends_at_its_limit() {
    let nested = |depth: usize| "BEGIN:A\r\n".repeat(depth) + &"END:A\r\n".repeat(depth);
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(parse(&nested(DEPTH_MAX + 1)).unwrap_err(), Error::TooLarge(DEPTH_MAX as u64));
}

#[test]
fn names_end_at_their_limit() {
    let named = |length: usize| format!("BEGIN:A\r\n{}:1\r\nEND:A\r\n", "X".repeat(length));
    assert!(parse(&named(limits::NAME_BYTES_MAX)).is_ok());
    assert!(matches!(parse(&named(limits::NAME_BYTES_MAX + 1)), Err(Error::TooLarge(_))));
}

#[test]
fn lines_end_at_their_count() {
    let many = |count: usize| format!("BEGIN:A\r\n{}END:A\r\n", "X:1\r\n".repeat(count - 2));
    assert!(parse(&many(LINE_COUNT_MAX)).is_ok());
    assert_eq!(parse(&many(LINE_COUNT_MAX + 1)).unwrap_err(), Error::TooLarge(LINE_COUNT_MAX as u64));
}

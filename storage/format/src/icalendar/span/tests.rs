//! Spans: the index must never say no where the object says yes.

use super::*;
use crate::icalendar::corpus::files;
use crate::icalendar::filter::overlaps;
use crate::icalendar::split::split;

#[test]
fn a_span_never_hides_an_object() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let mut judged = 0;
    for (name, octets) in files("ical").into_iter().filter(|(_, octets)| octets.len() < 20_000) {
        for piece in split(&octets).unwrap_or_default() {
            let Ok(object) = Object::parse(&piece.octets) else { continue };
            let Some(span) = Span::of(&object) else { continue };
            let centre = if span.first == i64::MIN { 1_000_000_000 } else { span.first };
            for step in -4..=16i64 {
                let start = centre + step * 43_200;
                let range = Range { start: Some(start), end: Some(start + 40_000) };
                for zone in [&Zone::Utc, &berlin] {
                    let truth = overlaps(&object, span.kind.name(), &range, zone).any();
                    match span.touches(&range, zone) {
                        Some(said) => assert_eq!(said, truth, "{name} {} {start} {span:?}", piece.uid),
                        None => judged += 1,
                    }
                }
            }
        }
    }
    assert!(judged > 0);
}

#[test]
fn single_events_are_exact_and_series_are_not() {
    let span = |lines: &str| {
        let text =
            format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        Span::of(&Object::parse(text.as_bytes()).unwrap()).unwrap()
    };
    let one = span("DTSTART:19700102T000000Z\r\nDURATION:PT1H");
    assert_eq!((one.first, one.last, one.exact, one.floating), (86_400, 90_000, true, false));
    let day = span("DTSTART;VALUE=DATE:19700102");
    assert_eq!((day.first, day.last, day.exact, day.floating), (86_400, 172_800, true, true));
    let many = span("DTSTART:19700102T000000Z\r\nRRULE:FREQ=DAILY");
    assert_eq!((many.last, many.exact), (i64::MAX, false));
}

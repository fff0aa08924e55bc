//! Files of many objects, cut.

use super::*;
use crate::icalendar::object::Object;

#[test]
fn one_piece_per_uid_with_its_zones_and_without_method() {
    let text = "BEGIN:VCALENDAR\r\nPRODID:x\r\nMETHOD:PUBLISH\r\nBEGIN:VTIMEZONE\r\nTZID:A\r\nEND:VTIMEZONE\r\n\
        BEGIN:VTIMEZONE\r\nTZID:B\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=A:20260101T100000\r\n\
        END:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\n\
        RECURRENCE-ID;TZID=A:20260101T100000\r\nDTSTART;TZID=B:20260101T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let pieces = split(text.as_bytes()).unwrap();
    assert_eq!(pieces.iter().map(|piece| piece.uid.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let first = Object::parse(&pieces[0].octets).unwrap();
    assert_eq!(first.parts().len(), 2);
    assert_eq!(first.calendar().components().filter(|part| part.is("VTIMEZONE")).count(), 2);
    assert!(first.calendar().line("METHOD").is_none() && first.calendar().line("PRODID").is_some());
    let second = Object::parse(&pieces[1].octets).unwrap();
    assert_eq!(second.calendar().components().count(), 1);
}

#[test]
fn a_missing_uid_is_made_from_the_content() {
    let text = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR";
    let (one, other) = (split(text).unwrap(), split(text).unwrap());
    assert_eq!(one, other);
    assert_eq!(Object::parse(&one[0].octets).unwrap().uid(), Some(one[0].uid.clone()));
}

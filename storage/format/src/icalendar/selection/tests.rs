//! Partial retrieval: RFC 4791 7.8.1's own shape.

use super::*;
use crate::icalendar::object::Object;

const TEXT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:z\r\nEND:VTIMEZONE\r\n\
    BEGIN:VEVENT\r\nUID:1\r\nSUMMARY;LANGUAGE=de:a\r\n b\r\nDTSTART:20260101T100000Z\r\nBEGIN:VALARM\r\nEND:VALARM\r\n\
    END:VEVENT\r\nEND:VCALENDAR\r\n";

fn only(names: &[(&str, bool)]) -> Wanted<PropWanted> {
    Wanted::Only(
        names
            .iter()
            .map(|(name, no_value)| PropWanted { name: (*name).into(), no_value: *no_value })
            .collect(),
    )
}

fn written(selection: &Selection) -> String {
    let mut out = Vec::new();
    selection.write(Object::parse(TEXT.as_bytes()).unwrap().calendar(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_come_as_stored_and_values_can_be_left_out() {
    let event = Selection {
        name: "vevent".into(),
        props: only(&[("SUMMARY", false), ("UID", true)]),
        comps: Wanted::Only(vec![]),
    };
    let zone = Selection { name: "VTIMEZONE".into(), props: only(&[]), comps: Wanted::Only(vec![]) };
    let all = Selection {
        name: "VCALENDAR".into(),
        props: only(&[("VERSION", false)]),
        comps: Wanted::Only(vec![event, zone]),
    };
    assert_eq!(
        written(&all),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:z\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:\r\n\
         SUMMARY;LANGUAGE=de:a\r\n b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
}

#[test]
fn everything_is_everything() {
    assert_eq!(
        written(&Selection { name: "VCALENDAR".into(), props: Wanted::All, comps: Wanted::All }),
        TEXT
    );
    assert_eq!(
        written(&Selection { name: "VCALENDAR".into(), props: only(&[]), comps: Wanted::Only(vec![]) }),
        TEXT
    );
}

//! Where a zone comes from: the object, IANA, other software's names; and what nobody knows.

use super::*;
use crate::icalendar::object::Object;
use crate::icalendar::time::{Moment, utc_text};

fn at(tzid: &str, text: &str, zones: &Zones) -> String {
    utc_text(Moment::parse(text, Some(tzid), zones).unwrap().instant(&Zone::Utc))
}

#[test]
fn names_of_many_kinds() {
    let none = Zones::default();
    for name in [
        "Europe/Berlin",
        "W. Europe Standard Time",
        "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin",
        "/citadel.org/20210210_1/Europe/Berlin",
    ] {
        assert_eq!(at(name, "20260701T120000", &none), "20260701T100000Z", "{name}");
        assert_eq!(at(name, "20260101T120000", &none), "20260101T110000Z", "{name}");
    }
    assert_eq!(at("America/Argentina/Buenos_Aires", "20260101T120000", &none), "20260101T150000Z");
    assert_eq!(at("(UTC-03:30) Somewhere", "20260101T120000", &none), "20260101T153000Z");
    assert_eq!(at("GMT+0200", "20260101T120000", &none), "20260101T100000Z");
    assert_eq!(at("UTC", "20260101T120000", &none), "20260101T120000Z");
    assert!(matches!(none.resolve("Nowhere in Particular"), Zone::Floating));
}

#[test]
fn the_objects_own_zone_comes_first() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\n\
        DTSTART:19700101T000000\r\nTZOFFSETFROM:+0500\r\nTZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
        END:VCALENDAR\r\n";
    let object = Object::parse(text.as_bytes()).unwrap();
    assert_eq!(at("Europe/Berlin", "20260701T120000", object.zones()), "20260701T070000Z");
}

#[test]
fn rules_hold_after_2099() {
    assert_eq!(at("Europe/Berlin", "21500701T120000", &Zones::default()), "21500701T100000Z");
}

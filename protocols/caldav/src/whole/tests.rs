//! What is written of objects as producers really send them.

use super::Whole;
use webdav::Gather;

fn whole(name: &str, objects: &[&str]) -> String {
    let (mut whole, mut out) = (Whole::new(name), Vec::new());
    whole.begin(&mut out);
    for object in objects {
        whole.add(object.as_bytes(), &mut out);
    }
    whole.end(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn objects_are_joined_under_one_head() {
    let bare = "BEGIN:VCALENDAR\nX-WR-CALNAME:other\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\nEND:VCALENDAR";
    let marked = "\u{feff}BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:b\r\nEND:VTODO\r\n\r\nEND:VCALENDAR\r\n";
    assert_eq!(
        whole("A; b", &[bare, "no calendar", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", marked]),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Collegium//CalDAV//EN\r\nNAME:A\\; b\r\n\
         X-WR-CALNAME:A\\; b\r\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\r\nBEGIN:VTODO\r\nUID:b\r\nEND:VTODO\r\n\
         END:VCALENDAR\r\n"
    );
}

#[test]
fn a_time_zone_is_written_once() {
    let zoned = |id: &str| {
        format!("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:{id}\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n")
    };
    let out = whole("x", &[&zoned("A"), &zoned("B"), &zoned("A")]);
    assert_eq!((out.matches("TZID:A").count(), out.matches("TZID:B").count()), (1, 1));
}

//! Objects: which stream is one.

use super::*;

#[test]
fn one_calendar_and_its_parts() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:X-NOTE\r\nEND:X-NOTE\r\nBEGIN:VTODO\r\nUID: a \r\nEND:VTODO\r\nBEGIN:VTODO\r\nUID:a\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
    let object = Object::parse(text.as_bytes()).unwrap();
    assert_eq!(object.kind(), Some(Kind::Todo));
    assert_eq!((object.parts().len(), object.uid().as_deref()), (2, Some("a")));
    assert!(Object::parse(format!("{text}{text}").as_bytes()).is_err());
    assert!(Object::parse(b"BEGIN:VCARD\r\nEND:VCARD\r\n").is_err());
    assert!(Object::parse(b"").is_err());
}

#[test]
fn kinds_and_names() {
    for kind in Kind::ALL {
        assert_eq!(Kind::named(&kind.name().to_lowercase()), Some(kind));
    }
    assert_eq!(Kind::named("VALARM"), None);
}

//! Cards and files of them.

use super::*;

#[test]
fn properties_at_hand() {
    let text = "BEGIN:VCARD\nVERSION: 4.0\nitem1.UID:urn:uuid:1\nFN:Jo\\, the\n  one\nEND:VCARD";
    let card = Card::parse(text.as_bytes()).unwrap();
    assert_eq!((card.version(), card.uid().as_deref()), (Some("4.0"), Some("urn:uuid:1")));
    assert_eq!(card.formatted_name().as_deref(), Some("Jo, the one"));
    assert!(Card::parse(text.repeat(2).as_bytes()).is_err());
    assert!(Card::parse(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").is_err());
}

#[test]
fn a_file_is_cut_into_its_cards() {
    let text = b"BEGIN:VCARD\r\nUID:1\r\nEND:VCARD\r\n\r\nBEGIN:VCARD\r\nFN:x\r\nEND:VCARD";
    let pieces = split(text).unwrap();
    assert_eq!(pieces[0].octets, b"BEGIN:VCARD\r\nUID:1\r\nEND:VCARD\r\n");
    assert_eq!(pieces, split(text).unwrap());
    let made = format!("BEGIN:VCARD\r\nFN:x\r\nUID:{}\r\nEND:VCARD\r\n", pieces[1].uid);
    assert_eq!(pieces[1].octets, made.as_bytes());
}

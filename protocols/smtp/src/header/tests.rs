//! Header sections as a whole.

use super::*;

fn originators(section: &str) -> Result<String, Fault> {
    let header = read(section.as_bytes())?;
    Ok(header.originators.iter().map(Address::as_str).collect::<Vec<_>>().join(" "))
}

#[test]
fn fields_are_found_folded_and_in_any_case() {
    let header = read(
        b"FROM: Alice\r\n <alice@example.org>\r\nSender: b@x.org\r\nDate: x\r\nmessage-ID : <1@x>\r\n\r\n",
    );
    let header = header.unwrap();
    assert_eq!(header.originators.len(), 2);
    assert!(header.has_date && header.has_message_id && !header.eight_bit);
    let bare = read(b"From: a@x.org\r\n").unwrap();
    assert!(bare.has_from && !bare.has_date && !bare.has_message_id);
    assert!(!read(b"Sender: a@x.org\r\n").unwrap().has_from);
    assert_eq!(read(b"").unwrap(), Header::default());
    assert!(read("From: é <a@x.org>\r\n".as_bytes()).unwrap().eight_bit);
}

#[test]
fn anything_that_readers_could_see_differently_is_refused() {
    for (section, fault) in [
        ("From: a@x.org\r\nFrom: b@x.org\r\n", Fault::Twice),
        ("From: a@x.org\r\nFROM : b@x.org\r\n", Fault::Twice),
        ("From: a@x.org\r\nSender: a@x.org\r\nSender: b@x.org\r\n", Fault::Twice),
        ("From: a@x.org\r\nDate: x\r\nDate: y\r\n", Fault::Twice),
        ("From: a@x.org\r\nMessage-ID: x\r\nMessage-ID: y\r\n", Fault::Twice),
        ("From: a@x.org\r\nno field\r\n", Fault::Malformed),
        (" folded first\r\nFrom: a@x.org\r\n", Fault::Malformed),
        ("From: a@x.org\r\n: x\r\n", Fault::Malformed),
        ("From: a@x.org\r\nX Y: x\r\n", Fault::Malformed),
        ("From: a@x.org\r\nX: \0\r\n", Fault::Malformed),
        ("From a@x.org Mon Jan 1\r\nFrom: a@x.org\r\n", Fault::Malformed),
        ("From: nobody\r\n", Fault::Originator),
        ("From: a@x.org\r\nSender:\r\n", Fault::Originator),
    ] {
        assert_eq!(originators(section), Err(fault), "{section:?}");
    }
}

#[test]
fn resent_fields_must_be_owned_too() {
    assert_eq!(originators("Resent-From: b@x.org\r\nFrom: a@x.org\r\n").unwrap(), "b@x.org a@x.org");
}

#[test]
fn hops_and_fields_at_their_limits() {
    let section = |hops: usize| format!("{}From: a@x.org\r\n", "Received: x\r\n".repeat(hops));
    assert!(originators(&section(HOP_COUNT_MAX)).is_ok());
    assert_eq!(originators(&section(HOP_COUNT_MAX + 1)), Err(Fault::Loop));
    let section = |count: usize| format!("From: a@x.org\r\n{}", "X: y\r\n".repeat(count - 1));
    assert!(originators(&section(HEADER_COUNT_MAX)).is_ok());
    assert_eq!(originators(&section(HEADER_COUNT_MAX + 1)), Err(Fault::TooMany));
}

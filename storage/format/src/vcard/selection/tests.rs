//! Partial cards.

use super::*;

#[test]
fn the_lines_asked_for_and_the_version() {
    let text = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nitem1.EMAIL:a@b\r\nEMAIL:c\r\n @d\r\nNOTE;X=1:long\r\nEND:VCARD\r\n";
    let card = Card::parse(text).unwrap();
    let wanted = |names: &[(&str, bool)]| {
        Wanted::Only(
            names
                .iter()
                .map(|(name, no_value)| PropWanted { name: (*name).into(), no_value: *no_value })
                .collect(),
        )
    };
    let written = |wanted: &Wanted<PropWanted>| {
        let mut out = Vec::new();
        write(&card, wanted, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        written(&wanted(&[("email", false), ("NOTE", true)])),
        "BEGIN:VCARD\r\nVERSION:3.0\r\nitem1.EMAIL:a@b\r\nEMAIL:c\r\n @d\r\nNOTE;X=1:\r\nEND:VCARD\r\n"
    );
    assert_eq!(
        written(&wanted(&[("item1.EMAIL", false)])),
        "BEGIN:VCARD\r\nVERSION:3.0\r\nitem1.EMAIL:a@b\r\nEND:VCARD\r\n"
    );
    assert_eq!(written(&Wanted::All).as_bytes(), text);
}

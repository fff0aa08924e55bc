//! What is stored, and under which name the rest is refused.

use super::*;

#[test]
fn judged() {
    let card = |lines: &str| format!("BEGIN:VCARD\r\n{lines}END:VCARD\r\n");
    let judge = |text: &str| check(text.as_bytes()).err();
    assert_eq!(judge(&card("VERSION:3.0\r\nUID:1\r\nFN:x\r\n")), None);
    assert_eq!(judge(&card("VERSION:4.0\r\nitem1.X-ABLabel:_$!<Home>!$_\r\n")), None);
    assert_eq!(judge(&card("")), None);
    assert_eq!(judge(&card("VERSION:2.1\r\n")), Some(Refusal::Version));
    for bad in
        ["", "hello", "BEGIN:VCARD\r\n", &card("").repeat(2), &card("N\u{1}:x\r\n"), &card("no colon\r\n")]
    {
        assert!(matches!(judge(bad), Some(Refusal::Data(_))), "{bad}");
    }
}

//! Each limit and one past it.

use super::*;
use crate::vcard::card::split;
use crate::vcard::validate::{Refusal, check};

fn card(lines: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}END:VCARD\r\n")
}

#[test]
fn card_bytes() {
    let sized = |size: usize| {
        let fill = size - card("X-A:\r\nX-B:\r\n").len();
        card(&format!("X-A:{}\r\nX-B:{}\r\n", "a".repeat(fill / 2), "a".repeat(fill - fill / 2)))
    };
    assert!(check(sized(CARD_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(
        check(sized(CARD_BYTES_MAX + 1).as_bytes()).unwrap_err(),
        Refusal::Size(CARD_BYTES_MAX as u64)
    );
}

#[test]
fn uid_bytes() {
    let with = |length: usize| card(&format!("UID:{}\r\n", "u".repeat(length)));
    assert!(check(with(UID_BYTES_MAX).as_bytes()).is_ok());
    assert!(matches!(check(with(UID_BYTES_MAX + 1).as_bytes()), Err(Refusal::Data(_))));
}

#[test]
fn cards_of_a_file() {
    let many = |count: usize| "BEGIN:VCARD\r\nEND:VCARD\r\n".repeat(count);
    assert_eq!(split(many(CARD_COUNT_MAX).as_bytes()).unwrap().len(), CARD_COUNT_MAX);
    assert!(split(many(CARD_COUNT_MAX + 1).as_bytes()).is_err());
}

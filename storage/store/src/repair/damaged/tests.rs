//! Subjects as the wire spells them.

use super::*;

#[test]
fn strings_of_every_spelling_are_read() {
    assert_eq!(nstring(b"NIL x"), Some((None, b" x".as_slice())));
    assert_eq!(nstring(b"\"a\\\"b\" x"), Some((Some(b"a\"b".to_vec()), b" x".as_slice())));
    assert_eq!(nstring(b"{3}\r\na\"b x"), Some((Some(b"a\"b".to_vec()), b" x".as_slice())));
    assert_eq!(nstring(b"\"open"), None);
    assert_eq!(nstring(b"{9}\r\nshort"), None);
}

//! Patterns in chunks of terms.

use super::*;

#[test]
fn patterns_find_their_terms() {
    let chunk = b"\0ABC\0BC\0BCD\0CAB\0";
    let found = |pattern: &[u8]| terms_with(chunk, &Finder::new(pattern));
    assert_eq!(found(b"BC"), [0, 1, 2]);
    assert_eq!(found(b"\0BC"), [1, 2]);
    assert_eq!(found(b"BC\0"), [0, 1]);
    assert_eq!(found(b"\0BC\0"), [1]);
    assert_eq!(found(b"AB"), [0, 3]);
    assert_eq!(found(b"\0CAB\0"), [3]);
    assert!(found(b"X").is_empty());
}

//! Which comparators an argument of COMPARATOR asks for.

use super::{Comparator, INSTALLED, matches, wish};
use crate::limits::COMPARATOR_BYTES_MAX;
use format::collation::Collation::{self, AsciiCasemap, Octet, UnicodeCasemap};

fn asked(text: &str) -> Option<(Vec<Collation>, bool)> {
    wish(text).ok().map(|wish| (wish.matching, wish.descending))
}

#[test]
fn spellings() {
    for (text, expect) in [
        ("default", Some((vec![UnicodeCasemap], false))),
        ("*", Some((vec![UnicodeCasemap], false))),
        ("i;octet", Some((vec![Octet], false))),
        ("I;Octet", Some((vec![Octet], false))),
        ("+i;octet", Some((vec![Octet], false))),
        ("-i;octet", Some((vec![Octet], true))),
        ("i;*", Some((INSTALLED.to_vec(), false))),
        ("*-casemap", Some((vec![UnicodeCasemap, AsciiCasemap], false))),
        ("i;*i*-c*map", Some((vec![UnicodeCasemap, AsciiCasemap], false))),
        ("cz;*", Some((vec![], false))),
        ("i;ascii-numeric", Some((vec![], false))),
        ("i;octe", Some((vec![], false))),
        ("", None),
        ("-", None),
        ("--i;octet", None),
        ("i;**", None),
        (";octet", None),
        ("i octet", None),
        ("i;œ", None),
    ] {
        assert_eq!(asked(text), expect, "{text}");
    }
}

#[test]
fn stars_stand_for_anything() {
    for (pattern, name, expect) in [
        ("*", "", true),
        ("a*", "a", true),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("a*b*c", "axbyc", true),
        ("a*b*c", "acb", false),
        ("*b*b", "ab", false),
        ("*b*b", "abb", true),
        ("abc", "abcd", false),
    ] {
        assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
    }
}

#[test]
fn a_name_at_the_limit_and_one_past_it() {
    assert!(wish(&"i".repeat(COMPARATOR_BYTES_MAX)).is_ok());
    assert!(wish(&"i".repeat(COMPARATOR_BYTES_MAX + 1)).is_err());
}

#[test]
fn a_name_says_how_it_is_told() {
    assert_eq!(Comparator::default().name(), "i;unicode-casemap");
    assert_eq!(Comparator { collation: Octet, descending: true }.name(), "-i;octet");
}

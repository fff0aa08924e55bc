//! Collations and places.

use super::*;

fn matches(collation: Collation, place: Place, text: &str, value: &str) -> bool {
    TextMatch::new(text, collation, place, false).matches(value)
}

#[test]
fn collations() {
    use Collation::{AsciiCasemap, Octet, UnicodeCasemap};
    let contains = |collation, text, value| matches(collation, Place::Contains, text, value);
    assert!(contains(AsciiCasemap, "PARTY", "a party"));
    assert!(!contains(AsciiCasemap, "\u{dc}BER", "\u{fc}ber"));
    assert!(contains(UnicodeCasemap, "\u{dc}BER", "\u{fc}ber"));
    assert!(contains(UnicodeCasemap, "u\u{308}ber", "\u{dc}ber"));
    assert!(contains(UnicodeCasemap, "stra\u{df}e", "STRASSE"));
    assert!(!contains(Octet, "Party", "party") && contains(Octet, "party", "party"));
}

#[test]
fn places_and_negation() {
    use Collation::AsciiCasemap;
    assert!(
        matches(AsciiCasemap, Place::Equals, "ab", "AB") && !matches(AsciiCasemap, Place::Equals, "a", "ab")
    );
    assert!(
        matches(AsciiCasemap, Place::StartsWith, "a", "ab")
            && !matches(AsciiCasemap, Place::StartsWith, "b", "ab")
    );
    assert!(
        matches(AsciiCasemap, Place::EndsWith, "b", "ab")
            && !matches(AsciiCasemap, Place::EndsWith, "a", "ab")
    );
    assert!(!TextMatch::new("a", AsciiCasemap, Place::Contains, true).matches("a"));
}

#[test]
fn names() {
    for collation in Collation::ALL {
        assert_eq!(Collation::named(collation.name()), Some(collation));
    }
    assert_eq!(Collation::named("default"), Some(Collation::UnicodeCasemap));
    assert_eq!(Collation::named("i;other"), None);
}

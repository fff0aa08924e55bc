//! What is the same to which collation.

use super::Collation::{self, AsciiCasemap, Octet, UnicodeCasemap};

#[test]
fn each_has_its_own_idea_of_the_same() {
    for (one, other, same) in [
        ("alpha", "ALPHA", [true, false, true]),
        ("alpha", "alpha", [true, true, true]),
        ("éclair", "ÉCLAIR", [false, false, true]),
        ("e\u{301}clair", "éclair", [false, false, true]),
        ("Straße", "STRASSE", [false, false, true]),
        ("ﬁn", "fin", [false, false, true]),
    ] {
        let found = Collation::ALL.map(|collation| collation.fold(one) == collation.fold(other));
        assert_eq!(found, same, "{one} {other}");
    }
}

#[test]
fn order_is_that_of_upper_case() {
    // RFC 4790 9.2: small letters become capitals first, so that `_` comes behind them.
    assert!(AsciiCasemap.fold("_") > AsciiCasemap.fold("a"));
    assert!(Octet.fold("_") < Octet.fold("a"));
    assert!(Octet.fold("b") > Octet.fold("C") && UnicodeCasemap.fold("b") < UnicodeCasemap.fold("C"));
}

#[test]
fn what_is_found_by_any_is_found_without_case() {
    // The search index folds as `i;unicode-casemap`: what it does not have no other collation finds.
    let texts = ["Ärger im Büro", "STRASSE ß", "a\u{308}e", "ﬁnal ŉ", "x\u{301}\u{323}"];
    for text in texts {
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        for (place, &start) in starts.iter().enumerate() {
            for &end in starts.iter().skip(place) {
                let part = &text[start..end];
                for collation in Collation::ALL {
                    assert!(collation.fold(text).contains(&collation.fold(part)), "{part} in {text}");
                }
            }
        }
    }
}

#[test]
fn names_lead_back() {
    for collation in Collation::ALL {
        assert_eq!(Collation::named(collation.name()), Some(collation));
    }
    assert_eq!(Collation::named("default"), Some(UnicodeCasemap));
    assert_eq!(Collation::named("i;ascii-numeric"), None);
}

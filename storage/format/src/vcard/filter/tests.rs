//! Filters on cards.

use super::*;
use crate::icalendar::filter::ParamTest;
use crate::icalendar::text::{Collation, Place};

const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:J\u{fc}rgen Doe\r\nNICKNAME:me\r\n\
    item1.EMAIL;TYPE=home,pref:jd@example.com\r\nEMAIL;TYPE=work:john@example.org\r\nEND:VCARD\r\n";

fn text(text: &str, place: Place) -> TextMatch {
    TextMatch::new(text, Collation::UnicodeCasemap, place, false)
}

fn prop(name: &str, test: Test, texts: Vec<TextMatch>, params: Vec<ParamFilter>) -> PropFilter {
    PropFilter { name: name.into(), test: PropTest::Defined { test, texts, params } }
}

fn matches(test: Test, props: Vec<PropFilter>) -> bool {
    Filter { test, props }.matches(&Card::parse(CARD.as_bytes()).unwrap())
}

fn one(prop: PropFilter) -> bool {
    matches(Test::AllOf, vec![prop])
}

#[test]
fn text_in_its_place() {
    let fullname = |wanted: &str, place| one(prop("fn", Test::AnyOf, vec![text(wanted, place)], vec![]));
    assert!(fullname("J\u{dc}RGEN", Place::StartsWith) && fullname("DOE", Place::EndsWith));
    assert!(fullname("gen d", Place::Contains) && fullname("ju\u{308}rgen doe", Place::Equals));
    assert!(!fullname("doe", Place::StartsWith));
}

#[test]
fn conditions_meet_on_one_property() {
    let home = |name: &str| ParamFilter {
        name: "type".into(),
        test: ParamTest::Defined(Some(text(name, Place::Equals))),
    };
    let email = |test, wanted: &str, kind: &str| {
        one(prop("EMAIL", test, vec![text(wanted, Place::Contains)], vec![home(kind)]))
    };
    assert!(email(Test::AllOf, "example.com", "HOME") && email(Test::AllOf, "example.com", "pref"));
    assert!(!email(Test::AllOf, "example.com", "work") && email(Test::AnyOf, "example.com", "work"));
}

#[test]
fn groups_presence_and_absence() {
    let there = |name: &str| one(prop(name, Test::AnyOf, vec![], vec![]));
    assert!(there("EMAIL") && there("item1.EMAIL") && !there("item2.EMAIL") && !there("TEL"));
    let absent = |name: &str| one(PropFilter { name: name.into(), test: PropTest::NotDefined });
    assert!(absent("TEL") && !absent("NICKNAME"));
    assert!(matches(Test::AnyOf, vec![]) && matches(Test::AllOf, vec![]));
    let tel = || prop("TEL", Test::AnyOf, vec![], vec![]);
    let fullname = || prop("FN", Test::AnyOf, vec![], vec![]);
    assert!(matches(Test::AnyOf, vec![tel(), fullname()]) && !matches(Test::AllOf, vec![tel(), fullname()]));
}

//! Limits that no other test stands at: each at the limit and one past it.

use super::*;
use crate::icalendar::object::Kind;
use crate::icalendar::validate::{Refusal, check};

fn event(lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260101T100000Z\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

#[test]
fn object_bytes() {
    let sized = |size: usize| {
        let bare = event("UID:1\r\nX-A:\r\nX-B:\r\n");
        let fill = size - bare.len();
        let half = fill / 2;
        event(&format!("UID:1\r\nX-A:{}\r\nX-B:{}\r\n", "a".repeat(half), "a".repeat(fill - half)))
    };
    assert!(check(sized(OBJECT_BYTES_MAX).as_bytes(), &Kind::ALL).is_ok());
    let over = check(sized(OBJECT_BYTES_MAX + 1).as_bytes(), &Kind::ALL).unwrap_err();
    assert_eq!(over, Refusal::Size(OBJECT_BYTES_MAX as u64));
}

#[test]
fn uid_bytes() {
    let with = |length: usize| event(&format!("UID:{}\r\n", "u".repeat(length)));
    assert!(check(with(UID_BYTES_MAX).as_bytes(), &Kind::ALL).is_ok());
    assert!(matches!(check(with(UID_BYTES_MAX + 1).as_bytes(), &Kind::ALL), Err(Refusal::Data(_))));
}

#[test]
fn instances_counted_by_a_rule_and_listed() {
    let counted = |count: usize| event(&format!("UID:1\r\nRRULE:FREQ=DAILY;COUNT={count}\r\n"));
    assert!(check(counted(INSTANCE_COUNT_MAX).as_bytes(), &Kind::ALL).is_ok());
    assert_eq!(
        check(counted(INSTANCE_COUNT_MAX + 1).as_bytes(), &Kind::ALL).unwrap_err(),
        Refusal::Instances
    );
    let listed =
        |count: usize| event(&format!("UID:1\r\nRDATE:{}\r\n", vec!["20260101T100000Z"; count].join(",")));
    assert!(check(listed(INSTANCE_COUNT_MAX).as_bytes(), &Kind::ALL).is_ok());
    assert_eq!(check(listed(INSTANCE_COUNT_MAX + 1).as_bytes(), &Kind::ALL).unwrap_err(), Refusal::Instances);
}

#[test]
fn rules_of_one_component() {
    let rules = |count: usize| event(&format!("UID:1\r\n{}", "RRULE:FREQ=DAILY;COUNT=2\r\n".repeat(count)));
    assert!(check(rules(RULE_COUNT_MAX).as_bytes(), &Kind::ALL).is_ok());
    assert_eq!(check(rules(RULE_COUNT_MAX + 1).as_bytes(), &Kind::ALL).unwrap_err(), Refusal::Instances);
}

#[test]
fn components_of_one_object() {
    let overrides = |count: usize| {
        let one = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nRECURRENCE-ID:20260101T100000Z\r\nEND:VEVENT\r\n";
        format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", one.repeat(count))
    };
    assert!(check(overrides(COMPONENT_COUNT_MAX).as_bytes(), &Kind::ALL).is_ok());
    let over = overrides(COMPONENT_COUNT_MAX + 1);
    assert_eq!(check(over.as_bytes(), &Kind::ALL).unwrap_err(), Refusal::Instances);
}

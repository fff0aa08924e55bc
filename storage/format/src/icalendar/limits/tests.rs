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
fn object_lines() {
    let lines = |count: usize| event(&format!("UID:1\r\n{}", "X:1\r\n".repeat(count - 6)));
    assert_eq!(lines(9).matches('\n').count(), 9);
    assert!(check(lines(OBJECT_LINE_COUNT_MAX).as_bytes(), &Kind::ALL).is_ok());
    let over = lines(OBJECT_LINE_COUNT_MAX + 1);
    assert!(matches!(check(over.as_bytes(), &Kind::ALL), Err(Refusal::Data(_))));
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

#[test]
fn steps_of_a_rule() {
    use crate::icalendar::recurrence::{Occurrences, Rule};
    use crate::icalendar::time::Local;
    let mut days = Occurrences::new(Rule::parse("FREQ=DAILY").unwrap(), Local::MIN, None);
    assert!(days.nth(RECURRENCE_STEP_MAX as usize - 1).is_some());
    assert!(days.next().is_none() && days.is_exhausted());
}

fn instances(lines: &str) -> usize {
    use crate::icalendar::object::Object;
    use crate::icalendar::recurrence::Range;
    use crate::icalendar::zone::Zone;
    let text = event(&format!("UID:1\r\n{lines}"));
    let object = Object::parse(text.as_bytes()).unwrap();
    // From behind the start on, so that the count of instances given out is no limit here.
    let range = Range { start: Some(1_767_261_601), end: None };
    let mut count = 0;
    let _ = object.series(&Zone::Utc).visit(&range, &mut |_| {
        count += 1;
        std::ops::ControlFlow::Continue(())
    });
    count
}

#[test]
fn dates_taken_out() {
    use crate::icalendar::time::utc_text;
    // The last date of the list is the one instance there is.
    let with = |count: usize| {
        let mut dates: Vec<String> = (1..count).map(|n| utc_text(2_000_000_000 + n as i64)).collect();
        dates.push("20260102T100000Z".to_owned());
        instances(&format!("RDATE:20260102T100000Z\r\nEXDATE:{}\r\n", dates.join(",")))
    };
    assert_eq!(with(DATE_COUNT_MAX), 0);
    assert_eq!(with(DATE_COUNT_MAX + 1), 1);
}

#[test]
fn observances_of_a_zone() {
    use crate::icalendar::component::parse_stream;
    use crate::icalendar::line::Lines;
    use crate::icalendar::time::Local;
    use crate::icalendar::zone::Zone;
    let offset = |count: usize| {
        let old = "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n";
        let new = "BEGIN:STANDARD\r\nDTSTART:20000101T000000\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\n";
        let text = format!("BEGIN:VTIMEZONE\r\n{}{new}END:VTIMEZONE\r\n", old.repeat(count - 1));
        let all = parse_stream(text.as_bytes(), Lines::new(text.as_bytes())).unwrap();
        let local = Local::new(2020, 1, 1, 0).unwrap();
        local.0 - Zone::of_vtimezone(&all[0]).unwrap().instant(local)
    };
    assert_eq!(offset(OBSERVANCE_COUNT_MAX), 7200);
    assert_eq!(offset(OBSERVANCE_COUNT_MAX + 1), 3600);
}

#[test]
fn repetitions_of_an_alarm() {
    use crate::icalendar::filter::{CompFilter, CompTest};
    use crate::icalendar::object::Object;
    use crate::icalendar::recurrence::Range;
    use crate::icalendar::zone::Zone;
    let rings_at = |second: i64| {
        let text = event(&format!(
            "UID:1\r\nBEGIN:VALARM\r\nTRIGGER:PT0S\r\nDURATION:PT1S\r\nREPEAT:{}\r\nEND:VALARM\r\n",
            ALARM_REPEAT_MAX + 5
        ));
        let start = 1_767_261_600 + second;
        let test = |time_range, comps| CompTest::Defined { time_range, props: Vec::new(), comps };
        let range = Range { start: Some(start), end: Some(start + 1) };
        let alarm = CompFilter { name: "VALARM".into(), test: test(Some(range), Vec::new()) };
        let inside = CompFilter { name: "VEVENT".into(), test: test(None, vec![alarm]) };
        let filter = CompFilter { name: "VCALENDAR".into(), test: test(None, vec![inside]) };
        filter.matches(&Object::parse(text.as_bytes()).unwrap(), &Zone::Utc)
    };
    assert!(rings_at(ALARM_REPEAT_MAX));
    assert!(!rings_at(ALARM_REPEAT_MAX + 1));
}

#[test]
fn alarms_of_an_object() {
    use crate::icalendar::filter::{CompFilter, CompTest};
    use crate::icalendar::object::Object;
    use crate::icalendar::recurrence::Range;
    use crate::icalendar::zone::Zone;
    // None of them rings in the range.
    let matches = |count: usize| {
        let alarm = "BEGIN:VALARM\r\nTRIGGER:PT0S\r\nEND:VALARM\r\n";
        let text = event(&format!("UID:1\r\n{}", alarm.repeat(count)));
        let test = |time_range, comps| CompTest::Defined { time_range, props: Vec::new(), comps };
        let range = Range { start: Some(0), end: Some(1) };
        let alarm = CompFilter { name: "VALARM".into(), test: test(Some(range), Vec::new()) };
        let inside = CompFilter { name: "VEVENT".into(), test: test(None, vec![alarm]) };
        let filter = CompFilter { name: "VCALENDAR".into(), test: test(None, vec![inside]) };
        filter.matches(&Object::parse(text.as_bytes()).unwrap(), &Zone::Utc)
    };
    assert!(!matches(ALARM_COUNT_MAX) && matches(ALARM_COUNT_MAX + 1));
}

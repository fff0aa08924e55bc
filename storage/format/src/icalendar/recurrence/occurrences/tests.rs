//! Rules against python-dateutil's `rrule`: `cases.txt` holds RFC 5545's own examples (3.8.5.3) and 900 drawn
//! at random, each `DTSTART|RRULE|the first eight occurrences`. Made once; the tests need no Python.

use super::*;
use crate::icalendar::time::Moment;
use crate::icalendar::zone::Zones;
use std::time::{Duration, Instant};

fn local(text: &str) -> Local {
    Moment::parse(text, None, &Zones::default()).unwrap().local
}

fn occurrences(start: &str, rule: &str, from: Option<&str>) -> Occurrences {
    Occurrences::new(Rule::parse(rule).unwrap(), local(start), from.map(local))
}

fn texts(start: &str, rule: &str, count: usize) -> Vec<String> {
    occurrences(start, rule, None).take(count).map(Local::to_date_time).collect()
}

#[test]
fn agrees_with_dateutil() {
    let mut bad = Vec::new();
    for case in include_str!("cases.txt").lines() {
        let [start, rule, expected] = case.split('|').collect::<Vec<_>>()[..] else { panic!("{case}") };
        let expected: Vec<&str> = expected.split(',').filter(|text| !text.is_empty()).collect();
        let found = texts(start, rule, 8);
        if found != expected {
            bad.push(format!("{start} {rule}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(bad.is_empty(), "{} differ:\n{}", bad.len(), bad.join("\n"));
}

/// What is asked from later on is the same as walking there.
#[test]
fn a_late_start_changes_nothing() {
    for case in include_str!("cases.txt").lines() {
        let [start, rule, expected] = case.split('|').collect::<Vec<_>>()[..] else { panic!("{case}") };
        let expected: Vec<&str> = expected.split(',').filter(|text| !text.is_empty()).collect();
        for (at, from) in expected.iter().enumerate() {
            let found: Vec<String> = occurrences(start, rule, Some(from))
                .take(expected.len() - at)
                .map(Local::to_date_time)
                .collect();
            assert_eq!(found, expected[at..], "{case} from {from}");
        }
    }
}

/// RFC 5545 3.3.10 takes what the rule leaves out from DTSTART: here the weekday (dateutil takes all seven).
#[test]
fn a_week_without_a_day_takes_the_weekday_of_the_start() {
    let found = texts("19970512T090000", "FREQ=YEARLY;BYWEEKNO=20", 3);
    assert_eq!(found, ["19970512T090000", "19980511T090000", "19990517T090000"]);
}

#[test]
fn days_that_do_not_exist_are_passed_over() {
    let found = texts("20240229T100000", "FREQ=YEARLY", 3);
    assert_eq!(found, ["20240229T100000", "20280229T100000", "20320229T100000"]);
    let found = texts("20260131T100000", "FREQ=MONTHLY", 3);
    assert_eq!(found, ["20260131T100000", "20260331T100000", "20260531T100000"]);
}

#[test]
fn until_is_included() {
    assert_eq!(texts("20260101T100000", "FREQ=DAILY;UNTIL=20260103T100000", 9).len(), 3);
    assert_eq!(texts("20260101T100000", "FREQ=DAILY;UNTIL=20260103T095959", 9).len(), 2);
    assert_eq!(texts("20260101T100000", "FREQ=DAILY;UNTIL=20260103", 9).len(), 3);
}

/// Rules made to cost: each ends by itself, and quickly.
#[test]
fn bombs_end_quickly() {
    let bombs = [
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;INTERVAL=86400;BYHOUR=5;BYMINUTE=7;BYSECOND=9",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=5",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;INTERVAL=1000000000;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYSETPOS=300;BYDAY=MO",
        "FREQ=YEARLY;BYMONTHDAY=99",
        "FREQ=MINUTELY;BYYEARDAY=366;BYMONTH=1;BYSECOND=61",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30;BYDAY=MO,TU,WE,TH,FR,SA,SU",
    ];
    for bomb in bombs {
        let begun = Instant::now();
        assert_eq!(occurrences("20260101T000000", bomb, None).next(), None, "{bomb}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{bomb}: {:?}", begun.elapsed());
    }
}

/// A century of seconds is asked for its last ones without walking through the others.
#[test]
fn a_century_of_seconds_is_jumped_over() {
    let mut all = occurrences("19700101T000000", "FREQ=SECONDLY", Some("20691231T235958"));
    assert_eq!(all.next(), Some(local("20691231T235958")));
    assert_eq!(all.next(), Some(local("20691231T235959")));
    let mut counted =
        occurrences("19700101T000000", "FREQ=SECONDLY;COUNT=3155760000", Some("20691231T235958"));
    assert_eq!(counted.next(), Some(local("20691231T235958")));
    let mut over = occurrences("19700101T000000", "FREQ=SECONDLY;COUNT=10", Some("20691231T235958"));
    assert_eq!(over.next(), None);
}

/// A product of all hours, minutes and seconds of a year is never written out.
#[test]
fn a_product_of_lists_stays_small() {
    let all = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let rule = format!(
        "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={};BYMINUTE={};BYSECOND={}",
        all(24),
        all(60),
        all(60)
    );
    let mut last = occurrences("20260101T000000", &format!("{rule};BYSETPOS=-1"), None);
    assert_eq!(last.next(), Some(local("20261231T235959")));
    let mut late = occurrences("20260101T000000", &rule, Some("20261231T235959"));
    assert_eq!(late.next(), Some(local("20261231T235959")));
    assert_eq!(late.next(), Some(local("20270101T000000")));
}

#[test]
fn the_step_budget_is_told() {
    let mut never = occurrences("20260101T000000", "FREQ=HOURLY;INTERVAL=24;BYHOUR=5", None);
    assert_eq!(never.next(), None);
    assert!(never.is_exhausted());
    let mut ended = occurrences("20260101T000000", "FREQ=DAILY;COUNT=1", None);
    assert_eq!((ended.next().is_some(), ended.next()), (true, None));
    assert!(!ended.is_exhausted());
}

//! How rules are read.

use super::*;

#[test]
fn parts_in_any_order_and_case() {
    let rule = Rule::parse("byday=-1su,2mo,FR;Freq=monthly;INTERVAL=0;WKST=SU;X-OWN=1;COUNT=5").unwrap();
    assert_eq!(
        (rule.frequency, rule.interval, rule.count, rule.week_start),
        (Frequency::Monthly, 1, Some(5), 6)
    );
    assert_eq!(rule.by_weekday, 1 << 4);
    assert_eq!((rule.by_nth_weekday[6], rule.by_nth_weekday[0]), (1 << 52, 1 << 55));
}

#[test]
fn numbers_that_do_not_exist_are_left_out() {
    let rule = Rule::parse("FREQ=YEARLY;BYMONTH=0,3,13;BYMONTHDAY=-1,0,32,5;BYHOUR=24,7").unwrap();
    assert_eq!((rule.by_month, rule.by_month_day, rule.by_month_day_back, rule.by_hour), (8, 32, 2, 128));
    assert!(!rule.never && Rule::parse("FREQ=YEARLY;BYMONTH=13").unwrap().never);
}

#[test]
fn what_is_no_rule() {
    for bad in [
        "",
        "COUNT=3",
        "FREQ=NEVER",
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;INTERVAL=-1x",
    ] {
        assert!(Rule::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn until_as_a_date_holds_the_whole_day() {
    let until = Rule::parse("FREQ=DAILY;UNTIL=20260105").unwrap().until.unwrap();
    assert_eq!(until.local.to_date_time(), "20260105T235959");
}

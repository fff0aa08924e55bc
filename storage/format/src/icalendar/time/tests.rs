//! Dates as numbers, and how values are read.

use super::*;

#[test]
fn days_and_dates_are_inverse() {
    for days in (-719_162..=2_932_896).step_by(37) {
        let (year, month, day) = date_from_days(days);
        assert_eq!(days_from_date(year, month, day), days);
        assert!((1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month));
    }
    assert_eq!(days_from_date(1970, 1, 1), 0);
    assert_eq!(weekday(0), 3);
    assert_eq!(
        (Local::MIN.to_date_time(), Local::MAX.to_date_time()),
        ("00010101T000000".into(), "99991231T235959".into())
    );
}

#[test]
fn values_are_read_as_producers_write_them() {
    let read = |text: &str| {
        Moment::parse(text, None, &Zones::default()).map(|moment| (moment.to_value(), moment.is_date))
    };
    assert_eq!(read("19970714"), Some(("19970714".into(), true)));
    assert_eq!(read("19970714T133000"), Some(("19970714T133000".into(), false)));
    assert_eq!(read("19970714T173000Z"), Some(("19970714T173000Z".into(), false)));
    assert_eq!(read("1997-07-14T17:30:00Z"), Some(("19970714T173000Z".into(), false)));
    assert_eq!(read("19970714T1330"), Some(("19970714T133000".into(), false)));
    assert_eq!(read("19970714T235960Z"), Some(("19970714T235959Z".into(), false)));
    for bad in [
        "",
        "1997",
        "19970230",
        "19971301",
        "19970714T",
        "19970714T25",
        "19970714T126100",
        "T120000",
        "0000 0101",
        "+9970714",
    ] {
        assert!(read(bad).is_none_or(|(_, date)| date && bad == "19970714T"), "{bad}");
    }
}

/// RFC 5545 3.3.5: a time that the change of clocks skips, and one that it repeats.
#[test]
fn gaps_and_folds() {
    let read = |text: &str| {
        Moment::parse(text, Some("America/New_York"), &Zones::default()).unwrap().instant(&Zone::Utc)
    };
    // 02:30 does not exist on 2007-03-11: UTC-05:00 holds, so it is 03:30 EDT.
    assert_eq!(utc_text(read("20070311T023000")), "20070311T073000Z");
    // 01:30 comes twice on 2007-11-04: the first one is meant.
    assert_eq!(utc_text(read("20071104T013000")), "20071104T053000Z");
}

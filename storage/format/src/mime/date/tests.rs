//! Tests of `date`; expected values by CPython's `email.utils` where it reads the form at all.

use super::*;

fn check(value: &str, expected: Option<(i64, i16)>) {
    let found = Date::parse(value.as_bytes()).map(|date| (date.seconds, date.offset_minutes));
    assert_eq!(found, expected, "{value:?}");
}

#[test]
fn dates_are_read() {
    for (value, seconds, offset) in [
        ("Fri, 21 Nov 1997 09:55:06 -0600", 880_127_706, -360),
        ("Tue, 1 Jul 2003 10:52:37 +0200", 1_057_049_557, 120),
        ("Thu, 13 Feb 1969 23:32:54 -0330", -27_723_426, -210),
        ("Thu,\r\n  13\r\n    Feb\r\n  1969\r\n  23:32\r\n   -0330 (Newfoundland Time)", -27_723_480, -210),
        ("21 Nov 97 09:55:06 GMT", 880_106_106, 0),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880_127_706, -360),
        ("Mon, 1 Jan 2024 00:00:00 EST", 1_704_085_200, -300),
        ("1 Jan 2024 00:00 PDT", 1_704_092_400, -420),
        ("Thu, 29 Feb 2024 23:59:60 +0000", 1_709_251_200, 0),
        ("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)", 837_595_405, -420),
        ("Tue Nov 23 11:00:00 2026", 1_795_431_600, 0),
        ("Sat, 24 Mar 2007 23:00:00", 1_174_777_200, 0),
        ("1 Feb 49 00:00:00 Z", 2_495_750_400, 0),
        ("Mon, 20 Nov 1995 19:12:08 -0500 (((a)b)", 816_912_728, -300),
        ("6-Nov-1994 08:49:37 GMT", 784_111_777, 0),
        ("1 Feb 50 00:00:00 A", -628_473_600, 0),
        ("12 Dec 102 10:00:00 +0000", 1_039_687_200, 0),
        ("Mon, 1 Jan 2024 01:00:00 PM +0000", 1_704_114_000, 0),
        ("1 January 2024 00:00:00.123 GMT+0100", 1_704_063_600, 60),
        ("1 Jan 2024 00:00:00 +01:00", 1_704_063_600, 60),
        ("1 Jan 2024 00:00:00+0100", 1_704_063_600, 60),
    ] {
        check(value, Some((seconds, offset)));
    }
}

#[test]
fn what_is_no_date_is_none() {
    for value in [
        "",
        "yesterday",
        "30 Feb 2024 00:00:00 +0000",
        "29 Feb 2023 00:00 +0000",
        "0 Jan 2024 00:00:00",
        "1 Jan 2024",
        "1 Jan 2024 24:00:00",
        "1 Jan 2024 00:60",
        "(1 Jan 2024 00:00:00 +0000",
        "1 Jan 99999999999 00:00",
        "\0",
        ":::",
        "+ - :",
        "\\(\\",
    ] {
        check(value, None);
    }
}

#[test]
fn a_date_field_has_a_length() {
    let date = "1 Jan 2024 00:00:00 +0000";
    let padded = |length: usize| format!("{}{date}", " ".repeat(length - date.len()));
    check(&padded(DATE_BYTES_MAX), Some((1_704_067_200, 0)));
    // Past it, the zone is not seen any more, then not the time.
    check(&padded(DATE_BYTES_MAX + 1), Some((1_704_067_200, 0)));
    check(&padded(DATE_BYTES_MAX + 14), None);
}

#[test]
fn days_are_local() {
    let date = Date::parse(b"1 Jan 2024 00:30:00 +0100").unwrap();
    assert_eq!(Some(date.day()), day_number(2024, 1, 1));
    let date = Date::parse(b"31 Dec 1969 23:30:00 -0100").unwrap();
    assert_eq!(date.day(), -1);
}

#[test]
fn day_numbers_run_without_gaps() {
    let mut expected = day_number(1, 1, 1).unwrap();
    assert_eq!((expected, day_number(1970, 1, 1), day_number(2000, 3, 1)), (-719_162, Some(0), Some(11_017)));
    for year in 1..2500 {
        for month in 1..=12 {
            for day in 1..=31 {
                if let Some(number) = day_number(year, month, day) {
                    assert_eq!(number, expected);
                    expected += 1;
                }
            }
        }
    }
    assert_eq!((day_number(0, 1, 1), day_number(10_000, 1, 1), day_number(2024, 13, 1)), (None, None, None));
}

//! Dates there and back, and what is none.

use super::{format, local_day, parse, parse_date};

#[test]
fn date_times_there_and_back() {
    for text in [
        "17-Jul-1996 02:44:25 -0700",
        "01-Jan-1970 00:00:00 +0000",
        "29-Feb-2024 23:59:59 +0530",
        "31-Dec-1969 23:59:59 -1200",
    ] {
        assert_eq!(format(parse(text).unwrap()), text);
    }
    assert_eq!(parse(" 1-Jan-1970 00:00:00 +0000"), parse("01-Jan-1970 00:00:00 +0000"));
    assert_eq!(parse("17-Jul-1996 02:44:25 -0700").unwrap().seconds, 837_596_665);
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "30-Feb-2024 00:00:00 +0000",
        "0-Jan-2024 00:00:00 +0000",
        "1-Foo-2024 00:00:00 +0000",
        "1-Jan-2024 24:00:00 +0000",
        "1-Jan-2024 00:00:00 +0060",
        "1-Jan-2024 00:00:00",
        "1-Jan-24 00:00:00 +0000",
        "",
    ] {
        assert!(parse(text).is_none(), "{text}");
    }
    assert_eq!(parse_date("1-Feb-1994"), parse_date("01-feb-1994"));
    assert_eq!(parse_date("001-Feb-1994"), None);
}

#[test]
fn the_day_is_the_one_where_it_was_told() {
    let time = parse("17-Jul-1996 02:44:25 -0700").unwrap();
    assert_eq!(Some(local_day(time)), parse_date("17-Jul-1996"));
    let time = parse("17-Jul-1996 23:44:25 -0700").unwrap();
    assert_eq!(Some(local_day(time)), parse_date("17-Jul-1996"));
}

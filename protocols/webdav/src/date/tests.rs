//! Dates there and back.

use super::{http, iso, parse_http};
use model::Timestamp;

#[test]
fn known_dates() {
    let time = Timestamp::from_seconds(784_111_777);
    assert_eq!(http(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(iso(time), "1994-11-06T08:49:37Z");
    assert_eq!(parse_http("Sun, 06 Nov 1994 08:49:37 GMT"), Some(time));
    assert_eq!(http(Timestamp(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
}

#[test]
fn there_and_back() {
    for day in (-200_000..200_000).step_by(37) {
        let time = Timestamp::from_seconds(day * 86_400 + 4_242);
        if time.0 >= 0 {
            assert_eq!(parse_http(&http(time)), Some(time));
        }
    }
}

#[test]
fn what_is_no_date() {
    for bad in [
        "",
        "x",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 6 Foo 1994 1:2:3 GMT",
    ] {
        assert_eq!(parse_http(bad), None, "{bad}");
    }
}

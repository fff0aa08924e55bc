//! Every name of the table leads to a zone that IANA has.

use super::*;

#[test]
fn every_windows_name_is_known_to_iana() {
    for (windows, iana) in WINDOWS.iter().chain(SHOWN) {
        assert!(jiff::tz::TimeZone::get(iana).is_ok(), "{windows}: {iana}");
    }
}

#[test]
fn names_as_outlook_shows_them() {
    assert_eq!(iana_name("(UTC-05:00) Eastern Time (US and Canada)"), Some("America/New_York"));
    assert_eq!(iana_name("(GMT+10:00) Canberra, Melbourne, Sydney"), Some("Australia/Sydney"));
    assert_eq!(iana_name("(UTC+01:00) Nowhere"), None);
}

#[test]
fn offsets() {
    assert_eq!(fixed_offset("UTC+2"), Some(7200));
    assert_eq!(fixed_offset("GMT-0330"), Some(-12_600));
    assert_eq!(fixed_offset("(GMT+01:00) Amsterdam"), Some(3600));
    for bad in ["UTC", "UTC+", "UTC+99", "GMT2", "EST+1", "UTC+0260"] {
        assert_eq!(fixed_offset(bad), None, "{bad}");
    }
}

//! Durations: forms, and days that stay days when the clocks change.

use super::*;
use crate::icalendar::time::utc_text;

#[test]
fn forms() {
    let read = |text: &str| Duration::parse(text).map(|duration| (duration.days, duration.seconds));
    assert_eq!(read("P15DT5H0M20S"), Some((15, 18_020)));
    assert_eq!(read("P7W"), Some((49, 0)));
    assert_eq!(read("-PT15M"), Some((0, -900)));
    assert_eq!(read("+P1W2D"), Some((9, 0)));
    assert_eq!(read("PT0S"), Some((0, 0)));
    for bad in
        ["", "P", "PT", "15M", "P1H", "P1", "PT1", "P-1D", "P99999999999999999999D", "P9999999D", "PTT1S"]
    {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn a_day_is_nominal_and_hours_are_exact() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let start = Local::new(2026, 3, 28, 12 * 3600).unwrap();
    let after = |text: &str| utc_text(Duration::parse(text).unwrap().after(start, &berlin));
    // The clocks go forward on 2026-03-29 at 02:00.
    assert_eq!(after("P1D"), "20260329T100000Z");
    assert_eq!(after("PT24H"), "20260329T110000Z");
}

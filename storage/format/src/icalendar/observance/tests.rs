//! VTIMEZONE against IANA: the same zone in both forms gives the same instants.

use crate::icalendar::component::parse_stream;
use crate::icalendar::line::Lines;
use crate::icalendar::time::Local;
use crate::icalendar::zone::Zone;

fn zone(parts: &str) -> Zone {
    let text = format!("BEGIN:VTIMEZONE\r\nTZID:x\r\n{parts}END:VTIMEZONE\r\n");
    Zone::of_vtimezone(&parse_stream(text.as_bytes(), Lines::new(text.as_bytes())).unwrap()[0]).unwrap()
}

fn part(kind: &str, start: &str, from: &str, to: &str, rule: &str) -> String {
    format!(
        "BEGIN:{kind}\r\nDTSTART:{start}\r\nTZOFFSETFROM:{from}\r\nTZOFFSETTO:{to}\r\n{rule}END:{kind}\r\n"
    )
}

fn same(ours: &Zone, name: &str, years: std::ops::RangeInclusive<i64>) {
    let iana = Zone::named(name).unwrap();
    let first = Local::new(*years.start(), 1, 1, 0).unwrap();
    let last = Local::new(*years.end(), 12, 31, 0).unwrap();
    let mut local = first;
    while local < last {
        assert_eq!(ours.instant(local), iana.instant(local), "{name} {}", local.to_date_time());
        assert_eq!(ours.local(local.0), iana.local(local.0), "{name} {}Z", local.to_date_time());
        local = local.plus(1800);
    }
}

#[test]
fn berlin_by_its_yearly_rules() {
    let summer =
        part("DAYLIGHT", "19810329T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n");
    let winter =
        part("STANDARD", "19961027T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n");
    same(&zone(&(summer + &winter)), "Europe/Berlin", 2024..=2028);
}

/// Outlook's way to write "the second Sunday", and RFC 5545 3.6.5's own New York with its former rules.
#[test]
fn new_york_by_ended_rules_and_days_of_the_month() {
    let parts = [
        part(
            "DAYLIGHT",
            "19870405T020000",
            "-0500",
            "-0400",
            "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z\r\n",
        ),
        part(
            "STANDARD",
            "19671029T020000",
            "-0400",
            "-0500",
            "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z\r\n",
        ),
        part(
            "DAYLIGHT",
            "20070311T020000",
            "-0500",
            "-0400",
            "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU\r\n",
        ),
        part("STANDARD", "20071104T020000", "-0400", "-0500", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\n"),
    ];
    same(&zone(&parts.concat()), "America/New_York", 2003..=2010);
}

#[test]
fn changes_told_one_by_one() {
    let parts = [
        part("STANDARD", "20251026T030000", "+0200", "+0100", "RDATE:20261025T030000,20271031T030000\r\n"),
        part("DAYLIGHT", "20260329T020000", "+0100", "+0200", "RDATE:20270328T020000\r\n"),
    ];
    same(&zone(&parts.concat()), "Europe/Berlin", 2026..=2027);
}

#[test]
fn a_zone_that_stopped_changing_stays_where_it_stopped() {
    let parts = [
        part("DAYLIGHT", "20100328T020000", "+0300", "+0400", ""),
        part("STANDARD", "20141026T020000", "+0400", "+0300", ""),
    ];
    let moscow = zone(&parts.concat());
    assert_eq!(
        moscow.instant(Local::new(2200, 7, 1, 0).unwrap()),
        Local::new(2200, 6, 30, 21 * 3600).unwrap().0
    );
    let ended = part(
        "DAYLIGHT",
        "19870405T020000",
        "-0500",
        "-0400",
        "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=19900401T070000Z\r\n",
    );
    assert_eq!(
        zone(&ended).instant(Local::new(2020, 1, 1, 0).unwrap()),
        Local::new(2020, 1, 1, 4 * 3600).unwrap().0
    );
}

#[test]
fn a_zone_without_offsets_is_none() {
    let text = "BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    let all = parse_stream(text.as_bytes(), Lines::new(text.as_bytes())).unwrap();
    assert!(Zone::of_vtimezone(&all[0]).is_none());
}

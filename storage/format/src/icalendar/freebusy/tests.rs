//! Busy time: what counts, and that periods are joined.

use super::*;

fn busy(parts: &str) -> Vec<(BusyKind, String, String)> {
    let text = format!("BEGIN:VCALENDAR\r\n{parts}END:VCALENDAR\r\n");
    let object = Object::parse(text.as_bytes()).unwrap();
    // 2026-01-01 to 2026-01-08
    let mut busy = BusyTime::new(Range { start: Some(1_767_225_600), end: Some(1_767_830_400) });
    busy.add(&object, &Zone::Utc);
    assert!(busy.is_whole());
    busy.periods().into_iter().map(|(kind, start, end)| (kind, utc_text(start), utc_text(end))).collect()
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\n")
}

#[test]
fn status_and_transparency() {
    let at = "DTSTART:20260102T100000Z\r\nDURATION:PT1H\r\n";
    assert_eq!(busy(&event(&format!("{at}STATUS:CONFIRMED")))[0].0, BusyKind::Busy);
    assert_eq!(busy(&event(&format!("{at}STATUS:TENTATIVE")))[0].0, BusyKind::Tentative);
    assert!(busy(&event(&format!("{at}STATUS:CANCELLED"))).is_empty());
    assert!(busy(&event(&format!("{at}TRANSP:TRANSPARENT"))).is_empty());
    assert!(busy("BEGIN:VTODO\r\nUID:1\r\nDTSTART:20260102T100000Z\r\nEND:VTODO\r\n").is_empty());
}

#[test]
fn overlapping_instances_are_joined_and_cut_to_the_range() {
    let found = busy(&event("DTSTART:20251231T230000Z\r\nDURATION:PT2H\r\nRRULE:FREQ=HOURLY;COUNT=3"));
    assert_eq!(found, [(BusyKind::Busy, "20260101T000000Z".into(), "20260101T030000Z".into())]);
}

#[test]
fn published_time_counts_with_its_type() {
    let parts = "BEGIN:VFREEBUSY\r\nUID:1\r\nFREEBUSY;FBTYPE=FREE:20260102T100000Z/PT1H\r\nFREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260103T100000Z/20260103T110000Z\r\nFREEBUSY:20260104T100000Z/PT1H\r\nEND:VFREEBUSY\r\n";
    let kinds: Vec<_> = busy(parts).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [BusyKind::Busy, BusyKind::Unavailable]);
}

#[test]
fn written_as_one_component() {
    let mut busy = BusyTime::new(Range { start: Some(0), end: Some(86_400) });
    busy.add_period(BusyKind::Busy, 3600, 7200);
    let text = String::from_utf8(busy.write(1)).unwrap();
    assert!(text.contains("DTSTART:19700101T000000Z\r\nDTEND:19700102T000000Z\r\nFREEBUSY;FBTYPE=BUSY:19700101T010000Z/19700101T020000Z\r\n"), "{text}");
}

#[test]
fn a_bomb_is_told() {
    let text = format!(
        "BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n",
        event("DTSTART:20260101T000000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=SECONDLY")
    );
    let mut busy = BusyTime::new(Range { start: Some(1_767_225_600), end: Some(1_767_830_400) });
    busy.add(&Object::parse(text.as_bytes()).unwrap(), &Zone::Utc);
    assert!(!busy.is_whole());
}

//! What is stored, what is not, and under which name it is refused (RFC 4791 5.3.2.1).

use super::*;

fn calendar(parts: &str) -> String {
    format!("BEGIN:VCALENDAR\r\n{parts}END:VCALENDAR\r\n")
}

fn judge(text: &str) -> Option<Refusal> {
    check(text.as_bytes(), &[Kind::Event, Kind::Todo]).err()
}

const EVENT: &str = "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\n";
const OVERRIDE: &str =
    "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20260101T100000Z\r\nDTSTART:20260101T110000Z\r\nEND:VEVENT\r\n";

#[test]
fn tolerated() {
    let zoneless = EVENT.replace("DTSTART", "DTSTART;TZID=Nobody/Knows").replace("00Z", "00");
    for parts in [
        EVENT.to_owned(),
        zoneless,
        format!("{EVENT}{OVERRIDE}"),
        format!("X-WR-CALNAME:x\r\n{EVENT}BEGIN:X-OTHER\r\nA:1\r\nEND:X-OTHER\r\n"),
        EVENT.replace(
            "END",
            "BEGIN:VALARM\r\nBEGIN:VLOCATION\r\nEND:VLOCATION\r\nEND:VALARM\r\nX-UNKNOWN;A=\"b\":c\r\nEND",
        ),
        "BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n".to_owned(),
        EVENT.replace("END", "RRULE:\r\nEND"),
    ] {
        assert_eq!(judge(&calendar(&parts)), None, "{parts}");
        assert_eq!(judge(&calendar(&parts).replace("\r\n", "\n")), None, "{parts}");
    }
}

#[test]
fn no_calendar_data() {
    for text in [
        String::new(),
        "garbage".to_owned(),
        calendar(EVENT).replace("END:VEVENT\r\n", ""),
        calendar(&EVENT.replace("DTSTART:20260101T100000Z\r\n", "")),
        calendar(&EVENT.replace("20260101", "20260231")),
        calendar(&EVENT.replace("END", "RRULE:FREQ=SOMETIMES\r\nEND")),
        calendar(&EVENT.replace("END", "SUMMARY:\u{7}\r\nEND")),
        calendar(&EVENT.replace("END", "not a line\r\nEND")),
        calendar(EVENT).repeat(2),
    ] {
        assert!(matches!(judge(&text), Some(Refusal::Data(_))), "{text}: {:?}", judge(&text));
    }
    assert!(matches!(
        check(b"BEGIN:VCALENDAR\r\nX:\xff\r\nEND:VCALENDAR\r\n", &Kind::ALL),
        Err(Refusal::Data(_))
    ));
}

#[test]
fn no_object_resource() {
    let two = format!("{EVENT}{}", EVENT.replace("UID:1", "UID:2"));
    for parts in [
        format!("METHOD:PUBLISH\r\n{EVENT}"),
        two,
        format!("{EVENT}{EVENT}"),
        format!("{EVENT}BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n"),
        EVENT.replace("UID:1\r\n", ""),
        EVENT.replace("UID:1", "UID: "),
        String::new(),
        "BEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\n".to_owned(),
    ] {
        assert!(
            matches!(judge(&calendar(&parts)), Some(Refusal::Object(_))),
            "{parts}: {:?}",
            judge(&calendar(&parts))
        );
    }
}

#[test]
fn no_supported_component() {
    let journal = "BEGIN:VJOURNAL\r\nUID:1\r\nEND:VJOURNAL\r\n";
    assert_eq!(judge(&calendar(journal)), Some(Refusal::Component));
    assert_eq!(judge(&calendar("BEGIN:VPOLL\r\nUID:1\r\nEND:VPOLL\r\n")), Some(Refusal::Component));
}

/// What never comes and costs to find out is not stored; what only ends is.
#[test]
fn rules_made_to_cost() {
    let with = |rule: &str| calendar(&EVENT.replace("END", &format!("RRULE:{rule}\r\nEND")));
    assert_eq!(judge(&with("FREQ=SECONDLY;INTERVAL=86400;BYHOUR=5")), Some(Refusal::Instances));
    assert_eq!(judge(&with("FREQ=HOURLY;INTERVAL=24;BYHOUR=5")), Some(Refusal::Instances));
    assert_eq!(judge(&with("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")), None);
    assert_eq!(judge(&with("FREQ=DAILY;COUNT=1")), None);
    assert_eq!(judge(&with("RSCALE=HEBREW;FREQ=YEARLY")), Some(Refusal::Scale));
    assert_eq!(judge(&with("RSCALE=GREGORIAN;FREQ=YEARLY")), None);
}

//! Filters on objects: components, properties, parameters, text, absence.

use crate::icalendar::filter::{CompFilter, CompTest, ParamFilter, ParamTest, PropFilter, PropTest};
use crate::icalendar::object::Object;
use crate::icalendar::recurrence::Range;
use crate::icalendar::text::{Collation, Place, TextMatch};
use crate::icalendar::zone::Zone;

const TASK: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:Buy milk\\, bread\r\n\
    CATEGORIES:HOME,FOOD\r\nATTENDEE;PARTSTAT=NEEDS-ACTION;CN=Jo:mailto:jo@example.com\r\n\
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:al@example.com\r\nCOMPLETED:20260105T100000Z\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n\
    END:VALARM\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";

fn text(text: &str, negate: bool) -> TextMatch {
    TextMatch::new(text, Collation::AsciiCasemap, Place::Contains, negate)
}

fn comp(name: &str, props: Vec<PropFilter>, comps: Vec<CompFilter>) -> CompFilter {
    CompFilter { name: name.into(), test: CompTest::Defined { time_range: None, props, comps } }
}

fn prop(name: &str, text: Option<TextMatch>, params: Vec<ParamFilter>) -> PropFilter {
    PropFilter { name: name.into(), test: PropTest::Defined { time_range: None, text, params } }
}

fn matches(filter: CompFilter) -> bool {
    let top = comp("VCALENDAR", vec![], vec![filter]);
    top.matches(&Object::parse(TASK.as_bytes()).unwrap(), &Zone::Utc)
}

fn todo(props: Vec<PropFilter>) -> bool {
    matches(comp("VTODO", props, vec![]))
}

#[test]
fn components_are_there_or_not() {
    assert!(matches(comp("vtodo", vec![], vec![])) && !matches(comp("VEVENT", vec![], vec![])));
    assert!(matches(CompFilter { name: "VEVENT".into(), test: CompTest::NotDefined }));
    assert!(!matches(CompFilter { name: "VTODO".into(), test: CompTest::NotDefined }));
    let alarm = |test| CompFilter { name: "VALARM".into(), test };
    assert!(!matches(comp("VTODO", vec![], vec![alarm(CompTest::NotDefined)])));
    let display = vec![prop("ACTION", Some(text("display", false)), vec![])];
    assert!(matches(comp("VTODO", vec![], vec![comp("VALARM", display, vec![])])));
}

#[test]
fn properties_by_their_unescaped_text() {
    assert!(todo(vec![prop("summary", Some(text("MILK, br", false)), vec![])]));
    assert!(!todo(vec![prop("SUMMARY", Some(text("butter", false)), vec![])]));
    assert!(todo(vec![prop("SUMMARY", Some(text("butter", true)), vec![])]));
    assert!(!todo(vec![prop("DUE", Some(text("x", true)), vec![])]));
    assert!(todo(vec![PropFilter { name: "DUE".into(), test: PropTest::NotDefined }]));
    assert!(!todo(vec![PropFilter { name: "SUMMARY".into(), test: PropTest::NotDefined }]));
    assert!(!todo(vec![prop("SUMMARY", None, vec![]), prop("DUE", None, vec![])]));
}

/// RFC 4791 7.8.7: the same ATTENDEE has the address and the PARTSTAT.
#[test]
fn parameters_belong_to_the_property_that_matches() {
    let with = |address: &str, partstat: &str| {
        let param =
            ParamFilter { name: "PARTSTAT".into(), test: ParamTest::Defined(Some(text(partstat, false))) };
        todo(vec![prop("ATTENDEE", Some(text(address, false)), vec![param])])
    };
    assert!(with("jo@", "needs-action") && with("al@", "accepted"));
    assert!(!with("jo@", "accepted"));
    let absent = |test| {
        vec![prop("ATTENDEE", Some(text("al@", false)), vec![ParamFilter { name: "CN".into(), test }])]
    };
    assert!(todo(absent(ParamTest::NotDefined)) && !todo(absent(ParamTest::Defined(None))));
}

#[test]
fn properties_in_time() {
    let completed = |start: i64, end: i64| {
        let range = Some(Range { start: Some(start), end: Some(end) });
        todo(vec![PropFilter {
            name: "COMPLETED".into(),
            test: PropTest::Defined { time_range: range, text: None, params: vec![] },
        }])
    };
    let at = 1_767_607_200;
    assert!(completed(at, at + 1) && completed(at - 10, at + 10));
    assert!(!completed(at - 10, at) && !completed(at + 1, at + 10));
}

#[test]
fn outlines_tell_what_an_index_can_answer() {
    let range = Some(Range { start: Some(0), end: Some(1) });
    let event = CompFilter {
        name: "VEVENT".into(),
        test: CompTest::Defined { time_range: range, props: vec![], comps: vec![] },
    };
    let outline = comp("VCALENDAR", vec![], vec![event.clone()]).outline().unwrap();
    assert_eq!((outline.component.as_str(), outline.range, outline.whole), ("VEVENT", range, true));
    let more = comp("VCALENDAR", vec![prop("VERSION", None, vec![])], vec![event.clone()]);
    assert!(!more.outline().unwrap().whole);
    assert!(!comp("VCALENDAR", vec![], vec![event, comp("VTODO", vec![], vec![])]).outline().unwrap().whole);
    assert!(CompFilter::everything().outline().is_none());
    let absent = CompFilter { name: "VTODO".into(), test: CompTest::NotDefined };
    assert!(comp("VCALENDAR", vec![], vec![absent]).outline().is_none());
}

/// Thousands of overrides, each with an alarm that rings a thousand times: once took the square of their number.
#[test]
fn alarms_by_the_thousand_are_judged_quickly() {
    use crate::icalendar::time::utc_text;
    let alarm = "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nREPEAT:1000\r\nDURATION:PT1S\r\nEND:VALARM\r\n";
    let mut text = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T000000Z\r\nRRULE:FREQ=HOURLY\r\n{alarm}END:VEVENT\r\n"
    );
    for n in 0..5_000 {
        let at = utc_text(1_767_225_600 + 3600 * n);
        text += &format!(
            "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:{at}\r\nDTSTART:{at}\r\n{alarm}END:VEVENT\r\n"
        );
    }
    text += "END:VCALENDAR\r\n";
    let object = Object::parse(text.as_bytes()).unwrap();
    let range = Some(Range { start: Some(1_900_000_000), end: Some(1_900_000_030) });
    let timed = CompFilter {
        name: "VALARM".into(),
        test: CompTest::Defined { time_range: range, props: vec![], comps: vec![] },
    };
    let filter = comp("VCALENDAR", vec![], vec![comp("VEVENT", vec![], vec![timed])]);
    let begun = std::time::Instant::now();
    assert!(filter.matches(&object, &Zone::Utc), "what is too much to count is shown");
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
}

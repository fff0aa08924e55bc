//! Reading filters: what is refused, and the limits.

use super::*;

fn read(inside: &str) -> Reply<CompFilter> {
    let xml =
        format!(r#"<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav">{inside}</C:calendar-query>"#);
    parse(&Element::parse(xml.as_bytes()).unwrap())
}

fn in_calendar(inside: &str) -> Reply<CompFilter> {
    read(&format!(r#"<C:filter><C:comp-filter name="VCALENDAR">{inside}</C:comp-filter></C:filter>"#))
}

fn refused(outcome: Reply<CompFilter>) -> String {
    outcome.unwrap_err().condition.unwrap().name.local.into_owned()
}

#[test]
fn refused_by_name() {
    let event =
        |inside: &str| in_calendar(&format!(r#"<C:comp-filter name="VEVENT">{inside}</C:comp-filter>"#));
    let text = |attributes: &str| {
        event(&format!(
            r#"<C:prop-filter name="X"><C:text-match {attributes}>x</C:text-match></C:prop-filter>"#
        ))
    };
    for bad in [
        read(""),
        read("<C:filter/>"),
        read(r#"<C:filter><C:comp-filter name="VEVENT"/></C:filter>"#),
        in_calendar("<C:comp-filter/>"),
        event("<C:time-range/>"),
        event(r#"<C:time-range start="tomorrow"/>"#),
        event(r#"<C:time-range start="20260101"/>"#),
        event(r#"<C:time-range start="20260101T000000"/>"#),
        event(r#"<C:comp-filter name="VEVENT"/>"#),
        in_calendar(r#"<C:comp-filter name="VALARM"/>"#),
        in_calendar(r#"<C:comp-filter name="VCALENDAR"/>"#),
        event(r#"<C:prop-filter name="SUMMARY"><C:time-range start="20260102T000000Z"/></C:prop-filter>"#),
        event(r#"<C:time-range start="20260102T000000Z" end="20260101T000000Z"/>"#),
        text(r#"match-type="near""#),
    ] {
        assert_eq!(refused(bad), "valid-filter");
    }
    let range = r#"<C:time-range start="20260102T000000Z"/>"#;
    assert_eq!(refused(in_calendar(range)), "valid-filter");
    assert_eq!(
        refused(in_calendar(&format!(r#"<C:comp-filter name="VTIMEZONE">{range}</C:comp-filter>"#))),
        "valid-filter"
    );
    assert_eq!(refused(text(r#"collation="i;klingon""#)), "supported-collation");
    assert!(event(&format!(r#"<C:prop-filter name="DTSTART">{range}</C:prop-filter>"#)).is_ok());
    assert!(event(&format!(r#"<C:comp-filter name="VALARM">{range}</C:comp-filter>"#)).is_ok());
    assert!(event(range).is_ok() && text(r#"collation="i;octet" negate-condition="yes""#).is_ok());
}

#[test]
fn conditions_end_at_their_limit() {
    let many = |count: usize| in_calendar(&r#"<C:comp-filter name="VEVENT"/>"#.repeat(count - 1));
    assert!(many(FILTER_COUNT_MAX).is_ok());
    assert_eq!(refused(many(FILTER_COUNT_MAX + 1)), "supported-filter");
}

#[test]
fn nesting_ends_at_its_limit() {
    let deep = |depth: usize| {
        let open = r#"<C:comp-filter name="X">"#.repeat(depth - 1);
        in_calendar(&format!("{open}{}", "</C:comp-filter>".repeat(depth - 1)))
    };
    assert!(deep(FILTER_DEPTH_MAX).is_ok());
    assert_eq!(refused(deep(FILTER_DEPTH_MAX + 1)), "supported-filter");
}

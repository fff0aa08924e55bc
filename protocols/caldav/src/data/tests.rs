//! What a client can ask of the data.

use super::*;

fn read(inside: &str, attributes: &str) -> Reply<Output> {
    let xml = format!(
        r#"<C:calendar-data xmlns:C="urn:ietf:params:xml:ns:caldav" {attributes}>{inside}</C:calendar-data>"#
    );
    Output::parse(&Element::parse(xml.as_bytes()).unwrap())
}

#[test]
fn verbatim_unless_asked_otherwise() {
    assert!(read("", "").unwrap().is_verbatim());
    assert!(read("", r#"content-type="text/calendar" version="2.0""#).unwrap().is_verbatim());
    assert!(!read(r#"<C:comp name="VCALENDAR"/>"#, "").unwrap().is_verbatim());
    assert!(read("", r#"version="1.0""#).is_err() && read("", r#"content-type="text/html""#).is_err());
    assert!(read(r#"<C:limit-recurrence-set start="20260101T000000Z"/>"#, "").is_err());
}

#[test]
fn selections_end_at_their_depth() {
    let deep = |depth: usize| {
        let open = r#"<C:comp name="VCALENDAR">"#.repeat(depth);
        read(&format!("{open}{}", "</C:comp>".repeat(depth)), "")
    };
    assert!(deep(FILTER_DEPTH_MAX).is_ok() && deep(FILTER_DEPTH_MAX + 1).is_err());
}

//! Reading filters: what is refused, and the limit.

use super::*;

fn read(inside: &str) -> Reply<Filter> {
    let xml = format!(
        r#"<C:addressbook-query xmlns:C="urn:ietf:params:xml:ns:carddav">{inside}</C:addressbook-query>"#
    );
    parse(&Element::parse(xml.as_bytes()).unwrap())
}

fn refused(outcome: Reply<Filter>) -> String {
    outcome.unwrap_err().condition.unwrap().name.local.into_owned()
}

#[test]
fn refused_by_name() {
    assert_eq!(refused(read(r#"<C:filter test="someof"/>"#)), "valid-filter");
    assert_eq!(refused(read("<C:filter><C:prop-filter/></C:filter>")), "valid-filter");
    let text = |attributes: &str| {
        read(&format!(
            r#"<C:filter><C:prop-filter name="X"><C:text-match {attributes}>x</C:text-match></C:prop-filter></C:filter>"#
        ))
    };
    assert_eq!(refused(text(r#"match-type="near""#)), "valid-filter");
    assert_eq!(refused(text(r#"collation="i;klingon""#)), "supported-collation");
    assert!(text(r#"collation="i;unicode-casemap" match-type="starts-with""#).is_ok());
    assert_eq!(read("").unwrap(), Filter::default());
}

#[test]
fn conditions_end_at_their_limit() {
    let many = |count: usize| {
        read(&format!("<C:filter>{}</C:filter>", r#"<C:prop-filter name="X"/>"#.repeat(count)))
    };
    assert!(many(FILTER_COUNT_MAX).is_ok());
    assert_eq!(refused(many(FILTER_COUNT_MAX + 1)), "supported-filter");
}

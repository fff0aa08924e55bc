//! The door, request by request: what is stored, what is found, what is refused and by which name.

use crate::CalDav;
use crate::testing::{Answer, Site};
use std::sync::Arc;

const HOME: &str = "/dav/calendars/alice@example.org/";
const DEFAULT: &str = "/dav/calendars/alice@example.org/default/";
const NAMES: &str = r#"xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav""#;

fn site() -> Site {
    Site::new(Arc::new(CalDav))
}

fn event(uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nX-APPLE-ODD;X=\"a:b\":c\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

async fn query(site: &Site, at: &str, filter: &str) -> Answer {
    let body = format!(
        r#"<C:calendar-query {NAMES}><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR">{filter}</C:comp-filter></C:filter></C:calendar-query>"#
    );
    site.ask(&format!("REPORT {at}\nDepth: 1"), body).await
}

fn in_time(component: &str, start: &str, end: &str) -> String {
    format!(
        r#"<C:comp-filter name="{component}"><C:time-range start="{start}" end="{end}"/></C:comp-filter>"#
    )
}

#[tokio::test]
async fn objects_are_kept_octet_for_octet() {
    let site = site();
    let text = event("1", "DTSTART:20260101T100000Z\r\nSUMMARY:a\r\n b").replace("\r\n", "\n");
    let put = site
        .ask(&format!("PUT {DEFAULT}1.ics\nContent-Type: text/calendar\nIf-None-Match: *"), text.clone())
        .await;
    assert_eq!(put.status, 201);
    let got = site.ask(&format!("GET {DEFAULT}1.ics"), "").await;
    assert_eq!((got.status, &got.text), (200, &text));
    assert_eq!(got.headers["etag"], put.headers["etag"]);
    assert_eq!(got.headers["content-type"], "text/calendar; charset=utf-8; component=VEVENT");
    let again = site.ask(&format!("PUT {DEFAULT}1.ics\nIf-None-Match: *"), text.clone()).await;
    assert_eq!(again.status, 412);
    let stale = site.ask(&format!("PUT {DEFAULT}1.ics\nIf-Match: \"x\""), text).await;
    assert_eq!(stale.status, 412);
}

#[tokio::test]
async fn what_is_refused_has_its_name() {
    let site = site();
    let good = event("1", "DTSTART:20260101T100000Z");
    site.put(&format!("{DEFAULT}1.ics"), &good).await;
    let put = async |path: &str, text: String| site.ask(&format!("PUT {path}"), text).await;
    let new = format!("{DEFAULT}2.ics");
    assert_eq!(put(&new, "garbage".into()).await.refusal(), (403, "C:valid-calendar-data"));
    let method = good.replace("VERSION:2.0", "METHOD:REQUEST");
    assert_eq!(put(&new, method).await.refusal(), (403, "C:valid-calendar-object-resource"));
    let task = "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
    assert_eq!(
        put(&format!("{HOME}tasks/1.ics"), good.clone()).await.refusal(),
        (403, "C:supported-calendar-component")
    );
    assert_eq!(put(&format!("{HOME}tasks/t.ics"), task.into()).await.status, 201);
    let conflict = put(&new, good.clone()).await;
    assert_eq!(conflict.refusal(), (409, "C:no-uid-conflict"));
    assert!(
        conflict.text.contains("<D:href>/dav/calendars/alice@example.org/default/1.ics</D:href>"),
        "{}",
        conflict.text
    );
    let other = put(&format!("{DEFAULT}1.ics"), event("other", "DTSTART:20260101T100000Z")).await;
    assert_eq!(other.refusal(), (409, "C:no-uid-conflict"));
    let many = event("9", "DTSTART:20260101T100000Z\r\nRRULE:FREQ=DAILY;COUNT=10001");
    assert_eq!(put(&new, many).await.refusal(), (403, "C:max-instances"));
    let json = site.ask(&format!("PUT {new}\nContent-Type: application/calendar+json"), "[]").await;
    assert_eq!(json.refusal(), (403, "C:supported-calendar-data"));
    let large = put(&new, "x".repeat(format::icalendar::limits::OBJECT_BYTES_MAX + 1)).await;
    assert_eq!(large.refusal(), (403, "C:max-resource-size"));
}

#[tokio::test]
async fn copies_and_moves_obey_the_same_rules() {
    let site = site();
    site.put(&format!("{DEFAULT}1.ics"), &event("1", "DTSTART:20260101T100000Z")).await;
    let go = async |method: &str, from: &str, to: &str| {
        site.ask(&format!("{method} {HOME}{from}\nDestination: {HOME}{to}"), "").await
    };
    assert_eq!(go("COPY", "default/1.ics", "default/2.ics").await.refusal(), (409, "C:no-uid-conflict"));
    assert_eq!(
        go("MOVE", "default/1.ics", "tasks/1.ics").await.refusal(),
        (403, "C:supported-calendar-component")
    );
    site.put(&format!("{DEFAULT}3.ics"), &event("3", "DTSTART:20260101T100000Z")).await;
    for method in ["COPY", "MOVE"] {
        let refused = go(method, "default/1.ics", "default/3.ics").await;
        assert_eq!(refused.refusal(), (409, "C:no-uid-conflict"));
        assert!(refused.text.contains("3.ics"), "{}", refused.text);
    }
    assert_eq!(site.ask(&format!("DELETE {DEFAULT}3.ics"), "").await.status, 204);
    assert_eq!(go("MOVE", "default/1.ics", "default/2.ics").await.status, 201);
    let found = query(&site, DEFAULT, &in_time("VEVENT", "20260101T000000Z", "20260102T000000Z")).await;
    assert!(found.count() == 1 && found.text.contains("default/2.ics"), "{}", found.text);
    assert_eq!(site.ask(&format!("DELETE {DEFAULT}2.ics"), "").await.status, 204);
    assert_eq!(
        query(&site, DEFAULT, &in_time("VEVENT", "20260101T000000Z", "20260102T000000Z")).await.count(),
        0
    );
}

#[tokio::test]
async fn calendars_are_made_with_their_properties() {
    let site = site();
    let make =
        |props: &str| format!(r#"<C:mkcalendar {NAMES}><set><prop>{props}</prop></set></C:mkcalendar>"#);
    let zone = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR\n";
    let props = format!(
        r##"<displayname>Work</displayname><C:calendar-description xml:lang="en">d</C:calendar-description><C:calendar-timezone>{zone}</C:calendar-timezone><C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set><A:calendar-color xmlns:A="http://apple.com/ns/ical/">#fff</A:calendar-color>"##
    );
    assert_eq!(site.ask(&format!("MKCALENDAR {HOME}work/"), make(&props)).await.status, 201);
    let ask = format!(
        r#"<propfind {NAMES} xmlns:A="http://apple.com/ns/ical/"><prop><displayname/><resourcetype/><C:calendar-description/><C:calendar-timezone/><C:supported-calendar-component-set/><A:calendar-color/></prop></propfind>"#
    );
    let told = site.ask(&format!("PROPFIND {HOME}work/\nDepth: 0"), ask).await.text;
    for part in ["Work", "<C:calendar/>", "xml:lang=\"en\"", "TZID:x", r#"<C:comp name="VEVENT"/>"#, "#fff"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("404") && !told.contains("VTODO"), "{told}");
    assert_eq!(site.ask(&format!("MKCALENDAR {HOME}work/"), "").await.status, 403);
    assert_eq!(
        site.ask(&format!("MKCALENDAR {HOME}work/in/"), "").await.refusal(),
        (403, "C:calendar-collection-location-ok")
    );
    assert_eq!(site.ask(&format!("MKCALENDAR {HOME}nowhere/in/"), "").await.status, 409);
    // RFC 4791 5.2.3: made without a word about kinds, it takes all of them.
    assert_eq!(site.ask(&format!("MKCALENDAR {HOME}any/"), "").await.status, 201);
    let busy = "BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nUID:b\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n";
    assert_eq!(site.ask(&format!("PUT {HOME}any/b.ics"), busy).await.status, 201);
    let bad = site
        .ask(&format!("MKCALENDAR {HOME}bad/"), make("<C:calendar-timezone>x</C:calendar-timezone>"))
        .await;
    assert!(
        bad.status == 424 && bad.text.contains("<C:valid-calendar-data/>"),
        "{} {}",
        bad.status,
        bad.text
    );
    assert_eq!(site.ask(&format!("PROPFIND {HOME}bad/\nDepth: 0"), "").await.status, 404);
    let set = format!(
        r#"<propertyupdate {NAMES}><set><prop><C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set></prop></set></propertyupdate>"#
    );
    let set = site.ask(&format!("PROPPATCH {HOME}work/"), set).await;
    assert!(set.text.contains("cannot-modify-protected-property"), "{}", set.text);
}

#[tokio::test]
async fn queries_by_time_kind_and_text() {
    let site = site();
    site.put(
        &format!("{DEFAULT}one.ics"),
        &event("1", "DTSTART:20260105T100000Z\r\nDTEND:20260105T110000Z\r\nSUMMARY:Lunch"),
    )
    .await;
    site.put(
        &format!("{DEFAULT}week.ics"),
        &event("2", "DTSTART:20240101T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:Review"),
    )
    .await;
    site.put(&format!("{DEFAULT}day.ics"), &event("3", "DTSTART;VALUE=DATE:20260106\r\nSUMMARY:Off")).await;
    let todo =
        "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:4\r\nSUMMARY:Lunch box\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
    site.put(&format!("{DEFAULT}todo.ics"), todo).await;
    let found = async |filter: String| query(&site, DEFAULT, &filter).await.count();
    assert_eq!(found(in_time("VEVENT", "20260105T000000Z", "20260106T000000Z")).await, 2);
    assert_eq!(found(in_time("VEVENT", "20260105T103000Z", "20260105T104500Z")).await, 2);
    assert_eq!(found(in_time("VEVENT", "20260106T230000Z", "20260107T000000Z")).await, 1);
    assert_eq!(found(in_time("VEVENT", "20260107T000000Z", "20260107T010000Z")).await, 0);
    assert_eq!(found(in_time("VTODO", "20260107T000000Z", "20260107T010000Z")).await, 1);
    assert_eq!(found(r#"<C:comp-filter name="VEVENT"/>"#.into()).await, 3);
    assert_eq!(found(String::new()).await, 4);
    let lunch = |component: &str| {
        format!(
            r#"<C:comp-filter name="{component}"><C:prop-filter name="SUMMARY"><C:text-match>LUNCH</C:text-match></C:prop-filter></C:comp-filter>"#
        )
    };
    assert_eq!(found(lunch("VEVENT")).await, 1);
    assert_eq!(found(lunch("VTODO")).await, 1);
    assert_eq!(found(r#"<C:comp-filter name="VTODO"><C:is-not-defined/></C:comp-filter>"#.into()).await, 3);
    assert_eq!(
        query(&site, HOME, &in_time("VEVENT", "20260105T000000Z", "20260106T000000Z")).await.count(),
        2
    );
    assert_eq!(query(&site, &format!("{DEFAULT}one.ics"), &lunch("VEVENT")).await.count(), 1);
}

/// RFC 4791 9.8: the zone of the request, else that of the calendar, decides when a day is.
#[tokio::test]
async fn floating_times_are_those_of_the_zone_asked_for() {
    let site = site();
    site.put(&format!("{DEFAULT}day.ics"), &event("1", "DTSTART;VALUE=DATE:20260106")).await;
    let ask = async |zone: &str| {
        let filter = in_time("VEVENT", "20260105T233000Z", "20260105T235000Z");
        let body = format!(
            r#"<C:calendar-query {NAMES}><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR">{filter}</C:comp-filter></C:filter>{zone}</C:calendar-query>"#
        );
        site.ask(&format!("REPORT {DEFAULT}\nDepth: 1"), body).await
    };
    assert_eq!(ask("").await.count(), 0);
    assert_eq!(ask("<C:timezone-id>Europe/Berlin</C:timezone-id>").await.count(), 1);
    assert_eq!(ask("<C:timezone>x</C:timezone>").await.refusal(), (403, "C:valid-calendar-data"));
    assert_eq!(ask("<C:timezone-id>Nowhere</C:timezone-id>").await.refusal(), (403, "C:valid-timezone"));
}

#[tokio::test]
async fn data_comes_expanded_limited_or_in_part() {
    let site = site();
    let series = "DTSTART;TZID=Europe/Berlin:20260105T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:S";
    site.put(&format!("{DEFAULT}1.ics"), &event("1", series)).await;
    let ask = async |data: &str| {
        let body = format!(
            r#"<C:calendar-multiget {NAMES}><prop>{data}</prop><href>{DEFAULT}1.ics</href><href>{DEFAULT}none.ics</href></C:calendar-multiget>"#
        );
        site.ask(&format!("REPORT {DEFAULT}"), body).await
    };
    let whole = ask("<getetag/><C:calendar-data/>").await;
    assert_eq!(whole.count(), 2);
    assert!(
        whole.text.contains("RRULE:FREQ=DAILY;COUNT=5&#13;\n") && whole.text.contains("404 Not Found"),
        "{}",
        whole.text
    );
    let expanded = ask(
        r#"<C:calendar-data><C:expand start="20260106T000000Z" end="20260108T000000Z"/></C:calendar-data>"#,
    )
    .await
    .text;
    assert_eq!(expanded.matches("BEGIN:VEVENT").count(), 2);
    assert!(expanded.contains("RECURRENCE-ID:20260106T090000Z") && !expanded.contains("RRULE"), "{expanded}");
    let part = ask(r#"<C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="SUMMARY"/></C:comp></C:comp></C:calendar-data>"#).await.text;
    assert!(part.contains("SUMMARY:S") && !part.contains("UID"), "{part}");
    assert_eq!(
        ask(r#"<C:calendar-data content-type="application/json"/>"#).await.refusal(),
        (403, "C:supported-calendar-data")
    );
    assert_eq!(
        ask(r#"<C:calendar-data><C:expand start="20260106T000000Z"/></C:calendar-data>"#).await.refusal(),
        (403, "C:valid-filter")
    );
}

#[tokio::test]
async fn busy_time_without_reasons() {
    let site = site();
    site.put(
        &format!("{DEFAULT}1.ics"),
        &event("1", "DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nSUMMARY:Secret"),
    )
    .await;
    site.put(
        &format!("{DEFAULT}2.ics"),
        &event("2", "DTSTART:20260105T103000Z\r\nDURATION:PT1H\r\nSTATUS:TENTATIVE"),
    )
    .await;
    let body = format!(
        r#"<C:free-busy-query {NAMES}><C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:free-busy-query>"#
    );
    let answer = site.ask(&format!("REPORT {DEFAULT}\nDepth: 1"), body).await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].to_str().unwrap()),
        (200, "text/calendar; charset=utf-8; component=VFREEBUSY")
    );
    assert!(
        answer.text.contains("FREEBUSY;FBTYPE=BUSY:20260105T100000Z/20260105T110000Z\r\n"),
        "{}",
        answer.text
    );
    assert!(
        answer.text.contains("FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260105T103000Z/20260105T113000Z\r\n"),
        "{}",
        answer.text
    );
    assert!(!answer.text.contains("Secret"));
    let bomb = event("3", "DTSTART:20260101T000000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=SECONDLY");
    site.put(&format!("{DEFAULT}3.ics"), &bomb).await;
    let body = format!(
        r#"<C:free-busy-query {NAMES}><C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:free-busy-query>"#
    );
    assert_eq!(
        site.ask(&format!("REPORT {DEFAULT}\nDepth: 1"), body).await.refusal(),
        (403, "D:number-of-matches-within-limits")
    );
}

#[tokio::test]
async fn principals_tell_where_calendars_are() {
    let site = site();
    let body = format!(
        r#"<propfind {NAMES}><prop><C:calendar-home-set/><C:calendar-user-address-set/><C:schedule-inbox-URL/></prop></propfind>"#
    );
    let text = site.ask("PROPFIND /dav/principals/alice@example.org/\nDepth: 0", body).await.text;
    assert!(
        text.contains("<C:calendar-home-set><D:href>/dav/calendars/alice@example.org/</D:href>"),
        "{text}"
    );
    assert!(text.contains("<D:href>mailto:alice@example.org</D:href>"), "{text}");
    assert!(text.contains("<C:schedule-inbox-URL/></D:prop><D:status>HTTP/1.1 404"), "{text}");
    let options = site.ask(&format!("OPTIONS {DEFAULT}"), "").await;
    let classes = options.headers["dav"].to_str().unwrap();
    assert!(classes.contains("calendar-access") && !classes.contains("calendar-auto-schedule"), "{classes}");
}

#[tokio::test]
async fn a_stranger_learns_nothing() {
    let site = site();
    site.put(&format!("{DEFAULT}1.ics"), &event("1", "DTSTART:20260105T100000Z")).await;
    let filter = in_time("VEVENT", "20260101T000000Z", "20270101T000000Z");
    let query = format!(
        r#"<C:calendar-query {NAMES}><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR">{filter}</C:comp-filter></C:filter></C:calendar-query>"#
    );
    let multiget = format!(
        r#"<C:calendar-multiget {NAMES}><prop><C:calendar-data/></prop><href>{DEFAULT}1.ics</href></C:calendar-multiget>"#
    );
    let as_bob = async |head: String, body: String| site.ask_as(2, "bob@example.org", &head, body).await;
    for at in [HOME, DEFAULT] {
        assert_eq!(as_bob(format!("REPORT {at}\nDepth: 1"), query.clone()).await.status, 404, "{at}");
        let nobody = at.replace("alice", "nobody");
        let told = as_bob(format!("MKCALENDAR {at}x/"), String::new()).await.status;
        assert_eq!(told, as_bob(format!("MKCALENDAR {nobody}x/"), String::new()).await.status, "{at}");
        assert!(matches!(told, 404 | 409), "{at} {told}");
    }
    let own = "REPORT /dav/calendars/bob@example.org/default/".to_owned();
    let got = as_bob(own, multiget).await;
    assert!(got.count() == 1 && got.text.contains("404") && !got.text.contains("VEVENT"), "{}", got.text);
    for method in ["GET", "DELETE"] {
        assert_eq!(as_bob(format!("{method} {DEFAULT}1.ics"), String::new()).await.status, 404);
    }
}

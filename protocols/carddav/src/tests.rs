//! The door, request by request: what is stored, what is found, what is refused and by which name.

use crate::CardDav;
use crate::testing::{Answer, Site};
use std::sync::Arc;

const BOOK: &str = "/dav/addressbooks/alice@example.org/default/";
const NAMES: &str = r#"xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav""#;

fn site() -> Site {
    Site::new(Arc::new(CardDav))
}

fn card(version: &str, uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:{version}\r\nUID:{uid}\r\n{lines}\r\nitem1.X-ABLabel:_$!<Home>!$_\r\nEND:VCARD\r\n"
    )
}

async fn query(site: &Site, rest: &str) -> Answer {
    let body = format!(
        r#"<C:addressbook-query {NAMES}><prop><getetag/><C:address-data/></prop>{rest}</C:addressbook-query>"#
    );
    site.ask(&format!("REPORT {BOOK}\nDepth: 1"), body).await
}

#[tokio::test]
async fn cards_of_both_versions_are_kept_octet_for_octet() {
    let site = site();
    for version in ["3.0", "4.0"] {
        let text = card(version, version, "FN:Jo\r\nPHOTO;ENCODING=b:\r\n AAAA");
        let at = format!("{BOOK}{version}.vcf");
        site.put(&at, &text).await;
        let got = site.ask(&format!("GET {at}"), "").await;
        assert_eq!(got.text, text);
        assert_eq!(got.headers["content-type"], format!("text/vcard; charset=utf-8; version={version}"));
    }
    let all = query(&site, "").await;
    assert!(all.count() == 2 && all.text.contains("VERSION:4.0&#13;\nUID:4.0&#13;\n"), "{}", all.text);
}

#[tokio::test]
async fn what_is_refused_has_its_name() {
    let site = site();
    site.put(&format!("{BOOK}1.vcf"), &card("3.0", "1", "FN:x")).await;
    let put = async |name: &str, text: String| site.ask(&format!("PUT {BOOK}{name}"), text).await;
    assert_eq!(put("2.vcf", "garbage".into()).await.refusal(), (403, "CR:valid-address-data"));
    assert_eq!(put("2.vcf", card("2.1", "2", "FN:x")).await.refusal(), (403, "CR:supported-address-data"));
    let conflict = put("2.vcf", card("3.0", "1", "FN:x")).await;
    assert_eq!(conflict.refusal(), (409, "CR:no-uid-conflict"));
    assert!(conflict.text.contains("/dav/addressbooks/alice@example.org/default/1.vcf"), "{}", conflict.text);
    assert_eq!(put("1.vcf", card("3.0", "other", "FN:x")).await.refusal(), (409, "CR:no-uid-conflict"));
    assert_eq!(put("1.vcf", card("3.0", "1", "FN:y")).await.status, 204);
    let large = put("2.vcf", "x".repeat(format::vcard::limits::CARD_BYTES_MAX + 1)).await;
    assert_eq!(large.refusal(), (413, "CR:max-resource-size"));
    let json = site.ask(&format!("PUT {BOOK}2.vcf\nContent-Type: application/vcard+json"), "[]").await;
    assert_eq!(json.refusal(), (403, "CR:supported-address-data"));
    let copy = site.ask(&format!("COPY {BOOK}1.vcf\nDestination: {BOOK}3.vcf"), "").await;
    assert_eq!(copy.refusal(), (409, "CR:no-uid-conflict"));
    assert_eq!(site.ask(&format!("MOVE {BOOK}1.vcf\nDestination: {BOOK}3.vcf"), "").await.status, 201);
}

#[tokio::test]
async fn queries_by_text_joined_both_ways_and_cut() {
    let site = site();
    for (n, name) in ["Anna Bell", "J\u{f6}rg Ann", "Carl"].iter().enumerate() {
        site.put(
            &format!("{BOOK}{n}.vcf"),
            &card("3.0", &n.to_string(), &format!("FN:{name}\r\nEMAIL;TYPE=home:{n}@example.org")),
        )
        .await;
    }
    let fullname = |text: &str, kind: &str| {
        format!(
            r#"<C:prop-filter name="FN"><C:text-match match-type="{kind}">{text}</C:text-match></C:prop-filter>"#
        )
    };
    let filter = |test: &str, inside: &str| format!(r#"<C:filter test="{test}">{inside}</C:filter>"#);
    let count = async |filter: String| query(&site, &filter).await.count();
    assert_eq!(count(filter("anyof", &fullname("ann", "contains"))).await, 2);
    assert_eq!(count(filter("anyof", &fullname("ANN", "ends-with"))).await, 1);
    assert_eq!(count(filter("anyof", &fullname("j\u{d6}RG", "starts-with"))).await, 1);
    let both = fullname("ann", "contains") + &fullname("bell", "ends-with");
    assert_eq!(count(filter("allof", &both)).await, 1);
    assert_eq!(
        count(filter("anyof", r#"<C:prop-filter name="TEL"><C:is-not-defined/></C:prop-filter>"#)).await,
        3
    );
    let cut = query(&site, "<C:limit><C:nresults>2</C:nresults></C:limit>").await;
    assert_eq!(cut.count(), 3);
    assert!(
        cut.text.contains("507 Insufficient Storage") && cut.text.contains("number-of-matches-within-limits"),
        "{}",
        cut.text
    );
    assert_eq!(
        query(&site, "<C:limit><C:nresults>3</C:nresults></C:limit>").await.text.matches("507").count(),
        0
    );
    assert_eq!(query(&site, "<C:limit/>").await.status, 400);
}

#[tokio::test]
async fn data_comes_in_part() {
    let site = site();
    site.put(&format!("{BOOK}1.vcf"), &card("4.0", "1", "FN:Jo\r\nNOTE:long")).await;
    let ask = async |data: &str| {
        let body = format!(
            r#"<C:addressbook-multiget {NAMES}><prop>{data}</prop><href>{BOOK}1.vcf</href><href>https://dav.example.org{BOOK}none.vcf</href></C:addressbook-multiget>"#
        );
        site.ask(&format!("REPORT {BOOK}"), body).await
    };
    let part = ask(r#"<C:address-data><C:prop name="FN"/></C:address-data>"#).await;
    assert_eq!(part.count(), 2);
    assert!(
        part.text.contains("VERSION:4.0&#13;\nFN:Jo&#13;\nEND") && part.text.contains("404 Not Found"),
        "{}",
        part.text
    );
    assert!(
        ask(r#"<C:address-data content-type="text/vcard" version="4.0"/>"#).await.text.contains("NOTE:long")
    );
    assert_eq!(ask(r#"<C:address-data version="2.1"/>"#).await.refusal(), (403, "CR:supported-address-data"));
}

#[tokio::test]
async fn books_are_made_and_tell_what_they_take() {
    let site = site();
    let body = format!(
        r#"<mkcol {NAMES}><set><prop><resourcetype><collection/><C:addressbook/></resourcetype><displayname>B</displayname><C:addressbook-description>d</C:addressbook-description></prop></set></mkcol>"#
    );
    let home = "/dav/addressbooks/alice@example.org/";
    assert_eq!(site.ask(&format!("MKCOL {home}new/"), body.clone()).await.status, 201);
    assert_eq!(site.ask(&format!("MKCOL {home}new/in/"), body).await.status, 403);
    let ask = format!(
        r#"<propfind {NAMES}><prop><resourcetype/><C:addressbook-description/><C:supported-address-data/><C:supported-collation-set/><C:max-resource-size/></prop></propfind>"#
    );
    let told = site.ask(&format!("PROPFIND {home}new/\nDepth: 0"), ask).await.text;
    for part in
        ["<CR:addressbook/>", ">d<", r#"version="3.0""#, r#"version="4.0""#, "i;unicode-casemap", "10485760"]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
    let ask = format!(r#"<propfind {NAMES}><prop><C:addressbook-home-set/></prop></propfind>"#);
    let told = site.ask("PROPFIND /dav/principals/alice@example.org/\nDepth: 0", ask).await.text;
    assert!(told.contains("<D:href>/dav/addressbooks/alice@example.org/</D:href>"), "{told}");
}

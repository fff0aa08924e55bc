//! What senders are told.

use super::house::{ALICE, House, TEXT};
use super::sink::{Rules, Sink};
use crate::limits::{BOUNCE_HEADER_BYTES_MAX, BOUNCE_RECIPIENT_COUNT_MAX};
use mail_parser::{MessageParser, MimeHeaders, PartType};

async fn refusing() -> (House, Sink) {
    let answers = vec![("RCPT", vec!["550-5.1.1 nobody\r\n550 5.1.1 \u{7}here <x>: é"])];
    let sink = Sink::start(Rules { answers, ..Rules::default() }).await;
    (House::with_sink(&sink), sink)
}

#[tokio::test]
async fn a_bounce_is_a_delivery_status_notification() {
    let (house, _sink) = refusing().await;
    let text = "From: alice@example.org\r\nSubject: original\r\n\r\nsecret body\r\n";
    house.submit(Some("alice@example.org"), &["x@far.example", "y@far.example"], text).await;
    house.settle().await;
    let inbox = house.inbox(ALICE).await;
    assert_eq!(inbox.len(), 1, "one bounce for all of them");
    let octets = inbox.first().unwrap();
    assert!(
        octets.starts_with(
            "Return-Path: <>\r\nFrom: Mail Delivery System <mailer-daemon@mail.example.org>\r\n"
        )
    );
    let message = MessageParser::default().parse(octets.as_bytes()).unwrap();
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
    let kind = message.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let parts: Vec<_> = message.parts.iter().skip(1).collect();
    let types: Vec<_> = parts
        .iter()
        .map(|part| part.content_type().map(|t| format!("{}/{}", t.ctype(), t.subtype().unwrap())).unwrap())
        .collect();
    assert_eq!(types, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
    let text_of = |index: usize| match &parts[index].body {
        PartType::Text(text) => text.to_string(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        other => panic!("{other:?}"),
    };
    let status = text_of(1);
    let groups: Vec<_> = status.trim_end().split("\r\n\r\n").collect();
    assert_eq!(groups.len(), 3, "{status}");
    assert!(groups[0].starts_with("Reporting-MTA: dns; mail.example.org\r\n"));
    assert!(
        groups[1]
            .starts_with("Final-Recipient: rfc822; x@far.example\r\nAction: failed\r\nStatus: 5.1.1\r\n")
    );
    assert!(groups[1].contains("Diagnostic-Code: smtp; 550 5.1.1 nobody 5.1.1 ?here <x>: ?"), "{status}");
    assert!(text_of(0).contains("<y@far.example>"));
    assert_eq!(text_of(2), "From: alice@example.org\r\nSubject: original\r\n");
    assert!(!octets.contains("secret body"), "only the header goes back");
}

#[tokio::test]
async fn a_bounce_is_never_bounced() {
    let (house, sink) = refusing().await;
    house.submit(None, &["x@far.example"], TEXT).await;
    house.settle().await;
    assert!(house.inbox(ALICE).await.is_empty());
    // A sender that is not here and whom the relay does not take: the bounce ends in the log.
    house.submit(Some("z@far.example"), &["x@far.example"], TEXT).await;
    house.settle().await;
    let null_senders = sink.lines().iter().filter(|line| line.starts_with("MAIL FROM:<>")).count();
    assert_eq!(null_senders, 2);
}

#[tokio::test]
async fn a_long_header_is_given_back_in_part_and_in_whole_lines() {
    let (house, _sink) = refusing().await;
    let text = format!("From: alice@example.org\r\n{}\r\nx\r\n", "X-Filler: 0123456789\r\n".repeat(3_000));
    house.submit(Some("alice@example.org"), &["x@far.example"], &text).await;
    house.settle().await;
    let inbox = house.inbox(ALICE).await;
    let given = inbox.first().unwrap().split("text/rfc822-headers").nth(1).unwrap();
    assert!(given.len() < 34 * 1024);
    assert!(given.lines().filter(|line| line.starts_with("X-F")).all(|line| line == "X-Filler: 0123456789"));
}

#[tokio::test]
async fn a_bounce_names_so_many_recipients_and_counts_the_others() {
    for (more, told) in [(0, None), (1, Some("and 1 more recipients."))] {
        let (house, _sink) = refusing().await;
        let to: Vec<_> =
            (0..BOUNCE_RECIPIENT_COUNT_MAX + more).map(|number| format!("x{number}@far.example")).collect();
        let to: Vec<_> = to.iter().map(String::as_str).collect();
        house.submit(Some("alice@example.org"), &to, TEXT).await;
        house.settle().await;
        let bounce = house.inbox(ALICE).await.concat();
        assert_eq!(bounce.matches("Final-Recipient:").count(), BOUNCE_RECIPIENT_COUNT_MAX);
        match told {
            Some(told) => assert!(bounce.contains(told), "{bounce}"),
            None => assert!(!bounce.contains("\r\nand "), "{bounce}"),
        }
    }
}

#[tokio::test]
async fn a_bounce_returns_so_much_of_the_header_in_whole_lines() {
    let line = format!("X-Long: {}\r\n", "h".repeat(90));
    let most = BOUNCE_HEADER_BYTES_MAX as usize;
    for (fields, whole) in [(most / line.len(), true), (most / line.len() + 1, false)] {
        let (house, _sink) = refusing().await;
        let header = line.repeat(fields);
        house.submit(Some("alice@example.org"), &["x@far.example"], &format!("{header}\r\nbody\r\n")).await;
        house.settle().await;
        let bounce = house.inbox(ALICE).await.concat();
        let returned = bounce.matches(&line).count();
        assert_eq!(returned, if whole { fields } else { fields - 1 });
    }
}

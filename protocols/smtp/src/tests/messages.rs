//! Messages: what is delivered, what is refused, what is put in front.

use super::house::{ALICE, BOB, House};
use crate::{Config, limits::HEADER_BYTES_MAX, limits::RECIPIENT_COUNT_MAX, wire::FALSE_ENDS};
use sasl::testing::Client;

async fn submit(client: &mut Client, options: &str, to: &[&str], data: &[u8]) -> String {
    client.check(&format!("C: MAIL FROM:<alice@example.org>{options}\nS: 250")).await;
    for address in to {
        client.check(&format!("C: RCPT TO:<{address}>\nS: 250")).await;
    }
    client.check("C: DATA\nS: 354").await;
    client.send(data).await;
    client.reply().await
}

/// Submits a header and a body from alice to bob; what was said.
async fn say(header: &str) -> (House, String) {
    let house = House::new();
    let mut client = house.alice().await;
    let said =
        submit(&mut client, "", &["bob@example.org"], format!("{header}\r\nx\r\n.\r\n").as_bytes()).await;
    house.settle().await;
    (house, said)
}

#[tokio::test]
async fn a_message_without_from_is_its_sender_s() {
    let (house, said) = say("Subject: x\r\n").await;
    assert!(said.starts_with("250 "), "{said}");
    let inbox = house.inbox(BOB).await;
    let message = inbox.first().unwrap();
    assert!(message.contains("\r\nFrom: <alice@example.org>\r\nMessage-ID: <"), "{message}");
    assert!(message.contains("@example.org>\r\nSubject: x\r\n\r\nx\r\n"), "{message}");
    // Sender does not make up for it, and what has no sender at all is refused.
    let (house, _) = say("Sender: alice@example.org\r\n").await;
    assert_eq!(house.inbox(BOB).await.first().unwrap().matches("\r\nFrom: ").count(), 1);
    let mut client = house.alice().await;
    client.check("C: MAIL FROM:<>\nS: 250\nC: RCPT TO:<bob@example.org>\nS: 250\nC: DATA\nS: 354").await;
    client.send(b"Subject: x\r\n\r\nx\r\n.\r\n").await;
    assert!(client.reply().await.starts_with("550 5.7.1 the message has no From field"));
}

#[tokio::test]
async fn a_message_arrives_with_its_trace_and_its_octets() {
    let house = House::new();
    let mut client = house.alice().await;
    let data = b"From: Alice <alice@example.org>\r\nSubject: x\r\n\r\n..dots\r\n\xc3\xa9 \0\r\nend\r\n.\r\n";
    let said = submit(&mut client, "", &["bob@example.org"], data).await;
    assert!(said.starts_with("250 2.0.0 queued as "), "{said}");
    house.settle().await;
    let inbox = house.inbox(BOB).await;
    let message = inbox.first().unwrap();
    assert!(message.starts_with(
        "Return-Path: <alice@example.org>\r\nReceived: from mail.example.org (submission, sender logged in)\r\n\tby mail.example.org with ESMTPA id "
    ), "{message}");
    assert!(message.contains("\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <"), "{message}");
    assert!(message.contains("@example.org>\r\nFrom: Alice <alice@example.org>\r\nSubject: x\r\n"));
    assert!(message.ends_with("\r\n\r\n.dots\r\né \0\r\nend\r\n"), "{message}");
    assert!(!message.contains("127.0.0.1"), "the client's address is not told");
}

#[tokio::test]
async fn date_and_message_id_are_kept_where_they_are() {
    let (house, said) =
        say("From: alice@example.org\r\nDate: Mon, 1 Jan 2024 00:00:00 +0100\r\nMessage-ID: <1@x>\r\n").await;
    assert!(said.starts_with("250"));
    let inbox = house.inbox(BOB).await;
    let message = inbox.first().unwrap();
    assert_eq!(message.matches("Date: ").count(), 1);
    assert_eq!(message.matches("Message-ID: ").count(), 1);
}

#[tokio::test]
async fn each_account_gets_one_copy_however_it_is_named() {
    let house = House::new();
    let mut client = house.alice().await;
    let to = ["team@example.org", "bob@example.org", "BOB@example.org", "al@example.org"];
    let said = submit(&mut client, "", &to, b"From: alice@example.org\r\n\r\nx\r\n.\r\n").await;
    assert!(said.starts_with("250"));
    house.settle().await;
    assert_eq!((house.inbox(ALICE).await.len(), house.inbox(BOB).await.len()), (1, 1));
}

#[tokio::test]
async fn forged_and_broken_headers_are_refused_and_the_session_goes_on() {
    for (header, expect) in [
        ("From: bob@example.org\r\n", "550 5.7.1"),
        ("From: alice@example.org\r\nFrom: bob@example.org\r\n", "550 5.7.1"),
        ("From: alice@example.org, bob@example.org\r\n", "550 5.7.1"),
        ("From: alice@example.org\r\nSender: bob@example.org\r\n", "550 5.7.1"),
        ("From: alice@example.org\r\nResent-From: bob@example.org\r\n", "550 5.7.1"),
        ("From: \"alice@example.org\" <bob@example.org>\r\n", "550 5.7.1"),
        ("From: =?utf-8?q?alice=40example.org?= <bob@example.org>\r\n", "550 5.7.1"),
        ("From: x: alice@example.org, bob@example.org;\r\n", "550 5.7.1"),
        ("Resent-From: bob@example.org\r\n", "550 5.7.1"),
        ("From: alice\r\n", "550 5.7.1"),
        ("From: alice@example.org\r\nno field\r\n", "554 5.6.0"),
        ("From: team@example.org\r\n", "550 5.7.1"),
        ("From: Al <al@example.org>\r\nSender: alice@example.org\r\n", "250"),
    ] {
        let (house, said) = say(header).await;
        assert!(said.starts_with(expect), "{header:?}: {said}");
        assert_eq!(house.inbox(BOB).await.len(), usize::from(expect == "250"), "{header:?}");
    }
}

#[tokio::test]
async fn hops_are_counted() {
    let (_, said) = say(&format!("{}From: alice@example.org\r\n", "Received: x\r\n".repeat(50))).await;
    assert!(said.starts_with("250"), "{said}");
    let (_, said) = say(&format!("{}From: alice@example.org\r\n", "Received: x\r\n".repeat(51))).await;
    assert!(said.starts_with("554 5.4.6"), "{said}");
}

#[tokio::test]
async fn only_crlf_dot_crlf_ends_a_message() {
    let house = House::new();
    let (mut sent, mut good) = (0, 0);
    for sequence in FALSE_ENDS {
        let mut data = b"From: alice@example.org\r\n\r\nouter".to_vec();
        data.extend_from_slice(sequence);
        data.extend_from_slice(
            b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nFrom: alice@example.org\r\n\r\nsmuggled\r\n.\r\n",
        );
        let mut client = house.alice().await;
        let said = submit(&mut client, "", &["bob@example.org"], &data).await;
        assert!(said.starts_with("250") || said.starts_with("554 5.6.0"), "{sequence:?}: {said}");
        client.check("C: NOOP\nS: 250 2.0.0 ok\nC: QUIT\nS: 221\nS:").await;
        sent += 1;
        good += usize::from(said.starts_with("250"));
    }
    house.settle().await;
    let inbox = house.inbox(BOB).await;
    assert!(sent >= 30);
    assert_eq!(inbox.len(), good, "one message for each 250");
    assert!(inbox.iter().all(|message| message.contains("outer") && message.contains("smuggled")));
}

#[tokio::test]
async fn size_at_the_limit_and_one_past_it() {
    let head = "From: alice@example.org\r\n\r\n";
    for (extra, expect) in [(0, "250"), (1, "552 5.3.4")] {
        let house = House::with(Config { message_bytes_max: 10_000 });
        let mut client = house.alice().await;
        let body = "y".repeat(10_000 - head.len() - 2 + extra);
        let data = format!("{head}{body}\r\n.\r\n");
        let said = submit(&mut client, "", &["bob@example.org"], data.as_bytes()).await;
        assert!(said.starts_with(expect), "{said}");
        client.check("C: NOOP\nS: 250").await;
        house.settle().await;
        assert_eq!(house.inbox(BOB).await.len(), 1 - extra);
    }
}

#[tokio::test]
async fn headers_at_the_limit_and_past_it() {
    for (length, expect) in [(HEADER_BYTES_MAX, "250"), (HEADER_BYTES_MAX + 1, "552 5.3.4")] {
        let house = House::new();
        let mut client = house.alice().await;
        let head = "From: alice@example.org\r\nX: ";
        let header = format!("{head}{}\r\n", "y".repeat(length - head.len() - 2));
        let data = format!("{header}\r\nx\r\n.\r\n");
        client.check("C: MAIL FROM:<alice@example.org>\nS: 250\nC: RCPT TO:<bob@example.org>\nS: 250\nC: DATA\nS: 354").await;
        let mut said = String::new();
        let (reader, mut writer) = tokio::io::split(&mut client.stream);
        let send = async { tokio::io::AsyncWriteExt::write_all(&mut writer, data.as_bytes()).await.unwrap() };
        let mut reader = tokio::io::BufReader::new(reader);
        let hear = tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut said);
        let ((), heard) = tokio::join!(send, hear);
        heard.unwrap();
        assert!(said.starts_with(expect), "{length}: {said}");
    }
}

#[tokio::test]
async fn a_message_may_be_only_a_header_only_a_body_or_nothing() {
    for (data, expect) in [
        (&b"From: alice@example.org\r\n.\r\n"[..], "250"),
        (b"From: alice@example.org\r\n\r\n.\r\n", "250"),
        (b".\r\n", "250"),
        (b"\r\nFrom: alice@example.org\r\n.\r\n", "250"),
        (b"no field\r\n.\r\n", "554 5.6.0"),
    ] {
        let house = House::new();
        let mut client = house.alice().await;
        let said = submit(&mut client, "", &["bob@example.org"], data).await;
        assert!(said.starts_with(expect), "{data:?}: {said}");
    }
}

#[tokio::test]
async fn recipients_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    client.check("C: MAIL FROM:<alice@example.org>\nS: 250").await;
    // The same person in as many spellings.
    let spelled = |number: usize| {
        let capital = |(at, letter): (usize, char)| {
            if number >> at & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
        };
        "bobexampleorg".chars().enumerate().map(capital).collect::<String>()
    };
    let command = |number| {
        let name = spelled(number);
        format!("C: RCPT TO:<{}@{}.{}>", &name[..3], &name[3..10], &name[10..])
    };
    for number in 0..RECIPIENT_COUNT_MAX {
        client.check(&format!("{}\nS: 250", command(number))).await;
    }
    client.check(&format!("{}\nS: 250", command(0))).await;
    client.check(&format!("{}\nS: 452 4.5.3\nC: DATA\nS: 354", command(RECIPIENT_COUNT_MAX))).await;
    client.send(b"From: alice@example.org\r\n\r\nx\r\n.\r\n").await;
    client.check("S: 250").await;
    house.settle().await;
    assert_eq!(house.inbox(BOB).await.len(), 1);
}

#[tokio::test]
async fn international_mail_says_so_in_its_trace() {
    let house = House::new();
    let mut client = house.alice().await;
    let data = "From: alice@example.org\r\nSubject: é\r\n\r\nx\r\n.\r\n";
    let said = submit(&mut client, " SMTPUTF8 BODY=8BITMIME", &["jörg@example.org"], data.as_bytes()).await;
    assert!(said.starts_with("250"), "{said}");
    house.settle().await;
    let inbox = house.inbox(model::AccountId(4)).await;
    assert!(inbox.first().unwrap().contains("with UTF8SMTPA id"), "{inbox:?}");
}

#[tokio::test]
async fn a_client_that_goes_in_the_middle_leaves_nothing() {
    let house = House::new();
    let mut client = house.alice().await;
    client
        .check(
            "C: MAIL FROM:<alice@example.org>\nS: 250\nC: RCPT TO:<bob@example.org>\nS: 250\nC: DATA\nS: 354",
        )
        .await;
    client.send(b"From: alice@example.org\r\n\r\nhalf a mess").await;
    drop(client.stream);
    client.session.await.unwrap();
    house.settle().await;
    assert!(house.inbox(BOB).await.is_empty());
}

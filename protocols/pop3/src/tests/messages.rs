//! Messages on the wire: large ones, odd ones, damaged ones, those in UTF-8; and what QUIT promises.

use super::house::House;
use engine::fail::{Call, FailPlan};

#[tokio::test]
async fn a_large_message_comes_whole() {
    let house = House::new();
    let mut message = b"Subject: large\r\n\r\n".to_vec();
    for number in 0..60_000 {
        message.extend_from_slice(format!(".line {number}\r\n").as_bytes());
    }
    house.deliver(&message).await;
    let mut client = house.logged_in().await;
    client.send(b"RETR 1\r\n").await;
    assert_eq!(client.line().await, format!("+OK {} octets", message.len()));
    let came = client.lines().await.replace("\r\n..", "\r\n.");
    assert_eq!(came.as_bytes(), message);
    client.check("C: TOP 1 2\nS: +OK\nL: Subject: large||..line 0|..line 1|").await;
}

#[tokio::test]
async fn odd_messages_end_where_they_should() {
    let house = House::new();
    for message in [&b""[..], b".", b"\r\n.\r\n", b"a: b\n\n.\nx", b"a: b"] {
        house.deliver(message).await;
    }
    let mut client = house.logged_in().await;
    for (number, lines) in [(1, ""), (2, "..|"), (3, "|..|"), (4, "a: b||..|x|"), (5, "a: b|")] {
        client.check(&format!("C: RETR {number}\nS: +OK\nL: {lines}")).await;
    }
    for wrong in
        ["RETR", "RETR x", "RETR 1 2", "RETR -1", "RETR 99999999999999999999", "TOP 1", "TOP 1 x", "TOP x 1"]
    {
        client.check(&format!("C: {wrong}\nS: -ERR")).await;
    }
    client.check("C: NOOP\nS: +OK").await;
}

#[tokio::test]
async fn who_does_not_know_utf8_gets_headers_without_it() {
    let house = House::new();
    house.deliver("Subject: été\r\n\r\né\r\n".as_bytes()).await;
    let mut client = house.logged_in().await;
    client.check("C: RETR 1\nS: +OK\nL: Subject: =?UTF-8?Q?=C3=A9t=C3=A9?=||é|").await;
    client.check("C: TOP 1 0\nS: +OK\nL: Subject: =?UTF-8?Q?=C3=A9t=C3=A9?=||").await;
    let mut client = house.connect();
    client
        .check("S: +OK\nC: UTF8\nS: +OK\nC: USER alice@example.org\nS: +OK\nC: PASS alice-secret\nS: +OK")
        .await;
    client.check("C: RETR 1\nS: +OK\nL: Subject: été||é|").await;
}

#[tokio::test]
async fn a_removal_that_fails_is_told_and_nothing_is_gone() {
    let plan = FailPlan::new();
    let house = House::failing(&plan);
    house.deliver(b"x: y\r\n\r\n").await;
    let mut client = house.logged_in().await;
    client.check("C: DELE 1\nS: +OK").await;
    plan.fail(Call::Commit, 1);
    client.check("C: QUIT\nS: -ERR [SYS/TEMP] some deleted messages not removed\nS:").await;
    assert_eq!(house.uids().await, [1]);
}

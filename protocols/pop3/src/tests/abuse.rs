//! What hostile, broken and lost clients send.

use super::house::House;
use crate::limits::{IDLE_TIME_MAX, LINE_BYTES_MAX, LOGIN_FAILURE_COUNT_MAX};
use sasl::limits::{ERROR_DELAY, HARD_ERROR_COUNT_MAX, SOFT_ERROR_COUNT_MAX, STRANGER_TIME_MAX};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn errors_are_counted_and_end_the_session() {
    let house = House::new();
    let mut client = house.connect();
    client.check("S: +OK").await;
    let began = Instant::now();
    for _ in 0..SOFT_ERROR_COUNT_MAX {
        client.check("C: NONSENSE\nS: -ERR unknown command").await;
    }
    assert!(began.elapsed() < ERROR_DELAY);
    for _ in SOFT_ERROR_COUNT_MAX..HARD_ERROR_COUNT_MAX {
        client.check("C: NONSENSE\nS: -ERR unknown command").await;
    }
    assert!(began.elapsed() >= ERROR_DELAY * (HARD_ERROR_COUNT_MAX - SOFT_ERROR_COUNT_MAX - 1));
    client.check("S:").await;
}

#[tokio::test(start_paused = true)]
async fn wrong_logins_are_alike_and_counted() {
    let house = House::new();
    let mut client = house.connect();
    client.check("S: +OK").await;
    for (count, name) in ["alice@example.org", "nobody@example.org", "alice"].iter().enumerate() {
        client
            .check(&format!("C: USER {name}\nS: +OK\nC: PASS wrong\nS: -ERR [AUTH] wrong login or password"))
            .await;
        assert!(count < LOGIN_FAILURE_COUNT_MAX as usize);
    }
    client.check("S:").await;
}

#[tokio::test]
async fn a_line_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.connect();
    client.check("S: +OK").await;
    let name = "x".repeat(LINE_BYTES_MAX - "USER \r\n".len());
    client.check(&format!("C: USER {name}\nS: +OK\nC: USER {name}x\nS: -ERR line too long")).await;
    client.send(b"NOOP\nNOOP\r\n").await;
    client.check("S: -ERR a line ends in CRLF\nS: -ERR log in first").await;
    client.send(b"USER \xff\r\n").await;
    client.check("S: -ERR not UTF-8").await;
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session_before_and_after_the_login() {
    let house = House::new();
    let began = Instant::now();
    let mut client = house.connect();
    client.check("S: +OK\nS:").await;
    assert!(began.elapsed() >= STRANGER_TIME_MAX && began.elapsed() < STRANGER_TIME_MAX * 2);
    let mut client = house.logged_in().await;
    let began = Instant::now();
    client.check("S:").await;
    assert!(began.elapsed() >= IDLE_TIME_MAX && began.elapsed() < IDLE_TIME_MAX * 2);
}

#[tokio::test]
async fn a_browser_is_not_talked_to() {
    let house = House::new();
    let mut client = house.connect();
    client.check("S: +OK\nC: GET / HTTP/1.1\nS:").await;
}

#[tokio::test]
async fn commands_in_one_segment_are_answered_in_their_order() {
    let house = House::new();
    house.deliver(b"x: y\r\n\r\n").await;
    let mut client = house.connect();
    client.send(b"USER alice@example.org\r\nPASS alice-secret\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n").await;
    client
        .check("S: +OK C\nS: +OK and\nS: +OK 1\nS: +OK 1 8\nS: +OK 8\nL: x: y||\nS: +OK will\nS: +OK bye, 1")
        .await;
    client.check("S:").await;
    assert!(house.uids().await.is_empty());
}

//! Clients that are too slow, too wrong or not meant for this door.

use super::house::House;
use crate::limits::{DATA_WINDOW, IDLE_TIME_MAX, LINE_BYTES_MAX, LOGIN_FAILURE_COUNT_MAX};
use sasl::limits::{HARD_ERROR_COUNT_MAX, SOFT_ERROR_COUNT_MAX, STRANGER_TIME_MAX};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn verbs_of_http_end_the_session_and_nothing_is_echoed() {
    for verb in ["GET / HTTP/1.1", "POST /evil HTTP/1.1", "options *"] {
        let house = House::new();
        let mut client = house.connect();
        client.check("S: 220").await;
        client.send(format!("{verb}\r\nHost: evil\r\n\r\n").as_bytes()).await;
        let said = client.reply().await;
        assert!(said.starts_with("421 4.7.0") && !said.contains("evil"), "{said}");
        assert_eq!(client.reply().await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_slow_the_client_down_and_then_end_the_session() {
    let house = House::new();
    let mut client = house.alice().await;
    let began = Instant::now();
    for _ in 0..SOFT_ERROR_COUNT_MAX {
        client.check("C: NONSENSE\nS: 500 5.5.1").await;
    }
    assert!(began.elapsed() < Duration::from_secs(1), "no delay up to the soft limit");
    for _ in SOFT_ERROR_COUNT_MAX + 1..HARD_ERROR_COUNT_MAX {
        client.check("C: NONSENSE\nS: 500 5.5.1").await;
    }
    assert!(began.elapsed() >= Duration::from_secs(9));
    client.check("C: NONSENSE\nS: 421 4.7.0\nS:").await;
}

#[tokio::test]
async fn wrong_logins_end_the_session() {
    let house = House::new();
    let mut client = house.connect();
    client.check("S: 220\nC: EHLO x\nS: 250").await;
    for _ in 1..LOGIN_FAILURE_COUNT_MAX {
        client.check("C: AUTH PLAIN AGFAYgBj\nS: 535 5.7.8").await;
    }
    client.check("C: AUTH PLAIN AGFAYgBj\nS: 421 4.7.0\nS:").await;
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_shown_out_however_busy() {
    let house = House::new();
    let mut client = house.connect();
    let began = Instant::now();
    client.check("S: 220").await;
    loop {
        client.send(b"NOOP\r\n").await;
        let said = client.reply().await;
        if said.starts_with("421 4.4.2") {
            break;
        }
        assert!(said.starts_with("250"), "{said}");
        tokio::time::sleep(Duration::from_secs(7)).await;
    }
    assert!(began.elapsed() <= STRANGER_TIME_MAX + Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session() {
    let house = House::new();
    let mut client = house.alice().await;
    let began = Instant::now();
    client.check("S: 421 4.4.2\nS:").await;
    assert!(began.elapsed() >= IDLE_TIME_MAX - Duration::from_secs(1));
    assert!(began.elapsed() <= IDLE_TIME_MAX + Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn one_octet_a_second_in_a_message_is_cut() {
    let house = House::new();
    let mut client = house.alice().await;
    client
        .check(
            "C: MAIL FROM:<alice@example.org>\nS: 250\nC: RCPT TO:<bob@example.org>\nS: 250\nC: DATA\nS: 354",
        )
        .await;
    let began = Instant::now();
    let (reader, mut writer) = tokio::io::split(client.stream);
    let drip = tokio::spawn(async move {
        while tokio::io::AsyncWriteExt::write_all(&mut writer, b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut said = String::new();
    let mut reader = tokio::io::BufReader::new(reader);
    tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut said).await.unwrap();
    assert!(said.starts_with("421 4.4.2"), "{said}");
    assert!(began.elapsed() <= DATA_WINDOW + Duration::from_secs(2));
    drip.abort();
}

#[tokio::test]
async fn lines_that_are_no_lines() {
    let house = House::new();
    let mut client = house.alice().await;
    client.send(b"NOOP\n").await;
    client.check("S: 500 5.5.2").await;
    client.send(b"NO\rOP\r\n").await;
    client.check("S: 500 5.5.2").await;
    client.send(b"NOOP \xff\r\n").await;
    client.check("S: 500 5.5.2").await;
    client.send(&[b"NOOP ", vec![b'x'; LINE_BYTES_MAX].as_slice(), b"\r\n"].concat()).await;
    client.check("S: 500 5.5.6\nC: NOOP\nS: 250").await;
}

#[tokio::test]
async fn a_message_behind_a_refused_data_is_not_read_as_commands() {
    let house = House::new();
    let mut client = house.alice().await;
    client.send(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<no@example.org>\r\nDATA\r\nNOOP\r\n.\r\n").await;
    client.check("S: 250\nS: 550 5.1.1\nS: 554 5.5.1\nS:").await;
    let mut client = house.alice().await;
    client.send(b"DATA\r\nNOOP\r\n").await;
    client.check("S: 503 5.5.1\nS:").await;
}

/// The state machine against a model: whatever order commands come in, each is answered as its state says.
#[tokio::test(start_paused = true)]
async fn random_orders_of_commands() {
    let mut seed = 7_u64;
    for _ in 0..60 {
        let house = House::new();
        let mut client = house.connect();
        client.check("S: 220").await;
        let (mut greeted, mut known, mut inside, mut recipients) = (false, false, false, 0);
        for _ in 0..15 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (command, expect) = match (seed >> 33) % 6 {
                0 => {
                    (greeted, inside) = (true, false);
                    ("EHLO x".to_owned(), "250")
                }
                1 if !greeted => (super::house::login(), "503"),
                1 if inside || known => (super::house::login(), "503"),
                1 => {
                    known = true;
                    (super::house::login(), "235")
                }
                2 => {
                    let expect = match (greeted, known, inside) {
                        (false, ..) => "503",
                        (_, false, _) => "530",
                        (_, _, true) => "503",
                        _ => "250",
                    };
                    if expect == "250" {
                        (inside, recipients) = (true, 0);
                    }
                    ("MAIL FROM:<alice@example.org>".to_owned(), expect)
                }
                3 => {
                    let expect = match (greeted, known, inside) {
                        (false, ..) => "503",
                        (_, false, _) => "530",
                        (_, _, false) => "503",
                        _ => "250",
                    };
                    recipients += usize::from(expect == "250");
                    ("RCPT TO:<bob@example.org>".to_owned(), expect)
                }
                4 => {
                    inside = false;
                    ("RSET".to_owned(), "250")
                }
                _ => {
                    let expect = match (greeted, known, inside) {
                        (false, ..) => "503",
                        (_, false, _) => "530",
                        (_, _, false) => "503",
                        _ if recipients == 0 => "554",
                        _ => "354",
                    };
                    ("DATA".to_owned(), expect)
                }
            };
            client.check(&format!("C: {command}\nS: {expect}")).await;
            if expect == "354" {
                client.check("C: From: alice@example.org\nC:\nC: x\nC: .\nS: 250 2.0.0 queued").await;
                inside = false;
            }
        }
    }
}

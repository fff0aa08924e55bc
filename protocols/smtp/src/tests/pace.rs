//! Messages that come slowly, and those that do not end.

use super::house::House;
use crate::Config;
use crate::limits::{DATA_WINDOW, DATA_WINDOW_BYTES_MIN, OVERRUN_BYTES_MAX};
use sasl::testing::Client;
use std::time::Duration;
use tokio::time::{Instant, sleep};

async fn data(house: &House) -> Client {
    let mut client = house.alice().await;
    client.check("C: MAIL FROM:<alice@example.org>\nS: 250\nC: RCPT TO:<bob@example.org>\nS: 250").await;
    client.check("C: DATA\nS: 354").await;
    client
}

fn count(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_window_brings_so_much() {
    for (bytes, goes_on) in [(DATA_WINDOW_BYTES_MIN, true), (DATA_WINDOW_BYTES_MIN - 1, false)] {
        let house = House::new();
        let mut client = data(&house).await;
        let header = b"From: alice@example.org\r\n\r\n";
        client.send(header).await;
        client.send(&vec![b'x'; count(DATA_WINDOW_BYTES_MIN) - header.len()]).await;
        let began = Instant::now();
        // In the middle of each window that follows.
        sleep(DATA_WINDOW * 3 / 2).await;
        for _ in 0..3 {
            client.send(&vec![b'x'; count(bytes)]).await;
            sleep(DATA_WINDOW).await;
        }
        client.send(b"\r\n.\r\n").await;
        let said = client.reply().await;
        assert!(said.starts_with(if goes_on { "250 2.0.0 queued" } else { "421 4.4.2" }), "{bytes}: {said}");
        assert!(began.elapsed() >= DATA_WINDOW * 4);
    }
}

#[tokio::test]
async fn so_much_is_read_of_a_message_that_is_too_large() {
    let size_max = 1_000;
    for (bytes, goes_on) in [(OVERRUN_BYTES_MAX, true), (OVERRUN_BYTES_MAX + 1, false)] {
        let house = House::with(Config { message_bytes_max: size_max });
        let mut client = data(&house).await;
        let mut left = count(size_max + bytes);
        let piece = vec![b'x'; 256 * 1024];
        while left > 0 {
            let piece = piece.get(..left).unwrap_or(&piece);
            client.send(piece).await;
            left -= piece.len();
        }
        if goes_on {
            client.send(b"\r\n.\r\n").await;
            client.check("S: 552 5.3.4\nC: NOOP\nS: 250").await;
        } else {
            client.check("S: 552 5.3.4\nS:").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_done_is_not_hurried() {
    let house = House::new();
    let mut client = data(&house).await;
    sleep(DATA_WINDOW - Duration::from_secs(1)).await;
    client.send(b"From: alice@example.org\r\n\r\nx\r\n.\r\n").await;
    client.check("S: 250 2.0.0 queued").await;
}

//! IDLE: pushed changes, DONE and what stands behind it in the same segment.

use crate::harness::House;
use std::time::{Duration, Instant};

#[tokio::test]
async fn changes_are_pushed() {
    let house = House::new();
    let mut writer = house.alice().await;
    let mut idler = house.alice().await;
    idler.ask("a SELECT INBOX").await;
    idler.say("b IDLE").await;
    assert_eq!(idler.line().await, "+ idling");
    let begun = Instant::now();
    writer.ask("a APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
    assert_eq!(idler.line().await, "* 1 EXISTS");
    assert_eq!(idler.line().await, "* 1 RECENT");
    assert!(begun.elapsed() < Duration::from_millis(500));
    writer.ask("b SELECT INBOX").await;
    writer.ask("c STORE 1 +FLAGS (\\Deleted)").await;
    assert_eq!(idler.line().await, "* 1 FETCH (UID 1 FLAGS (\\Recent \\Deleted))");
    writer.ask("d EXPUNGE").await;
    assert_eq!(idler.line().await, "* 1 EXPUNGE");
    assert_eq!(idler.line().await, "* 0 RECENT");
    // iOS: DONE and the next commands in one packet.
    idler.send(b"DONE\r\nc NOOP\r\nd IDLE\r\nDONE\r\n").await;
    assert_eq!(idler.line().await, "b OK IDLE completed");
    assert_eq!(idler.line().await, "c OK NOOP completed");
    assert_eq!(idler.line().await, "+ idling");
    assert_eq!(idler.line().await, "d OK IDLE completed");
}

#[tokio::test]
async fn only_done_ends_it() {
    let house = House::new();
    let mut client = house.alice().await;
    client.say("a IDLE").await;
    assert_eq!(client.line().await, "+ idling");
    client.say("b NOOP").await;
    assert_eq!(client.line().await, "a BAD Expected DONE");
    client.say("a IDLE").await;
    assert_eq!(client.line().await, "+ idling");
    client.send(b"do").await;
    client.send(b"ne\r\n").await;
    assert_eq!(client.line().await, "a OK IDLE completed");
}

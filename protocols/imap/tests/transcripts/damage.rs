//! Damaged bodies and a disk that is gone: what is whole is served, what is not durable is not acknowledged.

use crate::harness::House;
use engine::{Engine, Place, Range, Table};

#[tokio::test]
async fn a_flipped_bit_costs_one_message() {
    let house = House::new();
    let mut client = house.alice().await;
    for letter in ["a", "b", "c"] {
        let message = format!("Subject: {letter}\r\n\r\n{}\r\n", letter.repeat(8_000));
        let command = format!("a APPEND INBOX {{{}+}}\r\n{message}", message.len());
        assert!(client.ask(&command).await[0].starts_with("a OK"));
    }
    client.ask("b EXAMINE INBOX").await;
    let snapshot = house.disk.engine().snapshot().await.unwrap();
    let blobs = snapshot.scan(Table::Blob, &Range::prefix(b""), 10, false).await.unwrap();
    assert_eq!(blobs.len(), 3);
    house.disk.blobs().flip(&Place(blobs[1].1.clone()), 77).unwrap();
    let lines = client.ask("c UID FETCH 1:3 (FLAGS BODY.PEEK[])").await;
    assert_eq!(lines.iter().filter(|line| line.contains("FETCH (UID ")).count(), 2, "{lines:?}");
    assert!(lines.last().unwrap().starts_with("c NO [SERVERBUG] "));
    let found = client.ask("d UID SEARCH OR OR BODY aaaa BODY bbbb BODY cccc").await;
    assert_eq!(found[0].split(' ').count(), 4, "{found:?}");
    // What was made at arrival is whole.
    assert_eq!(client.ask("e UID FETCH 1:3 (ENVELOPE RFC822.SIZE)").await.len(), 4);
}

#[tokio::test]
async fn nothing_is_acknowledged_without_a_disk() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
    client.ask("b SELECT INBOX").await;
    house.disk.cut();
    for command in [
        "c APPEND INBOX {8+}\r\na: 1\r\n\r\n",
        "c STORE 1 +FLAGS (\\Deleted)",
        "c EXPUNGE",
        "c COPY 1 Archive",
        "c MOVE 1 Archive",
        "c CREATE x",
        "c DELETE Archive",
        "c RENAME Archive x",
        "c UNSUBSCRIBE Archive",
        "c FETCH 1 BODY[]",
    ] {
        let lines = client.ask(command).await;
        let refused = lines.last().unwrap().starts_with("c NO [UNAVAILABLE] ");
        // An EXPUNGE of nothing changes nothing and may be answered.
        assert!(refused || command == "c EXPUNGE", "{command}: {lines:?}");
    }
}

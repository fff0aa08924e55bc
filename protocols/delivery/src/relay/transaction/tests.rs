//! The wait for the reply to the final dot, at its limit and past it.

use super::*;
use crate::tests::house::{House, TEXT};
use directory::testing::MemoryDirectory;
use engine::sim::SimDisk;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

/// A relay that takes everything and thinks about the message for a while.
async fn think(far: DuplexStream, late: Duration) {
    let mut far = BufReader::new(far);
    let mut in_message = false;
    loop {
        let mut line = String::new();
        if far.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let said: &[u8] = match line.trim_end() {
            "DATA" => {
                in_message = true;
                b"354 go\r\n"
            }
            "." => {
                in_message = false;
                sleep(late).await;
                b"250 taken\r\n"
            }
            _ if in_message => b"",
            _ => b"250 ok\r\n",
        };
        if far.get_mut().write_all(said).await.is_err() {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_reply_to_the_final_dot_is_waited_for_so_long() {
    let moment = Duration::from_millis(1);
    for (late, in_time) in [(FINAL_TIME_MAX - moment, true), (FINAL_TIME_MAX + moment, false)] {
        let house = House::open(&SimDisk::new(1), None, MemoryDirectory::sample());
        let to = ["x@far.example"];
        let submission = house.submission(Some("alice@example.org"), &to, TEXT).await;
        let size = submission.message.body.size;
        let body = house.store.body(&submission.message.body, 0..size);
        let (far, near) = duplex(16 * 1024);
        let relay = tokio::spawn(think(far, late));
        let mut connection = Connection::new(Box::new(near), false, true);
        let sender = submission.sender.as_ref();
        let mail = Mail { sender, recipients: &to, size, eight_bit: false, smtputf8: false };
        let since = Instant::now();
        let outcome = send(&mut connection, &mail, &Abilities::default(), body).await;
        let said = outcome.map(|replies| replies.iter().map(|reply| reply.code).collect::<Vec<_>>());
        let expect = if in_time { Ok(vec![250]) } else { Err(io::ErrorKind::TimedOut) };
        assert_eq!(said.map_err(|error| error.kind()), expect);
        assert_eq!(since.elapsed(), late.min(FINAL_TIME_MAX));
        relay.abort();
    }
}

//! Contents and connections at their limits, and past them.

use super::{LOGIN, connect, statuses, talk};
use crate::limits::{
    BODY_GRACE_TIME, BODY_IDLE_TIME_MAX, BODY_RATE_MIN, DRAIN_TIME_MAX, REST_BYTES_MAX, REST_TIME_MAX,
    STRANGERS_REST_BYTES_MAX,
};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

const MOMENT: Duration = Duration::from_millis(100);
/// The head of a request behind one whose content is of interest.
const NEXT: &str = "OPTIONS /.well-known/caldav HTTP/1.1\r\nHost: x\r\n\r\n";

fn put(path: &str, login: &str, length: u64) -> String {
    format!("PUT {path} HTTP/1.1\r\nHost: x\r\n{login}Content-Length: {length}\r\n\r\n")
}

#[tokio::test(start_paused = true)]
async fn a_content_may_pause_for_so_long() {
    for (pause, status) in [(BODY_IDLE_TIME_MAX - MOMENT, "200"), (BODY_IDLE_TIME_MAX + MOMENT, "400")] {
        let (mut near, _trigger) = connect(true);
        // Enough of it that its average is out of the question.
        let first = BODY_RATE_MIN * 10 * BODY_IDLE_TIME_MAX.as_secs();
        near.write_all(put("/dav/large", LOGIN, first + 1).as_bytes()).await.unwrap();
        near.write_all(&vec![b'x'; usize::try_from(first).unwrap()]).await.unwrap();
        sleep(pause).await;
        assert_eq!(statuses(&talk(&mut near, "x").await), [status]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_content_comes_at_least_so_fast() {
    let second = Duration::from_secs(1);
    // By what the limit says it takes sixteen times the grace to see that something is a sixteenth too slow.
    let seconds = 20 * BODY_GRACE_TIME.as_secs();
    for (rate, status) in [(BODY_RATE_MIN, "200"), (BODY_RATE_MIN * 15 / 16, "400")] {
        let (mut near, _trigger) = connect(true);
        near.write_all(put("/dav/large", LOGIN, rate * seconds).as_bytes()).await.unwrap();
        let began = Instant::now();
        let piece = vec![b'x'; usize::try_from(rate).unwrap()];
        for _ in 0..seconds {
            sleep(second).await;
            if near.write_all(&piece).await.is_err() {
                break;
            }
        }
        assert_eq!(statuses(&talk(&mut near, "").await), [status]);
        assert!(status == "400" || began.elapsed() >= second * u32::try_from(seconds).unwrap());
    }
}

#[tokio::test]
async fn so_much_of_a_refused_content_is_read_for_the_sake_of_the_answer() {
    for (login, most, status) in [(LOGIN, REST_BYTES_MAX, "412"), ("", STRANGERS_REST_BYTES_MAX, "401")] {
        for (length, expect) in [(most, vec![status, "301"]), (most + 1, vec![status])] {
            let (mut near, _trigger) = connect(true);
            let content = "x".repeat(usize::try_from(length).unwrap());
            let sent = format!("{}{content}{NEXT}", put("/dav/refuse", login, length));
            assert_eq!(statuses(&talk(&mut near, &sent).await), expect, "{length}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_refused_content_may_take_so_long() {
    for (late, expect) in
        [(REST_TIME_MAX - MOMENT, vec!["412", "301"]), (REST_TIME_MAX + MOMENT, vec!["412"])]
    {
        let (mut near, _trigger) = connect(true);
        near.write_all(format!("{}01234", put("/dav/refuse", LOGIN, 10)).as_bytes()).await.unwrap();
        sleep(late).await;
        assert_eq!(statuses(&talk(&mut near, &format!("56789{NEXT}")).await), expect);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_in_work_may_take_so_long_when_the_server_ends() {
    for (late, expect) in [(DRAIN_TIME_MAX - MOMENT, vec!["200"]), (DRAIN_TIME_MAX + MOMENT, vec![])] {
        let (mut near, trigger) = connect(true);
        near.write_all(format!("{}01234", put("/dav/large", LOGIN, 10)).as_bytes()).await.unwrap();
        sleep(MOMENT).await;
        let began = Instant::now();
        trigger.drain();
        sleep(late).await;
        let _ = near.write_all(b"56789").await;
        let mut said = String::new();
        near.read_to_string(&mut said).await.unwrap();
        assert_eq!(statuses(&said), expect);
        trigger.finished().await;
        assert!(began.elapsed() < DRAIN_TIME_MAX + MOMENT * 2);
    }
}

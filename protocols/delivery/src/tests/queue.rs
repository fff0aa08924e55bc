//! The queue in the hands of whoever administers.

use super::house::{ALICE, House, TEXT};
use super::sink::{Rules, Sink};
use crate::Schedule;
use model::Error;
use std::time::Duration;
use store::QueueId;

#[tokio::test]
async fn list_retry_and_remove() {
    let answers = vec![("MAIL", vec!["451 4.3.0 later", "451 4.3.0 later", "250 ok"])];
    let sink = Sink::start(Rules { answers, ..Rules::default() }).await;
    let house = House::with_sink(&sink);
    // The first look at the index is over then: it takes everything, as after a start.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let first = *house.submit(Some("alice@example.org"), &["x@far.example"], TEXT).await;
    let wait = async |attempts: u32| {
        for _ in 0..1_000 {
            let waiting = house.delivery.list(None, 10).await.unwrap();
            let tried = waiting.first().map(|queued| queued.recipients.first().unwrap().1.attempts);
            if tried == Some(attempts) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never tried {attempts} times");
    };
    wait(1).await;
    let listed = house.delivery.list(None, 10).await.unwrap();
    let queued = listed.first().unwrap();
    assert_eq!((queued.id, queued.recipients.len()), (first, 1));
    assert!(queued.recipients.first().unwrap().1.last_reply.starts_with("451 4.3.0 later"));
    // Not due: the clock stands still. It is tried all the same when it is told to be.
    retry(&house, first).await;
    wait(2).await;
    retry(&house, first).await;
    house.settle().await;
    assert_eq!(sink.messages(), [TEXT]);
    assert_eq!(house.delivery.retry(first).await.map(|_| ()), Err(Error::NotFound));
    assert_eq!("00000000000000ff".parse::<QueueId>(), Ok(QueueId(255)));
    assert!("+0000000000000ff".parse::<QueueId>().is_err() && "ff".parse::<QueueId>().is_err());
}

#[tokio::test]
async fn a_clock_that_steps_loses_and_gives_up_nothing() {
    for step in [-10 * 365 * 24 * 3_600_000_i64, 10 * 365 * 24 * 3_600_000] {
        let answers = vec![("MAIL", vec!["451 4.3.0 later", "451 4.3.0 later", "250 ok"])];
        let sink = Sink::start(Rules { answers, ..Rules::default() }).await;
        let waits = vec![Duration::from_secs(60); 3];
        let house = House::with_schedule(&sink, Schedule { waits, expiry: Duration::from_secs(3600) });
        house.submit(Some("alice@example.org"), &["x@far.example"], TEXT).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        house.env.step(step);
        for _ in 0..100 {
            house.env.step(60_000);
            // Over the wait between two looks at the index, without sitting it out.
            tokio::time::pause();
            tokio::time::advance(crate::limits::SCAN_INTERVAL).await;
            tokio::time::resume();
            tokio::time::sleep(Duration::from_millis(50)).await;
            if !sink.messages().is_empty() {
                break;
            }
        }
        assert_eq!(sink.messages(), [TEXT], "step {step}");
        assert!(house.inbox(ALICE).await.is_empty());
    }
}

/// Again while it is being looked at.
async fn retry(house: &House, id: QueueId) {
    while house.delivery.retry(id).await.map(|_| ()) == Err(Error::Conflict) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn what_is_removed_is_gone_without_a_word() {
    let answers = vec![("MAIL", vec!["451 4.3.0 later"])];
    let sink = Sink::start(Rules { answers, ..Rules::default() }).await;
    let house = House::with_sink(&sink);
    let text = format!("{TEXT}{}", "0123456789abcdef\r\n".repeat(6_000));
    let id = *house.submit(Some("alice@example.org"), &["x@far.example"], &text).await;
    while house.delivery.remove(id).await.map(|_| ()) == Err(Error::Conflict) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(house.delivery.list(None, 10).await.unwrap().is_empty());
    assert!(house.inbox(ALICE).await.is_empty());
    assert_eq!(house.store.queue().next_due().await.unwrap(), None);
}

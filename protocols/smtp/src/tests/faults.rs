//! Every call of engine and blob store fails once, at every place of a submission: whoever heard 250 finds the
//! message, whoever heard anything else finds none.

use super::house::{BOB, House};
use engine::fail::{Call, FailPlan};
use std::time::Duration;

/// Submits with the `nth` call of a kind failing; the reply, and how many messages there are in the end (`None`
/// when the store must not be trusted any more and answers nothing).
async fn submit(call: Call, nth: u64, body: &str) -> (String, Option<usize>) {
    let plan = FailPlan::new();
    let house = House::failing(&plan);
    assert!(house.inbox(BOB).await.is_empty());
    let mut client = house.alice().await;
    plan.fail(call, nth);
    client.send(b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n").await;
    let mut said = String::new();
    for _ in 0..3 {
        said = client.reply().await;
    }
    if said.starts_with("354") {
        client.send(format!("From: alice@example.org\r\n\r\n{body}\r\n.\r\n").as_bytes()).await;
        said = client.reply().await;
    }
    // Long enough for the lease of an entry and some tries.
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        house.env.step(20_000);
    }
    plan.fail(call, u64::MAX >> 1);
    let poisoned =
        matches!(call, Call::CommitSync | Call::Sync) && house.store.queue().list(None, 1).await.is_err();
    (said, if poisoned { None } else { Some(house.inbox(BOB).await.len()) })
}

async fn check(call: Call, body: &str) -> usize {
    let mut refused = 0;
    for nth in 1..=12 {
        let (said, found) = submit(call, nth, body).await;
        let accepted = said.starts_with("250 2.0.0 queued");
        assert!(
            accepted || said.starts_with("451 4.3.0") || said.starts_with("554 5.5.1"),
            "{call:?} {nth}: {said}"
        );
        refused += usize::from(!accepted);
        match (call, found) {
            // The sync that failed may have reached the disk or not; nothing was promised.
            (Call::CommitSync, _) if !accepted => {}
            // After a failed sync the store takes nothing more; what was promised is still in the queue.
            (Call::CommitSync | Call::Sync, _) => {}
            (_, found) => assert_eq!(found, Some(usize::from(accepted)), "{call:?} {nth}: {said}"),
        }
    }
    refused
}

#[tokio::test(start_paused = true)]
async fn no_call_that_fails_makes_a_250_false() {
    let large = "0123456789abcdef\r\n".repeat(2_000);
    let mut refused = 0;
    for call in [Call::Get, Call::Scan, Call::Commit, Call::CommitSync, Call::Append, Call::Sync, Call::Read]
    {
        for body in ["x", large.as_str()] {
            refused += check(call, body).await;
        }
    }
    assert!(refused >= 5, "the faults hit: {refused}");
}

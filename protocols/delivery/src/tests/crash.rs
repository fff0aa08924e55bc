//! Power cuts at every step between 250 and the last inbox.

use super::house::{ALICE, BOB, House, TEXT};
use directory::testing::MemoryDirectory;
use engine::sim::SimDisk;
use std::time::Duration;

/// Cuts the power `step` steps after the message was taken over, starts again, and looks into the inboxes.
/// Returns whether the cut came before everything was done.
async fn cut_after(seed: u64, step: u64, text: &str) -> bool {
    let disk = SimDisk::new(seed);
    let house = House::open(&disk, None, MemoryDirectory::sample());
    // Accounts are laid out first, so that only the delivery is cut.
    assert!(house.inbox(ALICE).await.is_empty() && house.inbox(BOB).await.is_empty());
    house.submit(Some("alice@example.org"), &["team@example.org"], text).await;
    disk.cut_at(disk.steps() + step);
    let runner = house.delivery.clone();
    let running = tokio::spawn(async move { runner.run(std::future::pending()).await });
    for _ in 0..200 {
        let done = house.store.queue().list(None, 1).await.is_ok_and(|waiting| waiting.is_empty());
        if disk.is_cut() || done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let cut = disk.is_cut();
    running.abort();
    let _ = running.await;
    drop(house);
    disk.restore();
    let house = House::open(&disk, None, MemoryDirectory::sample());
    house.run();
    house.settle().await;
    for account in [ALICE, BOB] {
        let inbox = house.inbox(account).await;
        assert_eq!(inbox.len(), 1, "seed {seed}, step {step}, account {account}");
        assert!(inbox.first().unwrap().ends_with(text));
    }
    cut
}

#[tokio::test(start_paused = true)]
async fn an_accepted_message_arrives_exactly_once_whatever_is_cut() {
    let large = format!("{TEXT}{}", "0123456789abcdef\r\n".repeat(2_000));
    let mut cuts = 0;
    for seed in 0..40 {
        for step in 0..8 {
            let text = if seed % 2 == 0 { TEXT } else { large.as_str() };
            cuts += usize::from(cut_after(seed, step, text).await);
        }
    }
    assert!(cuts > 100, "only {cuts} cuts hit the delivery");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_not_taken_over_is_nowhere() {
    for seed in 0..20 {
        for step in 0..4 {
            let disk = SimDisk::new(seed);
            let house = House::open(&disk, None, MemoryDirectory::sample());
            assert!(house.inbox(BOB).await.is_empty());
            let submission = house.submission(Some("alice@example.org"), &["bob@example.org"], TEXT).await;
            disk.cut_at(disk.steps() + step);
            let accepted = house.delivery.accept(submission).await.is_ok();
            disk.cut();
            drop(house);
            disk.restore();
            let house = House::open(&disk, None, MemoryDirectory::sample());
            house.run();
            house.settle().await;
            let arrived = house.inbox(BOB).await.len();
            assert!(arrived <= 1 && (arrived == 1 || !accepted), "seed {seed}, step {step}: {arrived}");
        }
    }
}

//! How much is taken in hand at once and what waits, each at its limit and one past it.

use super::*;
use crate::limits::DRAIN_TIME_MAX;
use crate::tests::house::{BOB, House, TEXT};
use crate::{RelayConfig, RelayTls};
use directory::testing::MemoryDirectory;
use engine::sim::SimDisk;
use model::AccountId;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes that is to happen.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to see that something does not happen.
const MOMENT: Duration = Duration::from_millis(200);

fn idle() -> House {
    House::open(&SimDisk::new(1), None, MemoryDirectory::sample())
}

async fn submit(house: &House, to: &str) -> QueueId {
    *house.submit(Some("alice@example.org"), &[to], TEXT).await
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn one_look_at_the_index_takes_so_many() {
    for extra in [0, 1] {
        let house = idle();
        for _ in 0..SCAN_COUNT_MAX + extra {
            submit(&house, "bob@example.org").await;
        }
        let mut tasks = JoinSet::new();
        assert_eq!(house.delivery.scan(&mut tasks, LEASE).await, FULL_SCAN_INTERVAL);
        assert_eq!(tasks.len(), SCAN_COUNT_MAX);
        while tasks.join_next().await.is_some() {}
        house.delivery.scan(&mut tasks, LEASE).await;
        assert_eq!(tasks.len(), extra);
    }
}

#[tokio::test]
async fn so_many_are_told_directly_and_the_rest_is_found_in_the_index() {
    for extra in [0, 1] {
        let house = idle();
        for number in 0..HANDOFF_COUNT_MAX + extra {
            house.delivery.hand_off(QueueId(number as u64));
        }
        let mut handed = house.delivery.handed.lock().await;
        let mut told = 0;
        while handed.try_recv().is_ok() {
            told += 1;
        }
        assert_eq!(told, HANDOFF_COUNT_MAX);
    }
    let house = idle();
    for number in 0..HANDOFF_COUNT_MAX {
        house.delivery.hand_off(QueueId(u64::MAX - number as u64));
    }
    submit(&house, "bob@example.org").await;
    house.run();
    house.settle().await;
    assert_eq!(house.inbox(BOB).await.len(), 1);
}

#[tokio::test]
async fn so_many_entries_are_delivered_at_once() {
    let house = idle();
    // As long as somebody else writes there.
    let bob = house.directory.principal(BOB).await.unwrap();
    let turn = house.store.write(&bob, BOB).await.unwrap();
    let mut tasks = JoinSet::new();
    for count in 1..=LOCAL_COUNT_MAX + 1 {
        let id = submit(&house, "bob@example.org").await;
        assert!(house.delivery.spawn(&mut tasks, id, None));
        let left = LOCAL_COUNT_MAX.saturating_sub(count);
        until("taken in hand", || house.delivery.local.available_permits() == left).await;
    }
    drop(turn);
    while tasks.join_next().await.is_some() {}
    assert_eq!(house.inbox(BOB).await.len(), LOCAL_COUNT_MAX + 1);
}

#[tokio::test]
async fn so_many_members_of_a_group_are_delivered_to_at_once() {
    let ids: Vec<AccountId> = (0..=FAN_OUT_COUNT_MAX).zip(1..).map(|(_, id)| AccountId(id)).collect();
    let mut directory = MemoryDirectory::new();
    for id in &ids {
        directory = directory.with_account(&format!("p{id}@example.org"), "secret");
    }
    let house = House::open(&SimDisk::new(1), None, directory.with_group("all@example.org", &ids));
    let first = house.directory.principal(ids[0]).await.unwrap();
    let turn = house.store.write(&first, ids[0]).await.unwrap();
    let mut tasks = JoinSet::new();
    let id = submit(&house, "all@example.org").await;
    assert!(house.delivery.spawn(&mut tasks, id, None));
    let (last, beyond) = (ids[FAN_OUT_COUNT_MAX - 1], ids[FAN_OUT_COUNT_MAX]);
    let since = Instant::now();
    while house.inbox(last).await.is_empty() {
        assert!(since.elapsed() < PATIENCE);
        sleep(Duration::from_millis(1)).await;
    }
    sleep(MOMENT).await;
    assert!(house.inbox(beyond).await.is_empty(), "one past the limit waits for the others");
    drop(turn);
    while tasks.join_next().await.is_some() {}
    for id in ids {
        assert_eq!(house.inbox(id).await.len(), 1);
    }
}

/// A house whose relay accepts connections and says nothing.
async fn with_mute_relay() -> (House, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let host = "127.0.0.1".to_owned();
    let relay =
        RelayConfig { host, port, tls: RelayTls::None, login: None, password_file: None, ca_file: None };
    (House::open(&SimDisk::new(1), Some(relay), MemoryDirectory::sample()), listener)
}

async fn accept(listener: &TcpListener, patience: Duration) -> Option<TcpStream> {
    timeout(patience, listener.accept()).await.ok().map(|accepted| accepted.unwrap().0)
}

#[tokio::test]
async fn so_many_connections_to_the_relay_are_open_at_once() {
    let (house, listener) = with_mute_relay().await;
    let mut tasks = JoinSet::new();
    for _ in 0..RELAY_CONNECTION_COUNT_MAX + 1 {
        let id = submit(&house, "x@far.example").await;
        assert!(house.delivery.spawn(&mut tasks, id, None));
    }
    let mut open = Vec::new();
    for _ in 0..RELAY_CONNECTION_COUNT_MAX {
        open.push(accept(&listener, PATIENCE).await.unwrap());
    }
    assert!(accept(&listener, MOMENT).await.is_none());
    open.pop();
    assert!(accept(&listener, PATIENCE).await.is_some(), "one ends, the next begins");
}

#[tokio::test]
async fn so_many_entries_wait_for_the_relay_in_memory() {
    let (house, _listener) = with_mute_relay().await;
    let mut tasks = JoinSet::new();
    for _ in 0..RELAY_WAITING_COUNT_MAX {
        let id = submit(&house, "x@far.example").await;
        assert!(house.delivery.spawn(&mut tasks, id, None));
    }
    until("all wait", || house.delivery.waiting.available_permits() == 0).await;
    assert!(tasks.try_join_next().is_none());
    let beyond = submit(&house, "x@far.example").await;
    assert!(house.delivery.spawn(&mut tasks, beyond, None));
    assert!(timeout(PATIENCE, tasks.join_next()).await.is_ok(), "it does not wait");
    let left = house.store.queue().load(beyond).await.unwrap().unwrap();
    assert_eq!(left.recipients.first().unwrap().1.attempts, 0, "it was not tried");
    assert!(left.due <= after(house.delivery.now(), SCAN_INTERVAL));
}

#[tokio::test]
async fn a_recipient_waits_at_least_so_long() {
    let step = Duration::from_millis(1);
    for wait in [Duration::ZERO, RETRY_WAIT_MIN - step, RETRY_WAIT_MIN, RETRY_WAIT_MIN + step] {
        let schedule = Schedule { waits: vec![wait; 3], expiry: Duration::from_secs(3600) };
        let house = House::made(&SimDisk::new(1), None, MemoryDirectory::sample(), schedule);
        let id = submit(&house, "x@far.example").await;
        house.delivery.look(id, None).await.unwrap();
        let waiting = house.store.queue().load(id).await.unwrap().unwrap();
        assert_eq!(waiting.recipients.first().unwrap().1.attempts, 1);
        assert_eq!(waiting.due, after(house.delivery.now(), wait.max(RETRY_WAIT_MIN)), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_is_waited_for_so_long_all_told() {
    let step = Duration::from_millis(1);
    for (longest, expect) in [(DRAIN_TIME_MAX - step, 4), (DRAIN_TIME_MAX + step, 3)] {
        let done = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        // One behind the other, so that something always ends soon.
        for wait in [DRAIN_TIME_MAX / 4, DRAIN_TIME_MAX / 2, DRAIN_TIME_MAX * 3 / 4, longest] {
            let done = done.clone();
            tasks.spawn(async move {
                sleep(wait).await;
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        let since = Instant::now();
        finish(&mut tasks).await;
        assert!(since.elapsed() <= DRAIN_TIME_MAX);
        assert_eq!(done.load(Ordering::Relaxed), expect);
    }
}

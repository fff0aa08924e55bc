//! The settled time follows a sane clock, and no other.

use super::*;
use engine::{
    Env,
    sim::{SimDisk, SimEnv},
};
use std::sync::Arc;

const HOUR_MS: i64 = 3_600_000;
const YEAR_MS: i64 = 365 * 24 * HOUR_MS;

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

#[tokio::test]
async fn a_clock_is_followed_as_far_as_is_believable() {
    let (disk, env) = (SimDisk::new(1), Arc::new(SimEnv::new(1)));
    let open = || Store::new(disk.engine(), disk.blobs(), env.clone(), crate::Options::default());
    let store = open();
    let begun = store.settle_clock(Duration::ZERO).await.unwrap();
    assert_eq!(begun, env.now());
    env.step(HOUR_MS);
    assert_eq!(store.settle_clock(hours(1)).await.unwrap(), env.now());
    // Ten years ahead: it goes on at its own pace, in this process and in the next.
    let before = env.now();
    env.step(10 * YEAR_MS);
    for hour in 1..=3 {
        assert_eq!(store.settle_clock(hours(1)).await.unwrap(), Timestamp(before.0 + hour * HOUR_MS));
    }
    assert_eq!(store.settled_time().await.unwrap(), Timestamp(before.0 + 3 * HOUR_MS));
    drop(store);
    let store = open();
    assert_eq!(store.settle_clock(Duration::ZERO).await.unwrap(), Timestamp(before.0 + 3 * HOUR_MS));
    // Put right again: followed at once.
    env.step(-10 * YEAR_MS + 4 * HOUR_MS);
    assert_eq!(store.settle_clock(hours(1)).await.unwrap(), env.now());
    // Ten years back: nothing becomes older by that, and nothing is lost when it is put right.
    let before = env.now();
    env.step(-10 * YEAR_MS);
    assert_eq!(store.settle_clock(hours(1)).await.unwrap(), env.now());
    env.step(10 * YEAR_MS + HOUR_MS);
    assert_eq!(store.settle_clock(hours(1)).await.unwrap(), env.now());
    assert_eq!(env.now(), Timestamp(before.0 + HOUR_MS));
}

#[test]
fn the_longest_standstill_and_one_millisecond_more() {
    let at = |millis: u128| Timestamp(i64::try_from(millis).unwrap());
    let longest = STANDSTILL_MAX.as_millis();
    assert_eq!(follow(Timestamp(0), at(longest), Duration::ZERO), at(longest));
    assert_eq!(follow(Timestamp(0), at(longest + 1), Duration::ZERO), Timestamp(0));
    assert_eq!(follow(Timestamp(0), at(longest + 1), Duration::from_millis(1)), at(longest + 1));
}

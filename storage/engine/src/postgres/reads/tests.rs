//! When a snapshot is ended: at each of its bounds and one past it.

use super::is_over;
use crate::limits::{
    POSTGRES_SNAPSHOT_AGE_MAX, POSTGRES_SNAPSHOT_IDLE_MAX, POSTGRES_SNAPSHOT_IDLE_WANTED_MAX,
};
use std::time::Duration;

const INSTANT: Duration = Duration::from_nanos(1);

#[test]
fn snapshots_end_past_their_idle_time_and_their_age() {
    let (idle, wanted) = (POSTGRES_SNAPSHOT_IDLE_MAX, POSTGRES_SNAPSHOT_IDLE_WANTED_MAX);
    assert!(!is_over(idle, idle, false) && is_over(idle + INSTANT, idle, false));
    assert!(!is_over(wanted, wanted, true) && is_over(wanted + INSTANT, wanted, true));
    let age = POSTGRES_SNAPSHOT_AGE_MAX;
    for others_wait in [false, true] {
        assert!(!is_over(INSTANT, age, others_wait) && is_over(INSTANT, age + INSTANT, others_wait));
    }
}

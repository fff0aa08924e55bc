//! Putting off and coming back.

use super::Later;
use crate::limits::{INDEX_AGAIN_MAX, INDEX_AGAIN_MIN};
use model::AccountId;
use std::time::Duration;
use tokio::time::Instant;

const ONE: AccountId = AccountId(1);
const INSTANT: Duration = Duration::from_millis(1);

#[test]
fn what_did_not_work_comes_back_later_every_time_and_is_never_given_up() {
    let (mut later, mut now) = (Later::default(), Instant::now());
    assert_eq!(later.due(now + INDEX_AGAIN_MAX), []);
    let mut wait = INDEX_AGAIN_MIN;
    for _ in 0..40 {
        later.put_off(ONE, now);
        assert_eq!(later.due(now + wait - INSTANT), []);
        assert_eq!(later.due(now + wait), [ONE]);
        now += wait;
        wait = (wait * 2).min(INDEX_AGAIN_MAX);
    }
    assert_eq!(wait, INDEX_AGAIN_MAX);
}

#[test]
fn what_worked_begins_anew() {
    let (mut later, now) = (Later::default(), Instant::now());
    later.put_off(ONE, now);
    later.put_off(ONE, now);
    later.forget(ONE);
    assert_eq!(later.due(now + INDEX_AGAIN_MAX), []);
    later.put_off(ONE, now);
    assert_eq!(later.due(now + INDEX_AGAIN_MIN), [ONE]);
}

//! The `Timeout` field.

use super::timeout;
use crate::limits::{LOCK_TIMEOUT_SECONDS_DEFAULT, LOCK_TIMEOUT_SECONDS_MAX};

#[test]
fn timeouts() {
    assert_eq!(timeout(None), LOCK_TIMEOUT_SECONDS_DEFAULT);
    assert_eq!(timeout(Some("Second-600")), 600);
    assert_eq!(timeout(Some("Infinite, Second-4100000000")), LOCK_TIMEOUT_SECONDS_MAX);
    assert_eq!(timeout(Some("Extend-1, second-0")), 1);
    assert_eq!(timeout(Some(&format!("Second-{LOCK_TIMEOUT_SECONDS_MAX}"))), LOCK_TIMEOUT_SECONDS_MAX);
    assert_eq!(timeout(Some(&format!("Second-{}", LOCK_TIMEOUT_SECONDS_MAX + 1))), LOCK_TIMEOUT_SECONDS_MAX);
    assert_eq!(timeout(Some("Second-99999999999999999999999")), LOCK_TIMEOUT_SECONDS_DEFAULT);
}

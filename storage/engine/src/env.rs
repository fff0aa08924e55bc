//! The real clock and the real dice.

use crate::Env;
use model::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The operating system's clock and its cryptographic random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEnv;

impl Env for OsEnv {
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Timestamp(millis)
    }

    fn random(&self, bytes: &mut [u8]) {
        // A system without random numbers cannot log anybody in or name anything safely; there is nobody to
        // hand this error to that could go on.
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!(%error, "the system gives no random numbers");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests;

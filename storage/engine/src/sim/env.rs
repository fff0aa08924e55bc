//! A clock that moves only when asked and dice that roll the same for the same seed.

use super::{Dice, locked};
use crate::Env;
use model::Timestamp;
use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

/// 2026-01-01T00:00:00Z, when every simulation begins.
const BEGINNING_MS: i64 = 1_767_225_600_000;

/// The environment of a simulated run.
#[derive(Debug)]
pub struct SimEnv {
    now_ms: AtomicI64,
    dice: Mutex<Dice>,
}

impl SimEnv {
    /// An environment fixed by its seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { now_ms: AtomicI64::new(BEGINNING_MS), dice: Mutex::new(Dice::new(seed)) }
    }

    /// Moves the clock, forth or back, as real ones do.
    pub fn step(&self, millis: i64) {
        self.now_ms.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Env for SimEnv {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.load(Ordering::Relaxed))
    }

    fn random(&self, bytes: &mut [u8]) {
        locked(&self.dice).fill(bytes);
    }
}

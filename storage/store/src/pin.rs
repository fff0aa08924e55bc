//! Pins: what was uploaded and is not yet committed must not be collected.
//!
//! A pin lives from before the first frame of an upload until the batch that refers to it has its place in the
//! order of commits. It names the first frame, so that everything at or behind it is left alone.

use crate::stores::locked;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Instant,
};

/// Every pin of the process, with the sequence it holds from.
#[derive(Debug, Default)]
pub(crate) struct Pins(Mutex<(u64, BTreeMap<u64, u64>)>);

/// Holds what was appended since it was set. All are equal: a pin is no part of what a body is.
#[derive(Debug)]
pub(crate) struct Pin {
    pins: Arc<Pins>,
    number: u64,
    since: Instant,
}

impl PartialEq for Pin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Pin {}

impl Drop for Pin {
    fn drop(&mut self) {
        locked(&self.pins.0).1.remove(&self.number);
    }
}

impl Pins {
    /// A pin that holds everything, until it is told from where on.
    pub(crate) fn set(self: &Arc<Self>) -> Pin {
        let mut pins = locked(&self.0);
        pins.0 += 1;
        let number = pins.0;
        pins.1.insert(number, 0);
        Pin { pins: Arc::clone(self), number, since: Instant::now() }
    }

    /// Frames below this sequence are held by nobody.
    pub(crate) fn floor(&self) -> u64 {
        locked(&self.0).1.values().copied().min().unwrap_or(u64::MAX)
    }
}

impl Pin {
    /// How long ago it was set.
    pub(crate) fn age(&self) -> std::time::Duration {
        self.since.elapsed()
    }

    /// Holds from this frame on.
    pub(crate) fn hold_from(&self, sequence: u64) {
        locked(&self.pins.0).1.insert(self.number, sequence);
    }
}

#[cfg(test)]
mod tests;

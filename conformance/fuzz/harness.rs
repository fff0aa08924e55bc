//! What the fuzz targets share; each includes this file in its tests. A target is one function of a seed, so that an
//! input that fails is named by a number: `COLLEGIUM_FUZZ_FROM=<seed> COLLEGIUM_FUZZ_SECONDS=0` does it again.
//!
//! `COLLEGIUM_FUZZ_SECONDS` is how long each target goes on (30), `COLLEGIUM_SEED` where a run begins.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// One input may take so long; the aim is a second in a release build, tests are not optimized.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

/// Dice of one seed (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % bound.max(1)
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// The octets with some of them changed, removed, doubled, or replaced by what means something.
    pub(crate) fn mutate(&mut self, octets: &mut Vec<u8>, pieces: &[&[u8]]) {
        for _ in 0..self.below(5) {
            let at = self.below(octets.len() + 1);
            let end = (at + self.below(12)).min(octets.len());
            match self.below(6) {
                0 => drop(octets.drain(at..end)),
                1 => {
                    let piece = octets[at..end].to_vec();
                    octets.splice(at..at, piece.repeat(1 + self.below(4))).for_each(drop);
                }
                2 if at < octets.len() => octets[at] = u8::try_from(self.below(256)).unwrap(),
                3 => octets.truncate(at),
                _ => {
                    let piece = self.pick(pieces).to_vec();
                    octets.splice(at..at, piece).for_each(drop);
                }
            }
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Runs a target over seed after seed. What panics or takes too long is told by its seed.
pub(crate) fn fuzz(target: &str, mut one: impl FnMut(u64)) {
    let first = number("COLLEGIUM_FUZZ_FROM", number("COLLEGIUM_SEED", 1).wrapping_mul(1 << 24));
    let lasting = Duration::from_secs(number("COLLEGIUM_FUZZ_SECONDS", 30));
    let begun = Instant::now();
    let mut seed = first;
    loop {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| one(seed)));
        assert!(outcome.is_ok(), "{target}: COLLEGIUM_FUZZ_FROM={seed} fails as told above");
        let took = start.elapsed();
        assert!(took < PATIENCE, "{target}: COLLEGIUM_FUZZ_FROM={seed} takes {took:?}");
        seed = seed.wrapping_add(1);
        if begun.elapsed() >= lasting {
            break;
        }
    }
    println!("FUZZ {target}: {} inputs from {first}", seed.wrapping_sub(first));
}

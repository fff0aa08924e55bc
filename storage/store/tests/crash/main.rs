//! Power cuts: clients work on two accounts through the whole store, the power goes at a step of the seed's
//! choice, the store is opened on what is left, and everything that was promised is asked for.
//!
//! A run is fixed by its seed. To see one again: `CRASH_SEED=17 cargo test -p store --test crash one_seed`.
//! `CRASH_COUNT=500000` makes a campaign of `seeds_*`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod client;
mod deliver;
mod events;
mod files;
mod history;
mod mail;
mod oracle;
mod postgres;
mod recover;

use engine::sim::{Dice, Lie, SimDisk, SimEnv};
use history::World;
use model::{AccountId, Address, Principal, Role};
use std::sync::{Arc, Mutex};
use store::{Options, Store};
use tokio::task::JoinSet;

pub(crate) const ACCOUNTS: [AccountId; 2] = [AccountId(1), AccountId(2)];

/// Whether the power has gone: only then may a client be refused.
pub(crate) trait Power: Send + Sync {
    fn is_cut(&self) -> bool;
}

impl Power for SimDisk {
    fn is_cut(&self) -> bool {
        SimDisk::is_cut(self)
    }
}

/// Lives of one run: each ends with the power going.
const LIVES: u64 = 3;
/// Clients at a time.
const CLIENTS: u64 = 3;
/// Seeds of a run at the size of every landing.
const SEEDS: u64 = 2_000;

pub(crate) fn owner(account: AccountId) -> Principal {
    let address = Address::parse(&format!("p{}@example.org", account.0)).unwrap();
    Principal { account, address, groups: Vec::new(), role: Role::Member }
}

/// The history and how it is shared by the clients of one thread.
pub(crate) type Shared = Arc<Mutex<World>>;

async fn life(disk: &SimDisk, env: &Arc<SimEnv>, world: &Shared, dice: &mut Dice, options: &Options) {
    let store = Store::new(disk.engine(), disk.blobs(), env.clone(), options.clone());
    disk.cut_at(disk.steps() + 1 + dice.below(160));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let client = client::Client::new(&store, Arc::new(disk.clone()), env, world, dice.roll());
        clients.spawn(client.work(4 + dice.below(10)));
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    disk.cut();
    drop(store);
    // What the store still had in flight finds the power gone.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    disk.restore();
    // Clocks jump, also back, while machines are off.
    env.step(i64::try_from(dice.below(7_200_000)).unwrap() - 3_600_000);
}

async fn run(seed: u64, lie: Option<Lie>) {
    let mut dice = Dice::new(seed);
    let disk = SimDisk::new(dice.roll());
    lie.into_iter().for_each(|lie| disk.lie(lie));
    let env = Arc::new(SimEnv::new(dice.roll()));
    let world = Shared::default();
    let keeps = dice.once_in(2);
    let undelete_ms = if keeps { recover::WINDOW_MS } else { 0 };
    let options = Options { undelete_ms, ..Options::default() };
    for _ in 0..LIVES {
        life(&disk, &env, &world, &mut dice, &options).await;
        let store = Store::new(disk.engine(), disk.blobs(), env.clone(), options.clone());
        oracle::after_the_cut(&store, &world, &mut dice).await;
    }
    if keeps {
        let store = Store::new(disk.engine(), disk.blobs(), env.clone(), options);
        recover::nothing_is_lost(&store, &world).await;
    }
}

/// Whether the oracle is content with the run.
fn holds(seed: u64, lie: Option<Lie>) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(run(seed, lie)))).is_ok()
}

fn run_seeds(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        assert!(holds(seed, None), "CRASH_SEED={seed} cargo test -p store --test crash one_seed");
    }
}

/// Every fourth of `CRASH_COUNT` seeds from `CRASH_FROM` on, so that four threads share them.
fn quarter(first: u64) {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let (from, count): (u64, u64) =
        (number("CRASH_FROM").unwrap_or(0), number("CRASH_COUNT").unwrap_or(SEEDS));
    run_seeds((first..count).step_by(4).map(|seed| from + seed));
}

#[test]
fn seeds_0() {
    quarter(0);
}

#[test]
fn seeds_1() {
    quarter(1);
}

#[test]
fn seeds_2() {
    quarter(2);
}

#[test]
fn seeds_3() {
    quarter(3);
}

#[test]
fn one_seed() {
    if let Some(seed) = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()) {
        run_seeds(std::iter::once(seed));
    }
}

/// A disk that does not do what it says must be found out: the oracle bites.
#[test]
fn lies_are_found() {
    for lie in [Lie::Blobs, Lie::Batches] {
        let found = (0..50).filter(|seed| !holds(*seed, Some(lie))).count();
        assert!(found > 5, "{lie:?} was found in {found} of 50 runs");
    }
}

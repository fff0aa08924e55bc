//! The same clients and the same oracle over PostgreSQL: there a life ends with its process, at a moment that the dice
//! choose, and whatever was on its way is cut off where it is. The database lives on, and what it was told last may
//! still happen.
//!
//! `POSTGRES_CRASH_COUNT` sets how many runs there are, `CRASH_FROM` with which seed they begin. Between clients and
//! database there is a clock, so a seed repeats what they do and not when.

use crate::{CLIENTS, LIVES, Power, Shared, client::Client, oracle, recover};
use engine::{
    BlobStore, Engine, PostgresOptions, open_postgres,
    sim::{Dice, SimEnv},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Options, Store};
use tokio::task::JoinSet;

/// A client never outlives its process, so it never sees that the power is gone.
struct Steady;

impl Power for Steady {
    fn is_cut(&self) -> bool {
        false
    }
}

struct Database(PostgresOptions);

impl Database {
    fn new(seed: u64) -> Self {
        let url = std::env::var("COLLEGIUM_POSTGRES").expect("COLLEGIUM_POSTGRES names no database");
        let mut options = PostgresOptions::new(&url);
        options.schema = format!("crash_{}_{seed}", std::process::id());
        Self(options)
    }

    /// Does something in a process of its own, which is then killed.
    fn process<T>(&self, work: impl AsyncFnOnce(Arc<dyn Engine>, Arc<dyn BlobStore>) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let done = runtime.block_on(async {
            let (engine, blobs) = open_postgres(&self.0).await.unwrap();
            work(engine, blobs).await
        });
        drop(runtime);
        self.await_silence();
        done
    }

    /// Until the database has ended the sessions of processes that are gone: nothing of theirs happens any more.
    fn await_silence(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&self.0.url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let since = Instant::now();
            let asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'collegium'";
            while client.query_one(asked, &[]).await.unwrap().get::<_, i64>(0) > 0 {
                assert!(since.elapsed() < Duration::from_secs(60), "a dead process's session lives on");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
}

async fn life(store: &Store, env: &Arc<SimEnv>, world: &Shared, dice: &mut Dice) {
    world.lock().unwrap().collecting = false;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let client = Client::new(store, Arc::new(Steady), env, world, dice.roll());
        clients.spawn(client.work(4 + dice.below(30)));
    }
    let work = async {
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
    };
    // Some lives end by themselves.
    let _ended = tokio::time::timeout(Duration::from_millis(20 + dice.below(1_500)), work).await;
    env.step(i64::try_from(dice.below(7_200_000)).unwrap() - 3_600_000);
}

fn run(seed: u64) {
    let mut dice = Dice::new(seed);
    let (database, env, world) = (Database::new(seed), Arc::new(SimEnv::new(dice.roll())), Shared::default());
    let keeps = dice.once_in(2);
    let undelete_ms = if keeps { recover::WINDOW_MS } else { 0 };
    let options = Options { undelete_ms, ..Options::default() };
    let store = |engine, blobs| Store::new(engine, blobs, env.clone(), options.clone());
    for _ in 0..LIVES {
        database.process(async |engine, blobs| life(&store(engine, blobs), &env, &world, &mut dice).await);
        database.process(async |engine, blobs| {
            oracle::after_the_cut(&store(engine, blobs), &world, &mut dice).await;
        });
    }
    if keeps {
        database.process(async |engine, blobs| recover::nothing_is_lost(&store(engine, blobs), &world).await);
    }
}

#[test]
#[ignore = "needs a database: conformance/run starts one"]
fn postgres_seeds() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let (from, count): (u64, u64) =
        (number("CRASH_FROM").unwrap_or(0), number("POSTGRES_CRASH_COUNT").unwrap_or(2));
    for seed in from..from + count {
        println!("CRASH_FROM={seed} POSTGRES_CRASH_COUNT=1");
        run(seed);
    }
}

//! Clocks that jump by an hour and by ten years, both ways, at any moment: 200 seeds (`COLLEGIUM_CLOCK_SEEDS`).
//!
//! The store is told the time by a clock that lies; the test knows how much time has really passed. Whatever the
//! clock says: counters grow, UIDVALIDITY grows, no tombstone is forgotten before its time, so that every token
//! of that time still leads to the present; locks end, and not much too late; what waits in the queue is found.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use engine::sim::{Dice, SimDisk, SimEnv};
use model::{AccountId, Address, CollectionId, CollectionKind, Modseq, Principal, Rights, Role, Timestamp};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use store::{CLOCK_SLACK, Collection, Depth, FILES_ROOT, Folder, Lock, NewCollection, NewObject, Options};
use store::{Reader, Store};

const ACCOUNT: AccountId = AccountId(1);
const HOUR_MS: i64 = 3_600_000;
const YEAR_MS: i64 = 365 * 24 * HOUR_MS;
/// Tombstones are kept so long.
const KEPT_MS: i64 = 90 * 24 * HOUR_MS;
const LOCK_SECONDS: u64 = 3_600;

fn owner() -> Principal {
    let address = Address::parse("owner@example.org").unwrap();
    Principal { account: ACCOUNT, address, groups: Vec::new(), role: Role::Member }
}

async fn files(reader: &Reader) -> Collection<Folder> {
    let root = reader.child(CollectionId::ROOT, CollectionKind::Folder, FILES_ROOT).await.unwrap().unwrap();
    reader.open(root, Rights::OWNER).await.unwrap()
}

/// A store, its lying clock, and what is true.
struct World {
    store: Store,
    env: Arc<SimEnv>,
    dice: Dice,
    /// Milliseconds that have really passed.
    passed: i64,
    /// How far off the clock is.
    off: i64,
    names: BTreeSet<u64>,
    /// Tokens with when they were given and what was there.
    tokens: Vec<(i64, Modseq, BTreeSet<u64>)>,
    /// Locks with when they were taken.
    locks: Vec<(i64, String)>,
    highest: Modseq,
    validity: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let (disk, env) = (SimDisk::new(seed), Arc::new(SimEnv::new(seed)));
        let store = Store::new(disk.engine(), disk.blobs(), env.clone(), Options::default());
        Self {
            store,
            env,
            dice: Dice::new(seed ^ 0xc10c),
            passed: 0,
            off: 0,
            names: BTreeSet::new(),
            tokens: Vec::new(),
            locks: Vec::new(),
            highest: Modseq(0),
            validity: 0,
        }
    }

    /// Time passes, and the clock with it.
    fn pass(&mut self, millis: i64) {
        self.passed += millis;
        self.env.step(millis);
    }

    /// The clock jumps, or is put right.
    fn jump(&mut self) {
        let steps = [HOUR_MS, -HOUR_MS, 10 * YEAR_MS, -10 * YEAR_MS, -self.off];
        let step = *steps.get(usize::try_from(self.dice.below(5)).unwrap()).unwrap();
        self.off += step;
        self.env.step(step);
    }

    async fn write(&mut self, name: u64, remove: bool) {
        let mut upload = self.store.upload(u64::MAX);
        upload.write(&name.to_be_bytes()).await.unwrap();
        let body = upload.finish().await.unwrap();
        let mut writer = self.store.write(&owner(), ACCOUNT).await.unwrap();
        let files = files(&writer).await;
        if remove {
            writer.remove_file(&files, &name.to_string()).await.unwrap();
            self.names.remove(&name);
        } else {
            let new = NewObject { body, content_type: "text/plain".to_owned(), modified: None, mark: 0 };
            writer.put_file(&files, &name.to_string(), new).await.unwrap();
            self.names.insert(name);
        }
        let modseq = writer.commit(()).await.unwrap().modseq();
        assert!(modseq > self.highest, "a Modseq went back");
        self.highest = modseq;
        self.tokens.push((self.passed, modseq, self.names.clone()));
    }

    /// A mailbox of the same name, made again: its UIDVALIDITY has grown.
    async fn remake(&mut self) {
        let mut writer = self.store.write(&owner(), ACCOUNT).await.unwrap();
        if writer.open_mailbox("again", Rights::OWNER).await.is_ok() {
            writer.remove_mailbox("again").await.unwrap();
        }
        writer.create_mailbox("again", NewCollection::default()).await.unwrap();
        let made = writer.open_mailbox("again", Rights::OWNER).await.unwrap();
        let validity = made.row().uid_validity.0;
        self.highest = writer.commit(()).await.unwrap().modseq();
        assert!(validity > self.validity, "UIDVALIDITY {validity} after {}", self.validity);
        self.validity = validity;
    }

    async fn lock(&mut self) {
        let token = format!("urn:uuid:{}", self.dice.below(u64::MAX));
        let mut writer = self.store.write(&owner(), ACCOUNT).await.unwrap();
        let expires = Timestamp(self.env_now() + i64::try_from(LOCK_SECONDS).unwrap() * 1000);
        let lock = Lock {
            token: token.clone(),
            collection: files(&writer).await.id(),
            item: None,
            principal: ACCOUNT,
            shared: true,
            infinite: false,
            timeout_seconds: LOCK_SECONDS,
            expires,
            root: "/".to_owned(),
            owner: String::new(),
        };
        writer.put_lock(&lock).await.unwrap();
        self.highest = writer.commit(()).await.unwrap().modseq();
        self.locks.push((self.passed, token));
    }

    fn env_now(&self) -> i64 {
        engine::Env::now(&*self.env).0
    }

    async fn check(&mut self) {
        let reader = self.store.read(&owner(), ACCOUNT).await.unwrap();
        let files = files(&reader).await;
        // Every token that is not too old in truth leads to what is there.
        self.tokens.retain(|(given, _, _)| self.passed - given < KEPT_MS);
        for (given, token, then) in &self.tokens {
            let set = reader.changes(&files, *token, 10_000).await;
            let set =
                set.unwrap_or_else(|error| panic!("a token of {} ms ago: {error}", self.passed - given));
            let mut now = then.clone();
            now.extend(set.changed.iter().map(|(name, _)| name.parse::<u64>().unwrap()));
            for (name, _) in &set.removed {
                now.remove(&name.parse::<u64>().unwrap());
            }
            assert_eq!(now, self.names);
        }
        let latest =
            i64::try_from(CLOCK_SLACK.as_millis()).unwrap() + i64::try_from(LOCK_SECONDS).unwrap() * 1000;
        let live: BTreeSet<_> = reader.locks().await.unwrap().into_iter().map(|lock| lock.token).collect();
        if self.off == 0 {
            for (taken, token) in &self.locks {
                let overdue = self.passed - taken > latest + HOUR_MS;
                assert!(!overdue || !live.contains(token), "a lock outlives its time");
            }
        }
    }
}

async fn run(seed: u64) {
    let mut world = World::new(seed);
    world.store.settle_clock(Duration::ZERO).await.unwrap();
    for _ in 0..60 {
        match world.dice.below(9) {
            0 | 1 => world.jump(),
            2 => world.remake().await,
            3 => world.lock().await,
            4 | 5 => {
                // As the hourly job does.
                let wait = HOUR_MS * i64::try_from(1 + world.dice.below(200)).unwrap();
                world.pass(wait);
                let waited = Duration::from_millis(u64::try_from(wait).unwrap());
                let settled = world.store.settle_clock(waited).await.unwrap();
                world.store.purge(ACCOUNT, Timestamp(settled.0 - KEPT_MS)).await.unwrap();
                let reader = world.store.read(&owner(), ACCOUNT).await.unwrap();
                world.highest = world.highest.max(reader.modseq());
            }
            6 if !world.names.is_empty() => {
                let name = world.names.iter().next().copied().unwrap();
                world.write(name, true).await;
            }
            _ => {
                let name = world.dice.below(30);
                world.write(name, false).await;
            }
        }
        world.check().await;
    }
    assert_eq!(world.store.fsck_all(Depth::Bytes).await.unwrap(), []);
}

#[tokio::test]
async fn whatever_the_clock_says() {
    let seeds = std::env::var("COLLEGIUM_CLOCK_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    for seed in 0..seeds {
        println!("seed {seed}");
        run(seed).await;
    }
}

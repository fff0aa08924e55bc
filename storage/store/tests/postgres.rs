//! Two processes on one database: two stores with engines of their own, each on a runtime of its own, so that one
//! can be ended as a kill ends it. Eight writers work on one account through both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

use engine::{BlobStore, Engine, Env, OsEnv, PostgresOptions, open_postgres};
use model::{AccountId, Address, Error, Flags, Principal, Rights, Role, ZonedTime};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{Body, Depth, INBOX, MessageRecord, NewMessage, Options, Store};
use tokio::runtime::Runtime;

const ALICE: AccountId = AccountId(1);

fn owner() -> Principal {
    let address = Address::parse("alice@example.org").unwrap();
    Principal { account: ALICE, address, groups: Vec::new(), role: Role::Member }
}

fn options() -> PostgresOptions {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let url = std::env::var("COLLEGIUM_POSTGRES").expect("COLLEGIUM_POSTGRES names no database");
    let mut options = PostgresOptions::new(&url);
    options.schema = format!("two_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    options
}

/// One of the two.
struct Process {
    runtime: Runtime,
    store: Store,
    engine: Arc<dyn Engine>,
}

impl Process {
    fn start(options: &PostgresOptions) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let opened: (Arc<dyn Engine>, Arc<dyn BlobStore>) = runtime.block_on(open_postgres(options)).unwrap();
        let (engine, blobs) = opened;
        let env: Arc<dyn Env> = Arc::new(OsEnv);
        let store = Store::new(engine.clone(), blobs, env, Options::default());
        let follower = store.clone();
        runtime.spawn(async move { follower.follow().await });
        Self { runtime, store, engine }
    }

    /// As SIGKILL: whatever was on its way is cut off where it is.
    fn kill(self) {
        self.runtime.shutdown_background();
    }

    fn stop(self) {
        self.runtime.block_on(self.engine.close());
        self.runtime.shutdown_background();
    }
}

fn record(body: Body) -> MessageRecord {
    let none = bytes::Bytes::new();
    MessageRecord {
        copies: 1,
        body,
        envelope: none.clone(),
        structure: none.clone(),
        extended_structure: none.clone(),
        parts: none,
        sent: None,
    }
}

/// What was acknowledged: UID -> text; Modseq -> text.
#[derive(Default)]
struct Told {
    uids: BTreeMap<u32, String>,
    modseqs: BTreeMap<u64, String>,
    refused: u32,
    slowest: Duration,
}

async fn append(store: &Store, text: &str) -> Result<(u32, u64), Error> {
    let mut upload = store.upload(1 << 20);
    // Some are rows, some are blobs.
    let size = if text.len().is_multiple_of(2) { 6_000 } else { 60 };
    upload.write(text.repeat(size / text.len() + 1).as_bytes()).await?;
    let body = upload.finish().await?;
    let mut writer = store.write(&owner(), ALICE).await?;
    let inbox = writer.open_mailbox(INBOX, Rights::OWNER).await?;
    let (flags, received) = (Flags::default(), ZonedTime::default());
    let new = NewMessage { record: record(body), flags, received, keys: None };
    let uid = writer.append(&inbox, new).await?;
    let committed = writer.commit(uid.0).await?;
    Ok((*committed, committed.modseq().0))
}

async fn work(store: Store, writer: u32, count: u32, told: Arc<Mutex<Told>>) {
    for n in 0..count {
        let text = format!("{writer}-{n:04}");
        let began = Instant::now();
        let answer = append(&store, &text).await;
        let mut told = told.lock().unwrap();
        told.slowest = told.slowest.max(began.elapsed());
        match answer {
            Ok((uid, modseq)) => {
                assert_eq!(told.uids.insert(uid, text.clone()), None, "UID {uid} was given twice");
                assert_eq!(told.modseqs.insert(modseq, text), None, "Modseq {modseq} was given twice");
            }
            Err(error) => {
                assert_eq!(error, Error::Unavailable);
                told.refused += 1;
            }
        }
    }
}

/// Everything that was acknowledged is there under its UID, and nothing is there twice.
fn check(process: &Process, told: &Told) {
    process.runtime.block_on(async {
        let reader = process.store.read(&owner(), ALICE).await.unwrap();
        let inbox = reader.open_mailbox(INBOX, Rights::READ).await.unwrap();
        let mut found = BTreeMap::new();
        for (uid, row) in reader.entries(&inbox, None, 100_000).await.unwrap() {
            let body = reader.message(row.message).await.unwrap().body;
            let bytes = process.store.body(&body, 0..6).collect().await.unwrap();
            found.insert(uid.0, String::from_utf8(bytes.to_vec()).unwrap());
        }
        for (uid, text) in &told.uids {
            assert_eq!(found.get(uid), Some(text), "UID {uid}");
        }
        let once: std::collections::BTreeSet<_> = found.values().collect();
        assert_eq!(once.len(), found.len(), "something is there twice");
        let last = told.modseqs.keys().next_back().copied().unwrap_or(0);
        assert!(reader.modseq().0 >= last);
        drop(reader);
        assert_eq!(process.store.fsck_all(Depth::Bytes).await.unwrap(), []);
    });
}

#[test]
#[ignore = "needs a database: conformance/run starts one"]
fn postgres_two_processes_give_no_uid_twice_and_refuse_nobody() {
    let options = options();
    let both = [Process::start(&options), Process::start(&options)];
    // The first one hears of the second within a beat.
    std::thread::sleep(Duration::from_secs(2));
    let told = Arc::<Mutex<Told>>::default();
    let work: Vec<_> = (0..8)
        .map(|writer| {
            let process = &both[writer as usize % 2];
            process.runtime.spawn(work(process.store.clone(), writer, 25, told.clone()))
        })
        .collect();
    for one in work {
        both[0].runtime.block_on(one).unwrap();
    }
    let told = told.lock().unwrap();
    println!("slowest {:?}, {} refused", told.slowest, told.refused);
    assert_eq!((told.refused, told.uids.len()), (0, 200));
    assert!(told.slowest < Duration::from_secs(5), "{:?}", told.slowest);
    check(&both[1], &told);
    drop(told);
    both.into_iter().for_each(Process::stop);
}

#[test]
#[ignore = "needs a database: conformance/run starts one"]
fn postgres_either_of_two_processes_may_be_killed_at_any_time() {
    let count =
        std::env::var("POSTGRES_KILL_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(2_u64);
    for seed in 0..count {
        let options = options();
        let (first, second) = (Process::start(&options), Process::start(&options));
        std::thread::sleep(Duration::from_secs(2));
        let told = Arc::<Mutex<Told>>::default();
        let (victim, survivor) = if seed % 2 == 0 { (first, second) } else { (second, first) };
        for writer in 0..4 {
            victim.runtime.spawn(work(victim.store.clone(), writer, 10_000, told.clone()));
        }
        let writers: Vec<_> = (4..8)
            .map(|writer| survivor.runtime.spawn(work(survivor.store.clone(), writer, 30, told.clone())))
            .collect();
        std::thread::sleep(Duration::from_millis(150 + 137 * (seed % 20)));
        victim.kill();
        for writer in writers {
            survivor.runtime.block_on(writer).unwrap();
        }
        let told = told.lock().unwrap();
        let survived = told.uids.values().filter(|text| text.as_bytes()[0] >= b'4').count();
        assert_eq!((told.refused, survived), (0, 120), "slowest {:?}", told.slowest);
        check(&survivor, &told);
        drop(told);
        survivor.stop();
    }
}

#[test]
#[ignore = "needs a database: conformance/run starts one"]
fn postgres_a_process_hears_of_anothers_commits() {
    let options = options();
    let (one, two) = (Process::start(&options), Process::start(&options));
    std::thread::sleep(Duration::from_secs(2));
    two.runtime.block_on(append(&two.store, "first")).unwrap();
    one.runtime.block_on(async {
        let mut watch = one.store.watch(ALICE);
        // What was there before may be told once.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let known = watch.modseq();
        let (store, writer) = (two.store.clone(), two.runtime.handle().clone());
        let told = writer.spawn(async move { append(&store, "second").await.unwrap() }).await.unwrap();
        let began = Instant::now();
        tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(1_600), "{:?}", began.elapsed());
        assert!(watch.modseq() > known && watch.modseq().0 == told.1);
    });
    one.stop();
    two.stop();
}

#[test]
#[ignore = "needs a database: conformance/run starts one"]
fn postgres_a_duty_has_one_holder_and_passes_on() {
    let options = options();
    let (one, two) = (Process::start(&options), Process::start(&options));
    std::thread::sleep(Duration::from_secs(2));
    let takes = |process: &Process| process.runtime.block_on(process.store.take_duty("queue")).unwrap();
    assert!(takes(&one) && takes(&one) && !takes(&two));
    one.runtime.block_on(one.store.leave_duty("queue")).unwrap();
    assert!(takes(&two) && !takes(&one));
    two.kill();
    let began = Instant::now();
    while !takes(&one) {
        assert!(began.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(began.elapsed() > Duration::from_secs(3), "it was believed dead too soon");
    one.stop();
}

//! How the store behaves as it grows, beside what the disk itself gives. One measurement a run, one JSON object on
//! standard output; `conformance/load/growth.py` runs them and judges the ratios.
//!
//! `cargo run --release -p store --example growth -- WHAT DIR [SIZE [SECONDS]]`
//!
//! - `append`: durable 30 KB messages with SIZE writers, each round followed by its twin: the same bytes in the same
//!   groups, appended to two plain files and synced.
//! - `scale`: opening a mailbox, a sync with nothing changed and a delivery, in an account of SIZE / 100 items and in
//!   one of SIZE.
//! - `fill`: SIZE accounts with 1,000 messages each; `rest`: opens that store, looks at every account, and tells the
//!   memory that stays.
//! - `space`: SIZE bodies of 30 KB, half of them removed; what is on the disk before and after.
//!
//! Where `COLLEGIUM_POSTGRES` names a database, the store is in it, in a schema named after DIR; `space` is for a store of
//! files only, since a database gives room back in its own time.

use engine::{BlobStore, Engine, LocalOptions, OsEnv, PostgresOptions, open_local, open_postgres, sim::Dice};
use model::{AccountId, Address, Flags, Principal, Rights, Role, ZonedTime};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Arrival, INBOX, Mailbox, NewCollection, NewMessage, Options, Store};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const BODY_BYTES: usize = 30_000;
const ROUNDS: usize = 3;
/// Messages of one batch when an account is filled.
const BATCH_COUNT: usize = 1_000;
/// Accounts that are filled at the same time.
const FILLING_COUNT: u32 = 8;
/// Messages in the mailbox that is opened, whatever lies beside it.
const OPENED_COUNT: usize = 1_000;

struct Site {
    store: Store,
    engine: Arc<dyn Engine>,
}

impl Site {
    async fn open(path: &Path) -> Result<Self, Failure> {
        let (engine, blobs): (Arc<dyn Engine>, Arc<dyn BlobStore>) = match database() {
            Some(url) => {
                let mut options = PostgresOptions::new(&url);
                let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
                options.schema = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
                open_postgres(&options).await?
            }
            None => {
                let options = LocalOptions { cache_bytes: 128 << 20, ..LocalOptions::default() };
                let (engine, blobs) = open_local(path, options).map_err(|reason| reason.to_string())?;
                (engine, Arc::new(blobs))
            }
        };
        let store = Store::new(engine.clone(), blobs, Arc::new(OsEnv), Options::default());
        Ok(Self { store, engine })
    }
}

/// The database that the store is in; none where it is in files.
fn database() -> Option<String> {
    std::env::var("COLLEGIUM_POSTGRES").ok()
}

fn owner(account: u32) -> Result<Principal, Failure> {
    let address = Address::parse("owner@example.org")?;
    Ok(Principal { account: AccountId(account), address, groups: Vec::new(), role: Role::Member })
}

/// A message of about this length, in letters that look like an attachment's.
fn message(seed: u64, bytes: usize) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!(
        "From: <a@example.org>\r\nTo: <b@example.org>\r\nSubject: Message {seed}\r\n\
         Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <{seed}@example.org>\r\n\r\n"
    )
    .into_bytes();
    let mut noise = vec![0; bytes.saturating_sub(text.len())];
    Dice::new(seed).fill(&mut noise);
    for line in noise.chunks(76) {
        text.extend(line.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 64))));
        text.extend_from_slice(b"\r\n");
    }
    text
}

async fn arrived(store: &Store, octets: &[u8]) -> Result<NewMessage, Failure> {
    let mut arrival = Arrival::new(store, u64::MAX);
    arrival.write(octets).await?;
    Ok(arrival.finish(Flags::default(), ZonedTime { seconds: 1_767_607_200, offset_minutes: 0 }).await?)
}

/// Delivers one message; the group that carried it.
async fn deliver(store: &Store, account: u32, octets: &[u8]) -> Result<u64, Failure> {
    let new = arrived(store, octets).await?;
    let who = owner(account)?;
    let mut writer = store.write(&who, who.account).await?;
    let inbox = writer.open_mailbox(INBOX, Rights::INSERT).await?;
    writer.append(&inbox, new).await?;
    Ok(writer.commit(()).await?.group().unwrap_or_default())
}

/// Small messages in large batches, into one mailbox.
async fn fill(store: &Store, account: u32, mailbox: &str, count: usize) -> Result<(), Failure> {
    let who = owner(account)?;
    let mut left = count;
    while left > 0 {
        let mut writer = store.write(&who, who.account).await?;
        let there = writer.mailbox_at(mailbox).await?.is_some();
        let into = match there {
            true => writer.open_mailbox(mailbox, Rights::INSERT).await?,
            false => writer.create_mailbox(mailbox, NewCollection::default()).await?,
        };
        let turn = left.min(BATCH_COUNT);
        for number in 0..turn {
            let new = arrived(store, &message((left - number) as u64, 300)).await?;
            writer.append(&into, new).await?;
        }
        let _committed = writer.commit(()).await?;
        left -= turn;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// One round of deliveries: their number, the seconds they took, and how many each group carried.
async fn round(store: &Store, writers: usize, seconds: u64) -> Result<(usize, f64, Vec<usize>), Failure> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut octets = message(writer as u64, BODY_BYTES);
            let mut groups = Vec::new();
            while Instant::now() < until {
                // Other octets each time, at no cost that the disk would not have.
                let mark = format!("{writer:05}{:09}", groups.len());
                octets.iter_mut().rev().skip(2).zip(mark.bytes()).for_each(|(octet, mark)| *octet = mark);
                groups.push(deliver(&store, u32::try_from(writer)? + 1, &octets).await?);
            }
            Ok::<_, Failure>(groups)
        }));
    }
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for task in tasks {
        for group in task.await?? {
            *sizes.entry(group).or_default() += 1;
        }
    }
    let count = sizes.values().sum();
    Ok((count, begun.elapsed().as_secs_f64(), sizes.into_values().collect()))
}

/// The same bytes in the same groups: bodies into one file, a record of `row_bytes` for each into another.
fn twin(directory: &Path, groups: &[usize], row_bytes: usize) -> Result<f64, Failure> {
    let open = |name: &str| File::create(directory.join(name));
    let (mut bodies, mut rows) = (open("twin-bodies")?, open("twin-rows")?);
    let (body, row) = (message(1, BODY_BYTES), vec![7; row_bytes]);
    let begun = Instant::now();
    for count in groups {
        bodies.write_all(&body.repeat(*count))?;
        bodies.sync_data()?;
        rows.write_all(&row.repeat(*count))?;
        rows.sync_data()?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    std::fs::remove_file(directory.join("twin-bodies"))?;
    std::fs::remove_file(directory.join("twin-rows"))?;
    Ok(seconds)
}

async fn append(path: &Path, writers: usize, seconds: u64) -> Result<String, Failure> {
    let site = Site::open(path).await?;
    let (mut ours, mut disk, mut ratios, mut sizes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    round(&site.store, writers, 1).await?;
    for _ in 0..ROUNDS {
        let (count, took, groups) = round(&site.store, writers, seconds).await?;
        let at_disk = twin(path, &groups, 1_800)?;
        ours.push(count as f64 / took);
        disk.push(count as f64 / at_disk);
        ratios.push(at_disk / took);
        sizes.push(count as f64 / groups.len().max(1) as f64);
    }
    site.engine.close().await;
    Ok(format!(
        "{{\"per_second\": {:.0}, \"disk_per_second\": {:.0}, \"ratio\": {:.3}, \"group\": {:.1}}}",
        median(ours),
        median(disk),
        median(ratios),
        median(sizes)
    ))
}

/// Milliseconds of an opening, a sync with nothing changed, and a delivery.
async fn once(store: &Store, account: u32, seed: u64) -> Result<[f64; 3], Failure> {
    let who = owner(account)?;
    let ms = |begun: Instant| begun.elapsed().as_secs_f64() * 1_000.0;
    let begun = Instant::now();
    let reader = store.read(&who, who.account).await?;
    let opened = reader.open_mailbox("opened", Rights::READ).await?;
    let rows = reader.entries::<Mailbox>(&opened, None, usize::MAX).await?;
    let open = ms(begun);
    if rows.len() != OPENED_COUNT {
        return Err("the mailbox is not what it should be".into());
    }
    let begun = Instant::now();
    let reader = store.read(&who, who.account).await?;
    let again = reader.open_mailbox("opened", Rights::READ).await?;
    let changes = reader.changes(&again, again.row().modseq, 100).await?;
    let sync = ms(begun);
    if !changes.changed.is_empty() {
        return Err("something changed".into());
    }
    let octets = message(seed, 2_000);
    let begun = Instant::now();
    deliver(store, account, &octets).await?;
    Ok([open, sync, ms(begun)])
}

async fn scale(path: &Path, count: usize, rounds: u64) -> Result<String, Failure> {
    let site = Site::open(path).await?;
    for (account, items) in [(1, count / 100), (2, count)] {
        fill(&site.store, account, "opened", OPENED_COUNT).await?;
        fill(&site.store, account, "Archive", items.saturating_sub(OPENED_COUNT)).await?;
    }
    let mut ratios = [Vec::new(), Vec::new(), Vec::new()];
    let mut times = [[const { Vec::new() }; 3], [const { Vec::new() }; 3]];
    for seed in 0..rounds * 10 {
        for (times, account) in times.iter_mut().zip([1, 2]) {
            let took = once(&site.store, account, seed).await?;
            times.iter_mut().zip(took).for_each(|(times, took)| times.push(took));
        }
    }
    let [small, large] = times;
    for (ratio, (small, large)) in ratios.iter_mut().zip(small.into_iter().zip(large)) {
        ratio.extend([median(small), median(large)]);
    }
    site.engine.close().await;
    let names = ["open", "sync", "deliver"];
    let told = names.iter().zip(&ratios).map(|(name, pair)| match pair.as_slice() {
        [small, large] => format!(
            "\"{name}\": {{\"small_ms\": {small:.3}, \"large_ms\": {large:.3}, \"ratio\": {:.3}}}",
            large / small
        ),
        _ => String::new(),
    });
    Ok(format!("{{{}}}", told.collect::<Vec<_>>().join(", ")))
}

fn resident_bytes() -> Result<u64, Failure> {
    memory_bytes("VmRSS:")
}

/// One of the sizes that the system tells of this process.
fn memory_bytes(which: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(which)).ok_or("no such size")?;
    let kib: u64 = line.split_whitespace().next().ok_or("no number")?.parse()?;
    Ok(kib * 1024)
}

async fn fill_accounts(path: &Path, accounts: usize) -> Result<String, Failure> {
    let site = Site::open(path).await?;
    let begun = Instant::now();
    let last = u32::try_from(accounts)?;
    let mut lanes = Vec::new();
    for lane in 1..=FILLING_COUNT {
        let store = site.store.clone();
        lanes.push(tokio::spawn(async move {
            for account in (lane..=last).step_by(FILLING_COUNT as usize) {
                fill(&store, account, INBOX, BATCH_COUNT).await?;
            }
            Ok::<_, Failure>(())
        }));
    }
    for lane in lanes {
        lane.await??;
    }
    site.engine.close().await;
    let (seconds, peak) = (begun.elapsed().as_secs_f64(), memory_bytes("VmHWM:")?);
    Ok(format!("{{\"accounts\": {accounts}, \"seconds\": {seconds:.1}, \"peak_bytes\": {peak}}}"))
}

async fn rest(path: &Path, accounts: usize) -> Result<String, Failure> {
    let site = Site::open(path).await?;
    let opened = resident_bytes()?;
    for account in 1..=u32::try_from(accounts)? {
        let who = owner(account)?;
        let reader = site.store.read(&who, who.account).await?;
        let inbox = reader.open_mailbox(INBOX, Rights::READ).await?;
        let rows = reader.entries::<Mailbox>(&inbox, None, usize::MAX).await?;
        if rows.len() != BATCH_COUNT {
            return Err("an account is not what it should be".into());
        }
    }
    let looked = resident_bytes()?;
    let disk = disk_bytes(path)?;
    site.engine.close().await;
    Ok(format!(
        "{{\"accounts\": {accounts}, \"opened_bytes\": {opened}, \"looked_bytes\": {looked}, \"disk_bytes\": {disk}}}"
    ))
}

/// Blocks that the files below a directory take.
fn disk_bytes(path: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() { disk_bytes(&entry.path())? } else { meta.blocks() * 512 };
    }
    Ok(bytes)
}

async fn space(path: &Path, count: usize) -> Result<String, Failure> {
    let site = Site::open(path).await?;
    let sum = (count * message(0, BODY_BYTES).len()) as u64;
    let who = owner(1)?;
    let writers = 16;
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let store = site.store.clone();
        tasks.push(tokio::spawn(async move {
            for seed in (writer..count).step_by(writers) {
                deliver(&store, 1, &message(seed as u64, BODY_BYTES)).await?;
            }
            Ok::<_, Failure>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    site.store.collect().await?;
    let filled = disk_bytes(path)?;
    let reader = site.store.read(&who, who.account).await?;
    let inbox = reader.open_mailbox(INBOX, Rights::OWNER).await?;
    let rows = reader.entries::<Mailbox>(&inbox, None, usize::MAX).await?;
    let half: Vec<_> = rows.iter().map(|(uid, _)| *uid).step_by(2).collect();
    for page in half.chunks(BATCH_COUNT) {
        let mut writer = site.store.write(&who, who.account).await?;
        let deleted = Flags { system: model::SystemFlags::DELETED, keywords: Vec::new() };
        writer.change_flags(&inbox, page, &store::FlagChange::Add(deleted)).await?;
        writer.expunge(&inbox, page).await?;
        let _committed = writer.commit(()).await?;
    }
    drop(reader);
    let collected = site.store.collect().await?;
    let halved = disk_bytes(path)?;
    site.engine.close().await;
    Ok(format!(
        "{{\"body_bytes\": {sum}, \"filled_ratio\": {:.3}, \"halved_ratio\": {:.3}, \"freed_bytes\": {}}}",
        filled as f64 / sum as f64,
        halved as f64 / (sum as f64 / 2.0),
        collected.freed_bytes
    ))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, directory, rest_of @ ..] = arguments.as_slice() else {
        return Err("growth WHAT DIR [SIZE [SECONDS]]".into());
    };
    let number = |at: usize, default: usize| rest_of.get(at).map_or(Ok(default), |text| text.parse());
    let path = PathBuf::from(directory);
    std::fs::create_dir_all(&path)?;
    let seconds = number(1, 5)? as u64;
    let told = match what.as_str() {
        "append" => append(&path, number(0, 64)?, seconds).await?,
        "scale" => scale(&path, number(0, 1_000_000)?, seconds).await?,
        "fill" => fill_accounts(&path, number(0, 10_000)?).await?,
        "rest" => rest(&path, number(0, 10_000)?).await?,
        "space" if database().is_some() => return Err("space is for a store of files".into()),
        "space" => space(&path, number(0, 20_000)?).await?,
        _ => return Err("what is append, scale, fill, rest or space".into()),
    };
    println!("{told}");
    Ok(())
}

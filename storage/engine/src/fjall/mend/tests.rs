//! Engines with damaged, cut and missing files: what can be read is there again, nothing else changes.

use super::*;
use crate::{Batch, Engine, Op, Range, fjall::open_fjall_with, limits::MEMTABLE_BYTES_MIN};
use bytes::Bytes;
use model::Error;

const MEMTABLE: u64 = MEMTABLE_BYTES_MIN;

fn key(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// Its own for every number and state, partly compressible.
fn value(number: u32, state: u8) -> Bytes {
    let mut octets = vec![state; 300];
    octets.extend(blake3::hash(&[&number.to_be_bytes()[..], &[state]].concat()).as_bytes());
    octets.into()
}

async fn commit(engine: &dyn Engine, ops: Vec<Op>) {
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
}

/// Rows that were written, written over and removed, in tables and in the journal.
async fn fill(path: &Path) {
    let engine = open_fjall_with(path, 8 << 20, MEMTABLE).unwrap();
    for round in 0..20 {
        let numbers = (0..200).map(|number| round * 200 + number);
        commit(&*engine, numbers.map(|number| Op::Put(Table::Item, key(number), value(number, 1))).collect())
            .await;
    }
    for round in 0..10 {
        let numbers = (0..100).map(|number| round * 100 + number);
        commit(&*engine, numbers.map(|number| Op::Put(Table::Item, key(number), value(number, 2))).collect())
            .await;
    }
    commit(&*engine, (1_000..1_100).map(|number| Op::Delete(Table::Item, key(number))).collect()).await;
    commit(&*engine, vec![Op::Put(Table::Account, key(7), Bytes::from(vec![9; 20_000]))]).await;
    // Workers write tables on their own.
    for _ in 0..500 {
        if !table_files(path).is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    closed(engine, path).await;
}

/// Ends an engine; fjall's workers end a little later.
async fn closed(engine: std::sync::Arc<dyn Engine>, path: &Path) {
    engine.close().await;
    drop(engine);
    while DirectoryLock::take(path).is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn rows(path: &Path, table: Table) -> BTreeMap<Vec<u8>, Bytes> {
    let engine = open_fjall_with(path, 8 << 20, MEMTABLE).unwrap();
    let found =
        engine.snapshot().await.unwrap().scan(table, &Range::prefix(b""), 100_000, false).await.unwrap();
    engine.close().await;
    found.into_iter().map(|(key, value)| (key.to_vec(), value)).collect()
}

fn expected() -> BTreeMap<Vec<u8>, Bytes> {
    let all = (0..4_000).filter(|number| !(1_000..1_100).contains(number));
    all.map(|number| (key(number), value(number, if number < 1_000 { 2 } else { 1 }))).collect()
}

fn table_files(path: &Path) -> Vec<PathBuf> {
    let keyspaces = std::fs::read_dir(path.join("keyspaces")).unwrap().map(|entry| entry.unwrap().path());
    let tables = keyspaces.filter(|path| !path.ends_with("0")).map(|path| path.join("tables"));
    let files = tables.filter_map(|tables| std::fs::read_dir(tables).ok()).flatten();
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).map_or(0, |file| file.len())));
    files
}

fn flip(path: &Path, at: usize) {
    let mut octets = std::fs::read(path).unwrap();
    octets[at] ^= 1;
    std::fs::write(path, octets).unwrap();
}

#[tokio::test]
async fn a_sound_engine_is_the_same_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine");
    fill(&path).await;
    let mended = mend(&path, MEMTABLE).unwrap();
    assert!(mended.table_count > 0 && mended.damage_count == 0, "{mended:?}");
    assert_eq!(rows(&path, Table::Item).await, expected());
    assert_eq!(rows(&path, Table::Account).await[&key(7)], Bytes::from(vec![9; 20_000]));
    assert!(folder.path().join("engine.damaged").exists());
    mend(&path, MEMTABLE).unwrap();
    assert!(folder.path().join("engine.damaged-2").exists(), "nothing that was kept is written over");
    assert_eq!(rows(&path, Table::Item).await, expected());
}

#[tokio::test]
async fn a_damaged_block_costs_its_own_rows() {
    // In the bytes of the first block, in the header of one, and in both of two.
    for places in [vec![100], vec![8], vec![8, 5_000]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        fill(&path).await;
        let largest = table_files(&path).remove(0);
        places.iter().for_each(|at| flip(&largest, *at));
        let mended = mend(&path, MEMTABLE).unwrap();
        assert!((1..=2).contains(&mended.damage_count), "{mended:?}");
        let (found, expected) = (rows(&path, Table::Item).await, expected());
        let lost = expected.keys().filter(|key| !found.contains_key(*key)).count();
        assert!(lost < 150, "{places:?}: {lost} rows are lost");
        let number = |key: &Vec<u8>| u32::from_be_bytes(key.as_slice().try_into().unwrap());
        for (key, told) in &found {
            // What stood over the lost one may come back: an older state, or one that was removed.
            let number = number(key);
            assert!(
                [1, 2].iter().any(|state| *told == value(number, *state)),
                "{number} has never been that"
            );
        }
    }
}

#[tokio::test]
async fn lost_manifests_and_tables_and_cut_ones_cost_only_what_was_in_them() {
    for lose in ["manifest", "table", "cut", "version"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        fill(&path).await;
        let largest = table_files(&path).remove(0);
        let keyspace = largest.parent().unwrap().parent().unwrap().to_path_buf();
        match lose {
            "manifest" => std::fs::write(keyspace.join("current"), b"rubbish").unwrap(),
            "table" => std::fs::remove_file(&largest).unwrap(),
            "version" => std::fs::remove_file(path.join("version")).unwrap(),
            _ => {
                let octets = std::fs::read(&largest).unwrap();
                std::fs::write(&largest, &octets[..octets.len() / 2]).unwrap();
            }
        }
        assert!(open_fjall_with(&path, 8 << 20, MEMTABLE).is_err(), "{lose} is not noticed");
        mend(&path, MEMTABLE).unwrap();
        let (found, expected) = (rows(&path, Table::Item).await, expected());
        match lose {
            "manifest" | "version" => assert_eq!(found, expected, "{lose}"),
            _ => assert!(!found.is_empty() && found.len() < expected.len() + 100, "{lose}: {}", found.len()),
        }
    }
}

#[tokio::test]
async fn a_row_that_looks_like_a_block_is_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fill(&other).await;
    // A client's octets: a whole block of another engine, with rows that are not there.
    let forged = std::fs::read(table_files(&other).remove(0)).unwrap();
    let path = folder.path().join("engine");
    let engine = open_fjall_with(&path, 8 << 20, MEMTABLE).unwrap();
    for number in 10_000..10_040_u32 {
        let octets = Bytes::copy_from_slice(&forged[..forged.len().min(12_000)]);
        commit(&*engine, vec![Op::Put(Table::Body, key(number), octets)]).await;
    }
    for _ in 0..500 {
        if !table_files(&path).is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    closed(engine, &path).await;
    let largest = table_files(&path).remove(0);
    flip(&largest, 8);
    mend(&path, MEMTABLE).unwrap();
    assert_eq!(rows(&path, Table::Item).await, BTreeMap::new());
    assert!(rows(&path, Table::Body).await.len() >= 30);
}

#[tokio::test]
async fn an_engine_that_is_open_or_not_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine");
    assert_eq!(mend(&path, MEMTABLE).err(), Some(Error::NotFound));
    assert!(!path.exists());
    let engine = open_fjall_with(&path, 8 << 20, MEMTABLE).unwrap();
    assert_eq!(mend(&path, MEMTABLE).err(), Some(Error::Conflict));
    engine.close().await;
}

/// The hash of every file of an engine, by its path.
fn files(path: &Path) -> BTreeMap<PathBuf, blake3::Hash> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![path.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let hash = blake3::hash(&std::fs::read(&entry).unwrap());
                found.insert(entry.strip_prefix(path).unwrap().to_path_buf(), hash);
            }
        }
    }
    found
}

#[tokio::test]
async fn what_is_made_anew_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine");
    fill(&path).await;
    assert_eq!(rows(&path, Table::Meta).await.get(MENDED), None);
    mend(&path, MEMTABLE).unwrap();
    assert!(rows(&path, Table::Meta).await.contains_key(MENDED));
    mend(&path, MEMTABLE).unwrap();
    assert!(
        rows(&path, Table::Meta).await.contains_key(MENDED),
        "until its repair, however often it is mended"
    );
}

/// Mends up to a step.
fn mend_until(step: &str, path: &Path, draft: &Path) {
    clear(path, draft).unwrap();
    std::fs::create_dir(draft).unwrap();
    if step == "an empty draft" {
        return;
    }
    make_draft(path, draft, MEMTABLE).unwrap();
    match step {
        "half a draft" => {
            // Not all rows, and no list of tables.
            return std::fs::remove_dir_all(draft.join("keyspaces/2")).unwrap();
        }
        "a draft that is being removed" => {
            std::fs::remove_dir_all(draft.join("keyspaces")).unwrap();
            return std::fs::remove_file(draft.join("version")).unwrap();
        }
        "a draft" => return,
        _ => replace(path, draft).unwrap(),
    }
    if step != "both have changed places" {
        put_aside(path, draft).unwrap();
    }
}

#[tokio::test]
async fn cut_off_at_any_step_it_is_done_again_and_the_old_engine_alone_has_its_name() {
    for step in [
        "an empty draft",
        "half a draft",
        "a draft that is being removed",
        "a draft",
        "both have changed places",
        "the old one has its name",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine");
        fill(&path).await;
        let (old, draft) = (files(&path), path.with_extension("mending"));
        mend_until(step, &path, &draft);
        // Cut off twice: a draft of the second run is none of the first one's.
        mend_until("half a draft", &path, &draft);
        mend(&path, MEMTABLE).unwrap();
        assert_eq!(rows(&path, Table::Item).await, expected(), "{step}");
        assert!(rows(&path, Table::Meta).await.contains_key(MENDED), "{step}");
        assert!(files(&folder.path().join("engine.damaged")) == old, "{step}: the old engine, as it was");
        let beside = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        for other in beside {
            assert!(other != draft && !other.join(DRAFT).exists(), "{step}: {} is a draft", other.display());
        }
    }
}

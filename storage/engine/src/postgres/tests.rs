//! What is the database's own: several processes, faults of its connections, what it refuses, collection.

mod limits;
mod proxy;

use super::{testing::Schema, *};
use crate::{Op, Place, Precondition, Range, Table};
use bytes::Bytes;
use model::BlobId;
use proxy::{Cut, Proxy};

const KEY: &[u8] = b"counter";

fn put(table: Table, key: &[u8], value: &[u8]) -> Op {
    Op::Put(table, key.to_vec(), Bytes::copy_from_slice(value))
}

fn plain(op: Op) -> Batch {
    Batch { expect: Vec::new(), ops: vec![op] }
}

async fn counter(engine: &Arc<dyn Engine>) -> Option<Bytes> {
    engine.newest().await.unwrap().get(Table::Item, KEY).await.unwrap()
}

fn step(old: Option<Bytes>) -> Batch {
    let new = old.as_deref().map_or(0, |old| u64::from_be_bytes(old.try_into().unwrap())) + 1;
    let expect = match old {
        Some(old) => Precondition::Equals(Table::Item, KEY.to_vec(), old),
        None => Precondition::Absent(Table::Item, KEY.to_vec()),
    };
    Batch { expect: vec![expect], ops: vec![put(Table::Item, KEY, &new.to_be_bytes())] }
}

fn number(value: Option<Bytes>) -> u64 {
    u64::from_be_bytes(value.unwrap().as_ref().try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn two_processes_lose_no_update() {
    let schema = Schema::new();
    let (one, two) = (schema.open().0, schema.open().0);
    assert_eq!(two.company().unwrap().others, [one.company().unwrap().own]);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let engine = if writer % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move {
                let mut added = 0;
                while added < 15 {
                    let old = counter(&engine).await;
                    match engine.commit(step(old)).await {
                        Ok(_) => added += 1,
                        Err(error) => assert_eq!(error, Error::PreconditionFailed),
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(number(counter(&one).await), 8 * 15);
    let heard = one.company().unwrap().others;
    assert_eq!(heard, [two.company().unwrap().own], "it has heard of the second one meanwhile");
    one.close().await;
    two.close().await;
}

/// A writer takes up a blob while a collector forgets it: each expects what the other changes, in rows of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn two_processes_do_not_slip_past_each_other() {
    let schema = Schema::new();
    let (one, two) = (schema.open().0, schema.open().0);
    let (mut taken, mut forgotten) = (0, 0);
    for round in 0..60_u32 {
        let key = round.to_be_bytes();
        let held = [key.as_slice(), b"holder"].concat();
        let _durable = one.commit(plain(put(Table::Blob, &key, b"place"))).await.unwrap();
        let take = Batch {
            expect: vec![Precondition::Present(Table::Blob, key.to_vec())],
            ops: vec![put(Table::BlobRef, &held, b"")],
        };
        let forget = Batch {
            expect: vec![Precondition::Empty(Table::BlobRef, Range::prefix(&key))],
            ops: vec![Op::Delete(Table::Blob, key.to_vec())],
        };
        let (take, forget) = if round % 2 == 0 {
            tokio::join!(one.commit(take), two.commit(forget))
        } else {
            let (forget, take) = tokio::join!(one.commit(forget), two.commit(take));
            (take, forget)
        };
        assert!(take.is_ok() != forget.is_ok(), "round {round}: {take:?} {forget:?}");
        taken += u32::from(take.is_ok());
        forgotten += u32::from(forget.is_ok());
    }
    assert!(taken + forgotten == 60);
    one.close().await;
    two.close().await;
}

/// Connections are cut before a statement arrives and after it has, before its answer: every commit is told right
/// and none happens twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn a_connection_cut_at_commit_changes_nothing_and_doubles_nothing() {
    let schema = Schema::new();
    let direct = schema.open().0;
    let proxy = Proxy::start(&schema.0.url).await;
    let mut options = schema.0.clone();
    options.url = proxy.url(&options.url);
    let (engine, blobs) = open_postgres(&options).await.unwrap();
    let _durable = engine.commit(step(None)).await.unwrap();
    let mut done = 1;
    for point in 0..50_u32 {
        let old = counter(&direct).await;
        proxy.cut(if point % 2 == 0 { Cut::BeforeStatement } else { Cut::BeforeAnswer });
        let answer = engine.commit(step(old)).await;
        assert!(answer.is_ok(), "point {point}: {answer:?}");
        done += 1;
        assert_eq!(number(counter(&direct).await), done, "point {point}");
    }
    assert!(proxy.cuts() >= 50, "{} connections were cut", proxy.cuts());
    // Blobs are stored again and again, for that changes nothing.
    proxy.cut(Cut::BeforeAnswer);
    let frame = blobs.append(Bytes::from_static(b"body")).await.unwrap();
    blobs.sync(frame.sequence).await.unwrap();
    assert_eq!(blobs.read(&frame.id, &frame.place).await.unwrap().as_ref(), b"body");
    engine.close().await;
    direct.close().await;
}

/// Away for longer than a write waits: refused within the bound, reads too; when it is back all goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn a_database_that_is_away_is_waited_for_and_then_refused() {
    let schema = Schema::new();
    let proxy = Proxy::start(&schema.0.url).await;
    let mut options = schema.0.clone();
    options.url = proxy.url(&options.url);
    let (engine, _blobs) = open_postgres(&options).await.unwrap();
    let _durable = engine.commit(step(None)).await.unwrap();
    let snapshot = engine.snapshot().await.unwrap();
    assert!(snapshot.get(Table::Item, KEY).await.unwrap().is_some());
    proxy.shut(true);
    // Until the connections have ended.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let began = tokio::time::Instant::now();
    let view = engine.newest().await.unwrap();
    let (write, read) =
        tokio::join!(engine.commit(plain(put(Table::Item, b"x", b"y"))), view.get(Table::Item, KEY));
    assert_eq!(write.err(), Some(Error::Unavailable));
    assert_eq!(read.err(), Some(Error::Unavailable));
    assert_eq!(snapshot.get(Table::Item, KEY).await.err(), Some(Error::Unavailable), "its state is gone");
    let waited = began.elapsed().as_secs();
    assert!((9..20).contains(&waited), "{waited} s");
    // What comes within the bound is written.
    let late = engine.commit(plain(put(Table::Item, b"x", b"late")));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    proxy.shut(false);
    assert!(late.await.is_ok());
    let found = engine.snapshot().await.unwrap().get(Table::Item, b"x").await.unwrap();
    assert_eq!(found.as_deref(), Some(b"late".as_slice()), "and what was refused is not there");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn a_slow_database_is_waited_for() {
    let schema = Schema::new();
    let proxy = Proxy::start(&schema.0.url).await;
    let mut options = schema.0.clone();
    options.url = proxy.url(&options.url);
    let (engine, _blobs) = open_postgres(&options).await.unwrap();
    proxy.slow(std::time::Duration::from_secs(2));
    let began = tokio::time::Instant::now();
    let many: Vec<_> =
        (0..20_u32).map(|n| engine.commit(plain(put(Table::Item, &n.to_be_bytes(), b"x")))).collect();
    for one in many {
        let _durable = one.await.unwrap();
    }
    assert!(began.elapsed().as_secs() >= 2);
    proxy.slow(std::time::Duration::ZERO);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn a_database_that_acknowledges_too_early_is_refused() {
    let schema = Schema::new();
    let mut options = schema.0.clone();
    options.url = format!("{}&options=-c%20synchronous_commit%3Doff", options.url);
    assert!(matches!(open_postgres(&options).await.err(), Some(Error::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn an_unknown_layout_is_refused() {
    let schema = Schema::new();
    schema.open().0.close().await;
    schema.execute(&format!("UPDATE {}.format SET version = 99", schema.0.schema)).await;
    assert!(matches!(open_postgres(&schema.0).await.err(), Some(Error::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn tables_may_be_partitioned_by_account() {
    let schema = Schema::new();
    let name = &schema.0.schema;
    schema
        .execute(&format!(
            "CREATE SCHEMA {name}; \
             CREATE TABLE {name}.item (key bytea PRIMARY KEY, value bytea NOT NULL) PARTITION BY RANGE (key); \
             CREATE TABLE {name}.item_1 PARTITION OF {name}.item FOR VALUES FROM (MINVALUE) TO ('\\x00000100'); \
             CREATE TABLE {name}.item_2 PARTITION OF {name}.item FOR VALUES FROM ('\\x00000100') TO (MAXVALUE)"
        ))
        .await;
    let (engine, _blobs) = schema.open();
    for account in [1_u32, 0xff, 0x100, 0x7fff_ffff] {
        let key = account.to_be_bytes();
        let expect = vec![Precondition::Empty(Table::Item, Range::prefix(&key))];
        let batch = Batch { expect, ops: vec![put(Table::Item, &key, b"1")] };
        let _durable = engine.commit(batch.clone()).await.unwrap();
        assert_eq!(engine.commit(batch).await.err(), Some(Error::PreconditionFailed));
    }
    let rows =
        engine.snapshot().await.unwrap().scan(Table::Item, &Range::prefix(b""), 10, false).await.unwrap();
    assert!(rows.len() == 4 && rows.is_sorted());
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn readers_that_hold_a_connection_and_do_nothing_give_way() {
    let schema = Schema::new();
    let (engine, _blobs) = schema.open();
    let _durable = engine.commit(step(None)).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..schema.0.reader_count_max {
        let snapshot = engine.snapshot().await.unwrap();
        assert!(snapshot.get(Table::Item, KEY).await.unwrap().is_some());
        held.push(snapshot);
    }
    // Writers and single looks need none of those connections.
    let _durable = engine.commit(step(counter(&engine).await)).await.unwrap();
    let one_more = engine.snapshot().await.unwrap();
    assert_eq!(number(one_more.get(Table::Item, KEY).await.unwrap()), 2);
    let first = held.first().unwrap().get(Table::Item, KEY).await;
    assert_eq!(first.err(), Some(Error::Unavailable), "never another state than the promised one");
    drop(held);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn blobs_that_nobody_needs_go_after_their_rest() {
    let mut schema = Schema::new();
    schema.0.blob_rest = std::time::Duration::from_millis(300);
    let (engine, blobs) = schema.open();
    let mut ids = Vec::new();
    for body in ["held", "placed", "loose"] {
        let frame = blobs.append(Bytes::from_static(body.as_bytes())).await.unwrap();
        blobs.sync(frame.sequence).await.unwrap();
        ids.push(frame.id);
    }
    let [held, placed, loose] = ids.try_into().unwrap();
    let key = [held.0.as_slice(), &[0; 12]].concat();
    let ops = vec![put(Table::BlobRef, &key, b""), put(Table::Blob, &placed.0, &placed.0)];
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    assert_eq!(blobs.unneeded(None, 10).await.unwrap(), [], "too young");
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let found = blobs.unneeded(None, 10).await.unwrap();
    let mut expected = [placed, loose];
    expected.sort_unstable_by_key(|id: &BlobId| id.0);
    assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), expected);
    assert_eq!(blobs.discard(&[held, placed, loose]).await.unwrap(), 2, "what has a place stays");
    let place = |id: &BlobId| Place(Bytes::copy_from_slice(&id.0));
    assert_eq!(blobs.read(&loose, &place(&loose)).await.err(), Some(Error::Corrupt));
    assert!(blobs.read(&placed, &place(&placed)).await.is_ok());
    // Brought again: young again.
    let frame = blobs.append(Bytes::from_static(b"loose")).await.unwrap();
    blobs.sync(frame.sequence).await.unwrap();
    assert_eq!(blobs.discard(&[loose]).await.unwrap(), 0);
    engine.close().await;
}

#[test]
fn cleartext_stays_on_the_machine() {
    let check = |url: &str| PostgresOptions::new(url).check();
    for url in [
        "postgresql://collegium@db.example.org/collegium",
        "postgresql://collegium@db.example.org/collegium?sslmode=verify-full",
        "postgresql://127.0.0.1/collegium?sslmode=disable",
        "host=/run/postgresql dbname=collegium",
        "host=localhost sslmode=disable",
    ] {
        assert_eq!(check(url), Ok(()), "{url}");
    }
    for url in [
        "postgresql://collegium@db.example.org/collegium?sslmode=disable",
        "postgresql://127.0.0.1,db.example.org/collegium?sslmode=disable",
        "host=localhost hostaddr=192.0.2.1 sslmode=disable",
        "dbname=collegium",
        "postgresql://host:port/",
    ] {
        assert!(matches!(check(url), Err(Error::Invalid(_))), "{url}");
    }
    let mut options = PostgresOptions::new("host=/run/postgresql password=hunter2");
    options.password = Some("hunter2".to_owned());
    assert!(!format!("{options:?}").contains("hunter2"));
    options.schema = "a; DROP".to_owned();
    assert!(options.check().is_err());
}

/// Something that is no database, or a hostile one: an error in time, no panic.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_on_the_wire_is_an_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers: [&[u8]; 6] = [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        &[0; 64],
        &[0xff; 64],
        b"R\0\0\0\x08\0\0\0\x00Z\0\0\0\x05ID\0\0\0\x08\0\x05\0\0",
        b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0R\xff\xff\xff\xff",
    ];
    tokio::spawn(async move {
        for answer in answers.iter().cycle() {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut asked = [0; 512];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer).await;
        }
    });
    for _ in 0..answers.len() {
        for mode in ["disable", "require"] {
            let url = format!("postgresql://u:p@127.0.0.1:{port}/d?sslmode={mode}");
            assert!(open_postgres(&PostgresOptions::new(&url)).await.is_err());
        }
    }
}

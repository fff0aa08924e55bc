//! Every bound of this engine at its limit and past it, and what the database says when it cannot.

use super::{KEY, counter, number, plain, proxy::Proxy, put, step};
use crate::{
    Batch, Op, PostgresOptions, Table,
    limits::{
        BATCH_BYTES_MAX, BLOB_BYTES_MAX, POSTGRES_BLOB_WAITING_BYTES_MAX, POSTGRES_CONNECT_TIME_MAX,
        POSTGRES_READ_WAIT_MAX, POSTGRES_STATEMENT_COUNT_MAX, POSTGRES_STATEMENT_TIME_MAX,
        POSTGRES_WRITE_WAIT_MAX,
    },
    postgres::{link::Link, open_postgres, testing::Schema},
};
use bytes::Bytes;
use model::Error;
use std::time::Duration;
use tokio::time::Instant;

/// What a bound may be passed by on a busy machine.
const SLACK: Duration = Duration::from_secs(10);

fn within(since: Instant, bound: Duration) -> bool {
    (bound..bound + SLACK).contains(&since.elapsed())
}

/// Makes every change of items fail with this code, until it is lifted.
async fn fail(schema: &Schema, code: &str) {
    let name = &schema.0.schema;
    schema
        .execute(&format!(
            "CREATE FUNCTION {name}.fail() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '{code}'; END $$; \
             CREATE TRIGGER fail BEFORE INSERT ON {name}.item EXECUTE FUNCTION {name}.fail()"
        ))
        .await;
}

async fn lift(schema: &Schema) {
    let name = &schema.0.schema;
    schema.execute(&format!("DROP TRIGGER fail ON {name}.item; DROP FUNCTION {name}.fail()")).await;
}

/// Something that takes the connection and says nothing.
#[tokio::test]
async fn a_database_that_does_not_answer_is_given_up_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgresql://u:p@{}/d?sslmode=disable", listener.local_addr().unwrap());
    let since = Instant::now();
    assert_eq!(open_postgres(&PostgresOptions::new(&url)).await.err(), Some(Error::Unavailable));
    assert!(within(since, POSTGRES_CONNECT_TIME_MAX), "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn a_batch_at_the_limit_is_one_statement_and_one_past_is_refused() {
    let schema = Schema::new();
    let (engine, _blobs) = schema.open();
    let value = Bytes::from(vec![7; BATCH_BYTES_MAX - KEY.len()]);
    let large = |value: Bytes| plain(Op::Put(Table::Item, KEY.to_vec(), value));
    let _durable = engine.commit(large(value.clone())).await.unwrap();
    let found = engine.snapshot().await.unwrap().get(Table::Item, KEY).await.unwrap();
    assert!(found == Some(value), "to the octet");
    let past = engine.commit(large(Bytes::from(vec![7; BATCH_BYTES_MAX - KEY.len() + 1]))).await;
    assert_eq!(past.err(), Some(Error::TooLarge(BATCH_BYTES_MAX as u64)));
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn readers_that_work_keep_their_connections_and_one_more_is_refused_in_time() {
    let mut schema = Schema::new();
    schema.0.reader_count_max = 1;
    let (engine, _blobs) = schema.open();
    let _durable = engine.commit(step(None)).await.unwrap();
    let first = engine.snapshot().await.unwrap();
    let reading = tokio::spawn(async move {
        let since = Instant::now();
        while since.elapsed() < POSTGRES_READ_WAIT_MAX * 3 / 2 {
            assert!(first.get(Table::Item, KEY).await.unwrap().is_some(), "it is no idle one");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let since = Instant::now();
    let refused = engine.snapshot().await.unwrap().get(Table::Item, KEY).await;
    assert!(refused == Err(Error::Unavailable) && within(since, POSTGRES_READ_WAIT_MAX), "{refused:?}");
    // Within the bound of the next one it comes free.
    assert!(engine.snapshot().await.unwrap().get(Table::Item, KEY).await.unwrap().is_some());
    reading.await.unwrap();
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn a_statement_past_its_time_is_asked_for_again_and_happens_once() {
    let schema = Schema::new();
    let direct = schema.open().0;
    let proxy = Proxy::start(&schema.0.url).await;
    let mut options = schema.0.clone();
    options.url = proxy.url(&options.url);
    let (engine, _blobs) = open_postgres(&options).await.unwrap();
    let _durable = engine.commit(step(None)).await.unwrap();
    proxy.slow(POSTGRES_STATEMENT_TIME_MAX + Duration::from_secs(2));
    let since = Instant::now();
    let slow = engine.commit(step(counter(&direct).await));
    tokio::time::sleep(POSTGRES_STATEMENT_TIME_MAX - Duration::from_secs(1)).await;
    proxy.slow(Duration::ZERO);
    assert!(slow.await.is_ok() && within(since, POSTGRES_STATEMENT_TIME_MAX), "{:?}", since.elapsed());
    // What was held back arrives behind the fence.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(number(counter(&direct).await), 2);
    assert!(engine.commit(step(counter(&direct).await)).await.is_ok());
    engine.close().await;
    direct.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn collisions_are_tried_again_and_refused_past_the_wait() {
    let schema = Schema::new();
    let (engine, _blobs) = schema.open();
    let _durable = engine.commit(step(None)).await.unwrap();
    fail(&schema, "40001").await;
    let tried = engine.commit(step(counter(&engine).await));
    tokio::time::sleep(Duration::from_millis(500)).await;
    lift(&schema).await;
    assert!(tried.await.is_ok(), "another try was the good one");
    fail(&schema, "40P01").await;
    let since = Instant::now();
    let refused = engine.commit(step(counter(&engine).await)).await;
    assert!(refused == Err(Error::Unavailable) && within(since, POSTGRES_WRITE_WAIT_MAX), "{refused:?}");
    lift(&schema).await;
    assert_eq!(number(counter(&engine).await), 2, "what was refused has not happened");
    assert!(engine.commit(step(counter(&engine).await)).await.is_ok());
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn a_standby_is_no_primary_and_is_waited_for() {
    let schema = Schema::new();
    let (engine, _blobs) = schema.open();
    let _durable = engine.commit(step(None)).await.unwrap();
    // "cannot execute INSERT in a read-only transaction"
    fail(&schema, "25006").await;
    let tried = engine.commit(step(counter(&engine).await));
    tokio::time::sleep(Duration::from_millis(500)).await;
    lift(&schema).await;
    assert!(tried.await.is_ok(), "it was promoted in time");
    fail(&schema, "25006").await;
    let since = Instant::now();
    let refused = engine.commit(step(counter(&engine).await)).await;
    assert!(refused == Err(Error::Unavailable) && within(since, POSTGRES_WRITE_WAIT_MAX), "{refused:?}");
    lift(&schema).await;
    assert_eq!(number(counter(&engine).await), 2);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn what_the_database_says_is_told_at_once() {
    let schema = Schema::new();
    let (engine, _blobs) = schema.open();
    for (code, told) in [("53100", Error::DiskFull), ("XX001", Error::Corrupt), ("54000", Error::Unavailable)]
    {
        fail(&schema, code).await;
        let since = Instant::now();
        assert_eq!(engine.commit(plain(put(Table::Item, KEY, b"x"))).await.err(), Some(told), "{code}");
        assert!(since.elapsed() < POSTGRES_WRITE_WAIT_MAX, "{code}");
        lift(&schema).await;
        assert!(
            engine
                .commit(Batch { expect: Vec::new(), ops: vec![put(Table::Item, b"y", b"z")] })
                .await
                .is_ok()
        );
    }
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn bodies_wait_up_to_their_bound_and_one_more_is_refused_in_time() {
    let schema = Schema::new();
    let proxy = Proxy::start(&schema.0.url).await;
    let mut options = schema.0.clone();
    options.url = proxy.url(&options.url);
    let (engine, blobs) = open_postgres(&options).await.unwrap();
    let body = |n: usize| Bytes::from(vec![u8::try_from(n).unwrap(); BLOB_BYTES_MAX]);
    proxy.shut(true);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut last = None;
    for n in 0..POSTGRES_BLOB_WAITING_BYTES_MAX / BLOB_BYTES_MAX {
        last = Some(blobs.append(body(n)).await.unwrap());
    }
    let last = last.unwrap();
    let since = Instant::now();
    let (more, synced) = tokio::join!(blobs.append(Bytes::from_static(b"x")), blobs.sync(last.sequence));
    assert_eq!((more.err(), synced.err()), (Some(Error::Unavailable), Some(Error::Unavailable)));
    assert!(within(since, POSTGRES_WRITE_WAIT_MAX), "{:?}", since.elapsed());
    proxy.shut(false);
    assert_eq!(blobs.sync(last.sequence).await, Ok(()));
    assert!(blobs.append(Bytes::from_static(b"x")).await.is_ok(), "there is room again");
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a database: conformance/run starts one"]
async fn prepared_statements_at_the_limit_and_one_past() {
    let schema = Schema::new();
    let link = Link::open(&schema.0.target().unwrap(), false).await.unwrap();
    let prepare = async |n: usize| link.prepared(n as u128, || format!("SELECT {n}")).await.unwrap();
    for n in 0..POSTGRES_STATEMENT_COUNT_MAX {
        prepare(n).await;
    }
    assert_eq!(link.statement_count(), POSTGRES_STATEMENT_COUNT_MAX);
    prepare(0).await;
    assert_eq!(link.statement_count(), POSTGRES_STATEMENT_COUNT_MAX);
    prepare(POSTGRES_STATEMENT_COUNT_MAX).await;
    assert_eq!(link.statement_count(), 1, "the database need not keep more");
}

//! An empty store, an older one, a newer one.

use super::*;
use engine::sim::SimEngine;

async fn put(engine: &Arc<dyn Engine>, table: Table, key: &[u8], value: Vec<u8>) {
    let ops = vec![Op::Put(table, key.to_vec(), value.into())];
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
}

async fn stored(engine: &Arc<dyn Engine>) -> Option<Bytes> {
    engine.snapshot().await.unwrap().get(Table::Meta, KEY).await.unwrap()
}

#[tokio::test]
async fn an_empty_store_is_of_the_present_format() {
    let engine: Arc<dyn Engine> = SimEngine::new(1);
    let admission = admit(&engine, "9.9.9").await.unwrap();
    assert_eq!(admission, Admission { found: FORMAT, build: String::new(), admitted: true });
    let again = admit(&engine, "9.9.10").await.unwrap();
    assert_eq!(again, Admission { found: FORMAT, build: "9.9.9".into(), admitted: true });
}

#[tokio::test]
async fn a_store_without_a_number_is_the_first_and_gets_one() {
    let engine: Arc<dyn Engine> = SimEngine::new(1);
    put(&engine, Table::Account, &[0, 0, 0, 1], vec![1]).await;
    let admission = admit(&engine, "9.9.9").await.unwrap();
    assert_eq!(admission, Admission { found: 1, build: String::new(), admitted: true });
    assert_eq!(stored(&engine).await.unwrap(), [&FORMAT.to_be_bytes()[..], b"9.9.9"].concat());
    assert_eq!(admit(&engine, "9.9.9").await.unwrap().found, FORMAT);
}

#[tokio::test]
async fn a_newer_store_is_refused_and_left_as_it_is() {
    let engine: Arc<dyn Engine> = SimEngine::new(1);
    let newer = [&(FORMAT + 1).to_be_bytes()[..], b"12.0"].concat();
    put(&engine, Table::Meta, KEY, newer.clone()).await;
    let admission = admit(&engine, "9.9.9").await.unwrap();
    assert_eq!(admission, Admission { found: FORMAT + 1, build: "12.0".into(), admitted: false });
    assert_eq!(stored(&engine).await.unwrap(), newer);
}

#[tokio::test]
async fn a_number_that_cannot_be_read_is_corrupt() {
    let engine: Arc<dyn Engine> = SimEngine::new(1);
    put(&engine, Table::Meta, KEY, vec![0, 0, 1]).await;
    assert_eq!(admit(&engine, "9.9.9").await, Err(Error::Corrupt));
}

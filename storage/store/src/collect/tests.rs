//! What is needed stays, what is not goes, whoever comes between. Segments are the simulated disk's.

mod between;

use super::*;
use crate::{
    fsck::Depth,
    testing::{content, files, object, put, remove, store, store_on, writer},
};
use engine::sim::SimDisk;

fn bytes(seed: u8) -> Vec<u8> {
    vec![seed; 10_000]
}

async fn sound(store: &Store) {
    assert_eq!(store.fsck_all(Depth::Bytes).await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_collected_that_is_needed() {
    let store = store();
    for seed in 0..20 {
        put(&store, &format!("{seed}"), &bytes(seed)).await;
    }
    assert_eq!(store.collect().await.unwrap(), Collected::default());
    sound(&store).await;
}

#[tokio::test]
async fn dead_segments_go_and_what_lives_in_them_moves() {
    let store = store_on(&SimDisk::new(1));
    for seed in 0..40 {
        put(&store, &format!("{seed}"), &bytes(seed)).await;
    }
    for seed in (0..40).filter(|seed| seed % 4 != 0) {
        remove(&store, &format!("{seed}")).await;
    }
    let collected = store.collect().await.unwrap();
    assert!(collected.segment_count >= 9 && collected.forgotten_count >= 27, "{collected:?}");
    assert!(collected.moved_bytes > 0 && collected.freed_bytes > 2 * collected.moved_bytes, "{collected:?}");
    for seed in (0..40).step_by(4) {
        assert_eq!(content(&store, &format!("{seed}")).await.unwrap(), bytes(seed));
    }
    sound(&store).await;
    // What was forgotten can come again.
    put(&store, "again", &bytes(1)).await;
    assert_eq!(content(&store, "again").await.unwrap(), bytes(1));
    sound(&store).await;
}

#[tokio::test]
async fn an_upload_in_flight_is_left_alone() {
    let store = store_on(&SimDisk::new(1));
    let waiting = object(&store, &bytes(1)).await;
    for seed in 2..20 {
        put(&store, &format!("{seed}"), &bytes(seed)).await;
        remove(&store, &format!("{seed}")).await;
    }
    assert_eq!(store.collect().await.unwrap().segment_count, 0);
    let mut writer = writer(&store).await;
    let files = files(&writer).await;
    writer.put_object(&files, "waited", waiting).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    assert!(store.collect().await.unwrap().segment_count > 0);
    assert_eq!(content(&store, "waited").await.unwrap(), bytes(1));
    sound(&store).await;
}

#[tokio::test]
async fn an_upload_that_was_given_up_goes() {
    let store = store_on(&SimDisk::new(1));
    for seed in 0..10 {
        drop(object(&store, &bytes(seed)).await);
    }
    let collected = store.collect().await.unwrap();
    assert!(collected.segment_count >= 2 && collected.moved_bytes == 0, "{collected:?}");
    sound(&store).await;
}

#[tokio::test]
async fn collection_goes_on_after_a_cut_at_any_step() {
    for step in 1..120 {
        let disk = SimDisk::new(step);
        let store = store_on(&disk);
        for seed in 0..24 {
            put(&store, &format!("{seed}"), &bytes(seed)).await;
        }
        for seed in (0..24).filter(|seed| seed % 3 != 0) {
            remove(&store, &format!("{seed}")).await;
        }
        disk.cut_at(disk.steps() + step);
        let ended = store.collect().await.is_ok();
        disk.cut();
        disk.restore();
        let store = store_on(&disk);
        sound(&store).await;
        store.collect().await.unwrap();
        for seed in (0..24).step_by(3) {
            assert_eq!(content(&store, &format!("{seed}")).await.unwrap(), bytes(seed));
        }
        sound(&store).await;
        if ended {
            return;
        }
    }
    panic!("the collection never came to its end");
}

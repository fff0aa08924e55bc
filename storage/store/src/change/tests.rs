//! What changed since a Modseq, page by page.

use crate::testing::{files, put, reader, remove, store, writer};
use model::{Error, Modseq};

fn names<T>(list: &[(String, T)]) -> Vec<&str> {
    list.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn each_name_is_told_once_at_its_last_change() {
    let store = store();
    let start = put(&store, "a", b"1").await;
    put(&store, "b", b"1").await;
    put(&store, "b", b"2").await;
    put(&store, "c", b"1").await;
    remove(&store, "c").await;
    remove(&store, "a").await;
    let end = put(&store, "a", b"3").await;
    let reader = reader(&store).await;
    let files = files(&reader).await;
    let set = reader.changes(&files, start, 100).await.unwrap();
    assert_eq!(names(&set.changed), ["a", "b"]);
    assert_eq!(names(&set.removed), ["c"]);
    assert_eq!((set.upto, set.more), (end, false));
    let nothing = reader.changes(&files, end, 100).await.unwrap();
    assert!(nothing.changed.is_empty() && nothing.removed.is_empty());
}

#[tokio::test]
async fn pages_end_between_modseqs_and_cover_everything() {
    let store = store();
    let start = put(&store, "first", b"").await;
    for n in 0..25 {
        put(&store, &format!("f{n:02}"), b"x").await;
    }
    let mut writer = writer(&store).await;
    let folder = files(&writer).await;
    for n in 0..10 {
        writer.remove_object(&folder, &format!("f{n:02}")).await.unwrap();
    }
    writer.commit(()).await.unwrap();
    let reader = reader(&store).await;
    let folder = files(&reader).await;
    let (mut since, mut changed, mut removed, mut pages) = (start, 0, 0, 0);
    loop {
        let set = reader.changes(&folder, since, 4).await.unwrap();
        assert!(set.upto > since);
        (changed, removed, pages) = (changed + set.changed.len(), removed + set.removed.len(), pages + 1);
        since = set.upto;
        if !set.more {
            break;
        }
    }
    assert_eq!((changed, removed), (15, 10));
    assert!(pages >= 4);
    assert_eq!(since, reader.modseq());
}

#[tokio::test]
async fn tokens_outside_the_collections_life_are_refused() {
    let store = store();
    let last = put(&store, "a", b"").await;
    let reader = reader(&store).await;
    let files = files(&reader).await;
    assert_eq!(reader.changes(&files, last.next(), 10).await, Err(Error::StaleToken));
    assert_eq!(reader.changes(&files, Modseq(0), 10).await, Err(Error::StaleToken));
    let floor = files.row().floor;
    assert_eq!(reader.changes(&files, floor, 10).await.unwrap().changed.len(), 1);
}

//! True losses are named, stay until they are to go, and cost nothing else.

use super::*;
use crate::{
    Content, Mailbox,
    testing::{principal, reader},
};
use engine::Place;
use model::{Rights, Uid};

/// The house with one bit of the message "two" flipped, which INBOX, Work/2026 and a removed mailbox share.
async fn flipped() -> (House, model::BlobId) {
    let house = House::new(1).await;
    let reader = reader(&house.store).await;
    let inbox = reader.open_mailbox("INBOX", Rights::READ).await.unwrap();
    let row = reader.entry::<Mailbox>(&inbox, &Uid(2)).await.unwrap().unwrap();
    let Content::Chunks(chunks) = reader.message(row.message).await.unwrap().body.content else {
        panic!("inline")
    };
    let place = reader.view().get(Table::Blob, &Key::blob(&chunks[0].id).done()).await.unwrap().unwrap();
    house.disk.blobs().flip(&Place(place), 12_345).unwrap();
    (house, chunks[0].id)
}

#[tokio::test]
async fn a_rotten_blob_is_named_and_kept() {
    let (house, id) = flipped().await;
    let repaired = house.store.repair_all(OPTIONS).await.unwrap();
    let [Finding { fault: Fault::DamagedBlob(_, blob), .. }] = repaired.remaining.as_slice() else {
        panic!("{:?}", repaired.remaining)
    };
    assert_eq!(*blob, id);
    let lost = repaired.lost().into_iter().map(|(_, item)| item).collect();
    let named = house.store.damaged(ALICE, &lost).await.unwrap();
    let named: Vec<_> =
        named.iter().map(|one| (one.path.as_str(), one.name.as_str(), one.subject.as_deref())).collect();
    let two = Some("two");
    // Of the removed mailbox too.
    assert_eq!(named, [("INBOX", "2", two), ("Work/2026", "2", two), ("Old", "1", two)]);
    let reader = house.store.read(&principal(ALICE), ALICE).await.unwrap();
    let inbox = reader.open_mailbox("INBOX", Rights::READ).await.unwrap();
    assert!(reader.entry::<Mailbox>(&inbox, &Uid(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_rotten_blob_goes_where_that_is_asked_for() {
    let (house, _) = flipped().await;
    let options = RepairOptions { drop_damaged: true, ..OPTIONS };
    let repaired = house.store.repair_all(options).await.unwrap();
    assert_eq!(repaired.remaining, []);
    assert_eq!(house.store.fsck_all(Depth::Bytes).await.unwrap(), []);
    let dropped: Vec<_> = repaired.notes.iter().filter(|note| matches!(note, Note::Dropped(..))).collect();
    assert_eq!(dropped.len(), 3, "{:?}", repaired.notes);
    let served = served(&house.store, true).await;
    assert!(!served.contains_key("m/INBOX/2") && served.contains_key("m/INBOX/3"), "{:?}", served.keys());
}

#[tokio::test]
async fn another_whole_copy_takes_the_place_of_a_rotten_one() {
    let (house, id) = flipped().await;
    // The same octets once more, as a second upload brings them.
    let mut upload = house.store.upload(u64::MAX);
    upload.write(&house::mail("two", 30_000)).await.unwrap();
    drop(upload.finish().await.unwrap());
    let repaired = house.store.repair_all(OPTIONS).await.unwrap();
    assert_eq!(repaired.remaining, [], "{id}");
}

#[tokio::test]
async fn octets_without_an_item_are_put_where_they_are_found() {
    let house = House::new(2).await;
    let mut ops = Vec::new();
    for table in [Table::Item, Table::Changed] {
        ops.extend(rows(&house.engine, table).await.into_iter().map(|(key, _)| Op::Delete(table, key)));
    }
    damage(&house.engine, ops).await;
    let repaired = mended(&house, "items and slots").await;
    let recovered = repaired.notes.iter().filter(|note| matches!(note, Note::Recovered(..))).count();
    // Two messages (the third is still held by what was removed), five files, two events and a card.
    assert_eq!(recovered, 2 + 5 + 3, "{:?}", repaired.notes);
    let served = served(&house.store, false).await;
    assert!(served.contains_key("m/Recovered/2"), "{:?}", served.keys());
    assert!(served.keys().any(|path| path.starts_with("f/Recovered/") && path.ends_with(".ics")));
}

#[tokio::test]
async fn a_lost_inline_body_is_named() {
    let house = House::new(3).await;
    let bodies = rows(&house.engine, Table::Body).await;
    let (key, _) = bodies.iter().find(|(_, value)| value.ends_with(b"small")).unwrap();
    damage(&house.engine, vec![Op::Delete(Table::Body, key.clone())]).await;
    let repaired = house.store.repair_all(OPTIONS).await.unwrap();
    let lost = repaired.lost().into_iter().map(|(_, item)| item).collect();
    let named = house.store.damaged(ALICE, &lost).await.unwrap();
    let named: Vec<_> = named.iter().map(|one| format!("{}/{}", one.path, one.name)).collect();
    assert_eq!(named, ["files/small"]);
    let options = RepairOptions { drop_damaged: true, ..OPTIONS };
    assert_eq!(house.store.repair_all(options).await.unwrap().remaining, []);
}

#[tokio::test]
async fn a_rotten_list_costs_nothing() {
    let house = House::new(4).await;
    let octets: Vec<u8> = (0..700_000_u32).flat_map(u32::to_be_bytes).collect();
    crate::testing::put(&house.store, "listed", &octets).await;
    let before = served(&house.store, true).await;
    let bodies = rows(&house.engine, Table::Body).await;
    let listed = bodies.iter().filter_map(|(_, value)| decode::<crate::Body>(value).ok()).find_map(|body| {
        let Content::Chunks(chunks) = body.content else { return None };
        chunks.last().filter(|chunk| chunk.is_list() && body.size == 2_800_000).copied()
    });
    let list = listed.unwrap();
    let place = rows(&house.engine, Table::Blob)
        .await
        .into_iter()
        .find(|(key, _)| *key == Key::blob(&list.id).done());
    house.disk.blobs().flip(&Place(place.unwrap().1), 30).unwrap();
    let found = house.store.fsck_all(Depth::Bytes).await.unwrap();
    assert!(
        matches!(found.as_slice(), [Finding { fault: Fault::NoList(_, id), .. }] if *id == list.id),
        "{found:?}"
    );
    let repaired = mended(&house, "a list").await;
    assert_eq!((repaired.lost().len(), repaired.notes.len()), (0, 0));
    assert_eq!(served(&house.store, true).await, before);
}

/// Every fault that pages of what people have seen can have, and what each costs.
#[tokio::test]
async fn pages_of_what_was_seen_that_are_none_go_and_clients_hear_of_it() {
    let house = House::new(7).await;
    let mut writer = crate::testing::writer(&house.store).await;
    let inbox = writer.open_mailbox("INBOX", Rights::OWNER).await.unwrap();
    let work = writer.open_mailbox("Work/2026", Rights::OWNER).await.unwrap();
    writer.choose_seen(&inbox, Some(true)).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    let mended_before = rows(&house.engine, Table::Seen).await;
    assert_eq!(mended_before.len(), 1, "what was seen before, for everybody");
    let key = |id, who: u32, page| crate::seen::seen_key(ALICE, id, model::AccountId(who), page);
    let runs = |runs: &[u16]| encode(&crate::seen::SeenRuns(runs.to_vec())).unwrap();
    let ahead = reader(&house.store).await.row(&inbox).await.unwrap().uid_next;
    let ahead = u16::try_from(ahead.0).unwrap();
    let stray = [
        (key(CollectionId(9_999), 2, 0), runs(&[0, 1])),
        (key(work.id(), 2, 0), runs(&[0, 1])),
        (key(inbox.id(), ALICE.0, 0), runs(&[0, 1])),
        (key(inbox.id(), 2, 0)[..14].to_vec(), runs(&[0, 1])),
    ];
    let lost = [
        (key(inbox.id(), 5, 0), Bytes::from_static(b"\xffx")),
        (key(inbox.id(), 6, 0), runs(&[0, 5_000])),
        (key(inbox.id(), 7, 0), runs(&[1, 1, 1])),
        (key(inbox.id(), 8, 0), runs(&[1, 1, 0, 1])),
    ];
    let cut = [(key(inbox.id(), 3, 0), runs(&[1, ahead])), (key(inbox.id(), 3, 1), runs(&[0, 1]))];
    let put = |(key, value): &(Vec<u8>, Bytes)| Op::Put(Table::Seen, key.clone(), value.clone());
    damage(&house.engine, stray.iter().chain(&lost).chain(&cut).map(put).collect()).await;
    let before = reader(&house.store).await.row(&inbox).await.unwrap().modseq;
    let found = house.store.fsck(ALICE, Depth::Records).await.unwrap();
    assert_eq!(found.len(), stray.len() + lost.len() + cut.len(), "{found:?}");
    let repaired = mended(&house, "pages").await;
    assert_eq!(repaired.notes.len(), stray.len() + lost.len(), "{:?}", repaired.notes);
    let left = rows(&house.engine, Table::Seen).await;
    let kept = (key(inbox.id(), 3, 0), runs(&[1, ahead - 1]));
    let empty = (key(inbox.id(), 3, 1), runs(&[]));
    assert_eq!(left, [mended_before, vec![kept, empty]].concat());
    let reader = reader(&house.store).await;
    let changes = reader.changes(&inbox, before, 100).await.unwrap();
    assert_eq!(changes.changed.len() as u64, reader.row(&inbox).await.unwrap().count);
}

#[tokio::test]
async fn annotations_of_nothing_go_and_those_of_something_stay() {
    let house = House::new(5).await;
    let account = Key::collection(ALICE, CollectionId::ROOT).number(0).bytes(b"/shared/comment").done();
    let nowhere = Key::collection(ALICE, CollectionId(9_999)).number(0).bytes(b"/shared/comment").done();
    let nameless = Key::collection(ALICE, CollectionId::ROOT).number(0).done();
    let put = |key: &Vec<u8>| Op::Put(Table::Metadata, key.clone(), Bytes::from_static(b"x"));
    let before = rows(&house.engine, Table::Metadata).await.len();
    damage(&house.engine, [&account, &nowhere, &nameless].map(put).to_vec()).await;
    let found = house.store.fsck_all(Depth::Records).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|finding| finding.fault).collect();
    assert_eq!(
        found,
        [
            Fault::Unreadable(Table::Metadata, nameless),
            Fault::DanglingRecord(Table::Metadata, CollectionId(9_999))
        ]
    );
    mended(&house, "annotations").await;
    let left = rows(&house.engine, Table::Metadata).await;
    assert!(left.len() == before + 1 && left.iter().any(|(key, _)| *key == account));
}

//! What survives what.

use super::*;
use crate::cut::{Loss, renumbered, survivors};

fn file(disk: &mut Disk, parent: u64, name: &str, text: &[u8]) -> u64 {
    let number = disk.make(parent, name.as_ref(), Node::new(Kind::File, 0o600, (0, 0))).expect("made");
    disk.write(number, 0, text).expect("written");
    number
}

fn text(disk: &Disk, path: &str) -> Option<Vec<u8>> {
    let number = disk.find(path).ok()?;
    disk.node(number).ok().map(|node| node.content.read(0, 1 << 20))
}

fn after(disk: &Disk, loss: Loss) -> Disk {
    survivors(disk, 1, loss).0
}

#[test]
fn a_journal_keeps_names_with_any_sync_and_bytes_with_their_own() {
    let mut disk = Disk::new(Order::Journal);
    file(&mut disk, ROOT, "a", b"aaa");
    let b = file(&mut disk, ROOT, "b", b"bbb");
    disk.sync(b).expect("synced");
    file(&mut disk, ROOT, "c", b"ccc");
    let found = after(&disk, Loss::Drop);
    assert_eq!(text(&found, "a"), Some(vec![]));
    assert_eq!(text(&found, "b"), Some(b"bbb".to_vec()));
    assert_eq!(text(&found, "c"), None);
    assert_eq!(text(&after(&disk, Loss::Keep), "c"), Some(b"ccc".to_vec()));
}

#[test]
fn strictly_a_name_needs_the_sync_of_its_directory_and_so_does_that_of_the_directory() {
    let mut disk = Disk::new(Order::Strict);
    let folder = disk.make(ROOT, "d".as_ref(), Node::new(Kind::Directory, 0o700, (0, 0))).expect("made");
    let a = file(&mut disk, folder, "a", b"aaa");
    disk.sync(a).expect("synced");
    disk.sync_directory(folder).expect("synced");
    assert_eq!(text(&after(&disk, Loss::Drop), "d"), None);
    disk.sync_directory(ROOT).expect("synced");
    assert_eq!(text(&after(&disk, Loss::Drop), "d/a"), Some(b"aaa".to_vec()));
}

#[test]
fn a_rename_is_there_whole_or_not_at_all() {
    for order in [Order::Strict, Order::Journal] {
        let mut disk = Disk::new(order);
        let old = file(&mut disk, ROOT, "current", b"old");
        disk.sync(old).expect("synced");
        disk.sync_directory(ROOT).expect("synced");
        let new = file(&mut disk, ROOT, "draft", b"new");
        disk.sync(new).expect("synced");
        disk.rename((ROOT, "draft".as_ref()), (ROOT, "current".as_ref())).expect("renamed");
        for seed in 0..20 {
            let found = survivors(&disk, seed, Loss::Any).0;
            let current = text(&found, "current").expect("never without");
            assert!(current == b"old" || (current == b"new" && text(&found, "draft").is_none()));
        }
        assert_eq!(text(&after(&disk, Loss::Drop), "current"), Some(b"old".to_vec()));
        disk.sync_directory(ROOT).expect("synced");
        assert_eq!(text(&after(&disk, Loss::Drop), "current"), Some(b"new".to_vec()));
        assert_eq!(disk.nodes.len(), 2, "the file that was replaced is forgotten");
    }
}

#[test]
fn two_names_change_places_whole_or_not_at_all() {
    for order in [Order::Strict, Order::Journal] {
        let mut disk = Disk::new(order);
        for name in ["old", "new"] {
            let folder =
                disk.make(ROOT, name.as_ref(), Node::new(Kind::Directory, 0o700, (0, 0))).expect("made");
            let inside = file(&mut disk, folder, "a", name.as_bytes());
            disk.sync(inside).expect("synced");
            disk.sync_directory(folder).expect("synced");
        }
        disk.sync_directory(ROOT).expect("synced");
        disk.exchange((ROOT, "old".as_ref()), (ROOT, "new".as_ref())).expect("exchanged");
        let both = |disk: &Disk| (text(disk, "old/a").expect("there"), text(disk, "new/a").expect("there"));
        let (before, behind) = ((b"old".to_vec(), b"new".to_vec()), (b"new".to_vec(), b"old".to_vec()));
        assert_eq!(both(&disk), behind);
        for seed in 0..20 {
            let found = both(&survivors(&disk, seed, Loss::Any).0);
            assert!(found == before || found == behind);
        }
        assert_eq!(both(&after(&disk, Loss::Drop)), before);
        disk.sync_directory(ROOT).expect("synced");
        assert_eq!(both(&after(&disk, Loss::Drop)), behind);
        assert_eq!(disk.nodes.len(), 5, "none is forgotten");
    }
}

#[test]
fn a_removed_file_comes_back_until_its_directory_is_synced() {
    let mut disk = Disk::new(Order::Strict);
    let a = file(&mut disk, ROOT, "a", &[7; 9000]);
    disk.sync(a).expect("synced");
    disk.sync_directory(ROOT).expect("synced");
    disk.remove(ROOT, "a".as_ref()).expect("removed");
    assert_eq!(disk.pages_used, 0);
    assert_eq!(text(&after(&disk, Loss::Drop), "a"), Some(vec![7; 9000]));
    disk.sync_directory(ROOT).expect("synced");
    assert_eq!(text(&after(&disk, Loss::Drop), "a"), None);
    assert!(!disk.nodes.contains_key(&a));
}

#[test]
fn torn_writes_are_of_whole_sectors_and_never_of_what_was_synced() {
    let mut disk = Disk::new(Order::Journal);
    let a = file(&mut disk, ROOT, "a", &[1; 10_000]);
    disk.sync(a).expect("synced");
    disk.write(a, 700, &[2; 9300]).expect("written");
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..1000 {
        let (found, toll) = survivors(&disk, seed, Loss::Torn);
        let held = text(&found, "a").expect("there");
        assert!(held.iter().take(700).all(|byte| *byte == 1) && held.len() == 10_000);
        for (at, pair) in held.windows(2).enumerate() {
            assert!(pair[0] == pair[1] || at + 1 == 700 || (at + 1) % 512 == 0, "torn at {at}, seed {seed}");
        }
        assert_eq!(toll.kept + toll.dropped + toll.torn, 1);
        seen.insert(held);
        assert_eq!(text(&survivors(&disk, seed, Loss::Torn).0, "a"), text(&found, "a"), "seeded");
    }
    assert!(seen.len() > 20);
}

#[test]
fn a_failed_sync_loses_for_good() {
    let mut disk = Disk::new(Order::Journal);
    let a = file(&mut disk, ROOT, "a", b"one");
    disk.sync(a).expect("synced");
    disk.write(a, 0, b"two").expect("written");
    disk.sync_badly(a);
    disk.sync(a).expect("synced");
    assert_eq!(text(&disk, "a"), Some(b"two".to_vec()));
    assert_eq!(text(&after(&disk, Loss::Keep), "a"), Some(b"one".to_vec()));
}

#[test]
fn full_and_room_again() {
    let mut disk = Disk::new(Order::Journal);
    disk.pages_max = 2;
    let a = file(&mut disk, ROOT, "a", &[1; 8192]);
    assert_eq!(disk.write(a, 8192, b"x"), Err(Refusal::Full));
    disk.write(a, 0, b"over").expect("needs no page");
    disk.resize(a, 4096).expect("shorter");
    disk.write(a, 4096, b"x").expect("room again");
    assert_eq!(disk.space(), (0, 8192));
    let copy = renumbered(&disk, 100);
    assert_eq!((copy.pages_used, text(&copy, "a")), (2, text(&disk, "a")));
}

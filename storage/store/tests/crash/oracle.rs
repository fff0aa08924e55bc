//! What is asked of the store after a cut, and of every snapshot while it works. The numbers are those of the
//! oracle in the design's test matrix.

use crate::{
    ACCOUNTS, Shared,
    events::UID,
    history::{File, Folder, Mailbox, Message, State},
    owner,
};
use engine::sim::Dice;
use model::{AccountId, BlobId, CollectionId, CollectionKind, Error, ItemId, Modseq, Rights, Uid};
use std::collections::{BTreeMap, BTreeSet};
use store::{Body, Collection, CollectionRow, Depth, Kind, ObjectKind, Reader, Store};

/// Everything a reader sees, with every body read and hashed.
pub(crate) async fn observe(reader: &Reader) -> State {
    let store = reader.store();
    let account = reader.account_row();
    let (limit, next) = (account.quota.limit_bytes, account.next_collection.0);
    let mut state = State { limit, next, ..State::default() };
    for entry in reader.mailboxes().await.unwrap() {
        let opened = reader.open::<store::Mailbox>(entry.id, Rights::READ).await.unwrap();
        let mut messages = BTreeMap::new();
        for (uid, row) in reader.entries(&opened, None, 10_000).await.unwrap() {
            let record = reader.message(row.message).await.unwrap();
            let (hash, bytes) = read(store, &record.body).await;
            assert_eq!((hash, bytes), (record.body.hash, row.size));
            messages.insert(uid.0, Message { hash, bytes, flags: row.flags });
        }
        let row = entry.row;
        state.mailboxes.insert(
            entry.id,
            Mailbox {
                parent: row.parent,
                name: row.name,
                uid_validity: row.uid_validity.0,
                uid_next: row.uid_next.0,
                modseq: row.modseq,
                messages,
            },
        );
    }
    let mut waiting = reader.children(CollectionId::ROOT, CollectionKind::Folder).await.unwrap();
    while let Some((id, row)) = waiting.pop() {
        waiting.extend(reader.children(id, CollectionKind::Folder).await.unwrap());
        let folder = reader.open::<store::Folder>(id, Rights::READ).await.unwrap();
        let mut files = files(reader, &folder).await;
        for (item, file) in files.values_mut() {
            file.properties = reader.item_properties(&folder, &[*item]).await.unwrap().remove(0);
        }
        state.folders.insert(id, as_folder(row, files));
    }
    for (id, row) in reader.children(CollectionId::ROOT, CollectionKind::Calendar).await.unwrap() {
        let calendar = reader.open::<store::Calendar>(id, Rights::READ).await.unwrap();
        let mut files = files(reader, &calendar).await;
        for (name, (item, file)) in &mut files {
            let uid = reader.uid_of(&calendar, *item).await.unwrap().unwrap();
            assert_eq!(reader.name_of_uid(&calendar, &uid).await.unwrap().as_ref(), Some(name));
            file.properties.insert(UID.to_owned(), uid);
        }
        state.calendars.insert(id, as_folder(row, files));
    }
    state
}

fn as_folder(row: CollectionRow, files: BTreeMap<String, (ItemId, File)>) -> Folder {
    let files = files.into_iter().map(|(name, (_, file))| (name, file)).collect();
    Folder { parent: row.parent, name: row.name, modseq: row.modseq, files }
}

async fn files<K: ObjectKind>(reader: &Reader, folder: &Collection<K>) -> BTreeMap<String, (ItemId, File)> {
    let mut files = BTreeMap::new();
    for (name, row) in reader.entries(folder, None, 10_000).await.unwrap() {
        let (hash, bytes) = read(reader.store(), &reader.object_body(row.item).await.unwrap()).await;
        // I5: the ETag is the octets'.
        assert_eq!((hash, bytes), (row.hash, row.size));
        files.insert(name, (row.item, File { hash, bytes, properties: BTreeMap::new() }));
    }
    files
}

pub(crate) async fn read(store: &Store, body: &Body) -> (BlobId, u64) {
    let bytes = store.body(body, 0..u64::MAX).collect().await.unwrap();
    (BlobId(*blake3::hash(&bytes).as_bytes()), bytes.len() as u64)
}

/// The whole check after the power came back.
pub(crate) async fn after_the_cut(store: &Store, world: &Shared, dice: &mut Dice) {
    let there = store.accounts(None, 10).await.unwrap();
    for account in ACCOUNTS {
        if !there.contains(&account) {
            let mut world = world.lock().unwrap();
            let history = world.of(account);
            assert_eq!(history.promised, Modseq(0), "the account is gone");
            history.states.clear();
            continue;
        }
        let reader = store.read(&owner(account), account).await.unwrap();
        {
            let mut world = world.lock().unwrap();
            let history = world.of(account);
            // I1, I3: nothing that was acknowledged or shown is lost, no counter goes back.
            assert!(reader.modseq() >= history.promised, "{:?} < {:?}", reader.modseq(), history.promised);
            history.states.retain(|modseq, _| *modseq <= reader.modseq());
            history.promise(reader.modseq());
        }
        // I1, I2, I3, I5, I6: the state is exactly that after the last surviving batch.
        compare(&reader, world).await;
        for _ in 0..4 {
            delta(&reader, world, dice).await;
        }
        let state = world.lock().unwrap().of(account).at(reader.modseq()).unwrap().clone();
        // I7.
        assert_eq!((reader.quota().used_bytes, reader.quota().used_count), (state.used(), state.count()));
    }
    crate::deliver::check(store, world).await;
    // I8, I10: nothing dangles, every sum is right; every blob is whole (those of items were read above).
    let findings = store.fsck_all(Depth::Records).await.unwrap();
    assert!(findings.is_empty(), "{findings:#?}");
    if dice.once_in(3) {
        store.collect().await.unwrap();
        let findings = store.fsck_all(Depth::Bytes).await.unwrap();
        assert!(findings.is_empty(), "after collection: {findings:#?}");
    }
}

/// A snapshot shows exactly the state of its Modseq.
pub(crate) async fn compare(reader: &Reader, world: &Shared) {
    let observed = observe(reader).await;
    let mut world = world.lock().unwrap();
    let history = world.of(reader.account());
    match history.at(reader.modseq()) {
        Some(expected) if *expected == observed => {}
        Some(expected) => panic!(
            "account {} at {:?}: {}",
            reader.account(),
            reader.modseq(),
            difference(&observed, expected)
        ),
        None => drop(history.states.insert(reader.modseq(), observed)),
    }
}

/// Where two states part, for whoever reads the failure.
fn difference(observed: &State, expected: &State) -> String {
    let ids = |state: &State| {
        let ids = state.mailboxes.keys().chain(state.folders.keys()).chain(state.calendars.keys());
        ids.copied().collect::<BTreeSet<_>>()
    };
    let ids = &ids(observed) | &ids(expected);
    let of = |state: &State, id: CollectionId| {
        let folder = state.folders.get(&id).or_else(|| state.calendars.get(&id));
        format!("{:?} {folder:?}", state.mailboxes.get(&id))
    };
    let parts = ids.into_iter().map(|id| (id, of(observed, id), of(expected, id)));
    let told = parts.filter(|(_, observed, expected)| observed != expected);
    let told = told.map(|(id, observed, expected)| format!("\n{id} is {observed}\n{id} must be {expected}"));
    let rest = |state: &State| (state.limit, state.next);
    told.collect::<String>()
        + &format!("\nlimit and next collection {:?} {:?}", rest(observed), rest(expected))
}

/// I4: from an earlier token, what changed since and the old listing give the present listing.
pub(crate) async fn delta(reader: &Reader, world: &Shared, dice: &mut Dice) {
    let Some((old, new)) = pair(reader, world, dice) else { return };
    for (id, mailbox) in &new.mailboxes {
        let opened = reader.open::<store::Mailbox>(*id, Rights::READ).await.unwrap();
        let old = old.mailboxes.get(id);
        let since = old.map(|old| old.modseq);
        let before: BTreeMap<Uid, &Message> =
            old.iter().flat_map(|old| &old.messages).map(|(uid, message)| (Uid(*uid), message)).collect();
        let after = mailbox.messages.iter().map(|(uid, message)| (Uid(*uid), message)).collect();
        walk(reader, &opened, since, (before, after), dice).await;
    }
    for id in new.folders.keys() {
        let opened = reader.open::<store::Folder>(*id, Rights::READ).await.unwrap();
        let since = old.folders.get(id).map(|old| old.modseq);
        let before = if old.folders.contains_key(id) { listing(&old, *id) } else { BTreeMap::new() };
        walk(reader, &opened, since, (before, listing(&new, *id)), dice).await;
    }
    for (id, calendar) in &new.calendars {
        let opened = reader.open::<store::Calendar>(*id, Rights::READ).await.unwrap();
        let old = old.calendars.get(id);
        let named = |folder: &Folder| folder.files.clone();
        let listings = (old.map(named).unwrap_or_default(), named(calendar));
        walk(reader, &opened, old.map(|old| old.modseq), listings, dice).await;
    }
}

/// A state at random and the present one.
fn pair(reader: &Reader, world: &Shared, dice: &mut Dice) -> Option<(State, State)> {
    let mut world = world.lock().unwrap();
    let states = &world.of(reader.account()).states;
    let known: Vec<_> = states.range(..=reader.modseq()).collect();
    let old = known.get(usize::try_from(dice.below(known.len() as u64)).unwrap())?;
    Some((old.1.clone(), known.last()?.1.clone()))
}

/// A folder's members: files, and folders by their number.
fn listing(state: &State, id: CollectionId) -> BTreeMap<String, Result<&File, CollectionId>> {
    let files = state.folders[&id].files.iter().map(|(name, file)| (name.clone(), Ok(file)));
    let inner = state.folders.iter().filter(|(_, folder)| folder.parent == id);
    files.chain(inner.map(|(inner, folder)| (folder.name.clone(), Err(*inner)))).collect()
}

/// Reads the changes page by page and applies them to the old listing.
async fn walk<K: Kind, V: Clone + PartialEq + std::fmt::Debug>(
    reader: &Reader,
    collection: &Collection<K>,
    since: Option<Modseq>,
    (mut listing, present): (BTreeMap<K::Key, V>, BTreeMap<K::Key, V>),
    dice: &mut Dice,
) {
    let floor = collection.row().floor;
    let mut since = since.unwrap_or(collection.row().created_modseq);
    if since < floor {
        let refused = reader.changes(collection, since, 100).await;
        assert_eq!(refused.err(), Some(Error::StaleToken), "a token under the floor");
        return;
    }
    let beyond = reader.changes(collection, collection.row().modseq.next(), 100).await;
    assert_eq!(beyond.err(), Some(Error::StaleToken), "a token from the future");
    let limit = usize::try_from(1 + dice.below(5)).unwrap();
    let mut seen = BTreeSet::new();
    loop {
        let set = reader.changes(collection, since, limit).await.unwrap();
        for (key, slot) in set.changed {
            assert!(slot.alive);
            match present.get(&key) {
                Some(value) => drop(listing.insert(key.clone(), value.clone())),
                // Gone on a later page.
                None => drop(listing.remove(&key)),
            }
            seen.insert(key);
        }
        for (key, slot) in set.removed {
            assert!(!slot.alive);
            listing.remove(&key);
            seen.insert(key);
        }
        assert!(set.upto >= since);
        if !set.more {
            assert_eq!(set.upto, collection.row().modseq);
            break;
        }
        assert!(set.upto > since, "a page without progress");
        since = set.upto;
    }
    assert_eq!(listing, present, "changes of {:?} lead elsewhere", collection.id());
}

/// What was answered to a reader cannot be taken back.
pub(crate) fn promise(world: &Shared, account: AccountId, modseq: Modseq) {
    world.lock().unwrap().of(account).promise(modseq);
}

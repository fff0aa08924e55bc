//! Pages as they are stored; and two people and an owner who do anything at all with mailboxes whose \Seen is now their
//! own and now one flag for all: everybody sees what a model says, and hears of every change.

use super::*;
use crate::testing::{ALICE, BOB, principal, reader, store, writer};
use crate::{Arrival, Depth, FlagChange, INBOX, NewCollection, Store};
use engine::sim::{SimDisk, SimEnv};
use model::{Modseq, ZonedTime};
use std::sync::Arc;

const CAROL: AccountId = AccountId(3);
const WORLD: [AccountId; 3] = [ALICE, BOB, CAROL];
const NAMES: [&str; 2] = ["Team", "Desk"];

#[test]
fn a_page_is_stored_as_its_runs() {
    let mut page = SeenPage::default();
    assert_eq!(page.runs(), SeenRuns(vec![]));
    for place in [0, 1, 2, 64, 65, SEEN_PAGE_UIDS - 1] {
        page.set(place, true);
    }
    assert_eq!(page.runs(), SeenRuns(vec![0, 3, 61, 2, 4_029, 1]));
    assert_eq!(SeenPage::read(&page.runs()), Some(page));
    let mut whole = SeenPage::default();
    (0..SEEN_PAGE_UIDS).for_each(|place| whole.set(place, true));
    assert_eq!(whole.runs(), SeenRuns(vec![0, 4_096]));
    assert!(whole.cut(1, Uid(5_000)) && !whole.cut(1, Uid(5_000)));
    assert_eq!(whole.runs(), SeenRuns(vec![0, 904]));
    for wrong in [vec![0], vec![0, 4_097], vec![4_096, 1], vec![0, 0], vec![1, 1, 0, 1], vec![5]] {
        assert_eq!(SeenPage::read(&SeenRuns(wrong.clone())), None, "{wrong:?}");
    }
}

#[test]
fn the_worst_page_takes_an_octet_for_a_uid() {
    let mut page = SeenPage::default();
    (0..SEEN_PAGE_UIDS).step_by(2).for_each(|place| page.set(place, true));
    let stored = record::encode(&page.runs()).unwrap();
    assert!(stored.len() <= SEEN_PAGE_UIDS as usize + 8, "{}", stored.len());
    assert_eq!(read_page(&stored).unwrap(), page);
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A message as the model has it.
#[derive(Clone, Debug, Default)]
struct Message {
    owner: bool,
    common: bool,
    others: BTreeMap<u32, bool>,
    flagged: bool,
}

#[derive(Clone, Debug, Default)]
struct Model {
    own: bool,
    messages: BTreeMap<u32, Message>,
}

impl Model {
    fn seen(&self, who: AccountId, message: &Message) -> bool {
        if who == ALICE || !self.own {
            return message.owner;
        }
        message.others.get(&who.0).copied().unwrap_or(message.common)
    }

    fn see(&mut self, who: AccountId, uid: u32, seen: bool) {
        let is_row = who == ALICE || !self.own;
        let message = self.messages.get_mut(&uid).unwrap();
        if is_row {
            message.owner = seen;
        } else {
            message.others.insert(who.0, seen);
        }
    }

    /// A message that somebody puts there; `owner` is what the owner has seen of it already.
    fn enter(&mut self, who: AccountId, uid: Uid, (seen, owner, flagged): (bool, bool, bool)) {
        self.messages.insert(uid.0, Message { owner, flagged, ..Message::default() });
        self.see(who, uid.0, seen);
    }

    fn choose(&mut self, own: bool) {
        for message in self.messages.values_mut().filter(|_| own != self.own) {
            if own {
                message.common = message.owner;
            } else {
                message.owner |= message.common || message.others.values().any(|seen| *seen);
                message.others.clear();
                message.common = false;
            }
        }
        self.own = own;
    }
}

fn flags(seen: bool, flagged: bool) -> Flags {
    let mut system = SystemFlags::empty();
    system.set(SystemFlags::SEEN, seen);
    system.set(SystemFlags::FLAGGED, flagged);
    Flags { system, ..Flags::default() }
}

struct World {
    store: Store,
    dice: Dice,
    models: [Model; 2],
    /// What each has seen at which state of each mailbox.
    known: BTreeMap<(u32, usize), (Modseq, BTreeMap<u32, Flags>)>,
}

async fn append(store: &Store, who: AccountId, name: &str, flags: Flags) -> Uid {
    let mut arrival = Arrival::new(store, 100);
    arrival.write(b"a: b\r\n\r\n").await.unwrap();
    let new = arrival.finish(flags, ZonedTime::default()).await.unwrap();
    let mut writer = store.write(&principal(who), ALICE).await.unwrap();
    let mailbox = writer.open_mailbox(name, Rights::INSERT).await.unwrap();
    let uid = writer.append(&mailbox, new).await.unwrap();
    writer.commit(uid).await.unwrap().into_inner()
}

async fn change(store: &Store, who: AccountId, name: &str, uids: &[Uid], change: &FlagChange) {
    let mut writer = store.write(&principal(who), ALICE).await.unwrap();
    let mailbox = writer.open_mailbox(name, Rights::READ).await.unwrap();
    writer.change_flags(&mailbox, uids, change).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
}

async fn choose(store: &Store, name: &str, own: Option<bool>) {
    let mut writer = writer(store).await;
    let mailbox = writer.open_mailbox(name, Rights::OWNER).await.unwrap();
    writer.choose_seen(&mailbox, own).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
}

/// The flags of a mailbox as somebody sees them, and its state.
async fn view(store: &Store, who: AccountId, name: &str) -> (Modseq, BTreeMap<u32, Flags>) {
    let reader = store.read(&principal(who), ALICE).await.unwrap();
    let mailbox = reader.open_mailbox(name, Rights::READ).await.unwrap();
    let own = reader.own_seen(&mailbox).await.unwrap();
    let rows = reader.entries(&mailbox, None, 1_000).await.unwrap();
    let seen =
        |uid: Uid, flags: &Flags| own.as_ref().map_or_else(|| flags.clone(), |own| own.apply(uid, flags));
    let flags = rows.iter().map(|(uid, row)| (uid.0, seen(*uid, &row.flags))).collect();
    (reader.row(&mailbox).await.unwrap().modseq, flags)
}

impl World {
    async fn new(seed: u64) -> Self {
        let store = store();
        let mut writer = writer(&store).await;
        for name in NAMES {
            let made = writer.create_mailbox(name, NewCollection::default()).await.unwrap();
            for who in [BOB, CAROL] {
                writer.grant(&made, who, Rights::OWNER - Rights::ADMINISTER).await.unwrap();
            }
        }
        let _committed = writer.commit(()).await.unwrap();
        Self { store, dice: Dice(seed), models: Default::default(), known: BTreeMap::new() }
    }

    fn some(&mut self, at: usize) -> Vec<Uid> {
        let all: Vec<u32> = self.models[at].messages.keys().copied().collect();
        all.into_iter().filter(|_| self.dice.below(3) == 0).map(Uid).collect()
    }

    async fn step(&mut self) {
        let who = WORLD[self.dice.below(3)];
        let at = self.dice.below(2);
        let uids = self.some(at);
        match self.dice.below(12) {
            0..=2 => {
                let (seen, flagged) = (self.dice.below(2) == 0, self.dice.below(2) == 0);
                let uid = append(&self.store, who, NAMES[at], flags(seen, flagged)).await;
                let owner = seen && (who == ALICE || !self.models[at].own);
                self.models[at].enter(who, uid, (seen, owner, flagged));
            }
            3..=6 => self.flag(who, at, &uids).await,
            7..=8 => self.copy(who, at, &uids).await,
            9 => self.expunge(who, at, &uids).await,
            10 => self.transfer(who, at, &uids).await,
            _ => {
                let own = self.dice.below(3) > 0;
                choose(&self.store, NAMES[at], Some(own)).await;
                self.models[at].choose(own);
            }
        }
    }

    async fn flag(&mut self, who: AccountId, at: usize, uids: &[Uid]) {
        let flag = flags(self.dice.below(4) > 0, self.dice.below(4) == 0);
        let (seen, flagged) =
            (flag.system.contains(SystemFlags::SEEN), flag.system.contains(SystemFlags::FLAGGED));
        let how = self.dice.below(3);
        let wanted = [FlagChange::Add, FlagChange::Remove, FlagChange::Replace][how](flag);
        change(&self.store, who, NAMES[at], uids, &wanted).await;
        for uid in uids {
            let model = &mut self.models[at];
            let old = model.messages[&uid.0].clone();
            let was = model.seen(who, &old);
            let (seen, flagged) = match how {
                0 => (was || seen, old.flagged || flagged),
                1 => (was && !seen, old.flagged && !flagged),
                _ => (seen, flagged),
            };
            model.see(who, uid.0, seen);
            model.messages.get_mut(&uid.0).unwrap().flagged = flagged;
        }
    }

    async fn copy(&mut self, who: AccountId, at: usize, uids: &[Uid]) {
        let to = self.dice.below(2);
        let mut writer = self.store.write(&principal(who), ALICE).await.unwrap();
        let from = writer.open_mailbox(NAMES[at], Rights::READ).await.unwrap();
        let into = writer.open_mailbox(NAMES[to], Rights::INSERT).await.unwrap();
        let pairs = writer.copy_messages(&from, &into, uids).await.unwrap();
        let pairs = writer.commit(pairs).await.unwrap().into_inner();
        self.entered(who, (at, to), &pairs, false);
    }

    async fn transfer(&mut self, who: AccountId, at: usize, uids: &[Uid]) {
        let mut writer = self.store.write(&principal(who), ALICE).await.unwrap();
        let from = writer.open_mailbox(NAMES[at], Rights::READ).await.unwrap();
        let into = writer.open_mailbox(NAMES[1 - at], Rights::INSERT).await.unwrap();
        let pairs = writer.move_messages(&from, &into, uids).await.unwrap();
        let pairs = writer.commit(pairs).await.unwrap().into_inner();
        self.entered(who, (at, 1 - at), &pairs, true);
    }

    fn entered(&mut self, who: AccountId, (at, to): (usize, usize), pairs: &[(Uid, Uid)], moved: bool) {
        for (old, new) in pairs {
            let message = self.models[at].messages[&old.0].clone();
            let seen = self.models[at].seen(who, &message);
            self.models[to].enter(who, *new, (seen, message.owner, message.flagged));
            if moved {
                self.models[at].messages.remove(&old.0);
            }
        }
    }

    async fn expunge(&mut self, who: AccountId, at: usize, uids: &[Uid]) {
        let deleted = FlagChange::Add(Flags { system: SystemFlags::DELETED, ..Flags::default() });
        let mut writer = self.store.write(&principal(who), ALICE).await.unwrap();
        let mailbox = writer.open_mailbox(NAMES[at], Rights::READ).await.unwrap();
        writer.change_flags(&mailbox, uids, &deleted).await.unwrap();
        let gone = writer.expunge(&mailbox, uids).await.unwrap();
        assert_eq!(writer.commit(gone).await.unwrap().into_inner(), uids);
        uids.iter().for_each(|uid| drop(self.models[at].messages.remove(&uid.0)));
    }

    /// Everybody sees what the model says, and what differs from what they saw before is in the change log.
    async fn check(&mut self, step: usize) {
        for (at, name) in NAMES.into_iter().enumerate() {
            for who in WORLD {
                let (modseq, now) = view(&self.store, who, name).await;
                let model = &self.models[at];
                let expected = model
                    .messages
                    .iter()
                    .map(|(uid, message)| (*uid, flags(model.seen(who, message), message.flagged)));
                assert_eq!(now, expected.collect(), "step {step}, {who} in {name}");
                let was = self.known.insert((who.0, at), (modseq, now.clone()));
                let Some((state, was)) = was else { continue };
                let reader = self.store.read(&principal(who), ALICE).await.unwrap();
                let mailbox = reader.open_mailbox(name, Rights::READ).await.unwrap();
                let changes = reader.changes(&mailbox, state, 1_000).await.unwrap();
                let told: BTreeSet<u32> = changes.changed.iter().map(|(uid, _)| uid.0).collect();
                for (uid, flags) in &now {
                    let same = was.get(uid) == Some(flags);
                    assert!(
                        same || told.contains(uid),
                        "step {step}: {who} does not hear of {uid} in {name}"
                    );
                }
            }
            let row = reader(&self.store).await.open_mailbox(name, Rights::READ).await.unwrap().row().clone();
            let unseen = self.models[at].messages.values().filter(|message| !message.owner).count();
            assert_eq!(row.unseen, unseen as u64, "step {step}: the owner's, of {name}");
            assert_eq!(row.seen_is_own(), self.models[at].own);
        }
    }
}

#[tokio::test]
async fn whatever_two_people_and_an_owner_do_each_sees_what_the_model_says() {
    for seed in 1..=12 {
        let mut world = World::new(seed).await;
        for step in 0..120 {
            world.step().await;
            world.check(step).await;
        }
        assert_eq!(world.store.fsck_all(Depth::Records).await.unwrap(), [], "seed {seed}");
    }
}

#[tokio::test]
async fn whoever_may_not_keep_seen_changes_nothing() {
    let store = store();
    let uid = append(&store, ALICE, INBOX, Flags::default()).await;
    let mut writer = writer(&store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::OWNER).await.unwrap();
    writer.grant(&inbox, BOB, Rights::LOOKUP | Rights::READ | Rights::INSERT).await.unwrap();
    writer.choose_seen(&inbox, Some(true)).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    let mut bobs = store.write(&principal(BOB), ALICE).await.unwrap();
    let inbox = bobs.open_mailbox(INBOX, Rights::READ).await.unwrap();
    let seen = FlagChange::Add(flags(true, false));
    assert_eq!(bobs.change_flags(&inbox, &[uid], &seen).await, Err(Error::Forbidden(Rights::SEEN)));
    assert_eq!(bobs.choose_seen(&inbox, None).await, Err(Error::Forbidden(Rights::ADMINISTER)));
    drop(bobs);
    let put = append(&store, BOB, INBOX, flags(true, false)).await;
    let (_, bob) = view(&store, BOB, INBOX).await;
    assert_eq!(bob, [(uid.0, flags(false, false)), (put.0, flags(false, false))].into());
}

#[tokio::test]
async fn what_was_seen_stays_with_a_mailbox_that_is_renamed_or_comes_back_and_goes_with_it() {
    let disk = SimDisk::new(1);
    let options = crate::Options { undelete_ms: 1 << 40, ..crate::Options::default() };
    let store = Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), options);
    let mut first = writer(&store).await;
    let above = first.create_mailbox("a", NewCollection::default()).await.unwrap();
    first.grant(&above, BOB, Rights::OWNER - Rights::ADMINISTER).await.unwrap();
    first.choose_seen(&above, Some(true)).await.unwrap();
    let made = first.create_mailbox("a/b", NewCollection::default()).await.unwrap();
    assert!(made.row().seen_is_own(), "what is made in it is shared alike");
    let _committed = first.commit(()).await.unwrap();
    let uid = append(&store, ALICE, "a/b", Flags::default()).await;
    change(&store, BOB, "a/b", &[uid], &FlagChange::Add(flags(true, false))).await;
    let mut second = writer(&store).await;
    second.rename_mailbox("a/b", "c").await.unwrap();
    let _committed = second.commit(()).await.unwrap();
    assert_eq!(view(&store, BOB, "c").await.1, [(uid.0, flags(true, false))].into());
    assert_eq!(view(&store, ALICE, "c").await.1, [(uid.0, flags(false, false))].into());
    let mut third = writer(&store).await;
    // A property that is set otherwise does not tear the choice from what was seen.
    let opened = third.open_mailbox("c", Rights::OWNER).await.unwrap();
    third.change_collection(&opened, |row| row.properties.clear()).await.unwrap();
    third.remove_mailbox("c").await.unwrap();
    let _committed = third.commit(()).await.unwrap();
    assert_eq!(store.fsck_all(Depth::Records).await.unwrap(), []);
    let number = reader(&store).await.deleted(model::ItemId(0), 9).await.unwrap()[0].0;
    store.undelete(ALICE, number, &crate::Recover::default()).await.unwrap();
    assert_eq!(view(&store, BOB, "c").await.1, [(uid.0, flags(true, false))].into());
    let mut fourth = writer(&store).await;
    fourth.remove_mailbox("c").await.unwrap();
    let _committed = fourth.commit(()).await.unwrap();
    store.purge_deleted(ALICE, model::Timestamp(i64::MAX)).await.unwrap();
    let range = Key::account(ALICE).prefix();
    assert!(reader(&store).await.view().scan(Table::Seen, &range, 9, false).await.unwrap().is_empty());
    assert_eq!(store.fsck_all(Depth::Records).await.unwrap(), []);
}

/// The limit is an argument here: three stand for [`SEEN_JOINED_COUNT_MAX`].
#[tokio::test]
async fn it_becomes_one_flag_again_for_as_many_messages_as_the_limit_says() {
    let store = store();
    for _ in 0..4 {
        append(&store, ALICE, INBOX, Flags::default()).await;
    }
    let mut writer = writer(&store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::OWNER).await.unwrap();
    writer.grant(&inbox, BOB, Rights::OWNER - Rights::ADMINISTER).await.unwrap();
    writer.choose_seen(&inbox, Some(true)).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    let four = [1, 2, 3, 4].map(Uid);
    for (count, outcome) in [(4, Err(Error::TooLarge(3))), (3, Ok(()))] {
        change(&store, BOB, INBOX, &four, &FlagChange::Remove(flags(true, false))).await;
        change(&store, BOB, INBOX, &four[..count], &FlagChange::Add(flags(true, false))).await;
        let mut writer = crate::testing::writer(&store).await;
        let inbox = writer.open_mailbox(INBOX, Rights::OWNER).await.unwrap();
        assert_eq!(writer.choose_seen_within(&inbox, None, 3).await, outcome);
    }
}

#[tokio::test]
async fn messages_from_another_account_come_as_their_copier_sees_them() {
    let store = store();
    let uid = append(&store, ALICE, INBOX, flags(true, true)).await;
    let mut writer = writer(&store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::OWNER).await.unwrap();
    writer.grant(&inbox, BOB, Rights::OWNER - Rights::ADMINISTER).await.unwrap();
    writer.choose_seen(&inbox, Some(true)).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
    change(&store, BOB, INBOX, &[uid], &FlagChange::Remove(flags(true, false))).await;
    let source = store.read(&principal(BOB), ALICE).await.unwrap();
    let from = source.open_mailbox(INBOX, Rights::READ).await.unwrap();
    let mut mine = store.write(&principal(BOB), BOB).await.unwrap();
    let to = mine.open_mailbox(INBOX, Rights::INSERT).await.unwrap();
    let pairs = mine.copy_from(&source, &from, &to, &[uid]).await.unwrap();
    let row = mine.entry(&to, &pairs[0].1).await.unwrap().unwrap();
    assert_eq!(row.flags, flags(false, true));
    let _committed = mine.commit(()).await.unwrap();
    // And the other way: hers is a new message to her.
    change_own(&store, &[pairs[0].1]).await;
    let source = store.read(&principal(BOB), BOB).await.unwrap();
    let from = source.open_mailbox(INBOX, Rights::READ).await.unwrap();
    let mut hers = store.write(&principal(BOB), ALICE).await.unwrap();
    let to = hers.open_mailbox(INBOX, Rights::INSERT).await.unwrap();
    let pairs = hers.copy_from(&source, &from, &to, &[pairs[0].1]).await.unwrap();
    let _committed = hers.commit(()).await.unwrap();
    let new = pairs[0].1.0;
    assert_eq!(view(&store, BOB, INBOX).await.1[&new], flags(true, true));
    assert_eq!(view(&store, ALICE, INBOX).await.1[&new], flags(false, true));
}

async fn change_own(store: &Store, uids: &[Uid]) {
    let mut writer = store.write(&principal(BOB), BOB).await.unwrap();
    let inbox = writer.open_mailbox(INBOX, Rights::READ).await.unwrap();
    writer.change_flags(&inbox, uids, &FlagChange::Add(flags(true, false))).await.unwrap();
    let _committed = writer.commit(()).await.unwrap();
}

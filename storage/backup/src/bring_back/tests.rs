//! Accounts, collections and items come back beside what is there, once.

use super::*;
use crate::limits::NAME_TRIES_MAX;
use crate::testing::{ALICE, BOB, World, files, mail, opened, who};
use bytes::Bytes;
use store::{Depth, INBOX};

async fn brought(world: &World, source: &Store, wanted: Wanted) -> Result<Brought> {
    let done = bring_back((source, ALICE), (&world.store, ALICE), &wanted).await;
    assert_eq!(world.store.fsck_all(Depth::Bytes).await.unwrap(), []);
    done
}

fn folder() -> Option<(CollectionKind, String)> {
    Some((CollectionKind::Folder, "files".to_owned()))
}

fn counts(restored: u64, present: u64) -> Brought {
    Brought { restored_count: restored, present_count: present, refused: Vec::new() }
}

/// A world with one backup, and a store over it.
async fn backed_up() -> (World, Store) {
    let world = World::furnished().await;
    world.backup(false).await;
    let manifest = world.repository().at(None).unwrap();
    let source = world.over(&manifest, ALICE).await;
    (world, source)
}

#[tokio::test]
async fn what_is_there_is_left_out_and_what_is_lost_comes_back() {
    let (world, source) = backed_up().await;
    assert_eq!(brought(&world, &source, Wanted::default()).await.unwrap(), counts(0, 8));
    world.remove_file(ALICE, "large").await;
    world.file(ALICE, "small", b"newer").await;
    let back = brought(&world, &source, Wanted { collection: folder(), ..Wanted::default() }).await.unwrap();
    assert_eq!(back, counts(2, 0));
    let files = files(&world.read(ALICE).await).await;
    assert_eq!(files["small"], "newer");
    assert_eq!(files["small (restored)"], "small");
    assert_eq!(files["large"], vec![8; 600_000]);
    // A second run adds nothing but what has another name now.
    let again = brought(&world, &source, Wanted { collection: folder(), ..Wanted::default() }).await.unwrap();
    assert_eq!((again.present_count, again.restored_count), (1, 1));
}

#[tokio::test]
async fn one_file_over_the_newer_one_which_can_be_undeleted() {
    let (world, source) = backed_up().await;
    world.file(ALICE, "small", b"newer").await;
    let wanted =
        Wanted { collection: folder(), item: Some("small".to_owned()), replace: true, ..Wanted::default() };
    assert_eq!(brought(&world, &source, wanted).await.unwrap(), counts(1, 0));
    assert_eq!(files(&world.read(ALICE).await).await["small"], "small");
    let rows = world.read(ALICE).await.deleted(model::ItemId(0), 100).await.unwrap();
    assert!(rows.iter().any(|(_, row)| row.what.size() == (5, 1)));
    let missing = Wanted { collection: folder(), item: Some("nothing".to_owned()), ..Wanted::default() };
    assert_eq!(brought(&world, &source, missing).await.err(), Some(Error::NotFound));
}

#[tokio::test]
async fn mail_into_another_mailbox_and_back_into_its_own() {
    let (world, source) = backed_up().await;
    let inbox = Some((CollectionKind::Mailbox, INBOX.to_owned()));
    let wanted =
        Wanted { collection: inbox.clone(), into: Some("Found/again".to_owned()), ..Wanted::default() };
    assert_eq!(brought(&world, &source, wanted).await.unwrap(), counts(5, 0));
    let found: Vec<Bytes> = mail(&world.read(ALICE).await, "Found/again").await.into_values().collect();
    assert_eq!(found, mail(&world.read(ALICE).await, INBOX).await.into_values().collect::<Vec<_>>());
    // Everything gone, one brought back: a new UID.
    let mut writer = world.write(ALICE).await;
    let opened = writer.open_mailbox(INBOX, model::Rights::OWNER).await.unwrap();
    let uids: Vec<_> = (1..=5).map(model::Uid).collect();
    let flags = model::Flags { system: model::SystemFlags::DELETED, ..model::Flags::default() };
    writer.change_flags(&opened, &uids, &store::FlagChange::Add(flags)).await.unwrap();
    writer.expunge_all(&opened).await.unwrap();
    let _done = writer.commit(()).await.unwrap();
    let one = Wanted { collection: inbox, item: Some("3".to_owned()), ..Wanted::default() };
    assert_eq!(brought(&world, &source, one).await.unwrap(), counts(1, 0));
    let mail = mail(&world.read(ALICE).await, INBOX).await;
    assert_eq!(mail.into_iter().collect::<Vec<_>>(), [(model::Uid(6), Bytes::from(vec![2; 30_000]))]);
}

#[tokio::test]
async fn an_event_whose_uid_is_there_needs_a_word() {
    let (world, source) = backed_up().await;
    world.event(ALICE, "e.ics", "uid-1", b"newer").await;
    let wanted =
        Wanted { collection: Some((CollectionKind::Calendar, "default".to_owned())), ..Wanted::default() };
    let told = brought(&world, &source, wanted.clone()).await.unwrap();
    assert_eq!((told.restored_count, told.refused.len()), (0, 1));
    let replaced = brought(&world, &source, Wanted { replace: true, ..wanted }).await.unwrap();
    assert_eq!(replaced, counts(1, 0));
    let reader = world.read(ALICE).await;
    let calendar = opened::<Calendar>(&reader, CollectionKind::Calendar, "default").await;
    let row = reader.entry(&calendar, &"e.ics".to_owned()).await.unwrap().unwrap();
    let body = reader.object_body(row.item).await.unwrap();
    assert_eq!(world.store.body(&body, 0..u64::MAX).collect().await.unwrap(), "event");
    assert_eq!(reader.name_of_uid(&calendar, "uid-1").await.unwrap().unwrap(), "e.ics");
}

#[tokio::test]
async fn an_account_exactly_as_it_was_with_nothing_lost() {
    let (world, source) = backed_up().await;
    let then = files(&world.read(ALICE).await).await;
    world.file(ALICE, "virus", b"virus").await;
    world.file(ALICE, "small", b"encrypted").await;
    let before =
        world.read(ALICE).await.open_mailbox(INBOX, model::Rights::READ).await.unwrap().row().uid_validity;
    let exact = Wanted { exact: true, ..Wanted::default() };
    assert_eq!(brought(&world, &source, exact).await.unwrap(), counts(8, 0));
    let reader = world.read(ALICE).await;
    assert_eq!(files(&reader).await, then);
    assert_eq!(mail(&reader, INBOX).await.len(), 5);
    assert!(reader.open_mailbox(INBOX, model::Rights::READ).await.unwrap().row().uid_validity > before);
    assert!(reader.kept().await.unwrap().count >= 9, "what was there can be undeleted");
}

#[tokio::test]
async fn names_at_the_limit_and_one_past() {
    let (world, source) = backed_up().await;
    let wanted = Wanted { collection: folder(), item: Some("small".to_owned()), ..Wanted::default() };
    let taken = |from: u32, until: u32| {
        let world = &world;
        async move {
            for number in from..until {
                world.file(ALICE, &store::other_name("small", number, true), b"newer").await;
            }
        }
    };
    taken(0, NAME_TRIES_MAX - 1).await;
    assert_eq!(brought(&world, &source, wanted.clone()).await.unwrap(), counts(1, 0));
    taken(NAME_TRIES_MAX - 1, NAME_TRIES_MAX).await;
    let told = brought(&world, &source, wanted).await.unwrap();
    assert_eq!(told.refused, [("files".to_owned(), "small".to_owned(), "no free name".to_owned())]);
}

#[tokio::test]
async fn nothing_goes_unless_the_backup_has_all_of_it() {
    let (world, source) = backed_up().await;
    let kept = files(&world.read(ALICE).await).await;
    let missing = Some((CollectionKind::Folder, "files/none".to_owned()));
    let exact = Wanted { exact: true, ..Wanted::default() };
    let nothing = brought(&world, &source, Wanted { collection: missing, ..exact.clone() }).await;
    assert_eq!(nothing.err(), Some(Error::NotFound));
    assert_eq!(files(&world.read(ALICE).await).await, kept);
    // The newest pack rots: what it holds of the file cannot come back, so nothing goes.
    world.rot(&[8; 600_000]);
    let before = mail(&world.read(ALICE).await, INBOX).await;
    let told = brought(&world, &source, exact.clone()).await.unwrap();
    assert_eq!((told.restored_count, told.present_count), (0, 0));
    let refused: Vec<_> = told.refused.iter().map(|(path, name, _)| (path.as_str(), name.as_str())).collect();
    assert_eq!(refused, [("files", "large")]);
    assert_eq!(files(&world.read(ALICE).await).await, kept);
    assert_eq!(mail(&world.read(ALICE).await, INBOX).await, before);
    // What is whole can be brought back exactly all the same.
    let inbox = Some((CollectionKind::Mailbox, INBOX.to_owned()));
    let told = brought(&world, &source, Wanted { collection: inbox, ..exact }).await.unwrap();
    assert_eq!(told, counts(5, 0));
}

#[tokio::test]
async fn an_account_comes_into_another_one() {
    let (world, source) = backed_up().await;
    let wanted = Wanted::default();
    let done = bring_back((&source, ALICE), (&world.store, BOB), &wanted).await.unwrap();
    assert_eq!((done.restored_count, done.present_count), (3, 5));
    assert_eq!(files(&world.read(BOB).await).await.len(), 2);
    let _ = who(BOB);
}

/// Makes mailboxes as an earlier build kept them: spelled as they came.
async fn mailboxes(world: &World, paths: &[&str]) {
    for path in paths {
        let mut writer = world.write(ALICE).await;
        writer.create_mailbox(path, store::NewCollection::default()).await.unwrap();
        let _done = writer.commit(()).await.unwrap();
    }
}

async fn names(world: &World) -> Vec<String> {
    let all = world.read(ALICE).await.mailboxes().await.unwrap();
    all.into_iter().map(|entry| entry.path).filter(|path| !path.is_ascii()).collect()
}

const COMPOSED: &str = "caf\u{e9}";
const DECOMPOSED: &str = "cafe\u{301}";

#[tokio::test]
async fn names_of_mailboxes_come_back_in_form_c() {
    let world = World::new();
    mailboxes(&world, &[DECOMPOSED, "cafe\u{301}/au lait"]).await;
    world.mail(ALICE, DECOMPOSED, &[1; 9_000]).await;
    world.backup(false).await;
    let source = world.over(&world.repository().at(None).unwrap(), ALICE).await;
    // As it is spelled there, while it is there.
    assert_eq!(brought(&world, &source, Wanted::default()).await.unwrap(), counts(0, 1));
    assert_eq!(names(&world).await, [DECOMPOSED, "cafe\u{301}/au lait"]);
    let mailbox = Some((CollectionKind::Mailbox, COMPOSED.to_owned()));
    let exact = Wanted { collection: mailbox, exact: true, ..Wanted::default() };
    assert_eq!(brought(&world, &source, exact.clone()).await.unwrap(), counts(1, 0));
    assert_eq!(names(&world).await, [COMPOSED, "caf\u{e9}/au lait"]);
    world.mail(ALICE, COMPOSED, &[2; 9_000]).await;
    assert_eq!(brought(&world, &source, exact).await.unwrap(), counts(1, 0));
    assert_eq!(names(&world).await, [COMPOSED, "caf\u{e9}/au lait"], "one mailbox, however it is spelled");
    assert_eq!(mail(&world.read(ALICE).await, COMPOSED).await.len(), 1, "exactly what it had");
}

#[tokio::test]
async fn two_mailboxes_that_were_spelled_alike_stay_two() {
    let world = World::new();
    mailboxes(&world, &[COMPOSED, DECOMPOSED]).await;
    world.mail(ALICE, DECOMPOSED, &[1; 9_000]).await;
    world.mail(ALICE, COMPOSED, &[2; 9_000]).await;
    world.backup(false).await;
    let source = world.over(&world.repository().at(None).unwrap(), ALICE).await;
    let exact = Wanted { exact: true, ..Wanted::default() };
    assert_eq!(brought(&world, &source, exact).await.unwrap(), counts(2, 0));
    let reader = world.read(ALICE).await;
    assert_eq!(mail(&reader, DECOMPOSED).await.into_values().next().unwrap(), vec![1; 9_000]);
    assert_eq!(mail(&reader, COMPOSED).await.into_values().next().unwrap(), vec![2; 9_000]);
}

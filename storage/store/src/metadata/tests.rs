//! Annotations: whose they are, who may change them, their limits, and that they go with their mailbox.

use super::*;
use crate::testing::{ALICE, BOB, principal, store, writer};
use crate::{INBOX, NewCollection, Store};

const NAME: &str = "/comment";

fn value(text: &str) -> Option<Bytes> {
    Some(Bytes::copy_from_slice(text.as_bytes()))
}

async fn set(store: &Store, who: AccountId, audience: Audience, text: Option<Bytes>) -> Result<()> {
    let mut writer = store.write(&principal(who), ALICE).await.unwrap();
    let inbox = writer.open_mailbox(INBOX, Rights::LOOKUP).await?;
    writer.annotate(Annotated::Mailbox(&inbox), audience, &[(NAME.to_owned(), text)]).await?;
    writer.commit(()).await.map(drop)
}

async fn get(store: &Store, who: AccountId, audience: Audience) -> String {
    let reader = store.read(&principal(who), ALICE).await.unwrap();
    let inbox = reader.open_mailbox(INBOX, Rights::LOOKUP).await.unwrap();
    let found = reader.annotations(Annotated::Mailbox(&inbox), audience).await.unwrap();
    found.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect()
}

#[tokio::test]
async fn private_ones_are_ones_own_and_shared_ones_everybodys() {
    let store = store();
    set(&store, ALICE, Audience::Shared, value("for all")).await.unwrap();
    set(&store, ALICE, Audience::Private, value("mine")).await.unwrap();
    assert_eq!(set(&store, BOB, Audience::Private, value("x")).await, Err(Error::NotFound));
    let mut writer = writer(&store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::LOOKUP).await.unwrap();
    writer.grant(&inbox, BOB, Rights::LOOKUP | Rights::READ).await.unwrap();
    writer.commit(()).await.unwrap();
    assert_eq!(get(&store, BOB, Audience::Shared).await, "/comment=for all");
    assert_eq!(get(&store, BOB, Audience::Private).await, "");
    set(&store, BOB, Audience::Private, value("his")).await.unwrap();
    assert_eq!(get(&store, ALICE, Audience::Private).await, "/comment=mine");
    assert_eq!(get(&store, BOB, Audience::Private).await, "/comment=his");
    let refused = set(&store, BOB, Audience::Shared, value("no")).await;
    assert_eq!(refused, Err(Error::Forbidden(Rights::WRITE)));
    set(&store, ALICE, Audience::Shared, None).await.unwrap();
    assert_eq!(get(&store, BOB, Audience::Shared).await, "");
    let reader = store.read(&principal(BOB), ALICE).await.unwrap();
    assert_eq!(reader.annotations(Annotated::Account, Audience::Shared).await.err(), Some(Error::NotFound));
}

#[tokio::test]
async fn they_go_with_their_mailbox() {
    let store = store();
    let mut first = writer(&store).await;
    let made = first.create_mailbox("x", NewCollection::default()).await.unwrap();
    first
        .annotate(Annotated::Mailbox(&made), Audience::Shared, &[(NAME.to_owned(), value("1"))])
        .await
        .unwrap();
    first.commit(()).await.unwrap();
    let mut second = writer(&store).await;
    second.remove_mailbox("x").await.unwrap();
    second.commit(()).await.unwrap();
    // Until it cannot come back any more they stay with it.
    let there = crate::testing::reader(&store).await;
    let prefix = Key::collection(ALICE, made.id()).prefix();
    assert_eq!(there.view().scan(Table::Metadata, &prefix, 9, false).await.unwrap().len(), 1);
    store.purge_deleted(ALICE, model::Timestamp(i64::MAX)).await.unwrap();
    let reader = crate::testing::reader(&store).await;
    assert!(reader.view().scan(Table::Metadata, &prefix, 1, false).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_limit_holds_and_one_past_it_does_not() {
    let store = store();
    let mut writer = writer(&store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::LOOKUP).await.unwrap();
    let what = Annotated::Mailbox(&inbox);
    let private = Audience::Private;
    let text = |size: usize| value(&"x".repeat(size));
    let name = |size: usize| format!("/{}", "n".repeat(size - 1));
    let one = [(NAME.to_owned(), text(METADATA_VALUE_BYTES_MAX))];
    writer.annotate(what, private, &one).await.unwrap();
    let past = [(NAME.to_owned(), text(METADATA_VALUE_BYTES_MAX + 1))];
    assert_eq!(
        writer.annotate(what, private, &past).await,
        Err(Error::TooLarge(METADATA_VALUE_BYTES_MAX as u64))
    );
    writer.annotate(what, private, &[(name(METADATA_NAME_BYTES_MAX), text(1))]).await.unwrap();
    let past = [(name(METADATA_NAME_BYTES_MAX + 1), text(1))];
    assert_eq!(
        writer.annotate(what, private, &past).await,
        Err(Error::TooLarge(METADATA_NAME_BYTES_MAX as u64))
    );
    let shared = Audience::Shared;
    let many: Vec<_> = (0..METADATA_ENTRY_COUNT_MAX).map(|at| (format!("/e{at}"), text(1))).collect();
    writer.annotate(what, shared, &many).await.unwrap();
    let past = writer.annotate(what, shared, &[("/more".to_owned(), text(1))]).await;
    assert_eq!(past, Err(Error::TooLarge(METADATA_ENTRY_COUNT_MAX as u64)));
    drop(writer);
    let mut writer = crate::testing::writer(&store).await;
    let full = METADATA_TOTAL_BYTES_MAX / METADATA_VALUE_BYTES_MAX;
    let large: Vec<_> = (1..full).map(|at| (format!("/e{at:02}"), text(METADATA_VALUE_BYTES_MAX))).collect();
    writer.annotate(what, shared, &large).await.unwrap();
    let rest = METADATA_TOTAL_BYTES_MAX - (full - 1) * (METADATA_VALUE_BYTES_MAX + 4) - "/rest".len();
    let halves = |more: usize| {
        let half = rest.min(METADATA_VALUE_BYTES_MAX) - "/last".len();
        let other = rest - "/last".len() - half + more;
        [("/rest".to_owned(), text(half)), ("/last".to_owned(), text(other))]
    };
    writer.annotate(what, shared, &halves(0)).await.unwrap();
    let past = writer.annotate(what, shared, &halves(1)).await;
    assert_eq!(past, Err(Error::TooLarge(METADATA_TOTAL_BYTES_MAX as u64)));
}

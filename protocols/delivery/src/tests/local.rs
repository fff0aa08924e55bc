//! Deliveries into inboxes.

use super::house::{ALICE, BOB, House, TEXT, address};
use crate::{Route, limits::UNSETTLED_WAIT};
use directory::testing::MemoryDirectory;
use engine::{
    fail::{Call, FailPlan},
    sim::SimDisk,
};
use model::{AccountId, Error, Rights};

#[tokio::test]
async fn one_copy_for_each_account() {
    let house = House::local();
    house.submit(Some("alice@example.org"), &["team@example.org", "bob@example.org"], TEXT).await;
    house.settle().await;
    let (alice, bob) = (house.inbox(ALICE).await, house.inbox(BOB).await);
    assert_eq!((alice.len(), bob.len()), (1, 1));
    assert_eq!(bob.first().unwrap(), &format!("Return-Path: <alice@example.org>\r\n{TEXT}"));
}

#[tokio::test]
async fn a_large_body_is_shared_and_whole() {
    let house = House::local();
    let text = format!("{TEXT}{}", "0123456789abcdef\r\n".repeat(60_000));
    house.submit(Some("alice@example.org"), &["team@example.org"], &text).await;
    house.settle().await;
    for account in [ALICE, BOB] {
        assert!(house.inbox(account).await.first().unwrap().ends_with(&text));
    }
}

#[tokio::test]
async fn a_thousand_members() {
    let mut directory = MemoryDirectory::sample();
    let members: Vec<_> = (4..1004).map(AccountId).collect();
    for id in &members {
        directory = directory.with_account(&format!("p{id}@example.org"), "x");
    }
    let house = House::open(&SimDisk::new(1), None, directory.with_group("all@example.org", &members));
    house.run();
    house.submit(Some("alice@example.org"), &["all@example.org"], TEXT).await;
    house.settle().await;
    for id in members {
        assert_eq!(house.inbox(id).await.len(), 1);
    }
}

#[tokio::test]
async fn routes() {
    let directory = MemoryDirectory::sample()
        .with_group("empty@example.org", &[])
        .with_account("gone@example.org", "x")
        .edit(|account| account.disabled = true);
    let house = House::open(&SimDisk::new(1), None, directory);
    let route = async |text: &str| house.delivery.route(&address(text)).await;
    assert_eq!(route("bob@example.org").await, Ok(Route::Accounts(vec![BOB])));
    assert_eq!(route("team@example.org").await, Ok(Route::Accounts(vec![ALICE, BOB])));
    for absent in ["nobody@example.org", "empty@example.org", "gone@example.org"] {
        assert_eq!(route(absent).await, Err(Error::NotFound), "{absent}");
    }
    assert_eq!(route("x@elsewhere.example").await, Err(Error::Forbidden(Rights::empty())));
}

#[tokio::test]
async fn a_full_mailbox_waits_and_is_then_given_up() {
    let house = House::local();
    let owner = directory::Directory::principal(&*house.directory, BOB).await.unwrap();
    let mut writer = house.store.write(&owner, BOB).await.unwrap();
    writer.set_quota(Some(TEXT.len() as u64));
    let _ = writer.commit(()).await.unwrap();
    // Not full yet, so the recipient is taken; too full for this message.
    house.submit(Some("alice@example.org"), &["bob@example.org"], TEXT).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let waiting = house.delivery.list(None, 10).await.unwrap();
    let (_, recipient) = waiting.first().unwrap().recipients.first().unwrap();
    assert!(recipient.attempts > 0 && recipient.last_reply.starts_with("4.2.2"), "{recipient:?}");
    house.env.step(3_600_000);
    house.settle().await;
    assert!(house.inbox(BOB).await.is_empty());
    let bounce = house.inbox(ALICE).await;
    assert!(bounce.first().unwrap().contains("Status: 4.4.7"), "{bounce:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_moment_costs_a_moment_and_no_try() {
    for recipients in [["bob@example.org"].as_slice(), &["bob@example.org", "alice@example.org"]] {
        let plan = FailPlan::new();
        let house = House::failing(&plan, None);
        assert!(house.inbox(ALICE).await.is_empty() && house.inbox(BOB).await.is_empty());
        // The first batch takes the message over, the second delivers.
        plan.fail(Call::Commit, 2);
        house.submit(Some("alice@example.org"), recipients, TEXT).await;
        tokio::time::sleep(UNSETTLED_WAIT / 2).await;
        let waiting = house.delivery.list(None, 10).await.unwrap();
        let [(_, recipient)] = waiting.first().unwrap().recipients.as_slice() else {
            panic!("{waiting:?}");
        };
        assert_eq!((recipient.attempts, recipient.last_reply.as_str()), (0, ""));
        tokio::time::sleep(UNSETTLED_WAIT).await;
        assert!(house.delivery.list(None, 10).await.unwrap().is_empty());
        assert_eq!(house.inbox(BOB).await.len(), 1);
        assert_eq!(house.inbox(ALICE).await.len(), recipients.len() - 1);
    }
}

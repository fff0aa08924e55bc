//! Walks of no, one and several pages.

use crate::{key::Key, limits::SCAN_PAGE_COUNT, testing};
use bytes::Bytes;
use engine::{Batch, Op, Table};
use model::AccountId;

async fn put(store: &crate::Store, ids: impl Iterator<Item = u32>) {
    let key = |id| Key::account(AccountId(id)).done();
    let ops = ids.map(|id| Op::Put(Table::Account, key(id), Bytes::from_static(b"row"))).collect();
    let _durable = store.inner.engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
}

#[tokio::test]
async fn every_account_once_and_in_order() {
    let page = u32::try_from(SCAN_PAGE_COUNT).unwrap();
    // None, one short of a page, a page, one more; numbers up to the last that there can be.
    for count in [0, page - 1, page, page + 1] {
        let store = testing::store();
        put(&store, (0..count).map(|n| u32::MAX - n)).await;
        let (mut found, mut accounts) = (Vec::new(), store.all_accounts());
        while let Some(account) = accounts.next().await.unwrap() {
            found.push(account.0);
        }
        assert_eq!(found, (0..count).rev().map(|n| u32::MAX - n).collect::<Vec<_>>());
        assert_eq!(accounts.next().await.unwrap(), None);
    }
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let store = testing::store();
    put(&store, 1..=2_500).await;
    let mut accounts = store.all_accounts();
    assert_eq!(accounts.next().await.unwrap(), Some(AccountId(1)));
    let mut sizes = Vec::new();
    loop {
        let page = accounts.next_page().await.unwrap();
        if page.is_empty() {
            break;
        }
        sizes.push(page.len());
    }
    assert_eq!(sizes, [999, 1_000, 500]);
    assert_eq!(store.accounts(Some(AccountId(2_499)), 9).await.unwrap(), [AccountId(2_500)]);
    assert_eq!(store.accounts(Some(AccountId(u32::MAX)), 9).await.unwrap(), []);
}

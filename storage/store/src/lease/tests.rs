//! Where one process alone has the data, nothing is leased.

use crate::testing::{ALICE, principal, put, store};
use engine::{Range, Table};

#[tokio::test]
async fn alone_nothing_is_leased_and_every_duty_is_ours() {
    let store = store();
    put(&store, "a", b"1").await;
    let writer = store.write(&principal(ALICE), ALICE).await.unwrap();
    let rows = store.inner.engine.newest().await.unwrap();
    assert_eq!(rows.scan(Table::Lease, &Range::prefix(b""), 10, false).await.unwrap(), []);
    drop(writer);
    assert!(!store.has_company());
    assert!(store.take_duty("queue").await.unwrap());
    assert!(store.take_duty("queue").await.unwrap());
    store.leave_duty("queue").await.unwrap();
}

//! Numbers, marks and the limit of a list.

use super::*;
use crate::tests::house::House;

#[tokio::test]
async fn a_list_at_its_limit_and_one_past_it() {
    let house = House::new();
    for number in 0..3 {
        house.deliver(format!("Subject: {number}\r\n\r\n").as_bytes()).await;
    }
    let who = house.alice().await;
    let all = Maildrop::open(&house.store, &who, 3).await.unwrap();
    assert_eq!(all.tally().0, 3);
    // A session's own is MESSAGE_COUNT_MAX, of which this is the same with fewer messages.
    let cut = Maildrop::open(&house.store, &who, 2).await.unwrap();
    assert_eq!(cut.tally().0, 2, "the oldest are listed");
    let uids = |drop: &Maildrop| drop.from(1).map(|(_, entry)| entry.uid).collect::<Vec<_>>();
    assert_eq!(uids(&cut), uids(&all).into_iter().take(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn numbers_keep_their_meaning_while_messages_are_marked() {
    let house = House::new();
    for _ in 0..3 {
        house.deliver(b"Subject: x\r\n\r\n").await;
    }
    let mut drop = Maildrop::open(&house.store, &house.alice().await, 10).await.unwrap();
    assert!(drop.mark(2) && !drop.mark(2) && !drop.mark(0) && !drop.mark(4));
    assert!(drop.get(2).is_none() && drop.get(0).is_none() && drop.get(4).is_none());
    assert_eq!(drop.from(1).map(|(number, _)| number).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(drop.from(2).map(|(number, _)| number).collect::<Vec<_>>(), [3]);
    drop.reset();
    assert_eq!(drop.tally(), (3, 42));
}

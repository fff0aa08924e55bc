//! The condition: what has changed since is left alone and named, the rest is changed.

use crate::testing;
use crate::{Arrival, FlagChange, INBOX};
use model::{Flags, Modseq, Rights, SystemFlags, Uid, ZonedTime};

#[tokio::test]
async fn what_changed_since_is_left_alone() {
    let store = testing::store();
    for _ in 0..2 {
        let mut arrival = Arrival::new(&store, 100);
        arrival.write(b"a: b\r\n\r\n").await.unwrap();
        let new = arrival.finish(Flags::default(), ZonedTime::default()).await.unwrap();
        let mut writer = testing::writer(&store).await;
        let inbox = writer.open_mailbox(INBOX, Rights::READ).await.unwrap();
        let uid = writer.append(&inbox, new).await.unwrap();
        let _committed = writer.commit(uid).await.unwrap();
    }
    let change = |system| FlagChange::Add(Flags { system, ..Flags::default() });
    let mut writer = testing::writer(&store).await;
    let inbox = writer.open_mailbox(INBOX, Rights::READ).await.unwrap();
    let before = writer.modseq();
    let seen = change(SystemFlags::SEEN);
    let flagged = writer.change_flags_unless(&inbox, &[Uid(1)], &seen, None).await.unwrap();
    let proof = writer.commit(flagged).await.unwrap();
    assert_eq!(proof.now[0].2, proof.modseq());

    let mut writer = testing::writer(&store).await;
    let both = [Uid(2), Uid(1), Uid(1), Uid(9)];
    let draft = change(SystemFlags::DRAFT);
    let flagged = writer.change_flags_unless(&inbox, &both, &draft, Some(before)).await.unwrap();
    assert_eq!(flagged.modified, [Uid(1)]);
    assert_eq!(flagged.now.iter().map(|(uid, ..)| *uid).collect::<Vec<_>>(), [Uid(2)]);
    let none = writer.change_flags_unless(&inbox, &both, &draft, Some(Modseq(0))).await.unwrap();
    assert_eq!((none.now.len(), none.modified.len()), (0, 2));
}

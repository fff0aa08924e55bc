//! Mailboxes and subscriptions from before names were kept in Unicode's form C, and who spells them either way.

use crate::harness::House;
use directory::Directory;
use directory::testing::MemoryDirectory;
use model::Address;
use store::NewCollection;

/// A house in which alice has mailboxes and subscriptions that are spelled just so.
async fn house(mailboxes: &[&str], gone: &[&str]) -> House {
    let house = House::new();
    let directory = MemoryDirectory::sample();
    let alice = directory.by_address(&Address::parse("alice@example.org").unwrap()).await.unwrap().unwrap();
    let principal = directory.principal(alice.id).await.unwrap();
    // The first login makes her account.
    house.alice().await.finish().await;
    let mut writer = house.store.write(&principal, alice.id).await.unwrap();
    for path in mailboxes {
        writer.create_mailbox(path, NewCollection::default()).await.unwrap();
    }
    for path in gone {
        writer.subscribe_mailbox(path, true).await.unwrap();
    }
    let _durable = writer.commit(()).await.unwrap();
    house
}

/// `^` is the accent that stands by itself.
async fn play(house: &House, script: &str) {
    house
        .play(&format!(
            "C: x ENABLE IMAP4rev2\nS: * ENABLED <*>\nS: x OK <*>\n{}",
            script.replace('^', "\u{301}")
        ))
        .await;
}

#[tokio::test]
async fn subscriptions_from_before_can_be_ended() {
    let house =
        house(&["Cafe\u{301}"], &["Cafe\u{301}", "Gone\u{301}", "Other Users/zoe@example.org/e\u{301}"])
            .await;
    play(
        &house,
        "C: a UNSUBSCRIBE \"Cafe^\"
         S: a OK <*>
         C: b UNSUBSCRIBE \"Gone^\"
         S: b OK <*>
         C: c UNSUBSCRIBE \"Other Users/zoe@example.org/e^\"
         S: c OK <*>
         C: d LIST (SUBSCRIBED) \"\" (C* G* O*)
         S: d OK <*>
         C: e SUBSCRIBE \"Cafe^/Gone^\"
         S: e OK <*>
         C: f UNSUBSCRIBE \"Caf\u{e9}/Gone^\"
         S: f OK <*>
         C: g LIST (SUBSCRIBED) \"\" C*
         S: g OK <*>",
    )
    .await;
}

#[tokio::test]
async fn what_is_below_another_spelling_stays_there() {
    let house = house(&["Cafe\u{301}"], &[]).await;
    play(
        &house,
        "C: a CREATE \"Cafe^/e^\"
         S: * LIST () \"/\" \"Cafe^/\u{e9}\" (\"OLDNAME\" (\"Cafe^/e^\"))
         S: a OK <*>
         C: b CREATE box
         S: b OK <*>
         C: c RENAME box \"Cafe^/box\"
         S: * LIST () \"/\" \"Cafe^/box\" (\"OLDNAME\" (box))
         S: c OK <*>
         C: d CREATE \"Caf\u{e9}\"
         S: d NO [ALREADYEXISTS] <*>
         C: e STATUS \"Caf\u{e9}/box\" (MESSAGES)
         S: * STATUS <*> (MESSAGES 0)
         S: e OK <*>
         C: f LIST \"\" C*
         S: * LIST (\\HasChildren) \"/\" \"Cafe^\"
         S: * LIST (\\HasNoChildren) \"/\" \"Cafe^/box\"
         S: * LIST (\\HasNoChildren) \"/\" \"Cafe^/\u{e9}\"
         S: f OK <*>
         C: g RENAME \"Cafe^\" \"Caf\u{e9}\"
         S: * LIST () \"/\" \"Caf\u{e9}\" (\"OLDNAME\" (\"Cafe^\"))
         S: g OK <*>
         C: h LIST \"\" \"Cafe^/b%\"
         S: * LIST (\\HasNoChildren) \"/\" \"Caf\u{e9}/box\"
         S: h OK <*>",
    )
    .await;
}

#[tokio::test]
async fn one_name_is_one_mailbox() {
    let house = house(&["Cafe\u{301}", "Caf\u{e9}"], &[]).await;
    play(
        &house,
        "C: a NOTIFY SET STATUS (mailboxes \"Cafe^\" (MessageNew MessageExpunge))
         S: * STATUS \"Cafe^\" <*>
         S: a OK <*>
         C: b NOTIFY SET STATUS (mailboxes \"Caf\u{e9}\" (MessageNew MessageExpunge))
         S: * STATUS \"Caf\u{e9}\" <*>
         S: b OK <*>",
    )
    .await;
}

#[tokio::test]
async fn inbox_has_neither_case_nor_form() {
    let house = house(&["INBOX/Caf\u{e9}"], &[]).await;
    play(
        &house,
        "C: a LIST \"\" \"inbox/Cafe^\"
         S: * LIST (\\HasNoChildren) \"/\" \"INBOX/Caf\u{e9}\"
         S: a OK <*>",
    )
    .await;
}

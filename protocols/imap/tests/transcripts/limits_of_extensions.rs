//! Limits that extensions bring, seen from outside.

use crate::figures::{
    BATCH_COUNT_MIN, BATCHES_SPAN_COUNT_MAX, FILTER_COUNT_MAX, KEPT_ITEMS_BYTES_MAX, METADATA_NAME_COUNT_MAX,
    NOTIFY_ENTRY_COUNT_MAX, NOTIFY_MAILBOX_COUNT_MAX, PREVIEW_BYTES_MAX, SEARCH_MAILBOX_COUNT_MAX,
    UPDATE_COUNT_MAX,
};
use crate::harness::{Client, House};
use imap::Config;

async fn append(client: &mut Client, message: &str) {
    let lines = client.ask(&format!("p APPEND INBOX {{{}+}}\r\n{message}", message.len())).await;
    assert!(lines.last().unwrap().starts_with("p OK "), "{lines:?}");
}

/// The tagged reply.
async fn told(client: &mut Client, command: &str) -> String {
    client.ask(command).await.pop().unwrap()
}

#[tokio::test]
async fn the_smallest_batch_and_the_longest_range_of_batches() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    assert_eq!(
        told(&mut client, &format!("b UIDBATCHES {BATCH_COUNT_MIN}")).await,
        "b OK UIDBATCHES completed"
    );
    let fewer = told(&mut client, &format!("c UIDBATCHES {}", BATCH_COUNT_MIN - 1)).await;
    assert!(fewer.starts_with("c NO [TOOFEW] "), "{fewer}");
    let most = BATCHES_SPAN_COUNT_MAX / u64::from(BATCH_COUNT_MIN);
    let range = told(&mut client, &format!("d UIDBATCHES {BATCH_COUNT_MIN} 1:{most}")).await;
    assert_eq!(range, "d OK UIDBATCHES completed");
    let longer = told(&mut client, &format!("e UIDBATCHES {BATCH_COUNT_MIN} 1:{}", most + 1)).await;
    assert!(longer.starts_with("e NO [TOOMANY] "), "{longer}");
}

#[tokio::test]
async fn so_many_filters_in_one_search() {
    let filters = [("all".to_owned(), "ALL".to_owned())].into();
    let house = House::configured(Config { filters, ..Config::default() });
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    let search = |count: usize| format!("b SEARCH{}", " FILTER all".repeat(count));
    assert_eq!(told(&mut client, &search(FILTER_COUNT_MAX)).await, "b OK SEARCH completed");
    let more = told(&mut client, &search(FILTER_COUNT_MAX + 1)).await;
    assert!(more.starts_with("b NO [UNDEFINED-FILTER all] "), "{more}");
}

#[tokio::test]
async fn so_much_is_read_for_a_preview() {
    let house = House::new();
    let mut client = house.alice().await;
    let most = usize::try_from(PREVIEW_BYTES_MAX).unwrap();
    for blanks in [most - "word".len(), most - "wor".len()] {
        append(&mut client, &format!("Subject: x\r\n\r\n{}word\r\n", " ".repeat(blanks))).await;
    }
    client.ask("a SELECT INBOX").await;
    let lines = client.ask("b FETCH 1:2 PREVIEW").await;
    assert_eq!(lines[..2], ["* 1 FETCH (PREVIEW \"word\")", "* 2 FETCH (PREVIEW \"wor\")"]);
}

#[tokio::test]
async fn so_many_mailboxes_of_one_search() {
    let house = House::new();
    let mut client = house.alice().await;
    for number in 0..SEARCH_MAILBOX_COUNT_MAX {
        client.ask(&format!("a CREATE x/{number}")).await;
    }
    // The mailbox that they are in is no part of it.
    let search = "b ESEARCH IN (subtree-one x) RETURN (COUNT) ALL";
    client.ask("a DELETE x/0").await;
    assert_eq!(told(&mut client, search).await, "b OK ESEARCH completed");
    client.ask("a CREATE x/0").await;
    let more = told(&mut client, search).await;
    assert!(more.starts_with("b NO [LIMIT] "), "{more}");
}

#[tokio::test]
async fn so_many_searches_are_kept_up_to_date() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    for number in 0..UPDATE_COUNT_MAX {
        let lines = client.ask(&format!("u{number} SEARCH RETURN (COUNT UPDATE) ALL")).await;
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
    let lines = client.ask("v SEARCH RETURN (COUNT UPDATE) ALL").await;
    assert!(lines[1].starts_with("* NO [NOUPDATE \"v\"] "), "{lines:?}");
}

#[tokio::test]
async fn so_much_is_told_of_messages_that_come() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    let items = |bytes: usize| {
        let around = "(BODY.PEEK[HEADER.FIELDS ()])";
        format!("(BODY.PEEK[HEADER.FIELDS ({})])", "x".repeat(bytes - around.len()))
    };
    let commands: [fn(&str) -> String; 2] = [
        |items| format!("b NOTIFY SET (selected (MessageNew {items} MessageExpunge))"),
        |items| format!("b SEARCH RETURN (UPDATE {items}) ALL"),
    ];
    for command in commands {
        let most = told(&mut client, &command(&items(KEPT_ITEMS_BYTES_MAX))).await;
        assert!(most.starts_with("b OK "), "{most}");
        let more = told(&mut client, &command(&items(KEPT_ITEMS_BYTES_MAX + 1))).await;
        assert!(more.starts_with("b NO [LIMIT] "), "{more}");
    }
}

#[tokio::test]
async fn so_many_mailboxes_are_watched() {
    let house = House::new();
    let mut client = house.alice().await;
    for number in 0..NOTIFY_MAILBOX_COUNT_MAX {
        client.ask(&format!("a CREATE x/{number}")).await;
    }
    // With the one that they are in it is one too many.
    let request = "b NOTIFY SET (subtree x (MailboxName))";
    let more = told(&mut client, request).await;
    assert!(more.starts_with("b NO [NOTIFICATIONOVERFLOW] "), "{more}");
    client.ask("a DELETE x/0").await;
    assert_eq!(told(&mut client, request).await, "b OK NOTIFY completed");
}

#[tokio::test]
async fn so_many_annotations_are_watched() {
    let house = House::new();
    let mut client = house.alice().await;
    let mailboxes = NOTIFY_ENTRY_COUNT_MAX / METADATA_NAME_COUNT_MAX;
    for number in 0..mailboxes {
        client.ask(&format!("a CREATE y/{number}")).await;
        let entries: Vec<String> =
            (0..METADATA_NAME_COUNT_MAX).map(|entry| format!("/private/e{entry} \"v\"")).collect();
        let set = told(&mut client, &format!("a SETMETADATA y/{number} ({})", entries.join(" "))).await;
        assert_eq!(set, "a OK SETMETADATA completed");
    }
    let request = "b NOTIFY SET (subtree y (MailboxMetadataChange))";
    assert_eq!(told(&mut client, request).await, "b OK NOTIFY completed");
    client.ask("c NOTIFY NONE").await;
    client.ask("d SETMETADATA y (/private/one \"v\")").await;
    let more = told(&mut client, request).await;
    assert!(more.starts_with("b NO [NOTIFICATIONOVERFLOW] "), "{more}");
}

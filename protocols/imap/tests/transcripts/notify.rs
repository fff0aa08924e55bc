//! NOTIFY (RFC 5465): what is told without being asked for, and what is not.

use crate::harness::{Client, House};
use std::time::Duration;

/// A client in INBOX that has asked for events.
async fn notified(house: &House, events: &str) -> Client {
    let mut client = house.alice().await;
    client.ask("s SELECT INBOX").await;
    let lines = client.ask(&format!("n NOTIFY SET {events}")).await;
    assert_eq!(lines.last().unwrap(), "n OK NOTIFY completed", "{lines:?}");
    client
}

async fn append(client: &mut Client, mailbox: &str) {
    let lines = client.ask(&format!("p APPEND {mailbox} {{16+}}\r\nSubject: 12345\r\n")).await;
    assert!(lines.last().unwrap().starts_with("p OK "), "{lines:?}");
}

#[tokio::test]
async fn the_open_mailbox_at_once_with_items() {
    let house = House::new();
    let mut other = house.alice().await;
    append(&mut other, "INBOX").await;
    let mut client = notified(
        &house,
        "(selected (MessageNew (uid body.peek[header.fields (subject)]) MessageExpunge FlagChange))",
    )
    .await;
    append(&mut other, "INBOX").await;
    assert_eq!(client.line().await, "* 2 EXISTS");
    assert_eq!(client.line().await, "* 2 RECENT");
    assert_eq!(client.line().await, "* 2 FETCH (UID 2 BODY[HEADER.FIELDS (subject)] {16}");
    assert_eq!(client.line().await, "Subject: 12345");
    assert_eq!(client.line().await, ")");
    other.ask("a SELECT INBOX").await;
    other.ask("b UID STORE 1 +FLAGS ($Junk \\Deleted)").await;
    assert!(client.line().await.starts_with("* FLAGS "));
    assert!(client.line().await.starts_with("* OK [PERMANENTFLAGS "));
    assert_eq!(client.line().await, "* 1 FETCH (UID 1 FLAGS (\\Recent \\Deleted $Junk))");
    other.ask("c EXPUNGE").await;
    assert_eq!(client.line().await, "* 1 EXPUNGE");
    assert_eq!(client.line().await, "* 1 RECENT");
    // One's own message is not fetched.
    let lines = client.ask("d APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
    assert_eq!(lines[..2], ["* 2 EXISTS", "* 2 RECENT"]);
    assert_eq!(lines.len(), 3);
    client.finish().await;
}

#[tokio::test]
async fn removals_wait_where_they_are_to() {
    let house = House::new();
    let mut other = house.alice().await;
    append(&mut other, "INBOX").await;
    append(&mut other, "INBOX").await;
    let mut client = notified(&house, "(selected-delayed (MessageNew MessageExpunge))").await;
    other.ask("a SELECT INBOX").await;
    other.ask("b STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    other.ask("c EXPUNGE").await;
    assert_eq!(client.ask("d FETCH 1:2 UID").await.last().unwrap(), "d OK [EXPUNGEISSUED] FETCH completed");
    // Flags were not asked for.
    assert_eq!(client.ask("e NOOP").await, ["* 1 EXPUNGE", "* 1 RECENT", "e OK NOOP completed"]);
    append(&mut other, "INBOX").await;
    assert_eq!(client.line().await, "* 2 EXISTS");
    assert_eq!(client.line().await, "* 2 RECENT");
    // IDLE allows removals.
    client.say("f IDLE").await;
    assert_eq!(client.line().await, "+ idling");
    other.ask("g UID STORE 2 +FLAGS.SILENT (\\Deleted)").await;
    other.ask("h EXPUNGE").await;
    assert_eq!(client.line().await, "* 1 EXPUNGE");
    assert_eq!(client.line().await, "* 1 RECENT");
    client.say("DONE").await;
    assert_eq!(client.line().await, "f OK IDLE completed");
}

#[tokio::test]
async fn what_comes_behind_a_removal_is_told() {
    let house = House::new();
    let mut other = house.alice().await;
    append(&mut other, "INBOX").await;
    append(&mut other, "INBOX").await;
    let request = "(selected-delayed (MessageNew (uid) MessageExpunge FlagChange))";
    let mut client = notified(&house, request).await;
    other.ask("a SELECT INBOX").await;
    other.ask("b STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    assert_eq!(client.line().await, "* 1 FETCH (UID 1 FLAGS (\\Recent \\Deleted))");
    other.ask("c EXPUNGE").await;
    // What has gone still counts, so that the numbers of the others stay.
    append(&mut other, "INBOX").await;
    assert_eq!(client.line().await, "* 3 EXISTS");
    assert_eq!(client.line().await, "* 3 RECENT");
    assert_eq!(client.line().await, "* 3 FETCH (UID 3)");
    other.ask("d STORE 1 +FLAGS.SILENT (\\Flagged)").await;
    assert_eq!(client.line().await, "* 2 FETCH (UID 2 FLAGS (\\Recent \\Flagged))");
    append(&mut other, "INBOX").await;
    assert_eq!(client.line().await, "* 4 EXISTS");
    assert_eq!(client.line().await, "* 4 RECENT");
    assert_eq!(client.line().await, "* 4 FETCH (UID 4)");
    let lines = client.ask("e FETCH 1:4 UID").await;
    let expect = ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)", "* 4 FETCH (UID 4)"];
    assert_eq!(lines[..4], expect);
    assert_eq!(lines[4], "e OK [EXPUNGEISSUED] FETCH completed");
    // The first command that allows it tells what has gone, and nothing again.
    assert_eq!(client.ask("f NOOP").await, ["* 1 EXPUNGE", "* 3 RECENT", "f OK NOOP completed"]);
    assert_eq!(client.ask("g SEARCH ALL").await, ["* SEARCH 1 2 3", "g OK SEARCH completed"]);
    append(&mut other, "INBOX").await;
    assert_eq!(client.line().await, "* 4 EXISTS");
    assert_eq!(client.line().await, "* 4 RECENT");
    assert_eq!(client.line().await, "* 4 FETCH (UID 5)");
    client.finish().await;
}

#[tokio::test]
async fn none_is_none_but_for_what_one_does() {
    let house = House::new();
    let mut other = house.alice().await;
    append(&mut other, "INBOX").await;
    append(&mut other, "INBOX").await;
    for request in ["NOTIFY NONE", "NOTIFY SET (personal (MailboxName))", "NOTIFY SET (selected NONE)"] {
        let mut client = house.alice().await;
        client.ask("a SELECT INBOX").await;
        assert_eq!(client.ask(&format!("b {request}")).await, ["b OK NOTIFY completed"]);
        append(&mut other, "INBOX").await;
        assert_eq!(client.ask("c NOOP").await, ["c OK NOOP completed"], "{request}");
        client.ask("d STORE 1 +FLAGS.SILENT (\\Deleted)").await;
        let lines = client.ask("e EXPUNGE").await;
        assert!(lines.contains(&"* 1 EXPUNGE".to_owned()), "{lines:?}");
        // The request itself tells all that has come.
        append(&mut other, "INBOX").await;
        let lines = client.ask("f NOTIFY SET (selected (MessageNew MessageExpunge))").await;
        assert!(lines[0].ends_with(" EXISTS"), "{lines:?}");
    }
}

#[tokio::test]
async fn other_mailboxes_by_status() {
    let house = House::new();
    let mut other = house.alice().await;
    for name in ["Lists", "Lists/a", "Lists/b", "misc"] {
        other.ask(&format!("m CREATE {name}")).await;
    }
    let mut client = house.alice().await;
    client.ask("s SELECT INBOX").await;
    let lines = client.ask("n NOTIFY SET STATUS (subtree Lists (MessageNew MessageExpunge))").await;
    let figures = |name: &str| format!("* STATUS {name} (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ");
    assert!(lines[0].starts_with(&figures("Lists")), "{lines:?}");
    assert!(lines[1].starts_with(&figures("Lists/a")));
    assert!(lines[2].starts_with(&figures("Lists/b")));
    assert_eq!(lines.len(), 4);
    append(&mut other, "misc").await;
    append(&mut other, "INBOX").await;
    append(&mut other, "Lists/a").await;
    assert!(client.line().await.starts_with("* STATUS Lists/a (MESSAGES 1 UIDNEXT 2 UIDVALIDITY "));
    // Flags were not asked for.
    other.ask("a SELECT Lists/a").await;
    other.ask("b STORE 1 +FLAGS (\\Seen \\Deleted)").await;
    other.ask("c EXPUNGE").await;
    assert!(client.line().await.starts_with("* STATUS Lists/a (MESSAGES 0 UIDNEXT 2 UIDVALIDITY "));
    // What the client does itself it is not told of; what others do meanwhile it is.
    let lines = client.ask("d APPEND Lists/b {8+}\r\na: 1\r\n\r\n").await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(client.ask("e NOOP").await, ["e OK NOOP completed"]);
    append(&mut other, "Lists/b").await;
    assert!(client.line().await.starts_with("* STATUS Lists/b (MESSAGES 2 "));
    // A mailbox that is opened is no other any more, and is one again when it is closed.
    client.ask("f SELECT Lists/b").await;
    append(&mut other, "Lists/b").await;
    assert_eq!(client.ask("g UNSELECT").await, ["g OK UNSELECT completed"]);
    append(&mut other, "Lists/b").await;
    assert!(client.line().await.starts_with("* STATUS Lists/b (MESSAGES 4 "));
    client.finish().await;
}

#[tokio::test]
async fn flags_of_other_mailboxes() {
    let house = House::new();
    let mut other = house.alice().await;
    append(&mut other, "Archive").await;
    other.ask("a SELECT Archive").await;
    let all = "(mailboxes Archive (MessageNew MessageExpunge FlagChange))";
    let mut plain = notified(&house, all).await;
    let mut knows = house.alice().await;
    knows.ask("e ENABLE CONDSTORE").await;
    let lines = knows.ask(&format!("n NOTIFY SET STATUS {all}")).await;
    assert!(lines[0].contains(" HIGHESTMODSEQ "), "{lines:?}");
    // Without Modseqs only what is read is told of.
    other.ask("b STORE 1 +FLAGS (\\Flagged)").await;
    assert!(knows.line().await.starts_with("* STATUS Archive (HIGHESTMODSEQ "));
    assert_eq!(plain.ask("c NOOP").await, ["c OK NOOP completed"]);
    other.ask("d STORE 1 +FLAGS (\\Seen)").await;
    assert!(plain.line().await.starts_with("* STATUS Archive (UNSEEN 0 UIDVALIDITY "));
    assert!(knows.line().await.starts_with("* STATUS Archive (UNSEEN 0 HIGHESTMODSEQ "));
}

#[tokio::test]
async fn names_and_subscriptions() {
    let house = House::new();
    let mut other = house.alice().await;
    other.ask("a CREATE top").await;
    let mut client = notified(&house, "(personal (MailboxName SubscriptionChange))").await;
    other.ask("b CREATE top/one").await;
    assert_eq!(client.line().await, "* LIST (\\HasNoChildren) \"/\" top/one");
    assert_eq!(client.line().await, "* LIST (\\HasChildren) \"/\" top");
    other.ask("c SUBSCRIBE top/one").await;
    assert_eq!(client.line().await, "* LIST (\\Subscribed \\HasNoChildren) \"/\" top/one");
    // What lies below goes along without a word.
    other.ask("d CREATE new").await;
    assert_eq!(client.line().await, "* LIST (\\HasNoChildren) \"/\" new");
    other.ask("e RENAME top new/top").await;
    assert_eq!(client.line().await, "* LIST (\\HasChildren) \"/\" new/top (\"OLDNAME\" (top))");
    assert_eq!(client.line().await, "* LIST (\\HasChildren) \"/\" new");
    other.ask("f DELETE new/top/one").await;
    assert_eq!(client.line().await, "* LIST (\\Subscribed \\NonExistent) \"/\" new/top/one");
    assert_eq!(client.line().await, "* LIST (\\HasNoChildren) \"/\" new/top");
    other.ask("g UNSUBSCRIBE new/top/one").await;
    assert_eq!(client.line().await, "* LIST (\\NonExistent) \"/\" new/top/one");
    other.ask("h SUBSCRIBE nowhere").await;
    assert_eq!(client.line().await, "* LIST (\\Subscribed \\NonExistent) \"/\" nowhere");
    // Not of what the client does itself.
    assert_eq!(client.ask("i CREATE mine").await.len(), 1);
    assert_eq!(client.ask("j DELETE mine").await, ["j OK DELETE completed"]);
    assert_eq!(client.ask("k SUBSCRIBE new").await, ["k OK SUBSCRIBE completed"]);
    assert_eq!(client.ask("l NOOP").await, ["l OK NOOP completed"]);
}

#[tokio::test]
async fn subscriptions_decide_anew() {
    let house = House::new();
    let mut other = house.alice().await;
    other.ask("a CREATE x").await;
    let mut client = notified(&house, "(subscribed (MessageNew MessageExpunge))").await;
    append(&mut other, "x").await;
    assert_eq!(client.ask("b NOOP").await, ["b OK NOOP completed"]);
    other.ask("c SUBSCRIBE x").await;
    assert!(client.line().await.starts_with("* STATUS x (MESSAGES 1 UIDNEXT 2 UIDVALIDITY "));
    append(&mut other, "x").await;
    assert!(client.line().await.starts_with("* STATUS x (MESSAGES 2 UIDNEXT 3 UIDVALIDITY "));
    other.ask("d UNSUBSCRIBE x").await;
    append(&mut other, "x").await;
    assert_eq!(client.ask("e NOOP").await, ["e OK NOOP completed"]);
}

#[tokio::test]
async fn annotations() {
    let house = House::new();
    let mut other = house.alice().await;
    let mut client =
        notified(&house, "(inboxes (MailboxMetadataChange)) (personal (ServerMetadataChange))").await;
    other.ask("a SETMETADATA INBOX (/shared/comment \"x\" /private/color \"red\")").await;
    assert_eq!(client.line().await, "* METADATA INBOX /private/color /shared/comment");
    other.ask("b SETMETADATA INBOX (/shared/comment NIL)").await;
    assert_eq!(client.line().await, "* METADATA INBOX /shared/comment");
    other.ask("c SETMETADATA Archive (/shared/comment \"x\")").await;
    other.ask("d SETMETADATA \"\" (/private/vendor/x/z \"y\")").await;
    assert_eq!(client.line().await, "* METADATA \"\" /private/vendor/x/z");
    client.finish().await;
}

#[tokio::test]
async fn removals_by_uid_and_without_numbers() {
    let house = House::new();
    let mut other = house.alice().await;
    append(&mut other, "INBOX").await;
    let mut client = house.alice().await;
    client.ask("a ENABLE QRESYNC UIDONLY").await;
    client.ask("b SELECT INBOX").await;
    client.ask("c NOTIFY SET (selected (MessageNew (FLAGS MODSEQ) MessageExpunge FlagChange))").await;
    append(&mut other, "INBOX").await;
    assert_eq!(client.line().await, "* 2 EXISTS");
    assert_eq!(client.line().await, "* 2 RECENT");
    assert!(client.line().await.starts_with("* 2 UIDFETCH (FLAGS (\\Recent) MODSEQ ("));
    other.ask("d SELECT INBOX").await;
    other.ask("e UID STORE 1 +FLAGS (\\Deleted)").await;
    assert!(client.line().await.starts_with("* 1 UIDFETCH (FLAGS (\\Recent \\Deleted) MODSEQ ("));
    other.ask("f EXPUNGE").await;
    assert_eq!(client.line().await, "* VANISHED 1");
}

#[tokio::test]
async fn searches_kept_up_to_date_are_told_at_once() {
    let house = House::new();
    let mut other = house.alice().await;
    let mut client = notified(&house, "(selected (MessageNew (UID) MessageExpunge))").await;
    client.ask("t UID SEARCH RETURN (UPDATE) UNSEEN").await;
    append(&mut other, "INBOX").await;
    assert_eq!(client.line().await, "* 1 EXISTS");
    assert_eq!(client.line().await, "* 1 RECENT");
    assert_eq!(client.line().await, "* ESEARCH (TAG \"t\") UID ADDTO (0 1)");
    assert_eq!(client.line().await, "* 1 FETCH (UID 1)");
}

#[tokio::test]
async fn others_mailboxes_as_far_as_they_are_shared() {
    let house = House::new();
    let mut alice = house.alice().await;
    alice.ask("a CREATE shared").await;
    alice.ask("b SETACL shared bob@example.org l").await;
    let mut bob = house.connect().await;
    bob.ask("a LOGIN bob@example.org bob-secret").await;
    let name = "\"Other Users/alice@example.org/shared\"";
    let lines = bob
        .ask(&format!("b NOTIFY SET STATUS (mailboxes {name} (MessageNew MessageExpunge MailboxName))"))
        .await;
    assert_eq!(lines[0], format!("* LIST (\\Noselect \\HasNoChildren \\NoAccess) \"/\" {name}"));
    assert_eq!(lines.len(), 2);
    append(&mut alice, "shared").await;
    assert_eq!(bob.ask("c NOOP").await, ["c OK NOOP completed"]);
    alice.ask("c SETACL shared bob@example.org lr").await;
    assert_eq!(bob.line().await, format!("* LIST (\\HasNoChildren) \"/\" {name}"));
    append(&mut alice, "shared").await;
    assert!(bob.line().await.starts_with(&format!("* STATUS {name} (MESSAGES 2 UIDNEXT 3 ")));
    alice.ask("d DELETEACL shared bob@example.org").await;
    assert_eq!(bob.line().await, format!("* LIST (\\NonExistent) \"/\" {name}"));
    append(&mut alice, "shared").await;
    assert_eq!(bob.ask("e NOOP").await, ["e OK NOOP completed"]);
    alice.ask("e SETACL shared bob@example.org lr").await;
    assert_eq!(bob.line().await, format!("* LIST (\\HasNoChildren) \"/\" {name}"));
    assert!(bob.line().await.starts_with(&format!("* STATUS {name} (MESSAGES 3 UIDNEXT 4 ")));
}

#[tokio::test(start_paused = true)]
async fn who_shares_later_is_found_and_a_silent_client_is_not_kept() {
    let house = House::new();
    let mut alice = house.alice().await;
    let mut bob = house.connect().await;
    bob.ask("a LOGIN bob@example.org bob-secret").await;
    bob.ask("b NOTIFY SET (subtree \"Other Users\" (MessageNew MessageExpunge MailboxName))").await;
    alice.ask("a SETACL Archive bob@example.org lr").await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(bob.line().await, "* LIST (\\HasNoChildren) \"/\" \"Other Users/alice@example.org/Archive\"");
    assert!(bob.line().await.starts_with("* STATUS \"Other Users/alice@example.org/Archive\" (MESSAGES 0 "));
    tokio::time::sleep(Duration::from_secs(31 * 60)).await;
    assert_eq!(bob.line().await, "* BYE Timeout");
}

#[tokio::test]
async fn commands_in_one_segment_are_answered() {
    let house = House::new();
    let mut other = house.alice().await;
    let mut client = notified(&house, "(personal (MessageNew MessageExpunge))").await;
    append(&mut other, "Archive").await;
    client.send(b"a NOOP\r\nb NOOP\r\nc NO").await;
    let mut lines = client.until("b").await;
    lines.retain(|line| !line.starts_with("* STATUS Archive "));
    assert_eq!(lines, ["a OK NOOP completed", "b OK NOOP completed"]);
    client.send(b"OP\r\n").await;
    assert_eq!(client.line().await, "c OK NOOP completed");
    assert_eq!(
        client.ask("d NOTIFY SET (selected (AnnotationChange))").await[0].split(' ').nth(1),
        Some("NO")
    );
    assert!(client.ask("e NOTIFY SET (personal (MessageNew))").await[0].starts_with("e BAD "));
    assert_eq!(client.ask("f NOTIFY NONE").await, ["f OK NOTIFY completed"]);
}

#[tokio::test]
async fn mailboxes_watched_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut other = house.alice().await;
    for number in 0..1_999 {
        other.ask(&format!("a CREATE many/{number}")).await;
    }
    let mut client = notified(&house, "(subtree many (MessageNew MessageExpunge))").await;
    other.ask("b CREATE many/more").await;
    assert_eq!(client.line().await, "* OK [NOTIFICATIONOVERFLOW] That is more than can be watched");
    assert_eq!(
        client.ask("c NOTIFY SET (subtree many (MailboxName))").await,
        ["c NO [NOTIFICATIONOVERFLOW] That is more than can be watched"]
    );
    // As after NOTIFY NONE.
    append(&mut other, "INBOX").await;
    assert_eq!(client.ask("d NOOP").await, ["d OK NOOP completed"]);
}

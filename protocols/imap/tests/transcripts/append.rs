//! APPEND: streamed, refused before `+`, swallowed, pipelined.

use crate::harness::{House, play};

#[tokio::test]
async fn a_message_arrives_octet_for_octet() {
    play(
        "C: a SELECT INBOX
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
         S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] <*>
         S: * 0 EXISTS
         S: * 0 RECENT
         S: * OK [UIDVALIDITY <*>] <*>
         S: * OK [UIDNEXT 1] <*>
         S: a OK [READ-WRITE] SELECT completed
         C: b APPEND inbox (\\Seen $Work) \" 7-Feb-1994 21:52:25 -0800\" {24}
         S: + <*>
         C: Subject: hi
         C:
         C: body
         C: x
         C:
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)
         S: * OK [PERMANENTFLAGS <*>
         S: * 1 EXISTS
         S: * 1 RECENT
         S: b OK [APPENDUID <*> 1] APPEND completed
         C: c FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
         S: * 1 FETCH (UID 1 FLAGS (\\Recent \\Seen $Work) INTERNALDATE \"07-Feb-1994 21:52:25 -0800\" RFC822.SIZE 24 BODY[] {24}
         S: Subject: hi
         S:
         S: body
         S: x
         S: )
         S: c OK FETCH completed",
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_before_it_is_sent() {
    play(
        "C: a APPEND Nowhere {310}
         S: a NO [TRYCREATE] No such mailbox
         C: b APPEND INBOX {67108865}
         S: b NO [TOOBIG] Message too large
         C: c APPEND INBOX (\\Foo) {10}
         S: c BAD <*>
         C: d APPEND INBOX {0}
         S: d NO <*>
         C: e NOOP
         S: e OK NOOP completed",
    )
    .await;
}

#[tokio::test]
async fn what_was_sent_unasked_is_swallowed() {
    play(
        "C: a APPEND Nowhere {5+}
         C: 12345
         S: a NO [TRYCREATE] No such mailbox
         C: b APPEND INBOX \"bad date\" {3+}
         C: abc
         S: b BAD <*>
         C: c APPEND INBOX {7+}
         C: a: b
         C:
         C:
         S: c OK [APPENDUID <*> 1] APPEND completed
         C: d APPEND INBOX {3+}
         C: a: {1+}
         C: x
         S: d BAD Expected another message or the end
         C: e STATUS INBOX (MESSAGES)
         S: * STATUS INBOX (MESSAGES 1)
         S: e OK STATUS completed",
    )
    .await;
}

#[tokio::test]
async fn the_mailbox_may_be_a_literal_too() {
    play(
        "C: a APPEND {5}
         S: + <*>
         C: INBOX (\\Seen) {9}
         S: + <*>
         C: a: b
         C:
         C: x
         S: a OK [APPENDUID <*> 1] APPEND completed",
    )
    .await;
}

#[tokio::test]
async fn the_quota_is_asked_first() {
    House::with_quota(100)
        .play(
            "C: a APPEND INBOX {101}
             S: a NO [OVERQUOTA] <*>
             C: b APPEND INBOX {101+}
             C: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x
             S: b NO [OVERQUOTA] <*>
             C: c APPEND INBOX {5}
             S: + <*>
             C: a: b
             C:
             S: c OK [APPENDUID <*> 1] <*>",
        )
        .await;
}

#[tokio::test]
async fn a_large_message_comes_back_whole() {
    let house = House::new();
    let mut client = house.alice().await;
    let mut message = b"Subject: large\r\n\r\n".to_vec();
    while message.len() < 3_000_000 {
        message.extend_from_slice(format!("line {}\r\n", message.len()).as_bytes());
    }
    client.send(format!("a APPEND INBOX {{{}+}}\r\n", message.len()).as_bytes()).await;
    client.send(&message).await;
    client.send(b"\r\n").await;
    assert!(client.until("a").await.last().unwrap().starts_with("a OK [APPENDUID "));
    client.ask("b EXAMINE INBOX").await;
    client.say("c FETCH 1 BODY.PEEK[]").await;
    assert_eq!(client.line().await, format!("* 1 FETCH (BODY[] {{{}}}", message.len()));
    let lines = client.until("c").await;
    let mut back = lines[..lines.len() - 1].join("\r\n");
    assert_eq!(back.pop(), Some(')'));
    assert!(back.as_bytes() == message);
}

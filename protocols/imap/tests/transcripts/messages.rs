//! STORE, COPY, MOVE, EXPUNGE, CLOSE, UNSELECT on a mailbox with a few messages.

use crate::harness::play;

/// Three messages in INBOX, which is then open.
const THREE: &str = "C: 1 APPEND INBOX {6+}
    C: a: 1
    C:
    C:
    S: 1 OK <*>
    C: 2 APPEND INBOX {6+}
    C: a: 2
    C:
    C:
    S: 2 OK <*>
    C: 3 APPEND INBOX {6+}
    C: a: 3
    C:
    C:
    S: 3 OK <*>
    C: 4 SELECT INBOX
    S: * FLAGS <*>
    S: * OK [PERMANENTFLAGS <*>
    S: * 3 EXISTS
    S: * 3 RECENT
    S: * OK [UNSEEN 1] <*>
    S: * OK [UIDVALIDITY <*>
    S: * OK [UIDNEXT 4] <*>
    S: 4 OK [READ-WRITE] SELECT completed
    ";

async fn with_three(script: &str) {
    let short = THREE.replace("{6+}", "{8+}");
    play(&format!("{short}{script}")).await;
}

#[tokio::test]
async fn store_in_every_mode() {
    with_three(
        "C: a STORE 1:2 +FLAGS (\\Seen \\Flagged)
         S: * 1 FETCH (FLAGS (\\Recent \\Flagged \\Seen))
         S: * 2 FETCH (FLAGS (\\Recent \\Flagged \\Seen))
         S: a OK STORE completed
         C: b UID STORE 2 -FLAGS \\Seen
         S: * 2 FETCH (UID 2 FLAGS (\\Recent \\Flagged))
         S: b OK STORE completed
         C: c STORE * FLAGS.SILENT (\\Draft Work)
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Work)
         S: * OK [PERMANENTFLAGS <*>
         S: c OK STORE completed
         C: d FETCH 1:3 FLAGS
         S: * 1 FETCH (FLAGS (\\Recent \\Flagged \\Seen))
         S: * 2 FETCH (FLAGS (\\Recent \\Flagged))
         S: * 3 FETCH (FLAGS (\\Recent \\Draft Work))
         S: d OK FETCH completed
         C: e STORE 4 FLAGS ()
         S: e BAD No such message number
         C: f UID STORE 4:9 FLAGS ()
         S: f OK STORE completed
         C: g STORE 1 FLAGS (\\Bogus)
         S: g BAD Unknown system flag
         C: h NOOP
         S: h OK NOOP completed",
    )
    .await;
}

#[tokio::test]
async fn expunge_close_unselect() {
    with_three(
        "C: a STORE 1,3 +FLAGS.SILENT (\\Deleted)
         S: a OK STORE completed
         C: b UID EXPUNGE 2:3
         S: * 3 EXPUNGE
         S: * 2 RECENT
         S: b OK EXPUNGE completed
         C: c UNSELECT
         S: c OK UNSELECT completed
         C: d STATUS INBOX (MESSAGES DELETED UNSEEN)
         S: * STATUS INBOX (MESSAGES 2 DELETED 1 UNSEEN 2)
         S: d OK STATUS completed
         C: e EXAMINE INBOX
         S: * FLAGS <*>
         S: * OK [PERMANENTFLAGS ()] <*>
         S: * 2 EXISTS
         S: * 0 RECENT
         S: * OK [UNSEEN 1] <*>
         S: * OK [UIDVALIDITY <*>
         S: * OK [UIDNEXT 4] <*>
         S: e OK [READ-ONLY] EXAMINE completed
         C: f EXPUNGE
         S: f NO [READ-ONLY] <*>
         C: g STORE 1 +FLAGS (\\Seen)
         S: g NO [READ-ONLY] <*>
         C: h CLOSE
         S: h OK CLOSE completed
         C: i SELECT INBOX
         S: * FLAGS <*>
         S: * OK [PERMANENTFLAGS <*>
         S: * 2 EXISTS
         S: * 0 RECENT
         S: * OK [UNSEEN 1] <*>
         S: * OK [UIDVALIDITY <*>
         S: * OK [UIDNEXT 4] <*>
         S: i OK [READ-WRITE] SELECT completed
         C: j CLOSE
         S: j OK CLOSE completed
         C: k STATUS INBOX (MESSAGES)
         S: * STATUS INBOX (MESSAGES 1)
         S: k OK STATUS completed",
    )
    .await;
}

#[tokio::test]
async fn copy_and_move_tell_their_uids() {
    with_three(
        "C: a COPY 1,3 Archive
         S: a OK [COPYUID <*> 1,3 1:2] COPY completed
         C: b COPY 1 Nowhere
         S: b NO [TRYCREATE] <*>
         C: c UID COPY 9 Archive
         S: c OK COPY completed
         C: d UID MOVE 2:3 Archive
         S: * OK [COPYUID <*> 2:3 3:4] Moved
         S: * 3 EXPUNGE
         S: * 2 EXPUNGE
         S: * 1 RECENT
         S: d OK MOVE completed
         C: e STATUS Archive (MESSAGES SIZE)
         S: * STATUS Archive (MESSAGES 4 SIZE 32)
         S: e OK STATUS completed
         C: f COPY 1 INBOX
         S: * 2 EXISTS
         S: * 2 RECENT
         S: f OK [COPYUID <*> 1 4] COPY completed
         C: g MOVE 1 INBOX
         S: * OK [COPYUID <*> 1 5] Moved
         S: * 1 EXPUNGE
         S: * 2 EXISTS
         S: * 2 RECENT
         S: g OK MOVE completed
         C: h FETCH 1:* (UID BODY.PEEK[HEADER])
         S: * 1 FETCH (UID 4 BODY[HEADER] {8}
         S: a: 1
         S:
         S: )
         S: * 2 FETCH (UID 5 BODY[HEADER] {8}
         S: a: 1
         S:
         S: )
         S: h OK FETCH completed",
    )
    .await;
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    with_three(
        "C: a STORE 1 +FLAGS.SILENT (\\Deleted)
         C: b EXPUNGE
         C: c FETCH 1 UID
         C: d NOOP
         S: a OK STORE completed
         S: * 1 EXPUNGE
         S: * 2 RECENT
         S: b OK EXPUNGE completed
         S: * 1 FETCH (UID 2)
         S: c OK FETCH completed
         S: d OK NOOP completed
         C:
         C: e CHECK
         S: e OK CHECK completed",
    )
    .await;
}

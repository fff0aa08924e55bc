//! Two sessions on one mailbox: what each is told, and when.

use crate::harness::play;

#[tokio::test]
async fn no_expunge_while_numbers_are_in_use() {
    play(
        "C: 1 APPEND INBOX {8+}
         C: a: 1
         C:
         C:
         S: 1 OK <*>
         C: 2 APPEND INBOX {8+}
         C: a: 2
         C:
         C:
         S: 2 OK <*>
         C: 3 SELECT INBOX
         S: * FLAGS <*>
         S: * OK <*>
         S: * 2 EXISTS
         S: * 0 RECENT
         S: * OK [UNSEEN 1] <*>
         S: * OK <*>
         S: * OK <*>
         S: 3 OK <*>
         C2: 3 SELECT INBOX
         S2: * FLAGS <*>
         S2: * OK <*>
         S2: * 2 EXISTS
         S2: * 0 RECENT
         S2: * OK [UNSEEN 1] <*>
         S2: * OK <*>
         S2: * OK <*>
         S2: 3 OK <*>
         C2: 4 STORE 1 +FLAGS (\\Deleted)
         S2: * 1 FETCH (FLAGS (\\Deleted))
         S2: 4 OK STORE completed
         # flags of others may be told at any time
         C: 4 FETCH 2 FLAGS
         S: * 2 FETCH (FLAGS ())
         S: * 1 FETCH (UID 1 FLAGS (\\Deleted))
         S: 4 OK FETCH completed
         C2: 5 EXPUNGE
         S2: * 1 EXPUNGE
         S2: 5 OK EXPUNGE completed
         # an EXPUNGE not: number 2 is still the second message
         C: 5 FETCH 1:2 (UID RFC822.SIZE)
         S: * 2 FETCH (UID 2 RFC822.SIZE 8)
         S: 5 OK [EXPUNGEISSUED] FETCH completed
         C: 6 STORE 1:2 +FLAGS (\\Flagged)
         S: * 2 FETCH (FLAGS (\\Flagged))
         S: 6 OK [EXPUNGEISSUED] STORE completed
         C: 7 SEARCH ALL
         S: * SEARCH 2
         S: 7 OK SEARCH completed
         # by UID they may
         C: 8 UID FETCH 2 FLAGS
         S: * 2 FETCH (UID 2 FLAGS (\\Flagged))
         S: * 1 EXPUNGE
         S: 8 OK FETCH completed
         C: 9 FETCH 1 UID
         S: * 1 FETCH (UID 2)
         S: 9 OK FETCH completed",
    )
    .await;
}

#[tokio::test]
async fn a_mailbox_that_goes_ends_its_sessions() {
    play(
        "C: 1 CREATE x
         S: 1 OK <*>
         C2: 1 SELECT x
         S2: * FLAGS <*>
         S2: * OK <*>
         S2: * 0 EXISTS
         S2: * 0 RECENT
         S2: * OK <*>
         S2: * OK <*>
         S2: 1 OK <*>
         C: 2 DELETE x
         S: 2 OK <*>
         C2: 2 NOOP
         S2: * BYE The mailbox has gone
         S2: (end)",
    )
    .await;
}

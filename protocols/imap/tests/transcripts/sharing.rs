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
         S: * 2 RECENT
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
         S: * 2 FETCH (FLAGS (\\Recent))
         S: * 1 FETCH (UID 1 FLAGS (\\Recent \\Deleted))
         S: 4 OK FETCH completed
         C2: 5 EXPUNGE
         S2: * 1 EXPUNGE
         S2: 5 OK EXPUNGE completed
         # an EXPUNGE not: number 2 is still the second message
         C: 5 FETCH 1:2 (UID RFC822.SIZE)
         S: * 2 FETCH (UID 2 RFC822.SIZE 8)
         S: 5 OK [EXPUNGEISSUED] FETCH completed
         C: 6 STORE 1:2 +FLAGS (\\Flagged)
         S: * 2 FETCH (FLAGS (\\Recent \\Flagged))
         S: * 1 FETCH (FLAGS (\\Recent \\Flagged \\Deleted))
         S: 6 OK [EXPUNGEISSUED] STORE completed
         C: 7 SEARCH ALL
         S: * SEARCH 2
         S: 7 OK [EXPUNGEISSUED] SEARCH completed
         # by UID they may
         C: 8 UID FETCH 2 FLAGS
         S: * 2 FETCH (UID 2 FLAGS (\\Recent \\Flagged))
         S: * 1 EXPUNGE
         S: * 1 RECENT
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

#[tokio::test]
async fn a_silent_store_does_not_hide_what_others_did() {
    play(
        "C: 1 APPEND INBOX (old) {8+}
         C: a: 1
         C:
         C:
         S: 1 OK <*>
         C: 2 SELECT INBOX
         S: * FLAGS <*>
         S: * OK <*>
         S: * 1 EXISTS
         S: * 1 RECENT
         S: * OK [UNSEEN 1] <*>
         S: * OK <*>
         S: * OK <*>
         S: 2 OK <*>
         C2: 2 EXAMINE INBOX
         S2: * FLAGS <*>
         S2: * OK <*>
         S2: * 1 EXISTS
         S2: * 0 RECENT
         S2: * OK [UNSEEN 1] <*>
         S2: * OK <*>
         S2: * OK <*>
         S2: 2 OK <*>
         C2: 3 SELECT INBOX
         S2: * OK [CLOSED] <*>
         S2: * FLAGS <*>
         S2: * OK <*>
         S2: * 1 EXISTS
         S2: * 0 RECENT
         S2: * OK [UNSEEN 1] <*>
         S2: * OK <*>
         S2: * OK <*>
         S2: 3 OK <*>
         C2: 4 STORE 1 +FLAGS (\\Flagged new)
         S2: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft old new)
         S2: * OK <*>
         S2: * 1 FETCH (FLAGS (\\Flagged old new))
         S2: 4 OK STORE completed
         C: 4 STORE 1 +FLAGS.SILENT (\\Seen)
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft old new)
         S: * OK <*>
         S: * 1 FETCH (UID 1 FLAGS (\\Recent \\Flagged \\Seen old new))
         S: 4 OK STORE completed
         C: 5 STORE 1 -FLAGS.SILENT (\\Seen)
         S: 5 OK STORE completed
         # a keyword is named before it is used, also where it is somebody else's
         C2: 5 STORE 1 FLAGS (theirs)
         S2: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft old new theirs)
         S2: * OK <*>
         S2: * 1 FETCH (FLAGS (theirs))
         S2: 5 OK STORE completed
         C: 6 STORE 1 +FLAGS (\\Seen)
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft old new theirs)
         S: * OK <*>
         S: * 1 FETCH (FLAGS (\\Recent \\Seen theirs))
         S: 6 OK STORE completed",
    )
    .await;
}

#[tokio::test]
async fn one_session_only_is_the_first_to_be_told() {
    play(
        "C: 1 APPEND INBOX {8+}
         C: a: 1
         C:
         C:
         S: 1 OK <*>
         C: 2 APPEND INBOX (\\Seen) {8+}
         C: a: 2
         C:
         C:
         S: 2 OK <*>
         C: 3 STATUS INBOX (RECENT)
         S: * STATUS INBOX (RECENT 2)
         S: 3 OK <*>
         C: 4 EXAMINE INBOX
         S: * FLAGS <*>
         S: * OK <*>
         S: * 2 EXISTS
         S: * 2 RECENT
         S: * OK [UNSEEN 1] <*>
         S: * OK <*>
         S: * OK <*>
         S: 4 OK <*>
         C2: 4 SELECT INBOX
         S2: * FLAGS <*>
         S2: * OK <*>
         S2: * 2 EXISTS
         S2: * 2 RECENT
         S2: * OK [UNSEEN 1] <*>
         S2: * OK <*>
         S2: * OK <*>
         S2: 4 OK <*>
         C2: 5 FETCH 1:2 FLAGS
         S2: * 1 FETCH (FLAGS (\\Recent))
         S2: * 2 FETCH (FLAGS (\\Recent \\Seen))
         S2: 5 OK <*>
         C2: 6 SEARCH RECENT
         S2: * SEARCH 1 2
         S2: 6 OK <*>
         C2: 7 SEARCH NEW
         S2: * SEARCH 1
         S2: 7 OK <*>
         C2: 8 SEARCH OLD
         S2: * SEARCH
         S2: 8 OK <*>
         C2: 9 LIST \"\" INBOX RETURN (STATUS (RECENT))
         S2: * LIST <*>
         S2: * STATUS INBOX (RECENT 0)
         S2: 9 OK <*>
         C2: 10 SELECT INBOX
         S2: * OK [CLOSED] <*>
         S2: * FLAGS <*>
         S2: * OK <*>
         S2: * 2 EXISTS
         S2: * 0 RECENT
         S2: * OK [UNSEEN 1] <*>
         S2: * OK <*>
         S2: * OK <*>
         S2: 10 OK <*>
         C2: 11 FETCH 2 FLAGS
         S2: * 2 FETCH (FLAGS (\\Seen))
         S2: 11 OK <*>
         C2: 12 SEARCH OLD
         S2: * SEARCH 1 2
         S2: 12 OK <*>",
    )
    .await;
}

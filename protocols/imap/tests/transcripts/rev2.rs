//! What ENABLE IMAP4rev2 changes.

use crate::harness::play;

#[tokio::test]
async fn select_and_search_speak_rev2() {
    play(
        "C: a ENABLE imap4rev2
         S: * ENABLED IMAP4rev2
         S: a OK ENABLE completed
         C: b SELECT INBOX
         S: * FLAGS <*>
         S: * OK [PERMANENTFLAGS <*>
         S: * 0 EXISTS
         S: * LIST (\\HasNoChildren) \"/\" INBOX
         S: * OK [UIDVALIDITY <*>
         S: * OK [UIDNEXT 1] <*>
         S: b OK [READ-WRITE] SELECT completed
         C: c SEARCH ALL
         S: * ESEARCH (TAG \"c\")
         S: c OK SEARCH completed
         C: d EXAMINE Sent
         S: * OK [CLOSED] <*>
         S: * FLAGS <*>
         S: * OK [PERMANENTFLAGS ()] <*>
         S: * 0 EXISTS
         S: * LIST (\\HasNoChildren \\Sent) \"/\" Sent
         S: * OK [UIDVALIDITY <*>
         S: * OK [UIDNEXT 1] <*>
         S: d OK [READ-ONLY] EXAMINE completed
         C: e SELECT Nowhere
         S: * OK [CLOSED] <*>
         S: e NO [NONEXISTENT] No such mailbox
         C: f FETCH 1 FLAGS
         S: f BAD No mailbox is selected",
    )
    .await;
}

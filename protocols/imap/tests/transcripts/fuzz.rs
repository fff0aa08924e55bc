//! A fuzz target: whole sessions of mutated commands on a mailbox of mutated messages. Each line is answered or ends
//! the session, everything said is IMAP to imap-codec, and whatever tells of a size tells the same.

use crate::harness::{Client, House};
use std::time::Duration;
use tokio::time::timeout;

#[path = "../../../../conformance/fuzz/harness.rs"]
mod targets;

#[path = "../../../../conformance/fuzz/imap.rs"]
mod words;

use targets::{Dice, fuzz};
use words::PIECES;

const COMMANDS: &[&[u8]] = &[
    b"FETCH 1:* (UID FLAGS BODYSTRUCTURE ENVELOPE RFC822.SIZE INTERNALDATE)",
    b"FETCH 1:* (BODY.PEEK[1.2.HEADER.FIELDS (A \"B\")]<0.10> BODY[2.MIME])",
    b"FETCH 1:3 (BODY[TEXT]<5.9> RFC822.HEADER)",
    b"UID FETCH 1:* (BINARY.SIZE[1] BINARY.PEEK[1]<1.4>)",
    b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)",
    b"UID SEARCH RETURN (MIN ALL SAVE) OR (NOT SEEN 1:3) UID 2 SUBJECT \"x\\\"y\" SENTSINCE 1-Feb-1994 LARGER 5",
    b"SEARCH CHARSET UTF-8 TEXT {2+}\r\n\xc3\xa9",
    b"SORT (REVERSE SUBJECT DATE) UTF-8 ALL",
    b"THREAD REFERENCES UTF-8 ALL",
    b"LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (INBOX \"A&-B%\" *) RETURN (CHILDREN STATUS (MESSAGES SIZE))",
    b"STATUS INBOX (MESSAGES UNSEEN SIZE HIGHESTMODSEQ)",
    b"STORE 1:2 +FLAGS (\\Seen $Junk \\Deleted)",
    b"UID STORE 1:* (UNCHANGEDSINCE 4) -FLAGS.SILENT (x)",
    b"COPY 1:2 INBOX", b"UID MOVE 3 Archive", b"EXPUNGE", b"UID EXPUNGE 1:*", b"CREATE {3+}\r\na/b", b"RENAME a b", b"DELETE a/b",
    b"SELECT INBOX (CONDSTORE)", b"EXAMINE INBOX", b"ENABLE CONDSTORE", b"ENABLE QRESYNC", b"ENABLE IMAP4rev2", b"IDLE\r\nDONE",
    b"ID (\"name\" NIL \"os\" \"x\")", b"SETMETADATA INBOX (/private/comment \"x\")", b"GETMETADATA INBOX /private/comment",
    b"GETQUOTAROOT INBOX", b"GETACL INBOX", b"MYRIGHTS INBOX", b"NAMESPACE", b"CLOSE", b"UNSELECT", b"NOOP", b"CHECK",
];
/// What messages are made of.
const MESSAGES: &[&[u8]] = &[
    b"From: a@b\r\nSubject: x\r\n\r\ntext\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nc\r\n--x--\r\n",
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=\r\n!\r\n",
    b"Content-Type: multipart/digest; boundary=\"y\"\r\n\r\n--y\r\n\r\nTo: g: a@b;\r\n\r\nz\n--y--",
    b"\r\n", b"bare\nlines\rof\r\nall kinds",
];

/// A session that has INBOX open.
async fn fresh(house: &House) -> Client {
    let mut client = house.alice().await;
    client.ask("s SELECT INBOX").await;
    client
}

/// Appends a mutated message and compares what is told of its sizes.
async fn append(client: &mut Client, dice: &mut Dice) {
    let mut message = dice.pick(MESSAGES).to_vec();
    dice.mutate(&mut message, MESSAGES);
    dice.mutate(
        &mut message,
        &[b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"--x\r\n", b"--y--", b"\"", b";", b"Content-Type: "],
    );
    let head = format!("m APPEND INBOX ~{{{}+}}\r\n", message.len());
    client.send(&[head.as_bytes(), &message, b"\r\n"].concat()).await;
    let last = client.until("m").await.pop().unwrap();
    if !last.starts_with("m OK") {
        assert!(last.starts_with("m NO") || last.starts_with("m BAD"), "{last}");
        return;
    }
    let uid: u32 = last.split([' ', ']']).nth(4).unwrap().parse().unwrap();
    // What was said so far is looked at before it is forgotten.
    client.ask("g SELECT INBOX").await;
    client.check();
    client.ask(&format!("f UID FETCH {uid} (RFC822.SIZE BODY.PEEK[])")).await;
    let heard = String::from_utf8_lossy(&client.heard).into_owned();
    if message.is_empty() {
        return;
    }
    let told = |from: &str, to: char| {
        heard
            .split_once(from)
            .and_then(|(_, rest)| rest.split(to).next())
            .and_then(|text| text.parse::<usize>().ok())
    };
    let size = told("RFC822.SIZE ", ' ').unwrap_or_else(|| panic!("{heard}"));
    let literal = told("BODY[] {", '}').unwrap_or_else(|| panic!("{heard}"));
    assert_eq!(size, literal, "{heard}");
}

async fn session(seed: u64) {
    let house = House::new();
    let mut dice = Dice::new(seed);
    let mut client = fresh(&house).await;
    for number in 0..40 {
        if number < 3 || dice.below(10) == 0 {
            append(&mut client, &mut dice).await;
        }
        let mut line = dice.pick(COMMANDS).to_vec();
        dice.mutate(&mut line, PIECES);
        let mut sent = [b"a ", line.as_slice()].concat();
        // What announces more than it brings would take the next line into it.
        if line.ends_with(b"}") || line.ends_with(b"}\r\n") {
            sent.push(b' ');
        }
        sent.extend_from_slice(format!("\r\nz{number} NOOP\r\n").as_bytes());
        client.send(&sent).await;
        // A literal may be announced that never comes: then the server may wait.
        let announces = sent.windows(2).any(|two| two == b"}\r" || two == b"}\n");
        let patience = Duration::from_millis(if announces { 300 } else { 4_000 });
        let gone = match timeout(patience, ended(&mut client, number)).await {
            Ok(gone) => gone,
            Err(_) if announces => {
                client = fresh(&house).await;
                continue;
            }
            Err(_) => panic!("silent after {}", String::from_utf8_lossy(&line)),
        };
        if gone {
            let bye = String::from_utf8_lossy(&client.heard).contains("* BYE ");
            assert!(bye, "gone without a word after {}", String::from_utf8_lossy(&line));
            client = fresh(&house).await;
        }
    }
}

/// Reads up to the answer of NOOP, whatever the line before it was; true where the session ended instead. What waits
/// for octets is given some.
async fn ended(client: &mut Client, number: usize) -> bool {
    let tag = format!("z{number} ");
    loop {
        let line = client.line().await;
        if line == "(end)" {
            return true;
        }
        if line.starts_with(&tag) {
            return false;
        }
        if line.starts_with('+') {
            client.send(format!("DONE\r\n{}\r\n{tag}NOOP\r\n", "x".repeat(64)).as_bytes()).await;
        }
    }
}

#[test]
#[ignore = "a fuzz target: conformance/run fuzz"]
fn fuzz_session() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    fuzz("session", |seed| runtime.block_on(session(seed)));
}

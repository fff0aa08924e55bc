//! What is IMAP and what is not.

use super::*;

fn read(heard: &[u8]) -> Reading {
    let mut reading = Reading::default();
    reading.take(heard);
    reading
}

#[test]
fn replies_are_read() {
    let heard = b"* OK [CAPABILITY IMAP4rev1] hello\r\n* 1 EXISTS\r\n* 1 FETCH (BODY[] {4}\r\nab\r\n FLAGS (\\Seen))\r\n\
        * ESEARCH (TAG \"a\") ALL 1:2\r\na OK done\r\n* 2 EXI";
    let reading = read(heard);
    assert_eq!(reading.faults, Vec::<String>::new());
    assert_eq!((reading.read, reading.beyond.len()), (4, 1), "{reading:?}");
    let french = read("* OK ready\r\na NO [NONEXISTENT] Bo\u{ee}te inconnue\r\n".as_bytes());
    assert_eq!((french.faults.len(), french.beyond.len()), (0, 1), "{french:?}");
}

#[test]
fn what_is_no_imap_is_told() {
    for wrong in [
        &b"* 1 FETCH (UID)\r\n"[..],
        b"* 1 FETCH (ENVELOPE (NIL))\r\n",
        b"* -1 EXISTS\r\n",
        b"* 1 FETCH (BODY[] {3}\r\nabcd)\r\n",
        b"a YES\r\n",
        b"* FLAGS \\Seen\r\n",
        "a OUI Bo\u{ee}te\r\n".as_bytes(),
        b"a OK \xff\r\n",
        b"* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL 7BIT 1 1))\r\n",
    ] {
        assert_eq!(read(wrong).faults.len(), 1, "{}", String::from_utf8_lossy(wrong));
    }
}

//! Fuzz targets of what reads octets: the framer, the grammars, modified UTF-7.

use super::decoder::cursor::Cursor;
use super::decoder::frame::{Framer, Line};
use super::decoder::sequence::SequenceSet;
use super::decoder::{fetch, list, search, select, status, store};
use super::utf7;

#[path = "../../../../conformance/fuzz/harness.rs"]
mod harness;

#[path = "../../../../conformance/fuzz/imap.rs"]
mod words;

use harness::{Dice, fuzz};
use words::PIECES;

/// Arguments of commands, as clients send them.
const ARGUMENTS: &[&[u8]] = &[
    b"1:*,2 (UID FLAGS BODY.PEEK[1.2.HEADER.FIELDS (A \"B\")]<0.10> BINARY.SIZE[1])",
    b"(BODY[]<0.393216> RFC822.SIZE ENVELOPE BODYSTRUCTURE PREVIEW (LAZY) MODSEQ EMAILID)",
    b"ALL (CHANGEDSINCE 12345 VANISHED PARTIAL 1:100)",
    b"RETURN (MIN MAX COUNT ALL SAVE PARTIAL 1:50) CHARSET UTF-8 OR (NOT SEEN 1:3) UID 2 SUBJECT \"x\\\"y\" SENTSINCE 1-Feb-1994",
    b"YOUNGER 5 OLDER 6 MODSEQ \"/flags/\\\\seen\" all 620162338 LARGER 5 HEADER X \"\" KEYWORD $a $ SAVEDSINCE 3-Mar-2020",
    b"FUZZY (TEXT {3+}\r\nabc) NOT NOT BODY ~{2+}\r\n\0\0",
    b"(SUBSCRIBED RECURSIVEMATCH) \"\" (INBOX \"A&-B%\" *) RETURN (CHILDREN STATUS (MESSAGES SIZE) SPECIAL-USE)",
    b"\"\" \"%/%\"",
    b"+FLAGS.SILENT (\\Seen $Junk)",
    b"(UNCHANGEDSINCE 99) -FLAGS \\Deleted",
    b"(QRESYNC (67890007 20050715194045000 41,43:211,214:541 (1:9 11:19)) CONDSTORE)",
    b"(MESSAGES UNSEEN UIDNEXT SIZE HIGHESTMODSEQ MAILBOXID DELETED APPENDLIMIT)",
    b"4294967295:*,1,*:*,$,3:2",
    b"{5+}\r\nINBOX \"a\\\\b\" NIL (\"x\" NIL)",
];

/// Reads the arguments by one grammar after the other, whichever they were meant for; both as rev1 and as rev2.
fn read_by_all(octets: &[u8]) {
    type Grammar = fn(&mut Cursor<'_>) -> bool;
    const ALL: &[Grammar] = &[
        |cursor| fetch::parse(cursor).is_ok() && fetch::modifiers(cursor).is_ok(),
        |cursor| SequenceSet::parse(cursor).is_ok() && cursor.space().is_ok() && fetch::parse(cursor).is_ok(),
        |cursor| search::parse(cursor).is_ok(),
        |cursor| list::parse(cursor).is_ok(),
        |cursor| list::parse_lsub(cursor).is_ok(),
        |cursor| store::modifiers(cursor).is_ok() && store::parse(cursor).is_ok(),
        |cursor| select::parameters(cursor).is_ok(),
        |cursor| status::parse(cursor).is_ok(),
        |cursor| cursor.mailbox().is_ok() && cursor.space().is_ok() && cursor.nstring().is_ok(),
        |cursor| cursor.tag().is_ok() && cursor.atom().is_ok() && cursor.flag_list().is_ok(),
    ];
    for utf8 in [false, true] {
        for grammar in ALL {
            let mut cursor = Cursor::new(octets, utf8);
            grammar(&mut cursor);
            assert!(
                cursor.rest().len() <= octets.len() && octets.ends_with(cursor.rest()),
                "nothing is read twice"
            );
        }
    }
}

/// Lines and literals as they come out of the framer when octets come in pieces; where it ended the session.
fn framed(octets: &[u8], mut step: impl FnMut() -> usize) -> (Vec<(Vec<u8>, bool)>, bool) {
    let (mut framer, mut told, mut line) = (Framer::default(), Vec::new(), Vec::new());
    let mut rest = octets;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(step().clamp(1, rest.len()));
        framer.feed(piece);
        rest = behind;
        loop {
            match framer.line(&mut line) {
                Ok(Some(kind)) => told.push((std::mem::take(&mut line), matches!(kind, Line::Literal(_)))),
                Ok(None) => break,
                Err(_) => return (told, true),
            }
        }
    }
    (told, false)
}

#[test]
#[ignore = "a fuzz target: conformance/run fuzz"]
fn fuzz_decoder() {
    fuzz("decoder", |seed| {
        let mut dice = Dice::new(seed);
        let mut octets = dice.pick(ARGUMENTS).to_vec();
        if dice.below(3) == 0 {
            octets.extend_from_slice(dice.pick(ARGUMENTS));
        }
        dice.mutate(&mut octets, PIECES);
        read_by_all(&octets);
        // How octets were cut on their way means nothing.
        let whole = framed(&octets, || usize::MAX);
        assert_eq!(framed(&octets, || 1 + dice.below(9)), whole);
        let lines: usize = whole.0.iter().map(|(line, _)| line.len()).sum();
        let bare = octets.iter().filter(|&&byte| byte == b'\n').count();
        assert!(lines <= octets.len() + bare, "the framer makes octets of nothing");
    });
}

#[test]
#[ignore = "a fuzz target: conformance/run fuzz"]
fn fuzz_utf7() {
    const NAMES: &[&str] = &[
        "INBOX",
        "Entw\u{fc}rfe",
        "\u{53f0}\u{5317}",
        "\u{1f600}",
        "a & b",
        "&",
        "-",
        "\u{e9}&\u{e8}",
        "\u{feff}x",
        "~/",
    ];
    const WIRE: &[&[u8]] = &[
        b"&AOk-",
        b"&U,BTFw-",
        b"&2D3eAA-",
        b"&-",
        b"&",
        b"-",
        b"&2D0-",
        b"&AAA-",
        b"&Jjo!",
        b"A",
        b"\xc3\xa9",
        b"&AGE-",
    ];
    fuzz("utf7", |seed| {
        let mut dice = Dice::new(seed);
        for _ in 0..100 {
            // Whatever can be read is what is written for it: a name has one spelling.
            let mut octets: Vec<u8> = (0..dice.below(5)).flat_map(|_| dice.pick(WIRE).to_vec()).collect();
            dice.mutate(&mut octets, WIRE);
            if let Some(name) = utf7::decode(&octets) {
                assert_eq!(utf7::encode(&name).as_bytes(), octets, "{name}");
            }
            // Whatever is written can be read, and is plain ASCII.
            let mut name: String = (0..dice.below(5)).map(|_| dice.pick(NAMES)).collect();
            let any = u32::try_from(dice.below(0x11_0000)).unwrap();
            name.extend(char::from_u32(any).filter(|char| !char.is_control()));
            let wire = utf7::encode(&name);
            assert!(wire.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name} {wire}");
            assert_eq!(utf7::decode(wire.as_bytes()), Some(name));
        }
    });
}

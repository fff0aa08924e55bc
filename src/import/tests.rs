//! What other programs have written comes out as what it was.

use super::{Bad, Content, Piece, Source, calendar, card, exported, maildir, mbox, tree, utf7, with_crlf};
use crate::admin::Place;
use std::collections::BTreeMap;
use std::io::Cursor;

fn bytes(piece: &Piece) -> &[u8] {
    match &piece.content {
        Content::Bytes(bytes) => bytes,
        _ => b"",
    }
}

fn messages(text: &[u8]) -> Vec<Result<Piece, Bad>> {
    mbox::Mbox::new(Cursor::new(text.to_vec()), "INBOX".to_owned()).collect()
}

fn of(source: Source) -> (Vec<Piece>, Vec<Bad>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for piece in source.pieces {
        match piece {
            Ok(piece) => good.push(piece),
            Err(why) => bad.push(why),
        }
    }
    (good, bad)
}

fn file(text: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn line_ends_become_crlf_once() {
    assert_eq!(with_crlf(b"a\nb\r\nc\rd\n\n"), b"a\r\nb\r\nc\rd\r\n\r\n");
}

#[test]
fn an_mbox_is_cut_at_its_separators_and_unquoted() {
    let text = b"From a@b Thu Nov 23 11:00:00 2026\nSubject: one\nStatus: RO\nX-Status: AF\n\n>From here\n>>From there\nFrom-ish\ntext\nFrom inside no empty line before\n\nFrom c@d Fri Jan  2 03:04:05 2026 +0130\nSubject: two\n\n>not quoted\n\n";
    let found = messages(text);
    let [Ok(one), Ok(two)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        bytes(one),
        b"Subject: one\r\nStatus: RO\r\nX-Status: AF\r\n\r\nFrom here\r\n>From there\r\nFrom-ish\r\ntext\r\nFrom inside no empty line before\r\n"
    );
    assert_eq!(bytes(two), b"Subject: two\r\n\r\n>not quoted\r\n");
    let Place::Message { flags, received, .. } = &one.place else { panic!() };
    assert_eq!(flags, &["\\Seen", "\\Answered", "\\Flagged"]);
    assert_eq!(*received, Some((1_795_431_600, 0)));
    let Place::Message { flags, received, .. } = &two.place else { panic!() };
    assert!(flags.is_empty());
    assert_eq!(*received, Some((1_767_317_645, 90)));
}

#[test]
fn a_message_is_the_same_when_others_follow() {
    let alone = messages(b"From a Thu Nov 23 11:00:00 2026\nSubject: one\n\ntext\n\n");
    let before = messages(
        b"From a Thu Nov 23 11:00:00 2026\nSubject: one\n\ntext\n\nFrom b Thu Nov 23 11:00:00 2026\nx: y\n\n",
    );
    assert_eq!(bytes(alone[0].as_ref().unwrap()), bytes(before[0].as_ref().unwrap()));
}

#[test]
fn what_is_no_mbox_is_told() {
    assert!(messages(b"").is_empty());
    assert!(matches!(messages(b"Subject: x\n\n").as_slice(), [Err(_)]));
    assert!(matches!(messages(b"From a\n\nFrom b\nx: y\n\n").as_slice(), [Err(_), Ok(_)] | [Ok(_), Ok(_)]));
}

#[test]
fn dates_of_separators() {
    let date = |line: &str| mbox::separator_date(line.as_bytes());
    assert_eq!(date("From - Thu Nov 23 11:00:00 2026"), Some((1_795_431_600, 0)));
    assert_eq!(date("From a b Thu Nov 23 11:00 2026\r\n"), Some((1_795_431_600, 0)));
    assert_eq!(date("From x Thu Nov 23 11:00:00 UTC 2026"), Some((1_795_431_600, 0)));
    assert_eq!(date("From x Thu Nov 23 06:00:00 -0500 2026"), Some((1_795_431_600, -300)));
    for bad in ["From x", "From x Thu Nov 99 11:00:00 2026", "From x Nov", "From x Thu Nov 23 11 2026"] {
        assert_eq!(date(bad), None, "{bad}");
    }
}

#[test]
fn maildir_flags_and_keywords() {
    let keywords = BTreeMap::from([(b'a', "$Label1".to_owned())]);
    let flags = |name: &str| maildir::flags(name, &keywords).join(" ");
    assert_eq!(flags("1.x:2,DFPRST"), "\\Draft \\Flagged $Forwarded \\Answered \\Seen \\Deleted");
    assert_eq!(flags("1.x:2,Sa"), "\\Seen $Label1");
    assert_eq!(flags("1.x;2,Sb"), "\\Seen");
    assert_eq!(flags("1.x"), "");
    assert_eq!(flags("1.x:1,S"), "");
}

#[test]
fn a_maildir_is_read_with_its_folders() {
    let top = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = top.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("cur/2.b:2,S", "Subject: two\n\n");
    put("new/1.a", "Subject: one\n\n");
    put("tmp/3.c", "not yet\n");
    put(".Work.2026/cur/4.d:2,F", "Subject: four\n\n");
    put(".Entw&APw-rfe/cur/5.e", "Subject: five\n\n");
    put("Plain/Inner/cur/6.f", "Subject: six\n\n");
    put("Plain/Inner/cur/7.g", "");
    let (good, bad) = of(maildir::open(top.path(), "INBOX").unwrap());
    let told: Vec<String> = good
        .iter()
        .map(|piece| match &piece.place {
            Place::Mailbox { path } => path.clone(),
            Place::Message { mailbox, flags, received, .. } => {
                assert!(received.is_some());
                format!("{mailbox} {} {}", flags.join(" "), bytes(piece).len())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "INBOX",
            "INBOX  16",
            "INBOX \\Seen 16",
            "Entwürfe",
            "Entwürfe  17",
            "Work/2026",
            "Work/2026 \\Flagged 17",
            "Plain/Inner",
            "Plain/Inner  16"
        ]
    );
    assert_eq!(bad.len(), 1);
    let (good, _) = of(maildir::open(&top.path().join("Plain"), "Old").unwrap());
    assert!(matches!(&good[0].place, Place::Mailbox { path } if path == "Old/Inner"));
    assert!(maildir::open(&top.path().join("tmp"), "INBOX").is_err());
}

#[test]
fn modified_utf7() {
    assert_eq!(utf7::decode("Entw&APw-rfe"), "Entwürfe");
    assert_eq!(utf7::decode("a&-b"), "a&b");
    assert_eq!(utf7::decode("&ZeVnLIqe-"), "日本語");
    assert_eq!(utf7::decode("&2D3eAA-"), "😀");
    for bad in ["a&b", "&!-", "&AA-", "&2D0-"] {
        assert_eq!(utf7::decode(bad), bad);
    }
}

const ZONE: &str = "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0000\nEND:STANDARD\nEND:VTIMEZONE\n";

#[test]
fn a_calendar_is_cut_by_uid_with_its_zones() {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:PUBLISH\n{ZONE}BEGIN:VEVENT\nUID:1\nDTSTART;TZID=X:20260101T000000\nEND:VEVENT\nBEGIN:VTODO\nUID:2\nEND:VTODO\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID;TZID=X:20260108T000000\nDTSTART;TZID=X:20260108T000000\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    let (good, bad) = of(calendar::open(file(text.as_bytes()).path(), None).unwrap());
    assert!(bad.is_empty(), "{bad:?}");
    let texts: Vec<String> =
        good.iter().map(|piece| String::from_utf8(bytes(piece).to_vec()).unwrap()).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("VTIMEZONE") && texts[0].matches("BEGIN:VEVENT").count() == 2);
    assert!(!texts[0].contains("METHOD") && texts[1].contains("VTODO") && !texts[1].contains("VTIMEZONE"));
    assert!(matches!(&good[0].place, Place::Event { calendar: None, uid } if uid == "1"));
}

#[test]
fn a_broken_event_costs_itself_only() {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\n{ZONE}BEGIN:VEVENT\nUID:1\nDTSTART;TZID=X:20260101T000000\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nno content line\nEND:VEVENT\nBEGIN:VEVENT\nUID:3\nDTSTART:20260101\nEND:VEVENT\nEND:VCALENDAR\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:4\nDTSTART:20260101\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    let (good, bad) = of(calendar::open(file(text.as_bytes()).path(), Some("work")).unwrap());
    let uids: Vec<&str> = good.iter().map(|piece| piece.label.as_str()).collect();
    assert_eq!(uids, ["1", "3", "4"]);
    assert_eq!(bad.len(), 1);
    assert!(bad[0].label.contains('2'), "{bad:?}");
    assert!(String::from_utf8_lossy(bytes(&good[0])).contains("VTIMEZONE"));
}

#[test]
fn cards_are_cut_and_named() {
    let text = "\u{feff}BEGIN:VCARD\nVERSION:3.0\nFN:A\nUID:a\nEND:VCARD\nBEGIN:VCARD\nVERSION:4.0\nFN:B\nEND:VCARD\nBEGIN:VCARD\nVERSION:4.0\nFN:C\n";
    let (good, bad) = of(card::open(file(text.as_bytes()).path(), None).unwrap());
    assert_eq!(good.len(), 2);
    assert_eq!(good[0].label, "a");
    assert!(String::from_utf8_lossy(bytes(&good[1])).contains(&format!("UID:{}", good[1].label)));
    assert_eq!(bad.len(), 1);
}

#[test]
fn a_tree_is_read_without_its_links() {
    let top = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(top.path().join("a/b")).unwrap();
    std::fs::write(top.path().join("a/b/ä %20#?"), "x").unwrap();
    std::fs::write(top.path().join("empty"), "").unwrap();
    std::os::unix::fs::symlink("/etc", top.path().join("link")).unwrap();
    let (good, bad) = of(tree::open(top.path(), &["Old".to_owned()]).unwrap());
    let paths: Vec<String> = good
        .iter()
        .map(|piece| match &piece.place {
            Place::File { path, .. } | Place::Folder { path } => path.join("/"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(paths, ["Old/a", "Old/a/b", "Old/a/b/ä %20#?", "Old/empty"]);
    assert!(bad.len() == 1 && bad[0].label.ends_with("link"));
    assert!(tree::open(&top.path().join("empty"), &[]).is_err());
}

#[test]
fn an_exported_tree_is_read_to_its_end_and_never_left() {
    let top = tempfile::tempdir().unwrap();
    let inside = |name: &str| top.path().join(name);
    std::fs::create_dir_all(inside("files")).unwrap();
    std::fs::write(inside("files/good"), "x").unwrap();
    std::fs::write(
        inside("a.mbox"),
        "From x
Subject: 1

1

From x
Subject: 2

2
",
    )
    .unwrap();
    std::os::unix::fs::symlink("good", inside("files/link")).unwrap();
    std::os::unix::fs::symlink("/etc", inside("etc")).unwrap();
    std::os::unix::fs::symlink("a.mbox", inside("b.mbox")).unwrap();
    let hash = blake3::hash(b"x").to_hex();
    let facts = format!(r#""facts":{{"size":1,"blake3":"{hash}"}}"#);
    let of_file = |name: &str| format!(r#"{{"type":"file","file":"{name}","path":["x"],{facts}}}"#);
    let of_mail = |name: &str| {
        format!(
            r#"{{"type":"message","file":"{name}","mailbox":"M","uid":"1","flags":[],"received":null,"message_id":null,{facts}}}"#
        )
    };
    let lines = [
        of_file("files/good"),
        "x".repeat(5 << 20),
        of_file("files/link"),
        of_file("etc/passwd"),
        of_file("../x"),
        of_file("files"),
        of_mail("b.mbox"),
        of_mail("a.mbox"),
        r#"{"type":"damaged","place":"p","why":"w"}"#.to_owned(),
    ];
    std::fs::write(
        inside(crate::export::MANIFEST),
        lines.join(
            "
",
        ),
    )
    .unwrap();
    let (good, bad) = of(exported::open(top.path()).unwrap());
    assert!(matches!(&good[0].content, Content::Opened { size: 1, .. }));
    assert!(good.len() == 2 && matches!(good[1].place, Place::Message { copies: 1, .. }));
    let why: Vec<_> = bad.iter().map(|bad| bad.why.as_str()).collect();
    let expected = [
        "line is too long",
        "symbolic link",
        "symbolic link",
        "outside",
        "no file",
        "symbolic link",
        "damaged when",
        "1 messages more",
    ];
    assert_eq!(why.len(), expected.len(), "{why:?}");
    assert!(why.iter().zip(expected).all(|(why, expected)| why.contains(expected)), "{why:?}");
}

/// Mutated files are read to their end: good or bad, never a panic and never without end.
#[test]
fn mutated_files_are_read_to_their_end() {
    let folder = format!("{}/conformance/data/", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = move |bound: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).unwrap() % bound.max(1)
    };
    let mut pieces = 0;
    for kind in ["ical", "vcard", "mail"] {
        let mut paths: Vec<_> = std::fs::read_dir(format!("{folder}{kind}"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths.iter().step_by(3) {
            let mut text = std::fs::read(path).unwrap();
            for _ in 0..4 {
                let at = roll(text.len());
                match roll(4) {
                    0 => text.truncate(at),
                    1 => text.insert(at, b'\n'),
                    2 => text.splice(at..at, *b"\nEND:VEVENT\nBEGIN:VCALENDAR\nFrom x\n").for_each(drop),
                    _ => text.extend_from_within(at..),
                }
            }
            let copy = file(&text);
            let source = match kind {
                "ical" => calendar::open(copy.path(), None).unwrap(),
                "vcard" => card::open(copy.path(), None).unwrap(),
                _ => {
                    std::fs::write(copy.path(), [b"From x\n", text.as_slice()].concat()).unwrap();
                    mbox::open(copy.path(), "INBOX").unwrap()
                }
            };
            pieces += source.pieces.count();
        }
    }
    assert!(pieces > 300, "{pieces}");
}

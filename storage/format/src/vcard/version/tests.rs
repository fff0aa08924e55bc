//! What the versions say differently, one property at a time, and whole cards there and back.

use super::{Version, convert};
use crate::vcard::card::Card;
use crate::vcard::limits::LABELLED_COUNT_MAX;

/// The lines of a card of the other version, unfolded, without BEGIN, VERSION, END and what every card has.
fn turned(from: &str, lines: &str) -> Vec<String> {
    let lines = lines.replace('\n', "\r\n");
    let text = format!("BEGIN:VCARD\r\nVERSION:{from}\r\nFN:Jo\r\nN:Jo;;;;\r\n{lines}\r\nEND:VCARD\r\n");
    let to = if from == "3.0" { Version::V4 } else { Version::V3 };
    let out = convert(&Card::parse(text.as_bytes()).unwrap(), to).unwrap();
    let card = Card::parse(&out).unwrap();
    assert!(out.starts_with(format!("BEGIN:VCARD\r\nVERSION:{}\r\n", to.name()).as_bytes()));
    assert!(
        out.split(|byte| *byte == b'\n').all(|line| line.len() <= 76),
        "{}",
        String::from_utf8_lossy(&out)
    );
    let said = ["FN:Jo", "N:Jo;;;;"];
    let lines = card.component().lines().filter(|line| !line.is("VERSION") && !said.contains(&line.text()));
    lines.map(|line| line.text().to_owned()).collect()
}

#[test]
fn what_is_said_differently() {
    // 3.0, and what 4.0 says; both ways unless told otherwise.
    for (old, new) in [
        ("BDAY:1996-04-15", "BDAY:19960415"),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15", "BDAY:--0415"),
        ("BDAY:1953-10-15T23:10:00Z", "BDAY:19531015T231000Z"),
        ("BDAY:1987-09-27T08:30:00-06:00", "BDAY:19870927T083000-0600"),
        ("REV:2008-04-24T19:52:43Z", "REV:20080424T195243Z"),
        ("GEO:30.3912;-88.8610", "GEO:geo:30.3912,-88.8610"),
        ("TZ:-05:00", "TZ;VALUE=utc-offset:-0500"),
        ("TZ;VALUE=text:America/New_York", "TZ:America/New_York"),
        ("TEL;TYPE=work,pref:+1-800", "TEL;TYPE=work;PREF=1:+1-800"),
        ("EMAIL;TYPE=home,pref:a@b.c", "EMAIL;TYPE=home;PREF=1:a@b.c"),
        ("UID:3b678b69", "UID;VALUE=text:3b678b69"),
        ("UID:urn:uuid:3b678b69", "UID:urn:uuid:3b678b69"),
        ("item1.X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1", "item1.MEMBER:urn:uuid:1"),
        ("X-ADDRESSBOOKSERVER-KIND:group", "KIND:group"),
        ("PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgo=", "PHOTO:data:image/png;base64,iVBORw0KGgo="),
        ("LOGO;VALUE=uri;TYPE=JPEG:http://x.y/z", "LOGO;MEDIATYPE=image/jpeg:http://x.y/z"),
        ("SOUND;ENCODING=b;TYPE=MP3:ABCDEF", "SOUND:data:audio/mp3;base64,ABCDEF"),
        ("KEY;ENCODING=b;TYPE=PGP:ABCDEF", "KEY:data:application/pgp-keys;base64,ABCDEF"),
        ("NOTE:as it is\\, with \\n", "NOTE:as it is\\, with \\n"),
        ("item1.X-ABLabel:_$!<Home>!$_", "item1.X-ABLabel:_$!<Home>!$_"),
        ("RELATED;TYPE=friend:urn:uuid:2", "RELATED;TYPE=friend:urn:uuid:2"),
    ] {
        assert_eq!(turned("3.0", old), [new]);
        assert_eq!(turned("4.0", new), [old]);
    }
}

#[test]
fn from_what_3_0_says_in_many_ways() {
    for (old, new) in [
        ("BDAY;VALUE=date:19960415", "BDAY:19960415"),
        ("BDAY;VALUE=date:--04-15", "BDAY:--0415"),
        ("BDAY:some day", "BDAY:some day"),
        ("REV:2008-04-24T19:52:43.5Z", "REV:20080424T195243Z"),
        ("TEL;TYPE=pref;TYPE=cell:1", "TEL;TYPE=cell;PREF=1:1"),
        ("TEL;CELL;PREF:1", "TEL;TYPE=CELL;PREF=1:1"),
        ("EMAIL;TYPE=INTERNET:a@b.c", "EMAIL:a@b.c"),
        ("FN;CHARSET=utf-8:Jo", "FN:Jo"),
        ("PHOTO;ENCODING=BASE64:/9j/4AAQ", "PHOTO:data:image/jpeg;base64,/9j/4AAQ"),
        ("PHOTO;ENCODING=b:AAAA", "PHOTO:data:application/octet-stream;base64,AAAA"),
        ("PHOTO;VALUE=url;TYPE=GIF,home:http://x", "PHOTO;TYPE=home;MEDIATYPE=image/gif:http://x"),
        ("AGENT;VALUE=uri:CID:x", "RELATED;TYPE=agent:CID:x"),
        ("GEO:here", "GEO:here"),
    ] {
        assert_eq!(turned("3.0", old).last().map_or("FN:Jo", String::as_str), new);
    }
    assert!(turned("3.0", "PROFILE:VCARD").is_empty());
}

#[test]
fn from_what_3_0_cannot_say() {
    for (new, old) in [
        ("BDAY:---15", "BDAY;VALUE=text:---15"),
        ("BDAY;VALUE=text:circa 1800", "BDAY;VALUE=text:circa 1800"),
        ("BDAY;CALSCALE=gregorian;VALUE=date-and-or-time:19960415", "BDAY:1996-04-15"),
        ("ANNIVERSARY:20090808T1430-0500", "ANNIVERSARY:2009-08-08T14:30:00-05:00"),
        ("TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555;ext=5", "TEL;TYPE=voice,home,pref:+1-555x5"),
        ("EMAIL;PREF=2:a@b.c", "EMAIL:a@b.c"),
        ("EMAIL;PID=1.1;ALTID=1:a@b.c", "EMAIL:a@b.c"),
        ("PHOTO:data:image/jpeg\\;base64\\,AAAA", "PHOTO;ENCODING=b;TYPE=JPEG:AAAA"),
        ("PHOTO;MEDIATYPE=image/x-odd:https://x", "PHOTO;VALUE=uri;TYPE=X-ODD:https://x"),
        ("PHOTO;ENCODING=b;TYPE=PNG:AAAA", "PHOTO;ENCODING=b;TYPE=PNG:AAAA"),
        ("KEY:data:,plain", "KEY;VALUE=uri:data:,plain"),
        ("GEO;VALUE=uri:geo:1.5,2;u=10", "GEO:1.5;2"),
        ("TZ;VALUE=uri:https://x", "TZ;VALUE=text:https://x"),
    ] {
        assert_eq!(turned("4.0", new), [old]);
    }
}

#[test]
fn labels_go_with_their_addresses() {
    let old = "ADR;TYPE=work:;;1 A St;B;;;\nADR;TYPE=home:;;2 C St;D;;;\nLABEL;TYPE=HOME:2 C St\\nD\\, E\nLABEL;TYPE=dom:alone";
    let new = turned("3.0", old);
    assert_eq!(
        new,
        [
            "ADR;TYPE=work:;;1 A St;B;;;",
            "ADR;TYPE=home;LABEL=\"2 C St^nD, E\":;;2 C St;D;;;",
            "LABEL;TYPE=dom:alone"
        ]
    );
    assert_eq!(turned("4.0", &new.join("\n")).get(2).unwrap(), "LABEL;TYPE=home:2 C St\\nD\\, E");
    // RFC 6350 6.3.1 writes line breaks of a label with a backslash.
    let labelled = turned("4.0", "ADR;LABEL=\"A\\nB\":;;;;;;");
    assert_eq!(labelled, ["ADR:;;;;;;", "LABEL:A\\nB"]);
}

#[test]
fn names() {
    let card = |version: &str, lines: &str, to| {
        let text = format!("BEGIN:VCARD\nVERSION:{version}\n{lines}\nEND:VCARD\n");
        String::from_utf8(convert(&Card::parse(text.as_bytes()).unwrap(), to).unwrap()).unwrap()
    };
    let sorted = card("3.0", "N:van der Harten;Rene;;;\nSORT-STRING:Harten", Version::V4);
    assert_eq!(sorted, "BEGIN:VCARD\nVERSION:4.0\r\nN;SORT-AS=Harten:van der Harten;Rene;;;\r\nEND:VCARD\n");
    let back = card("4.0", "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene;;;", Version::V3);
    assert!(back.contains("N:van der Harten;Rene;;;\r\nSORT-STRING:Harten\\,Rene\r\n"), "{back}");
    // 3.0 must have one N.
    assert!(card("4.0", "FN:A; B", Version::V3).contains("N:A\\; B;;;;\r\n"));
    let first = card("4.0", "N;ALTID=1;LANGUAGE=jp:x;;;;\nN;ALTID=1;LANGUAGE=en:y;;;;", Version::V3);
    assert!(first.contains("N;LANGUAGE=jp:x;;;;\r\n") && !first.contains("y;;;;"), "{first}");
}

#[test]
fn what_is_not_turned() {
    let card = |version: &str| format!("BEGIN:VCARD\r\n{version}FN:Jo\r\nEND:VCARD\r\n");
    for (version, to) in
        [("VERSION:3.0\r\n", Version::V3), ("VERSION:4.0\r\n", Version::V4), ("", Version::V4)]
    {
        let text = card(version);
        assert_eq!(convert(&Card::parse(text.as_bytes()).unwrap(), to), None);
    }
    assert_eq!((Version::of(" 4.0 "), Version::of("2.1")), (Some(Version::V4), None));
}

#[test]
fn labels_past_the_most_stay() {
    let line = |name: &str, at: usize| format!("item{at}.{name}:;;{at};;;;");
    let lines = |count: usize| {
        let both = (0..count).flat_map(|at| [line("ADR", at), line("LABEL", at)]);
        both.collect::<Vec<_>>().join("\n")
    };
    let left = |count| turned("3.0", &lines(count)).iter().filter(|line| line.contains(".LABEL:")).count();
    assert_eq!((left(LABELLED_COUNT_MAX), left(LABELLED_COUNT_MAX + 1)), (0, 1));
}

//! Golden octets of every kind of record, kept for ever: a store written by any build since the first is read by
//! this one. A record whose octets change without a new version turns this red.

use super::*;
use crate::{body::Chunk, body::Content, queue::Entry, queue::Target};
use format::icalendar::object::Kind;
use model::{Address, Keyword, SystemFlags};

/// `name version octets`, the version's octet being the first of them. Lines are added, never changed.
const GOLDEN: &str = include_str!("golden.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The octets of a record at a version.
fn golden(name: &str, version: u8) -> Option<Vec<u8>> {
    let wanted = [name, &version.to_string()];
    let line = GOLDEN.lines().find(|line| line.split(' ').take(2).eq(wanted))?;
    line.split(' ').nth(2).map(unhex)
}

/// The present octets are the golden ones of the present version, and every version there ever was is read.
fn keeps<T: Record + PartialEq + std::fmt::Debug>(sample: &T) {
    keeps_since(&[], sample);
}

/// As `keeps`, for a record that had other versions: what the golden octets of each are read as, oldest first.
fn keeps_since<T: Record + PartialEq + std::fmt::Debug>(former: &[T], sample: &T) {
    assert_eq!(former.len() + 1, usize::from(T::VERSION), "{}: one for each version", T::NAME);
    let written = hex(&encode(sample).unwrap());
    let kept = golden(T::NAME, T::VERSION).map(|octets| hex(&octets));
    assert_eq!(
        kept.as_deref(),
        Some(written.as_str()),
        "what a {} holds has changed: give it a new version (see record.rs), then add the line\n{} {} {written}",
        T::NAME,
        T::NAME,
        T::VERSION,
    );
    for (version, expected) in (1..).zip(former.iter().chain([sample])) {
        let octets = golden(T::NAME, version).unwrap();
        assert_eq!(octets[0], version);
        assert_eq!(&decode::<T>(&octets).unwrap(), expected, "{} as of version {version}", T::NAME);
    }
    for unknown in [0, T::VERSION + 1, u8::MAX] {
        let mut octets = golden(T::NAME, T::VERSION).unwrap();
        octets[0] = unknown;
        assert_eq!(decode::<T>(&octets).unwrap_err(), Error::Corrupt, "{} {unknown}", T::NAME);
    }
    assert_eq!(decode::<T>(&[]).unwrap_err(), Error::Corrupt);
}

fn id(octet: u8) -> BlobId {
    BlobId([octet; 32])
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn zoned() -> ZonedTime {
    ZonedTime { seconds: 1_767_225_600, offset_minutes: -90 }
}

fn body() -> Body {
    let chunks = vec![Chunk { id: id(3), bytes: 262_144 }, Chunk { id: id(4), bytes: 77 }];
    Body { size: 262_221, hash: id(2), content: Content::Chunks(chunks), fresh: Vec::new(), pin: None }
}

fn message() -> MessageRecord {
    MessageRecord {
        copies: 2,
        body: body(),
        envelope: Bytes::from_static(b"(NIL)"),
        structure: Bytes::from_static(b"(\"TEXT\")"),
        extended_structure: Bytes::from_static(b"(\"TEXT\" NIL)"),
        parts: Bytes::from_static(b"\x01\x02"),
        sent: Some(zoned()),
    }
}

#[test]
fn accounts_and_collections() {
    let first = AccountRow {
        modseq: Modseq(300),
        next_collection: CollectionId(9),
        next_item: ItemId(70_000),
        uid_validity: UidValidity(1_767_225_600),
        quota: Quota { used_bytes: 5_000_000_000, used_count: 12, limit_bytes: Some(1 << 40) },
        collection_count: 8,
        messages: MessageQuota::default(),
    };
    let messages = MessageQuota { count: Some(70_000), limit: Some(1 << 20) };
    keeps_since(std::slice::from_ref(&first), &AccountRow { messages, ..first.clone() });
    keeps(&CollectionRow {
        kind: CollectionKind::Mailbox,
        parent: CollectionId(1),
        name: "Büro".into(),
        uid_validity: UidValidity(1_767_225_601),
        uid_next: Uid(78),
        modseq: Modseq(299),
        created_modseq: Modseq(2),
        slot: Modseq(3),
        floor: Modseq(200),
        count: 70,
        bytes: 123_456_789,
        unseen: 5,
        deleted: 1,
        deleted_bytes: 1_000,
        special_use: Some(SpecialUse::Archive),
        subscribed: true,
        created: Timestamp(1_767_225_600_123),
        grants: vec![(AccountId(7), Rights::LOOKUP | Rights::READ)],
        properties: BTreeMap::from([("displayname".into(), "Office".into())]),
    });
    keeps(&CollectionId(300));
}

#[test]
fn items() {
    let keywords = vec![Keyword::parse("$Label1").unwrap()];
    keeps(&Copies(300));
    keeps(&MessageKeys {
        thread: ItemId(7),
        sent: Some(zoned()),
        subject: "HELLO".to_owned(),
        is_reply: true,
        from: "A".to_owned(),
        to: "B".to_owned(),
        cc: String::new(),
        display_from: "ADA".to_owned(),
        display_to: "BOB".to_owned(),
        message_id: Some([5; 16]),
        references: vec![[6; 16]],
    });
    keeps(&MessageRow {
        message: ItemId(69_999),
        size: 30_000,
        received: zoned(),
        saved: Timestamp(-1),
        flags: Flags { system: SystemFlags::SEEN | SystemFlags::DRAFT, keywords },
        modseq: Modseq(298),
        created_modseq: Modseq(297),
    });
    keeps(&ObjectRow {
        item: ItemId(5),
        size: 400,
        hash: id(1),
        content_type: "text/calendar".into(),
        created: Timestamp(1_767_225_600_000),
        modified: Timestamp(1_767_225_600_001),
        modseq: Modseq(296),
        created_modseq: Modseq(295),
        has_properties: true,
        mark: 2,
    });
    keeps(&Changed { item: ItemId(5), alive: false, collection: true, at: Timestamp(1_767_225_600_002) });
}

#[test]
fn contents() {
    keeps(&message());
    keeps(&body());
    let inline = Content::Inline(Bytes::from_static(b"BEGIN:VCARD"));
    let octets = golden("Body-inline", 1).unwrap();
    assert_eq!(decode::<Body>(&octets).unwrap(), Body { content: inline, size: 11, ..body() });
}

#[test]
fn indexes_and_properties() {
    keeps(&Lock {
        token: "urn:uuid:1".into(),
        collection: CollectionId(4),
        item: Some(ItemId(5)),
        principal: AccountId(1),
        shared: true,
        infinite: false,
        timeout_seconds: 600,
        expires: Timestamp(1_767_225_600_003),
        root: "/dav/files/a/".into(),
        owner: "<D:href xmlns:D=\"DAV:\">me</D:href>".into(),
    });
    keeps(&Properties::from([("{urn:x}colour".into(), "<colour xmlns=\"urn:x\">red</colour>".into())]));
    keeps(&Span { kind: Kind::Event, first: -1, last: i64::MAX, floating: true, exact: false });
    keeps(&String::from("an-event.ics"));
}

#[test]
fn queue() {
    keeps(&EntryRow {
        due: Timestamp(1_767_225_600_004),
        entry: Entry {
            sender: Some(address("alice@example.org")),
            created: Timestamp(1_767_225_600_005),
            expires: Timestamp(1_767_225_600_006),
            message: message(),
            local_prefix_bytes: 30,
            header_bytes: 500,
            eight_bit: true,
            smtputf8: false,
        },
    });
    keeps(&QueueRecipient {
        address: address("bob@example.net"),
        spelled: "Bob@example.net".into(),
        target: Target::Relay,
        attempts: 3,
        last_reply: "451 4.3.0 later".into(),
    });
}

/// The table of parts lies inside a message record, in an encoding that has no version of its own: when it
/// changes, the record takes a new one.
#[test]
fn parts_of_a_message() {
    let mut scanner = format::mime::Scanner::new(format::mime::limits::Limits::default());
    scanner.push(b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n");
    scanner.push(b"Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\ntwo\r\n--b--\r\n");
    let parts = scanner.finish().digest().parts;
    let octets = golden("parts", 1).unwrap();
    assert_eq!(hex(&octets[1..]), hex(&postcard::to_stdvec(&parts).unwrap()));
    assert_eq!(postcard::from_bytes::<format::mime::Parts>(&octets[1..]).unwrap(), parts);
}

/// A record as it was and as it is: the way every change goes.
mod former {
    use super::*;

    #[derive(Serialize, Deserialize)]
    pub(super) struct Book1 {
        pub(super) title: String,
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub(super) struct Book {
        pub(super) title: String,
        pub(super) pages: u32,
    }

    impl From<Book1> for Book {
        fn from(book: Book1) -> Self {
            Self { title: book.title, pages: 0 }
        }
    }

    records! {
        Book: 2, 1 => Book1;
    }
}

#[test]
fn a_former_version_is_read_and_written_as_the_present_one() {
    let old = postcard::to_extend(&former::Book1 { title: "Emma".into() }, vec![1]).unwrap();
    let book: former::Book = decode(&old).unwrap();
    assert_eq!(book, former::Book { title: "Emma".into(), pages: 0 });
    let rewritten = encode(&book).unwrap();
    assert_eq!(rewritten[0], 2);
    assert_eq!(decode::<former::Book>(&rewritten).unwrap(), book);
    assert_eq!(decode::<former::Book>(&[3, 0]).unwrap_err(), Error::Corrupt);
    assert_eq!(decode::<former::Book>(&[1, 9]).unwrap_err(), Error::Corrupt, "known, but torn");
}

#[test]
fn what_was_seen() {
    keeps(&SeenRuns(vec![0, 1, 300, 3_795]));
}

#[test]
fn what_was_removed() {
    use crate::deleted::{Deleted, DeletedObject, RemovedAccount, RemovedCollection};
    let removed = RemovedAccount { at: Timestamp(1_767_225_600_123), address: "alice@example.org".into() };
    keeps(&Kept { bytes: 5_000_000_000, count: 12, hold: true, removed: Some(removed) });
    let row = ObjectRow {
        item: ItemId(70_000),
        size: 262_221,
        hash: id(2),
        content_type: "text/calendar".into(),
        created: Timestamp(1_767_225_600_123),
        modified: Timestamp(1_767_225_600_124),
        modseq: Modseq(300),
        created_modseq: Modseq(299),
        has_properties: true,
        mark: 1,
    };
    let object = DeletedObject {
        collection: CollectionId(9),
        kind: CollectionKind::Calendar,
        name: "e.ics".into(),
        replaced: true,
        uid: Some("uid-1".into()),
        span: Some(Span { kind: Kind::Todo, first: i64::MIN, last: i64::MAX, floating: true, exact: false }),
        properties: BTreeMap::from([("colour".into(), "red".into())]),
        row,
    };
    keeps(&DeletedRow { at: Timestamp(1_767_225_600_125), what: Deleted::Object(Box::new(object)) });
    let collection = RemovedCollection {
        row: CollectionRow {
            kind: CollectionKind::Folder,
            parent: CollectionId(1),
            name: "d".into(),
            uid_validity: UidValidity(1),
            uid_next: Uid(1),
            modseq: Modseq(2),
            created_modseq: Modseq(2),
            slot: Modseq(2),
            floor: Modseq(2),
            count: 1,
            bytes: 1,
            unseen: 0,
            deleted: 0,
            deleted_bytes: 0,
            special_use: None,
            subscribed: false,
            created: Timestamp(1),
            grants: Vec::new(),
            properties: BTreeMap::new(),
        },
        modseq: Modseq(3),
        purging: false,
    };
    let what = Deleted::Collection(CollectionId(7), Box::new(collection));
    let octets = encode(&DeletedRow { at: Timestamp(1), what }).unwrap();
    assert_eq!(hex(&octets), REMOVED_COLLECTION);
    let message = MessageRow {
        message: ItemId(70_000),
        size: 262_221,
        received: zoned(),
        saved: Timestamp(1_767_225_600_123),
        flags: Flags { system: SystemFlags::SEEN, ..Flags::default() },
        modseq: Modseq(300),
        created_modseq: Modseq(299),
    };
    let what = Deleted::Message(CollectionId(9), Uid(77), Box::new(message));
    let octets = encode(&DeletedRow { at: Timestamp(1), what }).unwrap();
    assert_eq!(hex(&octets), REMOVED_MESSAGE);
}

/// The other two shapes of a [`DeletedRow`].
const REMOVED_COLLECTION: &str = "0102020703010164010102020202010100000000000200000300";
const REMOVED_MESSAGE: &str = "010200094df0a204cd801080e4ad950db301f6a1d5edee660100ac02ab02";

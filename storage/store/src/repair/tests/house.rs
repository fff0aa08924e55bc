//! A store with everything in it, and what its doors would serve of it.

use super::*;
use crate::{
    AddressBook, Arrival, Body, Calendar, CalendarFacts, Entry, Folder, Mailbox, NewCollection,
    QueueRecipient, Reader, Target,
    testing::{self, BOB, object, principal, put, writer},
};
use engine::sim::{SimDisk, SimEnv};
use format::icalendar::{object::Object, recurrence::Range as Times, span::Span, zone::Zone};
use model::{Address, CollectionKind, Flags, Modseq, Rights, SystemFlags, Timestamp, ZonedTime};
use std::collections::BTreeMap;

pub(super) struct House {
    pub(super) disk: SimDisk,
    pub(super) engine: std::sync::Arc<SimEngine>,
    pub(super) store: Store,
}

fn event(uid: &str, day: u32) -> Vec<u8> {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:202601{day:02}T100000Z\r\nDTEND:202601{day:02}T110000Z\r\nSUMMARY:{uid}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
    .into_bytes()
}

pub(super) fn mail(subject: &str, octets: usize) -> Vec<u8> {
    let head = "From: a@example.org\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\nSubject: ";
    let mut mail = format!("{head}{subject}\r\n\r\n").into_bytes();
    while mail.len() < octets {
        mail.extend_from_slice(format!("{} {subject} and so on and on\r\n", mail.len()).as_bytes());
    }
    mail
}

impl House {
    /// Mail small, large and copied, events, a card, files in folders with properties, a queued message, another
    /// account, tombstones.
    pub(super) async fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        let house = Self::on(disk);
        let store = &house.store;
        house.mails().await;
        house.objects().await;
        put(store, "small", b"small").await;
        put(store, "large", &[7; 20_000]).await;
        put(store, "huge", &mail("huge", 600_000)).await;
        put(store, "gone", &[9; 20_000]).await;
        testing::remove(store, "gone").await;
        let mut writer = writer(store).await;
        let files = testing::files(&writer).await;
        let properties = [("a".to_owned(), "b".to_owned())].into();
        let inner = writer.create_folder(files.id(), "inner", properties).await.unwrap();
        writer.create_folder(inner.id(), "empty", crate::Properties::new()).await.unwrap();
        writer.put_file(&inner, "deep", object(store, &[5; 9_000]).await).await.unwrap();
        let properties = [("a".to_owned(), "b".to_owned())].into();
        writer.set_item_properties(&inner, "deep", &properties).await.unwrap();
        let _committed = writer.commit(()).await.unwrap();
        let _committed = store.write(&principal(BOB), BOB).await.unwrap().commit(()).await.unwrap();
        house.removed().await;
        house.queued().await;
        house
    }

    /// The same disk opened anew.
    pub(super) fn opened(self) -> Self {
        Self::on(self.disk)
    }

    fn on(disk: SimDisk) -> Self {
        let engine = disk.engine();
        let env = std::sync::Arc::new(SimEnv::new(1));
        let options = crate::Options { undelete_ms: 1 << 40, ..crate::Options::default() };
        let store = Store::new(engine.clone(), disk.blobs(), env, options);
        Self { disk, engine, store }
    }

    async fn mails(&self) {
        let mut arrived = Vec::new();
        for (subject, octets) in [("one", 100), ("two", 30_000), ("three", 700_000)] {
            let mut arrival = Arrival::new(&self.store, u64::MAX);
            arrival.write(&mail(subject, octets)).await.unwrap();
            let flags = Flags { system: SystemFlags::SEEN, ..Flags::default() };
            arrived.push(arrival.finish(flags, ZonedTime { seconds: 5, offset_minutes: 60 }).await.unwrap());
        }
        let mut writer = writer(&self.store).await;
        let inbox = writer.open_mailbox("INBOX", Rights::INSERT).await.unwrap();
        let mut uids = Vec::new();
        for new in arrived {
            uids.push(writer.append(&inbox, new).await.unwrap());
        }
        let below = writer.create_mailbox("Work/2026", NewCollection::default()).await.unwrap();
        writer.copy_messages(&inbox, &below, &uids).await.unwrap();
        writer.copy_messages(&inbox, &inbox, &uids[..1]).await.unwrap();
        let deleted = crate::FlagChange::Add(Flags { system: SystemFlags::DELETED, ..Flags::default() });
        writer.change_flags(&inbox, &uids[..1], &deleted).await.unwrap();
        let _committed = writer.commit(()).await.unwrap();
        let mut writer = testing::writer(&self.store).await;
        writer.expunge_all(&inbox).await.unwrap();
        let _committed = writer.commit(()).await.unwrap();
    }

    async fn objects(&self) {
        let mut writer = writer(&self.store).await;
        let root = CollectionId::ROOT;
        let id = writer.child(root, CollectionKind::Calendar, "default").await.unwrap().unwrap();
        let calendar = writer.open::<Calendar>(id, Rights::OWNER).await.unwrap();
        for (uid, day) in [("e1", 5), ("e2", 17)] {
            let octets = event(uid, day);
            let parsed = Object::parse(&octets).unwrap();
            let facts = CalendarFacts { uid: uid.to_owned(), span: Span::of(&parsed).unwrap() };
            let mut new = object(&self.store, &octets).await;
            new.content_type = "text/calendar; charset=utf-8; component=VEVENT".to_owned();
            writer.put_calendar_object(&calendar, &format!("{uid}.ics"), new, &facts).await.unwrap();
        }
        writer.grant(&calendar, BOB, Rights::READ).await.unwrap();
        let id = writer.child(root, CollectionKind::AddressBook, "default").await.unwrap().unwrap();
        let book = writer.open::<AddressBook>(id, Rights::OWNER).await.unwrap();
        let card = b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:c1\r\nFN:Name\r\nEND:VCARD\r\n";
        let mut new = object(&self.store, card).await;
        new.content_type = "text/vcard; charset=utf-8; version=4.0".to_owned();
        writer.put_card(&book, "c1.vcf", new, Some("c1")).await.unwrap();
        let _committed = writer.commit(()).await.unwrap();
    }

    /// A mailbox with copies and a folder with a file, both removed and kept.
    async fn removed(&self) {
        let mut writer = writer(&self.store).await;
        let below = writer.open_mailbox("Work/2026", Rights::OWNER).await.unwrap();
        let old = writer.create_mailbox("Old", NewCollection::default()).await.unwrap();
        writer.copy_messages(&below, &old, &[model::Uid(2)]).await.unwrap();
        let files = testing::files(&writer).await;
        let gone = writer.create_folder(files.id(), "gone folder", crate::Properties::new()).await.unwrap();
        writer.put_file(&gone, "in it", object(&self.store, &[6; 9_000]).await).await.unwrap();
        let properties = [("x".to_owned(), "y".to_owned())].into();
        writer.set_item_properties(&gone, "in it", &properties).await.unwrap();
        let _committed = writer.commit(()).await.unwrap();
        let mut writer = testing::writer(&self.store).await;
        writer.remove_mailbox("Old").await.unwrap();
        writer.remove_tree(&gone).await.unwrap();
        let _committed = writer.commit(()).await.unwrap();
    }

    async fn queued(&self) {
        let mut arrival = Arrival::new(&self.store, u64::MAX);
        arrival.write(&mail("queued", 10_000)).await.unwrap();
        let new = arrival.finish(Flags::default(), ZonedTime::default()).await.unwrap();
        let entry = Entry {
            sender: None,
            created: Timestamp(0),
            expires: Timestamp(1_000),
            message: new.record,
            local_prefix_bytes: 0,
            header_bytes: 0,
            eight_bit: false,
            smtputf8: false,
        };
        let recipient = QueueRecipient {
            address: Address::parse("r@example.org").unwrap(),
            spelled: "r@example.org".to_owned(),
            target: Target::Relay,
            attempts: 0,
            last_reply: String::new(),
        };
        let _committed = self.store.queue().accept(entry, vec![recipient], Timestamp(7)).await.unwrap();
    }

    pub(super) async fn collection(&self, id: CollectionId) -> CollectionRow {
        let key = Key::collection(ALICE, id).done();
        decode(&self.engine.snapshot().await.unwrap().get(Table::Collection, &key).await.unwrap().unwrap())
            .unwrap()
    }

    /// Every collection's present token.
    pub(super) async fn tokens(&self) -> Vec<(CollectionId, Modseq)> {
        let mut tokens = Vec::new();
        for (key, value) in rows(&self.engine, Table::Collection).await {
            let id = CollectionId(u32::from_be_bytes(key[4..].try_into().unwrap()));
            if key.starts_with(&Key::account(ALICE).done()) {
                tokens.push((id, decode::<CollectionRow>(&value).unwrap().modseq));
            }
        }
        tokens
    }

    /// Nothing that was told goes back, and nothing that was given is given again.
    pub(super) async fn demand_growth(&self, tokens: &[(CollectionId, Modseq)]) {
        for (id, token) in tokens {
            let row = self.collection(*id).await;
            assert!(row.modseq >= *token, "{id}: {token} {row:?}");
        }
        let account: AccountRow = decode(&rows(&self.engine, Table::Account).await[0].1).unwrap();
        for (key, value) in rows(&self.engine, Table::Item).await {
            let id = CollectionId(u32::from_be_bytes(key[4..8].try_into().unwrap()));
            let there = Key::collection(ALICE, id).done();
            let removed = !rows(&self.engine, Table::Collection).await.iter().any(|(key, _)| *key == there);
            if removed || !key.starts_with(&Key::account(ALICE).done()) {
                continue;
            }
            let row = self.collection(id).await;
            if key.starts_with(&Key::account(ALICE).done()) && row.kind == CollectionKind::Mailbox {
                assert!(u32::from_be_bytes(key[8..].try_into().unwrap()) < row.uid_next.0);
                assert!(decode::<crate::MessageRow>(&value).unwrap().message < account.next_item);
            }
        }
    }
}

/// Everything of Alice's as doors read it: by its path the octets, and, with `exact`, flags, dates and types.
pub(super) async fn served(store: &Store, exact: bool) -> BTreeMap<String, String> {
    let reader = store.read(&principal(ALICE), ALICE).await.unwrap();
    let mut served = BTreeMap::new();
    for mailbox in reader.mailboxes().await.unwrap() {
        let open = reader.open::<Mailbox>(mailbox.id, Rights::READ).await.unwrap();
        served.insert(format!("m/{}", mailbox.path), String::new());
        for (uid, row) in reader.entries(&open, None, 1_000).await.unwrap() {
            let message = reader.message(row.message).await.unwrap();
            let mut shown = format!("{} {:?}", octets(store, &message.body).await, message.envelope);
            if exact {
                shown += &format!("{:?} {:?} {}", row.flags, row.received, row.size);
            }
            served.insert(format!("m/{}/{uid}", mailbox.path), shown);
        }
    }
    let root = CollectionId::ROOT;
    let id = reader.child(root, CollectionKind::Folder, crate::FILES_ROOT).await.unwrap().unwrap();
    folder(store, &reader, (id, "f".to_owned()), exact, &mut served).await;
    calendars(store, &reader, &mut served).await;
    served
}

async fn octets(store: &Store, body: &Body) -> String {
    let octets = store.body(body, 0..u64::MAX).collect().await.unwrap();
    format!("{} {}", octets.len(), blake3::hash(&octets))
}

async fn folder(
    store: &Store,
    reader: &Reader,
    (id, path): (CollectionId, String),
    exact: bool,
    served: &mut BTreeMap<String, String>,
) {
    let open = reader.open::<Folder>(id, Rights::READ).await.unwrap();
    served.insert(path.clone(), if exact { format!("{:?}", open.row().properties) } else { String::new() });
    for (name, row) in reader.entries(&open, None, 1_000).await.unwrap() {
        let mut shown = octets(store, &reader.object_body(row.item).await.unwrap()).await;
        shown += &format!("{:?}", reader.item_properties(&open, &[row.item]).await.unwrap());
        if exact {
            shown += &format!("{} {:?}", row.content_type, row.modified);
        }
        served.insert(format!("{path}/{name}"), shown);
    }
    for (id, row) in reader.children(id, CollectionKind::Folder).await.unwrap() {
        Box::pin(folder(store, reader, (id, format!("{path}/{}", row.name)), exact, served)).await;
    }
}

async fn calendars(store: &Store, reader: &Reader, served: &mut BTreeMap<String, String>) {
    for (id, row) in reader.children(CollectionId::ROOT, CollectionKind::Calendar).await.unwrap() {
        let open = reader.open::<Calendar>(id, Rights::READ).await.unwrap();
        for (name, object) in reader.entries(&open, None, 1_000).await.unwrap() {
            let uid = reader.uid_of(&open, object.item).await.unwrap().unwrap();
            assert_eq!(reader.name_of_uid(&open, &uid).await.unwrap().as_ref(), Some(&name));
            let mut shown = octets(store, &reader.object_body(object.item).await.unwrap()).await;
            shown += &format!("{uid} {} {}", object.mark, object.content_type);
            served.insert(format!("c/{}/{name}", row.name), shown);
        }
        let january = Times { start: Some(1_767_225_600), end: Some(1_768_435_200) };
        let kind = format::icalendar::object::Kind::Event;
        let found = reader.calendar_candidates(&open, kind, &january, &Zone::Utc).await.unwrap();
        served.insert(format!("c/{} january", row.name), format!("{found:?}"));
    }
    for (id, row) in reader.children(CollectionId::ROOT, CollectionKind::AddressBook).await.unwrap() {
        let open = reader.open::<AddressBook>(id, Rights::READ).await.unwrap();
        for (name, object) in reader.entries(&open, None, 1_000).await.unwrap() {
            let uid = reader.uid_of(&open, object.item).await.unwrap();
            let shown = octets(store, &reader.object_body(object.item).await.unwrap()).await;
            served.insert(format!("a/{}/{name}", row.name), format!("{shown} {uid:?}"));
        }
    }
}

//! The index against a full scan: it may say "look at it", but never anything else than the scan.

use super::*;
use crate::testing::{self, reader, writer};
use crate::{Arrival, FlagChange, Mailbox, SEARCH_TAIL_COUNT_MAX, Store, collection::Collection};
use engine::sim::Dice;
use format::mime::{
    header as fields,
    like::Word,
    search::{BodySearch, Needle, fold},
    text::{Extractor, header_text},
    words,
};
use model::{Flags, ItemId, Rights, SystemFlags, Uid, ZonedTime};

const WORDS: &[&str] = &[
    "alpha",
    "Beta",
    "gamma-ray",
    "delta",
    "naïve",
    "ÜBER",
    "straße",
    "日本語のテキスト",
    "a@b.example",
    "x",
    "42",
    "foo_bar",
    "ﬁne",
    "e\u{301}te",
    "the",
    "THE",
    "of",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
    "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODk",
    "--",
    "#",
    "it's",
];

fn text(dice: &mut Dice, count: usize) -> String {
    (0..count).map(|_| WORDS[dice.below(WORDS.len() as u64) as usize]).collect::<Vec<_>>().join(" ")
}

fn message(dice: &mut Dice) -> String {
    let subject = text(dice, 3);
    let (from, body) = (dice.below(9), dice.below(30) as usize + 1);
    let body = text(dice, body);
    let head = format!(
        "From: \"O\\\"Neil {from}\" (comment) <neil{from}@example.org>\r\nTo: bob@example.org\r\n\
         Subject: {subject}\r\nX-Note: {from} of {from}\r\nMIME-Version: 1.0\r\n"
    );
    match dice.below(3) {
        0 => format!("{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"),
        1 => format!("{head}Content-Type: text/html; charset=utf-8\r\n\r\n<p>{body}<b>bo</b>ld</p>\r\n"),
        _ => format!(
            "{head}Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Type: text/plain; \
             charset=utf-8; name=\"paper {from}.txt\"\r\n\r\n{body}\r\n--cut\r\nContent-Type: \
             application/octet-stream\r\n\r\nnotlookedat\r\n--cut--\r\n"
        ),
    }
}

/// What was put into INBOX, by item.
pub(super) type Known = Vec<(ItemId, Uid, String)>;

pub(super) async fn inbox(reader: &crate::Reader) -> Collection<Mailbox> {
    reader.open_mailbox("INBOX", Rights::all()).await.unwrap()
}

pub(super) async fn fill(store: &Store, dice: &mut Dice, count: usize, known: &mut Known) {
    let octets = (0..count).map(|_| message(dice)).collect();
    put(store, octets, known).await;
}

/// Puts messages into INBOX, in one commit.
pub(super) async fn put(store: &Store, all: Vec<String>, known: &mut Known) {
    let mut arrivals = Vec::new();
    for octets in all {
        let mut arrival = Arrival::new(store, u64::MAX);
        arrival.write(octets.as_bytes()).await.unwrap();
        arrivals.push((arrival.finish(Flags::default(), ZonedTime::default()).await.unwrap(), octets));
    }
    let mut writer = writer(store).await;
    let mailbox = inbox(&writer).await;
    for (new, octets) in arrivals {
        let uid = writer.append(&mailbox, new).await.unwrap();
        let item = writer.entry(&mailbox, &uid).await.unwrap().unwrap().message;
        known.push((item, uid, octets));
    }
    let _durable = writer.commit(()).await.unwrap();
}

/// Removes messages for good: nothing that was removed is kept in these stores.
pub(super) async fn purge(store: &Store, gone: &[Uid], known: &mut Known) {
    let mut writer = writer(store).await;
    let mailbox = inbox(&writer).await;
    let deleted = Flags { system: SystemFlags::DELETED, ..Flags::default() };
    writer.change_flags_unless(&mailbox, gone, &FlagChange::Add(deleted), None).await.unwrap();
    assert_eq!(writer.expunge(&mailbox, gone).await.unwrap(), gone);
    let _durable = writer.commit(()).await.unwrap();
    known.retain(|(_, uid, _)| !gone.contains(uid));
}

pub(super) async fn index(store: &Store) {
    while store.index(testing::ALICE).await.unwrap() {}
}

/// As a full scan judges.
fn scan(octets: &str, place: &Where, text: &str) -> bool {
    let parts = parts(octets);
    let block = parts.root().unwrap().header.of(octets.as_bytes());
    let header = |name: Option<&str>| {
        fields::fields(block).any(|field| {
            let known = fold(&String::from_utf8_lossy(field.name));
            let value = fold(&words::decode(&fields::unfold(field.value)));
            match name {
                Some(name) => known == name && value.contains(text),
                None => format!("{known}: {value}").contains(text),
            }
        })
    };
    let body = || {
        let needles = [Needle::new(text)];
        let mut search = BodySearch::new(&needles);
        for (index, part) in parts.iter().enumerate() {
            if search.part(index, part, part.header.of(octets.as_bytes())) {
                search.push(part.body.of(octets.as_bytes()));
            }
        }
        search.finish()[0]
    };
    match place {
        Where::Body => body(),
        Where::Anywhere => header(None) || body(),
        Where::Header(name) => header(Some(name)),
        Where::Address(name) => {
            header(Some(name))
                || fields::fields(block)
                    .filter(|field| fold(&String::from_utf8_lossy(field.name)) == *name)
                    .any(|field| {
                        format::mime::addresses(&fields::unfold(field.value)).iter().any(|it| {
                            fold(&format!("{} <{}@{}>", it.display, it.local, it.domain)).contains(text)
                        })
                    })
        }
    }
}

fn parts(octets: &str) -> format::mime::Parts {
    let mut scanner = format::mime::Scanner::new(format::mime::limits::Limits::default());
    scanner.push(octets.as_bytes());
    scanner.finish().digest().parts
}

/// A piece of some message as a reader sees it, or a word.
fn question(dice: &mut Dice, known: &Known) -> String {
    if dice.below(3) == 0 {
        return fold(WORDS[dice.below(WORDS.len() as u64) as usize]);
    }
    let (_, _, octets) = &known[dice.below(known.len() as u64) as usize];
    let all: Vec<char> = fold(octets).chars().collect();
    let at = dice.below(all.len() as u64) as usize;
    let longest = if dice.once_in(8) { 60 } else { 9 };
    let length = 1 + dice.below(longest) as usize;
    all[at..(at + length).min(all.len())].iter().collect::<String>().replace(['\r', '\n'], " ")
}

/// A message taken apart once, for many scans.
pub(super) struct Texts {
    /// Folded names and values.
    fields: Vec<(String, String)>,
    /// Folded names, and addresses as ENVELOPE has them.
    plain: Vec<(String, String)>,
    /// What stands together in the body.
    body: Vec<String>,
}

impl Texts {
    fn of(octets: &str) -> Self {
        let parts = parts(octets);
        let bytes = octets.as_bytes();
        let mut texts = Self { fields: Vec::new(), plain: Vec::new(), body: Vec::new() };
        for field in fields::fields(parts.root().unwrap().header.of(bytes)) {
            let name = fold(&String::from_utf8_lossy(field.name));
            let unfolded = fields::unfold(field.value);
            for it in format::mime::addresses(&unfolded) {
                let address = fold(&format!("{} <{}@{}>", it.display, it.local, it.domain));
                texts.plain.push((name.clone(), address));
            }
            texts.fields.push((name, fold(&words::decode(&unfolded))));
        }
        for (index, part) in parts.iter().enumerate() {
            let header = part.header.of(bytes);
            let mut text = String::new();
            if index > 0 {
                header_text(header, &mut text);
                texts.body.push(fold(&std::mem::take(&mut text)));
            }
            if let Some(mut extractor) = Extractor::new(part, header) {
                extractor.push(part.body.of(bytes), &mut text);
                extractor.finish(&mut text);
                texts.body.push(fold(&text));
            }
        }
        texts
    }

    fn scan(&self, place: &Where, text: &str) -> bool {
        let body = || self.body.iter().any(|part| part.contains(text));
        let named = |all: &[(String, String)], name: &String| {
            all.iter().any(|(known, value)| known == name && value.contains(text))
        };
        match place {
            Where::Body => body(),
            Where::Anywhere => {
                body() || self.fields.iter().any(|(name, value)| format!("{name}: {value}").contains(text))
            }
            Where::Header(name) => named(&self.fields, name),
            Where::Address(name) => named(&self.fields, name) || named(&self.plain, name),
        }
    }
}

pub(super) fn texts(known: &Known) -> Vec<Texts> {
    known.iter().map(|(_, _, octets)| Texts::of(octets)).collect()
}

/// Asks many questions; returns how many verdicts there were and how many were "look at it".
pub(super) async fn compare(
    store: &Store,
    dice: &mut Dice,
    known: &Known,
    questions: usize,
) -> (usize, usize) {
    compare_with(store, dice, (known, &texts(known)), questions).await
}

/// As [`compare`], with the messages taken apart already.
pub(super) async fn compare_with(
    store: &Store,
    dice: &mut Dice,
    (known, texts): (&Known, &[Texts]),
    questions: usize,
) -> (usize, usize) {
    let reader = reader(store).await;
    let (mut all, mut open) = (0, 0);
    for _ in 0..questions {
        let text = question(dice, known);
        let place = match dice.below(5) {
            0 => Where::Header("SUBJECT".to_owned()),
            1 => Where::Address("FROM".to_owned()),
            2 => Where::Header("X-NOTE".to_owned()),
            3 => Where::Body,
            _ => Where::Anywhere,
        };
        let hits = reader.search(&place, &text, None).await.unwrap();
        let at = dice.below(known.len() as u64) as usize;
        for (number, ((item, _, octets), texts)) in known.iter().zip(texts).enumerate() {
            let truth = texts.scan(&place, &text);
            if number == at {
                assert_eq!(truth, scan(octets, &place, &text), "{place:?} {text:?} in {octets}");
            }
            all += 1;
            match hits.verdict(*item) {
                Some(verdict) => assert_eq!(verdict, truth, "{place:?} {text:?} in {octets}"),
                None => open += 1,
            }
        }
    }
    (all, open)
}

#[tokio::test]
async fn the_index_says_what_a_scan_says() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(7), Known::new());
    assert_eq!(
        reader(&store).await.search(&Where::Body, "ALPHA", None).await.unwrap().verdict(ItemId(1)),
        None
    );
    fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX, &mut known).await;
    assert_eq!(store.take_unindexed(), [testing::ALICE]);
    index(&store).await;
    let (all, open) = compare(&store, &mut dice, &known, 10_000).await;
    assert!(open * 3 < all, "{open} of {all} must be looked at");
}

#[tokio::test]
async fn a_word_is_decided_without_looking() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(8), Known::new());
    fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX, &mut known).await;
    index(&store).await;
    let reader = reader(&store).await;
    for place in [Where::Body, Where::Anywhere, Where::Header("SUBJECT".to_owned())] {
        let hits = reader.search(&place, "LPH", None).await.unwrap();
        assert!(known.iter().all(|(item, ..)| hits.verdict(*item).is_some()));
        assert!(known.iter().any(|(item, ..)| hits.verdict(*item) == Some(true)));
    }
}

#[tokio::test]
async fn few_new_messages_are_left_to_be_read() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(9), Known::new());
    fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX - 1, &mut known).await;
    assert!(!store.index(testing::ALICE).await.unwrap());
    let first = known[0].0;
    let asked =
        async || reader(&store).await.search(&Where::Body, "ALPHA", None).await.unwrap().verdict(first);
    assert_eq!(asked().await, None);
    fill(&store, &mut dice, 1, &mut known).await;
    assert!(store.index(testing::ALICE).await.unwrap());
    assert!(asked().await.is_some());
}

#[tokio::test]
async fn merged_segments_say_the_same_and_forget_what_has_gone() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(10), Known::new());
    for _ in 0..merge::FAN {
        fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX, &mut known).await;
        store.index(testing::ALICE).await.unwrap();
    }
    let gone: Vec<Uid> = known.iter().step_by(3).map(|(_, uid, _)| *uid).collect();
    purge(&store, &gone, &mut known).await;
    index(&store).await;
    let state = index::load(reader(&store).await.view(), testing::ALICE).await.unwrap().unwrap();
    assert_eq!(state.segments.len(), 1);
    assert_eq!(state.segments[0].count as usize, known.len(), "what has gone is not in it");
    compare(&store, &mut dice, &known, 40).await;
    store.forget_index(testing::ALICE).await.unwrap();
    let thrown_away = index::load(reader(&store).await.view(), testing::ALICE).await.unwrap().unwrap();
    assert_eq!(thrown_away.garbage, [state.segments[0].id], "not those that were swept long ago");
    // No number is used again, however often.
    store.forget_index(testing::ALICE).await.unwrap();
    let again = index::load(reader(&store).await.view(), testing::ALICE).await.unwrap().unwrap();
    assert!(again.next_segment > thrown_away.next_segment);
    assert!(thrown_away.next_segment > state.next_segment);
    let hits = reader(&store).await.search(&Where::Body, "ALPHA", None).await.unwrap();
    assert!(known.iter().all(|(item, ..)| hits.verdict(*item).is_none()));
    index(&store).await;
    let segments = crate::key::Key::account(testing::ALICE).bytes(&[segment::DOCUMENTS]).prefix();
    let rows = reader(&store).await.view().scan(engine::Table::Search, &segments, 10, false).await.unwrap();
    assert_eq!(rows.len(), 1, "what was thrown away has gone");
    compare(&store, &mut dice, &known, 10).await;
}

#[tokio::test]
async fn an_index_that_lacks_something_is_found_and_built_again() {
    use crate::{Depth, Fault, RepairOptions, key::Key};
    use engine::{
        Batch, Engine, Op, Range, Table,
        sim::{SimDisk, SimEnv},
    };
    let disk = SimDisk::new(1);
    let engine = disk.engine();
    let env = std::sync::Arc::new(SimEnv::new(1));
    let store = Store::new(engine.clone(), disk.blobs(), env, crate::Options::default());
    let (mut dice, mut known) = (Dice::new(11), Known::new());
    fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX + 50, &mut known).await;
    let faults = async || store.fsck(testing::ALICE, Depth::Records).await.unwrap();
    let all = Range::prefix(b"");
    let options = RepairOptions { depth: Depth::Records, drop_damaged: false };
    index(&store).await;
    assert_eq!(faults().await, []);
    let count =
        engine.snapshot().await.unwrap().scan(Table::Search, &all, 10_000, false).await.unwrap().len();
    assert!(count > 4, "{count}");
    // Each row but the record itself; and a message that was never entered, below what is known.
    let snapshot = engine.snapshot().await.unwrap();
    let key = Key::item(testing::ALICE, known[3].0).done();
    let unseen = snapshot.get(Table::Message, &key).await.unwrap().unwrap();
    let never = Key::item(testing::ALICE, ItemId(0)).done();
    for at in 1..=count {
        let rows = engine.snapshot().await.unwrap().scan(Table::Search, &all, 10_000, false).await.unwrap();
        let (op, back) = match rows.get(at) {
            Some((key, _)) => (Op::Delete(Table::Search, key.to_vec()), None),
            None => {
                let back = Op::Delete(Table::Message, never.clone());
                (Op::Put(Table::Message, never.clone(), unseen.clone()), Some(back))
            }
        };
        let _durable = engine.commit(Batch { expect: Vec::new(), ops: vec![op.clone()] }).await.unwrap();
        assert!(faults().await.iter().any(|finding| finding.fault == Fault::Search), "{op:?}");
        match back {
            Some(back) => drop(engine.commit(Batch { expect: Vec::new(), ops: vec![back] }).await.unwrap()),
            None => drop(store.repair(testing::ALICE, options).await.unwrap()),
        }
        assert_eq!(faults().await, []);
        index(&store).await;
        assert_eq!(faults().await, []);
    }
    let (looked, _) = compare(&store, &mut dice, &known, 40).await;
    assert!(looked > 0);
}

#[tokio::test]
async fn what_is_alike_with_the_index_is_alike_without() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(7), Known::new());
    fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX + 40, &mut known).await;
    index(&store).await;
    fill(&store, &mut dice, 5, &mut known).await;
    let reader = reader(&store).await;
    let places = [Where::Anywhere, Where::Body, Where::Header("SUBJECT".to_owned())];
    let words = ["alpah", "bet", "naive", "gammma", "uber", "detla", "nothinglikeit", "0123", "neil"];
    let mut alike = 0;
    for (place, word) in places.iter().flat_map(|place| words.map(|word| (place.clone(), word))) {
        let word = Word::new(&fold(word));
        let likes = reader.search_like(&place, &word).await.unwrap();
        for (number, (item, ..)) in known.iter().enumerate() {
            let record = reader.message(*item).await.unwrap();
            let read = reader.message_like(&record, &[(place.clone(), word.clone())]).await.unwrap();
            match likes.score(*item) {
                Some(score) => assert_eq!(score, read[0], "{place:?} {word:?} {item}"),
                None => assert!(number >= SEARCH_TAIL_COUNT_MAX, "the index does not know {item}"),
            }
            alike += usize::from(read[0] > 0);
        }
    }
    assert!(alike > 1_000, "{alike}");
}

#[tokio::test]
async fn candidates_narrow_an_answer_and_never_change_it() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(12), Known::new());
    fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX * 3, &mut known).await;
    index(&store).await;
    let reader = reader(&store).await;
    assert!(reader.search_bytes().await.unwrap() > 0);
    let items: Vec<ItemId> = known.iter().map(|(item, ..)| *item).collect();
    for (every, bytes) in [(1, 1), (7, 1), (1, 1 << 40), (200, 1), (items.len() + 1, 1)] {
        let some: Vec<ItemId> = items.iter().copied().skip(every - 1).step_by(every).collect();
        let candidates = Candidates::new(some.iter().rev().map(|item| (*item, bytes)).collect());
        for (text, place) in [("ALPHA", Where::Body), ("BOB", Where::Anywhere), ("NOWHERE", Where::Anywhere)]
        {
            let all = reader.search(&place, text, None).await.unwrap();
            let narrow = reader.search(&place, text, Some(&candidates)).await.unwrap();
            for item in &some {
                let (whole, told) = (all.verdict(*item), narrow.verdict(*item));
                assert!(told.is_none() || told == whole, "{text} {item:?}: {told:?} instead of {whole:?}");
                assert!(
                    bytes == 1 || told == whole,
                    "messages that are dear to read are asked for in the index"
                );
            }
        }
    }
    let few = Candidates::new(vec![(items[0], 1)]);
    let hits = reader.search(&Where::Body, "ALPHA", Some(&few)).await.unwrap();
    assert_eq!(hits.verdict(items[0]), None, "one message is read sooner than all terms");
}

//! Building in bounded steps, beside searches, cut off anywhere; and forgetting what was purged.

use super::*;
use crate::{
    Depth, Options,
    limits::{SEARCH_BUILD_BYTES_MAX, SEARCH_BUILD_COUNT_MAX, SEARCH_PART_BYTES_MAX, SEARCH_TERM_COUNT_MAX},
    search::{
        Where, field, index,
        tests::{self as search, Known, compare, compare_with, fill, purge, put, texts},
    },
    testing::{self, ALICE, reader},
};
use engine::{
    Engine, Env,
    fail::{Call, FailEngine, FailPlan},
    sim::{Dice, SimDisk, SimEnv},
};
use model::Uid;
use std::{cell::Cell, collections::BTreeSet, sync::Arc};

async fn record(store: &Store) -> Option<Index> {
    index::load(&state(store).await.unwrap(), ALICE).await.unwrap()
}

async fn segments(store: &Store) -> Vec<Segment> {
    record(store).await.map(|index| index.segments).unwrap_or_default()
}

async fn counts(store: &Store) -> Vec<u32> {
    segments(store).await.iter().map(|segment| segment.count).collect()
}

/// The verdict on each message.
async fn verdicts(store: &Store, text: &str, known: &Known) -> Vec<Option<bool>> {
    let hits = reader(store).await.search(&Where::Body, text, None).await.unwrap();
    known.iter().map(|(item, ..)| hits.verdict(*item)).collect()
}

fn plain(body: &str) -> String {
    format!("Content-Type: text/plain\r\n\r\n{body}\r\n")
}

async fn is_clean(store: &Store) -> bool {
    store.fsck(ALICE, Depth::Records).await.unwrap().is_empty()
}

#[tokio::test]
async fn a_step_takes_messages_up_to_its_bound_and_one_more_waits() {
    for (count, left) in [(290, 0), (291, 1)] {
        let (store, mut known) = (testing::store(), Known::new());
        put(&store, (0..count).map(|n| plain(&format!("number{n}"))).collect(), &mut known).await;
        let bounds = Bounds { build_count: 290, ..Bounds::default() };
        while store.index_within(ALICE, bounds).await.unwrap() {}
        assert_eq!(counts(&store).await, [290]);
        let unknown = verdicts(&store, "NUMBER7", &known).await.iter().filter(|it| it.is_none()).count();
        assert_eq!(unknown, left);
    }
    let mut builder = Builder::new(Bounds::default());
    for number in 1..=SEARCH_BUILD_COUNT_MAX as u64 {
        assert!(!builder.is_full(), "{number}");
        builder.begin(ItemId(number));
    }
    assert!(builder.is_full());
}

#[tokio::test]
async fn a_step_ends_at_its_memory_and_not_before() {
    // A term costs its octets, that of its field and what is kept beside it; the first one takes up the slack.
    let empty = {
        let mut builder = Builder::default();
        let number = builder.begin(ItemId(1));
        builder.add(field::BODY, b"", number);
        builder.bytes_for_test()
    };
    let each = empty + 8;
    let slack = SEARCH_BUILD_BYTES_MAX % each;
    for (slack, is_full) in [(slack, true), (slack - 1, false)] {
        let mut builder = Builder::new(Bounds::default());
        let number = builder.begin(ItemId(1));
        builder.add(field::BODY, &vec![b'X'; 8 + slack], number);
        for term in 1..SEARCH_BUILD_BYTES_MAX / each {
            builder.add(field::BODY, format!("{term:08}").as_bytes(), number);
        }
        assert_eq!(builder.is_full(), is_full, "{}", builder.bytes_for_test());
    }
    // However little it may take, every step goes on by a message.
    let (store, mut dice, mut known) = (testing::store(), Dice::new(3), Known::new());
    fill(&store, &mut dice, SEARCH_TAIL_COUNT_MAX + 20, &mut known).await;
    while store.index_within(ALICE, Bounds { build_bytes: 1, ..Bounds::default() }).await.unwrap() {}
    assert_eq!(counts(&store).await.iter().sum::<u32>(), 21);
    compare(&store, &mut dice, &known, 20).await;
}

#[tokio::test]
async fn a_part_is_looked_at_up_to_its_limit_and_not_one_octet_past() {
    assert_eq!(Bounds::default().part_bytes, SEARCH_PART_BYTES_MAX);
    let body = "fill fill needle";
    for (part_bytes, whole) in [(body.len(), true), (body.len() - 1, false)] {
        let (store, mut known) = (testing::store(), Known::new());
        put(&store, vec![plain(body); SEARCH_TAIL_COUNT_MAX], &mut known).await;
        let bounds = Bounds { part_bytes: part_bytes as u64, ..Bounds::default() };
        store.index_within(ALICE, bounds).await.unwrap();
        assert!(verdicts(&store, "NEEDLE", &known).await.iter().all(|it| *it == Some(whole)), "{whole}");
        assert!(verdicts(&store, "NEEDL", &known).await.iter().all(|it| *it == Some(true)));
    }
}

#[tokio::test]
async fn a_message_of_more_terms_than_the_limit_is_read_whenever_it_comes_into_question() {
    let (store, mut known) = (testing::store(), Known::new());
    put(&store, vec![plain(""); SEARCH_TAIL_COUNT_MAX - 2], &mut known).await;
    let record = reader(&store).await.message(known[0].0).await.unwrap();
    let mut builder = Builder::default();
    text::enter(&store, &mut builder, ItemId(0), &record).await.unwrap();
    let of_header = builder.terms().count();
    let words = |count: usize| {
        plain(&(0..count - of_header).map(|n| format!("word{n}")).collect::<Vec<_>>().join("\r\n"))
    };
    put(&store, vec![words(SEARCH_TERM_COUNT_MAX), words(SEARCH_TERM_COUNT_MAX + 1)], &mut known).await;
    store.index(ALICE).await.unwrap();
    let found = verdicts(&store, "NOWHERE", &known).await;
    let (last, all) = found.split_last().unwrap();
    assert!(all.iter().all(|it| *it == Some(false)), "at the limit it is decided");
    assert_eq!(*last, None);
    assert_eq!(verdicts(&store, "WORD99", &known).await[known.len() - 2], Some(true));
}

/// Eight segments' worth of small steps, so that a merge follows.
const STEPS: Bounds = Bounds {
    build_bytes: SEARCH_BUILD_BYTES_MAX,
    build_count: 8,
    part_bytes: SEARCH_PART_BYTES_MAX,
    term_count: SEARCH_TERM_COUNT_MAX,
};

/// So many messages that nine such steps are made.
const STEPPED_COUNT: usize = SEARCH_TAIL_COUNT_MAX + 9 * 8 - 1;

#[tokio::test]
async fn a_search_is_right_while_segments_are_built_and_merged_and_messages_come_and_go() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(21), Known::new());
    fill(&store, &mut dice, STEPPED_COUNT, &mut known).await;
    let mut others = Known::new();
    let build = async {
        for round in 0..3 {
            while store.index_within(ALICE, STEPS).await.unwrap() {
                tokio::task::yield_now().await;
            }
            let mut dice = Dice::new(round);
            fill(&store, &mut dice, 40, &mut others).await;
            let gone: Vec<Uid> = others.iter().step_by(2).map(|(_, uid, _)| *uid).collect();
            purge(&store, &gone, &mut others).await;
        }
    };
    let is_over = Cell::new(false);
    let ask = async {
        let (texts, mut seen) = (texts(&known), BTreeSet::new());
        while !is_over.get() {
            seen.insert(counts(&store).await);
            compare_with(&store, &mut dice, (&known, &texts), 1).await;
            tokio::task::yield_now().await;
        }
        seen
    };
    // Whoever asks goes on between any two awaits of the build.
    let build = async {
        build.await;
        is_over.set(true);
    };
    let ((), seen) = tokio::join!(build, ask);
    assert!(seen.contains(&Vec::new()) && seen.contains(&vec![8; 3]), "behind and being built: {seen:?}");
    assert!(seen.iter().flatten().any(|count| *count > 8), "merged: {seen:?}");
    known.extend(others);
    let mut dice = Dice::new(22);
    compare(&store, &mut dice, &known, 40).await;
    assert!(is_clean(&store).await);
}

#[tokio::test]
async fn cut_off_at_any_commit_it_is_right_and_goes_on() {
    let (disk, plan) = (SimDisk::new(1), FailPlan::new());
    let engine = FailEngine::new(disk.engine(), plan.clone());
    let env = Arc::new(SimEnv::new(1));
    let store = Store::new(engine, disk.blobs(), env, Options::default());
    let (mut dice, mut known) = (Dice::new(23), Known::new());
    fill(&store, &mut dice, STEPPED_COUNT, &mut known).await;
    let mut cut = 0;
    for nth in 1.. {
        // A purge that the last segment has to forget, in every round.
        let gone = known[known.len() - 300].1;
        purge(&store, &[gone], &mut known).await;
        fill(&store, &mut dice, 1, &mut known).await;
        plan.fail(Call::Commit, nth);
        let before = plan.count(Call::Commit);
        let mut was_cut = false;
        loop {
            match store.index_within(ALICE, STEPS).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    assert_eq!(error, Error::Unavailable);
                    was_cut = true;
                    compare(&store, &mut dice, &known, 2).await;
                }
            }
        }
        compare(&store, &mut dice, &known, 2).await;
        assert!(is_clean(&store).await, "{nth}");
        if !was_cut {
            assert!(plan.count(Call::Commit) - before < nth);
            break;
        }
        cut += 1;
        plan.fail(Call::Commit, u64::MAX / 2);
        store.forget_index(ALICE).await.unwrap();
    }
    assert!(cut > 20, "{cut}");
    assert!(record(&store).await.unwrap().garbage.is_empty(), "what was left of the cuts was swept");
}

#[tokio::test]
async fn of_two_builders_one_gives_up_and_the_index_is_right() {
    let (store, mut dice, mut known) = (testing::store(), Dice::new(24), Known::new());
    fill(&store, &mut dice, STEPPED_COUNT, &mut known).await;
    let build = async || {
        let mut given_up = 0;
        loop {
            match store.index_within(ALICE, STEPS).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => return given_up,
                Err(Error::Conflict) => given_up += 1,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let (one, other) = tokio::join!(build(), build());
    assert!(one + other > 0, "they have met");
    compare(&store, &mut dice, &known, 20).await;
    assert!(is_clean(&store).await);
}

/// Whether any row of the account's index has the term.
async fn stands(store: &Store, term: &str) -> bool {
    let all = Key::account(ALICE).prefix();
    let rows = state(store).await.unwrap().scan(Table::Search, &all, 10_000, false).await.unwrap();
    rows.iter().any(|(_, value)| memchr::memmem::find(value, term.as_bytes()).is_some())
}

async fn is_noted(store: &Store) -> bool {
    gone::is_noted(&state(store).await.unwrap(), ALICE).await.unwrap()
}

/// Messages with a word of their own each, in one segment.
async fn worded(store: &Store) -> Known {
    let mut known = Known::new();
    put(store, (0..SEARCH_TAIL_COUNT_MAX).map(|n| plain(&format!("word{n}word"))).collect(), &mut known)
        .await;
    search::index(store).await;
    assert_eq!(counts(store).await, [SEARCH_TAIL_COUNT_MAX as u32]);
    known
}

#[tokio::test]
async fn a_segment_is_written_anew_when_more_than_its_share_was_purged() {
    let store = testing::store();
    let mut known = worded(&store).await;
    let _ = store.take_unindexed();
    let at_the_limit = SEARCH_TAIL_COUNT_MAX / SEARCH_GONE_PART_MAX as usize;
    let uids: Vec<Uid> = known.iter().map(|(_, uid, _)| *uid).collect();
    purge(&store, &uids[..at_the_limit], &mut known).await;
    assert_eq!(store.take_unindexed(), [ALICE], "the builder hears of it");
    let before = segments(&store).await;
    search::index(&store).await;
    assert_eq!(segments(&store).await, before, "at the limit");
    assert!(is_noted(&store).await && stands(&store, "WORD0WORD").await);
    purge(&store, &uids[at_the_limit..=at_the_limit], &mut known).await;
    search::index(&store).await;
    assert_eq!(counts(&store).await, [(SEARCH_TAIL_COUNT_MAX - at_the_limit - 1) as u32]);
    assert!(!is_noted(&store).await && !stands(&store, "WORD0WORD").await);
    assert!(stands(&store, "WORD255WORD").await);
    assert!(is_clean(&store).await);
    assert!(verdicts(&store, "WORD255WORD", &known).await.contains(&Some(true)));
    purge(&store, &uids[at_the_limit + 1..], &mut known).await;
    search::index(&store).await;
    assert!(segments(&store).await.is_empty() && !stands(&store, "WORD255WORD").await);
    assert!(!is_noted(&store).await);
    assert!(is_clean(&store).await);
}

#[tokio::test]
async fn one_purged_message_is_forgotten_past_its_time_and_not_before() {
    let (disk, env) = (SimDisk::new(1), Arc::new(SimEnv::new(1)));
    let store = Store::new(disk.engine(), disk.blobs(), env.clone(), Options::default());
    let mut known = worded(&store).await;
    let uid = known[7].1;
    purge(&store, &[uid], &mut known).await;
    let since = env.now();
    let time_ms = i64::try_from(SEARCH_GONE_TIME_MAX.as_millis()).unwrap();
    let wait_until = |ms: i64| env.step(since.0 + ms - env.now().0);
    let round = async || {
        let _ = store.take_unindexed();
        store.purge_deleted(ALICE, Timestamp(0)).await.unwrap();
        assert_eq!(store.take_unindexed(), [ALICE], "the hourly round reminds the builder");
        search::index(&store).await;
        stands(&store, "WORD7WORD").await
    };
    wait_until(time_ms);
    assert!(round().await);
    wait_until(time_ms + 1);
    assert!(!round().await);
    assert!(stands(&store, "WORD8WORD").await && !is_noted(&store).await);
    store.purge_deleted(ALICE, Timestamp(0)).await.unwrap();
    assert_eq!(store.take_unindexed(), [], "there is nothing to be reminded of");
}

#[tokio::test]
async fn what_was_purged_before_it_was_entered_is_not_noted_for_long() {
    let (store, mut known) = (testing::store(), Known::new());
    put(&store, vec![plain("x"); SEARCH_TAIL_COUNT_MAX], &mut known).await;
    let uid = known[0].1;
    purge(&store, &[uid], &mut known).await;
    assert!(is_noted(&store).await);
    search::index(&store).await;
    assert!(!is_noted(&store).await);
    // An account that has never had enough for an index notes nothing.
    let (small, mut known) = (testing::store(), Known::new());
    put(&small, vec![plain("x"); 3], &mut known).await;
    let uid = known[0].1;
    purge(&small, &[uid], &mut known).await;
    assert!(!is_noted(&small).await);
}

#[tokio::test]
async fn a_segment_that_cannot_be_merged_for_damage_is_built_again() {
    let disk = SimDisk::new(1);
    let (engine, env) = (disk.engine(), Arc::new(SimEnv::new(1)));
    let store = Store::new(engine.clone(), disk.blobs(), env, Options::default());
    let mut known = worded(&store).await;
    let id = segments(&store).await[0].id;
    let row = Op::Delete(Table::Search, row(ALICE, DOCUMENTS, id).done());
    let _durable = engine.commit(Batch { expect: Vec::new(), ops: vec![row] }).await.unwrap();
    put(&store, vec![plain("later"); SEARCH_TAIL_COUNT_MAX], &mut known).await;
    let uid = known[0].1;
    purge(&store, &[uid], &mut known).await;
    search::index(&store).await;
    assert!(is_clean(&store).await);
    assert!(verdicts(&store, "WORD9WORD", &known).await.contains(&Some(true)));
}

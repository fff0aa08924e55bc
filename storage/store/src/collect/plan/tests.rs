//! Segments of every kind of need.

use super::*;

const MIB: u64 = 1 << 20;

fn share(segment: u32, bytes: u64, live_bytes: u64) -> Share {
    Share { segment, bytes, live_bytes, is_sealed: true, is_damaged: false }
}

fn numbers(shares: &[Share]) -> Vec<u32> {
    worthwhile(shares).iter().map(|share| share.segment).collect()
}

#[test]
fn nothing_is_done_where_little_is_dead() {
    assert_eq!(numbers(&[]), []);
    assert_eq!(numbers(&[share(1, 100 * MIB, 100 * MIB), share(2, 100 * MIB, 61 * MIB)]), []);
    assert_eq!(numbers(&[share(1, 100 * MIB, 80 * MIB), share(2, 100 * MIB, 80 * MIB)]), [], "a fifth");
}

#[test]
fn what_is_more_than_half_dead_goes() {
    let live = (10..20).map(|segment| share(segment, 100 * MIB, 100 * MIB));
    let mut shares: Vec<_> = live.collect();
    shares.push(share(1, 100 * MIB, 50 * MIB));
    assert_eq!(numbers(&shares), []);
    shares.push(share(2, 100 * MIB, 50 * MIB - 1));
    shares.push(share(3, 100 * MIB, 0));
    assert_eq!(numbers(&shares), [3, 2]);
}

#[test]
fn when_half_of_everything_is_dead_space_comes_back() {
    let shares: Vec<_> = (1..=20).map(|segment| share(segment, 100 * MIB, 50 * MIB)).collect();
    let chosen = numbers(&shares);
    let left = (2_000 - 50 * chosen.len()) as f64;
    assert!(left / 1_000.0 <= 1.25, "{chosen:?}");
    assert!(left / 1_000.0 > 1.15, "more is copied than is worth it: {chosen:?}");
}

#[test]
fn small_change_is_left_and_damage_is_not() {
    assert_eq!(numbers(&[share(1, COLLECT_DEAD_BYTES_MIN - 1, 0)]), []);
    assert_eq!(numbers(&[share(1, COLLECT_DEAD_BYTES_MIN, 0)]), [1]);
    let damaged = Share { is_damaged: true, ..share(7, MIB, MIB) };
    assert_eq!(numbers(&[share(1, MIB, MIB), damaged]), [7]);
}

#[test]
fn the_part_that_may_be_dead_at_the_limit_and_one_past_it() {
    let bytes = WASTE_SHARE_MAX * 20 * MIB;
    let dead = bytes / WASTE_SHARE_MAX;
    assert_eq!(numbers(&[share(1, bytes, bytes - dead)]), []);
    assert_eq!(numbers(&[share(1, bytes, bytes - dead - 1)]), [1]);
}

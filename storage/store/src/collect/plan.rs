//! Which segments are worth their collection: the deadest first, until little is wasted.

use crate::limits::{COLLECT_DEAD_BYTES_MIN, WASTE_SHARE_MAX};
use engine::Share;

/// The segments to be rewritten, those that give back most for what is copied first.
///
/// A segment that is more than half dead always goes, and further ones as long as more than a
/// [`WASTE_SHARE_MAX`]th of all bytes is dead: so space follows what is needed, and a byte is copied seldom.
pub(super) fn worthwhile(shares: &[Share]) -> Vec<Share> {
    let dead = |share: &Share| share.bytes.saturating_sub(share.live_bytes);
    let mut all: u64 = shares.iter().map(|share| share.bytes).sum();
    let mut wasted: u64 = shares.iter().map(dead).sum();
    let mut candidates: Vec<_> =
        shares.iter().filter(|share| dead(share) >= COLLECT_DEAD_BYTES_MIN).collect();
    // By dead part, exactly: a / b > c / d as a * d > c * b.
    candidates.sort_by(|a, b| {
        let (left, right) =
            (u128::from(dead(a)) * u128::from(b.bytes), u128::from(dead(b)) * u128::from(a.bytes));
        right.cmp(&left).then(a.segment.cmp(&b.segment))
    });
    let mut chosen: Vec<Share> = shares.iter().filter(|share| share.is_damaged).copied().collect();
    for share in candidates.into_iter().filter(|share| !share.is_damaged) {
        let is_half_dead = dead(share).saturating_mul(2) > share.bytes;
        if !is_half_dead && wasted.saturating_mul(WASTE_SHARE_MAX) <= all {
            break;
        }
        all = all.saturating_sub(dead(share));
        wasted = wasted.saturating_sub(dead(share));
        chosen.push(*share);
    }
    chosen
}

#[cfg(test)]
mod tests;

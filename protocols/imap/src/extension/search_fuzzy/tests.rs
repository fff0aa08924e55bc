//! Scores use the whole range.

use super::{Scores, score, stretch};

#[test]
fn the_best_has_all() {
    let mut scores: Scores = [(1, 70), (2, 35), (3, 0)].into();
    stretch(&mut scores);
    assert_eq!([1, 2, 3, 4].map(|uid| score(&scores, uid)), [100, 50, 1, 100]);
    stretch(&mut Scores::new());
}

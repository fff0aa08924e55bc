//! Damage by dice: any rows of the derived tables, several at once, from a seed.

use super::*;
use engine::sim::Dice;

/// How many stores are damaged.
const ROUNDS: u64 = 40;

#[tokio::test]
async fn whatever_is_hit_comes_back() {
    for seed in 0..ROUNDS {
        let house = House::new(seed).await;
        let before = served(&house.store, true).await;
        let mut dice = Dice::new(seed);
        let mut ops = Vec::new();
        for table in DERIVED {
            for (key, value) in rows(&house.engine, table).await {
                match dice.below(8) {
                    0 => ops.push(Op::Delete(table, key)),
                    1 if !value.is_empty() => {
                        let mut bent = value.to_vec();
                        let at = usize::try_from(dice.below(bent.len() as u64)).unwrap();
                        bent[at] ^= 1 << dice.below(8);
                        ops.push(Op::Put(table, key, bent.into()));
                    }
                    // A row under another key: a line too many.
                    2 => {
                        let mut bent = key.clone();
                        let last = bent.len() - 1;
                        bent[last] ^= 1 << dice.below(7);
                        ops.push(Op::Put(table, bent, value));
                    }
                    _ => {}
                }
            }
        }
        damage(&house.engine, ops.clone()).await;
        let repaired = mended(&house, &format!("seed {seed}: {ops:?}")).await;
        let now = served(&house.store, true).await;
        for (path, shown) in &before {
            assert_eq!(now.get(path), Some(shown), "seed {seed} {path} {:?}", repaired.notes);
        }
    }
}

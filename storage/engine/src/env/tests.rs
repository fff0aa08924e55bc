//! The real clock goes and the real dice roll.

use super::*;

#[test]
fn clock_is_after_this_was_written_and_dice_differ() {
    assert!(OsEnv.now().seconds() > 1_750_000_000);
    let (mut first, mut second) = ([0; 32], [0; 32]);
    OsEnv.random(&mut first);
    OsEnv.random(&mut second);
    assert_ne!(first, second);
}

//! The floor is the lowest pin's.

use super::*;

#[test]
fn the_floor_follows_the_pins() {
    let pins = Arc::<Pins>::default();
    assert_eq!(pins.floor(), u64::MAX);
    let first = pins.set();
    assert_eq!(pins.floor(), 0);
    first.hold_from(7);
    let second = pins.set();
    second.hold_from(9);
    assert_eq!(pins.floor(), 7);
    drop(first);
    assert_eq!(pins.floor(), 9);
    drop(second);
    assert_eq!(pins.floor(), u64::MAX);
}

//! The reserve follows the size of the file system, and what is past it is refused.

use super::*;

#[test]
fn the_reserve_is_a_part_between_two_bounds() {
    assert_eq!(reserve(1 << 20), RESERVE_BYTES_MIN);
    assert_eq!(reserve(RESERVE_BYTES_MIN * RESERVE_PART + RESERVE_PART), RESERVE_BYTES_MIN + 1);
    assert_eq!(reserve(RESERVE_BYTES_MAX * RESERVE_PART), RESERVE_BYTES_MAX);
    assert_eq!(reserve(u64::MAX), RESERVE_BYTES_MAX);
}

#[test]
fn the_last_byte_before_the_reserve_and_one_past() {
    let directory = tempfile::tempdir().unwrap();
    let space = Space::of(directory.path(), "test");
    let set = |free: u64| {
        let look = Look { at: Instant::now() + SPACE_LOOK * 100, free, total: 64 << 20 };
        *space.state.lock().unwrap() = State { look: Some(look), short: false };
    };
    set(RESERVE_BYTES_MIN + 10);
    assert_eq!(space.take(10, 1, 0), Ok(()));
    // What was given away is not given twice.
    assert_eq!(space.take(1, 1, 0), Err(Error::DiskFull));
    set(RESERVE_BYTES_MIN + 10);
    assert_eq!(space.take(11, 1, 0), Err(Error::DiskFull));
    set(RESERVE_BYTES_MIN + 10);
    assert_eq!(space.take(9, 1, 2), Err(Error::DiskFull));
    set(RESERVE_BYTES_MIN * 2 + 10);
    assert_eq!(space.take(10, 2, 0), Ok(()));
}

#[test]
fn once_short_it_looks_again_and_takes_again() {
    let directory = tempfile::tempdir().unwrap();
    let space = Space::of(directory.path(), "test");
    assert_eq!(space.take(u64::MAX / 2, 1, 0), Err(Error::DiskFull));
    assert_eq!(space.take(1, 1, 0), Ok(()), "this machine has room");
}

#[test]
fn only_want_of_room_is_want_of_room() {
    assert!(is_full(&io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error())));
    assert!(is_full(&io::Error::from_raw_os_error(rustix::io::Errno::DQUOT.raw_os_error())));
    assert!(!is_full(&io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error())));
}

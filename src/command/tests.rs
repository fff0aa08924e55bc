//! Sizes as people write them, and a command line that hangs together.

use super::{Command, size};
use clap::CommandFactory;

#[test]
fn sizes() {
    for (text, bytes) in
        [("0", 0), ("1024", 1024), ("2k", 2048), ("5M", 5 << 20), ("1 GiB", 1 << 30), ("3tb", 3 << 40)]
    {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for bad in ["", "M", "-1", "1.5G", "many", "99999999999T", "ü"] {
        assert!(size(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_command_line_hangs_together() {
    Command::command().debug_assert();
}

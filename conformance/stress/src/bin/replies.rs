//! `replies FOLDER`: reads recordings of what an IMAP server said (one connection a file) with imap-codec, names the
//! extensions that are beyond it, and fails where something is no IMAP.

use std::process::ExitCode;
use stress::grammar::Reading;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).unwrap_or_default();
    let mut reading = Reading::default();
    let mut files = 0u64;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let before = reading.faults.len();
        match std::fs::read(entry.path()) {
            Ok(heard) => reading.take(&heard),
            Err(error) => reading.faults.push(error.to_string()),
        }
        files += 1;
        for fault in reading.faults.iter().skip(before) {
            println!("{}: {fault}", entry.path().display());
        }
    }
    println!(
        "{files} connections: imap-codec read {} replies, {} faults; beyond it:",
        reading.read,
        reading.faults.len()
    );
    for (whose, count) in &reading.beyond {
        println!("  {count:7} {whose}");
    }
    if reading.faults.is_empty() && reading.read > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! Archives as another reader takes them: tar itself.

use super::*;
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
};

fn unpacked(archive: &[u8], directory: &Path) {
    let mut command = Command::new("tar");
    command.arg("-x").arg("-C").arg(directory).stdin(Stdio::piped());
    let mut tar = command.spawn().unwrap();
    tar.stdin.take().unwrap().write_all(archive).unwrap();
    assert!(tar.wait().unwrap().success());
}

#[test]
fn names_and_lengths_at_the_limit_and_one_past_it_are_what_tar_reads() {
    let long = |length: usize| format!("a/{}", "n".repeat(length - 2));
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for length in [NAME_BYTES_MAX, NAME_BYTES_MAX + 1, 250] {
        files.insert(long(length), vec![7; length]);
    }
    for length in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1] {
        files.insert(format!("a/Größe {length}"), vec![b'x'; length]);
    }
    let mut archive = Archive::new(Vec::new());
    archive.directory("a").unwrap();
    archive.directory(&format!("a/{}", "tief/".repeat(40).trim_end_matches('/'))).unwrap();
    for (name, octets) in &files {
        archive.file(name, octets.len() as u64, 1_700_000_000).unwrap();
        octets.chunks(100).for_each(|some| archive.write_all(some).unwrap());
    }
    let archive = archive.finish().unwrap();
    assert_eq!(archive.len() % BLOCK_BYTES, 0);
    let directory = tempfile::tempdir().unwrap();
    unpacked(&archive, directory.path());
    for (name, octets) in files {
        let path = directory.path().join(&name);
        assert!(std::fs::read(&path).unwrap() == octets, "{name}");
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1_700_000_000);
    }
}

#[test]
fn a_file_that_lacks_octets_spoils_nothing_behind_it() {
    let mut archive = Archive::new(Vec::new());
    archive.file("short", 3_000, 0).unwrap();
    archive.write_all(b"begun").unwrap();
    archive.file("next", 4, 0).unwrap();
    archive.write_all(b"next").unwrap();
    assert_eq!(archive.write_all(b"x").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let archive = archive.finish().unwrap();
    let directory = tempfile::tempdir().unwrap();
    unpacked(&archive, directory.path());
    assert_eq!(std::fs::read(directory.path().join("next")).unwrap(), b"next");
    let short = std::fs::read(directory.path().join("short")).unwrap();
    assert!(short.starts_with(b"begun\0") && short.len() == 3_000);
}

#[test]
fn a_length_at_the_limit_and_one_past_it_is_told() {
    for (size, told) in [(SIZE_MAX - 1, false), (SIZE_MAX, true)] {
        let mut archive = Archive::new(Vec::new());
        archive.file("large", size, 0).unwrap();
        let begun = String::from_utf8_lossy(&archive.out).into_owned();
        assert_eq!(begun.contains(&format!("19 size={size}\n")), told, "{begun:?}");
    }
}

#[test]
fn a_records_length_counts_itself() {
    for length in [1, 2, 88, 89, 90, 91, 92, 986, 987, 988, 989, 990] {
        let mut records = Vec::new();
        record(&mut records, "path", &"x".repeat(length));
        let digits = records.iter().position(|octet| *octet == b' ').unwrap();
        let told: usize = std::str::from_utf8(&records[..digits]).unwrap().parse().unwrap();
        assert_eq!(told, records.len());
    }
}

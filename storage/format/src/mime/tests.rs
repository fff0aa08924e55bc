//! Tests of the whole layer over the corpus: chunking, sums, ranges, an independent reader of what we write.

mod fuzz;
mod hostile;
mod oracle;
mod slices;
mod speed;

use super::limits::Limits;
use super::*;
use std::path::PathBuf;

/// Every message of the corpus, with its name.
pub(crate) fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../conformance/data/mail");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() >= 100);
    found
}

/// A scan in pieces of at most `step` octets.
pub(crate) fn scan_by(message: &[u8], step: usize) -> Structure {
    let mut scanner = Scanner::new(Limits::default());
    message.chunks(step).for_each(|chunk| scanner.push(chunk));
    scanner.finish()
}

/// A scan in one piece.
pub(crate) fn scan(message: &[u8]) -> Structure {
    scan_by(message, usize::MAX)
}

#[test]
fn chunking_changes_nothing() {
    for (name, message) in corpus() {
        let whole = scan(&message).digest();
        for step in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(scan_by(&message, step).digest(), whole, "{name} in pieces of {step}");
        }
    }
}

#[test]
fn the_parts_lie_in_each_other_in_order() {
    for (name, message) in corpus() {
        let digest = scan(&message).digest();
        assert_eq!(digest.parts.size(), message.len() as u64, "{name}");
        check_tree(&name, &message, &digest.parts);
    }
}

/// What holds for every table: header then body, children inside their parent in order, lines counted right.
pub(crate) fn check_tree(name: &str, message: &[u8], parts: &Parts) {
    for (index, part) in parts.iter().enumerate() {
        assert_eq!(part.header.end(), part.body.start, "{name} part {index}");
        assert!(part.body.end() <= message.len() as u64, "{name} part {index}");
        let lines = part.body.of(message).iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(part.lines, lines, "{name} part {index}");
        let mut at = part.body.start;
        for child in parts.children(index).map(|child| parts.get(child).unwrap()) {
            assert!(child.header.start >= at, "{name} part {index}");
            at = child.body.end();
        }
        assert!(at <= part.body.end(), "{name} part {index}: {part:?}");
        match part.kind {
            Kind::Message => {
                let inner = parts.get(index + 1).unwrap();
                assert_eq!(
                    (inner.header.start, inner.body.end()),
                    (part.body.start, part.body.end()),
                    "{name}"
                );
                assert_eq!(parts.children(index).count(), 1);
            }
            Kind::Multipart => assert!(parts.children(index).count() > 0),
            Kind::Basic | Kind::Text => assert_eq!(parts.children(index).count(), 0),
        }
    }
}

/// Reads an untagged FETCH with imap-codec, which is not ours.
pub(crate) fn read_back(digest: &Digest) -> Result<(), String> {
    use imap_codec::decode::Decoder as _;
    let mut line = b"* 1 FETCH (ENVELOPE ".to_vec();
    line.extend_from_slice(&digest.envelope);
    line.extend_from_slice(b" BODY ");
    line.extend_from_slice(&digest.body);
    line.extend_from_slice(b" BODYSTRUCTURE ");
    line.extend_from_slice(&digest.body_structure);
    line.extend_from_slice(b")\r\n");
    match imap_codec::ResponseCodec::new().decode(&line) {
        Ok((b"", _)) => Ok(()),
        Ok((rest, _)) => Err(format!("left over: {}", String::from_utf8_lossy(rest))),
        Err(error) => Err(format!("{error:?}: {}", String::from_utf8_lossy(&line))),
    }
}

#[test]
fn an_independent_reader_understands_what_is_written() {
    let mut bad = Vec::new();
    for (name, message) in corpus() {
        if let Err(error) = read_back(&scan(&message).digest()) {
            bad.push(format!("{name}: {error}"));
        }
    }
    assert!(bad.is_empty(), "{} of the corpus:\n{}", bad.len(), bad.join("\n\n"));
}

//! iCalendar files: one object per UID, each with the time zones it names.
//!
//! A file that does not parse as a whole is cut up by its BEGIN and END lines, so that one broken event costs
//! that event only.

use super::{Bad, Content, Piece, Source, with_crlf};
use crate::admin::Place;
use format::icalendar::split;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The largest file read, in octets.
pub(super) const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Reads a file into pieces for one calendar, or for the account's own ones by what they are.
///
/// # Errors
/// Of the system.
pub(crate) fn open(path: &Path, calendar: Option<&str>) -> io::Result<Source> {
    let bytes = with_crlf(&read(path)?);
    let calendar = calendar.map(str::to_owned);
    let place = move |uid: &str| Place::Event { calendar: calendar.clone(), uid: uid.to_owned() };
    let blocks = blocks(&bytes, "VCALENDAR");
    let nothing = nothing_in(&bytes, &blocks, "VCALENDAR");
    Ok(counted(blocks.into_iter().flat_map(pieces).chain(nothing).collect(), place))
}

/// A file with words but without what was looked for is told, not passed over.
pub(super) fn nothing_in(bytes: &[u8], blocks: &[&[u8]], name: &str) -> Option<Found> {
    let passed_over = blocks.is_empty() && !bytes.trim_ascii().is_empty();
    passed_over.then(|| Err(Bad::new("file", format!("there is no BEGIN:{name} in it"))))
}

/// A whole file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 GiB"));
    }
    std::fs::read(path)
}

type Found = Result<split::Piece, Bad>;

/// Numbers the pieces and says where they go.
pub(super) fn counted(found: Vec<Found>, place: impl Fn(&str) -> Place + Send + 'static) -> Source {
    let total = found.len() as u64;
    let pieces = found.into_iter().zip(1..).map(move |(found, progress)| {
        let piece = found?;
        let place = place(&piece.uid);
        Ok(Piece { label: piece.uid, place, content: Content::Bytes(piece.octets), progress })
    });
    Source { pieces: Box::new(pieces), total, in_bytes: false }
}

fn pieces(block: &[u8]) -> Vec<Found> {
    match split::split(block) {
        Ok(pieces) => pieces.into_iter().map(Ok).collect(),
        Err(_) => salvage(block),
    }
}

/// Each group of components of one UID by itself, under the block's own head and time zones.
fn salvage(block: &[u8]) -> Vec<Found> {
    let mut frame = Vec::new();
    let mut zones = Vec::new();
    let mut groups: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut part: Vec<u8> = Vec::new();
    let mut depth = 0_usize;
    for line in block.split_inclusive(|octet| *octet == b'\n') {
        let begins = starts(line, b"BEGIN:");
        let ends = starts(line, b"END:");
        // The VCALENDAR's own BEGIN and END are written anew.
        if begins && depth == 0 || ends && depth == 1 {
            depth = usize::from(begins);
            continue;
        }
        depth += usize::from(begins);
        if depth <= 1 {
            frame.extend_from_slice(line);
            continue;
        }
        part.extend_from_slice(line);
        depth -= usize::from(ends);
        if depth == 1 {
            let whole = std::mem::take(&mut part);
            if starts(&whole, b"BEGIN:VTIMEZONE") {
                zones.extend_from_slice(&whole);
            } else {
                groups.entry(uid_line(&whole)).or_default().extend_from_slice(&whole);
            }
        }
    }
    if !part.is_empty() {
        groups.entry(uid_line(&part)).or_default().extend_from_slice(&part);
    }
    let one = |(uid, parts): (Vec<u8>, Vec<u8>)| {
        let whole = [b"BEGIN:VCALENDAR\r\n", &*frame, &*zones, &*parts, b"END:VCALENDAR\r\n"].concat();
        match split::split(&whole) {
            Ok(pieces) => pieces.into_iter().map(Ok).collect(),
            Err(why) => vec![Err(Bad::new(String::from_utf8_lossy(&uid), why))],
        }
    };
    groups.into_iter().flat_map(one).collect()
}

/// The first UID line of a component, or its first lines when it has none.
fn uid_line(part: &[u8]) -> Vec<u8> {
    let mut lines = part.split(|octet| *octet == b'\n');
    let line = lines.find(|line| starts(line, b"UID:") || starts(line, b"UID;"));
    line.unwrap_or(part).trim_ascii().iter().take(80).copied().collect()
}

fn starts(line: &[u8], word: &[u8]) -> bool {
    line.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// The octets from each `BEGIN:name` to its `END:name` at the top of a file; what is never ended goes to the
/// next BEGIN or the end.
pub(super) fn blocks<'a>(bytes: &'a [u8], name: &str) -> Vec<&'a [u8]> {
    let begin = format!("BEGIN:{name}");
    let end = format!("END:{name}");
    let mut found = Vec::new();
    let mut from = None;
    let mut at = 0;
    for line in bytes.split_inclusive(|octet| *octet == b'\n') {
        let text = line.trim_ascii();
        // A byte order mark stands before the first line of many files.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if text.eq_ignore_ascii_case(begin.as_bytes())
            && let Some(open) = from.replace(at + line.len() - line.trim_ascii_start().len())
        {
            found.extend(bytes.get(open..at));
        }
        at += line.len();
        if text.eq_ignore_ascii_case(end.as_bytes())
            && let Some(open) = from.take()
        {
            found.extend(bytes.get(open..at));
        }
    }
    found.extend(from.and_then(|open| bytes.get(open..)));
    found
}

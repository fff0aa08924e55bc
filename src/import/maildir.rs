//! Maildir: `cur`, `new` and, below, either Maildir++ folders (`.Work.2026`) or directories that are Maildirs
//! themselves. Flags from the file names, keywords from `dovecot-keywords`, the date from the file.

use super::{Bad, Content, PIECE_BYTES_MAX, Piece, Source, utf7, with_crlf};
use crate::admin::Place;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How deep directories are followed.
const DEPTH_MAX: usize = 32;

/// Finds all messages below a Maildir. Its own go to `mailbox`; those of its folders below that, or beside it
/// when it is INBOX.
///
/// # Errors
/// When it is no Maildir, or of the system.
pub(crate) fn open(path: &Path, mailbox: &str) -> io::Result<Source> {
    let mut found = Vec::new();
    collect(path, mailbox, mailbox, 0, &mut found)?;
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no Maildir: there is no cur or new in it"));
    }
    let total = found.iter().map(|folder| folder.files.len() as u64 + 1).sum();
    let mut progress = 0;
    let pieces = found.into_iter().flat_map(|folder| {
        let place = Place::Mailbox { path: folder.mailbox.clone() };
        let made = Ok((folder.mailbox.clone(), place, None));
        let keywords = folder.keywords;
        let mailbox = folder.mailbox;
        let files = folder.files.into_iter().map(move |file| entry(&file, &mailbox, &keywords));
        std::iter::once(made).chain(files)
    });
    let pieces = pieces.map(move |entry| {
        progress += 1;
        let (label, place, bytes) = entry?;
        let content = bytes.map_or(Content::Empty, Content::Bytes);
        Ok(Piece { label, place, content, progress })
    });
    Ok(Source { pieces: Box::new(pieces), total, in_bytes: false })
}

/// A Maildir on its own.
struct Folder {
    mailbox: String,
    files: Vec<PathBuf>,
    keywords: BTreeMap<u8, String>,
}

fn collect(path: &Path, mailbox: &str, root: &str, depth: usize, found: &mut Vec<Folder>) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Err(io::Error::other("directories lie too deep"));
    }
    let mut inner = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            inner.push(entry.path());
        }
    }
    inner.sort();
    let is_part = |path: &Path| path.file_name().is_some_and(|name| name == "cur" || name == "new");
    if inner.iter().any(|path| is_part(path)) {
        let mut files = Vec::new();
        for part in inner.iter().filter(|path| is_part(path)) {
            for entry in fs::read_dir(part)? {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    files.push(entry.path());
                }
            }
        }
        // Delivery order: unique names begin with the time.
        files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
        found.push(Folder { mailbox: mailbox.to_owned(), files, keywords: keywords(path) });
    }
    for path in inner {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if matches!(name, "cur" | "new" | "tmp") {
            continue;
        }
        let below = match name.strip_prefix('.') {
            // Maildir++: all folders lie in the top one, levels are dots, names are modified UTF-7.
            Some(dotted) => dotted.split('.').map(utf7::decode).collect::<Vec<_>>().join("/"),
            None => name.to_owned(),
        };
        // INBOX is a name beside the others, not above them.
        let parent = if mailbox == root && root == "INBOX" { "" } else { mailbox };
        let child = if parent.is_empty() { below } else { format!("{parent}/{below}") };
        collect(&path, &child, root, depth + 1, found)?;
    }
    Ok(())
}

/// `0 $Forwarded` and so on: letters a to z in the order of the numbers.
fn keywords(path: &Path) -> BTreeMap<u8, String> {
    let text = fs::read_to_string(path.join("dovecot-keywords")).unwrap_or_default();
    let pair = |line: &str| {
        let (number, name) = line.split_once(' ')?;
        let number: u8 = number.parse().ok().filter(|number| *number < 26)?;
        Some((b'a' + number, name.trim().to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

type Entry = (String, Place, Option<Vec<u8>>);

fn entry(path: &Path, mailbox: &str, keywords: &BTreeMap<u8, String>) -> Result<Entry, Bad> {
    let label = path.display().to_string();
    let failed = |cause: io::Error| Bad::new(&label, cause);
    let facts = fs::metadata(path).map_err(failed)?;
    if facts.len() > PIECE_BYTES_MAX as u64 {
        return Err(Bad::new(label, format!("larger than {PIECE_BYTES_MAX} bytes")));
    }
    let bytes = fs::read(path).map_err(failed)?;
    if bytes.is_empty() {
        return Err(Bad::new(label, "empty"));
    }
    let seconds = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let received = seconds.and_then(|since| i64::try_from(since.as_secs()).ok()).map(|seconds| (seconds, 0));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let flags = flags(&name, keywords);
    let place = Place::Message { mailbox: mailbox.to_owned(), flags, received, copies: 1 };
    Ok((label, place, Some(with_crlf(&bytes))))
}

/// Flags behind `:2,` (or `;2,` and `!2,`, where a file system takes no colon).
pub(super) fn flags(name: &str, keywords: &BTreeMap<u8, String>) -> Vec<String> {
    let info = [":2,", ";2,", "!2,"].iter().find_map(|mark| name.rsplit_once(mark).map(|(_, info)| info));
    let flag = |letter: u8| match letter {
        b'S' => Some("\\Seen".to_owned()),
        b'R' => Some("\\Answered".to_owned()),
        b'F' => Some("\\Flagged".to_owned()),
        b'T' => Some("\\Deleted".to_owned()),
        b'D' => Some("\\Draft".to_owned()),
        b'P' => Some("$Forwarded".to_owned()),
        other => keywords.get(&other).cloned(),
    };
    info.map(|info| info.bytes().filter_map(flag).collect()).unwrap_or_default()
}

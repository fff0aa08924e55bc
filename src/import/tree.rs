//! A directory tree into the account's files: names and modification times kept, links and devices not
//! followed.

use super::{Bad, Content, Piece, Source};
use crate::admin::Place;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How deep directories are followed.
const DEPTH_MAX: usize = 64;

/// Finds all files below a directory; it is itself the account's root of files, or the folders of `below`.
///
/// # Errors
/// Of the system, for the directory itself.
pub(crate) fn open(path: &Path, below: &[String]) -> io::Result<Source> {
    let mut found = Vec::new();
    if !fs::metadata(path)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "not a directory"));
    }
    collect(path, below.to_vec(), &mut found);
    let total = found.len() as u64;
    let pieces = found.into_iter().zip(1..).map(|(entry, progress)| {
        let (label, place, content) = entry?;
        Ok(Piece { label, place, content, progress })
    });
    Ok(Source { pieces: Box::new(pieces), total, in_bytes: false })
}

type Entry = Result<(String, Place, Content), Bad>;

fn collect(path: &Path, names: Vec<String>, found: &mut Vec<Entry>) {
    let label = path.display().to_string();
    if names.len() > DEPTH_MAX {
        found.push(Err(Bad::new(label, "lies too deep")));
        return;
    }
    let listed = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(cause) => {
            found.push(Err(Bad::new(label, cause)));
            return;
        }
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let label = path.display().to_string();
        let Ok(name) = entry.file_name().into_string() else {
            found.push(Err(Bad::new(label, "its name is not UTF-8")));
            continue;
        };
        let mut names = names.clone();
        names.push(name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                found.push(Ok((label, Place::Folder { path: names.clone() }, Content::Empty)));
                collect(&path, names, found);
            }
            Ok(kind) if kind.is_file() => found.push(file(path, label, names)),
            Ok(_) => found.push(Err(Bad::new(label, "neither file nor directory; links are not followed"))),
            Err(cause) => found.push(Err(Bad::new(label, cause))),
        }
    }
}

fn file(path: PathBuf, label: String, names: Vec<String>) -> Entry {
    let facts = fs::metadata(&path).map_err(|cause| Bad::new(&label, cause))?;
    let since = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0);
    let size = facts.len();
    Ok((label, Place::File { path: names, modified }, Content::File { path, size }))
}

//! vCard files: one card each, kept as they are but for a UID where there is none.

use super::calendar::{blocks, counted, nothing_in, read};
use super::{Bad, Source, with_crlf};
use crate::admin::Place;
use std::io;
use std::path::Path;

/// Reads a file into pieces for one address book, or the account's first.
///
/// # Errors
/// Of the system.
pub(crate) fn open(path: &Path, book: Option<&str>) -> io::Result<Source> {
    let bytes = with_crlf(&read(path)?);
    let book = book.map(str::to_owned);
    let place = move |uid: &str| Place::Card { book: book.clone(), uid: uid.to_owned() };
    let blocks = blocks(&bytes, "VCARD");
    let mut found = Vec::new();
    found.extend(nothing_in(&bytes, &blocks, "VCARD"));
    for (block, number) in blocks.into_iter().zip(1..) {
        match format::vcard::card::split(block) {
            Ok(pieces) => found.extend(pieces.into_iter().map(Ok)),
            Err(why) => found.push(Err(Bad::new(format!("card {number}"), why))),
        }
    }
    Ok(counted(found, place))
}

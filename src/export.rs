//! Where exported things lie: names that no file system refuses, Maildir names, and lines of the manifest.
//!
//! Names of collections and items are keys, never paths: they are spelled anew here, and the manifest has them as
//! they are.

pub(crate) mod tar;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The manifest's name in an account's directory.
pub(crate) const MANIFEST: &str = "manifest.jsonl";
/// The longest name that is kept as it is, in octets.
const NAME_BYTES_MAX: usize = 180;

/// One line of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Line {
    /// A mailbox by its path.
    Mailbox { path: String, subscribed: bool },
    /// A calendar by its name.
    Calendar { name: String, properties: BTreeMap<String, String> },
    /// An address book by its name.
    Addressbook { name: String, properties: BTreeMap<String, String> },
    /// A folder by the names that lead to it from the root of the files.
    Folder { path: Vec<String>, properties: BTreeMap<String, String> },
    /// A message; `uid` is what it had.
    Message {
        file: String,
        mailbox: String,
        uid: String,
        flags: Vec<String>,
        /// Seconds since 1970 and minutes east of UTC, where it is known.
        received: Option<(i64, i16)>,
        /// Where nothing better names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_id: Option<String>,
        facts: Facts,
    },
    /// A calendar object.
    Event {
        file: String,
        calendar: String,
        name: String,
        #[serde(flatten)]
        traits: Traits,
        facts: Facts,
    },
    /// A card.
    Card {
        file: String,
        addressbook: String,
        name: String,
        #[serde(flatten)]
        traits: Traits,
        facts: Facts,
    },
    /// A file by the names that lead to it from the root of the files.
    File {
        file: String,
        path: Vec<String>,
        #[serde(flatten)]
        traits: Traits,
        facts: Facts,
    },
    /// What could not be read.
    Damaged { place: String, why: String },
}

/// What an object has besides its octets, where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Traits {
    /// When it was changed, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) modified: Option<i64>,
    /// The media type it is served as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    /// Its dead properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) properties: BTreeMap<String, String>,
}

/// What every item has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// Octets.
    pub(crate) size: u64,
    /// Their BLAKE3.
    pub(crate) blake3: String,
    /// Whether salvage put it together by guess.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) guessed: bool,
}

/// A name as a file may have it, the same for the same name.
pub(crate) fn file_name(name: &str) -> String {
    let mut spelled = String::new();
    for (at, letter) in name.chars().enumerate() {
        let hidden = at == 0 && matches!(letter, '.' | '~' | '-');
        if letter.is_control() || matches!(letter, '/' | '\\' | ':' | '%') || hidden {
            let mut octets = [0; 4];
            letter
                .encode_utf8(&mut octets)
                .bytes()
                .for_each(|octet| spelled.push_str(&format!("%{octet:02X}")));
        } else {
            spelled.push(letter);
        }
    }
    if spelled.is_empty() {
        spelled.push('%');
    }
    shortened(spelled, name)
}

/// A long name keeps its beginning and its ending and gets a hash between.
fn shortened(spelled: String, name: &str) -> String {
    if spelled.len() <= NAME_BYTES_MAX {
        return spelled;
    }
    let mut kept = NAME_BYTES_MAX - 40;
    while !spelled.is_char_boundary(kept) {
        kept -= 1;
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let ending = spelled.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.len() <= 8);
    let ending = ending.map(|ending| format!(".{ending}")).unwrap_or_default();
    format!("{}%{}{ending}", spelled.get(..kept).unwrap_or_default(), hash.get(..16).unwrap_or(&hash))
}

/// The directory of a mailbox in a Maildir++; INBOX is the Maildir itself.
pub(crate) fn maildir_name(path: &str) -> String {
    if path == "INBOX" {
        return String::new();
    }
    let levels: Vec<String> = path.split('/').map(modified_utf7).collect();
    shortened(format!(".{}", levels.join(".")), path)
}

/// RFC 3501 5.1.3, with the Maildir's own separators spelled out too.
fn modified_utf7(level: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    let plain =
        |letter: char| (' '..='~').contains(&letter) && !matches!(letter, '.' | '/' | '&' | '\\' | ':');
    let mut out = String::new();
    let mut coded: Vec<u16> = Vec::new();
    let flush = |coded: &mut Vec<u16>, out: &mut String| {
        if coded.is_empty() {
            return;
        }
        out.push('&');
        let (mut bits, mut count) = (0_u32, 0_u32);
        let mut letter = |value: u32| {
            out.push(char::from(LETTERS.get((value & 63) as usize).copied().unwrap_or(b'A')));
        };
        for unit in coded.drain(..) {
            bits = (bits & ((1 << count) - 1)) << 16 | u32::from(unit);
            count += 16;
            while count >= 6 {
                count -= 6;
                letter(bits >> count);
            }
        }
        if count > 0 {
            letter(bits << (6 - count));
        }
        out.push('-');
    };
    for letter in level.chars() {
        if letter == '&' {
            flush(&mut coded, &mut out);
            out.push_str("&-");
        } else if plain(letter) {
            flush(&mut coded, &mut out);
            out.push(letter);
        } else {
            coded.extend(letter.encode_utf16(&mut [0; 2]).iter());
        }
    }
    flush(&mut coded, &mut out);
    out
}

/// The letters of a message's flags in its Maildir name; `keywords` numbers the others, at most 26 of them.
pub(crate) fn maildir_flags(flags: &[String], keywords: &mut Vec<String>) -> String {
    let mut letters: Vec<char> = Vec::new();
    for flag in flags {
        let letter = match flag.as_str() {
            "\\Draft" => Some('D'),
            "\\Flagged" => Some('F'),
            "\\Answered" => Some('R'),
            "\\Seen" => Some('S'),
            "\\Deleted" => Some('T'),
            keyword => {
                let known = keywords.iter().position(|one| one.eq_ignore_ascii_case(keyword));
                let at = known.or_else(|| {
                    keywords.push(keyword.to_owned());
                    Some(keywords.len() - 1)
                });
                at.and_then(|at| u8::try_from(at).ok()).filter(|at| *at < 26).map(|at| char::from(b'a' + at))
            }
        };
        letters.extend(letter);
    }
    letters.sort_unstable();
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests;
